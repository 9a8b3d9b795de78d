//! Events that a person sends: what is refused, what is answered, what is left alone.

use serde_json::json;
use simulation::story::{ActionText, Error, Stage, play};

use crate::World;

#[test]
fn a_deleted_secret_is_reported_and_its_action_is_not_changed() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
        world.settle(&world.manifest().action(orders)).await?;
        world.quiet().await?;
        let id = world.action_id("orders").await?;
        let (before, writes) = (world.action(&id).await?, world.writes());

        let secrets = &world.stack.aws.secrets;
        secrets
            .delete_secret()
            .secret_id(&secret)
            .recovery_window_in_days(7)
            .send()
            .await?;
        let from = world.stack.now().await?;
        world
            .ask("provision-role", json!({"mode": "apply", "secret": secret}))
            .await?;
        let failed = world.expect("Rebind Failed", "orders", from).await?;

        let reason = failed["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("scheduled for deletion"), "{failed:#}");
        assert!(reason.contains(&secret), "{failed:#}");
        world.quiet().await?;
        assert_eq!(world.writes(), writes);
        assert_eq!(world.action(&id).await?, before);

        // Restored, it is as if nothing had been.
        secrets.restore_secret().secret_id(&secret).send().await?;
        let answer = world.ask("rebind-action", json!({"mode": "apply"})).await?;
        assert_eq!(answer["steps"], json!([]), "{answer:#}");
        assert_eq!(world.writes(), writes);
        world.stack.stop().await;
        Ok(())
    })
}
