//! The main job: a secret rotates and the Data Action follows.

use scenarios::{ActionText, Error, World};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_rotates_and_the_action_follows() -> Result<(), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let manifest = world
        .manifest()
        .action(ActionText::new("orders", &world.echo(), &[&secret]).tested());
    world.settle(&manifest).await?;

    let from = world.stack.now().await?;
    let version = world.stack.rotate(&secret, "second").await?;
    let verified = world.expect("Change Verified", "orders", from).await?;

    assert_eq!(
        verified["secrets"],
        json!([{"name": "SECRET_0", "arn": secret, "version_id": version}])
    );
    let ours = &world.stack.endpoints().genesys.client_id;
    assert_eq!(verified["principals"][0]["id"], json!(ours), "{verified:#}");
    let action = world
        .action(verified["action_id"].as_str().unwrap_or_default())
        .await?;
    let template = action["template"].as_str().unwrap_or_default();
    assert!(template.contains(&version), "{template}");
    assert_eq!(
        world.story_of("orders", from).await?,
        ["Data Action Rebound", "Change Verified"]
    );
    world.stack.stop().await;
    Ok(())
}
