//! What a report says, and what it never says.

use live_check::Report;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::{NAME, checked, ended, furnish, instead, organization};

#[tokio::test]
async fn without_write_nothing_is_changed_and_everything_is_asked() {
    let simulator = organization().await;
    furnish(&simulator).await;
    let report = checked(&simulator, false).await;
    assert!(
        report.is_complete() && report.differences.is_empty(),
        "{report}"
    );
    assert!(report.absent.is_empty(), "{report}");
    let calls = simulator.calls();
    assert_eq!(report.calls, u64::try_from(calls.len()).unwrap());
    for call in calls {
        let reads = call.method == "GET"
            || call.path == "/oauth/token"
            || call.path == "/api/v2/audits/query/realtime";
        assert!(reads, "{} {}", call.method, call.path);
    }
    assert!(
        report.to_string().contains("--write determines it"),
        "{report}"
    );
    ended(simulator).await;
}

#[tokio::test]
async fn an_empty_organization_is_no_error() {
    let simulator = organization().await;
    let report = checked(&simulator, false).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.absent.len(), 2, "{report}");
    assert_eq!(report.value("config_templates"), None);
    ended(simulator).await;
}

#[tokio::test]
async fn every_call_to_the_organization_is_counted() {
    let simulator = organization().await;
    let report = checked(&simulator, true).await;
    let calls = u64::try_from(simulator.calls().len()).unwrap();
    assert_eq!(report.calls, calls, "{report}");
    ended(simulator).await;
}

#[tokio::test]
async fn neither_secrets_nor_names_of_the_organization_are_printed() {
    let simulator = organization().await;
    furnish(&simulator).await;
    simulator
        .set_switch("client_secret_in_get", "shown")
        .unwrap();
    simulator
        .set_switch("credential_redaction", "arn_visible")
        .unwrap();
    let report = checked(&simulator, true).await;
    let secret = simulator.client().secret.expose_secret().to_owned();
    let json = serde_json::to_string(&report).unwrap();
    for text in [report.to_string(), format!("{report:?}"), json] {
        for kept in [secret.as_str(), NAME, "123456789012", "access_token\":"] {
            assert!(!text.contains(kept), "{kept}: {text}");
        }
    }
    ended(simulator).await;
}

fn lines(report: &Report) -> Vec<String> {
    let all = report.differences.iter();
    all.map(|found| {
        format!(
            "{}: {}: {} / {}",
            found.call, found.what, found.live, found.simulated
        )
    })
    .collect()
}

#[tokio::test]
async fn what_no_switch_explains_is_a_difference() {
    let simulator = organization().await;
    let route = "/api/v2/organizations/me";
    let body = json!({
        "id": 7, "name": "x", "defaultLanguage": "en-us", "defaultCountryCode": "US",
        "thirdPartyOrgName": "x", "domain": "x", "version": 1, "state": "active",
        "voicemailEnabled": false, "features": {}, "selfUri": "x", "supportURI": "x",
    });
    simulator
        .add_fault(instead("GET", route, 200, body))
        .unwrap();
    let report = checked(&simulator, false).await;
    let call = format!("GET {route}");
    assert_eq!(
        lines(&report),
        [
            format!("{call}: id: integer / string"),
            format!("{call}: productPlatform: absent / string"),
            format!("{call}: supportURI: string / absent"),
            format!("{call}: Lockstep's client: cannot read it as Organization / reads it"),
        ]
    );
    assert!(report.is_complete(), "differences are no error: {report}");
    ended(simulator).await;
}

#[tokio::test]
async fn what_fits_no_value_of_a_switch_is_said_as_it_was_seen() {
    let simulator = organization().await;
    let route = "/api/v2/integrations/actions/{actionId}";
    let refusal = json!({"message": "precondition", "code": "precondition.failed", "status": 412});
    simulator
        .add_fault(instead("PATCH", route, 412, refusal))
        .unwrap();
    let report = checked(&simulator, true).await;
    let stale = report
        .unfit
        .iter()
        .find(|open| open.switch == "stale_action_version")
        .unwrap_or_else(|| panic!("{report}"));
    assert!(stale.why.contains("412"), "{}", stale.why);
    assert!(report.left.is_empty(), "{report}");
    ended(simulator).await;
}

#[tokio::test]
async fn a_refused_sign_in_is_said_with_what_to_look_at() {
    let simulator = organization().await;
    let body = json!({"error": "invalid_client", "description": "authentication failed"});
    simulator
        .add_fault(instead("POST", "/oauth/token", 401, body))
        .unwrap();
    let report = checked(&simulator, true).await;
    assert!(!report.is_complete());
    assert!(
        report.to_string().contains("GENESYS_CLIENT_SECRET"),
        "{report}"
    );
    ended(simulator).await;
}

fn told<'a>(report: &'a Report, fact: &str) -> &'a str {
    let mut facts = report.facts.iter();
    let told = facts.find(|told| told.fact == fact);
    &told.unwrap_or_else(|| panic!("{fact}: {report}")).live
}

#[tokio::test]
async fn credential_types_slots_and_audits_of_clients_are_reported_as_facts() {
    let simulator = organization().await;
    let report = checked(&simulator, false).await;
    for (fact, live) in [
        (
            "web_service_credential_slots",
            "basicAuth takes basicAuth, userDefined, userDefinedOAuth",
        ),
        ("role_credential_fields", "requires ARN"),
        ("basic_auth_credential_fields", "requires userName"),
        ("user_defined_oauth_credential_fields", "names no fields"),
        ("oauth_client_audits", "Create, Delete, Update"),
    ] {
        assert_eq!(told(&report, fact), live, "{fact}: {report}");
    }
    ended(simulator).await;
}

#[tokio::test]
async fn what_the_organization_does_not_have_is_a_fact_and_no_failure() {
    let simulator = organization().await;
    let missing = json!({"message": "not there", "code": "not.found", "status": 404});
    let mut second = instead("GET", "/api/v2/integrations/types/{typeId}", 404, missing);
    second.after = 1;
    simulator.add_fault(second).unwrap();
    let types = "/api/v2/integrations/credentials/types";
    simulator
        .add_fault(instead("GET", types, 200, json!([])))
        .unwrap();
    let mapping = "/api/v2/audits/query/servicemapping";
    simulator
        .add_fault(instead("GET", mapping, 200, json!({"services": []})))
        .unwrap();
    let report = checked(&simulator, false).await;
    assert!(report.is_complete(), "{report}");
    for fact in [
        "web_service_credential_slots",
        "basic_auth_credential_fields",
        "oauth_client_audits",
    ] {
        assert_eq!(told(&report, fact), "absent", "{fact}: {report}");
    }
    ended(simulator).await;
}

#[tokio::test]
async fn integration_types_are_read_page_by_page_and_only_known_ones_are_named() {
    let simulator = organization().await;
    let route = "/api/v2/integrations/types";
    let kinds = json!([{"id": "custom-rest-actions"}, {"id": NAME}]);
    let page = json!({"entities": kinds, "pageSize": 100, "pageNumber": 1, "pageCount": 3});
    simulator
        .add_fault(instead("GET", route, 200, page))
        .unwrap();
    let report = checked(&simulator, false).await;
    let calls = simulator.calls();
    let pages = calls.iter().filter(|call| call.path == route).count();
    assert_eq!(pages, 3 + 1, "and one large page: {report}");
    assert_eq!(
        told(&report, "listed_integration_types"),
        "custom-rest-actions"
    );
    assert!(!report.to_string().contains(NAME), "{report}");
    ended(simulator).await;
}

#[tokio::test]
async fn what_is_possibly_not_removed_is_in_the_exit_code() {
    let simulator = organization().await;
    let route = "/api/v2/integrations/credentials/{credentialId}";
    let failure = json!({"message": "failed", "code": "internal.server.error", "status": 500});
    // The first read is of the writing; all others come after the removal.
    let mut unreadable = instead("GET", route, 500, failure);
    unreadable.after = 1;
    simulator.add_fault(unreadable).unwrap();
    let report = checked(&simulator, true).await;
    assert_eq!(report.left.len(), 1, "{report}");
    assert!(report.unasked.is_empty(), "{report}");
    assert_eq!(report.exit_code(), 1, "{report}");
    let text = report.to_string();
    assert!(
        text.contains("removed, but could not be read back"),
        "{text}"
    );
    ended(simulator).await;
}
