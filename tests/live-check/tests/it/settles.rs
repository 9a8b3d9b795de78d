//! Every setting that can be settled is found out as it is, and explains every difference that it makes.

use genesys_simulator::IntegrationSettings;
use genesys_simulator::switches::Switches;
use live_check::{POINTS, Way};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::{checked, ended, furnish, organization};

/// Checks at the same time.
const AT_ONCE: usize = 8;

/// Every switch that is settled in one of these ways, with each of its values.
fn settings(ways: &[Way]) -> Vec<(String, String)> {
    let described = Switches::default().describe();
    let all = described.as_array().unwrap().iter();
    all.filter(|switch| {
        let name = switch["name"].as_str().unwrap();
        let (_, way) = POINTS.iter().find(|(known, _)| *known == name).unwrap();
        ways.contains(way)
    })
    .flat_map(|switch| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let name = text(&switch["name"]);
        let values = switch["values"].as_array().unwrap().clone();
        values
            .into_iter()
            .map(move |value| (name.clone(), text(&value)))
    })
    .collect()
}

async fn each(ways: &[Way], write: bool) -> usize {
    let settings = settings(ways);
    let count = settings.len();
    let mut running = JoinSet::new();
    for (switch, value) in settings {
        if running.len() >= AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(is_settled(switch, value, write));
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    count
}

async fn is_settled(switch: String, value: String, write: bool) {
    let simulator = organization().await;
    if !write {
        furnish(&simulator).await;
    }
    simulator.set_switch(&switch, &value).unwrap();
    if switch == "fresh_integration_actions" {
        // Long enough that a busy machine does not miss it.
        let slow = IntegrationSettings {
            activation_seconds: Some(1.5),
            integration_id: None,
            in_error: None,
        };
        simulator.set_integrations(&slow).unwrap();
    }
    let report = checked(&simulator, write).await;
    assert_eq!(
        report.value(&switch),
        Some(value.as_str()),
        "{switch}: {report}"
    );
    assert!(
        report.differences.is_empty(),
        "{switch} = {value}: {report}"
    );
    assert!(report.is_complete(), "{switch} = {value}: {report}");
    let settled = format!("settles: {switch} = {value}");
    assert!(report.to_string().contains(&settled), "{report}");
    ended(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writing_finds_out_every_setting_that_can_be_found_out() {
    let count = each(&[Way::Reading, Way::Writing], true).await;
    assert!(count > 40, "{count}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_finds_out_every_setting_that_needs_no_writing() {
    let count = each(&[Way::Reading], false).await;
    assert!(count > 20, "{count}");
}

#[tokio::test]
async fn several_settings_at_once_are_all_found_out() {
    let simulator = organization().await;
    let others = [
        ("create_status", "200"),
        ("stale_action_version", "409"),
        ("patch_config", "merge"),
        ("config_templates", "inline"),
        ("draft_contract_change", "accept"),
        ("credential_redaction", "omitted"),
        ("publish_audited_as", "Update"),
        ("failed_writes_audited", "all"),
        ("realtime_audits", "without_integrations"),
        ("unknown_fields", "ignore"),
    ];
    for (switch, value) in others {
        simulator.set_switch(switch, value).unwrap();
    }
    let report = checked(&simulator, true).await;
    for (switch, value) in others {
        assert_eq!(report.value(switch), Some(value), "{report}");
    }
    assert!(report.differences.is_empty(), "{report}");
    let by = |switch: &str| {
        let mut all = report.explained.iter();
        all.any(|found| found.switch.as_deref() == Some(switch))
    };
    assert!(
        by("create_status") && by("stale_action_version"),
        "{report}"
    );
    for found in &report.explained {
        let by = found.switch.as_deref().unwrap_or("all of them together");
        let line = format!("    {found}  [explained by {by}]\n");
        assert!(report.to_string().contains(&line), "{line}: {report}");
    }
    let json = serde_json::to_value(&report).unwrap();
    for (index, found) in report.explained.iter().enumerate() {
        let switch = json["explained"][index].get("switch");
        assert_eq!(switch.and_then(Value::as_str), found.switch.as_deref());
    }
    ended(simulator).await;
}
