//! The verdict on a change: who did what, and what if nobody says so.

use genesys_simulator::{AuditSettings, Client};
use lockstep_domain::evidence::{Record, verify_chain};
use serde_json::{Value, json};
use simulation::ORGANIZATION;
use simulation::story::{
    ActionText, Error, ManifestText, Options, RotateOptions, Stage, found, play,
};

use crate::World;

const NO_AUDITS: AuditSettings = AuditSettings {
    delay_seconds: None,
    never: None,
    events: None,
    event_delay_seconds: None,
};

async fn orders(world: &World) -> Result<(String, ManifestText), Error> {
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
    Ok((secret, world.manifest().action(orders)))
}

/// The evidence of a binding, in order.
async fn chain(world: &World, key: &str) -> Result<Vec<Record>, Error> {
    let organization = ORGANIZATION;
    let folder = format!("/evidence/{organization}/{key}/");
    let stored = world.stored().await?.into_iter();
    let records = stored.filter(|(place, _)| place.contains(&folder));
    records
        .map(|(_, text)| Ok(serde_json::from_str(&text)?))
        .collect()
}

fn ids(findings: &Value) -> Vec<&str> {
    let findings = findings.as_array().into_iter().flatten();
    findings.filter_map(|one| one["id"].as_str()).collect()
}

#[test]
fn an_edit_by_another_client_in_the_window_is_a_violation_even_when_it_was_put_back()
-> Result<(), Error> {
    play(async || {
        // The verdict waits long enough to get in between.
        let world = World::with(Options::default().parameter("VerifyDelaySeconds", "12")).await?;
        let (_, manifest) = orders(&world).await?;
        let from = world.upload(&manifest).await?;
        let rebound = world.expect("Data Action Rebound", "orders", from).await?;

        let action = rebound["action_id"].as_str().unwrap_or_default();
        world.edit_timeout(action, 33).await?;
        world.edit_timeout(action, 10).await?;
        let violated = world.expect("Change Violated", "orders", from).await?;

        assert_eq!(violated["change_id"], rebound["change_id"]);
        let stranger = world.stranger_id();
        let principals = violated["principals"].as_array();
        let named = principals
            .into_iter()
            .flatten()
            .any(|one| one["id"] == stranger);
        assert!(named, "{violated:#}");
        assert!(
            ids(&violated["findings"]).contains(&"LS-PRINCIPAL"),
            "{violated:#}"
        );
        let evidence = world.evidence_of(&violated).await?.to_string();
        assert!(evidence.contains(stranger), "{evidence}");
        let emitted = world.story_of("orders", from).await?;
        assert!(
            !emitted.contains(&"Change Verified".to_owned()),
            "{emitted:?}"
        );
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_verdict_waits_for_late_records_and_is_then_verified() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        world.stack.genesys.set_audits(&AuditSettings {
            delay_seconds: Some(300.0),
            ..NO_AUDITS
        })?;
        let (_, manifest) = orders(&world).await?;
        let from = world.upload(&manifest).await?;
        world.expect("Data Action Rebound", "orders", from).await?;

        let answer = world
            .ask("verify-change", json!({"keys": ["orders"]}))
            .await?;
        let said = &answer["verdicts"][0];
        assert_eq!(said["verdict"], "Pending", "{answer:#}");
        assert!(
            said["missing"].to_string().contains("no audit record yet"),
            "{answer:#}"
        );

        let verified = world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.evidence_of(&verified).await?["sequence"], 1);
        let answer = world
            .ask("verify-change", json!({"keys": ["orders"]}))
            .await?;
        assert_eq!(answer["verdicts"][0]["verdict"], "Verified", "{answer:#}");
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_change_without_records_ends_as_unverified_never_in_silence() -> Result<(), Error> {
    play(async || {
        let world =
            World::with(Options::default().parameter("VerifyDeadlineSeconds", "10")).await?;
        world.stack.genesys.set_audits(&AuditSettings {
            never: Some(true),
            ..NO_AUDITS
        })?;
        let (_, manifest) = orders(&world).await?;
        let from = world.upload(&manifest).await?;

        let unverified = world.expect("Change Unverified", "orders", from).await?;

        let evidence = world.evidence_of(&unverified).await?;
        let verdict = evidence["body"]["verdict"].to_string();
        assert!(verdict.contains("no audit record yet"), "{evidence:#}");
        world.quiet().await?;
        let emitted = world.story_of("orders", from).await?;
        assert_eq!(
            emitted
                .iter()
                .filter(|emitted| emitted.starts_with("Change"))
                .count(),
            1,
            "{emitted:?}"
        );
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_later_edit_by_another_client_makes_a_verified_change_violated() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let (_, manifest) = orders(&world).await?;
        world.settle(&manifest).await?;
        world.quiet().await?;
        let from = world.stack.now().await?;

        let action = world.action_id("orders").await?;
        world.edit_timeout(&action, 33).await?;
        let violated = world.expect("Change Violated", "orders", from).await?;

        let stranger = world.stranger_id();
        assert!(
            ids(&violated["findings"]).contains(&"LS-PRINCIPAL"),
            "{violated:#}"
        );
        assert!(
            violated["principals"].to_string().contains(stranger),
            "{violated:#}"
        );
        let evidence = world.evidence_of(&violated).await?;
        assert_eq!(evidence["sequence"], 2, "{evidence:#}");
        let chain = chain(&world, "orders").await?;
        assert_eq!(chain.len(), 2);
        assert_eq!(verify_chain(&chain), Ok(()));
        world.quiet().await?;
        assert_eq!(world.story_of("orders", from).await?, ["Change Violated"]);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn both_clients_of_a_rotated_pair_may_change_what_one_of_them_may() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let (_, manifest) = orders(&world).await?;
        let (pair, [one, other]) = world.make_pair("team").await?;
        let manifest = manifest
            .organization("rotated_clients", json!([pair]))
            .organization("authorized", json!({"clients": [one]}));
        world.settle(&manifest).await?;
        world.quiet().await?;
        let id = world.action_id("orders").await?;
        let path = format!("/api/v2/integrations/actions/{id}");
        let same = async || -> Result<Value, Error> {
            let action = world.action(&id).await?;
            Ok(json!({"version": action["version"], "category": action["category"]}))
        };

        // A rotation puts the other one in force.
        let from = world.stack.now().await?;
        let rotated = world.stack.rotate_client(&pair, RotateOptions::default());
        assert!(rotated.await?.done);
        let value = world.client_value(&pair, "AWSCURRENT").await?;
        assert_eq!(value["client_id"], json!(other));
        let secret = value["client_secret"].as_str().unwrap_or_default();
        let other = Client {
            id: other,
            secret: secret.to_owned().into(),
        };
        world
            .genesys(&other, "PATCH", &path, Some(same().await?))
            .await?;
        world.quiet().await?;
        let report = world.sweep("apply").await?;
        assert_eq!(found(&report, "LS-PRINCIPAL").len(), 0, "{report:#}");
        assert_eq!(world.story_of("orders", from).await?, [""; 0]);

        // Somebody else may not.
        let stranger = world.stack.genesys.other_client();
        world
            .genesys(stranger, "PATCH", &path, Some(same().await?))
            .await?;
        let report = world.sweep_until_found("LS-PRINCIPAL").await?;
        let named = found(&report, "LS-PRINCIPAL");
        assert_eq!(named.len(), 1, "{report:#}");
        assert!(named[0].to_string().contains(&stranger.id), "{report:#}");
        world.stack.stop().await;
        Ok(())
    })
}
