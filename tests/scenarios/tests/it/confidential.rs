//! No value of a secret is ever written down, whatever goes right or wrong.

use sandbox::FUNCTIONS;
use scenarios::{ActionText, Error, World};
use secrecy::ExposeSecret as _;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_value_is_in_any_log_event_state_evidence_answer_or_template() -> Result<(), Error>
{
    let world = World::start().await?;
    let values = [
        "s3cr3t-first",
        "s3cr3t-second",
        "s3cr3t-broken",
        "s3cr3t-half",
    ];
    let client = world.stack.genesys.client().secret.expose_secret();
    let secret = world.stack.make_secret("prod/db", values[0]).await?;
    let test = json!({"input": {"order_id": "A-100"}, "expect": {"ok": true}, "safe": true});
    let orders = ActionText::new("orders", &world.picky().await?, &[&secret]).with("test", test);
    let manifest = world.manifest().action(orders);
    world.settle(&manifest).await?;

    // A rotation that goes right, one whose test fails, a sweep, a look, plans.
    let from = world.stack.now().await?;
    world.stack.rotate(&secret, values[1]).await?;
    world.expect("Change Verified", "orders", from).await?;
    let from = world.stack.now().await?;
    world.rotate_badly(&secret, 1).await?;
    world
        .expect("Data Action Unhealthy", "orders", from)
        .await?;
    world.expect("Change Verified", "orders", from).await?;
    let mut answers = vec![
        world.ask("verify-change", json!({})).await?,
        world
            .ask("check-compliance", json!({"mode": "apply"}))
            .await?,
        world.ask("provision-role", json!({"mode": "plan"})).await?,
        world.ask("rebind-action", json!({"mode": "plan"})).await?,
        world
            .ask("rotate-client", json!({"repair": true, "mode": "plan"}))
            .await?,
    ];

    // A client's secret that can't be read, and one that is refused.
    let id = &world.stack.endpoints().genesys.client_id;
    let client_secret = &world.stack.aws_endpoints().client_secret_arn;
    let broken = format!(
        "{{\"client_id\": \"{id}\", \"client_secret\": {}",
        values[2]
    );
    let wrong = json!({"client_id": id, "client_secret": values[3]}).to_string();
    for value in [broken, wrong] {
        world.stack.rotate(client_secret, &value).await?;
        let from = world.stack.now().await?;
        let asked = json!({"mode": "apply", "retry": true});
        answers.push(world.stack.invoke("rebind-action", &asked).await?.payload);
        world.expect("Rebind Failed", "orders", from).await?;
        for function in ["verify-change", "check-compliance"] {
            let event = if function == "verify-change" {
                json!({})
            } else {
                json!({"mode": "apply"})
            };
            answers.push(world.stack.invoke(function, &event).await?.payload);
        }
    }

    // The queues are not awaited: what Lockstep cannot sign in for stays in them until somebody repairs the secret.
    let mut written: Vec<(String, String)> = world.stored().await?;
    for function in FUNCTIONS {
        let lines = world.stack.function_logs(function).await?;
        assert!(!lines.is_empty(), "{function} wrote no log");
        written.push((format!("the log of {function}"), lines.join("\n")));
    }
    for event in world.stack.heard().await? {
        written.push((event.detail_type, event.detail.to_string()));
    }
    for answer in answers {
        written.push(("an answer".into(), answer.to_string()));
    }
    let action = world.action(&world.action_id("orders").await?).await?;
    written.push(("the action".into(), action.to_string()));
    assert!(written.len() > 20, "{}", written.len());
    for (place, text) in &written {
        for value in values.into_iter().chain([client, "does not work"]) {
            assert!(!text.contains(value), "{place} holds `{value}`: {text}");
        }
    }
    world.stack.stop().await;
    Ok(())
}
