//! How much one role may be asked to grant.

use std::collections::{BTreeMap, BTreeSet};

use crate::arn::{FunctionArn, RoleName};
use crate::ids::Key;
use crate::manifest::collect::Problems;
use crate::manifest::place::Place;
use crate::manifest::wire;
use crate::role::oversize;

/// What a role is to invoke, over all integrations that name it.
struct Asked<'m> {
    /// Where it is named first.
    at: Place,
    functions: BTreeSet<FunctionArn>,
    role: &'m RoleName,
}

/// Refuses a role whose policy would exceed what IAM takes.
pub(super) fn check(manifest: &wire::Manifest, problems: &mut Problems<'_>) {
    let at = Place::root().key("integrations");
    let mut roles: BTreeMap<&RoleName, Asked<'_>> = BTreeMap::new();
    for (index, integration) in manifest.integrations.iter().flat_map(wire::List::present) {
        let (Some(key), Some(role)) = (&integration.key, &integration.role) else {
            continue;
        };
        let asked = roles.entry(role).or_insert_with(|| Asked {
            at: at.index(index).key("role"),
            functions: BTreeSet::new(),
            role,
        });
        asked.functions.extend(functions_of(manifest, key));
    }
    for asked in roles.into_values() {
        if let Some((problem, fix)) = oversize(asked.role, &asked.functions) {
            problems.add(&asked.at, problem, fix);
        }
    }
}

fn functions_of<'m>(
    manifest: &'m wire::Manifest,
    integration: &'m Key,
) -> impl Iterator<Item = FunctionArn> + 'm {
    manifest
        .actions
        .iter()
        .flat_map(wire::List::present)
        .filter(move |(_, action)| action.integration.as_ref() == Some(integration))
        .filter_map(|(_, action)| action.function.clone())
}
