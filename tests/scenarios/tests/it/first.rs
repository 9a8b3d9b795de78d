//! The first manifest of an organization where nothing is there yet.

use std::collections::BTreeSet;

use sandbox::target::ECHO;
use scenarios::{ActionText, Error, World};

#[tokio::test(flavor = "multi_thread")]
async fn three_actions_at_once_become_one_integration_with_one_role_and_stay() -> Result<(), Error>
{
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let other = world.stack.make_target("TargetOther", ECHO).await?;
    let manifest = world
        .manifest()
        .action(ActionText::new("orders", &world.echo(), &[&secret]).tested())
        .action(ActionText::new("invoices", &world.echo(), &[&secret]))
        .action(ActionText::new("parcels", &other, &[&secret]).tested());

    world.settle(&manifest).await?;
    world.quiet().await?;

    let actions = world.list("/integrations/actions").await?;
    let integrations = world.list("/integrations").await?;
    let ours: Vec<_> = integrations
        .iter()
        .filter(|one| one["name"] == "AWS Lambda production")
        .collect();
    assert_eq!(ours.len(), 1, "{integrations:#?}");
    let names: BTreeSet<_> = actions
        .iter()
        .filter(|one| one["integrationId"] == ours[0]["id"])
        .filter_map(|one| one["name"].as_str())
        .collect();
    let wanted = ["Action invoices", "Action orders", "Action parcels"];
    assert_eq!(names, BTreeSet::from(wanted), "{actions:#?}");
    assert_eq!(world.managed_roles().await?, ["GenesysActions"]);
    let role = world.the_role("GenesysActions").await?;
    assert_eq!(role.functions(), BTreeSet::from([world.echo(), other]));
    let boundary = world.stack.output("PermissionsBoundaryArn")?;
    assert_eq!(role.boundary.as_deref(), Some(boundary));
    for created in ["/integrations", "/integrations/credentials"] {
        let calls = world.calls_of("POST", created);
        assert_eq!(calls.len(), 1, "POST {created}: {calls:#?}");
    }
    for key in ["orders", "invoices", "parcels"] {
        let emitted = world.story_of(key, 0).await?;
        assert_eq!(emitted, ["Data Action Rebound", "Change Verified"], "{key}");
    }

    // The same manifest again: looked at, and nothing to do.
    let (writes, role) = (world.writes(), world.the_role("GenesysActions").await?);
    let from = world.upload(&manifest).await?;
    world.expect_any("Role Provisioned", from).await?;
    world.quiet().await?;
    assert_eq!(world.writes(), writes);
    assert_eq!(world.the_role("GenesysActions").await?, role);
    for key in ["orders", "invoices", "parcels"] {
        assert!(world.story_of(key, from).await?.is_empty(), "{key}");
    }
    world.stack.stop().await;
    Ok(())
}
