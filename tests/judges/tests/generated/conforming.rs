//! Traffic that schemathesis generates from the contract: no answer is a 5xx, none is outside the contract.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::detail;
use genesys_contract::Contract;
use genesys_simulator::{
    AuditSettings, Client, IntegrationSettings, RateLimitSettings, Simulator, operations,
};
use judges::{figures, plant, simulator, undisturbed};
use secrecy::ExposeSecret;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/generated");
const REQUIREMENTS: &str = include_str!("requirements.txt");
const SEED: u64 = 7;
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,own_fields_are_known";
/// Operations that cannot succeed here, each with the reason.
const NEVER_2XX: &[(&str, &str)] = &[(
    "POST /api/v2/integrations/actions/{actionId}/execute",
    "it needs an AWS account to call into, and answers the failure of the call",
)];

/// How much is generated.
struct Amount {
    name: &'static str,
    phases: &'static str,
    /// Per operation, in the phases that are not exhaustive.
    examples: u32,
    /// So many requests must have been received at least.
    least: usize,
}

/// Answers by operation and status, as the hooks counted them.
type Statuses = BTreeMap<String, BTreeMap<String, usize>>;

/// A simulator that neither limits nor delays.
async fn unhindered() -> Simulator {
    let simulator = simulator().await.expect("a free port");
    let limits = RateLimitSettings {
        allowed: Some(u32::MAX),
        window_seconds: None,
        tokens_allowed: Some(u32::MAX),
    };
    simulator.set_rate_limit(&limits).expect("a limit");
    let at_once = IntegrationSettings {
        activation_seconds: Some(0.0),
        integration_id: None,
        in_error: None,
    };
    simulator.set_integrations(&at_once).expect("a time");
    let shown = AuditSettings {
        delay_seconds: Some(0.0),
        ..AuditSettings::default()
    };
    simulator.set_audits(&shown).expect("a delay");
    simulator
}

/// The contract as a file, in a folder for this run.
fn contract(folder: &Path) -> PathBuf {
    let contract = Contract::of(&operations(), &|doing| eprintln!("{doing}")).expect("a contract");
    let path = folder.join("contract.json");
    fs::write(&path, contract.document().to_string()).expect("a file");
    path
}

fn schemathesis(
    folder: &Path,
    url: &str,
    callers: (&Client, &Client),
    amount: &Amount,
) -> (Output, Statuses) {
    let python = python_environment::interpreter("schemathesis", REQUIREMENTS, &|doing| {
        eprintln!("{doing}");
    })
    .expect("an environment");
    let report = folder.join("report.json");
    let (caller, maker) = callers;
    let output = undisturbed(&mut Command::new(python.with_file_name("st")))
        .current_dir(folder)
        .arg("run")
        .arg(contract(folder))
        .args(["--url", url, "--phases", amount.phases, "--checks", CHECKS])
        .args(["--max-examples", &amount.examples.to_string()])
        .args(["--seed", &SEED.to_string(), "--workers", "1"])
        .args(["--request-timeout", "10", "--generation-database", "none"])
        .args(["--continue-on-failure", "--no-shrink", "--no-color"])
        .args(["--warnings", "off", "--suppress-health-check", "all"])
        .env("PYTHONPATH", HERE)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "feed")
        .env("JUDGED_URL", url)
        .env("JUDGED_SEED", SEED.to_string())
        .env("JUDGED_REPORT", &report)
        .env("CALLER_ID", &caller.id)
        .env("CALLER_SECRET", caller.secret.expose_secret())
        .env("MAKER_ID", &maker.id)
        .env("MAKER_SECRET", maker.secret.expose_secret())
        .output()
        .expect("schemathesis starts");
    let statuses = fs::read(report)
        .ok()
        .and_then(|report| serde_json::from_slice(&report).ok())
        .unwrap_or_default();
    (output, statuses)
}

/// Successes and all answers of each operation.
fn shares(statuses: &Statuses) -> BTreeMap<&str, (usize, usize)> {
    statuses
        .iter()
        .map(|(operation, statuses)| {
            let good = statuses
                .iter()
                .filter(|(status, _)| status.starts_with('2'))
                .map(|(_, count)| count)
                .sum();
            (operation.as_str(), (good, statuses.values().sum()))
        })
        .collect()
}

/// Operations of the simulator that no generated request got a 2xx from, and that should have.
fn without_success(shares: &BTreeMap<&str, (usize, usize)>) -> BTreeSet<String> {
    operations()
        .into_iter()
        .map(|(method, route)| format!("{method} {route}"))
        .filter(|operation| !NEVER_2XX.iter().any(|(never, _)| never == operation))
        .filter(|operation| {
            shares
                .get(operation.as_str())
                .is_none_or(|(good, _)| *good == 0)
        })
        .collect()
}

/// The requests of the generated traffic that arrived: all but those that made living things for it.
fn received(simulator: &Simulator) -> usize {
    let maker = &simulator.other_client().id;
    simulator
        .calls()
        .iter()
        .filter(|call| call.client_id.as_ref() != Some(maker))
        .count()
}

async fn generated(amount: Amount) -> (usize, BTreeSet<String>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(amount.name);
    fs::create_dir_all(&folder).expect("a folder");
    let simulator = unhindered().await;
    let url = simulator.api_url();
    let (caller, maker) = (simulator.client().clone(), simulator.other_client().clone());
    let (name, least) = (amount.name, amount.least);
    let (output, statuses) = tokio::task::spawn_blocking(move || {
        schemathesis(&folder, &url, (&caller, &maker), &amount)
    })
    .await
    .expect("schemathesis runs");
    let received = received(&simulator);
    let shares = shares(&statuses);
    let (good, all) = shares
        .values()
        .fold((0, 0), |(good, all), share| (good + share.0, all + share.1));
    let table: String = shares
        .iter()
        .map(|(operation, (good, all))| format!("  {good:5} of {all:5} 2xx  {operation}\n"))
        .collect();
    let missing = without_success(&shares);
    let line = format!(
        "generated traffic, seed {SEED}: {received} requests received, {} operations, {good} of {all} answers 2xx, \
         {} operations without any; no 5xx and nothing outside the contract: {}",
        operations().len(),
        missing.len() + NEVER_2XX.len(),
        output.status.success(),
    );
    figures(name, &line).expect("the figures are written");
    detail(name, &table).expect("the table is written");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(received >= least, "only {received} requests were received");
    simulator.stop().await;
    (received, missing)
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_requests_get_no_5xx_and_nothing_outside_the_contract() {
    generated(Amount {
        name: "generated-sample",
        phases: "fuzzing",
        examples: 6,
        least: 300,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; .ci/run runs it"]
async fn ten_thousand_generated_requests_reach_every_operation_and_nothing_outside_the_contract() {
    let (_, missing) = generated(Amount {
        name: "generated",
        phases: "coverage,fuzzing,stateful",
        examples: 150,
        least: 10_000,
    })
    .await;
    assert!(missing.is_empty(), "no 2xx: {missing:?}");
}

/// The judge can find fault: one planted field that the contract does not have fails it.
#[tokio::test(flavor = "multi_thread")]
async fn a_planted_foreign_field_is_found() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated-fault");
    fs::create_dir_all(&folder).expect("a folder");
    let simulator = unhindered().await;
    let foreign = serde_json::json!({
        "method": "GET", "route": "/api/v2/organizations/me", "status": 200, "times": 1000,
        "body": {"id": "x", "name": "Example", "color": "blue"},
    });
    plant(&simulator, foreign).expect("a fault");
    let url = simulator.api_url();
    let (caller, maker) = (simulator.client().clone(), simulator.other_client().clone());
    let amount = Amount {
        name: "generated-fault",
        phases: "fuzzing",
        examples: 1,
        least: 0,
    };
    let (output, _) = tokio::task::spawn_blocking(move || {
        schemathesis(&folder, &url, (&caller, &maker), &amount)
    })
    .await
    .expect("schemathesis runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("color"), "{said}");
    simulator.stop().await;
}
