//! Credentials that could not be moved forward: all back, whatever happens on the way, or split.

use serde_json::json;
use simulation::story::{Error, Options, Stage as _, found, play};

use crate::bound::{Bound, nobody_noticed, password};

const CONFIG: &str = "/integrations/{integrationId}/config/current";
const CREDENTIAL: &str = "/integrations/credentials/{credentialId}";

#[test]
fn a_crash_on_the_way_back_ends_with_all_of_them_back() -> Result<(), Error> {
    play(async || {
        let bound = Bound::new(Options::default(), "alternating").await?;
        let world = &bound.world;
        let canary = world.canary(&[bound.called[0].action.clone()])?;

        // Two configs are written, and written back; then what was made is deleted.
        let calls = [
            ("PUT", CONFIG, 2),
            ("PUT", CONFIG, 3),
            ("DELETE", CREDENTIAL, 0),
            ("DELETE", CREDENTIAL, 1),
        ];
        for (round, (method, route, after)) in (0..).zip(calls) {
            let at = format!("{method} {route}, {after} before");
            let user = if round % 2 == 0 { "app-b" } else { "app-a" };
            let number = 2 * round + 1;
            let before = bound.in_use().await?;
            // Only one of the services knows the new user.
            bound.services[0].lets_in(user, &password(number));
            let made = world.calls_of(method, route).len();
            let fault = json!({"kind": "applied_then_timeout", "after": after, "times": 1});
            world.fault(method, route, fault)?;
            let from = world.stack.now().await?;
            bound.rotate(user, number).await?;
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

            // Both know the next one. Without it the next round would have to go back to a version that is
            // older than AWSPREVIOUS, which is never done.
            let next = number + 1;
            bound.lets_in(user, next);
            let from = world.stack.now().await?;
            bound.rotate(user, next).await?;
            bound.both("Change Verified", from).await?;
            world.quiet().await?;
        }
        nobody_noticed(canary).await?;
        bound.ends_clean(8).await
    })
}

#[test]
fn where_the_old_value_no_longer_works_a_refusal_between_two_integrations_is_a_split()
-> Result<(), Error> {
    play(async || {
        let bound = Bound::new(Options::default(), "none").await?;
        let world = &bound.world;
        let before = bound.in_use().await?;
        let refusal = json!({"status": 400, "after": 1, "times": 1, "body": {
            "status": 400, "code": "constraint.validation", "message": "not to our liking",
            "contextId": "c-1", "details": [], "errors": [],
        }});
        world.fault("PUT", CONFIG, refusal)?;
        bound.lets_in("app-a", 1);

        let from = world.stack.now().await?;
        bound.rotate("app-a", 1).await?;
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
        assert!(!found(&report, "LS-HELD").is_empty(), "{report:#}");

        // Held until a person says so.
        let from = world.stack.now().await?;
        let again = json!({"mode": "apply", "keys": ["erp-login"], "retry": true});
        world.ask("rebind-action", again).await?;
        bound.both("Change Verified", from).await?;
        world.quiet().await?;
        bound.ends_clean(1).await
    })
}
