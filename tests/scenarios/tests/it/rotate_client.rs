//! The pair of clients that Lockstep signs in with takes turns, deployed. What can go wrong is played in
//! the simulation.

use sandbox::{RotateOptions, Step};
use scenarios::{ActionText, Error, Options, Stage as _, World};
use serde_json::{Value, json};

/// The values that the bound action's secret goes through.
const DB_VALUES: [&str; 2] = ["hush-first-7d1c", "hush-second-7d1c"];

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_of_the_pair_alternate_and_no_call_fails() -> Result<(), Error> {
    let options = Options::default().parameter("GenesysSettleSeconds", "1");
    let world = World::with(options).await?;
    let db = world.stack.make_secret("prod/db", DB_VALUES[0]).await?;
    let orders = ActionText::new("orders", &world.echo(), &[&db]).tested();
    world.settle(&world.manifest().action(orders)).await?;
    world.quiet().await?;
    let action = world.action_id("orders").await?;
    let secret = world.stack.places().client_secret.clone();
    let genesys = &world.stack.endpoints().genesys;
    let (one, other) = (&genesys.client_id, &genesys.alternate_client_id);
    let mut planted: Vec<String> = DB_VALUES.map(str::to_owned).into();
    planted.push(world.client_secret(&secret).await?);
    let canary = world.sign_in_canary(&secret, std::slice::from_ref(&action))?;
    canary.once_more().await;

    let from = world.stack.now().await?;
    let rotated = world
        .stack
        .rotate_client(&secret, RotateOptions::default())
        .await?;
    assert!(rotated.done, "{rotated:#?}");
    let steps: Vec<&str> = rotated.calls.iter().map(|call| call.step).collect();
    assert_eq!(steps, Step::ALL.map(Step::name));
    let value = world.client_value(&secret, "AWSCURRENT").await?;
    assert_eq!(
        [&value["client_id"], &value["alternate_client_id"]],
        [other, one]
    );
    planted.push(world.client_secret(&secret).await?);
    let detail = world.expect_any("Client Rotated", from).await?;
    assert_eq!(detail["client_id"], json!(other), "{detail:#}");
    assert_eq!(detail["actor"], json!({"kind": "client", "id": one}));
    let record = world.evidence_of(&detail).await?;
    assert_eq!(record["left"], json!(one), "{record:#}");
    assert_eq!(world.resets(), 1);
    canary.once_more().await;

    // Lockstep itself goes on with the current one.
    let from = world.stack.now().await?;
    world.stack.rotate(&db, DB_VALUES[1]).await?;
    let verified = world.expect("Change Verified", "orders", from).await?;
    let principals = verified["principals"].as_array().into_iter().flatten();
    let named: Vec<&Value> = principals.map(|principal| &principal["id"]).collect();
    assert_eq!(named, [&json!(other)], "{verified:#}");

    canary.once_more().await;
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
    world.ends_clean(&[], &planted).await
}
