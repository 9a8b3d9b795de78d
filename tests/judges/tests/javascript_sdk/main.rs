//! The official JavaScript SDK as a second opinion: the main path, driven through it alone.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests end the test, as the tests themselves do"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use genesys_simulator::{IntegrationSettings, Simulator, operations};
use judges::node::{Packages, installed};
use judges::{Outcome, figures, job, missed, outcome, plant, simulator, undisturbed};
use serde_json::{Value, json};

const SDK: Packages = Packages {
    folder: "official-sdk",
    package: include_str!("package.json"),
    locked: include_str!("package-lock.json"),
};

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/javascript_sdk/drive.js");

async fn prepared() -> Simulator {
    let simulator = simulator().await.unwrap();
    let late = IntegrationSettings {
        activation_seconds: Some(60.0),
        integration_id: None,
        in_error: None,
    };
    simulator.set_integrations(&late).unwrap();
    simulator
}

/// What the driver tells of the main path on this simulator.
async fn told(simulator: &Simulator) -> Outcome {
    let job = job("main path", simulator);
    let said = tokio::task::spawn_blocking(move || {
        let node = installed(SDK).unwrap();
        let mut child = undisturbed(&mut Command::new(node.program))
            .env("NODE_PATH", node.packages)
            .arg(DRIVER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Closed when it is dropped, which ends the driver's reading.
        child
            .stdin
            .take()
            .unwrap()
            .write_all(job.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    });
    let said = said.await.unwrap();
    assert!(said.status.success(), "{said:?}");
    outcome(&String::from_utf8(said.stdout).unwrap(), simulator).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_path_holds_for_the_javascript_sdk_too() {
    let simulator = prepared().await;
    let outcome = told(&simulator).await;
    assert!(
        outcome.problems.is_empty(),
        "{}",
        outcome.problems.join("\n")
    );
    assert!(outcome.values > 50, "{outcome:?}");
    let all = operations().len();
    let package: Value = serde_json::from_str(include_str!("package.json")).unwrap();
    let version = &package["dependencies"]["purecloud-platform-client-v2"];
    figures(
        "javascript-sdk",
        &format!(
            "official JavaScript SDK {}: {} of {all} operations driven on the main path, {} values asserted",
            version.as_str().unwrap(),
            all - missed(&outcome.driven).len(),
            outcome.values,
        ),
    )
    .unwrap();
    simulator.stop().await;
}

/// The second opinion can find fault too.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_status_for_a_stale_version_is_found() {
    let simulator = prepared().await;
    let lie = json!({
        "method": "PUT", "route": "/api/v2/integrations/{integrationId}/config/current",
        "status": 400, "after": 1, "times": 1,
    });
    plant(&simulator, lie).unwrap();
    let found = told(&simulator).await.problems.join("\n");
    assert!(
        found.contains("a stale config: found [400,400,\"bad.request\""),
        "{found}"
    );
    simulator.stop().await;
}
