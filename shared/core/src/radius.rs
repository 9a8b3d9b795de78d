//! How many bindings a trigger would change: what should hold now, against what was recorded.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::binding::DesiredAction;
use lockstep_domain::change::{ChangeId, DesiredId, SecretVersion};
use lockstep_domain::credentials::{DesiredUnit, Unit};
use lockstep_domain::guard::BlastRadius;
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::{Action, Manifest};

use crate::aws::{AwsError, SecretSeen};
use crate::reconcile::action::desired_integration;
use crate::runtime::Failure;
use crate::world::World;

/// Reads that are made at the same time.
const AT_ONCE: usize = 16;

/// What a scope would change.
#[derive(Clone, Debug)]
pub struct Radius {
    /// The change that each binding is to reach; the credentials of one secret are one binding,
    /// under the key of its state. A binding with a secret that has no current version has none:
    /// it can't change, and `rebind-action` says so.
    pub changes: BTreeMap<Key, ChangeId>,
    /// Those that differ from what was recorded.
    pub guard: BlastRadius,
    /// What of single bindings could not be read. They are not counted: what can't be read can't
    /// be changed, and `rebind-action` says so of each.
    pub unread: Vec<String>,
}

/// Reads secrets and states of some bindings of one organization.
///
/// # Errors
/// AWS did not answer for now: a guard that can't see refuses nothing and permits nothing. What can't
/// be read until somebody repairs it is that binding's alone.
pub async fn radius(
    world: &World,
    manifest: &Manifest,
    actions: &[&Action],
    units: &[Unit<'_>],
) -> Result<Radius, Failure> {
    let organization = &manifest.organization;
    let mut unread = Vec::new();
    let versions = current(world, actions, units, &mut unread).await?;
    let of_actions = actions.iter().filter_map(|action| {
        let desired = DesiredAction::new(action, bound(action, &versions)?);
        let integration = manifest.integration_of(action)?;
        let integration = desired_integration(&world.config, integration);
        let id = desired.desired_id(&organization.id, &integration);
        Some((action.key.clone(), id))
    });
    let of_units = units.iter().filter_map(|unit| {
        let version = versions.get(unit.secret)?.clone();
        let desired = DesiredUnit::new(manifest, unit, version);
        let id = DesiredId::from(desired.change_id(&organization.id));
        Some((unit.key.clone(), id))
    });
    let wanted: BTreeMap<Key, DesiredId> = of_actions.chain(of_units).collect();
    let mut changing = BTreeSet::new();
    let to_load: Vec<(&Key, &DesiredId)> = wanted.iter().collect();
    for some in to_load.chunks(AT_ONCE) {
        let loads = some
            .iter()
            .map(|(key, _)| world.store.load(&organization.id, key));
        for ((key, id), state) in some.iter().zip(join_all(loads).await) {
            let state = match state {
                Ok(state) => state.value,
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => {
                    unread.push(format!("{key}: {error}"));
                    continue;
                }
            };
            if !state.has_met(id) {
                // People know a unit by its first credential.
                let unit = units.iter().find(|unit| unit.key == **key);
                changing.insert(unit.map_or(*key, Unit::first_key).clone());
            }
        }
    }
    let changes = wanted.into_iter().map(|(key, id)| (key, id.current));
    Ok(Radius {
        changes: changes.collect(),
        guard: BlastRadius {
            organization: organization.id.clone(),
            changing,
            max_changes: organization.max_changes,
        },
        unread,
    })
}

/// The version of each secret that is current; a secret without one is left out.
async fn current(
    world: &World,
    actions: &[&Action],
    units: &[Unit<'_>],
    unread: &mut Vec<String>,
) -> Result<BTreeMap<SecretArn, String>, AwsError> {
    let secrets: BTreeSet<&SecretArn> = actions
        .iter()
        .flat_map(|action| &action.secrets)
        .map(|secret| &secret.arn)
        .chain(units.iter().map(|unit| unit.secret))
        .collect();
    let secrets: Vec<&SecretArn> = secrets.into_iter().collect();
    let mut versions = BTreeMap::new();
    for some in secrets.chunks(AT_ONCE) {
        let looks = some.iter().map(|secret| world.secrets.current(secret));
        for (secret, seen) in some.iter().zip(join_all(looks).await) {
            match seen {
                Ok(SecretSeen::Current { version_id, .. }) => {
                    versions.insert((*secret).clone(), version_id.into());
                }
                Ok(SecretSeen::NoCurrent | SecretSeen::Deleted | SecretSeen::Missing) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => unread.push(error.to_string()),
            }
        }
    }
    Ok(versions)
}

/// An action's secrets at their versions, in the manifest's order; `None` where one has none.
fn bound(action: &Action, versions: &BTreeMap<SecretArn, String>) -> Option<Vec<SecretVersion>> {
    action
        .secrets
        .iter()
        .map(|secret| {
            Some(SecretVersion {
                name: secret.name.to_string(),
                arn: secret.arn.clone(),
                version_id: versions.get(&secret.arn)?.clone(),
            })
        })
        .collect()
}
