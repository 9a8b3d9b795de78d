//! What a run did not finish of a credential set is found, named and finished; so is what others did to it.

use serde_json::{Value, json};
use simulation::story::{Error, Options, Stage as _, found, play, steps};

use crate::bound::{Bound, nobody_noticed, password};

const CREDENTIAL: &str = "DELETE /api/v2/integrations/credentials/{credentialId}";
const CONFIG: &str = "/integrations/{integrationId}/config/current";

async fn bound() -> Result<Bound, Error> {
    Bound::new(Options::default(), "alternating").await
}

#[test]
fn a_credential_of_a_lost_run_is_found_by_the_sweep_and_deleted() -> Result<(), Error> {
    play(async || {
        let bound = bound().await?;
        let world = &bound.world;
        let canary = bound.canary().await?;
        let unused = |name: &str| {
            json!({
                "name": name, "type": {"name": "basicAuth"},
                "credentialFields": {"userName": "app-a", "password": password(1)},
            })
        };
        let ours = "Lockstep crm-login 0a1b2c3d 9f8e7d6c";
        for name in [ours, "Lockstep of somebody"] {
            world
                .stranger("POST", "/credentials", Some(unused(name)))
                .await?;
        }

        let planned = world.sweep("plan").await?;
        assert_eq!(
            found(&planned, "LS-CREDENTIAL-LEFT").len(),
            1,
            "{planned:#}"
        );
        assert_eq!(steps(&planned), [("erp-login", "resume", false)]);
        assert!(bound.nothing_unreferenced().await.is_err(), "a plan only");
        let writes = world.writes().len();
        let report = world.sweep("apply").await?;
        assert_eq!(steps(&report), [("erp-login", "resume", true)]);
        world.quiet().await?;

        assert_eq!(world.writes()[writes..], [CREDENTIAL]);
        let own = world.own_credentials().await?;
        assert!(!own.contains(&ours.to_owned()), "{own:?}");
        let after = world.sweep("apply").await?;
        assert_eq!(found(&after, "LS-CREDENTIAL-LEFT").len(), 0, "{after:#}");
        assert_eq!(steps(&after), []);
        nobody_noticed(canary).await?;
        bound.ends_clean(1).await
    })
}

#[test]
fn a_change_that_was_cut_off_and_whose_message_is_lost_is_finished_by_the_sweep()
-> Result<(), Error> {
    play(async || {
        let bound = bound().await?;
        let world = &bound.world;
        let canary = bound.canary().await?;
        // Cut off between the two integrations: one has the new values, the other the old ones.
        let before = world.calls_of("PUT", CONFIG).len();
        let fault = json!({"kind": "timeout", "after": 1, "times": 1});
        world.fault("PUT", CONFIG, fault)?;
        bound.lets_in("app-b", 1);
        let from = world.stack.now().await?;
        let version = bound.rotate("app-b", 1).await?;
        world.call_after(before + 1, "PUT", CONFIG).await?;
        world.pause("rebind-action").await?;
        assert!(world.crash("rebind-action")? >= 1, "it was at work");
        world.purge("RebindQueueUrl", 1).await?;
        world.resume("rebind-action").await?;

        // While it may still be at work, nothing that it made is called unused.
        let early = world.sweep("apply").await?;
        assert_eq!(steps(&early), []);
        let report = world.sweep_until_found("LS-CHANGE-OPEN").await?;
        assert_eq!(steps(&report), [("erp-login", "resume", true)]);
        for key in ["erp-login", "crm-login"] {
            let verified = world.expect("Change Verified", key, from).await?;
            assert_eq!(verified["secrets"][0]["version_id"], json!(version));
        }
        world.quiet().await?;
        bound.nothing_unreferenced().await?;
        let after = world.sweep("apply").await?;
        assert_eq!(found(&after, "LS-CHANGE-OPEN").len(), 0, "{after:#}");
        nobody_noticed(canary).await?;
        bound.ends_clean(1).await
    })
}

#[test]
fn who_touches_an_integration_between_two_sweeps_is_named_even_when_nothing_differs()
-> Result<(), Error> {
    play(async || {
        let bound = bound().await?;
        let world = &bound.world;
        let canary = bound.canary().await?;
        let [_, crm] = &bound.called;
        let clean = world.sweep("apply").await?;
        assert_eq!(found(&clean, "LS-PRINCIPAL").len(), 0, "{clean:#}");

        let same = world.credential_in(crm).await?;
        world.person_points(crm, &same).await?;
        let report = world.sweep_until_found("LS-PRINCIPAL").await?;

        let named: Vec<&Value> = found(&report, "LS-PRINCIPAL");
        assert_eq!(named.len(), 1, "{report:#}");
        let stranger = &world.stack.genesys.other_client().id;
        assert!(named[0].to_string().contains(stranger), "{report:#}");
        assert!(
            named[0].to_string().contains(&crm.integration),
            "{report:#}"
        );
        assert_eq!(found(&report, "LS-CREDENTIAL").len(), 0, "{report:#}");
        nobody_noticed(canary).await?;
        bound.ends_clean(1).await
    })
}
