//! The types of events: the closed list of what subscribers can ask for.

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

            /// Who should look at it.
            pub fn audience(self) -> Audience {
                match self { $(Self::$name => Audience::$for_whom),+ }
            }
        }
    };
}

/// Who should look at an event.
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
    /// A role is exactly right.
    RoleProvisioned = "Role Provisioned", Systems;
    /// A role could not be made right.
    RoleProvisioningFailed = "Role Provisioning Failed", Person;
    /// An action is bound to the current version of its secrets.
    DataActionRebound = "Data Action Rebound", Systems;
    /// An action is bound, its live test fails, and there is nothing better to go back to.
    DataActionUnhealthy = "Data Action Unhealthy", Person;
    /// An action could not be bound; it is as it was.
    RebindFailed = "Rebind Failed", Person;
    /// An action was put back after a failed live test.
    RebindRolledBack = "Rebind Rolled Back", Person;
    /// The audit log proves the change.
    ChangeVerified = "Change Verified", Systems;
    /// The audit log, or the world, contradicts the change.
    ChangeViolated = "Change Violated", Person;
    /// The proof did not come in time.
    ChangeUnverified = "Change Unverified", Person;
    /// A manifest is accepted.
    ManifestAccepted = "Manifest Accepted", Systems;
    /// An upload was refused, or the stack no longer allows an accepted manifest; nothing was changed.
    ManifestRefused = "Manifest Refused", Person;
    /// A request by hand, or a message, is not valid; nothing was changed.
    RequestRefused = "Request Refused", Person;
    /// A guard refused a plan; nothing was touched.
    PlanRefused = "Plan Refused", Person;
    /// A check's result changed.
    ComplianceFinding = "Compliance Finding", PersonIfFailed;
    /// An OAuth client's secret was rotated: AWSCURRENT holds one that was tested.
    ClientRotated = "Client Rotated", Systems;
    /// An OAuth client's secret could not be rotated; AWSCURRENT is what it was.
    ClientRotationFailed = "Client Rotation Failed", Person;
    /// An integration credential carries the current values of its secret.
    CredentialRebound = "Credential Rebound", Systems;
    /// An integration credential could not be moved; the integration uses the one it used.
    CredentialRebindFailed = "Credential Rebind Failed", Person;
    /// An integration credential is bound, its test fails, and there is nothing better to go back
    /// to.
    CredentialUnhealthy = "Credential Unhealthy", Person;
    /// Of the credentials of one secret some were moved and could not be moved back.
    CredentialSplit = "Credential Split", Person;
    /// One of Lockstep's own objects can't be read; what depends on it waits. Once per version.
    ObjectUnreadable = "Object Unreadable", Person;
}
