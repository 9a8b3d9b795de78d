//! Genesys Cloud throttles, fails, loses answers, and refuses.

use genesys_simulator::PermissionSettings;
use serde_json::json;
use simulation::story::{ActionText, Error, Stage, play};

use crate::World;

const ACTION: &str = "/integrations/actions/{actionId}";
const DRAFT: &str = "/integrations/actions/{actionId}/draft";
const VALIDATION: &str = "/integrations/actions/{actionId}/draft/validation";
const PUBLISH: &str = "/integrations/actions/{actionId}/draft/publish";

/// A world with one tested action that uses one secret.
async fn bound() -> Result<(World, String), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
    world.settle(&world.manifest().action(orders)).await?;
    world.quiet().await?;
    Ok((world, secret))
}

/// The statuses that a route answered with, in order; 0 where it gave no answer.
fn statuses(world: &World, method: &str, route: &str) -> Vec<u16> {
    let calls = world.calls_of(method, route);
    let status = |call: &genesys_simulator::Call| call.status.unwrap_or_default();
    calls.iter().map(status).collect()
}

#[test]
fn throttling_failures_and_lost_answers_only_delay_a_change() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        world.stack.genesys.reset_calls();
        let throttled = json!({"status": 429, "headers": {"Retry-After": "1"}, "times": 1});
        world.fault("GET", ACTION, throttled)?;
        world.fault("GET", VALIDATION, json!({"status": 503, "times": 2}))?;
        world.fault("PATCH", DRAFT, json!({"kind": "reset", "times": 1}))?;
        world.fault(
            "POST",
            PUBLISH,
            json!({"kind": "applied_then_lost", "times": 1}),
        )?;
        let audits = json!({"status": 500, "times": 1});
        world.fault("POST", "/audits/query/realtime", audits)?;

        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "second").await?;
        world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;

        assert_eq!(statuses(&world, "GET", ACTION)[..2], [429, 200]);
        assert_eq!(statuses(&world, "GET", VALIDATION), [503, 503, 200]);
        assert_eq!(statuses(&world, "PATCH", DRAFT), [0, 200]);
        assert_eq!(statuses(&world, "POST", PUBLISH), [0]);
        assert_eq!(world.bound_version("orders").await?, version);
        let emitted = world.story_of("orders", from).await?;
        assert_eq!(emitted, ["Data Action Rebound", "Change Verified"]);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn an_outage_is_waited_out_and_the_change_comes_after_it() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        world.stack.genesys.reset_calls();
        world.fault("GET", ACTION, json!({"status": 503, "times": 1000}))?;

        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "second").await?;
        // Failures in a row, until it stops asking and the message goes back to the queue.
        world.logged("rebind-action", "will be retried").await?;
        world.stack.genesys.reset_faults();
        let verified = world.expect("Change Verified", "orders", from).await?;

        let version_id = &verified["secrets"][0]["version_id"];
        assert_eq!(version_id, version.as_str(), "{verified:#}");
        let asked = world.calls_of("GET", ACTION);
        let failed = asked.iter().filter(|call| call.status == Some(503));
        assert!((5..9).contains(&failed.count()), "{asked:#?}");
        let pauses = asked
            .windows(2)
            .map(|two| two[1].at.duration_since(two[0].at));
        let longest = pauses.max().unwrap_or_default();
        assert!(longest.as_secs() >= 30, "asked again after {longest:#}");
        let emitted = world.story_of("orders", from).await?;
        assert_eq!(emitted, ["Data Action Rebound", "Change Verified"]);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_permanent_refusal_is_reported_once_in_the_words_of_genesys_and_tried_again_when_asked()
-> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        let refusal = json!({
            "status": 400,
            "body": {
                "status": 400,
                "code": "constraint.validation",
                "message": "The request template is not to our liking.",
                "contextId": "c-1",
                "details": [{"errorCode": "invalid", "fieldName": "config.request.requestTemplate"}],
                "errors": [],
            },
            "times": 1,
        });
        world.fault("PATCH", DRAFT, refusal)?;

        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "second").await?;
        let failed = world.expect("Rebind Failed", "orders", from).await?;
        world.quiet().await?;

        let reason = failed["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("not to our liking"), "{reason}");
        assert!(
            reason.contains("config.request.requestTemplate"),
            "{reason}"
        );
        assert_eq!(world.story_of("orders", from).await?, ["Rebind Failed"]);
        assert_eq!(statuses(&world, "PATCH", DRAFT), [400], "never tried again");
        assert_ne!(world.bound_version("orders").await?, version);

        let from = world.stack.now().await?;
        world.ask("rebind-action", json!({"mode": "apply"})).await?;
        world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.bound_version("orders").await?, version);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_missing_permission_is_named() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        let client_id = world.stack.genesys.client().id.clone();
        let reading = ["integrations:integration:view", "integrations:action:view"];
        world.stack.genesys.set_permissions(PermissionSettings {
            client_id,
            permissions: reading.map(str::to_owned).to_vec(),
        })?;

        let (writes, from) = (world.stack.genesys.calls().len(), world.stack.now().await?);
        world.stack.rotate(&secret, "second").await?;
        let failed = world.expect("Rebind Failed", "orders", from).await?;
        world.quiet().await?;

        let reason = failed["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("integrations:action:edit"), "{reason}");
        assert_eq!(world.story_of("orders", from).await?, ["Rebind Failed"]);
        let denied = world.stack.genesys.calls().into_iter().skip(writes);
        let changed = denied.filter(|call| call.method != "GET" && call.status == Some(200));
        let changed: Vec<_> = changed.filter(|call| call.path != "/oauth/token").collect();
        assert!(changed.is_empty(), "{changed:#?}");
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_draft_that_a_person_opened_after_ours_is_never_overwritten() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        let from = world.stack.now().await?;
        world.stack.rotate(&secret, "second").await?;
        world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;
        let action = world.action_id("orders").await?;
        let draft = format!("/api/v2/integrations/actions/{action}/draft");
        let person = world.stack.genesys.other_client();
        let theirs = world.genesys(person, "POST", &draft, None).await?;

        let (writes, from) = (world.writes(), world.stack.now().await?);
        world.stack.rotate(&secret, "third").await?;
        let failed = world.expect("Rebind Failed", "orders", from).await?;
        world.quiet().await?;

        let reason = failed["reason"].as_str().unwrap_or_default();
        assert!(
            reason.contains("draft that someone else opened"),
            "{reason}"
        );
        assert_eq!(world.writes(), writes);
        let now = world.genesys(person, "GET", &draft, None).await?;
        assert_eq!(now["version"], theirs["version"], "{now:#}");
        world.stack.stop().await;
        Ok(())
    })
}
