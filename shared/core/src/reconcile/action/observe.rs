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
    ActionSeen, CredentialSeen, DraftSeen, Found, INTEGRATION_TYPE, IntegrationRecord,
    IntegrationSeen, Observed, OwnCredential, ROLE_CREDENTIAL_FIELD, Reported, is_of_another_entry,
    remembered_integration,
};
use secrecy::ExposeSecret as _;
use tokio::try_join;

use super::RebindError;
use super::action_config::{Pair, config_in};
use crate::genesys::{RoleSlot, Session};

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
    let (mut integration_seen, credentials, known_action) = try_join!(
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
    if let Found::One(seen) = &mut integration_seen
        && let Some(credential) = &mut seen.credential
    {
        let listed = credentials
            .iter()
            .find(|one| one.id == credential.id.as_str());
        credential.modified_date = listed.and_then(|listed| listed.modified_date);
    }
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
        draft: match draft.flatten() {
            Some(_) => DraftSeen::Exists,
            None => DraftSeen::Nothing,
        },
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
    let credential = match in_slot(&config, role_slot) {
        Some(id) => genesys.get_credential(id).await?,
        None => None,
    };
    let credential = credential.map(credential_seen).transpose()?;
    integration_seen(&found, config.version, credential).map(Found::One)
}

/// An integration that is remembered, as it is now: two reads, since the credentials are listed. None
/// where it does not exist any more.
pub(super) async fn integration_again(
    genesys: &Genesys,
    slot: &RoleSlot,
    remembered: &IntegrationSeen,
    credentials: &[api::CredentialInfo],
) -> Result<Option<IntegrationSeen>, RebindError> {
    let id = remembered.id.as_str();
    let (found, config) = try_join!(
        genesys.get_integration(id),
        genesys.get_integration_config(id),
    )?;
    let (Some(found), Some(config)) = (found, config) else {
        return Ok(None);
    };
    let in_slot = in_slot(&config, slot);
    let listed = in_slot.and_then(|id| credentials.iter().find(|one| one.id == id));
    let credential = match listed {
        Some(info) => Some(CredentialSeen {
            id: parsed(&info.id, "a credential's id")?,
            name: info.name.clone().unwrap_or_default(),
            role_arn: remembered
                .credential
                .as_ref()
                .and_then(|one| one.role_arn.clone()),
            modified_date: info.modified_date,
        }),
        None => None,
    };
    integration_seen(&found, config.version, credential).map(Some)
}

/// The id of the credential in the slot of the role.
fn in_slot<'c>(config: &'c api::IntegrationConfig, slot: &RoleSlot) -> Option<&'c str> {
    let mut slots = config.credentials.iter();
    let found = slots.find(|(name, _)| name.eq_ignore_ascii_case(&slot.name));
    found.map(|(_, credential)| credential.id.as_str())
}

fn integration_seen(
    found: &api::Integration,
    config_version: i64,
    credential: Option<CredentialSeen>,
) -> Result<IntegrationSeen, RebindError> {
    Ok(IntegrationSeen {
        id: parsed(&found.id, "an integration's id")?,
        name: found.name.clone().unwrap_or_default(),
        kind: found.type_id().unwrap_or_default().to_owned(),
        enabled: found.intended_state == Some(api::IntendedState::Enabled),
        reported: reported(found),
        config_version,
        credential,
    })
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
        modified_date: None,
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

/// One action, complete. Whether its config holds the templates is not documented; where it does not,
/// they are read where the official Terraform provider reads them. They are read after the action: a
/// later version of it then shows that they may be of that one.
async fn get_action(genesys: &Genesys, id: &ActionId) -> Result<Option<ActionSeen>, RebindError> {
    let Some(found) = genesys.get_action(id.as_str()).await? else {
        return Ok(None);
    };
    let inline = found.config.as_ref().and_then(Pair::inline);
    let has_inline_templates = inline.is_some();
    let templates = match inline {
        Some(templates) => templates,
        None => {
            let (request, success) = try_join!(
                genesys.action_template(id.as_str(), api::Template::Request),
                genesys.action_template(id.as_str(), api::Template::Success),
            )?;
            Pair::read(request, success)
        }
    };
    Ok(Some(action_seen(found, templates, has_inline_templates)?))
}

/// An action as it was answered, with its templates.
///
/// # Errors
/// The answer lacks what it must have.
pub(super) fn action_seen(
    found: api::Action,
    templates: Pair,
    has_inline_templates: bool,
) -> Result<ActionSeen, RebindError> {
    let incomplete = |what| RebindError::Incomplete { what };
    let contract = found.contract.unwrap_or_default();
    let config = found.config.ok_or(incomplete("the action's config"))?;
    Ok(ActionSeen {
        id: parsed(&found.id, "an action's id")?,
        name: found.name.ok_or(incomplete("the action's name"))?,
        integration_id: found
            .integration_id
            .ok_or(incomplete("the action's integration"))?,
        category: found.category.unwrap_or_default(),
        version: found.version.ok_or(incomplete("the action's version"))?,
        secure: found.secure.unwrap_or_default(),
        input_schema: contract.input.and_then(|input| input.input_schema),
        output_schema: contract.output.and_then(|output| output.success_schema),
        config: config_in(config, templates),
        has_inline_templates,
    })
}

fn parsed<T: std::str::FromStr>(id: &str, what: &'static str) -> Result<T, RebindError> {
    id.parse().map_err(|_| RebindError::Incomplete { what })
}
