//! Integrations and their roles: no two entries name one integration, and no role is another
//! organization's.

use super::{Named, is_same_role, refuse_repeated, refuse_shared_names};
use crate::arn::RoleName;
use crate::manifest::bounds::Bounds;
use crate::manifest::collect::Problems;
use crate::manifest::place::Place;
use crate::manifest::{Manifest, wire};

pub(super) fn check(
    manifest: &wire::Manifest,
    bounds: &Bounds,
    others: &[Manifest],
    problems: &mut Problems<'_>,
) {
    let at = Place::root().key("integrations");
    let entries: Vec<(Place, &wire::Integration)> = manifest
        .integrations
        .iter()
        .flat_map(wire::List::present)
        .map(|(index, entry)| (at.index(index), entry))
        .collect();
    let named = entries.iter().filter_map(|(at, entry)| {
        Some(Named {
            at: at.key("name"),
            name: (entry.resolved_type(), entry.name.as_ref()?),
            has_id: entry.id.is_some(),
        })
    });
    refuse_shared_names(named.collect(), problems, |(_, name), first| {
        (
            format!("{first} already manages the integration `{name}`"),
            "Merge the two entries: several actions can share an integration. If two integrations \
             have this name, set the `id` of each.",
        )
    });
    refuse_repeated(
        entries
            .iter()
            .filter_map(|(at, entry)| Some((at.key("id"), entry.id.as_ref()?))),
        problems,
        |id, first| {
            (
                format!("{first} already manages the integration {id}"),
                "Merge the two entries: several actions can share an integration.",
            )
        },
    );
    let organization = manifest.organization.as_ref().and_then(|o| o.id.as_ref());
    let others: Vec<&Manifest> = others
        .iter()
        .filter(|other| organization.is_some_and(|id| *id != other.organization.id))
        .collect();
    for (at, entry) in &entries {
        match &entry.role {
            Some(_) if !entry.is_lambda() => problems.add(
                &at.key("role"),
                format!(
                    "an integration of type {} has no role: Genesys Cloud assumes a role only for \
                     AWS Lambda",
                    entry.resolved_type()
                ),
                "Remove `role`, or remove `type` if this is an AWS Lambda integration.",
            ),
            Some(role) => check_role(role, &at.key("role"), bounds, &others, problems),
            None if entry.is_lambda() => problems.missing(
                &at.key("role"),
                "`role` is missing",
                "Add `role`. The name of the IAM role that Genesys Cloud assumes; it begins with \
                 the stack's RoleNamePrefix. Or, if this is not an AWS Lambda integration, add \
                 `type`.",
            ),
            None => {}
        }
        if entry.adopt.is_some() && !entry.is_lambda() {
            problems.add(
                &at.key("adopt"),
                "`adopt` applies only to AWS Lambda integrations, and this is not one",
                "Remove `adopt`.",
            );
        }
    }
}

fn check_role(
    role: &RoleName,
    at: &Place,
    bounds: &Bounds,
    others: &[&Manifest],
    problems: &mut Problems<'_>,
) {
    let prefix = &bounds.role_name_prefix;
    if is_own(role.as_str(), &bounds.own_role_prefix) {
        problems.bound(
            at,
            format!("{role} is a role of Lockstep's own stack"),
            "Use another name: Lockstep never changes its own roles.",
        );
    } else if !role.as_str().starts_with(prefix.as_str()) {
        problems.bound(
            at,
            format!(
                "this stack may not manage the role {role}: the name does not begin with `{prefix}`"
            ),
            "Use a role with such a name, or change the stack parameter RoleNamePrefix.",
        );
    }
    for other in others {
        if other
            .integrations
            .iter()
            .any(|its| is_same_role(role, &its.role))
        {
            let (problem, fix) = shared_role(role, other);
            problems.bound(at, problem, fix);
        }
    }
}

/// An empty prefix names nothing.
fn is_own(name: &str, prefix: &str) -> bool {
    !prefix.is_empty()
        && name
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// What is wrong with a role that another manifest has already, and what to do.
pub(super) fn shared_role(role: &RoleName, other: &Manifest) -> (String, &'static str) {
    (
        format!(
            "the organization {} already uses the role {role}",
            other.organization.id
        ),
        "Use a different role for each organization: the trust policy of a role has the external \
         id of one organization.",
    )
}
