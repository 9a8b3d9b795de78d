//! Two integrations follow one secret, deployed. What can go wrong is played in the simulation.

use scenarios::{Called, Error, Stage as _, WebService, World, login};
use serde_json::{Value, json};

/// Waits until each credential has an event, emitted since `from`; answers the first one's.
async fn all(
    world: &World,
    event: &str,
    called: [&Called; 2],
    from: usize,
) -> Result<Value, Error> {
    let [first, second] = called.map(|one| format!("{}-login", one.key));
    world.expect(event, &second, from).await?;
    world.expect(event, &first, from).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_integrations_follow_one_secret_and_no_call_fails() -> Result<(), Error> {
    let world = World::start().await?;
    let service = WebService::start().await?;
    service.lets_in("app-a", "pw-first");
    let erp = world.called("erp", &service).await?;
    let crm = world.called("crm", &service).await?;
    let called = [&erp, &crm];
    let by_hand = world.person_sets(&erp, "app-a", "pw-first").await?;
    world.person_sets(&crm, "app-a", "pw-first").await?;
    let value = login("app-a", "pw-first");
    let secret = world
        .stack
        .make_secret("genesys-credentials/erp", &value)
        .await?;
    let canary = world.canary(&[erp.action.clone(), crm.action.clone()])?;

    let manifest = world
        .manifest()
        .credentials(&secret, "alternating", &called);
    let from = world.upload(&manifest).await?;
    let rebound = all(&world, "Credential Rebound", called, from).await?;
    all(&world, "Change Verified", called, from).await?;
    world.quiet().await?;
    let before = world.credential_in(&crm).await?;
    assert_ne!(before, by_hand);
    assert_eq!(
        rebound["credential_id"],
        json!(world.credential_in(&erp).await?)
    );

    // The other user, whose password is new.
    service.lets_in("app-b", "pw-second");
    let from = world.stack.now().await?;
    let version = world
        .stack
        .rotate(&secret, &login("app-b", "pw-second"))
        .await?;
    let verified = all(&world, "Change Verified", called, from).await?;
    world.quiet().await?;
    assert_eq!(verified["secrets"][0]["version_id"], json!(version));
    assert_ne!(world.credential_in(&crm).await?, before);
    assert_eq!(
        world.story_of("crm-login", from).await?,
        ["Credential Rebound", "Change Verified"]
    );

    canary.once_more().await;
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
    world.ends_clean(&called, &["pw-first", "pw-second"]).await
}
