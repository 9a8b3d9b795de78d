//! The state of a binding: what is remembered of it between runs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    BoundCredential, Change, ChangeId, DesiredId, SecretVersion, Subject, previous_release,
};
use crate::arn::FunctionArn;
use crate::digest::Digest;
use crate::ids::{ActionId, IntegrationId, Key, OrganizationId};
use crate::rebind::Mark;

/// The layout of a [`BindingState`].
const SCHEMA: u64 = 2;

/// A stored state that this release must not act on, and must not overwrite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A newer release wrote it.
    #[error(
        "a newer release of Lockstep wrote it (schema {found}; this release reads up to {SCHEMA}): \
         deploy that release again"
    )]
    Newer {
        /// Its schema.
        found: u64,
    },
    /// It is not a state.
    #[error("it is not the state of a binding: {0}")]
    Malformed(String),
}

/// What Lockstep remembers of a binding between runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BindingState {
    /// The layout of this object.
    schema: u64,
    /// The organization.
    pub organization: OrganizationId,
    /// The binding.
    pub key: Key,
    /// What it is about.
    pub subject: Subject,
    /// The action we made or adopted. Once known it is never looked for by name again, and an id
    /// that has gone is reported, never recreated.
    #[serde(default)]
    pub action_id: Option<ActionId>,
    /// The integration it lives in.
    #[serde(default)]
    pub integration_id: Option<IntegrationId>,
    /// The manifest key under which that integration was found or made; none where the previous
    /// release recorded it. Under another key the manifest means another integration.
    #[serde(default)]
    pub integration_key: Option<Key>,
    /// The integration credentials that carry the secret's values, by their manifest keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<Key, BoundCredential>,
    /// The function the action calls since the last applied change.
    #[serde(default)]
    pub function: Option<FunctionArn>,
    /// The versions the action is bound to since the last applied change.
    #[serde(default)]
    pub bound: Vec<SecretVersion>,
    /// What was read of the action and its integration when nothing had to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// Whether the platform has answered a write of Lockstep's to the action with the version that
    /// the action had before: then a version proves nothing, and nothing is remembered under it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub versions_stay: bool,
    /// The latest change, open or done.
    #[serde(default)]
    pub change: Option<Change>,
    /// A desired state that was tried and rejected.
    #[serde(default)]
    pub held: Option<Held>,
    /// The end of the binding's evidence chain.
    #[serde(default)]
    pub chain: ChainHead,
}

impl BindingState {
    /// The state of a binding that was never touched.
    pub fn new(organization: OrganizationId, key: Key) -> Self {
        Self {
            schema: SCHEMA,
            subject: Subject::of(&key),
            organization,
            key,
            action_id: None,
            integration_id: None,
            integration_key: None,
            credentials: BTreeMap::new(),
            function: None,
            bound: Vec::new(),
            mark: None,
            versions_stay: false,
            change: None,
            held: None,
            chain: ChainHead::default(),
        }
    }

    /// Reads a stored state, also one that the previous release wrote.
    ///
    /// # Errors
    /// It is of a newer release, or no state at all.
    pub fn read(json: &[u8]) -> Result<Self, Unreadable> {
        let malformed = |error: serde_json::Error| Unreadable::Malformed(error.to_string());
        let value: Value = serde_json::from_slice(json).map_err(malformed)?;
        let value = match value.get("schema").and_then(Value::as_u64) {
            Some(1) => previous_release::converted(value, SCHEMA),
            Some(SCHEMA) => value,
            Some(found) if found > SCHEMA => return Err(Unreadable::Newer { found }),
            Some(_) | None => return Err(Unreadable::Malformed("it has no `schema`".into())),
        };
        serde_json::from_value(value).map_err(malformed)
    }

    /// Whether this desired state was tried and rejected, and nothing has changed since.
    pub fn holds(&self, desired: &DesiredId) -> Option<&Held> {
        let is_it = |held: &&Held| desired.was_recorded(&held.change_id, held.desired.as_ref());
        self.held.as_ref().filter(is_it)
    }

    /// Whether the latest change reaches this desired state, or it was tried and rejected.
    pub fn has_met(&self, desired: &DesiredId) -> bool {
        let change = self.change.as_ref();
        change.is_some_and(|change| change.reaches(desired)) || self.holds(desired).is_some()
    }

    /// Completes what the previous release recorded of this desired state with the id that this
    /// release gives it. Answers whether anything was to be completed, and so is to be saved.
    pub fn recognize(&mut self, desired: &DesiredId) -> bool {
        let mut completed = false;
        if let Some(change) = &mut self.change
            && change.desired.is_none()
            && change.reaches(desired)
        {
            change.desired = Some(desired.current.clone());
            completed = true;
        }
        if let Some(held) = &mut self.held
            && held.desired.is_none()
            && desired.was_recorded(&held.change_id, None)
        {
            held.desired = Some(desired.current.clone());
            completed = true;
        }
        completed
    }

    /// Remembers the integration that the action lives in, under its manifest key.
    pub fn lives_in(&mut self, id: Option<IntegrationId>, key: &Key) {
        self.integration_key = id.is_some().then(|| key.clone());
        self.integration_id = id;
    }
}

/// A desired state not to be tried again until a newer version, a new manifest, or a person
/// says so; or, where AWS refused its test, until the role is repaired ([`super::Denial`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The change that sought the rejected desired state.
    pub change_id: ChangeId,
    /// The id of that state; none where the previous release recorded the hold.
    #[serde(default)]
    pub desired: Option<ChangeId>,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub because: String,
}

/// The end of a binding's evidence chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHead {
    /// How many records there are.
    pub length: u64,
    /// The hash of the last one.
    pub hash: Option<Digest>,
    /// Where the last one is (S3 URI).
    pub uri: Option<String>,
}
