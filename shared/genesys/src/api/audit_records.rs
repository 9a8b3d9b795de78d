//! What the audit API answers: records, and the map of what is audited.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::de::{or_default, timestamp};
use crate::paging::Identified;

/// One audit record. The real API writes empty text and empty objects for what is absent; the methods
/// see through that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Its id.
    pub id: Option<String>,
    /// The user who acted; absent or empty if a client acted alone.
    pub user: Option<EntityRef>,
    /// The OAuth client that acted.
    pub client: Option<EntityRef>,
    /// Where from.
    #[serde(default, deserialize_with = "or_default")]
    pub remote_ip: Vec<String>,
    /// The service that wrote the record.
    pub service_name: Option<String>,
    /// `USER`, `SYSTEM` or `GENESYS_INTERNAL`.
    pub level: Option<String>,
    /// When it happened.
    #[serde(default, deserialize_with = "timestamp")]
    pub event_date: Option<Timestamp>,
    /// The record in words: `MessageInfo` of the published swagger.
    pub message: Option<Value>,
    /// What was done, such as `Update`.
    pub action: Option<String>,
    /// To which thing.
    pub entity: Option<EntityRef>,
    /// To what kind of thing, such as `Action`.
    pub entity_type: Option<String>,
    /// How it ended.
    pub status: Option<AuditStatus>,
    /// The application used.
    pub application: Option<String>,
    /// What changed on the thing itself.
    #[serde(default, deserialize_with = "or_default")]
    pub property_changes: Vec<PropertyChange>,
    /// More about it.
    #[serde(default, deserialize_with = "or_default")]
    pub context: BTreeMap<String, Value>,
}

/// How an audited act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AuditStatus {
    /// It was done.
    Success,
    /// It was refused or failed.
    Failure,
    /// It was done with a remark.
    Warning,
    /// A status this client does not know.
    #[serde(other)]
    Unknown,
}

/// A user, a client or a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityRef {
    /// Its id; may be empty.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// A property before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PropertyChange {
    /// Which one.
    pub property: Option<String>,
    /// Before.
    #[serde(default, deserialize_with = "or_default")]
    pub old_values: Vec<String>,
    /// After.
    #[serde(default, deserialize_with = "or_default")]
    pub new_values: Vec<String>,
}

impl AuditRecord {
    /// The acting user's id, where there is one.
    pub fn user_id(&self) -> Option<&str> {
        id_of(&self.user)
    }

    /// The acting OAuth client's id, where there is one.
    pub fn client_id(&self) -> Option<&str> {
        id_of(&self.client)
    }

    /// The id of what was acted on, where there is one.
    pub fn entity_id(&self) -> Option<&str> {
        id_of(&self.entity)
    }
}

fn id_of(entity: &Option<EntityRef>) -> Option<&str> {
    entity.as_ref()?.id.as_deref().filter(|id| !id.is_empty())
}

impl Identified for AuditRecord {
    fn identity(&self) -> Option<&str> {
        self.id.as_deref().filter(|id| !id.is_empty())
    }
}

/// What is audited: services, their kinds of things, and what can be done to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceMapping {
    /// The services.
    #[serde(deserialize_with = "or_default")]
    pub services: Vec<AuditService>,
}

/// A service that writes audit records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditService {
    /// Such as `Integrations`.
    pub name: String,
    /// What it audits.
    #[serde(default, deserialize_with = "or_default")]
    pub entities: Vec<AuditEntity>,
}

/// A kind of thing that is audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntity {
    /// Such as `Action`.
    pub name: String,
    /// Such as `Create`, `Update`.
    #[serde(default, deserialize_with = "or_default")]
    pub actions: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_record_with_empty_text_for_absent_values_is_read() {
        let record: AuditRecord = serde_json::from_str(
            r#"{"id":"r","user":{"id":"u","name":"N"},"client":{"id":""},"remoteIp":[],"eventDate":"2025-04-01T12:34:56Z",
                "initiatingAction":{},"application":"","status":"SUCCESS","entity":{"id":"e"},"propertyChanges":null,"context":{}}"#,
        )
        .unwrap();
        assert_eq!(record.client_id(), None);
        assert_eq!(record.user_id(), Some("u"));
        assert_eq!(record.status, Some(AuditStatus::Success));
        assert!(record.event_date.is_some());
    }

    #[test]
    fn a_date_that_cannot_be_read_is_an_error_not_a_missing_date() {
        assert!(serde_json::from_str::<AuditRecord>(r#"{"eventDate":"yesterday"}"#).is_err());
        assert_eq!(
            serde_json::from_str::<AuditRecord>(r#"{"eventDate":""}"#)
                .unwrap()
                .event_date,
            None
        );
    }
}
