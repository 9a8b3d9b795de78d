//! One audit record, and how it looks over REST and on the event bus.
//!
//! The two shapes differ (official Python SDK 269.0.0: AuditLogMessage and AuditTopicAuditLogMessage):
//! the event has `eventTime`, `clientId`, `userId`, and no status.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::audit_log::{AuditAction, AuditStatus, EntityType};
use crate::switches::{AuditPrecision, AuditUser, Switches};
use crate::world::written;

/// One property before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) property: &'static str,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

impl Change {
    /// The change of a property; none where it did not change.
    pub(crate) fn of(
        property: &'static str,
        old: Option<String>,
        new: Option<String>,
    ) -> Option<Self> {
        (old != new).then_some(Self { property, old, new })
    }

    fn rendered(&self) -> Value {
        json!({
            "property": self.property,
            "oldValues": self.old.iter().collect::<Vec<_>>(),
            "newValues": self.new.iter().collect::<Vec<_>>(),
        })
    }
}

/// What truly happened, whether its record shows or not: for oracles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// The id of its record.
    pub record_id: String,
    /// When.
    pub at: Timestamp,
    /// The client that did it.
    pub client_id: Option<String>,
    /// To what kind of thing.
    pub entity_type: EntityType,
    /// To which.
    pub entity_id: String,
    /// What that was called.
    pub entity_name: String,
    /// What was done.
    pub action: AuditAction,
    /// How it ended.
    pub status: AuditStatus,
    /// From when queries show it, with the settings of now; none where they never do.
    pub shown_from: Option<Timestamp>,
}

impl Deed {
    pub(crate) fn of(record: &Record, shown_from: Option<Timestamp>) -> Self {
        Self {
            record_id: record.id.clone(),
            at: record.at,
            client_id: record.client_id.clone(),
            entity_type: record.entity_type,
            entity_id: record.entity_id.clone(),
            entity_name: record.entity_name.clone(),
            action: record.action,
            status: record.status,
            shown_from,
        }
    }
}

/// One record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) client_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) entity_type: EntityType,
    pub(crate) entity_id: String,
    pub(crate) entity_name: String,
    pub(crate) action: AuditAction,
    pub(crate) status: AuditStatus,
    pub(crate) transaction_id: String,
    pub(crate) changes: Vec<Change>,
}

impl Record {
    /// `eventDate` as shown, which is also what an interval is compared with.
    pub(crate) fn shown_at(&self, switches: &Switches) -> Timestamp {
        match switches.audit_precision {
            AuditPrecision::Milliseconds => self.at,
            AuditPrecision::Seconds => {
                Timestamp::from_second(self.at.as_second()).unwrap_or(self.at)
            }
        }
    }

    fn message(&self) -> Value {
        json!({
            "message": format!("{} {}", self.entity_type.text(), self.action.text()),
            "messageWithParams": "{entityType} {action}",
            "messageParams": {"entityType": self.entity_type.text(), "action": self.action.text()},
            "localizableMessageCode": "",
        })
    }

    /// The record as the REST API shows it. Empty lists and objects stand where a value is missing,
    /// as in the real record quoted in the developer forum.
    pub(crate) fn rendered(
        &self,
        organization_id: &str,
        with_user: bool,
        switches: &Switches,
    ) -> Value {
        let at = match switches.audit_precision {
            AuditPrecision::Seconds => self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            AuditPrecision::Milliseconds => written(self.at),
        };
        let changes: Vec<Value> = self.changes.iter().map(Change::rendered).collect();
        let mut body = json!({
            "id": self.id,
            "userHomeOrgId": organization_id,
            "client": {"id": self.client_id.clone().unwrap_or_default()},
            "remoteIp": ["127.0.0.1"],
            "serviceName": self.entity_type.service(),
            "level": "USER",
            "eventDate": at,
            "message": self.message(),
            "action": self.action.text(),
            "entity": {"id": self.entity_id, "name": self.entity_name},
            "entityType": self.entity_type.text(),
            "status": self.status.text(),
            "application": "",
            "initiatingAction": {"transactionId": self.transaction_id},
            "transactionInitiator": true,
            "propertyChanges": changes,
            "context": {},
            "entityChanges": [],
        });
        match (&self.user_id, switches.audit_user) {
            (Some(user), _) => {
                let name = if with_user { "A user" } else { "" };
                body["user"] =
                    json!({"id": user, "name": name, "selfUri": format!("/api/v2/users/{user}")});
            }
            (None, AuditUser::Empty) => body["user"] = json!({"id": "", "name": ""}),
            (None, AuditUser::Absent) => {}
        }
        body
    }

    /// `eventBody` of the partner event; keys without a value are left out, as in the official sample.
    pub(crate) fn event_body(&self, organization_id: &str) -> Value {
        let mut body = json!({
            "id": self.id,
            "userHomeOrgId": organization_id,
            "remoteIp": ["127.0.0.1"],
            "serviceName": self.entity_type.service(),
            "level": "USER",
            "eventTime": written(self.at),
            "message": self.message(),
            "action": self.action.text(),
            "entityType": self.entity_type.text(),
            "entity": {"id": self.entity_id, "name": self.entity_name},
        });
        if let Some(client) = &self.client_id {
            body["clientId"] = json!({"id": client});
        }
        if let Some(user) = &self.user_id {
            body["userId"] = json!(user);
            body["username"] = json!({"id": user});
        }
        if !self.changes.is_empty() {
            let changes: Vec<Value> = self.changes.iter().map(Change::rendered).collect();
            body["propertyChanges"] = changes.into();
        }
        body
    }
}
