//! What Lockstep itself emits on its bus. Identifiers only, never a secret.

mod of_change;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::FunctionArn;
use crate::change::{ChangeId, SecretVersion};
use crate::digest::Digest;
use crate::finding::Finding;
use crate::ids::{ActionId, ClientId, CredentialId, IntegrationId, Key, OrganizationId};
use crate::problem::Problem;

mod kind;
mod schema;
mod types;

pub use kind::{Audience, EventType};
pub use types::*;

/// The `source` of every event.
pub const SOURCE: &str = "lockstep";

/// Who acted, or is said to have acted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Principal {
    /// What kind of principal.
    pub kind: PrincipalKind,
    /// Its id; `N/A` where the record names none.
    pub id: String,
    /// Its name, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Kinds of principals.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A Genesys Cloud OAuth client.
    Client,
    /// A Genesys Cloud user.
    User,
    /// A Lockstep function, named by its stack and itself.
    Function,
    /// The record names nobody.
    Unknown,
}

/// What an event of any type may say. Each type sends the fields that apply to it: [`Event::new`]
/// takes them out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detail {
    /// The layout of the detail.
    pub schema: u32,
    /// When it was emitted, UTC.
    pub at: Timestamp,
    /// The change, where there is one.
    pub change_id: Option<ChangeId>,
    /// The organization, where known.
    pub organization_id: Option<OrganizationId>,
    /// The binding, where it is about one.
    pub key: Option<Key>,
    /// The number of the change or verdict among those of the binding, where it is about one. It
    /// never goes back, and is equal in repeated emissions of one event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Equal in repeated emissions of one event, and of no other event.
    pub event_id: String,
    /// What distinguishes this event from another one of the same content, such as the run that it
    /// is of. Only an event without a `sequence` needs it; part of the `event_id`, never sent.
    #[serde(skip)]
    pub occurrence: Option<String>,
    /// Who acted for Lockstep.
    pub actor: Principal,
    /// The action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
    /// Its version after the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_version: Option<i64>,
    /// The integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<IntegrationId>,
    /// The role that Genesys Cloud assumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The function that the action calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_arn: Option<FunctionArn>,
    /// The integration credential now in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<CredentialId>,
    /// The OAuth client whose secret is current.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// For how many seconds no secret of the client worked. Only a rotation of a single client has
    /// such a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_seconds: Option<u64>,
    /// The bound versions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretVersion>,
    /// Who changed it, as the audit log says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<Principal>,
    /// What does not hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What a reader should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// What was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Problem>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the evidence is (S3 URI).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The object that can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<UnreadableObject>,
}

/// An object of one of the stack's buckets that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadableObject {
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// Its version, where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The command that restores the version before it. None where the object may not be read:
    /// its newest version is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<String>,
    /// The permission that is missing, where the object may not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
}

impl Detail {
    /// A detail with nothing but who and when; fill in what applies.
    pub fn new(at: Timestamp, actor: Principal) -> Self {
        Self {
            schema: 1,
            at,
            change_id: None,
            organization_id: None,
            key: None,
            sequence: None,
            event_id: String::new(),
            occurrence: None,
            actor,
            action_id: None,
            action_version: None,
            integration_id: None,
            role_arn: None,
            function_arn: None,
            credential_id: None,
            client_id: None,
            gap_seconds: None,
            secrets: Vec::new(),
            principals: Vec::new(),
            findings: Vec::new(),
            notices: Vec::new(),
            errors: Vec::new(),
            reason: None,
            evidence: None,
            object: None,
        }
    }

    /// The names of the fields that are not empty, but for those of the header.
    fn names_beside_header(&self) -> Vec<String> {
        let bare = serde_json::to_value(Self::new(self.at, self.actor.clone()));
        let (Ok(Value::Object(bare)), Ok(Value::Object(full))) = (bare, serde_json::to_value(self))
        else {
            return Vec::new();
        };
        let names = full.into_iter().map(|(name, _)| name);
        names
            .filter(|name| !bare.contains_key(name) && name != "sequence")
            .collect()
    }
}

/// Characters of an event's id.
const ID_LENGTH: usize = 32;

/// What every event says.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Header {
    /// The layout of the detail.
    pub schema: u32,
    /// When it was emitted, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The change, where there is one.
    pub change_id: Option<ChangeId>,
    /// The organization, where known.
    pub organization_id: Option<OrganizationId>,
    /// The binding, where it is about one.
    pub key: Option<Key>,
    /// The number of the change or verdict among those of the binding, where it is about one. It
    /// never goes back, and is equal in repeated emissions of one event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Equal in repeated emissions of one event, and of no other event.
    pub event_id: String,
    /// Who acted for Lockstep.
    pub actor: Principal,
}

/// One event; its JSON is the detail that is sent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Event<B = Body> {
    /// What happened.
    #[serde(skip)]
    pub detail_type: EventType,
    /// What every event says.
    #[serde(flatten)]
    pub header: Header,
    /// What this one says besides.
    #[serde(flatten)]
    pub body: B,
}

impl Event {
    /// An event under the id that its content gives it.
    pub fn new(detail_type: EventType, mut detail: Detail) -> Self {
        let event_id = event_id(detail_type, &detail);
        let body = Body::take(detail_type, &mut detail);
        debug_assert_eq!(
            detail.names_beside_header(),
            [""; 0],
            "fields of {} that its type has not",
            detail_type.as_str()
        );
        let Detail {
            schema,
            at,
            change_id,
            organization_id,
            key,
            sequence,
            actor,
            ..
        } = detail;
        let header = Header {
            schema,
            at,
            change_id,
            organization_id,
            key,
            sequence,
            event_id,
            actor,
        };
        Self {
            detail_type,
            header,
            body,
        }
    }
}

/// The JSON Schema of the detail of a type of event.
#[must_use]
pub fn json_schema(event: EventType) -> Value {
    Body::schema(event)
}

/// A change or verdict is known by its number: what is said of it may differ between two
/// emissions. Everything else is known by what is said, but for when, and by where the evidence is.
fn event_id(detail_type: EventType, detail: &Detail) -> String {
    let Detail {
        organization_id,
        key,
        change_id,
        sequence,
        ..
    } = detail;
    let digest = match sequence {
        Some(_) => Digest::of(&(detail_type, organization_id, key, change_id, sequence)),
        None => {
            let content = Detail {
                at: Timestamp::UNIX_EPOCH,
                event_id: String::new(),
                evidence: None,
                ..detail.clone()
            };
            Digest::of(&(detail_type, content, &detail.occurrence))
        }
    };
    digest.short(ID_LENGTH).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(at: &str) -> Detail {
        let actor = Principal {
            kind: PrincipalKind::Function,
            id: "lockstep-rebind-action".into(),
            name: None,
        };
        let mut detail = Detail::new(at.parse().unwrap(), actor);
        detail.organization_id = Some("org-1".parse().unwrap());
        detail.key = Some("orders".parse().unwrap());
        detail
    }

    fn id(detail: Detail) -> String {
        Event::new(EventType::RebindFailed, detail).header.event_id
    }

    #[test]
    fn a_repeated_emission_has_the_same_id_whatever_it_says_besides() {
        let numbered = |at, reason: &str| Detail {
            sequence: Some(4),
            reason: Some(reason.into()),
            ..detail(at)
        };
        let first = id(numbered("2026-01-02T03:04:05Z", "a timeout"));
        assert_eq!(
            first,
            id(numbered("2026-01-02T03:09:00Z", "a timeout, twice"))
        );
        assert_eq!(first.len(), ID_LENGTH);
    }

    #[test]
    fn another_number_another_type_and_another_binding_are_other_events() {
        let numbered = |sequence| Detail {
            sequence: Some(sequence),
            ..detail("2026-01-02T03:04:05Z")
        };
        let of_another = Detail {
            key: Some("invoices".parse().unwrap()),
            ..numbered(4)
        };
        let one = id(numbered(4));
        assert_ne!(one, id(numbered(5)));
        assert_ne!(one, id(of_another));
        let rebound = Event::new(EventType::DataActionRebound, numbered(4));
        assert_ne!(one, rebound.header.event_id);
    }

    #[test]
    fn an_event_without_a_number_is_known_by_what_it_says_and_by_its_occurrence() {
        let said = |at, reason: &str, occurrence: Option<&str>| {
            id(Detail {
                reason: Some(reason.into()),
                occurrence: occurrence.map(str::to_owned),
                evidence: Some(format!("s3://evidence/{at}")),
                ..detail(at)
            })
        };
        let first = said("2026-01-02T03:04:05Z", "it is refused", None);
        assert_eq!(first, said("2026-01-02T03:09:00Z", "it is refused", None));
        assert_ne!(first, said("2026-01-02T03:04:05Z", "it is denied", None));
        assert_ne!(
            first,
            said("2026-01-02T03:04:05Z", "it is refused", Some("run 2"))
        );
    }

    #[test]
    fn what_distinguishes_an_occurrence_is_not_sent() {
        let event = Detail {
            occurrence: Some("run 2".into()),
            ..detail("2026-01-02T03:04:05Z")
        };
        assert!(!serde_json::to_string(&event).unwrap().contains("run 2"));
    }
}
