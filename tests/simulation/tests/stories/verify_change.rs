//! What `verify-change` says of a change that somebody else made later, and of a window that an
//! operator asks for.

use serde_json::{Value, json};
use simulation::story::{ActionText, Error, Options, Stage, play};

use crate::World;

async fn bound() -> Result<World, Error> {
    // A story reports a change itself.
    let options = Options {
        genesys_events: false,
        ..Options::default()
    };
    let world = World::with(options).await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let action = ActionText::new("orders", &world.echo(), &[&secret]);
    world.settle(&world.manifest().action(action)).await?;
    world.quiet().await?;
    Ok(world)
}

/// Another client of the organization changes the action; answers that client's id.
async fn meddle(world: &World) -> Result<String, Error> {
    let state = world.state("orders").await?;
    let id = state["action_id"].as_str().unwrap_or_default().to_owned();
    let version = world.action(&id).await?["version"].clone();
    let stranger = world.stack.organization().other_client();
    let path = format!("/api/v2/integrations/actions/{id}");
    let body = json!({"version": version, "category": "Meddled"});
    world.genesys(stranger, "PATCH", &path, Some(body)).await?;
    Ok(stranger.id.clone())
}

/// What Genesys Cloud publishes when an action was changed, with a record's id.
async fn report(world: &World, audit_id: &str) -> Result<Value, Error> {
    let organization = &world.stack.places().organization;
    let state = world.state("orders").await?;
    Ok(json!({
        "version": "0",
        "id": "88888888-0000-4000-8000-000000000001",
        "detail-type": "v2.audits.entitytype.{id}.entityid.{id}",
        "source": format!("aws.partner/genesys.com/cloud/{organization}/lockstep"),
        "account": world.stack.places().account,
        "time": "2026-01-31T12:05:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "topicName": "v2.audits.entitytype.Action.entityid.any",
            "version": "2",
            "eventBody": {
                "id": audit_id,
                "serviceName": "Integrations",
                "action": "Update",
                "entityType": "Action",
                "entity": {"id": state["action_id"]},
            },
            "timestamp": "2026-01-31T12:05:00Z",
        },
    }))
}

fn ids(findings: &Value) -> Vec<&str> {
    let findings = findings.as_array().into_iter().flatten();
    findings.filter_map(|one| one["id"].as_str()).collect()
}

#[test]
fn a_later_change_by_someone_else_makes_a_verified_change_violated() -> Result<(), Error> {
    play(async || {
        let world = bound().await?;
        let from = world.stack.now().await?;
        let stranger = meddle(&world).await?;
        let window = world.ask("verify-change", json!({})).await?;
        assert_eq!(window["verdicts"][0]["verdict"], "Violated", "{window:#}");
        let records = window["verdicts"][0]["records"].as_array();
        let last = records.and_then(|records| records.last()?.as_str());
        let event = report(&world, last.unwrap_or_default()).await?;
        world.ask("verify-change", event.clone()).await?;

        let violated = world.expect("Change Violated", "orders", from).await?;
        assert_eq!(ids(&violated["findings"]), ["LS-PRINCIPAL"], "{violated:#}");
        let principals = violated["principals"].to_string();
        assert!(principals.contains(&stranger), "{violated:#}");
        let evidence = violated["evidence"].as_str().unwrap_or_default();
        let record = world.stack.evidence(evidence).await?.unwrap_or_default();
        assert_eq!(record["sequence"], 2, "{record:#}");
        assert!(record["previous"].is_string(), "{record:#}");

        // The same report again is no news.
        let before = world.state("orders").await?;
        world.ask("verify-change", event).await?;
        assert_eq!(world.state("orders").await?, before);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_window_by_hand_is_judged_and_nothing_is_written() -> Result<(), Error> {
    play(async || {
        let world = bound().await?;
        let before = world.state("orders").await?;
        let from = world.stack.now().await?;
        let writes = world.writes();

        let answer = world.ask("verify-change", json!({})).await?;
        assert_eq!(answer["verdicts"][0]["verdict"], "Verified", "{answer:#}");
        assert_eq!(answer["verdicts"][0]["key"], "orders");
        let lines = answer["verdicts"][0]["compliance_audit"].as_array();
        assert!(lines.is_some_and(|lines| !lines.is_empty()), "{answer:#}");

        let long_ago = json!({"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"});
        let answer = world.ask("verify-change", long_ago).await?;
        assert_eq!(answer["verdicts"][0]["records"], json!([]), "{answer:#}");

        let backwards = json!({"from": "2020-01-02T00:00:00Z", "to": "2020-01-01T00:00:00Z"});
        let answer = world.ask("verify-change", backwards).await?;
        assert_eq!(answer["refused"], true, "{answer:#}");
        assert_eq!(answer["errors"][0]["at"], "event.from");

        assert_eq!(world.state("orders").await?, before);
        assert_eq!(world.writes(), writes);
        assert_eq!(world.story_of("orders", from).await?, Vec::<String>::new());
        world.stack.stop().await;
        Ok(())
    })
}
