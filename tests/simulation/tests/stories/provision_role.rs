//! What `provision-role` makes of a role, and what it leaves as it is.

use serde_json::{Value, json};
use simulation::story::{ActionText, Error, ManifestText, Stage, play};

use crate::World;

const ROLE: &str = "GenesysActions";

/// The trust of a role that somebody else made.
fn theirs() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
    ]})
}

fn orders(world: &World) -> ManifestText {
    let orders = ActionText::new("orders", &world.echo(), &[]);
    world
        .manifest()
        .organization("max_changes", json!(5))
        .action(orders)
}

/// Uploads a manifest and waits until it is current.
async fn accepted(world: &World, manifest: &ManifestText) -> Result<Value, Error> {
    let from = world.upload(manifest).await?;
    world.expect_any("Manifest Accepted", from).await
}

async fn provision(world: &World, event: Value) -> Result<Value, Error> {
    world.ask("provision-role", event).await
}

fn kinds(answer: &Value) -> Vec<&str> {
    let steps = answer["steps"].as_array().into_iter().flatten();
    steps.filter_map(|step| step["kind"].as_str()).collect()
}

/// The functions that our policy on the role names.
async fn granted(world: &World) -> Result<Value, Error> {
    let invoke = world.the_role(ROLE).await?.invoke;
    let mut invoke = invoke.ok_or("the role has no policy of ours")?;
    Ok(invoke["Statement"][0]["Resource"].take())
}

#[test]
fn an_uploaded_manifest_makes_its_role_right_and_a_second_run_writes_nothing() -> Result<(), Error>
{
    play(async || {
        let world = World::start().await?;
        let organization = world.stack.places().organization.clone();
        let from = world.upload(&orders(&world)).await?;
        let heard = world.expect_any("Role Provisioned", from).await?;
        assert_eq!(heard["organization_id"], organization);
        assert_eq!(heard["key"], "prod");
        assert_eq!(heard["function_arn"], world.echo());
        assert!(heard["change_id"].is_string(), "{heard:#}");

        let role = world.the_role(ROLE).await?;
        let statement = &role.trust["Statement"][0];
        assert_eq!(
            statement["Principal"]["AWS"],
            "arn:aws:iam::765628985471:root"
        );
        assert_eq!(
            statement["Condition"],
            json!({"StringEquals": {"sts:ExternalId": organization}})
        );
        let invoke = role.invoke.unwrap_or_default();
        assert_eq!(invoke["Statement"][0]["Action"], "lambda:InvokeFunction");
        assert_eq!(invoke["Statement"][0]["Resource"], json!([world.echo()]));
        let boundary = world.stack.output("PermissionsBoundaryArn")?;
        assert_eq!(role.boundary.as_deref(), Some(boundary));
        let got = world.stack.aws().iam.get_role().role_name(ROLE);
        let got = got.send().await?.role.ok_or("the role does not exist")?;
        let is_ours = got
            .tags()
            .iter()
            .any(|tag| tag.key() == "lockstep:organization" && tag.value() == organization);
        assert!(is_ours, "{:?}", got.tags());

        let again = provision(&world, json!({"mode": "apply", "reason": "again"})).await?;
        assert_eq!(again["steps"], json!([]), "{again:#}");
        assert_eq!(again["mode"], "apply");
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_role_that_was_tampered_with_is_narrowed_at_once_and_revoked_after_a_verdict()
-> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let from = world.upload(&orders(&world)).await?;
        world.expect_any("Role Provisioned", from).await?;
        world.quiet().await?;
        let other = world.echo().replace(":function:", ":function:other-");
        let wide = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": [world.echo(), other]},
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"},
        ]});
        world.set_invoke(ROLE, &wide).await?;
        world.set_trust(ROLE, &theirs()).await?;

        let repaired = provision(&world, json!({"mode": "apply", "keys": ["orders"]})).await?;
        assert_eq!(
            kinds(&repaired),
            ["role_trust", "role_policy"],
            "{repaired:#}"
        );
        let steps = repaired["steps"].as_array().into_iter().flatten();
        for step in steps {
            assert_eq!(step["outcome"], "applied", "{repaired:#}");
        }
        let trust = world.the_role(ROLE).await?.trust;
        assert_eq!(trust["Statement"].as_array().map(Vec::len), Some(1));
        assert_eq!(
            trust["Statement"][0]["Principal"]["AWS"],
            "arn:aws:iam::765628985471:root"
        );
        // Provisioning only adds: the exact function stays until a verdict.
        assert_eq!(granted(&world).await?.as_array().map(Vec::len), Some(2));

        let places = world.stack.places();
        let verified = json!({
            "version": "0", "id": "e-1", "source": "lockstep", "detail-type": "Change Verified",
            "account": places.account, "region": "us-east-1", "time": "2026-01-01T00:00:00Z",
            "resources": [],
            "detail": {"schema": 1, "organization_id": places.organization, "key": "orders"},
        });
        let revoked = provision(&world, verified.clone()).await?;
        assert_eq!(revoked["steps"][0]["verb"], "revoke", "{revoked:#}");
        assert_eq!(granted(&world).await?, json!([world.echo()]));
        let again = provision(&world, verified).await?;
        assert_eq!(again["steps"], json!([]), "{again:#}");
        world.stack.stop().await;
        Ok(())
    })
}

fn put_boundary(world: &World, boundary: &str) {
    let now = world.stack.clock.now();
    let mut state = world.stack.account.state();
    let iam = &mut state.services.iam;
    iam.change(now, ROLE, |role| role.boundary = Some(boundary.to_owned()));
}

#[test]
fn a_strangers_role_is_refused_untouched_until_it_carries_the_boundary() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let create = world.stack.aws().iam.create_role().role_name(ROLE);
        let create = create.assume_role_policy_document(theirs().to_string());
        create.send().await?;
        let from = world.upload(&orders(&world)).await?;
        let failed = world.expect_any("Role Provisioning Failed", from).await?;
        let fix = failed["errors"][0]["fix"].as_str().unwrap_or_default();
        assert!(
            fix.contains("aws iam put-role-permissions-boundary"),
            "{failed:#}"
        );
        let refused = provision(&world, json!({"mode": "apply"})).await?;
        assert_eq!(refused["refused"], true, "{refused:#}");
        assert_eq!(refused["errors"][0]["at"], "integrations[0].role");
        assert_eq!(world.the_role(ROLE).await?.trust, theirs());

        // What the command in the refusal does.
        let boundary = world.stack.output("PermissionsBoundaryArn")?;
        let fix = refused["errors"][0]["fix"].as_str().unwrap_or_default();
        assert!(fix.contains(boundary), "{fix}");
        put_boundary(&world, boundary);
        let repaired = provision(&world, json!({"mode": "apply"})).await?;
        assert_eq!(
            kinds(&repaired),
            ["role_trust", "role_policy", "role_tags", "role_description"],
            "{repaired:#}"
        );
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn plan_mode_and_refusals_leave_aws_as_it_is() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let planned = orders(&world).organization("mode", json!("plan"));
        accepted(&world, &planned).await?;
        let answer = provision(&world, json!({"mode": "apply"})).await?;
        assert_eq!(answer["mode"], "plan", "{answer:#}");
        assert_eq!(kinds(&answer), ["role", "role_policy"]);
        assert!(answer["steps"][0].get("outcome").is_none(), "{answer:#}");
        assert_eq!(world.role(ROLE).await?, None);

        // The limit: two bindings would change, one may. The upload does not become current.
        let points = ActionText::new("points", &world.echo(), &[]);
        let two = orders(&world)
            .organization("max_changes", json!(1))
            .action(points);
        let from = world.upload(&two).await?;
        let refused = world.expect_any("Plan Refused", from).await?;
        assert_eq!(refused["errors"][0]["at"], "organization.max_changes");
        assert_eq!(
            refused["organization_id"],
            world.stack.places().organization
        );
        let before = provision(&world, json!({"mode": "apply"})).await?;
        assert_eq!(
            before["mode"], "plan",
            "the one before is current: {before:#}"
        );
        assert_eq!(world.role(ROLE).await?, None);

        // What writes nothing needs no approval; who asks for it by hand does.
        accepted(&world, &two.clone().organization("mode", json!("plan"))).await?;
        let refused = provision(&world, json!({"mode": "apply"})).await?;
        assert_eq!(refused["refused"], true, "{refused:#}");
        assert_eq!(world.role(ROLE).await?, None);

        // A bad upload is refused, and the one before stays current.
        let bad = orders(&world).organization("no_such_field", json!(1));
        let from = world.upload(&bad).await?;
        let refused = world.expect_any("Manifest Refused", from).await?;
        assert_ne!(refused["errors"], json!([]), "{refused:#}");
        let still = provision(&world, json!({"mode": "plan"})).await?;
        assert_eq!(
            still["errors"][0]["at"], "organization.max_changes",
            "{still:#}"
        );

        // What a person writes is checked to the last field.
        let from = world.stack.now().await?;
        let unknown = provision(&world, json!({"mode": "apply", "keyz": ["orders"]})).await?;
        assert_eq!(unknown["refused"], true, "{unknown:#}");
        world.expect_any("Request Refused", from).await?;
        let unknown = provision(&world, json!({"mode": "apply", "keys": ["nobody"]})).await?;
        assert_eq!(unknown["errors"][0]["at"], "event.keys[0]", "{unknown:#}");
        assert_eq!(world.role(ROLE).await?, None);
        world.stack.stop().await;
        Ok(())
    })
}
