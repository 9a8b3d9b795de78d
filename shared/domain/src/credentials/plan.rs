//! Plans a credential set: what has to be made, pointed, tested and deleted so that every
//! credential carries the values of the secret's current version.

use std::collections::{BTreeMap, BTreeSet};

use super::fit::{fitting_slot, tests};
use super::retire::{retirement, still_used};
use super::{
    CredentialStep, DesiredCredential, DesiredCredentialSet, InSlot, ObservedCredentialSet,
    SlotSeen, Target, credential_name,
};
use crate::change::{BindingState, BoundCredential, ChangeId, End, Phase, PreviousCredential};
use crate::ids::{CredentialId, IntegrationId, Key};
use crate::plan::{Plan, Step};
use crate::rebind::{Absent, Found, Refusal};

/// The steps to take, in order: moves, then tests, then retirements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CredentialSetPlan {
    /// Every create, then every pointing.
    pub moves: Vec<CredentialStep>,
    /// Writes nothing. To be run once per attempt.
    pub tests: Vec<CredentialStep>,
    /// Only when the tests have passed.
    pub retirements: Vec<CredentialStep>,
    /// Notes for the reader.
    pub notices: Vec<String>,
}

impl Plan for CredentialSetPlan {
    fn describe(&self, with_tests: bool) -> Vec<Step> {
        let tests = self.tests.iter().filter(|_| with_tests);
        let steps = self.moves.iter().chain(tests).chain(&self.retirements);
        steps.map(CredentialStep::describe).collect()
    }

    fn notices(&self) -> &[String] {
        &self.notices
    }

    fn replaces_tested(&self) -> bool {
        !self.moves.is_empty()
    }
}

/// Which attempt at the change a plan belongs to: the one under way, or the next.
pub fn attempt(state: &BindingState, id: &ChangeId) -> u32 {
    match state.change.as_ref().filter(|change| change.id == *id) {
        Some(change) if change.is_under_way() => change.attempt,
        Some(change) => change.attempt + 1,
        None => 1,
    }
}

/// What a change that begins now would go back to, by manifest key.
///
/// A change that was cut off, or split, moved only some slots: what *it* would have gone back to
/// still exists, since nothing is deleted before its tests have passed.
pub fn previous(
    desired: &DesiredCredentialSet,
    observed: &ObservedCredentialSet,
    state: &BindingState,
) -> BTreeMap<Key, PreviousCredential> {
    let unfinished = state.change.as_ref().filter(|change| match &change.phase {
        Phase::Applying | Phase::Testing => true,
        Phase::Verifying { .. } => false,
        Phase::Ended { end, .. } => matches!(end, End::Split { .. }),
    });
    let mut all = BTreeMap::new();
    for credential in &desired.credentials {
        let key = &credential.key;
        let Some(Found::One(seen)) = observed.slots.get(key) else {
            continue;
        };
        let slot = seen.slot.clone().unwrap_or_else(|| credential.slot.clone());
        let left = unfinished
            .and_then(|change| change.previous_credentials.get(key))
            .filter(|left| left.integration_id == seen.integration_id && left.slot == slot)
            .filter(|left| {
                let id = left.credential_id.as_ref();
                id.is_none_or(|id| observed.existing.contains(id))
            });
        let previous = left.cloned().unwrap_or_else(|| {
            let current = seen.current.as_ref().map(|current| current.id.clone());
            PreviousCredential {
                integration_id: seen.integration_id.clone(),
                slot,
                bound: state
                    .credentials
                    .get(key)
                    .filter(|bound| Some(&bound.credential_id) == current.as_ref())
                    .cloned(),
                credential_id: current,
            }
        });
        all.insert(key.clone(), previous);
    }
    all
}

/// Plans a credential set.
///
/// # Errors
/// Refuses with every reason at once; nothing may be written then.
pub fn plan(
    desired: &DesiredCredentialSet,
    observed: &ObservedCredentialSet,
    state: &BindingState,
    id: &ChangeId,
) -> Result<CredentialSetPlan, Refusal> {
    let mut problems = Vec::new();
    let mut seen = Vec::new();
    for credential in &desired.credentials {
        match fitting_slot(credential, observed) {
            Ok(slot) => seen.push((credential, slot)),
            Err(problem) => problems.push(problem),
        }
    }
    let tests = tests(desired, observed, &mut problems);
    if !problems.is_empty() {
        return Err(Refusal {
            problems,
            absent: Absent::default(),
        });
    }
    let under_way = state.change.as_ref();
    let under_way = under_way.filter(|change| change.id == *id && change.is_under_way());
    let before = match under_way {
        Some(change) => change.previous_credentials.clone(),
        None => previous(desired, observed, state),
    };
    let planner = Planner {
        desired,
        observed,
        state,
        id,
        attempt: attempt(state, id),
        before,
    };
    Ok(planner.plan(&seen, tests))
}

struct Planner<'a> {
    desired: &'a DesiredCredentialSet,
    observed: &'a ObservedCredentialSet,
    state: &'a BindingState,
    id: &'a ChangeId,
    attempt: u32,
    before: BTreeMap<Key, PreviousCredential>,
}

/// What is to be done about a credential of the set.
enum Standing {
    /// As it should.
    Holds(CredentialId),
    /// The one that should be in the slot exists. Also where it is there already, and only our
    /// state does not say so yet.
    Point(CredentialId, String),
    /// There is none.
    Make(String),
}

impl Planner<'_> {
    fn plan(
        &self,
        seen: &[(&DesiredCredential, &SlotSeen)],
        tests: Vec<CredentialStep>,
    ) -> CredentialSetPlan {
        let mut plan = CredentialSetPlan {
            tests,
            ..CredentialSetPlan::default()
        };
        let mut pointings = Vec::new();
        let mut wanted = BTreeSet::new();
        let mut freed: Vec<(CredentialId, IntegrationId)> = Vec::new();
        for (credential, seen) in seen {
            let name = self.name(credential);
            let (new, reason) = match self.standing(credential, seen, &name) {
                Standing::Holds(id) => {
                    wanted.insert(id);
                    continue;
                }
                Standing::Point(id, reason) => {
                    wanted.insert(id.clone());
                    (Target::Credential(id), reason)
                }
                Standing::Make(reason) => {
                    plan.moves.push(CredentialStep::Create {
                        key: credential.key.clone(),
                        name,
                        credential_type: credential.credential_type.clone(),
                        fields: credential.fields.clone(),
                        secret: self.desired.secret.clone(),
                        reason: reason.clone(),
                    });
                    (Target::JustMade, reason)
                }
            };
            if let Some(current) = &seen.current
                && new != Target::Credential(current.id.clone())
            {
                freed.push((current.id.clone(), seen.integration_id.clone()));
                plan.notices
                    .extend(self.replaced_notice(credential, seen, current));
            }
            pointings.push(CredentialStep::Point {
                key: credential.key.clone(),
                integration: seen.integration_id.clone(),
                slot: seen.slot.clone().unwrap_or_else(|| credential.slot.clone()),
                old: seen.current.as_ref().map(|current| current.id.clone()),
                new,
                reason,
            });
        }
        plan.moves.extend(pointings);
        self.retire(&wanted, &freed, &mut plan);
        plan
    }

    fn name(&self, credential: &DesiredCredential) -> String {
        let before = self.before.get(&credential.key);
        credential_name(
            &credential.key,
            &self.desired.secret.version_id,
            self.id,
            self.attempt,
            before.and_then(|before| before.credential_id.as_ref()),
        )
    }

    fn standing(&self, desired: &DesiredCredential, seen: &SlotSeen, name: &str) -> Standing {
        let bound = self.state.credentials.get(&desired.key);
        let reason = match self.difference(desired, seen, bound) {
            Ok(id) => return Standing::Holds(id),
            Err(reason) => reason,
        };
        let current = seen.current.as_ref().filter(|current| current.exists);
        if let Some(current) = current
            && current.name.as_deref() == Some(name)
        {
            return Standing::Point(current.id.clone(), reason);
        }
        // One whose create was not answered, or that a run which was cut off had made.
        let spare = self.observed.ours.iter().filter(|own| own.name == name);
        if let Some(spare) = spare.min_by(|one, other| one.id.cmp(&other.id)) {
            return Standing::Point(spare.id.clone(), reason);
        }
        if let Some(bound) = bound
            && self.is_good(desired, seen, bound)
        {
            return Standing::Point(bound.credential_id.clone(), reason);
        }
        Standing::Make(reason)
    }

    /// Why the slot is not as it should be, if it is not.
    fn difference(
        &self,
        desired: &DesiredCredential,
        seen: &SlotSeen,
        bound: Option<&BoundCredential>,
    ) -> Result<CredentialId, String> {
        let Some(bound) = bound else {
            return Err("Lockstep has not bound it yet".into());
        };
        if bound.integration_id != seen.integration_id || Some(&bound.slot) != seen.slot.as_ref() {
            return Err("the manifest names another integration or slot".into());
        }
        if !self.same_values(desired, bound) {
            return Err(if bound.version_id == self.desired.secret.version_id {
                "its type or fields in the manifest have changed".into()
            } else {
                format!(
                    "the current version of the secret is now {}",
                    self.desired.secret.version_id
                )
            });
        }
        let Some(current) = &seen.current else {
            return Err("someone emptied the slot".into());
        };
        if current.id != bound.credential_id {
            return Err(format!(
                "someone switched the slot to the credential {}, away from {}",
                current.id, bound.credential_id
            ));
        }
        if !current.exists {
            return Err("the credential was deleted".into());
        }
        match written_since(bound, current.modified_date) {
            Some(at) => Err(format!("someone else wrote to the credential at {at}")),
            None => Ok(current.id.clone()),
        }
    }

    fn same_values(&self, desired: &DesiredCredential, bound: &BoundCredential) -> bool {
        let same_source =
            bound.version_id == self.desired.secret.version_id && bound.recipe == desired.recipe();
        let fingerprint = desired.fingerprint.as_ref();
        same_source || (fingerprint.is_some() && fingerprint == bound.fingerprint.as_ref())
    }

    /// Whether the credential that we bound is unchanged, only not where it should be.
    fn is_good(
        &self,
        desired: &DesiredCredential,
        seen: &SlotSeen,
        bound: &BoundCredential,
    ) -> bool {
        let found = self
            .observed
            .ours
            .iter()
            .find(|own| own.id == bound.credential_id);
        bound.integration_id == seen.integration_id
            && self.same_values(desired, bound)
            && found.is_some_and(|own| written_since(bound, own.modified_date).is_none())
    }

    /// The notice about a credential that is not ours and that ours replaces.
    fn replaced_notice(
        &self,
        desired: &DesiredCredential,
        seen: &SlotSeen,
        current: &InSlot,
    ) -> Option<String> {
        let ours = self.observed.ours.iter().any(|own| own.id == current.id);
        let of_others = current.exists && !ours;
        of_others.then(|| {
            format!(
                "{}: Lockstep did not create the credential {} ({}) that the integration {} uses, \
                 and keeps it. Delete it in Genesys Cloud once nothing uses it",
                desired.key,
                current.id,
                current.name.as_deref().unwrap_or("without a name"),
                seen.integration_id
            )
        })
    }

    /// Ours that nothing will use once the moves are made.
    fn retire(
        &self,
        wanted: &BTreeSet<CredentialId>,
        freed: &[(CredentialId, IntegrationId)],
        plan: &mut CredentialSetPlan,
    ) {
        for own in &self.observed.ours {
            if wanted.contains(&own.id) {
                continue;
            }
            match still_used(own, freed).as_slice() {
                [] => plan.retirements.push(retirement(own)),
                users => plan.notices.push(format!(
                    "{}: the credential {} ({}) is still used by the integration {}, so Lockstep \
                     keeps it",
                    own.key,
                    own.id,
                    own.name,
                    users.join(", ")
                )),
            }
        }
    }
}

/// When somebody else wrote to a credential of ours, if anybody did. Where either mark is not
/// known, nothing is concluded.
fn written_since(
    bound: &BoundCredential,
    modified: Option<jiff::Timestamp>,
) -> Option<jiff::Timestamp> {
    match (bound.modified_date, modified) {
        (Some(known), Some(found)) if known != found => Some(found),
        (_, _) => None,
    }
}
