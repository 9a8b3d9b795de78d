//! Judges of the Genesys Cloud simulator that we did not write: the official SDKs drive it as its clients,
//! and generated traffic looks for what nobody thought of.
//!
//! Here is what the judges share: a simulator to judge, what a driver is told and tells, and the figures that
//! each judge leaves.

pub mod node;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::process::Command;

use genesys_contract::judges_folder;
use genesys_simulator::{Config, Judged, Simulator, operations, start};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

/// An operation: verb and route template.
pub type Operation = (String, String);

/// What came of a story that an SDK told on a simulator.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// How many values were asserted.
    pub values: usize,
    /// How many answers were held against the SDK's models.
    pub answers: usize,
    /// What was not as it should be, one text each.
    pub problems: Vec<String>,
    /// The operations that were called.
    #[serde(skip)]
    pub driven: BTreeSet<Operation>,
}

/// A simulator without an AWS side. Its callers send wrong requests on purpose.
///
/// # Errors
/// No port is free.
pub async fn simulator() -> io::Result<Simulator> {
    start(Config {
        organization_id: "3b2c5f0e-1d7a-4b7e-9c3f-5a2d8e6f1b04".to_owned(),
        organization_name: "Example".to_owned(),
        aws: None,
        port: 0,
        event_source_suffix: None,
        judged: Judged::AnswersOnly,
    })
    .await
}

/// What a driver needs to tell a story, as one line of JSON. It holds the simulated clients' secrets.
#[must_use]
pub fn job(story: &str, simulator: &Simulator) -> String {
    let credentials =
        |client: &genesys_simulator::Client| json!([client.id, client.secret.expose_secret()]);
    json!({
        "story": story,
        "url": simulator.api_url(),
        "organization": simulator.organization_id(),
        "client": credentials(simulator.client()),
        "other": credentials(simulator.other_client()),
    })
    .to_string()
}

/// Reads what a driver told, and what of the simulator it called.
///
/// # Errors
/// What was told is no outcome.
pub fn outcome(told: &str, simulator: &Simulator) -> serde_json::Result<Outcome> {
    let mut outcome: Outcome = serde_json::from_str(told)?;
    outcome.driven = simulator
        .calls()
        .into_iter()
        .filter_map(|call| Some((call.method, call.route?)))
        .collect();
    Ok(outcome)
}

/// The operations of the simulator that are not among these.
#[must_use]
pub fn missed(driven: &BTreeSet<Operation>) -> Vec<Operation> {
    operations()
        .into_iter()
        .map(|(method, route)| (method.to_owned(), route.to_owned()))
        .filter(|operation| !driven.contains(operation))
        .collect()
}

/// Keeps a driver away from what this machine is set to: a user's own SDK settings, and proxies.
pub fn undisturbed(command: &mut Command) -> &mut Command {
    command
        .env("HOME", python_environment::target().join("tmp"))
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
}

/// Plants a fault, in the control API's words.
///
/// # Errors
/// What is wrong with it.
pub fn plant(simulator: &Simulator, fault: Value) -> Result<(), String> {
    let fault = serde_json::from_value(fault).map_err(|problem| problem.to_string())?;
    simulator.add_fault(fault)
}

/// Says the figures of a judge, past what the test harness captures, and leaves them in
/// `target/judges/<name>.txt`.
///
/// # Errors
/// The file cannot be written.
pub fn figures(name: &str, line: &str) -> io::Result<()> {
    let folder = judges_folder();
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.txt")), format!("{line}\n"))?;
    // Not eprintln!: the harness captures what the print macros write.
    writeln!(io::stderr(), "{line}")
}
