//! What a manifest may say, and what becomes of what it no longer says.

use std::collections::BTreeSet;

use sandbox::aws::ACCOUNT;
use scenarios::{ActionText, Error, ManifestText, Options, World};
use serde_json::{Value, json};

const OTHER_ORGANIZATION: &str = "9d1f6a52-7c3b-4e88-b0a4-51f2c7de6a10";

fn places(refused: &Value) -> BTreeSet<&str> {
    let errors = refused["errors"].as_array().into_iter().flatten();
    errors.filter_map(|error| error["at"].as_str()).collect()
}

/// Uploads a manifest under a name of its own and answers the refusal.
async fn refused(world: &World, name: &str, manifest: &ManifestText) -> Result<Value, Error> {
    let from = world.stack.now().await?;
    world.stack.put_manifest(name, &manifest.text()).await?;
    world.expect_any("Manifest Refused", from).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_organization_host_or_function_of_our_own_is_refused() -> Result<(), Error> {
    // Every function is allowed, so that Lockstep's own are refused for what they are.
    let every = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:*");
    let options = Options::default().parameter("AllowedFunctionArns", every);
    let world = World::with(options).await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let with = |function: &str| {
        world
            .manifest()
            .action(ActionText::new("orders", function, &[&secret]))
    };

    let foreign = with(&world.echo()).organization("id", json!(OTHER_ORGANIZATION));
    let answer = refused(&world, "organization", &foreign).await?;
    assert!(places(&answer).contains("organization.id"), "{answer:#}");

    let host = with(&world.echo()).organization("api_url", json!("https://genesys.example.com"));
    let answer = refused(&world, "host", &host).await?;
    assert!(
        places(&answer).contains("organization.api_url"),
        "{answer:#}"
    );

    for function in [
        "provision-role",
        "rebind-action",
        "verify-change",
        "check-compliance",
    ] {
        let name = world.stack.function_name(function)?;
        let own = with(&format!(
            "arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
        ));
        let answer = refused(&world, function, &own).await?;
        assert!(
            places(&answer).contains("actions[0].function"),
            "{function}: {answer:#}"
        );
    }

    let own_role = with(&world.echo()).with(
        "integrations",
        json!([{"key": "prod", "name": "AWS Lambda production", "role": "lockstep-RebindActionRole"}]),
    );
    let answer = refused(&world, "role", &own_role).await?;
    assert!(
        places(&answer).contains("integrations[0].role"),
        "{answer:#}"
    );

    world.quiet().await?;
    assert_eq!(world.stack.genesys.calls().len(), 0);
    assert_eq!(world.managed_roles().await?, Vec::<String>::new());
    world.stack.stop().await;
    Ok(())
}
