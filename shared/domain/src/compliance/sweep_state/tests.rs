use super::*;
use crate::ledger::{Exception, Occurrence};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn state() -> SweepState {
    SweepState::new("org-1".parse().unwrap())
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
}

fn open() -> Row {
    Row::failed(Check::RoleTrust, "role", "it is open")
}

fn intrusion(record: &str) -> Row {
    Row {
        occurrence: Some(Occurrence {
            record: record.into(),
            at: None,
        }),
        ..Row::failed(
            Check::Principal,
            "genesys:Action/a-1",
            "unauthorized change",
        )
    }
}

/// One sweep, remembered.
fn sweep(state: &mut SweepState, hour: i64, rows: &[Row]) -> SweepChanges {
    let mut rows = rows.to_vec();
    let changes = state.compare(&mut rows, at(hour), DAY);
    let sweep = PreviousSweep {
        id: Digest::of(&hour),
        started: at(hour),
    };
    state.remember(changes.clone(), sweep, Some(at(hour)));
    changes
}

fn counts(changes: &SweepChanges) -> (usize, usize, usize) {
    let SweepChanges {
        new,
        reminders,
        cleared,
        ..
    } = changes;
    (new.len(), reminders.len(), cleared.len())
}

#[test]
fn a_condition_is_emitted_when_it_opens_and_when_it_clears_and_not_in_between() {
    let mut state = state();
    assert_eq!(counts(&sweep(&mut state, 0, &[open()])), (1, 0, 0));
    assert_eq!(counts(&sweep(&mut state, 1, &[open()])), (0, 0, 0));
    let passed = Row::passed(Check::RoleTrust, "role");
    let cleared = sweep(&mut state, 2, std::slice::from_ref(&passed));
    assert_eq!(counts(&cleared), (0, 0, 1));
    assert_eq!(cleared.cleared[0].since, Some(at(0)));
    assert_eq!(counts(&sweep(&mut state, 3, &[passed])), (0, 0, 0));
}

#[test]
fn an_open_condition_is_emitted_again_after_each_reminder_interval() {
    let mut state = state();
    sweep(&mut state, 0, &[open()]);
    assert_eq!(counts(&sweep(&mut state, 23, &[open()])), (0, 0, 0));
    assert_eq!(counts(&sweep(&mut state, 24, &[open()])), (0, 1, 0));
    assert_eq!(counts(&sweep(&mut state, 25, &[open()])), (0, 0, 0));
    assert_eq!(counts(&sweep(&mut state, 49, &[open()])), (0, 1, 0));
}

#[test]
fn a_row_is_dated_by_the_first_sweep_that_saw_the_failure_also_after_one_that_could_not_look() {
    let mut state = state();
    sweep(&mut state, 0, &[open()]);
    let unread = Row::not_evaluated(Check::RoleTrust, "role", "the read was denied");
    assert_eq!(counts(&sweep(&mut state, 1, &[unread])), (0, 0, 0));
    let mut rows = [open()];
    let changes = state.compare(&mut rows, at(2), DAY);
    assert_eq!(counts(&changes), (0, 0, 0));
    assert_eq!(rows[0].since, Some(at(0)));
}

#[test]
fn what_can_not_be_seen_under_another_name_is_not_cleared() {
    let key: Key = "orders".parse().unwrap();
    let other: Key = "invoices".parse().unwrap();
    let mut state = state();
    let drift = Row::failed(Check::ActionDrift, "genesys:action/a-1", "it differs").of(&key);
    sweep(&mut state, 0, std::slice::from_ref(&drift));
    let unread = |key: &Key| {
        Row::not_evaluated(Check::ActionDrift, "lockstep:binding/x", "no answer").of(key)
    };
    assert_eq!(counts(&sweep(&mut state, 1, &[unread(&key)])), (0, 0, 0));
    let cleared = sweep(&mut state, 2, &[unread(&other)]);
    assert_eq!(counts(&cleared), (0, 0, 1), "another binding is no excuse");
}

#[test]
fn each_record_of_an_intruder_is_emitted_once_and_never_clears() {
    let mut state = state();
    assert_eq!(
        counts(&sweep(&mut state, 0, &[intrusion("r-1")])),
        (1, 0, 0)
    );
    let both = [intrusion("r-1"), intrusion("r-2")];
    let second = sweep(&mut state, 1, &both);
    assert_eq!(
        counts(&second),
        (1, 0, 0),
        "a second one on the same action"
    );
    assert_eq!(second.new[0].occurrence, both[1].occurrence);
    assert_eq!(counts(&sweep(&mut state, 2, &[])), (0, 0, 0));
}

#[test]
fn a_record_is_remembered_until_the_audit_log_was_read_past_it() {
    let mut state = state();
    let sweep = PreviousSweep {
        id: Digest::of(&0),
        started: at(0),
    };
    let changes = state.compare(&mut [intrusion("r-1")], at(0), DAY);
    state.remember(changes, sweep.clone(), None);
    let unread = state.compare(&mut [], at(1), DAY);
    state.remember(unread, sweep, None);
    let again = state.compare(&mut [intrusion("r-1")], at(2), DAY);
    assert_eq!(counts(&again), (0, 0, 0));
}

#[test]
fn events_of_a_repeated_sweep_are_known_again_and_those_of_the_next_one_are_others() {
    let mut state = state();
    let mut occurrences = BTreeSet::new();
    for hour in 0..4 {
        assert_eq!(state.occurrence(), state.clone().occurrence());
        occurrences.insert(state.occurrence());
        sweep(&mut state, hour, &[open()]);
    }
    assert_eq!(occurrences.len(), 4);
}

#[test]
fn what_the_release_before_remembered_is_neither_new_nor_reminded_of_at_once() {
    let stored = serde_json::json!({
        "schema": 1, "organization": "org-1", "last_run": at(0), "sweeps": 7,
        "standing": [
            {"id": "LS-ROLE-TRUST", "resource": "role"},
            {"id": "LS-PRINCIPAL", "resource": "genesys:Action/a-1"},
            {"id": "LS-NO-LONGER-KNOWN", "resource": "role"},
        ],
    });
    let mut state: SweepState = serde_json::from_value(stored).unwrap();
    assert_eq!(counts(&sweep(&mut state, 1, &[open()])), (0, 0, 0));
    assert_eq!(counts(&sweep(&mut state, 24, &[open()])), (0, 1, 0));
    let stored = serde_json::to_value(&state).unwrap();
    assert_eq!(stored["schema"], 2);
    assert_eq!(stored.get("standing"), None);
}

#[test]
fn a_failure_that_is_excepted_does_not_count_as_resolved_and_is_new_again_when_that_ends() {
    let mut state = state();
    sweep(&mut state, 0, &[open()]);
    let excepted = Row {
        result: CheckResult::Excepted(Exception {
            reason: "a migration".into(),
            owner: "platform team".into(),
            expires: "2027-02-01".parse().unwrap(),
        }),
        ..open()
    };
    let changes = sweep(&mut state, 1, std::slice::from_ref(&excepted));
    assert_eq!(counts(&changes), (0, 0, 0));
    assert_eq!(changes.excepted.len(), 1);
    let again = sweep(&mut state, 2, &[excepted]);
    assert_eq!((counts(&again), again.excepted.len()), ((0, 0, 0), 0));
    assert_eq!(counts(&sweep(&mut state, 3, &[open()])), (1, 0, 0));
}
