//! Credentials that could not be moved forward: all back, whatever happens on the way, or split.

use std::time::Duration;

use scenarios::{Called, Error, WebService, World, login};
use serde_json::{Value, json};

const CONFIG: &str = "/integrations/{integrationId}/config/current";
const CREDENTIAL: &str = "/integrations/credentials/{credentialId}";

/// How long the queue hides a message whose function has gone.
const HIDDEN: Duration = Duration::from_secs(10);

/// One of many passwords, like nothing else that is written anywhere.
fn password(number: u32) -> String {
    format!("pw-{number}-7d1c4b")
}

/// Two integrations of services of their own, with the values of one secret.
struct Bound {
    world: World,
    services: [WebService; 2],
    called: [Called; 2],
    secret: String,
}

impl Bound {
    async fn new(overlap: &str) -> Result<Self, Error> {
        let world = World::start().await?;
        world.hide_for("RebindQueueUrl", HIDDEN).await?;
        let services = [WebService::start().await?, WebService::start().await?];
        for service in &services {
            service.lets_in("app-a", &password(0));
        }
        let called = [
            world.called("erp", &services[0]).await?,
            world.called("crm", &services[1]).await?,
        ];
        let value = login("app-a", &password(0));
        let secret = world
            .stack
            .make_secret("genesys-credentials/erp", &value)
            .await?;
        let [erp, crm] = &called;
        let manifest = world.manifest().credentials(&secret, overlap, &[erp, crm]);
        let bound = Self {
            services,
            called,
            secret,
            world,
        };
        let from = bound.world.upload(&manifest).await?;
        bound.both("Change Verified", from).await?;
        bound.world.quiet().await?;
        Ok(bound)
    }

    /// Waits until each of the two has an event since `from`; answers that of the first.
    async fn both(&self, event: &str, from: usize) -> Result<Value, Error> {
        self.world.expect(event, "crm-login", from).await?;
        self.world.expect(event, "erp-login", from).await
    }

    async fn in_use(&self) -> Result<[String; 2], Error> {
        let [erp, crm] = &self.called;
        Ok([
            self.world.credential_in(erp).await?,
            self.world.credential_in(crm).await?,
        ])
    }

    async fn nothing_unreferenced(&self) -> Result<(), Error> {
        let [erp, crm] = &self.called;
        self.world.nothing_unreferenced(&[erp, crm]).await
    }

    /// The end of a story that went through the passwords up to the `last`.
    async fn ends_clean(self, last: u32) -> Result<(), Error> {
        let [erp, crm] = &self.called;
        let planted: Vec<String> = (0..=last).map(password).collect();
        self.world.ends_clean(&[erp, crm], &planted).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_on_the_way_back_ends_with_all_of_them_back() -> Result<(), Error> {
    let bound = Bound::new("alternating").await?;
    let world = &bound.world;
    let before = bound.in_use().await?;
    let canary = world.canary(&[bound.called[0].action.clone()])?;

    // Two configs are written, and written back; then what was made is deleted.
    let calls = [
        ("PUT", CONFIG, 2),
        ("PUT", CONFIG, 3),
        ("DELETE", CREDENTIAL, 0),
        ("DELETE", CREDENTIAL, 1),
    ];
    for (number, (method, route, after)) in (1..).zip(calls) {
        let at = format!("{method} {route}, {after} before");
        let password = password(number);
        // Only one of the services knows the new user.
        bound.services[0].lets_in("app-b", &password);
        let made = world.calls_of(method, route).len();
        let fault = json!({"kind": "applied_then_timeout", "after": after, "times": 1});
        world.fault(method, route, fault)?;
        let from = world.stack.now().await?;
        let value = login("app-b", &password);
        world.stack.rotate(&bound.secret, &value).await?;
        let calls = usize::try_from(after)?;
        world.call_after(made + calls, method, route).await?;
        assert!(world.crash("rebind-action")? >= 1, "{at}: it was at work");
        let failed = bound.both("Credential Rebind Failed", from).await?;
        world.quiet().await?;

        let reason = failed["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("crm-lookup"), "{at}: {reason}");
        assert_eq!(bound.in_use().await?, before, "{at}");
        let left = bound.nothing_unreferenced().await;
        assert!(left.is_ok(), "{at}: {left:?}");
    }
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");

    // Both know the next one.
    for service in &bound.services {
        service.lets_in("app-b", &password(5));
    }
    let from = world.stack.now().await?;
    let value = login("app-b", &password(5));
    world.stack.rotate(&bound.secret, &value).await?;
    bound.both("Change Verified", from).await?;
    world.quiet().await?;
    bound.ends_clean(5).await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_old_value_is_dead_a_refusal_between_two_integrations_is_a_split()
-> Result<(), Error> {
    let bound = Bound::new("none").await?;
    let world = &bound.world;
    let before = bound.in_use().await?;
    let refusal = json!({"status": 400, "after": 1, "times": 1, "body": {
        "status": 400, "code": "constraint.validation", "message": "not to our liking",
        "contextId": "c-1", "details": [], "errors": [],
    }});
    world.fault("PUT", CONFIG, refusal)?;
    for service in &bound.services {
        service.lets_in("app-a", &password(1));
    }

    let from = world.stack.now().await?;
    let value = login("app-a", &password(1));
    world.stack.rotate(&bound.secret, &value).await?;
    let split = bound.both("Credential Split", from).await?;
    world.quiet().await?;
    let reason = split["reason"].as_str().unwrap_or_default();
    for said in ["erp-login", "crm-login", "not to our liking"] {
        assert!(reason.contains(said), "{reason}");
    }
    let [erp, crm] = bound.in_use().await?;
    assert_ne!(erp, before[0], "moved, and the old value is dead");
    assert_eq!(crm, before[1], "refused");
    let report = world.sweep("apply").await?;
    assert!(
        !scenarios::found(&report, "LS-HELD").is_empty(),
        "{report:#}"
    );

    // Held until a person says so.
    let from = world.stack.now().await?;
    let again = json!({"mode": "apply", "keys": ["erp-login"], "retry": true});
    world.ask("rebind-action", again).await?;
    bound.both("Change Verified", from).await?;
    world.quiet().await?;
    bound.ends_clean(1).await
}
