//! How many bindings a trigger would change: what should hold now, compared with what was recorded.
//!
//! Bindings are independent here too: what can't be read of one is kept with that one.

mod versions;

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::arn::SecretArn;
use lockstep_domain::binding::DesiredAction;
use lockstep_domain::change::{BindingState, ChangeId, DesiredId, SecretVersion};
use lockstep_domain::credentials::{CredentialSet, DesiredCredentialSet, credential_sets};
use lockstep_domain::guard::{Approval, BlastRadius, Difference, difference};
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::{Action, Manifest, Mode, Overlap};
use lockstep_domain::problem::Problem;
use lockstep_domain::staging::{Rotating, Stage, Standing, stage};

use self::versions::{Moved, current, labelled, moved};
use crate::config::Config;
use crate::reconcile::action::desired_integration;
use crate::runtime::Failure;
use crate::services::Observer;

/// What a scope would change.
#[derive(Clone, Debug)]
pub struct Radius<'m> {
    manifest: &'m Manifest,
    /// The change that each binding is to reach; the credentials of one secret are one binding,
    /// under the key of its state. A binding with a secret that has no current version has none:
    /// it can't change, and `rebind-action` says so.
    pub changes: BTreeMap<Key, ChangeId>,
    measured: Vec<Measured<'m>>,
    /// By the key that people know, why a binding could not be measured.
    unread: Vec<(Key, Failure)>,
}

/// One binding, as far as it could be read.
#[derive(Clone, Debug)]
struct Measured<'m> {
    subject: Subject<'m>,
    id: DesiredId,
    difference: Difference,
    /// The secrets whose version differs from the recorded one.
    moved: Vec<Moved<'m>>,
    state: BindingState,
}

/// What a binding is.
#[derive(Clone, Debug)]
enum Subject<'m> {
    Action(&'m Action),
    CredentialSet(CredentialSet<'m>),
}

impl<'m> Subject<'m> {
    /// Under which its state lies.
    fn key(&self) -> &Key {
        match self {
            Self::Action(action) => &action.key,
            Self::CredentialSet(set) => &set.key,
        }
    }

    /// People know a credential set by its first credential.
    fn known_as(&self) -> &Key {
        match self {
            Self::Action(action) => &action.key,
            Self::CredentialSet(set) => set.first_key(),
        }
    }

    fn secrets(&self) -> Vec<&'m SecretArn> {
        match self {
            Self::Action(action) => action.secrets.iter().map(|one| &one.arn).collect(),
            Self::CredentialSet(set) => vec![set.secret],
        }
    }

    /// The id of what `manifest` says, at some versions of its secrets; none where one of them has
    /// no version.
    fn desired(
        &self,
        config: &Config,
        manifest: &Manifest,
        version: impl Fn(&SecretArn) -> Option<String>,
    ) -> Option<DesiredId> {
        let organization = &manifest.organization.id;
        match self {
            Self::Action(action) => {
                let secrets = action.secrets.iter().map(|secret| {
                    Some(SecretVersion {
                        name: secret.name.to_string(),
                        arn: secret.arn.clone(),
                        version_id: version(&secret.arn)?,
                    })
                });
                let desired = DesiredAction::new(action, secrets.collect::<Option<_>>()?);
                let integration = manifest.integration_of(action)?;
                let integration = desired_integration(config, integration);
                Some(desired.desired_id(organization, &integration))
            }
            Self::CredentialSet(set) => {
                let desired = DesiredCredentialSet::new(manifest, set, version(set.secret)?);
                Some(desired.change_id(organization).into())
            }
        }
    }
}

/// Reads secrets and states of some bindings of one organization.
pub async fn radius<'m>(
    world: &Observer,
    manifest: &'m Manifest,
    actions: &[&'m Action],
    credential_sets: &[CredentialSet<'m>],
) -> Radius<'m> {
    let subjects = actions.iter().map(|action| Subject::Action(action));
    let subjects = subjects.chain(credential_sets.iter().cloned().map(Subject::CredentialSet));
    let subjects: Vec<Subject<'m>> = subjects.collect();
    let versions = current(world, &subjects).await;
    let mut radius = Radius {
        manifest,
        changes: BTreeMap::new(),
        measured: Vec::new(),
        unread: Vec::new(),
    };
    let mut known = Vec::new();
    for subject in subjects {
        let unread = subject.secrets().into_iter().find_map(|secret| {
            let read = versions.get(secret)?.as_ref();
            read.err().cloned()
        });
        let version = |secret: &SecretArn| Some(labelled(&versions, secret)?.current.clone());
        if let Some(failure) = unread {
            radius.unread.push((subject.known_as().clone(), failure));
        } else if let Some(id) = subject.desired(&world.config, manifest, version) {
            let change = id.current.clone();
            radius.changes.insert(subject.key().clone(), change);
            known.push((subject, id));
        }
    }
    let keys: Vec<&Key> = known.iter().map(|(subject, _)| subject.key()).collect();
    let states = world.states.some(&manifest.organization.id, &keys).await;
    for ((subject, id), state) in known.iter().zip(states) {
        match state {
            Ok(state) => radius.measured.push(Measured {
                difference: differs(&world.config, manifest, subject, id, &state.value),
                moved: moved(subject, &versions, &state.value),
                subject: subject.clone(),
                id: id.clone(),
                state: state.value,
            }),
            Err(error) => {
                let key = subject.known_as().clone();
                radius.unread.push((key, error.into()));
            }
        }
    }
    radius
}

fn differs(
    config: &Config,
    manifest: &Manifest,
    subject: &Subject<'_>,
    id: &DesiredId,
    state: &BindingState,
) -> Difference {
    difference(state, id, |recorded| {
        subject.desired(config, manifest, |secret| {
            let version = recorded.iter().find(|one| one.arn == *secret)?;
            Some(version.version_id.clone())
        })
    })
}

/// Whether an upload may become current: of what it changes, the manifest before it has approved
/// nothing yet. One that writes nothing changes nothing.
///
/// # Errors
/// What is needed to decide could not be read, and may be readable later.
pub async fn approve(
    world: &Observer,
    manifest: &Manifest,
    before: Option<&Manifest>,
) -> Result<Result<(), Problem>, Failure> {
    if manifest.organization.mode == Mode::Plan {
        return Ok(Ok(()));
    }
    let actions: Vec<&Action> = manifest.actions.iter().collect();
    let radius = radius(world, manifest, &actions, &credential_sets(manifest)).await;
    let before = before.filter(|before| before.organization.mode == Mode::Apply);
    let guard = radius.guard(|subject| {
        before.is_some_and(|before| is_as_before(&world.config, subject, manifest, before))
    })?;
    Ok(guard.check(Approval::Upload))
}

/// Whether both manifests say the same of a binding, whatever the versions of its secrets.
fn is_as_before(
    config: &Config,
    subject: &Subject<'_>,
    manifest: &Manifest,
    before: &Manifest,
) -> bool {
    let earlier = match subject {
        Subject::Action(action) => before.action(&action.key).map(Subject::Action),
        Subject::CredentialSet(set) => credential_sets(before)
            .into_iter()
            .find(|one| one.key == set.key)
            .map(Subject::CredentialSet),
    };
    let any_version = |_: &SecretArn| Some(String::new());
    let now = subject.desired(config, manifest, any_version);
    earlier.is_some_and(|earlier| earlier.desired(config, before, any_version) == now)
}

impl<'m> Radius<'m> {
    /// What of single bindings could not be read, for the reader of an answer.
    pub fn unread(&self) -> impl Iterator<Item = String> {
        let said = |(key, failure): &(Key, Failure)| format!("{key} could not be read: {failure}");
        self.unread.iter().map(said)
    }

    /// Refuses a request by hand that would change more than the manifest allows.
    ///
    /// # Errors
    /// See [`approve`].
    pub fn check_request(&self) -> Result<Result<(), Problem>, Failure> {
        Ok(self.guard(|_| false)?.check(Approval::Request))
    }

    /// The changes that a person has to approve. A guard counts what it cannot read as a change.
    fn guard(&self, is_approved: impl Fn(&Subject<'m>) -> bool) -> Result<BlastRadius, Failure> {
        let may_pass = |failure: &Failure| matches!(failure, Failure::Retry { .. });
        if let Some((_, failure)) = self.unread.iter().find(|(_, failure)| may_pass(failure)) {
            return Err(failure.clone());
        }
        let changing = self.measured.iter().filter(|one| match one.difference {
            Difference::Nothing | Difference::VersionsOnly => false,
            Difference::Manifest => !is_approved(&one.subject),
        });
        let changing = changing.map(|one| one.subject.known_as());
        let unread = self.unread.iter().map(|(key, _)| key);
        let organization = &self.manifest.organization;
        Ok(BlastRadius {
            organization: organization.id.clone(),
            changing: changing.chain(unread).cloned().collect(),
            max_changes: organization.max_changes,
        })
    }

    /// The bindings whose recorded state is the desired one already, or that are held.
    #[must_use]
    pub fn met(&self) -> BTreeSet<Key> {
        let met = self.measured.iter();
        let met = met.filter(|one| one.difference == Difference::Nothing);
        met.map(|one| one.subject.known_as().clone()).collect()
    }

    /// The bindings that must not be bound yet, because a rotation of one of their secrets concerns
    /// many and the first of them has not passed.
    #[must_use]
    pub fn staged(&self) -> Staged {
        let mut staged = Staged::default();
        let secrets: BTreeSet<&SecretArn> = self
            .can_wait()
            .flat_map(|(_, one)| one.moved.iter().map(|moved| moved.secret))
            .collect();
        for secret in secrets {
            self.stage(secret, &mut staged);
        }
        staged
    }

    fn stage(&self, secret: &SecretArn, staged: &mut Staged) {
        let uses = |action: &Action| action.secrets.iter().any(|one| one.arn == *secret);
        let bindings: Vec<Rotating<'_>> = self
            .actions()
            .filter(|(action, _)| uses(action) && alternates(action, secret))
            .map(|(action, one)| Rotating {
                key: &action.key,
                tested: action.test.as_ref().is_some_and(|test| test.safe),
                standing: Standing::of(&one.state, &one.id),
            })
            .collect();
        let follows = |one: &Measured<'_>| one.moved.iter().any(|moved| moved.secret == secret);
        let all_but = |first: &Key| -> BTreeSet<Key> {
            self.can_wait()
                .filter(|(action, one)| follows(one) && action.key != *first)
                .map(|(action, _)| action.key.clone())
                .collect()
        };
        match stage(&bindings, self.manifest.organization.max_changes) {
            Stage::Everything => {}
            Stage::First(first) => staged.waiting.extend(all_but(first)),
            Stage::Stopped(first) => {
                let rest = all_but(first);
                if !rest.is_empty() {
                    staged.problems.push(stopped(first, rest.len(), secret));
                    staged.stopped.extend(rest);
                }
            }
        }
    }

    fn actions(&self) -> impl Iterator<Item = (&'m Action, &Measured<'m>)> {
        self.measured.iter().filter_map(|one| match &one.subject {
            Subject::Action(action) => Some((*action, one)),
            Subject::CredentialSet(_) => None,
        })
    }

    /// What differs in versions only, and uses versions that still work.
    fn can_wait(&self) -> impl Iterator<Item = (&'m Action, &Measured<'m>)> {
        self.actions().filter(|(action, one)| {
            one.difference == Difference::VersionsOnly
                && one
                    .moved
                    .iter()
                    .all(|moved| moved.is_recent && alternates(action, moved.secret))
        })
    }
}

/// Whether the version before the current one still works, as every reference to a secret says.
fn alternates(action: &Action, secret: &SecretArn) -> bool {
    let mut references = action.secrets.iter().filter(|one| one.arn == *secret);
    references.all(|one| one.overlap == Overlap::Alternating)
}

fn stopped(first: &Key, rest: usize, secret: &SecretArn) -> Problem {
    Problem::new(
        format!("actions[{first}]"),
        format!(
            "{first} could not be bound to the current version of {secret}, so the other bindings \
             ({rest}) stay on the previous version, which still works"
        ),
        format!(
            "Correct the cause named in its Rebind Failed, Rebind Rolled Back or Data Action \
             Unhealthy \
             event, then invoke rebind-action with \"keys\": [\"{first}\"] and \"retry\": true. \
             The others follow at the next resync."
        ),
    )
}

/// What is not handed on yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staged {
    /// What waits for a binding that is being bound.
    pub waiting: BTreeSet<Key>,
    /// What stays where it is, because the first binding failed.
    pub stopped: BTreeSet<Key>,
    /// Why it stays.
    pub problems: Vec<Problem>,
}

impl Staged {
    /// Whether a binding is not handed on.
    #[must_use]
    pub fn holds_back(&self, key: &Key) -> bool {
        self.waiting.contains(key) || self.stopped.contains(key)
    }
}

#[cfg(test)]
mod tests;
