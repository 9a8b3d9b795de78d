//! What a manifest may say beyond its form.
//! Each rule reads the parts that it needs and ignores what is not well-formed, which is reported
//! already.

mod actions;
mod contract;
mod credentials;
mod exceptions;
mod integrations;
mod organization;
mod platform;
mod role_size;
mod rotation;
mod templates;

use std::collections::{BTreeMap, BTreeSet};

use super::bounds::Bounds;
use super::collect::Problems;
use super::place::Place;
use super::{Manifest, wire};
use crate::arn::RoleName;
use crate::problem::Problem;

/// Checks every rule and notes what is broken.
///
/// A rule is *upload only* ([`Problems::add`]) or a *bound* ([`Problems::bound`]), which says what
/// it means for a manifest that was accepted before: see [`super::collect::Weight`].
pub(super) fn check(
    manifest: &wire::Manifest,
    bounds: &Bounds,
    others: &[Manifest],
    problems: &mut Problems<'_>,
) {
    let root = Place::root();
    if let Some(organization) = &manifest.organization {
        organization::check(organization, &root.key("organization"), bounds, problems);
    }
    integrations::check(manifest, bounds, others, problems);
    role_size::check(manifest, problems);
    actions::check(manifest, bounds, problems);
    credentials::check(manifest, bounds, problems);
    rotation::check(manifest, problems);
    exceptions::check(manifest, problems);
    new_rules(manifest, problems);
}

/// Rules that came with this release and that an accepted manifest may break.
fn new_rules(manifest: &wire::Manifest, problems: &mut Problems<'_>) {
    let at = Place::root().key("actions");
    for (index, action) in manifest.actions.iter().flat_map(wire::List::present) {
        platform::check(action, &at.index(index), problems);
    }
}

/// Notes every value that occurs at more than one place. `told` says what is wrong, given the value
/// and its first place, and what to do.
fn refuse_repeated<T: Ord>(
    values: impl IntoIterator<Item = (Place, T)>,
    problems: &mut Problems<'_>,
    told: impl Fn(&T, &Place) -> (String, &'static str),
) {
    let mut seen: BTreeMap<T, Place> = BTreeMap::new();
    for (place, value) in values {
        if let Some(first) = seen.get(&value) {
            let (problem, fix) = told(&value, first);
            problems.add(&place, problem, fix);
        } else {
            seen.insert(value, place);
        }
    }
}

/// An entry's name among those of its kind, as `refuse_shared_names` looks at it.
struct Named<K> {
    /// Where the name is.
    at: Place,
    /// The name, and what it is a name within.
    name: K,
    /// Whether the entry says by `id` which thing of that name it means.
    has_id: bool,
}

/// Notes every name of several entries. Names are not unique at Genesys Cloud, so entries may share
/// one where each has an `id`; an entry without one is looked for by its name, and would find
/// another entry's.
fn refuse_shared_names<K: Ord + Clone>(
    entries: Vec<Named<K>>,
    problems: &mut Problems<'_>,
    told: impl Fn(&K, &Place) -> (String, &'static str),
) {
    let without_id: BTreeSet<K> = entries
        .iter()
        .filter(|entry| !entry.has_id)
        .map(|entry| entry.name.clone())
        .collect();
    let unclear = entries.into_iter().map(|entry| (entry.at, entry.name));
    let unclear = unclear.filter(|(_, name)| without_id.contains(name));
    refuse_repeated(unclear, problems, told);
}

/// Role names are unique in an account without regard to case (IAM API reference, `CreateRole`).
fn is_same_role(one: &RoleName, other: &RoleName) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

impl Manifest {
    /// Why this manifest and another one cannot both be accepted: they name one organization, or
    /// one role that would serve two.
    ///
    /// The places are in this manifest and carry no lines.
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> Vec<Problem> {
        if self.organization.id == other.organization.id {
            return vec![Problem::new(
                "organization.id",
                format!(
                    "organization {} already has another accepted manifest",
                    other.organization.id
                ),
                "Keep one file per organization: merge the two files, or remove one.",
            )];
        }
        let roles = self.integrations.iter().enumerate();
        roles
            .filter(|(_, mine)| {
                other
                    .integrations
                    .iter()
                    .any(|its| is_same_role(&mine.role, &its.role))
            })
            .map(|(index, mine)| {
                let at = Place::root().key("integrations").index(index).key("role");
                let (problem, fix) = integrations::shared_role(&mine.role, other);
                Problem::new(at.to_string(), problem, fix)
            })
            .collect()
    }
}
