//! Events that a person sends: what is refused, what is answered, what is left alone.

use sandbox::aws::ACCOUNT;
use scenarios::{ActionText, Error, World};
use serde_json::{Value, json};

fn places(refused: &Value) -> Vec<&str> {
    assert_eq!(refused["refused"], true, "{refused:#}");
    let errors = refused["errors"].as_array().into_iter().flatten();
    errors.filter_map(|error| error["at"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn manual_events_are_held_to_their_form_and_to_the_manifest() -> Result<(), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
    let manifest = world.manifest().action(orders);
    world.settle(&manifest).await?;
    world.quiet().await?;
    let writes = world.writes();

    for function in ["provision-role", "rebind-action", "check-compliance"] {
        let answer = world
            .ask(function, json!({"mode": "apply", "colour": "green"}))
            .await?;
        assert_eq!(places(&answer), ["event.colour"], "{function}");
        let answer = world
            .ask(function, json!({"mode": "apply", "keys": ["nobody"]}))
            .await?;
        assert_eq!(places(&answer), ["event.keys[0]"], "{function}");
    }
    let answer = world
        .ask("verify-change", json!({"since": "yesterday"}))
        .await?;
    assert_eq!(places(&answer), ["event.since"]);
    let answer = world
        .ask("verify-change", json!({"from": "2999-01-01T00:00:00Z"}))
        .await?;
    assert_eq!(places(&answer), ["event.from"]);

    let answer = world.ask("verify-change", json!({})).await?;
    assert_eq!(answer["verdicts"][0]["verdict"], "Verified", "{answer:#}");
    let long_ago = json!({"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"});
    let answer = world.ask("verify-change", long_ago).await?;
    assert_eq!(answer["verdicts"][0]["records"], json!([]), "{answer:#}");
    assert!(
        answer["notices"]
            .to_string()
            .contains("not entirely within the window"),
        "{answer:#}"
    );

    the_tutorials_payload(&world, &secret).await?;

    world.quiet().await?;
    assert_eq!(world.writes(), writes);
    world.stack.stop().await;
    Ok(())
}

/// It must say what the manifest says, and can add nothing.
async fn the_tutorials_payload(world: &World, secret: &str) -> Result<(), Error> {
    let payload = json!({
        "action_id": world.action_id("orders").await?,
        "name": "Action orders",
        "lambda_arn": world.echo(),
        "region": "us-east-1",
        "iam_role_arn": format!("arn:aws:iam::{ACCOUNT}:role/GenesysActions"),
        "secrets": [{"name": "SECRET_0", "key": secret}],
        "description": "Looks orders up",
    });
    let answer = world.ask("rebind-action", payload.clone()).await?;
    assert_eq!(answer["mode"], "apply", "{answer:#}");
    assert_eq!(answer["steps"], json!([]), "{answer:#}");

    let other = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:TargetOther");
    let differences = [
        ("name", json!("Another name")),
        ("lambda_arn", json!(other)),
        ("region", json!("eu-central-1")),
        (
            "iam_role_arn",
            json!(format!("arn:aws:iam::{ACCOUNT}:role/GenesysOther")),
        ),
        ("secrets", json!([])),
        (
            "action_id",
            json!("custom_-_00000000-0000-4000-8000-000000000000"),
        ),
    ];
    for (field, value) in differences {
        let mut payload = payload.clone();
        payload[field] = value;
        let answer = world.ask("rebind-action", payload).await?;
        assert_eq!(places(&answer), [format!("event.{field}")]);
    }
    let mut payload = payload;
    payload["policy"] = json!("AdministratorAccess");
    let answer = world.ask("rebind-action", payload).await?;
    assert_eq!(places(&answer), ["event.policy"]);
    Ok(())
}
