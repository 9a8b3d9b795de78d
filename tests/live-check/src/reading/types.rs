//! Integration types with their credential slots, and the types of credentials.

use genesys_cloud::IntegrationType;
use serde_json::Value;

use super::{INTEGRATION_VIEW, LAMBDA, Listing, ROLE_CREDENTIAL};
use crate::ask::Ask;
use crate::survey::Survey;
use crate::wire::{Answer, Wire};

const TYPES: &str = "/api/v2/integrations/types";
const TYPE: &str = "/api/v2/integrations/types/{typeId}";
const WEB_SERVICES: &str = "custom-rest-actions";
/// The types that matter to Lockstep. Others may tell of the organization, so they are not named.
const KNOWN: [&str; 5] = [
    "amazon-eventbridge-source",
    LAMBDA,
    WEB_SERVICES,
    "function-data-actions",
    "purecloud-data-actions",
];
/// More than any listing gives at once.
const LARGE_PAGE: u64 = 10_000;
/// More integration types than there are.
const MOST_PAGES: u64 = 20;
/// What a thing is that the organization does not have.
const ABSENT: &str = "absent";

pub(super) async fn types(wire: &mut Wire, survey: &mut Survey) {
    lambda(wire, survey).await;
    web_services(wire, survey).await;
    listed(wire, survey).await;
    large_page(wire, survey).await;
    credential_types(wire, survey).await;
}

async fn lambda(wire: &mut Wire, survey: &mut Survey) {
    let ask = Ask::get(TYPE, INTEGRATION_VIEW).on(LAMBDA);
    let Some(answer) = survey.get(wire, "", &ask).await else {
        return;
    };
    survey.reads::<IntegrationType>(&ask, "", "IntegrationType", answer.json());
    let how = format!("the type {LAMBDA}");
    let slots = answer.json()["credentials"].as_object();
    let mut names = slots.into_iter().flatten().map(|(slot, _)| slot);
    match names.find(|slot| slot.eq_ignore_ascii_case(ROLE_CREDENTIAL)) {
        Some(slot) => survey.settle("role_slot", slot.as_str(), how.as_str()),
        None => survey.unclear("role_slot", "no slot of that name", how.as_str()),
    }
    survey.settle("lambda_credential_slots", slots_of(answer.json()), how);
}

async fn web_services(wire: &mut Wire, survey: &mut Survey) {
    const VARIANT: &str = "of web services";
    let ask = Ask::get(TYPE, INTEGRATION_VIEW).on(WEB_SERVICES);
    let Some(answer) = survey.get_or_absent(wire, VARIANT, &ask).await else {
        return;
    };
    let told = if answer.is_success() {
        survey.reads::<IntegrationType>(&ask, VARIANT, "IntegrationType", answer.json());
        slots_of(answer.json())
    } else {
        ABSENT.to_owned()
    };
    let how = format!("the type {WEB_SERVICES}");
    survey.settle("web_service_credential_slots", told, how);
}

/// The credential slots of a type, each with the credential types that it takes.
fn slots_of(kind: &Value) -> String {
    let slots = kind["credentials"].as_object().into_iter().flatten();
    let told: Vec<String> = slots
        .map(|(slot, taken)| format!("{slot} takes {}", texts(&taken["credentialTypes"])))
        .collect();
    told.join("; ")
}

/// Reads the listing to its end, in pages that the platform is known to give.
async fn listed(wire: &mut Wire, survey: &mut Survey) {
    let mut found: Vec<&str> = Vec::new();
    for number in 1..=MOST_PAGES {
        let variant = if number == 1 { "" } else { "a later page" };
        let ask = Ask::get(TYPES, INTEGRATION_VIEW)
            .query("pageSize", "100")
            .query("pageNumber", number.to_string());
        let Some(answer) = survey.get(wire, variant, &ask).await else {
            return;
        };
        let model = "list of IntegrationType";
        survey.reads::<Listing<IntegrationType>>(&ask, variant, model, answer.json());
        found.extend(KNOWN.iter().filter(|id| lists(&answer, id)));
        if answer.json()["pageCount"].as_u64().unwrap_or(1) <= number {
            break;
        }
    }
    found.sort_unstable();
    found.dedup();
    let how = "the listing of integration types, reduced to those that Lockstep knows";
    survey.settle("listed_integration_types", found.join(", "), how);
}

fn lists(answer: &Answer, id: &str) -> bool {
    let all = answer.json()["entities"].as_array().into_iter().flatten();
    all.into_iter().any(|kind| kind["id"] == id)
}

/// Of integration types: a listing that is never long, whatever the organization holds.
async fn large_page(wire: &mut Wire, survey: &mut Survey) {
    let ask = Ask::get(TYPES, INTEGRATION_VIEW).query("pageSize", LARGE_PAGE.to_string());
    let Ok(answer) = survey.ask(wire, "page of 10000", &ask).await else {
        return;
    };
    let how = format!("a page of {LARGE_PAGE} was answered {}", answer.told());
    match (answer.status, answer.json()["pageSize"].as_u64()) {
        (400, _) => survey.settle("large_page", "refuse", how),
        (200, Some(size)) if size < LARGE_PAGE => survey.settle("large_page", "clamp", how),
        (200, _) => survey.unclear("large_page", "taken as it is", how),
        _ => survey.unclear("large_page", answer.told(), how),
    }
}

async fn credential_types(wire: &mut Wire, survey: &mut Survey) {
    let ask = Ask::get("/api/v2/integrations/credentials/types", INTEGRATION_VIEW);
    let Some(answer) = survey.get(wire, "", &ask).await else {
        return;
    };
    let role = of_name(answer.json(), ROLE_CREDENTIAL);
    let how = "the credential types";
    match role.and_then(|role| role["name"].as_str().or_else(|| role["id"].as_str())) {
        Some(name) => survey.settle("role_credential_type", name, how),
        None => survey.unclear("role_credential_type", "no type of that name", how),
    }
    for (point, name) in [
        ("role_credential_fields", ROLE_CREDENTIAL),
        ("basic_auth_credential_fields", "basicAuth"),
        ("user_defined_oauth_credential_fields", "userDefinedOAuth"),
    ] {
        let told = of_name(answer.json(), name).map_or_else(|| ABSENT.to_owned(), fields_of);
        survey.settle(point, told, format!("the credential type {name}"));
    }
}

/// A credential type by its name, whatever its case.
fn of_name<'a>(types: &'a Value, name: &str) -> Option<&'a Value> {
    let mut all = types.as_array().into_iter().flatten();
    all.find(|kind| is_text(&kind["name"], name) || is_text(&kind["id"], name))
}

/// What a credential type says of its fields.
fn fields_of(kind: &Value) -> String {
    let required = texts(&kind["required"]);
    if !required.is_empty() {
        return format!("requires {required}");
    }
    let fields = kind["properties"].as_object().into_iter().flatten();
    let names: Vec<&str> = fields.map(|(name, _)| name.as_str()).collect();
    match names.as_slice() {
        [] => "names no fields".to_owned(),
        names => format!("requires none of {}", names.join(", ")),
    }
}

/// Whether a text names the type of a role's credential, whatever its case.
pub(super) fn is_role(name: &Value) -> bool {
    is_text(name, ROLE_CREDENTIAL)
}

fn is_text(value: &Value, wanted: &str) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.eq_ignore_ascii_case(wanted))
}

/// The texts of a list, in order.
fn texts(list: &Value) -> String {
    let mut texts: Vec<&str> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    texts.sort_unstable();
    texts.join(", ")
}
