//! The values in integration credentials follow their secret, and nobody who calls notices.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use simulation::story::{Called, Error, Stage as _, label_updated, login, play};

use crate::World;

const CONFIG: &str = "/integrations/{integrationId}/config/current";

/// The secret whose values are pushed.
const NAME: &str = "genesys-credentials/erp";

/// The values that the stories of two users go through.
const PASSWORDS: [&str; 3] = ["pw-first", "pw-second", "pw-third"];

/// Waits until each credential has an event, heard since `from`; answers the first one's.
async fn all(world: &World, event: &str, called: &[&Called], from: usize) -> Result<Value, Error> {
    let mut first = Value::Null;
    for one in called {
        let detail = world
            .expect(event, &format!("{}-login", one.key), from)
            .await?;
        if first.is_null() {
            first = detail;
        }
    }
    Ok(first)
}

/// The ids of the checks on credentials that failed, each once, sorted.
fn failed_checks(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().into_iter().flatten();
    let failed = findings.filter(|finding| finding["status"] == "failed");
    let ids: BTreeSet<String> = failed
        .filter_map(|finding| finding["id"].as_str())
        .map(str::to_owned)
        .collect();
    ids.into_iter().collect()
}

#[test]
fn two_integrations_follow_one_secret_and_no_call_fails() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let service = world.stack.web_services.add();
        service.lets_in("app-a", "pw-first");
        let erp = world.called("erp", &service).await?;
        let crm = world.called("crm", &service).await?;
        let called = [&erp, &crm];
        let by_hand = world.person_sets(&erp, "app-a", "pw-first").await?;
        world.person_sets(&crm, "app-a", "pw-first").await?;
        let value = login("app-a", "pw-first");
        let secret = world.stack.make_secret(NAME, &value).await?;
        let canary = world.canary(&[erp.action.clone(), crm.action.clone()])?;

        // First adoption: what a person made is replaced, not deleted, and named.
        let manifest = world
            .manifest()
            .credentials(&secret, "alternating", &called);
        let from = world.upload(&manifest).await?;
        let rebound = all(&world, "Credential Rebound", &called, from).await?;
        all(&world, "Change Verified", &called, from).await?;
        world.quiet().await?;
        assert!(
            rebound["notices"].to_string().contains(&by_hand),
            "{rebound:#}"
        );
        world
            .stranger("GET", &format!("/credentials/{by_hand}"), None)
            .await?;
        let first = world.credential_in(&erp).await?;
        assert_ne!(first, by_hand);
        assert_eq!(rebound["credential_id"], json!(first));
        let name = &world.own_credentials().await?;
        assert!(name[1].starts_with("Lockstep erp-login "), "{name:?}");
        world.nothing_unreferenced(&called).await?;

        // The other user, whose password is new; then the first one again.
        let mut versions = Vec::new();
        for (user, password) in [("app-b", "pw-second"), ("app-a", "pw-third")] {
            let before = world.credential_in(&crm).await?;
            service.lets_in(user, password);
            let from = world.stack.now().await?;
            let version = world.stack.rotate(&secret, &login(user, password)).await?;
            let verified = all(&world, "Change Verified", &called, from).await?;
            world.quiet().await?;
            assert_eq!(verified["secrets"][0]["version_id"], json!(version));
            let path = format!("/credentials/{before}");
            let gone = world.stranger("GET", &path, None).await;
            assert!(gone.is_err(), "the old one is deleted");
            assert_ne!(world.credential_in(&crm).await?, before);
            assert_eq!(
                world.story_of("crm-login", from).await?,
                ["Credential Rebound", "Change Verified"]
            );
            world.nothing_unreferenced(&called).await?;
            canary.once_more().await;
            versions.push(version);
        }

        // A new version with the same values: recorded and proved, and nothing is pushed.
        let (writes, from) = (world.writes().len(), world.stack.now().await?);
        let same = login("app-a", "pw-third");
        let version = world.stack.rotate(&secret, &same).await?;
        let verified = all(&world, "Change Verified", &called, from).await?;
        assert_eq!(verified["secrets"][0]["version_id"], json!(version));
        assert_eq!(world.writes().len(), writes, "{:?}", world.writes());

        // The same trigger again, and a late one of a version long gone.
        world.quiet().await?;
        let from = world.stack.now().await?;
        let time = "2026-01-02T03:04:05Z";
        for (id, version) in [
            ("twice", &version),
            ("twice", &version),
            ("late", &versions[0]),
        ] {
            let event = label_updated(id, &secret, version, time);
            world.deliver(&event).await?;
        }
        world.quiet().await?;
        assert_eq!(world.story_of("erp-login", from).await?, [""; 0]);
        assert_eq!(world.writes().len(), writes);

        assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
        world.ends_clean(&called, &PASSWORDS).await
    })
}

#[test]
fn a_failure_moves_all_of_them_back_or_says_where_each_is() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let (erp_service, crm_service) = (
            world.stack.web_services.add(),
            world.stack.web_services.add(),
        );
        for service in [&erp_service, &crm_service] {
            service.lets_in("app-a", "pw-first");
        }
        let erp = world.called("erp", &erp_service).await?;
        let crm = world.called("crm", &crm_service).await?;
        let called = [&erp, &crm];
        let value = login("app-a", "pw-first");
        let secret = world.stack.make_secret(NAME, &value).await?;
        let manifest = world
            .manifest()
            .credentials(&secret, "alternating", &called);
        let from = world.upload(&manifest).await?;
        all(&world, "Change Verified", &called, from).await?;
        world.quiet().await?;
        let before = [
            world.credential_in(&erp).await?,
            world.credential_in(&crm).await?,
        ];

        // Of the first integration alone: the second one's service will refuse the new user, which
        // is what its test is there to find out.
        let canary = world.canary(std::slice::from_ref(&erp.action))?;
        canary.once_more().await;

        // One of two services does not know the new user: both go back.
        erp_service.lets_in("app-b", "pw-second");
        let from = world.stack.now().await?;
        world
            .stack
            .rotate(&secret, &login("app-b", "pw-second"))
            .await?;
        let failed = all(&world, "Credential Rebind Failed", &[&crm, &erp], from).await?;
        world.quiet().await?;
        let reason = failed["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("crm-lookup"), "{reason}");
        assert!(failed["evidence"].is_string(), "{failed:#}");
        let now = [
            world.credential_in(&erp).await?,
            world.credential_in(&crm).await?,
        ];
        assert_eq!(now, before);
        world.nothing_unreferenced(&called).await?;
        assert_eq!(
            world.story_of("erp-login", from).await?,
            ["Credential Rebind Failed"]
        );

        // Held: a resync does not try again. A person does, once the service knows the user.
        let (writes, from) = (world.writes().len(), world.stack.now().await?);
        world.ask("rebind-action", json!({"mode": "apply"})).await?;
        assert_eq!(world.writes().len(), writes);
        crm_service.lets_in("app-b", "pw-second");
        let again = json!({"mode": "apply", "keys": ["crm-login"], "retry": true});
        world.ask("rebind-action", again.clone()).await?;
        all(&world, "Change Verified", &called, from).await?;
        world.nothing_unreferenced(&called).await?;

        // The second config can't be written: the first one is written back.
        world.quiet().await?;
        for service in [&erp_service, &crm_service] {
            service.lets_in("app-a", "pw-third");
        }
        let before = world.credential_in(&erp).await?;
        let refusal = |times: u32| {
            json!({"status": 400, "after": 1, "times": times, "body": {
                "status": 400, "code": "constraint.validation", "message": "not to our liking",
                "contextId": "c-1", "details": [], "errors": [],
            }})
        };
        world.fault("PUT", CONFIG, refusal(1))?;
        let from = world.stack.now().await?;
        world
            .stack
            .rotate(&secret, &login("app-a", "pw-third"))
            .await?;
        let failed = all(&world, "Credential Rebind Failed", &called, from).await?;
        world.quiet().await?;
        let reason = failed["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("moved back"), "{reason}");
        assert_eq!(world.credential_in(&erp).await?, before);
        world.nothing_unreferenced(&called).await?;

        // Neither can the first one be written back: split, said of each, until somebody retries.
        let (faulted, from) = (refusal(2), world.stack.now().await?);
        world.fault("PUT", CONFIG, faulted)?;
        world.ask("rebind-action", again.clone()).await?;
        let split = all(&world, "Credential Split", &called, from).await?;
        world.quiet().await?;
        let reason = split["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("crm-login: the slot basicAuth"), "{reason}");
        assert!(reason.contains("as before"), "{reason}");
        let key = split["evidence"].as_str().unwrap_or_default();
        assert!(key.contains("_secret_genesys-credentials_erp_"), "{key}");
        let from = world.stack.now().await?;
        world.ask("rebind-action", again).await?;
        all(&world, "Change Verified", &called, from).await?;
        world.quiet().await?;
        world.nothing_unreferenced(&called).await?;
        canary.once_more().await;
        assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
        world.ends_clean(&called, &PASSWORDS).await
    })
}

#[test]
fn where_the_old_value_no_longer_works_the_new_one_is_kept_and_an_event_says_so()
-> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let service = world.stack.web_services.add();
        service.lets_in("app", "pw-first");
        let erp = world.called("erp", &service).await?;
        let value = login("app", "pw-first");
        let secret = world.stack.make_secret(NAME, &value).await?;
        let manifest = world.manifest().credentials(&secret, "none", &[&erp]);
        let from = world.upload(&manifest).await?;
        world.expect("Change Verified", "erp-login", from).await?;
        world.quiet().await?;
        let before = world.credential_in(&erp).await?;

        // No canary: without an overlap calls fail until the new value is pushed, and here even
        // after.
        service.lets_in("app", "pw-something-else");
        let from = world.stack.now().await?;
        world
            .stack
            .rotate(&secret, &login("app", "pw-second"))
            .await?;
        let unhealthy = world
            .expect("Credential Unhealthy", "erp-login", from)
            .await?;
        world.expect("Change Verified", "erp-login", from).await?;
        world.quiet().await?;
        assert!(
            unhealthy["reason"].to_string().contains("erp-lookup"),
            "{unhealthy:#}"
        );
        assert_ne!(world.credential_in(&erp).await?, before);
        let held = world.ask("rebind-action", json!({"mode": "apply"})).await?;
        assert!(held["text"].to_string().contains("held"), "{held:#}");

        // The sweep tries it out again, and says that it is held.
        let report = world.sweep("apply").await?;
        let failed = failed_checks(&report);
        assert_eq!(
            failed,
            ["LS-CREDENTIAL-LEFT", "LS-HELD", "LS-UNHEALTHY"],
            "{report:#}"
        );

        // What was replaced is deleted once the tests pass, and not before.
        world
            .stranger("GET", &format!("/credentials/{before}"), None)
            .await?;
        service.lets_in("app", "pw-second");
        let from = world.stack.now().await?;
        let again = json!({"mode": "apply", "retry": true});
        world.ask("rebind-action", again).await?;
        world.expect("Change Verified", "erp-login", from).await?;
        world.quiet().await?;
        assert_eq!(
            world.story_of("erp-login", from).await?,
            ["Credential Rebound", "Change Verified"]
        );
        world.nothing_unreferenced(&[&erp]).await?;
        let planted = ["pw-first", "pw-second", "pw-something-else"];
        world.ends_clean(&[&erp], &planted).await
    })
}

#[test]
fn what_a_stranger_does_to_a_credential_is_named_and_repaired() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let service = world.stack.web_services.add();
        service.lets_in("app-a", "pw-first");
        let erp = world.called("erp", &service).await?;
        let by_hand = world.person_sets(&erp, "app-a", "pw-first").await?;
        let value = login("app-a", "pw-first");
        let secret = world.stack.make_secret(NAME, &value).await?;
        let plan = json!({"mode": "plan", "keys": ["erp-login"]});

        // With mode `plan` everything is said and nothing is done.
        let manifest = world
            .manifest()
            .credentials(&secret, "alternating", &[&erp]);
        let planning = manifest.clone().organization("mode", json!("plan"));
        let from = world.upload(&planning).await?;
        world.expect_any("Manifest Accepted", from).await?;
        let writes = world.writes().len();
        let planned = world.ask("rebind-action", plan.clone()).await?;
        assert_eq!(planned["steps"][0]["verb"], "create", "{planned:#}");
        assert_eq!(
            planned["steps"][0]["new"]["fields"]["password"],
            "$.password"
        );
        assert_eq!(planned["steps"][1]["old"]["credential"], json!(by_hand));
        assert_eq!(planned["steps"][2]["verb"], "test");
        world.quiet().await?;
        assert_eq!(world.writes().len(), writes, "{:?}", world.writes());

        let canary = world.canary(std::slice::from_ref(&erp.action))?;
        canary.once_more().await;
        let from = world.upload(&manifest).await?;
        world.expect("Change Verified", "erp-login", from).await?;
        world.quiet().await?;
        let ours = world.credential_in(&erp).await?;

        // Pointed elsewhere: named as a violation, and pointed back at what is still good.
        let from = world.stack.now().await?;
        world.person_points(&erp, &by_hand).await?;
        let violated = world.expect("Change Violated", "erp-login", from).await?;
        assert!(
            violated.to_string().contains(world.stranger_id()),
            "{violated:#}"
        );
        // The event comes before the verdict is recorded; only then is it not given again. Audit
        // records carry whole seconds, so that what is done in the same second is judged with it.
        world.quiet().await?;
        world.stack.pass(Duration::from_secs(1)).await;
        let report = world.sweep("apply").await?;
        let failed = failed_checks(&report);
        assert!(failed.contains(&"LS-CREDENTIAL".into()), "{report:#}");
        let from = world.stack.now().await?;
        world.ask("rebind-action", json!({"mode": "apply"})).await?;
        world.expect("Change Verified", "erp-login", from).await?;
        world.quiet().await?;
        assert_eq!(world.credential_in(&erp).await?, ours);

        // What the stranger writes next works for nobody: that is not for Lockstep to hide.
        canary.once_more().await;
        assert_eq!(canary.stop().await?, [""; 0], "calls that failed");

        // Written to: a new one takes its place, since nobody knows what is in it now.
        let theirs = json!({
            "id": ours, "name": "Lockstep's, once", "type": {"name": "basicAuth"},
            "credentialFields": {"userName": "app-a", "password": "pw-theirs-by-hand"},
        });
        let path = format!("/credentials/{ours}");
        world.stranger("PUT", &path, Some(theirs)).await?;
        let from = world.stack.now().await?;
        let repaired = world.ask("rebind-action", json!({"mode": "apply"})).await?;
        assert!(
            repaired["text"].to_string().contains("someone else wrote"),
            "{repaired:#}"
        );
        world.expect("Change Verified", "erp-login", from).await?;
        world.quiet().await?;
        assert_ne!(world.credential_in(&erp).await?, ours);
        assert!(world.stranger("GET", &path, None).await.is_err(), "deleted");
        // What a person made is another's, used or not.
        world
            .ends_clean(&[&erp], &["pw-first", "pw-theirs-by-hand"])
            .await
    })
}
