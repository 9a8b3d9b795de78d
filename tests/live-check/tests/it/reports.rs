//! What a report says, and what it never says.

use live_check::Report;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::{NAME, checked, furnish, instead, organization};

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
        report.to_string().contains("--write finds it out"),
        "{report}"
    );
}

#[tokio::test]
async fn an_empty_organization_is_no_error() {
    let simulator = organization().await;
    let report = checked(&simulator, false).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.absent.len(), 2, "{report}");
    assert_eq!(report.value("config_templates"), None);
}

#[tokio::test]
async fn every_call_to_the_organization_is_counted() {
    let simulator = organization().await;
    let report = checked(&simulator, true).await;
    let calls = u64::try_from(simulator.calls().len()).unwrap();
    assert_eq!(report.calls, calls, "{report}");
}

#[tokio::test]
async fn neither_secrets_nor_names_of_the_organization_are_told() {
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
            format!("{call}: header inin-ratelimit-allowed: absent / there"),
            format!("{call}: header inin-ratelimit-count: absent / there"),
            format!("{call}: header inin-ratelimit-reset: absent / there"),
            format!("{call}: id: integer / string"),
            format!("{call}: productPlatform: absent / string"),
            format!("{call}: supportURI: string / absent"),
            format!("{call}: Lockstep's client: cannot read it as Organization / reads it"),
        ]
    );
    assert!(report.is_complete(), "differences are no error: {report}");
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
}
