//! What the audit log says of itself, and how its records look.

use genesys_cloud::{AuditRecord, ServiceMapping};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{AUDIT_VIEW, Listing, REALTIME};
use crate::ask::Ask;
use crate::survey::Survey;
use crate::wire::{Answer, Wire};

pub(super) async fn mappings(wire: &mut Wire, survey: &mut Survey) {
    let ask = Ask::get("/api/v2/audits/query/servicemapping", AUDIT_VIEW);
    if let Some(answer) = survey.get(wire, "", &ask).await {
        survey.reads::<ServiceMapping>(&ask, "", "ServiceMapping", answer.json());
        mapped(survey, answer.json());
    }
    let ask = Ask::get("/api/v2/audits/query/realtime/servicemapping", AUDIT_VIEW);
    if let Some(answer) = survey.get(wire, "", &ask).await {
        survey.reads::<ServiceMapping>(&ask, "", "ServiceMapping", answer.json());
        let value = match entities(answer.json(), "Integrations") {
            Some(_) => "all",
            None => "without_integrations",
        };
        survey.settle("realtime_audits", value, "the realtime service mapping");
    }
}

/// The entities of a service, with their actions.
fn entities(mapping: &Value, service: &str) -> Option<Vec<(String, Vec<String>)>> {
    let found = mapping["services"]
        .as_array()?
        .iter()
        .find(|known| known["name"] == service)?;
    let all = found["entities"].as_array().into_iter().flatten();
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut all: Vec<_> = all
        .map(|entity| {
            let name = entity["name"].as_str().unwrap_or_default().to_owned();
            let mut actions = texts(&entity["actions"]);
            actions.sort();
            (name, actions)
        })
        .collect();
    all.sort();
    Some(all)
}

/// What is audited of OAuth clients.
fn client_actions(mapping: &Value) -> String {
    let all = entities(mapping, "PeoplePermissions").into_iter().flatten();
    let of_clients = all.into_iter().find(|(name, _)| name == "OAuthClient");
    of_clients.map_or_else(|| "absent".to_owned(), |(_, actions)| actions.join(", "))
}

/// What the service mapping promises about integrations, and about OAuth clients.
fn mapped(survey: &mut Survey, mapping: &Value) {
    let how = "the audit service mapping";
    survey.settle("oauth_client_audits", client_actions(mapping), how);
    let Some(all) = entities(mapping, "Integrations") else {
        return survey.unclear("integration_audits", "no service Integrations", how);
    };
    let told: Vec<String> = all
        .iter()
        .map(|(name, actions)| format!("{name}: {}", actions.join(", ")))
        .collect();
    survey.settle("integration_audits", told.join("; "), how);
    let has = |entity: &str, action: &str| {
        all.iter()
            .any(|(name, actions)| name == entity && actions.iter().any(|known| known == action))
    };
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" };
    let credentials = all.iter().any(|(name, _)| name.contains("Credential"));
    survey.settle("credential_audits", yes_or_no(credentials), how);
    survey.settle("execution_audits", yes_or_no(has("Action", "Execute")), how);
    survey.settle("draft_audits", yes_or_no(has("ActionDraft", "Create")), how);
    // Changes of the config are updates in any case; a word of its own is for the state.
    let own_words = ["Enable", "Activate", "Edit"];
    let state_change = own_words.into_iter().find(|word| has("Integration", word));
    let state_change = state_change.unwrap_or("Update");
    survey.settle("state_change_audited_as", state_change, how);
    match (has("Action", "Publish"), has("ActionDraft", "Publish")) {
        (true, false) => survey.settle("publish_audited_as", "Publish", how),
        (false, true) => survey.settle("publish_audited_as", "ActionDraft", how),
        (false, false) => survey.settle("publish_audited_as", "Update", how),
        (true, true) => survey.unclear("publish_audited_as", "Publish on both entities", how),
    }
}

/// An audit query's interval, in whole seconds as the platform documents it.
pub(crate) fn interval(from: Timestamp, to: Timestamp) -> String {
    let written = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    format!("{}/{}", written(from), written(to))
}

pub(super) async fn audits(wire: &mut Wire, survey: &mut Survey) {
    let now = Timestamp::now();
    let hour = interval(now - SignedDuration::from_hours(1), now);
    let ask = Ask::query_post(REALTIME, AUDIT_VIEW, json!({"interval": hour}));
    if let Ok(answer) = survey.ask(wire, "without service", &ask).await {
        let how = format!(
            "a realtime query without a service was answered {}",
            answer.told()
        );
        match answer.status {
            400 => survey.settle("audit_service_name", "required", how),
            200 => survey.settle("audit_service_name", "optional", how),
            _ => survey.unclear("audit_service_name", answer.told(), how),
        }
    }
    // A service that is always there, so that only the unknown field can be at fault.
    let body =
        json!({"interval": hour, "serviceName": "PeoplePermissions", "lockstepLiveCheck": true});
    let ask = Ask::query_post(REALTIME, AUDIT_VIEW, body);
    if let Ok(answer) = survey.ask(wire, "unknown field", &ask).await {
        unknown_field(survey, &answer, "an audit query");
    }
    let days = interval(now - SignedDuration::from_hours(13 * 24), now);
    let body = json!({"interval": days, "serviceName": "Integrations", "pageSize": 25});
    let ask = Ask::query_post(REALTIME, AUDIT_VIEW, body);
    if let Ok(answer) = survey.ask(wire, "Integrations", &ask).await {
        if answer.is_success() {
            survey.reads::<Listing<AuditRecord>>(
                &ask,
                "Integrations",
                "list of AuditRecord",
                answer.json(),
            );
            looks_of_records(survey, records(&answer));
        } else {
            let how = format!(
                "a realtime query for Integrations was answered {}",
                answer.told()
            );
            survey.settle("realtime_audits", "without_integrations", how);
        }
    }
}

/// What a field that the model does not have leads to.
pub(crate) fn unknown_field(survey: &mut Survey, answer: &Answer, where_: &str) {
    let how = format!(
        "{where_} with an unknown field was answered {}",
        answer.told()
    );
    match answer.status {
        400 => survey.settle("unknown_fields", "refuse", how),
        200..300 => survey.settle("unknown_fields", "ignore", how),
        _ => survey.unclear("unknown_fields", answer.told(), how),
    }
}

/// The records of an answer.
pub(crate) fn records(answer: &Answer) -> &[Value] {
    answer.json()["entities"]
        .as_array()
        .map_or(&[], Vec::as_slice)
}

/// How dates and users look in audit records.
pub(crate) fn looks_of_records(survey: &mut Survey, records: &[Value]) {
    if let Some(at) = records
        .iter()
        .find_map(|record| record["eventDate"].as_str())
    {
        let value = if at.contains('.') {
            "milliseconds"
        } else {
            "seconds"
        };
        survey.settle("audit_precision", value, "eventDate of an audit record");
    }
    let by_client = records.iter().find(|record| {
        let is_set = |id: &Value| id.as_str().is_some_and(|id| !id.is_empty());
        is_set(&record["client"]["id"]) && !is_set(&record["user"]["id"])
    });
    if let Some(record) = by_client {
        let value = match &record["user"] {
            Value::Null => "absent",
            Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => "empty",
        };
        survey.settle(
            "audit_user",
            value,
            "the record of something that a client did",
        );
    }
}
