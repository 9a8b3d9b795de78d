//! Which bindings a request means.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::credentials::{Unit, units};
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::manifest::{Action, Manifest};
use lockstep_domain::problem::Problem;

use crate::store::Manifests;

/// The bindings of one manifest that are meant.
#[derive(Clone, Debug)]
pub struct Selected<'m> {
    /// The manifest in force.
    pub manifest: &'m Manifest,
    /// Some or all of its actions, in its order.
    pub actions: Vec<&'m Action>,
    /// The secrets of some or all of its credentials, each with all of its credentials: they move
    /// together.
    pub units: Vec<Unit<'m>>,
}

/// What a request names; what it leaves out does not narrow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'n> {
    /// The organization.
    pub organization: Option<&'n OrganizationId>,
    /// The bindings.
    pub keys: Option<&'n [Key]>,
    /// A secret that the bindings use.
    pub secret: Option<&'n SecretArn>,
    /// Whether a person asks, who names the organization where there are several. The scheduler
    /// means all of them.
    pub by_hand: bool,
}

impl Named<'_> {
    /// Whether only some of a manifest's bindings may be meant.
    #[must_use]
    pub fn narrows(&self) -> bool {
        self.keys.is_some() || self.secret.is_some()
    }
}

/// The bindings meant, by manifest.
///
/// # Errors
/// Every name that nothing in force bears, and an organization that should have been named.
pub fn select<'m>(
    manifests: &'m Manifests,
    named: Named<'_>,
) -> Result<Vec<Selected<'m>>, Vec<Problem>> {
    let chosen = chosen(manifests, named).map_err(|problem| vec![problem])?;
    let unknown = unknown(&chosen, named.keys.unwrap_or_default());
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let meant = |action: &&Action| {
        let uses = |secret: &SecretArn| action.secrets.iter().any(|one| one.arn == *secret);
        named.keys.is_none_or(|keys| keys.contains(&action.key)) && named.secret.is_none_or(uses)
    };
    let meant_unit = |unit: &Unit<'_>| {
        let mut credentials = unit.credentials.iter();
        let any_of = |keys: &[Key]| credentials.any(|one| keys.contains(&one.key));
        named.keys.is_none_or(any_of) && named.secret.is_none_or(|secret| unit.secret == secret)
    };
    Ok(chosen
        .into_iter()
        .map(|manifest| Selected {
            manifest,
            actions: manifest.actions.iter().filter(meant).collect(),
            units: units(manifest).into_iter().filter(meant_unit).collect(),
        })
        .collect())
}

fn chosen<'m>(manifests: &'m Manifests, named: Named<'_>) -> Result<Vec<&'m Manifest>, Problem> {
    if let Some(organization) = named.organization {
        return match manifests.of(organization) {
            Some(accepted) => Ok(vec![&accepted.manifest]),
            None => Err(Problem::new(
                "event.organization",
                format!("no manifest of organization {organization} is in force"),
                with_refused(
                    format!("Upload one, or name one of: {}.", organizations(manifests)),
                    manifests,
                ),
            )),
        };
    }
    let needs_one = named.keys.is_some() || named.by_hand;
    if needs_one && manifests.in_force.len() > 1 {
        return Err(Problem::new(
            "event.organization",
            "several manifests are in force, and the event names no organization",
            format!("Name one of: {}.", organizations(manifests)),
        ));
    }
    Ok(in_force(manifests).collect())
}

fn unknown(chosen: &[&Manifest], keys: &[Key]) -> Vec<Problem> {
    let known: Vec<&str> = chosen
        .iter()
        .flat_map(|manifest| {
            let actions = manifest.actions.iter().map(|action| &action.key);
            actions.chain(manifest.credentials.iter().map(|one| &one.key))
        })
        .map(Key::as_str)
        .collect();
    keys.iter()
        .enumerate()
        .filter(|(_, key)| !known.contains(&key.as_str()))
        .map(|(index, key)| {
            Problem::new(
                format!("event.keys[{index}]"),
                format!("no manifest in force has an action or a credential with the key {key}"),
                format!("Name keys of the manifest: {}.", known.join(", ")),
            )
        })
        .collect()
}

fn in_force(manifests: &Manifests) -> impl Iterator<Item = &Manifest> {
    manifests.in_force.iter().map(|accepted| &accepted.manifest)
}

fn organizations(manifests: &Manifests) -> String {
    let ids: Vec<&str> = in_force(manifests)
        .map(|manifest| manifest.organization.id.as_str())
        .collect();
    if ids.is_empty() {
        "none".to_owned()
    } else {
        ids.join(", ")
    }
}

fn with_refused(mut fix: String, manifests: &Manifests) -> String {
    let objects: Vec<&str> = manifests
        .refused
        .iter()
        .map(|(object, _)| object.as_str())
        .collect();
    if !objects.is_empty() {
        fix.push_str(&format!(
            " Accepted once and no longer allowed by the stack: {}.",
            objects.join(", ")
        ));
    }
    fix
}
