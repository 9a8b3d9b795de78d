//! A function ends in the middle of moving credentials, at each write in turn.

use std::collections::BTreeMap;

use serde_json::json;
use simulation::story::{Error, Options, Stage as _, play};
use simulation::{Kind, Site};

use crate::bound::{Bound, nobody_noticed};

/// One of the writes of a rotation: what is called by which function, and how often before.
#[derive(Debug)]
struct Write {
    function: String,
    operation: String,
    before: usize,
}

/// The writes among calls, and the tests, after which a run decides.
fn writes(calls: &[Site]) -> Vec<Write> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut writes = Vec::new();
    for site in calls {
        if !site.is_write() && !site.operation.ends_with("/test") {
            continue;
        }
        let count = seen.entry((&site.function, &site.operation)).or_default();
        writes.push(Write {
            function: site.function.clone(),
            operation: site.operation.clone(),
            before: *count,
        });
        *count += 1;
    }
    writes
}

#[test]
fn a_crash_at_each_write_in_turn_ends_right_and_no_call_fails() -> Result<(), Error> {
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
            let hit = faults.hit().len();
            faults.plan_call(function, operation, *before, Kind::Crash);
            let from = world.stack.now().await?;
            let version = bound.rotate(user, last).await?;
            for key in ["erp-login", "crm-login"] {
                let verified = world.expect("Change Verified", key, from).await?;
                let bound = &verified["secrets"][0]["version_id"];
                assert_eq!(*bound, json!(version), "{write:?}");
            }
            world.quiet().await?;
            assert_eq!(faults.hit().len(), hit + 1, "{write:?}: nothing crashed");
            let unreferenced = bound.nothing_unreferenced().await;
            assert!(unreferenced.is_ok(), "{write:?}: {unreferenced:?}");
        }
        nobody_noticed(canary).await?;
        bound.ends_clean(last).await
    })
}
