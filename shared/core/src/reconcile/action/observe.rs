//! What is observed of a binding at Genesys Cloud, in the planner's terms.
//!
//! A failed read fails the whole observation: a partial answer is not evidence of absence.

use genesys_cloud as api;
use genesys_cloud::Genesys;
use lockstep_domain::binding::DesiredIntegration;
use lockstep_domain::change::BindingState;
use lockstep_domain::ids::{ActionId, IntegrationId};
use lockstep_domain::manifest::Action;
use lockstep_domain::rebind::{
    ActionSeen, CredentialSeen, Found, INTEGRATION_TYPE, IntegrationRecord, IntegrationSeen,
    Observed, OwnCredential, ROLE_CREDENTIAL_FIELD, Reported, is_of_another_entry,
    remembered_integration,
};
use secrecy::ExposeSecret as _;
use tokio::try_join;

use super::RebindError;
use super::action_config::config_in;
use crate::genesys::Session;

/// Reads integration, credential, action and draft; independent reads side by side. `record` is what
/// other bindings of the integration have recorded of it.
///
/// # Errors
/// Where anything could not be read.
pub async fn observe(
    session: &Session,
    integration: &DesiredIntegration,
    action: &Action,
    state: &BindingState,
    record: Option<&IntegrationRecord>,
) -> Result<Observed, RebindError> {
    let genesys = &session.genesys;
    let known = action.id.as_ref().or(state.action_id.as_ref());
    let (integration_seen, credentials, known_action) = try_join!(
        find_integration(session, integration, state, record),
        async { Ok(genesys.list_credentials().await?) },
        maybe(known.map(|id| get_action(genesys, id))),
    )?;
    let action_seen = match (known, known_action, &integration_seen) {
        (Some(_), Some(Some(seen)), _) => Found::One(seen),
        (Some(id), _, _) => Found::Gone(id.to_string()),
        (None, _, Found::One(integration)) => {
            find_action(genesys, integration.id.as_str(), &action.name).await?
        }
        (None, _, Found::Nothing | Found::Several(_) | Found::Gone(_)) => Found::Nothing,
    };
    let drafted = match &action_seen {
        Found::One(seen) => Some(seen.id.as_str()),
        Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
    };
    let (own_credentials, draft) = try_join!(
        own_credentials(genesys, integration, &integration_seen, credentials),
        maybe(drafted.map(|id| genesys.get_draft(id))),
    )?;
    Ok(Observed {
        integration: integration_seen,
        own_credentials,
        action: action_seen,
        has_draft: draft.flatten().is_some(),
    })
}

/// A read that is not always needed.
async fn maybe<T, E>(
    read: Option<impl Future<Output = Result<T, E>>>,
) -> Result<Option<T>, RebindError>
where
    RebindError: From<E>,
{
    Ok(match read {
        Some(read) => Some(read.await?),
        None => None,
    })
}

/// The integration that the manifest means: by its id, by the id that is remembered of it, or by
/// its name.
async fn find_integration(
    session: &Session,
    desired: &DesiredIntegration,
    state: &BindingState,
    record: Option<&IntegrationRecord>,
) -> Result<Found<IntegrationSeen>, RebindError> {
    let recorded = record.and_then(|record| record.integration_id.as_ref());
    let remembered = remembered_integration(desired, state).or(recorded);
    let found = integration_by(session, desired, desired.id.as_ref().or(remembered)).await?;
    // The previous release did not record which entry the remembered id is of.
    if let Found::One(seen) = &found
        && desired.id.is_none()
        && is_of_another_entry(desired, state, seen)
    {
        return integration_by(session, desired, None).await;
    }
    Ok(found)
}

async fn integration_by(
    session: &Session,
    desired: &DesiredIntegration,
    id: Option<&IntegrationId>,
) -> Result<Found<IntegrationSeen>, RebindError> {
    let genesys = &session.genesys;
    let found = if let Some(id) = id {
        match genesys.get_integration(id.as_str()).await? {
            Some(found) => found,
            None => return Ok(Found::Gone(id.to_string())),
        }
    } else {
        let of_type = api::IntegrationFilter {
            integration_type: Some(INTEGRATION_TYPE.into()),
            ..Default::default()
        };
        let mut named: Vec<_> = genesys
            .list_integrations(&of_type)
            .await?
            .into_iter()
            .filter(|one| one.name.as_deref() == Some(&desired.name))
            .filter(|one| one.type_id() == Some(INTEGRATION_TYPE))
            .collect();
        match named.len() {
            0 => return Ok(Found::Nothing),
            1 => named.remove(0),
            _ => {
                return Ok(Found::Several(
                    named.into_iter().map(|one| one.id).collect(),
                ));
            }
        }
    };
    let (config, role_slot) = try_join!(
        genesys.get_integration_config(&found.id),
        session.role_slot(),
    )?;
    let Some(config) = config else {
        return Ok(Found::Gone(found.id));
    };
    let slot = config
        .credentials
        .iter()
        .find(|(slot, _)| slot.eq_ignore_ascii_case(&role_slot.name))
        .map(|(_, credential)| credential.id.clone());
    let credential = match slot {
        Some(id) => genesys.get_credential(&id).await?,
        None => None,
    };
    Ok(Found::One(IntegrationSeen {
        id: parsed(&found.id, "an integration's id")?,
        name: found.name.clone().unwrap_or_default(),
        kind: found.type_id().unwrap_or_default().to_owned(),
        enabled: found.intended_state == Some(api::IntendedState::Enabled),
        reported: reported(&found),
        config_version: config.version,
        credential: credential.map(credential_seen).transpose()?,
    }))
}

/// The state that an integration reports.
pub(super) fn reported(integration: &api::Integration) -> Reported {
    let state = integration.reported_state.as_ref();
    match state.and_then(|state| state.code) {
        Some(api::ReportedStateCode::Active) => Reported::Active,
        Some(api::ReportedStateCode::Activating) => Reported::Activating,
        Some(api::ReportedStateCode::Inactive) => Reported::Inactive,
        Some(api::ReportedStateCode::Deactivating) => Reported::Deactivating,
        Some(api::ReportedStateCode::Error) => Reported::Error,
        Some(api::ReportedStateCode::Unknown) | None => Reported::Unknown,
    }
}

fn credential_seen(credential: api::Credential) -> Result<CredentialSeen, RebindError> {
    let shown = credential
        .credential_fields
        .get(ROLE_CREDENTIAL_FIELD)
        .and_then(Option::as_ref)
        .map(|value| value.expose_secret().to_owned());
    Ok(CredentialSeen {
        id: parsed(&credential.id, "a credential's id")?,
        name: credential.name.unwrap_or_default(),
        // What a redacted value looks like is not documented; a role's ARN is not mistaken for one.
        role_arn: shown.filter(|value| value.starts_with("arn:") && !value.contains('*')),
    })
}

/// Those of ours for this integration that are not in its slot. There is nearly always none, so
/// what uses them is asked for one by one.
async fn own_credentials(
    genesys: &Genesys,
    desired: &DesiredIntegration,
    seen: &Found<IntegrationSeen>,
    credentials: Vec<api::CredentialInfo>,
) -> Result<Vec<OwnCredential>, RebindError> {
    let current = match seen {
        Found::One(seen) => seen.credential.as_ref().map(|one| one.id.as_str()),
        Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
    };
    let prefix = desired.credential_prefix();
    let mut own = Vec::new();
    for credential in credentials {
        let name = credential.name.unwrap_or_default();
        if !name.starts_with(&prefix) || current == Some(credential.id.as_str()) {
            continue;
        }
        let users = api::IntegrationFilter {
            credential_id: Some(credential.id.clone()),
            ..Default::default()
        };
        own.push(OwnCredential {
            id: parsed(&credential.id, "a credential's id")?,
            in_use: !genesys.list_integrations(&users).await?.is_empty(),
            name,
        });
    }
    Ok(own)
}

async fn find_action(
    genesys: &Genesys,
    integration: &str,
    name: &str,
) -> Result<Found<ActionSeen>, RebindError> {
    let mut named = genesys.custom_actions_named(name, integration).await?;
    match named.len() {
        0 => Ok(Found::Nothing),
        1 => {
            let id = parsed(&named.remove(0).id, "an action's id")?;
            let seen = get_action(genesys, &id).await?;
            Ok(seen.map_or_else(|| Found::Gone(id.to_string()), Found::One))
        }
        _ => Ok(Found::Several(
            named.into_iter().map(|one| one.id).collect(),
        )),
    }
}

/// One action, complete: whether its config inlines the templates is not documented, so both are
/// read where the official Terraform provider reads them.
async fn get_action(genesys: &Genesys, id: &ActionId) -> Result<Option<ActionSeen>, RebindError> {
    let (found, request, success) = try_join!(
        genesys.get_action(id.as_str()),
        genesys.action_template(id.as_str(), api::Template::Request),
        genesys.action_template(id.as_str(), api::Template::Success),
    )?;
    let Some(found) = found else {
        return Ok(None);
    };
    let incomplete = |what| RebindError::Incomplete { what };
    let contract = found.contract.unwrap_or_default();
    let config = found.config.ok_or(incomplete("the action's config"))?;
    Ok(Some(ActionSeen {
        id: id.clone(),
        name: found.name.ok_or(incomplete("the action's name"))?,
        integration_id: found
            .integration_id
            .ok_or(incomplete("the action's integration"))?,
        category: found.category.unwrap_or_default(),
        version: found.version.ok_or(incomplete("the action's version"))?,
        secure: found.secure.unwrap_or_default(),
        input_schema: contract.input.and_then(|input| input.input_schema),
        output_schema: contract.output.and_then(|output| output.success_schema),
        config: config_in(config, request, success),
    }))
}

fn parsed<T: std::str::FromStr>(id: &str, what: &'static str) -> Result<T, RebindError> {
    id.parse().map_err(|_| RebindError::Incomplete { what })
}
