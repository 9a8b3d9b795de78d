//! The versions that secrets have, beside those that a binding was bound to.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::change::{BindingState, SecretVersion};
use lockstep_domain::staging::still_works;

use super::Subject;
use crate::aws::SecretSeen;
use crate::runtime::Failure;
use crate::services::Observer;

/// Reads that are made at the same time.
const AT_ONCE: usize = 16;

/// The versions of each secret that was asked for: none where it has no current one.
pub(super) type Versions = BTreeMap<SecretArn, Result<Option<Labelled>, Failure>>;

/// The versions of a secret that its labels name.
#[derive(Clone, Debug)]
pub(super) struct Labelled {
    /// AWSCURRENT.
    pub(super) current: String,
    /// AWSPREVIOUS.
    previous: Option<String>,
}

/// A secret that a binding is to follow.
#[derive(Clone, Debug)]
pub(super) struct Moved<'m> {
    /// Which.
    pub(super) secret: &'m SecretArn,
    /// Whether the version that the binding uses now is the current one or the one before it.
    pub(super) is_recent: bool,
}

/// The versions of one secret, where they could be read and one is current.
pub(super) fn labelled<'v>(versions: &'v Versions, secret: &SecretArn) -> Option<&'v Labelled> {
    versions.get(secret)?.as_ref().ok()?.as_ref()
}

/// The secrets whose version differs from the recorded one.
pub(super) fn moved<'m>(
    subject: &Subject<'m>,
    versions: &Versions,
    state: &BindingState,
) -> Vec<Moved<'m>> {
    let recorded = state.change.iter().flat_map(|change| &change.secrets);
    let recorded: Vec<&SecretVersion> = recorded.collect();
    let is_recorded = |secret: &SecretArn| {
        let current = labelled(versions, secret).map(|one| &one.current);
        recorded
            .iter()
            .any(|one| one.arn == *secret && Some(&one.version_id) == current)
    };
    // What was recorded last may have been rolled back: what calls use is what was bound.
    let is_recent = |secret: &SecretArn| {
        let mut bound = state
            .bound
            .iter()
            .filter(|one| one.arn == *secret)
            .peekable();
        bound.peek().is_some()
            && labelled(versions, secret).is_some_and(|now| {
                bound.all(|one| still_works(&one.version_id, &now.current, now.previous.as_deref()))
            })
    };
    let secrets = subject.secrets().into_iter();
    secrets
        .filter(|secret| !is_recorded(secret))
        .map(|secret| Moved {
            secret,
            is_recent: is_recent(secret),
        })
        .collect()
}

/// The versions of each secret.
pub(super) async fn current(world: &Observer, subjects: &[Subject<'_>]) -> Versions {
    let secrets: BTreeSet<&SecretArn> = subjects.iter().flat_map(Subject::secrets).collect();
    let secrets: Vec<&SecretArn> = secrets.into_iter().collect();
    let mut versions = BTreeMap::new();
    for some in secrets.chunks(AT_ONCE) {
        let looks = some.iter().map(|secret| world.secrets.current(secret));
        for (secret, seen) in some.iter().zip(join_all(looks).await) {
            let version = match seen {
                Ok(SecretSeen::Current {
                    version_id,
                    previous_id,
                    ..
                }) => Ok(Some(Labelled {
                    current: version_id.into(),
                    previous: previous_id,
                })),
                Ok(SecretSeen::NoCurrent | SecretSeen::Deleted | SecretSeen::Missing) => Ok(None),
                Err(error) => Err(error.into()),
            };
            versions.insert((*secret).clone(), version);
        }
    }
    versions
}
