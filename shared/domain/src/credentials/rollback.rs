//! Rollback: what is done if a change of a credential set cannot be completed.

use super::retire::{retirement, still_used};
use super::{CredentialStep, ObservedCredentialSet, Target};
use crate::change::{AfterFailure, Change, PreviousCredential};
use crate::ids::{CredentialId, Key};
use crate::rebind::Found;

/// What a failed live test, or a step that cannot be carried out, leads to: a rollback if the previous values still work and the credentials that carry them still exist.
pub fn after_failure(
    old_values_still_work: bool,
    change: &Change,
    observed: &ObservedCredentialSet,
) -> AfterFailure {
    if !old_values_still_work {
        return AfterFailure::Keep {
            because:
                "the previous values no longer work (`overlap: none`, or a version older than \
                 AWSPREVIOUS), so Lockstep did not roll back"
                    .into(),
        };
    }
    let mut previous = change.previous_credentials.iter();
    let gone = previous.find_map(|(key, previous)| {
        let id = previous.credential_id.as_ref()?;
        (!observed.existing.contains(id)).then_some((id, key))
    });
    match gone {
        None => AfterFailure::GoBack,
        Some((id, key)) => AfterFailure::Keep {
            because: format!(
                "the previous credential {id} of {key} no longer exists, so Lockstep \
                              did not roll back"
            ),
        },
    }
}

/// The next step of a rollback.
#[derive(Clone, Debug, PartialEq)]
pub enum WayBack {
    /// None is possible: the slots of these credentials cannot be found any longer.
    Lost(Vec<Key>),
    /// Point these slots at what they pointed at before.
    Move(Vec<CredentialStep>),
    /// Every slot points at what it pointed at before; delete what was created. Whatever carried
    /// the values before is not touched.
    Delete(Vec<CredentialStep>),
}

/// Decides the next step of a rollback.
pub fn way_back(change: &Change, observed: &ObservedCredentialSet) -> WayBack {
    let mut moves = Vec::new();
    let mut lost = Vec::new();
    for (key, previous) in &change.previous_credentials {
        match now_in(key, previous, observed) {
            Ok(current) if current == previous.credential_id.as_ref() => {}
            Ok(current) => moves.push(move_back(key, previous, current)),
            Err(NotFound) => lost.push(key.clone()),
        }
    }
    if !lost.is_empty() {
        return WayBack::Lost(lost);
    }
    if !moves.is_empty() {
        return WayBack::Move(moves);
    }
    let is_previous = |id: &CredentialId| {
        let mut all = change.previous_credentials.values();
        all.any(|one| one.credential_id.as_ref() == Some(id))
    };
    let made = observed.ours.iter().filter(|own| !is_previous(&own.id));
    let unused = made.filter(|own| still_used(own, &[]).is_empty());
    WayBack::Delete(unused.map(retirement).collect())
}

fn move_back(
    key: &Key,
    previous: &PreviousCredential,
    current: Option<&CredentialId>,
) -> CredentialStep {
    CredentialStep::Point {
        key: key.clone(),
        integration: previous.integration_id.clone(),
        slot: previous.slot.clone(),
        old: current.cloned(),
        new: match &previous.credential_id {
            Some(id) => Target::Credential(id.clone()),
            None => Target::Nothing,
        },
        reason: "the change could not be completed, and the previous values still work".into(),
    }
}

/// What the slot of each credential of the set points at, in words.
pub fn standing(change: &Change, observed: &ObservedCredentialSet) -> Vec<String> {
    change
        .previous_credentials
        .iter()
        .map(|(key, previous)| {
            let PreviousCredential {
                integration_id,
                slot,
                credential_id,
                bound: _,
            } = previous;
            let place = format!("{key}: the slot {slot} of the integration {integration_id}");
            let before = || {
                let id = credential_id.as_ref();
                id.map_or_else(|| "nothing".to_owned(), ToString::to_string)
            };
            match now_in(key, previous, observed) {
                Err(NotFound) => format!("{place} cannot be found; it referred to {}", before()),
                Ok(current) if current == credential_id.as_ref() => {
                    format!("{place} refers to {}, as before", before())
                }
                Ok(None) => format!("{place} is empty; it referred to {}", before()),
                Ok(Some(current)) => {
                    format!("{place} refers to {current}; it referred to {}", before())
                }
            }
        })
        .collect()
}

struct NotFound;

fn now_in<'o>(
    key: &Key,
    previous: &PreviousCredential,
    observed: &'o ObservedCredentialSet,
) -> Result<Option<&'o CredentialId>, NotFound> {
    match observed.slots.get(key) {
        Some(Found::One(seen)) if seen.integration_id == previous.integration_id => {
            Ok(seen.current.as_ref().map(|current| &current.id))
        }
        Some(Found::One(_) | Found::Nothing | Found::Several(_) | Found::Gone(_)) | None => {
            Err(NotFound)
        }
    }
}
