use super::*;
use crate::arn::SecretArn;
use jiff::Timestamp;

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/lockstep-AbCdEf";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn client(id: &str) -> ClientId {
    id.parse().unwrap()
}

fn pair(one: &str, other: Option<&str>) -> Pair {
    Pair {
        client: client(one),
        alternate: other.map(client),
    }
}

fn labels(versions: &[(&str, &[&str])]) -> Labels {
    Labels {
        rotation_enabled: true,
        versions: versions
            .iter()
            .map(|(version, labels)| {
                let labels = labels.iter().map(|label| (*label).to_owned());
                ((*version).to_owned(), labels.collect())
            })
            .collect(),
    }
}

fn under_way() -> Labels {
    labels(&[("v1", &[CURRENT]), ("v2", &[PENDING])])
}

fn a_rotation_step() -> RotationTarget {
    target_of(&pair("a", Some("b")), false).unwrap()
}

/// A rotation to `v2` as it is recorded when it begins.
fn recorded() -> RotationState {
    let mut state = RotationState::new("org-1".parse().unwrap(), SECRET.parse().unwrap());
    let (now, lease) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T00:01:00Z"));
    state
        .claim("v2", "v1", &a_rotation_step(), &client("a"), now, lease)
        .unwrap();
    state
}

fn tested() -> RotationState {
    let mut state = recorded();
    state.of_mut("v2").unwrap().tested_at = Some(at("2026-01-01T00:00:30Z"));
    state
}

fn decided(
    labels: &Labels,
    step: RotationStep,
    pending: &Pending,
    state: &RotationState,
) -> Result<Plan, RotationRefusal> {
    let current = pair("a", Some("b"));
    let seen = Seen {
        labels,
        token: "v2",
        step,
        current: Some(&current),
        pending,
        single: false,
    };
    plan(&seen, state.rotation.as_ref())
}

#[test]
fn each_step_does_its_own_and_nothing_twice() {
    use RotationStep::{Create, Finish, Set, Test};
    let swapped = Pending::Value(pair("b", Some("a")));
    let untested = recorded();
    let tested = tested();
    let none = RotationState::new("org-1".parse().unwrap(), SECRET.parse().unwrap());
    let table: [(RotationStep, &Pending, &RotationState, Result<Plan, &str>); 16] = [
        (
            Create,
            &Pending::Empty,
            &none,
            Ok(Plan::Reset(a_rotation_step())),
        ),
        (
            Create,
            &Pending::Empty,
            &untested,
            Ok(Plan::Reset(a_rotation_step())),
        ),
        (Create, &swapped, &untested, Ok(Plan::Done)),
        (Create, &swapped, &none, Ok(Plan::Done)),
        (Set, &swapped, &untested, Ok(Plan::Done)),
        (Set, &Pending::Empty, &untested, Err("pending_empty")),
        (Test, &swapped, &untested, Ok(Plan::Try(a_rotation_step()))),
        (Test, &swapped, &none, Ok(Plan::Try(a_rotation_step()))),
        (Test, &Pending::Empty, &untested, Err("pending_empty")),
        // A trial: testSecret alone, for a version into which no createSecret stored anything.
        (
            Test,
            &Pending::Empty,
            &none,
            Ok(Plan::Trial(a_rotation_step())),
        ),
        (
            Test,
            &Pending::Current,
            &none,
            Ok(Plan::Trial(a_rotation_step())),
        ),
        (Test, &Pending::Current, &untested, Err("foreign_pending")),
        (Create, &Pending::Current, &none, Err("foreign_pending")),
        (
            Finish,
            &swapped,
            &tested,
            Ok(Plan::Move {
                from: "v1".into(),
                target: a_rotation_step(),
            }),
        ),
        (Finish, &swapped, &untested, Err("not_tested")),
        (Finish, &swapped, &none, Err("not_tested")),
    ];
    for (step, pending, state, expected) in table {
        let found = decided(&under_way(), step, pending, state);
        let found = found.map_err(|refusal| refusal.kind());
        assert_eq!(found, expected, "{step:?} {pending:?}");
    }
}

#[test]
fn every_step_compares_the_labels_with_the_rules_of_aws() {
    let table = [
        (
            labels(&[("v1", &[CURRENT]), ("v3", &[PENDING])]),
            Err("unknown_version"),
        ),
        (
            labels(&[("v1", &[CURRENT]), ("v2", &["mine"]), ("v3", &[PENDING])]),
            Err("not_pending"),
        ),
        (
            labels(&[("v1", &["AWSPREVIOUS"]), ("v2", &[PENDING])]),
            Err("no_current"),
        ),
        (
            labels(&[("v1", &["AWSPREVIOUS"]), ("v2", &[CURRENT, PENDING])]),
            Ok(Plan::Announce),
        ),
        (
            labels(&[("v1", &["AWSPREVIOUS"]), ("v2", &[CURRENT])]),
            Ok(Plan::Announce),
        ),
        (
            labels(&[("v0", &[CURRENT]), ("v2", &[PENDING])]),
            Err("current_moved"),
        ),
    ];
    let pending = Pending::Value(pair("b", Some("a")));
    for step in RotationStep::ALL {
        for (labels, expected) in &table {
            let found = decided(labels, step, &pending, &tested());
            let found = found.map_err(|refusal| refusal.kind());
            assert_eq!(found, *expected, "{step:?} {labels:?}");
        }
        let mut off = under_way();
        off.rotation_enabled = false;
        let refusal = decided(&off, step, &pending, &tested()).unwrap_err();
        assert_eq!(refusal, RotationRefusal::RotationDisabled);
    }
}

#[test]
fn a_foreign_value_under_awspending_is_never_touched() {
    let foreign = [
        Pending::Unreadable,
        Pending::Current,
        Pending::Value(pair("b", None)),
        Pending::Value(pair("a", Some("b"))),
        Pending::Value(pair("b", Some("c"))),
    ];
    for step in RotationStep::ALL {
        for pending in &foreign {
            let refusal = decided(&under_way(), step, pending, &tested()).unwrap_err();
            assert_eq!(
                refusal,
                RotationRefusal::ForeignPending,
                "{step:?} {pending:?}"
            );
        }
    }
}

#[test]
fn without_another_client_there_is_a_rotation_only_if_the_tag_allows_it() {
    let alone = pair("a", None);
    assert_eq!(target_of(&alone, false), Err(RotationRefusal::NoAlternate));
    let single = target_of(&alone, true).unwrap();
    assert_eq!(single.strategy, Strategy::Single);
    assert_eq!(single.outcome(&alone), alone);
    // Where there is a pair, the tag changes nothing.
    let both = pair("a", Some("b"));
    assert_eq!(target_of(&both, true).unwrap().strategy, Strategy::Pair);
    let twice = target_of(&pair("a", Some("a")), true).unwrap_err();
    assert_eq!(
        twice,
        RotationRefusal::SameClient {
            client: client("a")
        }
    );
}

#[test]
fn an_unreadable_current_value_is_refused() {
    let labels = under_way();
    let seen = Seen {
        labels: &labels,
        token: "v2",
        step: RotationStep::Create,
        current: None,
        pending: &Pending::Empty,
        single: false,
    };
    assert_eq!(plan(&seen, None), Err(RotationRefusal::CurrentUnreadable));
}

#[test]
fn a_trial_needs_a_pair_that_could_be_rotated() {
    let another = labels(&[("v1", &[CURRENT]), ("v3", &[PENDING])]);
    let labels = under_way();
    let mut seen = Seen {
        labels: &labels,
        token: "v2",
        step: RotationStep::Test,
        current: None,
        pending: &Pending::Empty,
        single: false,
    };
    assert_eq!(plan(&seen, None), Err(RotationRefusal::CurrentUnreadable));
    let alone = pair("a", None);
    seen.current = Some(&alone);
    assert_eq!(plan(&seen, None), Err(RotationRefusal::NoAlternate));
    seen.single = true;
    let target = target_of(&alone, true).unwrap();
    assert_eq!(plan(&seen, None), Ok(Plan::Trial(target)));
    // Another token's record is not this one's.
    let state = recorded();
    seen.token = "v3";
    seen.labels = &another;
    let found = plan(&seen, state.rotation.as_ref());
    assert!(matches!(found, Ok(Plan::Trial(_))), "{found:?}");
}

#[test]
fn what_to_do_about_unknown_use_follows_from_why_it_is_unknown() {
    let said = || "said".to_owned();
    let table = [
        (Unknown::Denied { said: said() }, "usage:client:view"),
        (Unknown::Rejected { said: said() }, "Update Lockstep"),
        (Unknown::Unanswered { said: said() }, "rotation again later"),
        (
            Unknown::OwnUseMissing {
                day: "2026-03-09".parse().unwrap(),
            },
            "2026-03-09",
        ),
    ];
    for (because, expected) in table {
        let advised = matches!(because, Unknown::Denied { .. });
        let refusal = RotationRefusal::UseUnknown {
            client: client("a"),
            because,
        };
        let fix = refusal.fix();
        assert!(fix.contains(expected), "{fix}");
        assert_eq!(fix.contains("client:view"), advised, "{fix}");
        assert!(fix.contains(FORCE_TAG), "{fix}");
    }
}

#[test]
fn a_secret_that_only_an_address_kept_from_being_tried_is_never_given_up() {
    let refused = RotationRefusal::AddressRefused {
        client: client("b"),
    };
    assert!(!may_be_given_up(&refused, Some(Strategy::Pair)));
    assert!(refused.to_string().contains("IP address"), "{refused}");
    assert!(refused.fix().contains("allowed IP"), "{}", refused.fix());
}

#[test]
fn nobody_is_locked_out() {
    let target = a_rotation_step();
    let other: SecretArn = SECRET.replace("AbCdEf", "GhIjKl").parse().unwrap();
    let guarded = |signed_in: &str, others: &[Pair]| {
        let others: Vec<_> = others
            .iter()
            .map(|pair| (other.clone(), pair.clone()))
            .collect();
        guard(&target, &client(signed_in), &others).map_err(|refusal| refusal.kind())
    };
    assert_eq!(guarded("a", &[pair("x", Some("y"))]), Ok(()));
    assert_eq!(guarded("b", &[]), Err("lockout"));
    assert_eq!(guarded("a", &[pair("b", None)]), Err("named_elsewhere"));
    assert_eq!(
        guarded("a", &[pair("x", Some("b"))]),
        Err("named_elsewhere")
    );
    let alone = target_of(&pair("a", None), true).unwrap();
    let refusal = guard(&alone, &client("a"), &[]).unwrap_err();
    assert!(
        refusal
            .fix()
            .contains("only client that it can sign in with"),
        "{}",
        refusal.fix()
    );
}

#[test]
fn one_at_a_time_works_on_a_secret_whatever_the_token() {
    let mut state = recorded();
    let early = at("2026-01-01T00:00:59Z");
    let lease = at("2026-01-01T00:05:00Z");
    let until = at("2026-01-01T00:01:00Z");
    for token in ["v2", "v3"] {
        let claimed = state.claim(token, "v1", &a_rotation_step(), &client("a"), early, lease);
        assert_eq!(claimed, Err(Busy { until }), "{token}");
    }
    // The lease expires after a crash.
    state
        .claim("v2", "v1", &a_rotation_step(), &client("a"), until, lease)
        .unwrap();
    assert_eq!(state.of("v2").unwrap().begun_at, at("2026-01-01T00:00:00Z"));
    state.release("v2");
    state
        .claim("v3", "v1", &a_rotation_step(), &client("a"), early, lease)
        .unwrap();
    assert_eq!(state.of("v2"), None);
    let given_up = state.last.unwrap();
    assert_eq!((given_up.token.as_str(), given_up.moved_at), ("v2", None));
}

#[test]
fn only_a_single_client_has_a_gap() {
    let mut state = tested();
    let rotation = state.of_mut("v2").unwrap();
    rotation.reset_at = Some(at("2026-01-01T00:00:10Z"));
    assert_eq!(rotation.gap_seconds(), None);
    rotation.moved_at = Some(at("2026-01-01T00:00:21.5Z"));
    assert_eq!(rotation.gap_seconds(), None);
    rotation.strategy = Strategy::Single;
    assert_eq!(rotation.gap_seconds(), Some(12));
}

#[test]
fn the_label_counts_as_moved_when_its_move_began_but_for_a_single_client() {
    let (begun, seen) = (at("2026-01-01T00:00:40Z"), at("2026-01-01T00:00:50Z"));
    for (strategy, moving_at, expected) in [
        (Strategy::Pair, Some(begun), begun),
        (Strategy::Pair, None, seen),
        (Strategy::Single, Some(begun), seen),
    ] {
        let mut rotation = tested().rotation.unwrap();
        (rotation.strategy, rotation.moving_at) = (strategy, moving_at);
        assert!(rotation.saw_moved(seen));
        assert_eq!(rotation.moved_at, Some(expected), "{strategy:?}");
        assert!(!rotation.saw_moved(at("2026-01-01T00:01:00Z")), "known");
        assert_eq!(rotation.moved_at, Some(expected), "{strategy:?}");
    }
}

#[test]
fn a_pair_is_left_when_the_move_begins_and_a_single_client_is_not() {
    let now = at("2026-01-01T00:00:40Z");
    let mut state = tested();
    state.begin_move("v2", &a_rotation_step(), now);
    assert_eq!(state.of("v2").unwrap().moving_at, Some(now));
    let left = state.previous_client.take().unwrap();
    assert_eq!((left.client, left.since), (client("a"), now));
    let alone = target_of(&pair("a", None), true).unwrap();
    state.begin_move("v2", &alone, now);
    assert_eq!(state.previous_client, None);
}

#[test]
fn a_reset_is_counted_before_it_is_sent() {
    let now = at("2026-01-01T00:00:10Z");
    let mut state = recorded();
    let until = at("2026-01-02T00:00:00Z");
    for resets in 1..=2 {
        state.begin_reset("v2", now, Force::Until(until), vec!["forced".to_owned()]);
        let known = state.of("v2").unwrap();
        assert_eq!((known.resets, known.resetting_at), (resets, Some(now)));
        assert_eq!(known.forced_until, Some(until));
        assert_eq!(known.notices, ["forced"]);
    }
}

#[test]
fn what_became_current_without_its_event_is_announced_later() {
    let mut state = tested();
    let token = |state: &RotationState, current: Option<&str>| {
        state.unannounced(current).map(|known| known.token.clone())
    };
    assert_eq!(token(&state, Some("v2")).as_deref(), Some("v2"));
    assert_eq!(token(&state, Some("v1")), None, "not current");
    assert_eq!(token(&state, None), None);
    state.of_mut("v2").unwrap().announced = true;
    assert_eq!(token(&state, Some("v2")), None);
}

#[test]
fn records_form_a_chain_and_are_the_same_when_made_again() {
    let mut state = tested();
    let first = Rotated::of(&state).unwrap();
    assert!(first.is_sound());
    assert_eq!(first.previous, None);
    state.evidence = Some(first.head("s3://evidence/1".into()));
    assert_eq!(Rotated::of(&state).unwrap(), first);

    state.release("v2");
    let (now, lease) = (at("2026-01-02T00:00:00Z"), at("2026-01-02T00:01:00Z"));
    let back = target_of(&pair("b", Some("a")), false).unwrap();
    state
        .claim("v3", "v2", &back, &client("b"), now, lease)
        .unwrap();
    let second = Rotated::of(&state).unwrap();
    assert_eq!(second.previous, Some(first.hash));
    state.evidence = Some(second.head("s3://evidence/2".into()));
    assert_eq!(Rotated::of(&state).unwrap(), second);
    let mut altered = second;
    altered.resets += 1;
    assert!(!altered.is_sound());
}

#[test]
fn an_old_awspending_is_stuck_and_a_young_one_is_not() {
    let now = at("2026-01-02T00:00:00Z");
    let made = BTreeMap::from([
        ("v1".to_owned(), at("2025-01-01T00:00:00Z")),
        ("v2".to_owned(), at("2026-01-01T12:00:00Z")),
    ]);
    let stuck_in =
        |labels: &Labels, minutes| stuck(labels, &made, now, minutes).map(|stuck| stuck.version_id);
    assert_eq!(stuck_in(&under_way(), 720), Some("v2".to_owned()));
    assert_eq!(stuck_in(&under_way(), 721), None);
    assert_eq!(stuck_in(&labels(&[("v1", &[CURRENT, PENDING])]), 0), None);
    assert_eq!(stuck_in(&labels(&[("v1", &[CURRENT])]), 0), None);
    // Its age is not known.
    assert_eq!(
        stuck_in(&labels(&[("v1", &[CURRENT]), ("v9", &[PENDING])]), 0),
        None
    );
}

#[test]
fn both_spellings_of_a_step_are_read_and_one_is_written() {
    for step in RotationStep::ALL {
        let text = serde_json::to_value(step).unwrap();
        assert_eq!(text, step.as_str());
        assert_eq!(serde_json::from_value::<RotationStep>(text).unwrap(), step);
    }
    let other = serde_json::json!("finish_secret");
    let read: RotationStep = serde_json::from_value(other).unwrap();
    assert_eq!(read, RotationStep::Finish);
}
