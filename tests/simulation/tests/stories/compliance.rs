//! The sweep: everything as it should be, or said what is not.

use genesys_simulator::AuditSettings;
use serde_json::{Value, json};
use simulation::story::{ActionText, Error, Options, Stage, play};

use crate::World;

fn failed(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings
        .filter(|finding| finding["status"] == "failed")
        .filter_map(|finding| finding["id"].as_str())
        .collect()
}

const ACTION: &str = "/integrations/actions/{actionId}";

#[test]
fn the_sweep_ends_a_change_that_is_open_past_its_deadline() -> Result<(), Error> {
    play(async || {
        let options = Options::default().parameter("VerifyDeadlineSeconds", "10");
        let world = World::with(options).await?;
        world.stack.genesys.set_audits(&AuditSettings {
            delay_seconds: None,
            never: Some(true),
            events: None,
            event_delay_seconds: None,
        })?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
        // What should look at the change never hears of it.
        world.pause("verify-change").await?;
        let from = world.upload(&world.manifest().action(orders)).await?;
        let rebound = world.expect("Data Action Rebound", "orders", from).await?;

        let is_ended = async || {
            world.sweep("apply").await?;
            let emitted = world.story_of("orders", from).await?;
            let is_ended = emitted.contains(&"Change Unverified".to_owned());
            Ok(is_ended.then_some(()))
        };
        world.stack.until("the end of the change", is_ended).await?;

        let unverified = world.expect("Change Unverified", "orders", from).await?;
        assert_eq!(unverified["change_id"], rebound["change_id"]);
        world.evidence_of(&unverified).await?;
        let report = world.sweep("apply").await?;
        assert!(failed(&report).contains(&"LS-CHANGE-END"), "{report:#}");
        let ends = world
            .story_of("orders", from)
            .await?
            .into_iter()
            .filter(|emitted| emitted == "Change Unverified")
            .count();
        assert_eq!(ends, 1);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_race_that_lockstep_lost_and_recovered_from_is_no_failed_write_for_the_sweep()
-> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&secret]);
        world.settle(&world.manifest().action(orders)).await?;
        world.quiet().await?;
        let path = format!(
            "/api/v2/integrations/actions/{}",
            world.action_id("orders").await?
        );
        let action = world.action(&world.action_id("orders").await?).await?;

        // Another run of our own client writes between reading and writing, and the platform audits
        // the refusal of the stale version.
        let genesys = &world.stack.genesys;
        genesys.set_switch("failed_writes_audited", "all")?;
        let late = json!({"latency_ms": 4000, "times": 1});
        world.fault("PATCH", ACTION, late)?;
        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "second").await?;
        world.call_after(0, "PATCH", ACTION).await?;
        let first = json!({"version": action["version"], "category": action["category"]});
        world
            .genesys(genesys.client(), "PATCH", &path, Some(first))
            .await?;
        let verified = world.expect("Change Verified", "orders", from).await?;
        assert_eq!(verified["secrets"][0]["version_id"], json!(version));
        let patched = world.calls_of("PATCH", ACTION);
        let refused = patched.iter().filter(|call| call.status >= Some(400));
        assert_eq!(refused.count(), 1, "{patched:#?}");
        world.quiet().await?;

        let report = world.sweep("apply").await?;
        assert_eq!(failed(&report), [""; 0], "{report:#}");
        let window = world.ask("verify-change", json!({})).await?;
        assert_eq!(window["verdicts"][0]["verdict"], "Verified", "{window:#}");
        world.stack.stop().await;
        Ok(())
    })
}
