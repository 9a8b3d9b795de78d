//! Which secrets with OAuth clients the accepted manifests name, those included that the stack's parameters do not
//! cover any more: whoever reads such a secret may still use its clients.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::Manifest;
use lockstep_domain::problem::Problem;
use lockstep_domain::rotation::RotationRefusal;

use crate::store::Manifests;

/// The current manifest that names a secret as one of its organization's clients.
///
/// # Errors
/// None does, or none that covers the secret, or whether one does is not known.
pub(super) fn naming<'m>(
    manifests: &'m Manifests,
    secret: &SecretArn,
) -> Result<&'m Manifest, RotationRefusal> {
    let mut all = manifests.current.iter().map(|accepted| &accepted.manifest);
    if let Some(manifest) = all.find(|one| one.client_secrets().any(|named| named == secret)) {
        return Ok(manifest);
    }
    if let Some(uncovered) = uncovered(manifests)
        .into_iter()
        .find(|one| one.secret == secret)
    {
        return Err(uncovered.refusal());
    }
    Err(match unreadable(manifests) {
        Some(because) => RotationRefusal::ManifestUnreadable {
            client: None,
            because,
        },
        None => RotationRefusal::NotInManifest,
    })
}

/// All secrets that are named, covered or not.
pub(super) fn all(manifests: &Manifests) -> impl Iterator<Item = &SecretArn> {
    let covered = manifests.current.iter();
    let covered = covered.flat_map(|accepted| accepted.manifest.client_secrets());
    covered.chain(uncovered(manifests).into_iter().map(|one| one.secret))
}

/// A secret that a manifest names and the stack's parameters do not cover.
pub(super) struct Uncovered<'m> {
    pub(super) secret: &'m SecretArn,
    /// Whose manifest it is, where the rest of it is covered.
    organization: Option<&'m OrganizationId>,
    problems: &'m [Problem],
}

impl Uncovered<'_> {
    pub(super) fn refusal(&self) -> RotationRefusal {
        let problems = self.problems.iter();
        let (because, fix): (Vec<&str>, Vec<&str>) = problems
            .map(|one| (one.problem.as_str(), one.fix.as_str()))
            .unzip();
        RotationRefusal::NotCovered {
            organization: self.organization.cloned(),
            because: because.join("; "),
            fix: fix.join(" "),
        }
    }
}

pub(super) fn uncovered(manifests: &Manifests) -> Vec<Uncovered<'_>> {
    let dropped = manifests.current.iter().flat_map(|accepted| {
        // An entry without a key is a secret of `rotated_clients`.
        let clients = accepted.dropped.iter().filter(|one| one.key.is_none());
        clients.flat_map(|one| {
            one.secrets.iter().map(|secret| Uncovered {
                secret,
                organization: Some(&accepted.manifest.organization.id),
                problems: &one.problems,
            })
        })
    });
    let refused = manifests.refused.iter().zip(&manifests.refused_clients);
    let refused = refused.flat_map(|((_, problems), clients)| {
        clients.iter().flatten().map(move |secret| Uncovered {
            secret,
            organization: None,
            problems,
        })
    });
    dropped.chain(refused).collect()
}

/// Which accepted manifests can't be read, and why.
pub(super) fn unreadable(manifests: &Manifests) -> Option<String> {
    let copies = manifests
        .unreadable
        .iter()
        .map(|copy| copy.error.to_string());
    let refused = manifests.refused.iter().zip(&manifests.refused_clients);
    let refused = refused
        .filter(|(_, clients)| clients.is_none())
        .map(|((object, _), _)| {
            format!("the manifest accepted from {object} can no longer be read as a manifest")
        });
    let all: Vec<String> = copies.chain(refused).collect();
    (!all.is_empty()).then(|| all.join("; "))
}
