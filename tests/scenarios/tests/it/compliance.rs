//! The sweep: everything as it should be, or said what is not.

use std::collections::BTreeSet;

use scenarios::{ActionText, Error, PATIENCE, World};
use serde_json::{Value, json};

const ROLE: &str = "GenesysActions";

/// What the story breaks, and Lockstep mends.
const MENDABLE: [&str; 3] = [
    "LS-ROLE-TRUST",
    "LS-ACTION-DRIFT",
    "LS-INTEGRATION-DISABLED",
];

fn failed(report: &Value) -> Vec<&str> {
    with_status(report, "failed")
}

fn with_status<'r>(report: &'r Value, status: &str) -> Vec<&'r str> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings
        .filter(|finding| finding["status"] == status)
        .filter_map(|finding| finding["id"].as_str())
        .collect()
}

/// What the *Compliance Finding* events since `from` are about: the finding and its resource, or
/// what is resolved.
async fn reported(world: &World, from: usize) -> Result<Vec<String>, Error> {
    let heard = world.stack.heard().await?.into_iter().skip(from);
    let findings = heard
        .filter(|event| event.detail_type == "Compliance Finding")
        .map(|event| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let finding = &event.detail["findings"][0];
            match finding["id"].as_str() {
                Some(id) => format!("{id} on {}", text(&finding["resource"])),
                None => text(&event.detail["reason"]),
            }
        });
    Ok(findings.collect())
}

fn is_told(reported: &[String], what: &str) -> bool {
    reported
        .iter()
        .any(|said| said.starts_with(&format!("{what} on ")))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_change_is_reported_once_and_again_when_it_is_repaired() -> Result<(), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let orders = ActionText::new("orders", &world.echo(), &[&secret])
        .tested()
        .with("timeout_seconds", json!(10));
    world.settle(&world.manifest().action(orders)).await?;
    world.quiet().await?;
    let from = world.stack.now().await?;
    let report = world.sweep("apply").await?;
    assert_eq!(failed(&report), Vec::<&str>::new(), "{report:#}");
    // The emulator does not show when a secret is rotated next.
    let unseen = with_status(&report, "not_evaluated");
    assert_eq!(unseen, ["LS-ROTATION-MISSED"], "{report:#}");
    let all = report["passed"].as_u64().map(|passed| passed + 1);
    assert_eq!(all, report["checked"].as_u64(), "{report:#}");
    assert!(report["checked"].as_u64() > Some(10), "{report:#}");
    let ledger = json!({"evidence": report["ledgers"][0]});
    world.evidence_of(&ledger).await?;

    let right = world.the_role(ROLE).await?;
    let mut open = right.trust.clone();
    open["Statement"][0]["Principal"] = json!({"AWS": "*"});
    world.set_trust(ROLE, &open).await?;
    let state = world.state("orders").await?;
    let integration = state["integration_id"].as_str().unwrap_or_default();
    world
        .edit_timeout(&world.action_id("orders").await?, 33)
        .await?;
    let disabled = json!({"intendedState": "DISABLED"});
    world
        .stranger("PATCH", &format!("/{integration}"), Some(disabled))
        .await?;
    // The report of the stranger's edit is another story.
    world.expect("Change Violated", "orders", from).await?;
    world.quiet().await?;
    let writes = world.writes();

    let report = world.sweep("apply").await?;
    let found = failed(&report);
    for id in MENDABLE.into_iter().chain(["LS-PRINCIPAL"]) {
        assert!(found.contains(&id), "{id} is not found: {report:#}");
    }
    assert!(
        report["findings"].to_string().contains(world.stranger_id()),
        "{report:#}"
    );
    assert_eq!(world.writes(), writes, "a sweep mends nothing");

    // Nothing new: nothing is reported.
    let again = world.sweep("apply").await?;
    assert_eq!(failed(&again), found);
    let after = world.stack.now().await?;
    world
        .ask("provision-role", json!({"mode": "apply"}))
        .await?;
    world.expect_any("Role Provisioned", after).await?;
    let said = reported(&world, from).await?;
    let once: BTreeSet<&String> = said.iter().collect();
    assert_eq!(once.len(), said.len(), "{said:?}");
    for id in MENDABLE.into_iter().chain(["LS-PRINCIPAL"]) {
        assert!(is_told(&said, id), "{id} is not reported: {said:?}");
    }

    // Mended, by the role's function and what it hands on; the mending change is not blamed for
    // the stranger's edit, however closely it follows.
    world.expect("Change Verified", "orders", after).await?;
    world.quiet().await?;
    let report = world.sweep("apply").await?;
    let left = failed(&report);
    for id in MENDABLE {
        assert!(!left.contains(&id), "{report:#}");
        let resolved = format!("resolved: {id} on ");
        let is_resolved = |detail: &Value| {
            let reason = detail["reason"].as_str().unwrap_or_default();
            reason.starts_with(&resolved)
        };
        let waited = world
            .stack
            .wait_for_event("Compliance Finding", after, PATIENCE, is_resolved);
        waited.await.map_err(|error| format!("{id}: {error}"))?;
    }
    world.stack.stop().await;
    Ok(())
}
