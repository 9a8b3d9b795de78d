//! What was published over another writer's change.

use super::*;
use crate::change::Overwrote;

/// The judgement of a change that published version 9 of the action, having read version 7.
fn overwritten(world: &World) -> Judgement {
    world.judged(|judgement, case| {
        let overwrote = Overwrote::of(7, 9).unwrap();
        judgement.of_overwritten(case, ACTION, overwrote)
    })
}

#[test]
fn what_was_published_over_another_writers_change_is_a_violation_that_names_their_record() {
    let theirs = AuditRecord {
        client: Some("another-client".into()),
        ..record("r2", "Action", "Update")
    };
    let mut world = World::proved().with(theirs);
    world.authorized.clients = ["another-client".parse().unwrap()].into();
    assert_eq!(world.judge().verdict, Verdict::Verified, "it may change it");
    let judgement = overwritten(&world);
    assert_eq!(findings(&judgement), ["LS-ACTION-DRIFT"]);
    let Verdict::Violated { findings } = judgement.verdict else {
        panic!("violated: {judgement:?}");
    };
    assert!(findings[0].what.contains("record r2"), "{findings:?}");
}

#[test]
fn the_record_of_what_was_published_over_is_waited_for_as_long_as_our_own_are() {
    let mut world = World::proved();
    let judgement = overwritten(&world);
    assert_eq!(findings(&judgement), ["LS-ACTION-DRIFT"], "ours is there");
    world.records.clear();
    let judgement = overwritten(&world);
    assert!(
        missing(&judgement)[1].contains("version 9"),
        "{judgement:?}"
    );
}

#[test]
fn the_next_version_was_published_over_nothing() {
    assert_eq!(Overwrote::of(7, 8), None);
    assert_eq!(
        Overwrote::of(7, 7),
        None,
        "a version that templates do not raise"
    );
}
