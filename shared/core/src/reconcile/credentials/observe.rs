//! What is seen of a credential set at Genesys Cloud, in the planner's terms.
//!
//! A failed read fails the whole observation: a partial answer is not evidence of absence. Names and dates
//! of credentials come from the listing, the only read that shows when one was written last; that
//! one exists or not is asked of the credential itself, since a listing may lag behind.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use genesys_cloud as api;
use genesys_cloud::Genesys;
use lockstep_domain::change::BindingState;
use lockstep_domain::credentials::{
    CredentialSet, InSlot, ObservedCredentialSet, OwnSeen, SlotSeen, our_name,
};
use lockstep_domain::ids::{ActionId, CredentialId, IntegrationId, Key};
use lockstep_domain::manifest::{Credential, Manifest, OtherIntegration, TriedAction};
use lockstep_domain::rebind::Found;
use tokio::try_join;

use super::RebindError;
use crate::genesys::Session;

/// Reads integrations, configs, credentials and actions; independent reads side by side.
///
/// # Errors
/// Where anything could not be read.
pub(super) async fn observe(
    session: &Session,
    manifest: &Manifest,
    set: &CredentialSet<'_>,
    state: &BindingState,
) -> Result<ObservedCredentialSet, RebindError> {
    let genesys = &session.genesys;
    let (listed, integrations) = try_join!(listing(genesys), integrations(session, manifest, set))?;
    let tests = tests(genesys, manifest, set, &integrations).await?;
    let mut existing: BTreeSet<CredentialId> = listed.keys().cloned().collect();
    let mut slots = BTreeMap::new();
    for credential in &set.credentials {
        let found = match integrations.get(&credential.integration) {
            Some(Found::One(seen)) => {
                let slot = slot_of(genesys, credential, seen, &listed).await?;
                existing.extend(
                    slot.current
                        .iter()
                        .filter(|current| current.exists)
                        .map(|current| current.id.clone()),
                );
                Found::One(slot)
            }
            Some(Found::Nothing) | None => Found::Nothing,
            Some(Found::Several(ids)) => Found::Several(ids.clone()),
            Some(Found::Gone(id)) => Found::Gone(id.clone()),
        };
        slots.insert(credential.key.clone(), found);
    }
    let ours = ours(genesys, manifest, set, state, &listed, &slots).await?;
    Ok(ObservedCredentialSet {
        slots,
        ours,
        existing,
        tests,
    })
}

type Listed = BTreeMap<CredentialId, api::CredentialInfo>;

async fn listing(genesys: &Genesys) -> Result<Listed, RebindError> {
    let listed = genesys.list_credentials().await?;
    listed
        .into_iter()
        .map(|info| Ok((parsed(&info.id, "a credential's id")?, info)))
        .collect()
}

/// An integration with its config and what its type says of its slots.
pub(super) struct Seen {
    id: IntegrationId,
    kind: String,
    config: api::IntegrationConfig,
    described: Option<api::IntegrationType>,
}

/// The integrations of the set's credentials, and those of the actions that test them: nearly always
/// the same ones.
pub(super) async fn integrations(
    session: &Session,
    manifest: &Manifest,
    set: &CredentialSet<'_>,
) -> Result<BTreeMap<Key, Found<Seen>>, RebindError> {
    let of_tests = tried_actions(manifest, set).into_iter();
    let of_tests = of_tests.filter(|tried| tried.id.is_none());
    let of_credentials = set.credentials.iter().map(|one| &one.integration);
    let keys: BTreeSet<&Key> = of_credentials
        .chain(of_tests.map(|tried| &tried.integration))
        .collect();
    let wanted: Vec<&OtherIntegration> = keys
        .into_iter()
        .filter_map(|key| manifest.other_integration(key))
        .collect();
    let by_type = by_type(&session.genesys, &wanted).await?;
    let found = try_join_all(wanted.iter().map(async |integration: &&OtherIntegration| {
        let found = integration_of(session, integration, &by_type).await?;
        Ok::<_, RebindError>((integration.key.clone(), found))
    }));
    Ok(found.await?.into_iter().collect())
}

/// The integrations of each type in which some are looked for by name, each type listed once.
async fn by_type<'w>(
    genesys: &Genesys,
    wanted: &[&'w OtherIntegration],
) -> Result<BTreeMap<&'w str, Vec<api::Integration>>, RebindError> {
    let by_name = wanted.iter().filter(|one| one.id.is_none());
    let types: BTreeSet<&str> = by_name.map(|one| one.integration_type.as_str()).collect();
    let listed = try_join_all(types.into_iter().map(async |kind: &'w str| {
        let of_type = api::IntegrationFilter {
            integration_type: Some(kind.to_owned()),
            ..Default::default()
        };
        let listed = genesys.list_integrations(&of_type).await?;
        Ok::<_, RebindError>((kind, listed))
    }));
    Ok(listed.await?.into_iter().collect())
}

async fn integration_of(
    session: &Session,
    wanted: &OtherIntegration,
    by_type: &BTreeMap<&str, Vec<api::Integration>>,
) -> Result<Found<Seen>, RebindError> {
    let genesys = &session.genesys;
    let found = match &wanted.id {
        Some(id) => match genesys.get_integration(id.as_str()).await? {
            Some(found) => found,
            None => return Ok(Found::Gone(id.to_string())),
        },
        None => {
            let of_type = by_type.get(wanted.integration_type.as_str());
            let mut named = of_type.cloned().unwrap_or_default();
            named.retain(|one| {
                one.name.as_deref() == Some(&wanted.name)
                    && one.type_id() == Some(&wanted.integration_type)
            });
            match (named.pop(), named.len()) {
                (None, _) => return Ok(Found::Nothing),
                (Some(one), 0) => one,
                (Some(last), _) => {
                    let ids = named.into_iter().chain([last]).map(|one| one.id);
                    return Ok(Found::Several(ids.collect()));
                }
            }
        }
    };
    let kind = found.type_id().unwrap_or_default().to_owned();
    let (config, described) = try_join!(
        genesys.get_integration_config(&found.id),
        session.integration_type(&kind),
    )?;
    Ok(match config {
        Some(config) => Found::One(Seen {
            id: parsed(&found.id, "an integration's id")?,
            kind,
            config,
            described,
        }),
        None => Found::Gone(found.id),
    })
}

async fn slot_of(
    genesys: &Genesys,
    credential: &Credential,
    seen: &Seen,
    listed: &Listed,
) -> Result<SlotSeen, RebindError> {
    let described = seen.described.iter().flat_map(|kind| &kind.credentials);
    let known: Vec<String> = described.clone().map(|(slot, _)| slot.clone()).collect();
    let spelled = known
        .iter()
        .chain(seen.config.credentials.keys())
        .find(|slot| slot.eq_ignore_ascii_case(&credential.slot))
        .cloned();
    let takes = described
        .clone()
        .find(|(slot, _)| Some(*slot) == spelled.as_ref())
        .map(|(_, takes)| takes.credential_types.clone())
        .unwrap_or_default();
    let current = spelled
        .as_ref()
        .and_then(|slot| seen.config.credentials.get(slot));
    let current = match current {
        Some(current) => Some(in_slot(genesys, &current.id, listed).await?),
        None => None,
    };
    Ok(SlotSeen {
        integration_id: seen.id.clone(),
        kind: seen.kind.clone(),
        // A type that describes no slots at all does not say that there are none.
        slot: spelled.or_else(|| known.is_empty().then(|| credential.slot.clone())),
        known,
        takes,
        current,
    })
}

async fn in_slot(genesys: &Genesys, id: &str, listed: &Listed) -> Result<InSlot, RebindError> {
    let id: CredentialId = parsed(id, "a credential's id")?;
    if let Some(info) = listed.get(&id) {
        return Ok(InSlot {
            exists: true,
            name: info.name.clone(),
            modified_date: info.modified_date,
            id,
        });
    }
    let found = genesys.get_credential(id.as_str()).await?;
    Ok(InSlot {
        exists: found.is_some(),
        name: found.and_then(|found| found.name),
        modified_date: None,
        id,
    })
}

/// Ours by name, and those that our state says we made, whatever they are called now. Also those
/// whose name says that we made them for an entry of another name, now gone, where they are or
/// stood in a slot of the set: an entry was renamed.
async fn ours(
    genesys: &Genesys,
    manifest: &Manifest,
    set: &CredentialSet<'_>,
    state: &BindingState,
    listed: &Listed,
    slots: &BTreeMap<Key, Found<SlotSeen>>,
) -> Result<Vec<OwnSeen>, RebindError> {
    let is_of_set = |key: &Key| set.credentials.iter().any(|one| one.key == *key);
    let previous = state.change.iter().flat_map(|change| {
        let all = change.previous_credentials.iter();
        all.filter_map(|(key, previous)| Some((&previous.bound.as_ref()?.credential_id, key)))
    });
    let remembered: BTreeMap<&CredentialId, &Key> = state
        .credentials
        .iter()
        .map(|(key, bound)| (&bound.credential_id, key))
        .chain(previous)
        .filter(|(_, key)| is_of_set(key))
        .collect();
    let in_slots = in_slots(state, slots);
    let is_named = |key: &Key| manifest.credential(key).is_some();
    let made = listed.iter().filter_map(|(id, info)| {
        let key = match info.name.as_deref().and_then(our_name) {
            Some(name) if is_of_set(&name.key) => Some(name.key),
            Some(name) if !is_named(&name.key) => in_slots.get(id).map(|key| (*key).clone()),
            Some(_) | None => None,
        };
        let key = key.or_else(|| remembered.get(id).map(|key| (*key).clone()))?;
        Some((id, key, info))
    });
    let seen = try_join_all(made.map(async |(id, key, info): (&CredentialId, Key, _)| {
        own(genesys, id, key, info, slots).await
    }));
    Ok(seen.await?.into_iter().flatten().collect())
}

/// What the slots of the set point at, and what they pointed at before a change that is remembered.
fn in_slots<'s>(
    state: &'s BindingState,
    slots: &'s BTreeMap<Key, Found<SlotSeen>>,
) -> BTreeMap<&'s CredentialId, &'s Key> {
    let before = state.change.iter().flat_map(|change| {
        let all = change.previous_credentials.iter();
        all.filter_map(|(key, previous)| Some((previous.credential_id.as_ref()?, key)))
    });
    let now = slots.iter().filter_map(|(key, found)| match found {
        Found::One(seen) => Some((&seen.current.as_ref()?.id, key)),
        Found::Several(_) | Found::Gone(_) | Found::Nothing => None,
    });
    before.chain(now).collect()
}

async fn own(
    genesys: &Genesys,
    id: &CredentialId,
    key: Key,
    info: &api::CredentialInfo,
    slots: &BTreeMap<Key, Found<SlotSeen>>,
) -> Result<Option<OwnSeen>, RebindError> {
    let pointing = slots.values().filter_map(|slot| match slot {
        Found::One(seen) => Some(seen),
        Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
    });
    let mut used_by: BTreeSet<IntegrationId> = pointing
        .filter(|seen| {
            seen.current
                .as_ref()
                .is_some_and(|current| current.id == *id)
        })
        .map(|seen| seen.integration_id.clone())
        .collect();
    // One that a slot of the set points at is used; who else uses it is asked before it is deleted.
    if used_by.is_empty() {
        if genesys.get_credential(id.as_str()).await?.is_none() {
            return Ok(None);
        }
        used_by.extend(users_of(genesys, id).await?);
    }
    Ok(Some(OwnSeen {
        id: id.clone(),
        key,
        name: info.name.clone().unwrap_or_default(),
        modified_date: info.modified_date,
        used_by: used_by.into_iter().collect(),
    }))
}

/// The integrations whose configs refer to a credential.
pub(super) async fn users_of(
    genesys: &Genesys,
    id: &CredentialId,
) -> Result<Vec<IntegrationId>, RebindError> {
    let using = api::IntegrationFilter {
        credential_id: Some(id.to_string()),
        ..Default::default()
    };
    let users = genesys.list_integrations(&using).await?;
    users
        .iter()
        .map(|user| parsed(&user.id, "an integration's id"))
        .collect()
}

/// The actions that test the credentials of a set.
fn tried_actions<'m>(manifest: &'m Manifest, set: &CredentialSet<'_>) -> Vec<&'m TriedAction> {
    let keys: BTreeSet<&Key> = set.credentials.iter().flat_map(|one| &one.test).collect();
    let tried = keys.into_iter().map(|key| manifest.tried_action(key));
    tried.flatten().collect()
}

pub(super) async fn tests(
    genesys: &Genesys,
    manifest: &Manifest,
    set: &CredentialSet<'_>,
    integrations: &BTreeMap<Key, Found<Seen>>,
) -> Result<BTreeMap<Key, Found<ActionId>>, RebindError> {
    let tried = tried_actions(manifest, set).into_iter();
    let found = try_join_all(tried.map(async |tried: &TriedAction| {
        let found = action_of(genesys, tried, integrations).await?;
        Ok::<_, RebindError>((tried.key.clone(), found))
    }));
    Ok(found.await?.into_iter().collect())
}

async fn action_of(
    genesys: &Genesys,
    tried: &TriedAction,
    integrations: &BTreeMap<Key, Found<Seen>>,
) -> Result<Found<ActionId>, RebindError> {
    if let Some(id) = &tried.id {
        return Ok(match genesys.get_action(id.as_str()).await? {
            Some(_) => Found::One(id.clone()),
            None => Found::Gone(id.to_string()),
        });
    }
    let integration = integrations.get(&tried.integration);
    let Some(Found::One(integration)) = integration else {
        return Ok(Found::Nothing);
    };
    let mut named = genesys
        .custom_actions_named(&tried.name, integration.id.as_str())
        .await?;
    match (named.pop(), named.len()) {
        (None, _) => Ok(Found::Nothing),
        (Some(one), 0) => Ok(Found::One(parsed(&one.id, "an action's id")?)),
        (Some(last), _) => {
            let ids = named.into_iter().chain([last]).map(|one| one.id);
            Ok(Found::Several(ids.collect()))
        }
    }
}

fn parsed<T: std::str::FromStr>(id: &str, what: &'static str) -> Result<T, RebindError> {
    id.parse().map_err(|_| RebindError::incomplete(what))
}
