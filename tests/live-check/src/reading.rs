//! The calls that change nothing.

mod audits;
mod types;

use genesys_cloud::{Action, Credential, Integration, OAuthClient, Organization};
use serde::Deserialize;
use serde_json::{Value, json};

use self::audits::{audits, mappings};
pub(crate) use self::audits::{interval, looks_of_records, records, unknown_field};
use self::types::{is_role, types};
use crate::ask::Ask;
use crate::survey::Survey;
use crate::wire::{Answer, NoAnswer, Wire};

pub(crate) const INTEGRATION_VIEW: &str = "integrations:integration:view";
pub(crate) const ACTION_VIEW: &str = "integrations:action:view";
pub(crate) const AUDIT_VIEW: &str = "audits:audit:view";
pub(crate) const CLIENT_VIEW: &str = "oauth:client:view";
pub(crate) const ROLE_VIEW: &str = "authorization:role:view";

pub(crate) const LAMBDA: &str = "aws-lambda-data-actions";
pub(crate) const ROLE_CREDENTIAL: &str = "amazonWebServicesARN";
pub(crate) const REALTIME: &str = "/api/v2/audits/query/realtime";
pub(crate) const ACTION: &str = "/api/v2/integrations/actions/{actionId}";
pub(crate) const CREDENTIAL: &str = "/api/v2/integrations/credentials/{credentialId}";

/// A listing, of which only the entries' types are of interest.
#[derive(Deserialize)]
struct Listing<T> {
    #[allow(dead_code)]
    entities: Vec<T>,
}

/// Asks everything that can be asked without changing anything. Ends early only where nobody is
/// signed in.
pub(crate) async fn read(wire: &mut Wire, survey: &mut Survey) {
    const TOKEN: &str = "POST /oauth/token";
    match wire.sign_in().await {
        Ok(answer) => survey.keep(TOKEN.to_owned(), &answer),
        Err(why) => return survey.gap(TOKEN.to_owned(), "", &why),
    }
    organization(wire, survey).await;
    types(wire, survey).await;
    mappings(wire, survey).await;
    listings(wire, survey).await;
    credential(wire, survey).await;
    action(wire, survey).await;
    refusals(wire, survey).await;
    audits(wire, survey).await;
    own_client(wire, survey).await;
    roles(wire, survey).await;
}

async fn organization(wire: &mut Wire, survey: &mut Survey) {
    let ask = Ask::get("/api/v2/organizations/me", "");
    let Some(answer) = survey.get(wire, "", &ask).await else {
        return;
    };
    survey.reads::<Organization>(&ask, "", "Organization", answer.json());
    let limit = answer.headers.get("inin-ratelimit-allowed");
    let (headers, how) = match limit {
        Some(allowed) => ("sent", format!("inin-ratelimit-allowed: {allowed}")),
        None => ("absent", "no header inin-ratelimit-allowed".to_owned()),
    };
    survey.settle("rate_limit_headers", headers, how);
}

async fn listings(wire: &mut Wire, survey: &mut Survey) {
    let ask = Ask::get("/api/v2/integrations", INTEGRATION_VIEW).query("pageSize", "25");
    if let Some(answer) = survey.get(wire, "", &ask).await {
        survey.reads::<Listing<Integration>>(&ask, "", "list of Integration", answer.json());
    }
    let ask = Ask::get("/api/v2/integrations/actions", ACTION_VIEW).query("pageSize", "25");
    if let Some(answer) = survey.get(wire, "", &ask).await {
        survey.reads::<Listing<Action>>(&ask, "", "list of Action", answer.json());
    }
}

async fn credential(wire: &mut Wire, survey: &mut Survey) {
    let ask =
        Ask::get("/api/v2/integrations/credentials", INTEGRATION_VIEW).query("pageSize", "100");
    let Some(answer) = survey.get(wire, "", &ask).await else {
        return;
    };
    let Some(id) = first(&answer, |found| is_role(&found["type"]["name"])) else {
        survey.absent.push(format!(
            "no credential of type {ROLE_CREDENTIAL} among the first 100 (--write creates one)"
        ));
        return;
    };
    read_credential(wire, survey, &id, "").await;
}

/// The id of the first entry that fits.
fn first(answer: &Answer, fits: impl Fn(&Value) -> bool) -> Option<String> {
    answer.json()["entities"]
        .as_array()?
        .iter()
        .find(|entry| fits(entry))?["id"]
        .as_str()
        .map(str::to_owned)
}

/// Reads a credential that holds a role's ARN, and sees whether the ARN is shown.
pub(crate) async fn read_credential(
    wire: &mut Wire,
    survey: &mut Survey,
    id: &str,
    variant: &'static str,
) {
    let ask = Ask::get(CREDENTIAL, INTEGRATION_VIEW).on(id);
    let Some(answer) = survey.get(wire, variant, &ask).await else {
        return;
    };
    survey.reads::<Credential>(&ask, variant, "Credential", answer.json());
    let how = "the field ARN of a credential as it is read";
    let fields = &answer.json()["credentialFields"];
    match (fields, &fields["ARN"]) {
        (_, Value::String(arn)) if arn.starts_with("arn:") => {
            survey.settle("credential_redaction", "arn_visible", how);
        }
        (_, Value::String(_)) => survey.settle("credential_redaction", "masked", how),
        (Value::Null, _) => survey.settle("credential_redaction", "omitted", how),
        (Value::Object(fields), Value::Null) if fields.is_empty() => {
            survey.settle("credential_redaction", "omitted", how);
        }
        _ => survey.unclear("credential_redaction", "another form", how),
    }
}

async fn action(wire: &mut Wire, survey: &mut Survey) {
    let ask = Ask::get("/api/v2/integrations", INTEGRATION_VIEW)
        .query("integrationType", LAMBDA)
        .query("pageSize", "100");
    let Some(integrations) = survey.get(wire, "of the Lambda type", &ask).await else {
        return;
    };
    let of_lambda: Vec<&str> = integrations.json()["entities"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|found| found["id"].as_str())
        .collect();
    let ask = Ask::get("/api/v2/integrations/actions", ACTION_VIEW).query("pageSize", "100");
    let Some(actions) = survey.get(wire, "page of 100", &ask).await else {
        return;
    };
    let is_lambda = |found: &Value| {
        found["integrationId"]
            .as_str()
            .is_some_and(|id| of_lambda.contains(&id))
    };
    match first(&actions, is_lambda) {
        Some(id) => read_action(wire, survey, &id, "").await,
        None => survey
            .absent
            .push("no Lambda action among the first 100 actions (--write creates one)".to_owned()),
    }
}

/// The whole action, as it is asked for by whoever needs contract and config.
pub(crate) fn whole_action(id: &str) -> Ask {
    Ask::get(ACTION, ACTION_VIEW)
        .on(id)
        .query("expand", "contract")
        .query("includeConfig", "true")
}

/// Reads an action, and sees where its templates are.
pub(crate) async fn read_action(
    wire: &mut Wire,
    survey: &mut Survey,
    id: &str,
    variant: &'static str,
) {
    let ask = whole_action(id);
    let Some(answer) = survey.get(wire, variant, &ask).await else {
        return;
    };
    survey.reads::<Action>(&ask, variant, "Action", answer.json());
    let how = "the config of an action as it is read";
    let has = |part: &str, field: &str| answer.json()["config"][part][field].is_string();
    let inline = has("request", "requestTemplate") || has("response", "successTemplate");
    let uri = has("request", "requestTemplateUri") || has("response", "successTemplateUri");
    match (inline, uri) {
        (true, _) => survey.settle("config_templates", "inline", how),
        (false, true) => survey.settle("config_templates", "uri", how),
        (false, false) => survey.unclear("config_templates", "no template at all", how),
    }
}

/// What a 404 and a 400 look like.
async fn refusals(wire: &mut Wire, survey: &mut Survey) {
    let nothing = format!("custom_-_{}", uuid::Uuid::new_v4());
    let ask = Ask::get(ACTION, ACTION_VIEW).on(&nothing);
    if let Ok(answer) = survey.ask(wire, "unknown id", &ask).await {
        survey.settle(
            "error_unknown_id",
            answer.told(),
            "an action with an id that does not exist",
        );
    }
    let ask = Ask::query_post(REALTIME, AUDIT_VIEW, json!({"interval": "yesterday"}));
    if let Ok(answer) = survey.ask(wire, "bad interval", &ask).await {
        survey.settle(
            "error_bad_value",
            answer.told(),
            "an audit query without a real interval",
        );
    }
}

/// Whether our own client's secret can be read. Its value is neither kept nor printed.
async fn own_client(wire: &mut Wire, survey: &mut Survey) {
    let id = wire.client_id().to_owned();
    let ask = Ask::get("/api/v2/oauth/clients/{clientId}", CLIENT_VIEW).on(&id);
    if let Some(answer) = survey.get(wire, "", &ask).await {
        survey.reads::<OAuthClient>(&ask, "", "OAuthClient", answer.json());
        let shown = answer.json()["secret"]
            .as_str()
            .is_some_and(|secret| !secret.is_empty());
        let value = if shown { "shown" } else { "hidden" };
        survey.settle(
            "client_secret_in_get",
            value,
            "our own OAuth client as it is read",
        );
    }
}

/// Whether a role lists its permissions, or only the policies that they stand in.
async fn roles(wire: &mut Wire, survey: &mut Survey) {
    let ask = Ask::get("/api/v2/authorization/roles", ROLE_VIEW).query("pageSize", "25");
    let Some(answer) = survey.get(wire, "", &ask).await else {
        return;
    };
    let how = "the first 25 roles as they are read";
    let all = answer.json()["entities"].as_array();
    let has = |field: &str| {
        let mut roles = all.into_iter().flatten();
        roles.any(|role| role[field].as_array().is_some_and(|held| !held.is_empty()))
    };
    match (has("permissions"), has("permissionPolicies")) {
        (true, _) => survey.settle("role_permissions", "listed", how),
        (false, true) => survey.settle("role_permissions", "policies", how),
        (false, false) => survey.unclear("role_permissions", "no role with a permission", how),
    }
}

/// Whether a delete would be permitted: one of an id that does not exist is a 404, or a 403.
pub(crate) async fn may_delete(
    wire: &mut Wire,
    survey: &mut Survey,
    route: &'static str,
    needs: &'static str,
) -> bool {
    let mut id = uuid::Uuid::new_v4().to_string();
    if route == ACTION {
        id = format!("custom_-_{id}");
    }
    let ask = Ask::new(reqwest::Method::DELETE, route, needs).on(&id);
    match survey.ask(wire, "unknown id", &ask).await {
        Ok(answer) => answer.status == 404,
        Err(
            NoAnswer::Stopped
            | NoAnswer::Denied
            | NoAnswer::NotSignedIn(_)
            | NoAnswer::Failed { .. },
        ) => false,
    }
}
