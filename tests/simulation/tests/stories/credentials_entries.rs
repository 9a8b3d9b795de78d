//! What becomes of credentials as their entries come, go and change their names.

use serde_json::{Value, json};
use simulation::story::{Error, Options, Stage as _, play};

use crate::bound::{Bound, nobody_noticed};

async fn bound() -> Result<Bound, Error> {
    Bound::new(Options::default(), "alternating").await
}

/// The other user becomes current, up to the verdict on `erp`.
async fn rotated(bound: &Bound) -> Result<(), Error> {
    let world = &bound.world;
    bound.lets_in("app-b", 1);
    let from = world.stack.now().await?;
    bound.rotate("app-b", 1).await?;
    world.expect("Change Verified", "erp-login", from).await?;
    world.quiet().await
}

#[test]
fn a_removed_entry_changes_nothing_and_has_no_more_events() -> Result<(), Error> {
    play(async || {
        let bound = bound().await?;
        let world = &bound.world;
        let [erp, crm] = &bound.called;
        let left = world.credential_in(crm).await?;
        let canary = bound.canary().await?;

        let manifest = world
            .manifest()
            .credentials(&bound.secret, "alternating", &[erp]);
        let from = world.upload(&manifest).await?;
        let accepted = world.expect_any("Manifest Accepted", from).await?;
        let notices = accepted["notices"].to_string();
        assert!(
            notices.contains("crm-login is no longer managed"),
            "{notices}"
        );
        assert!(!notices.contains("_secret_"), "{notices}");
        world.quiet().await?;
        let from = world.stack.now().await?;
        rotated(&bound).await?;

        assert_eq!(world.story_of("crm-login", from).await?, [""; 0]);
        assert_eq!(world.credential_in(crm).await?, left);
        let used = world.credential_in(erp).await?;
        assert_ne!(used, left);
        nobody_noticed(canary).await?;
        bound.ends_clean(1).await
    })
}

#[test]
fn a_renamed_entry_keeps_its_slot_and_nothing_has_the_old_name() -> Result<(), Error> {
    play(async || {
        let bound = bound().await?;
        let world = &bound.world;
        let [erp, crm] = &bound.called;
        let canary = bound.canary().await?;

        let manifest = world
            .manifest()
            .credentials(&bound.secret, "alternating", &[erp, crm])
            .credential_called("erp-login", "erp-user");
        let from = world.upload(&manifest).await?;
        let rebound = world.expect("Credential Rebound", "erp-user", from).await?;
        world.expect("Change Verified", "erp-user", from).await?;
        world.quiet().await?;

        let notices = rebound["notices"].to_string();
        assert!(!notices.contains("Lockstep did not create"), "{notices}");
        assert_eq!(world.story_of("erp-login", from).await?, [""; 0]);
        let own = world.own_credentials().await?;
        assert_eq!(own.len(), 2, "{own:?}");
        assert!(own[1].starts_with("Lockstep erp-user "), "{own:?}");
        nobody_noticed(canary).await?;
        bound.ends_clean(1).await
    })
}

#[test]
fn what_a_change_deletes_was_planned_for_every_reader_of_the_audit_log() -> Result<(), Error> {
    play(async || {
        let bound = bound().await?;
        let world = &bound.world;
        let genesys = &world.stack.genesys;
        genesys.set_switch("credential_audits", "yes")?;
        let canary = bound.canary().await?;
        world.sweep("apply").await?;

        rotated(&bound).await?;

        let report = world.sweep("apply").await?;
        let failed = report["findings"].as_array().into_iter().flatten();
        let failed: Vec<&Value> = failed.filter(|one| one["status"] == "failed").collect();
        assert!(failed.is_empty(), "{failed:#?}");
        let window = world.ask("verify-change", json!({})).await?;
        assert!(window.to_string().contains("Action: Delete"), "{window:#}");
        for said in window["verdicts"].as_array().into_iter().flatten() {
            assert_ne!(said["verdict"], "Violated", "{said:#}");
        }
        nobody_noticed(canary).await?;
        bound.ends_clean(1).await
    })
}
