//! One struct for each type of event, with the fields that apply to it.
//!
//! Fields have the order in which they have always been sent. Every type may have `notices`: an
//! event that is too large for the bus says there what was cut.

use schemars::JsonSchema;
use serde::Serialize;

use super::{EventType, Principal, UnreadableObject};
use crate::arn::FunctionArn;
use crate::change::SecretVersion;
use crate::finding::Finding;
use crate::ids::{ActionId, ClientId, CredentialId, IntegrationId};
use crate::problem::Problem;

/// Declares the struct of one type of event from the names of its fields. A field has one type and
/// one description in all events: each arm of `@add` adds one field.
macro_rules! body {
    ($(#[$about:meta])* $name:ident { $($field:ident),+ $(,)? }) => {
        body!(@add [$(#[$about])*] $name [$($field)+] [] $($field)+);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] action_id $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The action.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub action_id: Option<ActionId>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] action_version $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// Its version after the change.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub action_version: Option<i64>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] integration_id $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The integration.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub integration_id: Option<IntegrationId>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] role_arn $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The role that Genesys Cloud assumes.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub role_arn: Option<String>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] function_arn $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The function that the action calls.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub function_arn: Option<FunctionArn>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] credential_id $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The integration credential now in use.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub credential_id: Option<CredentialId>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] client_id $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The OAuth client whose secret is current.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub client_id: Option<ClientId>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] gap_seconds $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// For how many seconds no secret of the client worked. Only the rotation of a single
            /// client has such a gap.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub gap_seconds: Option<u64>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] secrets $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The bound versions.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub secrets: Vec<SecretVersion>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] principals $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// Who changed it, according to the audit log.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub principals: Vec<Principal>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] findings $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The checks that failed.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub findings: Vec<Finding>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] notices $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// Notes for the reader.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub notices: Vec<String>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] errors $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The problems, each with its fix.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub errors: Vec<Problem>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] reason $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// Why.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub reason: Option<String>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] evidence $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// Where the evidence is (S3 URI).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub evidence: Option<String>,
        ] $($rest)*);
    };
    (@add $about:tt $name:ident $all:tt [$($done:tt)*] object $($rest:ident)*) => {
        body!(@add $about $name $all [$($done)*
            /// The object that cannot be read.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub object: Option<UnreadableObject>,
        ] $($rest)*);
    };
    (@add [$(#[$about:meta])*] $name:ident [$($field:ident)+] [$($done:tt)*]) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
        pub struct $name { $($done)* }

        impl $name {
            fn reason(&self) -> Option<&str> {
                body!(@reason self $($field)+)
            }
        }

        impl From<$name> for Body {
            fn from(body: $name) -> Self {
                Self::$name(body)
            }
        }
    };
    (@reason $self:ident) => { None };
    (@reason $self:ident reason $($rest:ident)*) => { $self.reason.as_deref() };
    (@reason $self:ident $other:ident $($rest:ident)*) => { body!(@reason $self $($rest)*) };
}

body! {
    /// A role is exactly as the manifest requires.
    RoleProvisioned { role_arn, function_arn, notices, reason }
}

body! {
    /// A role is not as the manifest requires.
    RoleProvisioningFailed { role_arn, function_arn, notices, errors, reason }
}

body! {
    /// An action is bound to the current version of its secrets.
    DataActionRebound { action_id, action_version, integration_id, role_arn, function_arn, secrets, notices }
}

body! {
    /// An action is bound, its live test fails, and no earlier binding works any longer.
    DataActionUnhealthy { action_id, action_version, integration_id, role_arn, function_arn, secrets, notices, reason }
}

body! {
    /// An action could not be bound. It is unchanged, unless `reason` says otherwise.
    RebindFailed { action_id, integration_id, role_arn, function_arn, secrets, principals, notices, errors, reason, evidence }
}

body! {
    /// The live test failed before the change was live; the previous binding is still live.
    RebindRolledBack { action_id, integration_id, role_arn, function_arn, secrets, principals, notices, reason, evidence }
}

body! {
    /// The audit log proves the change.
    ChangeVerified { action_id, integration_id, role_arn, function_arn, credential_id, secrets, principals, notices, evidence }
}

body! {
    /// The audit log or the observed state contradicts the change.
    ChangeViolated { action_id, integration_id, role_arn, function_arn, credential_id, secrets, principals, findings, notices, reason, evidence }
}

body! {
    /// The audit records did not appear before the deadline.
    ChangeUnverified { action_id, integration_id, role_arn, function_arn, credential_id, secrets, principals, notices, reason, evidence }
}

body! {
    /// A manifest is accepted.
    ManifestAccepted { notices, reason }
}

body! {
    /// An upload was refused, or the stack no longer allows an accepted manifest; nothing was
    /// changed.
    ManifestRefused { notices, errors, reason }
}

body! {
    /// A manual request or a message is invalid; nothing was changed.
    RequestRefused { notices, errors }
}

body! {
    /// A guard refused a whole plan; nothing was changed.
    PlanRefused { notices, errors, reason }
}

body! {
    /// A check's result changed.
    ComplianceFinding { findings, notices, reason, evidence }
}

body! {
    /// An OAuth client's secret was rotated, and the client in AWSCURRENT has passed its test.
    ClientRotated { client_id, gap_seconds, secrets, notices, reason, evidence }
}

body! {
    /// An OAuth client's secret could not be rotated; AWSCURRENT has not moved.
    ClientRotationFailed { client_id, secrets, notices, errors, reason }
}

body! {
    /// An integration credential carries the current values of its secret.
    CredentialRebound { integration_id, credential_id, secrets, notices }
}

body! {
    /// An integration credential could not be moved; the integration uses the previous one.
    CredentialRebindFailed { integration_id, credential_id, secrets, principals, notices, errors, reason, evidence }
}

body! {
    /// An integration credential is bound, its test fails, and the previous value no longer works.
    CredentialUnhealthy { integration_id, credential_id, secrets, notices, reason }
}

body! {
    /// Some of the credentials of one secret were moved and could not be moved back.
    CredentialSplit { integration_id, credential_id, secrets, principals, notices, reason, evidence }
}

body! {
    /// One of Lockstep's own objects cannot be read, and everything that depends on it waits.
    /// Emitted once per version.
    ObjectUnreadable { notices, reason, object }
}

macro_rules! bodies {
    ($($name:ident),+ $(,)?) => {
        /// What an event says besides its header.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Body {
            $(#[doc = concat!("That of [`EventType::", stringify!($name), "`].")] $name($name),)+
        }

        impl Body {
            /// The type of the event.
            #[must_use]
            pub fn event_type(&self) -> EventType {
                match self { $(Self::$name(_) => EventType::$name,)+ }
            }

            /// Why it happened, where the type says so and the reason is known.
            #[must_use]
            pub fn reason(&self) -> Option<&str> {
                match self { $(Self::$name(body) => body.reason(),)+ }
            }

            /// Which schema describes an event of the type.
            pub(super) fn schema(event: EventType) -> serde_json::Value {
                match event { $(EventType::$name => super::schema::of::<$name>(event),)+ }
            }
        }
    };
}

bodies! {
    RoleProvisioned,
    RoleProvisioningFailed,
    DataActionRebound,
    DataActionUnhealthy,
    RebindFailed,
    RebindRolledBack,
    ChangeVerified,
    ChangeViolated,
    ChangeUnverified,
    ManifestAccepted,
    ManifestRefused,
    RequestRefused,
    PlanRefused,
    ComplianceFinding,
    ClientRotated,
    ClientRotationFailed,
    CredentialRebound,
    CredentialRebindFailed,
    CredentialUnhealthy,
    CredentialSplit,
    ObjectUnreadable,
}

impl RequestRefused {
    /// A request with these problems.
    #[must_use]
    pub fn of(errors: Vec<Problem>) -> Self {
        Self {
            errors,
            ..Self::default()
        }
    }
}

impl PlanRefused {
    /// A plan with these problems.
    #[must_use]
    pub fn of(errors: Vec<Problem>) -> Self {
        Self {
            errors,
            ..Self::default()
        }
    }
}
