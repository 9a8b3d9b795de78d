//! The types of events: the closed list that subscribers select from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! event_types {
    ($($(#[$about:meta])+ $name:ident = $text:literal, $for_whom:ident;)+) => {
        /// The detail types.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum EventType {
            $($(#[$about])+ #[serde(rename = $text)] $name,)+
        }

        impl EventType {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// As on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// Who should act on it.
            pub fn audience(self) -> Audience {
                match self { $(Self::$name => Audience::$for_whom),+ }
            }
        }
    };
}

/// Who should act on an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A person: the template puts it into the attention queue.
    Person,
    /// A person, where one of its findings says that a check failed.
    PersonIfFailed,
    /// Other systems.
    Systems,
}

event_types! {
    /// A role is exactly as the manifest requires.
    RoleProvisioned = "Role Provisioned", Systems;
    /// A role is not as the manifest requires.
    RoleProvisioningFailed = "Role Provisioning Failed", Person;
    /// An action is bound to the current version of its secrets.
    DataActionRebound = "Data Action Rebound", Systems;
    /// An action is bound, its live test fails, and no earlier binding works any longer.
    DataActionUnhealthy = "Data Action Unhealthy", Person;
    /// An action could not be bound. It is unchanged, unless `reason` says otherwise.
    RebindFailed = "Rebind Failed", Person;
    /// The live test failed before the change was live; the previous binding is still live.
    RebindRolledBack = "Rebind Rolled Back", Person;
    /// The audit log proves the change.
    ChangeVerified = "Change Verified", Systems;
    /// The audit log or the observed state contradicts the change.
    ChangeViolated = "Change Violated", Person;
    /// The audit records did not appear before the deadline.
    ChangeUnverified = "Change Unverified", Person;
    /// A manifest is accepted.
    ManifestAccepted = "Manifest Accepted", Systems;
    /// An upload was refused, or the stack no longer allows an accepted manifest; nothing was
    /// changed.
    ManifestRefused = "Manifest Refused", Person;
    /// A manual request or a message is invalid; nothing was changed.
    RequestRefused = "Request Refused", Person;
    /// A guard refused a whole plan; nothing was changed.
    PlanRefused = "Plan Refused", Person;
    /// A check's result changed.
    ComplianceFinding = "Compliance Finding", PersonIfFailed;
    /// An OAuth client's secret was rotated, and the client in AWSCURRENT has passed its test.
    ClientRotated = "Client Rotated", Systems;
    /// An OAuth client's secret could not be rotated; AWSCURRENT has not moved.
    ClientRotationFailed = "Client Rotation Failed", Person;
    /// An integration credential carries the current values of its secret.
    CredentialRebound = "Credential Rebound", Systems;
    /// An integration credential could not be moved; the integration uses the previous one.
    CredentialRebindFailed = "Credential Rebind Failed", Person;
    /// An integration credential is bound, its test fails, and the previous value no longer works.
    CredentialUnhealthy = "Credential Unhealthy", Person;
    /// Some of the credentials of one secret were moved and could not be moved back.
    CredentialSplit = "Credential Split", Person;
    /// One of Lockstep's own objects cannot be read, and everything that depends on it waits.
    /// Emitted once per version.
    ObjectUnreadable = "Object Unreadable", Person;
}
