//! The audit trail: what is recorded, when it shows, and what the service mapping promises.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit_record::{Change, Record};
use crate::events::{Outbox, PartnerEvent};
use crate::request::Request;
use crate::switches::{
    AuditDelay, CredentialAudits, DraftAudits, EventDelivery, ExecutionAudits, PublishAuditedAs,
    StateChangeAuditedAs, Switches,
};
use crate::world::World;

/// How late a record shows where the switch says so.
const LATE: SignedDuration = SignedDuration::from_secs(5);

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntityType {
    /// A published data action.
    Action,
    /// The draft of a data action.
    ActionDraft,
    /// An integration or its config.
    Integration,
    /// An integration credential; recorded only by switch.
    Credential,
    /// An OAuth client.
    OAuthClient,
}

impl EntityType {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Action => "Action",
            Self::ActionDraft => "ActionDraft",
            Self::Integration => "Integration",
            Self::Credential => "Credential",
            Self::OAuthClient => "OAuthClient",
        }
    }

    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Action | Self::ActionDraft | Self::Integration | Self::Credential => {
                "Integrations"
            }
            Self::OAuthClient => "PeoplePermissions",
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AuditAction {
    Create,
    Update,
    Delete,
    Publish,
    Execute,
    Enable,
    Disable,
    Activate,
    Deactivate,
    Edit,
}

impl AuditAction {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::Publish => "Publish",
            Self::Execute => "Execute",
            Self::Enable => "Enable",
            Self::Disable => "Disable",
            Self::Activate => "Activate",
            Self::Deactivate => "Deactivate",
            Self::Edit => "Edit",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum AuditStatus {
    #[default]
    Success,
    Failure,
    Warning,
}

impl AuditStatus {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Warning => "WARNING",
        }
    }
}

/// All records, when they become visible, and where they are published.
#[derive(Debug, Clone)]
pub(crate) struct AuditLog {
    pub(crate) records: Vec<Record>,
    pub(crate) delay: SignedDuration,
    /// No record is ever shown while this is set.
    pub(crate) never: bool,
    pub(crate) queries: Vec<crate::audits::Query>,
    /// Where partner events go, and how long after the change.
    pub(crate) bus: Option<Outbox>,
    pub(crate) publish: bool,
    pub(crate) event_delay: SignedDuration,
}

impl Default for AuditLog {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            delay: SignedDuration::ZERO,
            never: false,
            queries: Vec::new(),
            bus: None,
            publish: true,
            event_delay: SignedDuration::ZERO,
        }
    }
}

impl AuditLog {
    /// Whether a record may be shown now. The current delay counts, also for older records.
    pub(crate) fn is_visible(&self, record: &Record, now: Timestamp, switches: &Switches) -> bool {
        self.shown_from(record, switches)
            .is_some_and(|from| from <= now)
    }

    /// From when a record is shown; none where it never is.
    pub(crate) fn shown_from(&self, record: &Record, switches: &Switches) -> Option<Timestamp> {
        let late = match switches.audit_delay {
            AuditDelay::None => SignedDuration::ZERO,
            AuditDelay::Late => LATE,
            AuditDelay::Never => return None,
        };
        (!self.never).then(|| record.at + self.delay + late)
    }
}

/// The subject of a record.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) entity_type: EntityType,
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Subject {
    pub(crate) fn new(entity_type: EntityType, id: &str, name: &str) -> Self {
        Self {
            entity_type,
            id: id.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl World {
    /// Records what a request did, where the platform audits it.
    pub(crate) fn audit(
        &mut self,
        request: &Request,
        subject: Subject,
        action: AuditAction,
        changes: Vec<Option<Change>>,
    ) {
        self.audit_as(request, subject, action, AuditStatus::Success, changes);
    }

    pub(crate) fn audit_as(
        &mut self,
        request: &Request,
        subject: Subject,
        action: AuditAction,
        status: AuditStatus,
        changes: Vec<Option<Change>>,
    ) {
        if !is_audited(subject.entity_type, action, &self.switches) {
            return;
        }
        let record = Record {
            id: self.ids.id(),
            at: self.now(),
            client_id: Some(request.caller.clone()),
            user_id: None,
            entity_type: subject.entity_type,
            entity_id: subject.id,
            entity_name: subject.name,
            action,
            status,
            transaction_id: request.correlation_id.clone(),
            changes: changes.into_iter().flatten().collect(),
        };
        self.record(record);
    }

    /// The name of a thing that exists.
    pub(crate) fn name_of(&self, entity_type: EntityType, id: &str) -> Option<String> {
        match entity_type {
            EntityType::Action | EntityType::ActionDraft => {
                Some(self.action(id).ok()?.name().to_owned())
            }
            EntityType::Integration => Some(self.integration(id).ok()?.config.name.clone()),
            EntityType::Credential => Some(self.credential(id).ok()?.name.clone()),
            EntityType::OAuthClient => Some(self.oauth.client(id)?.name.clone()),
        }
    }

    /// Adds a record and publishes it as an event, where a bus is wired.
    pub(crate) fn record(&mut self, record: Record) {
        if self.audit.publish
            && let Some(bus) = &self.audit.bus
        {
            let event = PartnerEvent {
                topic: format!(
                    "v2.audits.entitytype.{}.entityid.{}",
                    record.entity_type.text(),
                    record.entity_id
                ),
                at: record.at,
                after: self.audit.event_delay,
                body: record.event_body(&self.organization_id),
                correlation_id: record.transaction_id.clone(),
            };
            let again = match self.switches.event_delivery {
                EventDelivery::Once => None,
                EventDelivery::Twice => Some(event.clone()),
            };
            for event in again.into_iter().chain([event]) {
                bus.send(event);
            }
        }
        self.audit.records.push(record);
    }
}

/// What the service mapping promises: entities with their actions, by service.
pub(crate) fn audited(switches: &Switches) -> Vec<(EntityType, Vec<AuditAction>)> {
    use AuditAction::{Create, Delete, Execute, Publish, Update};
    let mut action = vec![Create, Update, Delete];
    let mut draft = match switches.draft_audits {
        DraftAudits::Yes => vec![Create, Update, Delete],
        DraftAudits::No => Vec::new(),
    };
    match switches.publish_audited_as {
        PublishAuditedAs::Publish => action.push(Publish),
        PublishAuditedAs::ActionDraft => draft.push(Publish),
        PublishAuditedAs::Update => {}
    }
    if switches.execution_audits == ExecutionAudits::Yes {
        action.push(Execute);
    }
    let mut integration = vec![Create, Update, Delete];
    for state in [true, false].map(|enable| state_audit(enable, switches)) {
        if !integration.contains(&state) {
            integration.push(state);
        }
    }
    let mut all = vec![
        (EntityType::Action, action),
        (EntityType::Integration, integration),
    ];
    if !draft.is_empty() {
        all.push((EntityType::ActionDraft, draft));
    }
    if switches.credential_audits == CredentialAudits::Yes {
        all.push((EntityType::Credential, vec![Create, Update, Delete]));
    }
    all.push((EntityType::OAuthClient, vec![Create, Update, Delete]));
    all
}

fn is_audited(entity_type: EntityType, action: AuditAction, switches: &Switches) -> bool {
    audited(switches)
        .iter()
        .any(|(entity, actions)| *entity == entity_type && actions.contains(&action))
}

/// How a change of an integration's intended state is called, by switch.
pub(crate) fn state_audit(enable: bool, switches: &Switches) -> AuditAction {
    match (switches.state_change_audited_as, enable) {
        (StateChangeAuditedAs::Update, _) => AuditAction::Update,
        (StateChangeAuditedAs::Edit, _) => AuditAction::Edit,
        (StateChangeAuditedAs::Enable, true) => AuditAction::Enable,
        (StateChangeAuditedAs::Enable, false) => AuditAction::Disable,
        (StateChangeAuditedAs::Activate, true) => AuditAction::Activate,
        (StateChangeAuditedAs::Activate, false) => AuditAction::Deactivate,
    }
}

/// How the publishing of a draft is called, by switch.
pub(crate) fn publish_audit(switches: &Switches) -> (EntityType, AuditAction) {
    match switches.publish_audited_as {
        PublishAuditedAs::Publish => (EntityType::Action, AuditAction::Publish),
        PublishAuditedAs::Update => (EntityType::Action, AuditAction::Update),
        PublishAuditedAs::ActionDraft => (EntityType::ActionDraft, AuditAction::Publish),
    }
}
