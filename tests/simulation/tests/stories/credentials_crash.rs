//! A function ends in the middle of moving credentials, at each write in turn.

use serde_json::json;
use simulation::Kind;
use simulation::story::{Error, Options, Stage as _, play};

use crate::bound::{Bound, nobody_noticed};
use crate::writes::{Write, writes};

#[test]
fn after_a_crash_at_any_write_the_change_completes_and_no_call_fails() -> Result<(), Error> {
    play(async || {
        let bound = Bound::new(Options::default(), "alternating").await?;
        let world = &bound.world;
        let faults = &world.stack.faults;
        let canary = bound.canary().await?;

        // Without a crash: what is written.
        let before = faults.calls().len();
        bound.lets_in("app-b", 1);
        let from = world.stack.now().await?;
        bound.rotate("app-b", 1).await?;
        bound.both("Change Verified", from).await?;
        world.quiet().await?;
        let writes = writes(&faults.calls()[before..]);
        let moves = writes
            .iter()
            .filter(|one| one.operation.starts_with("PUT "));
        assert_eq!(moves.count(), 2, "{writes:#?}");

        let mut last = 1;
        for write in &writes {
            last += 1;
            let user = if last % 2 == 0 { "app-a" } else { "app-b" };
            bound.lets_in(user, last);
            let Write {
                function,
                operation,
                before,
            } = write;
            let struck = faults.struck().len();
            faults.plan_call(function, operation, *before, Kind::Crash);
            let from = world.stack.now().await?;
            let version = bound.rotate(user, last).await?;
            for key in ["erp-login", "crm-login"] {
                let verified = world.expect("Change Verified", key, from).await?;
                let bound = &verified["secrets"][0]["version_id"];
                assert_eq!(*bound, json!(version), "{write:?}");
            }
            world.quiet().await?;
            assert_eq!(
                faults.struck().len(),
                struck + 1,
                "{write:?}: nothing crashed"
            );
            let unreferenced = bound.nothing_unreferenced().await;
            assert!(unreferenced.is_ok(), "{write:?}: {unreferenced:?}");
        }
        nobody_noticed(canary).await?;
        bound.ends_clean(last).await
    })
}
