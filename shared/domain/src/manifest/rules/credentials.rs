//! Integration credentials: which slot of which integration, from which secret, shown by which
//! actions.

use super::actions::{check_integration, check_secret};
use super::refuse_repeated;
use crate::arn::SecretArn;
use crate::ids::Key;
use crate::manifest::bounds::Bounds;
use crate::manifest::collect::Problems;
use crate::manifest::nearest::nearest;
use crate::manifest::place::Place;
use crate::manifest::wire;

type Entry<'m> = (Place, &'m wire::Credential);

pub(super) fn check(manifest: &wire::Manifest, bounds: &Bounds, problems: &mut Problems<'_>) {
    let at = Place::root().key("credentials");
    let entries: Vec<Entry<'_>> = manifest
        .credentials
        .iter()
        .flat_map(wire::List::present)
        .map(|(index, entry)| (at.index(index), entry))
        .collect();
    refuse_repeated(
        entries.iter().filter_map(|(at, entry)| {
            let integration = entry.integration.as_ref()?;
            Some((at.key("slot"), (integration, entry.slot.as_ref()?)))
        }),
        problems,
        |(integration, slot), first| {
            (
                format!(
                    "{first} already fills the slot `{slot}` of the integration `{integration}`"
                ),
                "Keep one entry for the slot.",
            )
        },
    );
    one_overlap(&entries, problems);
    for (at, entry) in &entries {
        if let Some(key) = &entry.integration {
            let at = at.key("integration");
            check_integration(key, manifest, &at, problems);
            not_a_role(key, manifest, &at, problems);
        }
        if let Some(secret) = &entry.secret {
            readable(secret, &at.key("secret"), bounds, problems);
        }
        tests(entry, at, manifest, problems);
    }
}

/// The credential of an AWS Lambda integration is its role, which Lockstep keeps right already.
fn not_a_role(key: &Key, manifest: &wire::Manifest, at: &Place, problems: &mut Problems<'_>) {
    let mut integrations = manifest.integrations.iter().flat_map(wire::List::present);
    let is_lambda = integrations.any(|(_, one)| one.key.as_ref() == Some(key) && one.is_lambda());
    if is_lambda {
        problems.add(
            at,
            format!("`{key}` is an AWS Lambda integration, whose only credential is its role"),
            "Use an integration of another type, or set `type` on that integration.",
        );
    }
}

fn readable(secret: &SecretArn, at: &Place, bounds: &Bounds, problems: &mut Problems<'_>) {
    check_secret(secret, at, bounds, problems);
    let prefix = &bounds.credential_secret_prefix;
    if !secret.name().starts_with(prefix.as_str()) {
        problems.bound(
            at,
            format!(
                "this stack may not read the value of `{}`: the name does not begin with `{prefix}`",
                secret.name()
            ),
            "Use a secret with such a name, or change the stack parameter CredentialSecretPrefix.",
        );
    }
}

/// All credentials of one secret move together, so they go back together or not at all.
fn one_overlap(entries: &[Entry<'_>], problems: &mut Problems<'_>) {
    for (index, (at, entry)) in entries.iter().enumerate() {
        let overlap = |entry: &wire::Credential| entry.overlap.unwrap_or_default();
        let first = entries[..index]
            .iter()
            .find(|(_, other)| entry.secret.is_some() && other.secret == entry.secret);
        if let Some((first_at, first)) = first
            && overlap(first) != overlap(entry)
        {
            problems.add(
                &at.key("overlap"),
                format!("{first_at} says otherwise for the same secret"),
                "Use the same value for all credentials of a secret: they move and roll back \
                 together.",
            );
        }
    }
}

fn tests(
    entry: &wire::Credential,
    at: &Place,
    manifest: &wire::Manifest,
    problems: &mut Problems<'_>,
) {
    let Some(actions) = &manifest.actions else {
        return;
    };
    let mut integrations = manifest.integrations.iter().flat_map(wire::List::present);
    let is_known = integrations.any(|(_, one)| one.key.is_some() && one.key == entry.integration);
    let named = || entry.test.iter().flat_map(wire::List::present);
    let at = at.key("test");
    refuse_repeated(
        named().map(|(index, key)| (at.index(index), key)),
        problems,
        |key, first| {
            (
                format!("{first} already names `{key}`"),
                "List each action once.",
            )
        },
    );
    for (index, key) in named() {
        let at = at.index(index);
        let mut known = actions.present();
        let action = known.find(|(_, action)| action.key.as_ref() == Some(key));
        match action {
            Some((_, action)) if action.integration == entry.integration => {}
            Some(_) if !is_known => {}
            Some(_) => problems.add(
                &at,
                format!("the action `{key}` belongs to another integration"),
                "Use an action that uses this credential.",
            ),
            None if actions.has_holes() => {}
            None => {
                let keys = actions.present().filter_map(|(_, one)| one.key.as_ref());
                let fix = match nearest(key.as_str(), keys.map(Key::as_str)) {
                    Some(meant) => format!("Did you mean `{meant}`?"),
                    None => "Add an entry with this key to `actions`.".to_owned(),
                };
                problems.add(&at, format!("no action has the key `{key}`"), fix);
            }
        }
    }
}
