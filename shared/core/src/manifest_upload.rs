//! Uploaded manifests: accepted as a whole, or refused as a whole with every reason.
//!
//! After a refused upload, the last accepted version stays current. If an entry is removed, its
//! resources in AWS and Genesys Cloud stay unchanged, and an event names it as no longer managed.

mod announce;

use std::collections::BTreeSet;

use lockstep_domain::arn::RoleName;
use lockstep_domain::change::{BindingState, Subject};
use lockstep_domain::event::{Body, ManifestAccepted, ManifestRefused, PlanRefused};
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::manifest::{self, Manifest};
use lockstep_domain::problem::Problem;
use tracing::info;

use crate::radius::approve;
use crate::runtime::Failure;
use crate::secret_arns;
use crate::services::{Observer, Provision};
use crate::store::{AcceptError, Accepted, Manifests, Uploaded};

pub use announce::{announce_ignored, announce_unreadable, current};

/// How often an upload that is replaced while it is being accepted is read again.
const MAX_ROUNDS: u32 = 5;

/// The outcome of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is accepted.
    Accepted {
        /// Whose manifest it is.
        organization: OrganizationId,
        /// What a reader should know: what is no longer managed.
        notices: Vec<String>,
    },
    /// It is refused; what was accepted before stays current. Emitted as *Manifest Refused*.
    Refused(Vec<Problem>),
    /// It would change more than it allows at once; what was accepted before stays current.
    /// Announced as *Plan Refused*.
    TooMuch {
        /// Whose manifest it is.
        organization: OrganizationId,
        /// How much, and what to do.
        problem: Problem,
    },
    /// There is no such object any more.
    Gone,
}

/// Reads an uploaded object and accepts or refuses it; emits the event of either.
///
/// Level-triggered: it is the object as it is now that counts, not as it was when the trigger was
/// sent. An upload that is replaced meanwhile is read again, so that of two runs the one with the
/// older text can't have the last word.
///
/// # Errors
/// What a redelivery can help, and broken storage.
pub async fn accept(world: &Provision, object: &str) -> Result<Acceptance, Failure> {
    let mut last = None;
    for _ in 0..MAX_ROUNDS {
        let uploaded = world.uploads.read(object).await?;
        if let Some((seen, acceptance)) = last.take() {
            if uploaded == seen {
                return announced(world, object, seen.as_ref(), acceptance).await;
            }
            info!(object, "the manifest was replaced while it was being read");
        }
        let acceptance = match &uploaded {
            Some(uploaded) => validate(world, object, uploaded).await?,
            None => Acceptance::Gone,
        };
        last = Some((uploaded, acceptance));
    }
    let message = format!("{object} was replaced each time Lockstep read it");
    Err(Failure::retry("manifest_moves", message))
}

/// Accepts uploads whose trigger was lost: those that are neither current nor refused already. An
/// accepted copy that is not valid is written again from its upload. Returns a notice for each,
/// none if every upload is unchanged.
///
/// # Errors
/// What a redelivery can help. An upload that can't be read is that upload's alone.
pub async fn catch_up(world: &Provision, manifests: &Manifests) -> Result<Vec<String>, Failure> {
    let mut notices = Vec::new();
    for object in world.uploads.list().await? {
        match catch_up_with(world, manifests, &object).await {
            Ok(notice) => notices.extend(notice),
            Err(failure @ Failure::Permanent { .. }) => {
                notices.push(format!("{object} could not be accepted: {failure}"));
                if let Some(unreadable) = failure.object() {
                    world.announce_unreadable(unreadable).await?;
                }
            }
            Err(failure @ (Failure::Retry { .. } | Failure::Later { .. })) => return Err(failure),
        }
    }
    Ok(notices)
}

async fn catch_up_with(
    world: &Provision,
    manifests: &Manifests,
    object: &str,
) -> Result<Option<String>, Failure> {
    let version = world.uploads.version(object).await?;
    let is_current = |one: &Accepted| one.object == object && one.version_id == version;
    if manifests.current.iter().any(is_current) {
        // Where it was refused in between, that is over.
        let refused = refused_upload(object);
        world.emit_change::<_, ()>(&refused, None).await?;
        return Ok(None);
    }
    Ok(match accept(world, object).await? {
        Acceptance::Accepted { .. } => Some(format!(
            "{object} was accepted now; the event of its \
                                                     upload was lost"
        )),
        Acceptance::Refused(problems) => {
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Some(format!("{object} is refused: {}", said.join(" ")))
        }
        Acceptance::TooMuch { problem, .. } => Some(format!("{object} is refused: {problem}")),
        Acceptance::Gone => None,
    })
}

async fn validate(
    world: &Provision,
    object: &str,
    uploaded: &Uploaded,
) -> Result<Acceptance, Failure> {
    let before = world.store.accepted().await?;
    let others: Vec<Manifest> = before
        .current
        .iter()
        .filter(|accepted| accepted.object != object)
        .map(|accepted| accepted.manifest.clone())
        .collect();
    let manifest = match manifest::read(&uploaded.text, &world.config.bounds, &others) {
        Ok(manifest) => manifest,
        Err(problems) => return Ok(Acceptance::Refused(problems)),
    };
    let problems = secret_arns::incomplete(world, &manifest).await?;
    if !problems.is_empty() {
        return Ok(Acceptance::Refused(problems));
    }
    let organization = manifest.organization.id.clone();
    roles_can_be_checked(object, &manifest, &before)?;
    // Read before accepting: if it fails, nothing has happened yet.
    let (states, unread) = states(world, &organization).await?;
    let mut notices = notices(object, &manifest, &before, &states);
    notices.extend(unread);
    let version_id = uploaded.version_id.as_deref();
    let predecessor = before.of(&organization);
    let is_current =
        |one: &Accepted| one.object == object && one.version_id.as_deref() == version_id;
    if !predecessor.is_some_and(is_current)
        && let Err(problem) =
            approve(world, &manifest, predecessor.map(|one| &one.manifest)).await?
    {
        return Ok(Acceptance::TooMuch {
            organization,
            problem,
        });
    }
    let accepted = world
        .uploads
        .accept(object, version_id, &uploaded.text, &manifest, world.now())
        .await;
    match accepted {
        Ok(()) => Ok(Acceptance::Accepted {
            organization,
            notices,
        }),
        Err(AcceptError::Taken(problem)) => Ok(Acceptance::Refused(vec![problem])),
        Err(AcceptError::Store(error)) => Err(error.into()),
    }
}

/// One role belongs to one organization. Where the accepted copy of another organization can't be
/// read, it is not known whether that one has a role that is new in this manifest: the upload waits
/// until the copy is repaired, and what was accepted before stays current.
fn roles_can_be_checked(
    object: &str,
    manifest: &Manifest,
    before: &Manifests,
) -> Result<(), Failure> {
    let organization = &manifest.organization.id;
    let mut unreadable = before.unreadable.iter();
    let Some(other) = unreadable.find(|copy| copy.organization != *organization) else {
        return Ok(());
    };
    let predecessor = before.of(organization).map(|accepted| &accepted.manifest);
    let had: BTreeSet<&RoleName> = predecessor.into_iter().flat_map(roles).collect();
    let Some(role) = roles(manifest).find(|role| !had.contains(role)) else {
        return Ok(());
    };
    Err(Failure::Permanent {
        kind: other.error.kind(),
        message: format!(
            "{object} must wait: Lockstep cannot determine whether organization {} also uses the \
             role {role}: {}",
            other.organization, other.error
        ),
        object: other.error.unreadable().map(Box::new),
    })
}

fn roles(manifest: &Manifest) -> impl Iterator<Item = &RoleName> {
    manifest.integrations.iter().map(|one| &one.role)
}

/// The states that can be read, and what is wrong with the others, which are events.
pub(crate) async fn states(
    world: &Observer,
    organization: &OrganizationId,
) -> Result<(Vec<BindingState>, Vec<String>), Failure> {
    let mut states = Vec::new();
    let mut unread = Vec::new();
    for state in world.states.each_state(organization).await? {
        match state {
            Ok(state) => states.push(state),
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(error) => {
                if let Some(object) = error.unreadable() {
                    world.announce_unreadable(&object).await?;
                }
                unread.push(error.to_string());
            }
        }
    }
    Ok((states, unread))
}

/// What remembers why an upload was refused last.
fn refused_upload(object: &str) -> (&'static str, &str) {
    ("refused upload", object)
}

async fn announced(
    world: &Provision,
    object: &str,
    uploaded: Option<&Uploaded>,
    acceptance: Acceptance,
) -> Result<Acceptance, Failure> {
    let mut header = world.header();
    let subject = refused_upload(object);
    let version = uploaded
        .and_then(|uploaded| uploaded.version_id.as_deref())
        .map(|version| format!(" (version {version})"))
        .unwrap_or_default();
    // Once for each version and reason: the resync finds a refused upload again and again.
    let (errors, body) = match &acceptance {
        Acceptance::Accepted {
            organization,
            notices,
        } => {
            header.organization_id = Some(organization.clone());
            let body = ManifestAccepted {
                notices: notices.clone(),
                reason: Some(format!("{object}{version} is accepted")),
            };
            world.emit(header, body).await?;
            world.emit_change::<_, ()>(&subject, None).await?;
            return Ok(acceptance);
        }
        Acceptance::Refused(problems) => {
            let body = ManifestRefused {
                errors: problems.clone(),
                reason: Some(format!(
                    "{object}{version} is refused; the manifest that was accepted before stays \
                     current"
                )),
                ..ManifestRefused::default()
            };
            (problems.clone(), body.into())
        }
        Acceptance::TooMuch {
            organization,
            problem,
        } => {
            header.organization_id = Some(organization.clone());
            let body = PlanRefused {
                errors: vec![problem.clone()],
                reason: Some(format!(
                    "{object}{version} would change more bindings at once than it allows; the \
                     manifest that was accepted before stays current"
                )),
                ..PlanRefused::default()
            };
            (vec![problem.clone()], Body::from(body))
        }
        Acceptance::Gone => return Ok(acceptance),
    };
    let wrong = (uploaded.map(Uploaded::version), body.event_type(), errors);
    let wrong = Some((&wrong, header, body));
    world.emit_change(&subject, wrong).await?;
    Ok(acceptance)
}

/// What is no longer managed: named by the manifest before, or remembered, and named no more.
fn notices(
    object: &str,
    manifest: &Manifest,
    before: &Manifests,
    states: &[BindingState],
) -> Vec<String> {
    let organization = &manifest.organization.id;
    let predecessor = before.of(organization).map(|accepted| &accepted.manifest);
    let unmanaged = before
        .current
        .iter()
        .map(|one| (&one.object, &one.manifest.organization.id));
    let unmanaged = unmanaged.filter(|(of, other)| of.as_str() == object && *other != organization);
    let unmanaged = unmanaged.map(|(_, other)| {
        format!(
            "organization {other} is no longer managed: {object} now describes another organization"
        )
    });
    let mut notices = unmanaged_actions(manifest, predecessor, states);
    notices.extend(unmanaged_credentials(manifest, predecessor, states));
    notices.extend(unmanaged_roles(manifest, predecessor));
    notices.extend(unmanaged);
    notices
}

/// A notice for each action that the manifest before named, or a state is about, and this one does not.
fn unmanaged_actions(
    manifest: &Manifest,
    predecessor: Option<&Manifest>,
    states: &[BindingState],
) -> Vec<String> {
    let named = predecessor.into_iter().flat_map(|one| &one.actions);
    let named = named.map(|action| &action.key);
    let of_actions = states
        .iter()
        .filter(|state| state.subject == Subject::Action);
    let remembered = of_actions.map(|state| &state.key);
    let unmanaged: BTreeSet<&Key> = named
        .chain(remembered)
        .filter(|key| manifest.action(key).is_none())
        .collect();
    let notice = |key: &Key| {
        let state = states.iter().find(|state| state.key == *key);
        let function = state.and_then(|state| state.function.as_ref());
        let function = function
            .map(|function| format!(", and its role may still invoke {function}"))
            .unwrap_or_default();
        format!("{key} is no longer managed: its action in Genesys Cloud stays unchanged{function}")
    };
    unmanaged.into_iter().map(notice).collect()
}

/// The same for each entry of an integration credential.
fn unmanaged_credentials(
    manifest: &Manifest,
    predecessor: Option<&Manifest>,
    states: &[BindingState],
) -> Vec<String> {
    let named = predecessor.into_iter().flat_map(|one| &one.credentials);
    let named = named.map(|credential| &credential.key);
    let remembered = states.iter().flat_map(|state| state.credentials.keys());
    let unmanaged: BTreeSet<&Key> = named
        .chain(remembered)
        .filter(|key| manifest.credential(key).is_none())
        .collect();
    let notice = |key: &Key| {
        format!(
            "{key} is no longer managed: its credential in Genesys Cloud stays unchanged, unless \
             another entry uses the same slot"
        )
    };
    unmanaged.into_iter().map(notice).collect()
}

/// The same for each role.
fn unmanaged_roles(manifest: &Manifest, predecessor: Option<&Manifest>) -> Vec<String> {
    let roles = |manifest: &'_ Manifest| -> BTreeSet<RoleName> {
        let integrations = manifest.integrations.iter();
        integrations.map(|one| one.role.clone()).collect()
    };
    let kept = roles(manifest);
    let before = predecessor.map(roles).unwrap_or_default();
    let unmanaged = before.difference(&kept);
    unmanaged
        .map(|role| format!("the role {role} is no longer managed: it stays unchanged in AWS"))
        .collect()
}
