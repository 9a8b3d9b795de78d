//! What Genesys Cloud answers to a write is lost, or the connection is cut before it takes effect.

use serde_json::json;
use simulation::story::{Error, Options, Stage as _, play};

use crate::bound::{Bound, nobody_noticed};

const CREDENTIALS: &str = "/integrations/credentials";
const CREDENTIAL: &str = "/integrations/credentials/{credentialId}";
const CONFIG: &str = "/integrations/{integrationId}/config/current";

#[test]
fn a_lost_answer_or_a_cut_connection_at_any_write_ends_right() -> Result<(), Error> {
    play(async || {
        let bound = Bound::new(Options::default(), "alternating").await?;
        let world = &bound.world;
        let canary = bound.canary().await?;

        let writes = [
            ("POST", CREDENTIALS),
            ("PUT", CONFIG),
            ("DELETE", CREDENTIAL),
        ];
        let mut last = 0;
        for kind in ["applied_then_lost", "reset"] {
            for (method, route) in writes {
                for after in [0, 1] {
                    let at = format!("{kind} at {method} {route}, {after} before");
                    last += 1;
                    let user = if last % 2 == 0 { "app-a" } else { "app-b" };
                    bound.lets_in(user, last);
                    let fault = json!({"kind": kind, "after": after, "times": 1});
                    world.fault(method, route, fault)?;
                    let from = world.stack.now().await?;
                    let version = bound.rotate(user, last).await?;
                    let verified = bound.both("Change Verified", from).await?;
                    world.quiet().await?;
                    assert_eq!(verified["secrets"][0]["version_id"], json!(version), "{at}");
                    assert_eq!(
                        world.story_of("erp-login", from).await?,
                        ["Credential Rebound", "Change Verified"],
                        "{at}"
                    );
                    let unreferenced = bound.nothing_unreferenced().await;
                    assert!(unreferenced.is_ok(), "{at}: {unreferenced:?}");
                }
            }
        }
        nobody_noticed(canary).await?;
        bound.ends_clean(last).await
    })
}
