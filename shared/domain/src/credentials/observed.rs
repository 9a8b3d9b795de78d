//! What was observed of a credential set in Genesys Cloud.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::ids::{ActionId, CredentialId, IntegrationId, Key};
use crate::rebind::Found;

/// Everything that the planner needs. A read that failed fails the whole observation.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedCredentialSet {
    /// The slot of each credential, by manifest key.
    pub slots: BTreeMap<Key, Found<SlotSeen>>,
    /// Credentials of ours, used or not: by their names, or because our state says so.
    pub ours: Vec<OwnSeen>,
    /// Every credential that exists.
    pub existing: BTreeSet<CredentialId>,
    /// The actions that show whether a credential works, by manifest key.
    pub tests: BTreeMap<Key, Found<ActionId>>,
}

/// An integration as far as one slot of its config goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSeen {
    /// The integration.
    pub integration_id: IntegrationId,
    /// Its type.
    pub kind: String,
    /// The slot as the integration's type, or its config, spells it; none where neither has it.
    pub slot: Option<String>,
    /// The slots that the integration's type describes.
    pub known: Vec<String>,
    /// The types of credentials that the slot takes; empty where that is not described.
    pub takes: Vec<String>,
    /// What it points at.
    pub current: Option<InSlot>,
}

/// The credential that a slot points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InSlot {
    /// Its id.
    pub id: CredentialId,
    /// Whether there is such a credential.
    pub exists: bool,
    /// Its name, where known.
    pub name: Option<String>,
    /// When it was written last, where known.
    pub modified_date: Option<Timestamp>,
}

/// A credential of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSeen {
    /// Its id.
    pub id: CredentialId,
    /// The manifest key it was made for.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// When it was written last, where known.
    pub modified_date: Option<Timestamp>,
    /// The integrations that use it.
    pub used_by: Vec<IntegrationId>,
}
