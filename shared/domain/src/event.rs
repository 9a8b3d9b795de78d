//! What Lockstep itself emits on its bus. Identifiers only, never a secret.

mod of_change;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::change::ChangeId;
use crate::digest::Digest;
use crate::ids::{Key, OrganizationId};

mod kind;
mod schema;
mod types;

pub use kind::{Audience, EventType};
pub use of_change::{ActionIds, BindingIds, CredentialIds, EndDetails};
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

/// An object in one of the stack's buckets that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadableObject {
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// Its version, where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The command that restores the previous version. Absent if the function may not read the
    /// object: its newest version is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<String>,
    /// The permission that is missing, where the object may not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
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
    /// never decreases, and is equal in repeated emissions of one event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Equal in repeated emissions of one event, and of no other event.
    pub event_id: String,
    /// Who acted for Lockstep.
    pub actor: Principal,
    /// What distinguishes this event from another one of the same content, such as the run that it
    /// is of. Only an event without a `sequence` needs it; part of the `event_id`, never sent.
    #[serde(skip)]
    pub occurrence: Option<String>,
}

impl Header {
    /// A header with nothing but who and when; fill in what is known. [`Event::new`] sets the
    /// `event_id`.
    #[must_use]
    pub fn new(at: Timestamp, actor: Principal) -> Self {
        Self {
            schema: 1,
            at,
            change_id: None,
            organization_id: None,
            key: None,
            sequence: None,
            event_id: String::new(),
            actor,
            occurrence: None,
        }
    }
}

/// One event; its JSON is the detail that is sent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Event<B = Body> {
    /// What every event says.
    #[serde(flatten)]
    pub header: Header,
    /// What this one says besides.
    #[serde(flatten)]
    pub body: B,
}

impl Event {
    /// An event under the id that its content gives it.
    #[must_use]
    pub fn new(header: Header, body: impl Into<Body>) -> Self {
        let mut event = Self {
            header,
            body: body.into(),
        };
        event.header.event_id = event_id(&event);
        event
    }

    /// What happened.
    #[must_use]
    pub fn detail_type(&self) -> EventType {
        self.body.event_type()
    }
}

/// The JSON Schema of the detail of a type of event.
#[must_use]
pub fn json_schema(event: EventType) -> Value {
    Body::schema(event)
}

/// A change or verdict is identified by its number: the text may differ between two emissions.
/// Every other event is identified by its content, without the time and the place of the evidence.
fn event_id(event: &Event) -> String {
    let detail_type = event.detail_type();
    let Header {
        organization_id,
        key,
        change_id,
        sequence,
        occurrence,
        ..
    } = &event.header;
    let digest = match sequence {
        Some(_) => Digest::of(&(detail_type, organization_id, key, change_id, sequence)),
        None => Digest::of(&(detail_type, content(event), occurrence)),
    };
    digest.short(ID_LENGTH).to_owned()
}

/// The content of an event, without the time and the place of the evidence.
fn content(event: &Event) -> Value {
    let mut event = event.clone();
    event.header.at = Timestamp::UNIX_EPOCH;
    event.header.event_id.clear();
    let mut content = serde_json::to_value(event).unwrap_or_default();
    if let Some(members) = content.as_object_mut() {
        members.remove("evidence");
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(at: &str) -> Header {
        let actor = Principal {
            kind: PrincipalKind::Function,
            id: "lockstep-rebind-action".into(),
            name: None,
        };
        let mut header = Header::new(at.parse().unwrap(), actor);
        header.organization_id = Some("org-1".parse().unwrap());
        header.key = Some("orders".parse().unwrap());
        header
    }

    fn numbered(at: &str, sequence: u64) -> Header {
        Header {
            sequence: Some(sequence),
            ..header(at)
        }
    }

    fn failed(reason: &str) -> RebindFailed {
        RebindFailed {
            reason: Some(reason.into()),
            ..RebindFailed::default()
        }
    }

    fn id(header: Header, body: impl Into<Body>) -> String {
        Event::new(header, body).header.event_id
    }

    #[test]
    fn a_repeated_emission_has_the_same_id_even_with_different_text() {
        let first = id(numbered("2026-01-02T03:04:05Z", 4), failed("a timeout"));
        let second = numbered("2026-01-02T03:09:00Z", 4);
        assert_eq!(first, id(second, failed("a timeout, twice")));
        assert_eq!(first.len(), ID_LENGTH);
    }

    #[test]
    fn another_number_another_type_and_another_binding_are_other_events() {
        let at = "2026-01-02T03:04:05Z";
        let of_another = Header {
            key: Some("invoices".parse().unwrap()),
            ..numbered(at, 4)
        };
        let one = id(numbered(at, 4), failed("a timeout"));
        assert_ne!(one, id(numbered(at, 5), failed("a timeout")));
        assert_ne!(one, id(of_another, failed("a timeout")));
        assert_ne!(one, id(numbered(at, 4), DataActionRebound::default()));
    }

    #[test]
    fn an_event_without_a_number_is_identified_by_its_content_and_occurrence() {
        let said = |at, reason: &str, occurrence: Option<&str>| {
            let header = Header {
                occurrence: occurrence.map(str::to_owned),
                ..header(at)
            };
            let body = RebindFailed {
                evidence: Some(format!("s3://evidence/{at}")),
                ..failed(reason)
            };
            id(header, body)
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
        let header = Header {
            occurrence: Some("run 2".into()),
            ..header("2026-01-02T03:04:05Z")
        };
        let event = Event::new(header, failed("a timeout"));
        assert!(!serde_json::to_string(&event).unwrap().contains("run 2"));
    }
}
