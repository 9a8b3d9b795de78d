//! The program itself: environment, exit codes, output, Ctrl-C.

use std::process::{Output, Stdio};

use genesys_simulator::Simulator;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::process::Command;

use crate::support::{ended, furnish, organization};

fn program(simulator: &Simulator, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_live-check"));
    let client = simulator.client();
    command
        .env_clear()
        .env("GENESYS_API_URL", simulator.api_url())
        .env("GENESYS_LOGIN_URL", simulator.login_url())
        .env("GENESYS_CLIENT_ID", &client.id)
        .env("GENESYS_CLIENT_SECRET", client.secret.expose_secret())
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_report_goes_to_stdout_and_zero_means_that_all_was_asked() {
    let simulator = organization().await;
    furnish(&simulator).await;
    simulator.set_switch("config_templates", "inline").unwrap();
    let output = program(&simulator, &[]).output().await.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report = text(&output.stdout);
    assert!(
        report.contains("settles: config_templates = inline"),
        "{report}"
    );
    assert!(report.contains("nothing was changed"), "{report}");
    let secret = simulator.client().secret.expose_secret();
    assert!(!report.contains(secret) && !text(&output.stderr).contains(secret));
    ended(simulator).await;
}

#[tokio::test]
async fn the_report_for_machines_is_json_and_nothing_else() {
    let simulator = organization().await;
    let output = program(&simulator, &["--json"]).output().await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["left"], Value::Array(Vec::new()));
    assert!(report["settled"].as_array().unwrap().len() > 5, "{report}");
    ended(simulator).await;
}

#[tokio::test]
async fn a_wrong_environment_ends_with_two_and_says_everything_that_is_missing() {
    let simulator = organization().await;
    let output = program(&simulator, &[]).env_clear().output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    for variable in [
        "GENESYS_REGION",
        "GENESYS_CLIENT_ID",
        "GENESYS_CLIENT_SECRET",
    ] {
        assert!(said.contains(variable), "{said}");
    }
    assert!(simulator.calls().is_empty());
    ended(simulator).await;
}

/// Sends Ctrl-C once such a call has arrived.
async fn interrupted(simulator: &Simulator, method: &str, path: &str) -> Output {
    let child = program(simulator, &["--write"]).spawn().unwrap();
    let process = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    let has_come = || {
        let calls = simulator.calls();
        calls
            .iter()
            .any(|call| call.method == method && call.path == path)
    };
    while !has_come() {
        tokio::task::yield_now().await;
    }
    kill(process, Signal::SIGINT).unwrap();
    child.wait_with_output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_removes_what_was_made_and_ends_with_130() {
    let simulator = organization().await;
    let output = interrupted(&simulator, "POST", "/api/v2/integrations").await;
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let report = text(&output.stdout);
    assert!(report.contains("Interrupted."), "{report}");
    assert!(
        report.contains("Everything that was created has been removed."),
        "{report}"
    );
    // As many things were removed as were made: an accepted delete each.
    let calls = simulator.calls();
    let accepted = |method: &str, fits: &dyn Fn(&str) -> bool| {
        calls
            .iter()
            .filter(|call| call.method == method && fits(&call.path))
            .filter(|call| call.status.is_some_and(|status| status < 300))
            .count()
    };
    let creates = [
        "/api/v2/integrations",
        "/api/v2/integrations/credentials",
        "/api/v2/integrations/actions",
    ];
    let made = accepted("POST", &|path| creates.contains(&path));
    let removed = accepted("DELETE", &|path| !path.ends_with("/draft"));
    assert!(made >= 2, "{report}");
    assert_eq!(removed, made, "{report}");
    ended(simulator).await;
}
