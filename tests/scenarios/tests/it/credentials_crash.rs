//! The function is ended in the middle of moving credentials, at each call in turn.

use std::time::Duration;

use scenarios::{Error, WebService, World, login};
use serde_json::json;

/// How long the queue hides a message whose function has gone.
const HIDDEN: Duration = Duration::from_secs(10);

/// Every call that moves something, in the order in which they come, and what comes before them.
const CALLS: [(&str, &str, u32); 6] = [
    ("POST", "/integrations/credentials", 0),
    ("PUT", "/integrations/{integrationId}/config/current", 0),
    ("PUT", "/integrations/{integrationId}/config/current", 1),
    ("POST", "/integrations/actions/{actionId}/test", 0),
    ("DELETE", "/integrations/credentials/{credentialId}", 0),
    ("DELETE", "/integrations/credentials/{credentialId}", 1),
];

/// One of many passwords, like nothing else that is written anywhere.
fn password(number: u32) -> String {
    format!("pw-{number}-7d1c4b")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_each_call_in_turn_ends_right_and_no_call_fails() -> Result<(), Error> {
    let world = World::start().await?;
    world.hide_for("RebindQueueUrl", HIDDEN).await?;
    let service = WebService::start().await?;
    service.lets_in("app-a", &password(0));
    let erp = world.called("erp", &service).await?;
    let crm = world.called("crm", &service).await?;
    let value = login("app-a", &password(0));
    let secret = world
        .stack
        .make_secret("genesys-credentials/erp", &value)
        .await?;
    let manifest = world
        .manifest()
        .credentials(&secret, "alternating", &[&erp, &crm]);
    let from = world.upload(&manifest).await?;
    world.expect("Change Verified", "crm-login", from).await?;
    world.quiet().await?;
    let canary = world.canary(&[erp.action.clone(), crm.action.clone()])?;

    let mut planted = vec![password(0)];
    for (number, (method, route, after)) in (1..).zip(CALLS) {
        let at = format!("{method} {route}, {after} before");
        let user = if number % 2 == 0 { "app-a" } else { "app-b" };
        let password = password(number);
        service.lets_in(user, &password);
        let made = world.calls_of(method, route).len();
        // The call is made and never answered: that is where the function is ended.
        let fault = json!({"kind": "timeout", "after": after, "times": 1});
        world.fault(method, route, fault)?;
        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, &login(user, &password)).await?;
        let calls = usize::try_from(after)?;
        world.call_after(made + calls, method, route).await?;
        assert!(world.crash("rebind-action")? >= 1, "{at}: it was at work");
        for key in ["erp-login", "crm-login"] {
            let verified = world.expect("Change Verified", key, from).await?;
            assert_eq!(verified["secrets"][0]["version_id"], json!(version), "{at}");
        }
        world.quiet().await?;
        let left = world.nothing_unreferenced(&[&erp, &crm]).await;
        assert!(left.is_ok(), "{at}: {left:?}");
        planted.push(password);
    }
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
    world.ends_clean(&[&erp, &crm], &planted).await
}
