//! The judge can find fault: lies that are planted in answers are told by the stories.

use judges::plant;
use serde_json::{Value, json};

use crate::teller::told_on;

/// What a story finds where one answer lies.
fn found(story: &str, lie: Value) -> String {
    let outcome = told_on(story, |simulator| plant(simulator, lie).unwrap());
    outcome.problems.join("\n")
}

#[test]
fn a_field_and_a_value_that_the_sdks_models_do_not_have_are_found() {
    let found = found(
        "organization",
        json!({
            "method": "GET", "route": "/api/v2/organizations/me", "status": 200, "times": 1,
            "body": {"id": "x", "name": "Example", "state": "sleeping", "color": "blue"},
        }),
    );
    assert!(
        found.contains("Organization.color: Organization has no such field"),
        "{found}"
    );
    assert!(found.contains("'sleeping' is no allowed value"), "{found}");
}

#[test]
fn a_wrong_status_for_a_stale_version_is_found() {
    let found = found(
        "integrations",
        json!({
            "method": "PUT", "route": "/api/v2/integrations/{integrationId}/config/current",
            "status": 400, "after": 1, "times": 1,
        }),
    );
    assert!(
        found.contains("found (400, 'bad.request'), expected (409, 'version.conflict')"),
        "{found}"
    );
}

#[test]
fn a_credential_in_the_clear_is_found() {
    let found = found(
        "credentials",
        json!({
            "method": "GET", "route": "/api/v2/integrations/credentials/{credentialId}",
            "status": 200, "times": 1,
            "body": {
                "id": "x", "name": "my basicAuth", "type": {"name": "basicAuth"},
                "credentialFields": {"userName": "********", "password": "planted-secret-7f3a-password"},
            },
        }),
    );
    assert!(found.contains("tells nothing: it is not so"), "{found}");
}
