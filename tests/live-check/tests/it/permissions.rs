//! What the OAuth client must be permitted, and what is said where it is not.

use genesys_simulator::{PermissionSettings, Simulator};

use crate::support::{checked, ended, furnish, organization};

/// The list of docs/live-check.md.
const READING: [&str; 5] = [
    "authorization:role:view",
    "integrations:integration:view",
    "integrations:action:view",
    "audits:audit:view",
    "oauth:client:view",
];
const WRITING: [&str; 7] = [
    "integrations:integration:add",
    "integrations:integration:edit",
    "integrations:integration:delete",
    "integrations:action:add",
    "integrations:action:edit",
    "integrations:action:delete",
    "integrations:action:execute",
];

fn permit(simulator: &Simulator, permissions: impl Iterator<Item = &'static str>) {
    simulator
        .set_permissions(PermissionSettings {
            client_id: simulator.client().id.clone(),
            permissions: permissions.map(str::to_owned).collect(),
        })
        .unwrap();
}

#[tokio::test]
async fn the_documented_permissions_are_enough() {
    let page = include_str!("../../../../docs/live-check.md");
    for permission in READING.iter().chain(&WRITING) {
        assert!(page.contains(&format!("`{permission}`")), "{permission}");
    }
    let simulator = organization().await;
    furnish(&simulator).await;
    permit(&simulator, READING.into_iter());
    let report = checked(&simulator, false).await;
    assert!(report.is_complete(), "{report}");
    permit(&simulator, READING.into_iter().chain(WRITING));
    let report = checked(&simulator, true).await;
    assert!(report.is_complete(), "{report}");
    ended(simulator).await;
}

#[tokio::test]
async fn a_missing_permission_is_named_and_the_check_is_not_complete() {
    for missing in READING.into_iter().chain(WRITING) {
        let simulator = organization().await;
        let all = READING.into_iter().chain(WRITING);
        permit(&simulator, all.filter(|permission| *permission != missing));
        let report = checked(&simulator, true).await;
        assert!(!report.is_complete(), "{missing}: {report}");
        let named = report
            .unasked
            .iter()
            .any(|unasked| unasked.permission.as_deref() == Some(missing));
        assert!(named, "{missing}: {report}");
        assert!(report.left.is_empty(), "{missing}: {report}");
        let line = format!("Give the OAuth client a role that has {missing}");
        assert!(report.to_string().contains(&line), "{missing}: {report}");
        ended(simulator).await;
    }
}

#[tokio::test]
async fn nothing_is_made_that_could_not_be_removed() {
    for missing in [
        "integrations:integration:delete",
        "integrations:action:delete",
        "integrations:integration:view",
        "integrations:action:view",
    ] {
        let simulator = organization().await;
        let all = READING.into_iter().chain(WRITING);
        permit(&simulator, all.filter(|permission| *permission != missing));
        let report = checked(&simulator, true).await;
        let creates = simulator
            .calls()
            .into_iter()
            .filter(|call| call.method == "POST" && call.path.starts_with("/api/v2/integrations"));
        assert_eq!(creates.count(), 0, "{missing}: {report}");
        ended(simulator).await;
    }
}
