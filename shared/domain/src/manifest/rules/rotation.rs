//! How secrets should be rotated and encrypted: said once for each, and nothing that can't be.

use std::collections::BTreeMap;

use crate::arn::SecretArn;
use crate::manifest::collect::Problems;
use crate::manifest::place::Place;
use crate::manifest::wire;

pub(super) fn check(manifest: &wire::Manifest, problems: &mut Problems<'_>) {
    let mut said: BTreeMap<&SecretArn, (Place, &wire::Rotation)> = BTreeMap::new();
    for (at, secret, rotation) in directives(manifest) {
        let Some(secret) = secret else { continue };
        match said.get(secret) {
            Some((first, other)) if *other != rotation => problems.add(
                &at,
                format!("{first} says otherwise for the same secret"),
                "Write it once, or use the same value each time.",
            ),
            Some(_) => {}
            None => {
                said.insert(secret, (at, rotation));
            }
        }
    }
}

fn directives(manifest: &wire::Manifest) -> Vec<(Place, Option<&SecretArn>, &wire::Rotation)> {
    let mut found = Vec::new();
    let at = Place::root().key("actions");
    for (index, action) in manifest.actions.iter().flat_map(wire::List::present) {
        for (nth, secret) in action.secret_references() {
            if let Some(rotation) = &secret.rotation {
                let at = at.index(index).key("secrets").index(nth).key("rotation");
                found.push((at, secret.arn.as_ref(), rotation));
            }
        }
    }
    let at = Place::root().key("credentials");
    for (index, entry) in manifest.credentials.iter().flat_map(wire::List::present) {
        if let Some(rotation) = &entry.rotation {
            found.push((
                at.index(index).key("rotation"),
                entry.secret.as_ref(),
                rotation,
            ));
        }
    }
    found
}
