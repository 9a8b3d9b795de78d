//! What was observed of integration, credential and action.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::binding::ActionConfig;
use crate::ids::{ActionId, CredentialId, IntegrationId};

/// What a search found. Names are not unique at Genesys Cloud.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<T> {
    /// Nothing, and the answer was complete.
    Nothing,
    /// Exactly one.
    One(T),
    /// Several of that name, by id.
    Several(Vec<String>),
    /// The id that the manifest names, or that is remembered, does not exist (any more).
    Gone(String),
}

/// An integration as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationSeen {
    /// Its id.
    pub id: IntegrationId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Whether it is meant to be enabled.
    pub enabled: bool,
    /// The state that it reports.
    pub reported: Reported,
    /// The version of its config.
    pub config_version: i64,
    /// The credential in the slot of the role, if any.
    pub credential: Option<CredentialSeen>,
}

/// The state that an integration reports. It follows the intended state some time later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reported {
    /// It runs.
    Active,
    /// It is about to run.
    Activating,
    /// It is switched off.
    Inactive,
    /// It is about to be switched off.
    Deactivating,
    /// It can't run.
    Error,
    /// It reports nothing, or a state that Lockstep does not know.
    Unknown,
}

impl Reported {
    /// Whether it is known not to run, so that it is to be enabled. One that reports an error is
    /// enabled already.
    pub fn is_off(self) -> bool {
        match self {
            Self::Inactive | Self::Activating | Self::Deactivating => true,
            Self::Active | Self::Error | Self::Unknown => false,
        }
    }

    /// Whether it may still become active after it was enabled.
    pub fn may_become_active(self) -> bool {
        match self {
            Self::Active
            | Self::Activating
            | Self::Inactive
            | Self::Deactivating
            | Self::Unknown => true,
            Self::Error => false,
        }
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Activating => "ACTIVATING",
            Self::Inactive => "INACTIVE",
            Self::Deactivating => "DEACTIVATING",
            Self::Error => "ERROR",
            Self::Unknown => "unknown",
        })
    }
}

/// A credential as it was read; its fields are write-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSeen {
    /// Its id.
    pub id: CredentialId,
    /// Its name.
    pub name: String,
    /// The role, where the platform showed it in the clear.
    pub role_arn: Option<String>,
    /// When it was written last, where a listing showed it: the only mark of a write, as a
    /// credential has no version (official Python SDK 269.0.0, `CredentialInfo`).
    pub modified_date: Option<Timestamp>,
}

/// A credential of ours that the integration does not use (any more, or yet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCredential {
    /// Its id.
    pub id: CredentialId,
    /// Its name.
    pub name: String,
    /// Whether another integration uses it.
    pub in_use: bool,
}

/// An action as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionSeen {
    /// Its id.
    pub id: ActionId,
    /// Its name.
    pub name: String,
    /// The integration it lives in.
    pub integration_id: String,
    /// Its category.
    pub category: String,
    /// Its version.
    pub version: i64,
    /// Whether it is secure.
    pub secure: bool,
    /// The input schema.
    pub input_schema: Option<Value>,
    /// The output schema.
    pub output_schema: Option<Value>,
    /// Its config.
    pub config: ActionConfig,
    /// Whether the platform answered the templates' text with the config.
    pub has_inline_templates: bool,
}

/// Everything that the planner needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The integration.
    pub integration: Found<IntegrationSeen>,
    /// Credentials whose names say that we made them for this integration, but for the one in its
    /// slot.
    pub own_credentials: Vec<OwnCredential>,
    /// The action.
    pub action: Found<ActionSeen>,
    /// The action's unpublished draft.
    pub draft: DraftSeen,
}

/// Whether an action has an unpublished draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftSeen {
    /// It was not read: nothing is to be published, so that it does not matter.
    NotRead,
    /// It has none.
    Nothing,
    /// It has one.
    Exists,
}
