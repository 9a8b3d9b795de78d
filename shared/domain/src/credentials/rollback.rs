//! The way back: what is done where a change of a unit can't be carried to its end.

use super::retire::{retirement, still_used};
use super::{CredentialStep, ObservedUnit, Target, UnitPlan};
use crate::change::{Change, PreviousCredential};
use crate::ids::{CredentialId, IntegrationId, Key};
use crate::rebind::Found;

/// Whether the unit can go back to something that works: the values before still do, and the
/// credentials that carry them still exist.
///
/// # Errors
/// Why not.
pub fn can_go_back(
    old_values_still_work: bool,
    change: &Change,
    observed: &ObservedUnit,
) -> Result<(), String> {
    if !old_values_still_work {
        return Err(
            "the values that were bound before do not work any more (`overlap: none`, or a version \
             older than AWSPREVIOUS), so there is nothing better to go back to"
                .into(),
        );
    }
    let gone = change
        .previous_credentials
        .iter()
        .find_map(|(key, previous)| {
            let id = previous.credential_id.as_ref()?;
            (!observed.existing.contains(id)).then(|| {
                format!("the credential {id} that {key} used before does not exist any more")
            })
        });
    gone.map_or(Ok(()), Err)
}

/// Points every slot at what it pointed at before, and deletes what was made. Whatever carried the
/// values before is not touched.
///
/// Also the keys whose slot can't be found any more.
pub fn way_back(change: &Change, observed: &ObservedUnit) -> (UnitPlan, Vec<Key>) {
    let mut plan = UnitPlan::default();
    let mut lost = Vec::new();
    let mut freed: Vec<(CredentialId, IntegrationId)> = Vec::new();
    for (key, previous) in &change.previous_credentials {
        let current = match now_in(key, previous, observed) {
            Ok(current) => current,
            Err(NotFound) => {
                lost.push(key.clone());
                continue;
            }
        };
        if current == previous.credential_id.as_ref() {
            continue;
        }
        freed.extend(current.map(|id| (id.clone(), previous.integration_id.clone())));
        plan.moves.push(CredentialStep::Point {
            key: key.clone(),
            integration: previous.integration_id.clone(),
            slot: previous.slot.clone(),
            old: current.cloned(),
            new: match &previous.credential_id {
                Some(id) => Target::Credential(id.clone()),
                None => Target::Nothing,
            },
            reason: "the change could not be carried to its end; the values before still work"
                .into(),
        });
    }
    let is_previous = |id: &CredentialId| {
        let mut all = change.previous_credentials.values();
        all.any(|one| one.credential_id.as_ref() == Some(id))
    };
    for own in observed.ours.iter().filter(|own| !is_previous(&own.id)) {
        if still_used(own, &freed).is_empty() {
            plan.retirements.push(retirement(own));
        }
    }
    (plan, lost)
}

/// Where each credential of the unit stands, in words.
pub fn standing(change: &Change, observed: &ObservedUnit) -> Vec<String> {
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
                Err(NotFound) => format!("{place} can't be found; it pointed at {}", before()),
                Ok(current) if current == credential_id.as_ref() => {
                    format!("{place} points at {}, as before", before())
                }
                Ok(None) => format!("{place} is empty; it pointed at {}", before()),
                Ok(Some(current)) => {
                    format!("{place} points at {current}; before at {}", before())
                }
            }
        })
        .collect()
}

struct NotFound;

fn now_in<'o>(
    key: &Key,
    previous: &PreviousCredential,
    observed: &'o ObservedUnit,
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
