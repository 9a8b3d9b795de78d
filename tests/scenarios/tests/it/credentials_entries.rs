//! What becomes of credentials as their entries come, go and change their names.

use scenarios::{Called, Error, WebService, World, login};
use serde_json::{Value, json};

/// Two integrations with the values of one secret, bound and proved.
struct Bound {
    world: World,
    service: WebService,
    secret: String,
    called: [Called; 2],
}

impl Bound {
    async fn new() -> Result<Self, Error> {
        let world = World::start().await?;
        let service = WebService::start().await?;
        service.lets_in("app-a", "hush-first-7d1c");
        let called = [
            world.called("erp", &service).await?,
            world.called("crm", &service).await?,
        ];
        let value = login("app-a", "hush-first-7d1c");
        let secret = world
            .stack
            .make_secret("genesys-credentials/erp", &value)
            .await?;
        let [erp, crm] = &called;
        let manifest = world
            .manifest()
            .credentials(&secret, "alternating", &[erp, crm]);
        let from = world.upload(&manifest).await?;
        for key in ["erp-login", "crm-login"] {
            world.expect("Change Verified", key, from).await?;
        }
        world.quiet().await?;
        Ok(Self {
            world,
            service,
            secret,
            called,
        })
    }

    /// The other user comes into force; waits for the verdict on a credential.
    async fn rotate(&self, password: &str, key: &str) -> Result<Value, Error> {
        self.service.lets_in("app-b", password);
        let from = self.world.stack.now().await?;
        let value = login("app-b", password);
        self.world.stack.rotate(&self.secret, &value).await?;
        let verified = self.world.expect("Change Verified", key, from).await?;
        self.world.quiet().await?;
        Ok(verified)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_removed_is_left_as_it_is_and_told_of_no_more() -> Result<(), Error> {
    let bound = Bound::new().await?;
    let world = &bound.world;
    let [erp, crm] = &bound.called;
    let left = world.credential_in(crm).await?;

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
    bound.rotate("hush-second-44aa", "erp-login").await?;

    assert_eq!(world.story_of("crm-login", from).await?, [""; 0]);
    assert_eq!(world.credential_in(crm).await?, left);
    let used = world.credential_in(erp).await?;
    assert_ne!(used, left);
    bound.world.stack.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_renamed_keeps_its_slot_and_nothing_is_left_of_the_old_name()
-> Result<(), Error> {
    let bound = Bound::new().await?;
    let world = &bound.world;
    let [erp, crm] = &bound.called;
    let canary = world.canary(&[erp.action.clone(), crm.action.clone()])?;

    let manifest = world
        .manifest()
        .credentials(&bound.secret, "alternating", &[erp, crm])
        .credential_called("erp-login", "erp-user");
    let from = world.upload(&manifest).await?;
    let rebound = world.expect("Credential Rebound", "erp-user", from).await?;
    world.expect("Change Verified", "erp-user", from).await?;
    world.quiet().await?;

    let notices = rebound["notices"].to_string();
    assert!(!notices.contains("was not made by Lockstep"), "{notices}");
    assert_eq!(world.story_of("erp-login", from).await?, [""; 0]);
    let own = world.own_credentials().await?;
    assert_eq!(own.len(), 2, "{own:?}");
    assert!(own[1].starts_with("Lockstep erp-user "), "{own:?}");
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
    bound.world.stack.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_deletes_was_planned_for_every_look_at_the_audit_log() -> Result<(), Error> {
    let bound = Bound::new().await?;
    let world = &bound.world;
    let genesys = &world.stack.genesys;
    genesys.set_switch("credential_audits", "yes")?;
    world.sweep("apply").await?;

    bound.rotate("hush-second-44aa", "erp-login").await?;

    let report = world.sweep("apply").await?;
    let failed = report["findings"].as_array().into_iter().flatten();
    let failed: Vec<&Value> = failed.filter(|one| one["status"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let window = world.ask("verify-change", json!({})).await?;
    assert!(window.to_string().contains("Action: Delete"), "{window:#}");
    for said in window["verdicts"].as_array().into_iter().flatten() {
        assert_ne!(said["verdict"], "Violated", "{said:#}");
    }
    bound.world.stack.stop().await;
    Ok(())
}
