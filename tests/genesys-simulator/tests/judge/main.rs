//! The simulator's judge is not its author: the official SDK drives every operation, and its models judge
//! every answer. The SDK is installed from the Python package index into the target folder, once.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests end the test, as the tests themselves do"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use genesys_simulator::{Config, IntegrationSettings, Simulator, operations, start};
use secrecy::ExposeSecret;
use serde_json::Value;

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge/requirements.txt");
const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge/drive.py");

/// Runs a command to its end; what it said is shown where it fails.
fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|problem| panic!("{command:?} did not start: {problem}"));
    assert!(
        output.status.success(),
        "{command:?} failed\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The Python of a virtual environment with the SDK; made by whoever comes first, also in parallel.
fn python() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("official-sdk");
    fs::create_dir_all(&home).unwrap();
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let (done, environment) = (home.join("done"), home.join("venv"));
    let python = environment.join("bin/python");
    let wanted = fs::read_to_string(REQUIREMENTS).unwrap();
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return python;
    }
    eprintln!("installing the official SDK, once");
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&environment));
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "-r",
        ])
        .arg(REQUIREMENTS));
    fs::write(&done, wanted).unwrap();
    python
}

async fn started() -> Simulator {
    let config = Config {
        organization_id: "3b2c5f0e-1d7a-4b7e-9c3f-5a2d8e6f1b04".to_owned(),
        organization_name: "Example".to_owned(),
        aws: None,
        port: 0,
        event_source_suffix: None,
    };
    let simulator = start(config).await.unwrap();
    let at_once = IntegrationSettings {
        activation_seconds: Some(0.0),
        integration_id: None,
        in_error: None,
    };
    simulator.set_integrations(&at_once).unwrap();
    simulator
}

/// What the SDK's driver says of a simulator.
async fn judged(simulator: &Simulator) -> Output {
    let arguments = [
        simulator.api_url(),
        simulator.client().id.clone(),
        simulator.client().secret.expose_secret().to_owned(),
    ];
    let driven = tokio::task::spawn_blocking(move || {
        Command::new(python()).arg(DRIVER).args(arguments).output()
    });
    driven.await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_drives_every_operation_and_finds_every_answer_in_its_models() {
    let simulator = started().await;
    let output = judged(&simulator).await;
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let driven: BTreeSet<(String, String)> = simulator
        .calls()
        .into_iter()
        .filter_map(|call| Some((call.method, call.route?)))
        .collect();
    let missed: Vec<_> = operations()
        .into_iter()
        .filter(|(method, route)| !driven.contains(&((*method).to_owned(), (*route).to_owned())))
        .collect();
    assert!(missed.is_empty(), "not driven: {missed:?}");
    simulator.stop().await;
}

/// The judge itself can find fault: an answer with a foreign field fails it.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_models_do_not_have_is_found() {
    let simulator = started().await;
    let foreign: Value = serde_json::json!({
        "method": "GET", "route": "/api/v2/organizations/me", "status": 200, "times": 1,
        "body": {"id": "x", "name": "Example", "state": "sleeping", "color": "blue"},
    });
    simulator
        .add_fault(serde_json::from_value(foreign).unwrap())
        .unwrap();
    let output = judged(&simulator).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success());
    assert!(
        said.contains("Organization.color: Organization has no such field"),
        "{said}"
    );
    assert!(said.contains("'sleeping' is no allowed value"), "{said}");
}
