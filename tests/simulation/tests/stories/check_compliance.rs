//! What a sweep finds, what it emits, and what it writes.

use serde_json::{Value, json};
use simulation::story::{ActionText, Error, Stage, play};

use crate::World;

const ROLE: &str = "GenesysActions";
const THEIRS: &str = "theirs";
const FINDING: &str = "Compliance Finding";

async fn bound() -> Result<World, Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let action = ActionText::new("orders", &world.echo(), &[&secret]).tested();
    world.settle(&world.manifest().action(action)).await?;
    world.quiet().await?;
    Ok(world)
}

fn ids(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings.filter_map(|one| one["id"].as_str()).collect()
}

/// Somebody gives the role a policy of theirs. Lockstep reports that and leaves it alone.
async fn widen(world: &World) -> Result<(), Error> {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    ]});
    let iam = &world.stack.aws().iam;
    iam.put_role_policy()
        .role_name(ROLE)
        .policy_name(THEIRS)
        .policy_document(policy.to_string())
        .send()
        .await?;
    Ok(())
}

/// They take it off again.
fn narrow(world: &World) {
    let now = world.stack.clock.now();
    let mut state = world.stack.account.state();
    state.services.iam.change(now, ROLE, |role| {
        role.inline.remove(THEIRS);
    });
}

/// Compliance findings emitted since `from`.
async fn emitted(world: &World, from: usize) -> Result<usize, Error> {
    let heard = world.stack.heard().await?.into_iter().skip(from);
    Ok(heard.filter(|event| event.detail_type == FINDING).count())
}

#[test]
fn a_world_as_it_should_be_passes_every_check_and_plan_mode_writes_nothing() -> Result<(), Error> {
    play(async || {
        let world = bound().await?;
        let from = world.stack.now().await?;
        let report = world.sweep("plan").await?;
        assert_eq!(ids(&report), Vec::<&str>::new(), "{report:#}");
        assert_eq!(report["passed"], report["checked"], "{report:#}");
        assert!(report["checked"].as_u64() > Some(15), "{report:#}");
        assert_eq!(report["ledgers"], json!([]));
        let organization = &world.stack.places().organization;
        let object = format!("compliance/{organization}.json");
        assert_eq!(world.stack.state_object(&object).await?, None);
        assert_eq!(emitted(&world, from).await?, 0);
        world.stack.stop().await;
        Ok(())
    })
}

/// The reports that the bucket has.
async fn reports(world: &World) -> Result<Vec<String>, Error> {
    let mut keys = world.objects(&world.stack.places().states).await?;
    keys.retain(|key| key.starts_with("reports/"));
    Ok(keys)
}

#[test]
fn a_sweep_stores_its_reports_and_replaces_the_latest_ones() -> Result<(), Error> {
    play(async || {
        let world = bound().await?;
        widen(&world).await?;
        assert_eq!(world.sweep("plan").await?["reports"], json!([]));
        assert_eq!(reports(&world).await?, Vec::<String>::new());
        let report = world.sweep("apply").await?;
        let (organization, bucket) = {
            let places = world.stack.places();
            (places.organization.clone(), places.states.clone())
        };
        let latest = format!("reports/latest/{organization}");
        assert_eq!(
            report["reports"],
            json!([
                format!("s3://{bucket}/{latest}/report.html"),
                format!("s3://{bucket}/{latest}/report.json"),
            ])
        );
        let stored = reports(&world).await?;
        assert_eq!(stored.len(), 4, "{stored:?}");
        let s3 = &world.stack.aws().s3;
        let page = format!("{latest}/report.html");
        let page = s3.get_object().bucket(&bucket).key(page).send().await?;
        assert_eq!(page.content_type(), Some("text/html; charset=utf-8"));
        let page = page.body.collect().await?.into_bytes();
        let page = String::from_utf8_lossy(&page);
        assert!(page.contains("1 of ") && page.contains(THEIRS), "{page}");
        let json = format!("{latest}/report.json");
        let json = world.stack.state_object(&json).await?.unwrap_or_default();
        assert_eq!(json["counts"]["failed"], 1);

        world.sweep("apply").await?;
        let again = reports(&world).await?;
        assert_eq!(again.len(), 6, "{again:?}");
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_condition_is_emitted_when_it_opens_and_when_it_clears_and_not_in_between() -> Result<(), Error>
{
    play(async || {
        let world = bound().await?;
        widen(&world).await?;
        let from = world.stack.now().await?;
        let report = world.sweep("apply").await?;
        assert_eq!(ids(&report), ["LS-ROLE-FOREIGN"], "{report:#}");
        assert_eq!(report["failed"], 1);
        let heard = world.expect_any(FINDING, from).await?;
        assert_eq!(heard["findings"][0]["id"], "LS-ROLE-FOREIGN", "{heard:#}");
        assert_eq!(heard["findings"][0]["status"], "failed");
        let evidence = report["ledgers"][0].as_str().unwrap_or_default();
        assert_eq!(heard["evidence"], evidence);
        let index = world.stack.evidence(evidence).await?.unwrap_or_default();
        assert_eq!(index["checks"]["LS-ROLE-FOREIGN"]["severity"], "high");
        assert_eq!(index["parts"][0]["name"], "rows-0001.jsonl", "{index:#}");

        let again = world.sweep("apply").await?;
        assert_eq!(ids(&again), ["LS-ROLE-FOREIGN"]);
        narrow(&world);
        let report = world.sweep("apply").await?;
        assert_eq!(ids(&report), Vec::<&str>::new(), "{report:#}");
        let resolved = world
            .stack
            .wait_for_event(FINDING, from, |detail| {
                detail["reason"]
                    .as_str()
                    .is_some_and(|reason| reason.starts_with("resolved"))
            })
            .await?;
        assert!(
            resolved.detail["reason"]
                .to_string()
                .contains("LS-ROLE-FOREIGN")
        );
        assert_eq!(emitted(&world, from).await?, 2);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn somebody_elses_change_since_the_last_sweep_is_found() -> Result<(), Error> {
    play(async || {
        let world = bound().await?;
        let state = world.state("orders").await?;
        let id = state["action_id"].as_str().unwrap_or_default();
        let version = world.action(id).await?["version"].clone();
        let stranger = world.stack.organization().other_client();
        let path = format!("/api/v2/integrations/actions/{id}");
        let body = json!({"version": version, "category": "Meddled"});
        world.genesys(stranger, "PATCH", &path, Some(body)).await?;

        let report = world.sweep("plan").await?;
        let found = ids(&report);
        assert!(found.contains(&"LS-PRINCIPAL"), "{report:#}");
        assert!(found.contains(&"LS-ACTION-DRIFT"), "{report:#}");
        assert!(report["findings"].to_string().contains(&stranger.id));
        world.stack.stop().await;
        Ok(())
    })
}

/// What somebody else's client does to the action.
async fn meddle(world: &World, category: &str) -> Result<(), Error> {
    let state = world.state("orders").await?;
    let id = state["action_id"].as_str().unwrap_or_default();
    let version = world.action(id).await?["version"].clone();
    let stranger = world.stack.organization().other_client();
    let path = format!("/api/v2/integrations/actions/{id}");
    let body = json!({"version": version, "category": category});
    world.genesys(stranger, "PATCH", &path, Some(body)).await?;
    Ok(())
}

/// The findings about unauthorized changes that were emitted since `from`.
async fn intrusions(world: &World, from: usize) -> Result<Vec<String>, Error> {
    let heard = world.stack.heard().await?.into_iter().skip(from);
    let of_sweeps = heard.filter(|event| event.detail_type == FINDING);
    let intrusions = of_sweeps.filter(|event| {
        event.detail["findings"][0]["id"] == "LS-PRINCIPAL"
            || event.detail["reason"].to_string().contains("LS-PRINCIPAL")
    });
    Ok(intrusions
        .map(|event| event.detail["reason"].to_string())
        .collect())
}

#[test]
fn each_change_by_somebody_else_is_emitted_once_and_none_is_ever_resolved() -> Result<(), Error> {
    play(async || {
        let world = bound().await?;
        let from = world.stack.now().await?;
        meddle(&world, "Meddled").await?;
        world.sweep("apply").await?;
        assert_eq!(intrusions(&world, from).await?.len(), 1);
        // A second change of the same action, while the first one is known.
        meddle(&world, "Meddled again").await?;
        world.sweep("apply").await?;
        let both = intrusions(&world, from).await?;
        assert_eq!(both.len(), 2, "{both:#?}");
        assert_ne!(both[0], both[1], "each names its record");
        world.sweep("apply").await?;
        assert_eq!(intrusions(&world, from).await?.len(), 2);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn an_unknown_key_is_refused_by_name() -> Result<(), Error> {
    play(async || {
        let world = bound().await?;
        let event = json!({"mode": "plan", "keys": ["orders", "nonsense"]});
        let answer = world.ask("check-compliance", event).await?;
        assert_eq!(answer["refused"], true, "{answer:#}");
        assert_eq!(answer["errors"][0]["at"], "event.keys[1]");
        world.stack.stop().await;
        Ok(())
    })
}
