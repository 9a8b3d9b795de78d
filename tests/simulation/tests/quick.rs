//! Every scenario, and everything that can go wrong at its calls.

use std::collections::BTreeSet;

use simulation::{
    Call, Environments, Explored, Fault, Judged, Kind, Prepared, Scenario, Site, Which, alone,
    numbered, spread, undisturbed,
};

/// The two faults that hide what happened.
const HIDING: [Kind; 2] = [Kind::Crash, Kind::AnswerLost];
/// How many of the other faults happen in one run, each at another call: fewer than there are kinds.
const OTHERS: usize = 10;

/// How many calls of a story go wrong in one run where what a fault hides does not last: so few that no
/// retries are used up. Secrets Manager tries a rotation only a few times.
fn side_by_side(scenario: Scenario) -> usize {
    match scenario {
        Scenario::ClientRotation | Scenario::RotationTrial => 1,
        Scenario::FirstProvisioning
        | Scenario::RotationWithTest
        | Scenario::RotationWithoutTest
        | Scenario::FunctionMoved
        | Scenario::RoleRepair
        | Scenario::ManifestReplaced
        | Scenario::CredentialMoved
        | Scenario::CredentialRejected
        | Scenario::Sweep
        | Scenario::RotationRejected
        | Scenario::RotationNotDelivered
        | Scenario::VerificationLate
        | Scenario::VerificationNever => 10,
    }
}

fn assert_all_survived(explored: &Explored) {
    println!("{explored}");
    let is_whole = explored.failed.is_empty() && explored.unplayed.is_empty();
    assert!(is_whole, "{explored}");
}

#[test]
fn undisturbed_every_scenario_ends_well() {
    for scenario in Scenario::ALL {
        let outcome = undisturbed(scenario, 1, Judged::Everything);
        assert!(
            outcome.problems.is_empty(),
            "{scenario:?}: {:#?}\n{}",
            outcome.problems,
            outcome.transcript
        );
    }
}

#[test]
fn one_seed_is_one_history() {
    let play = || undisturbed(Scenario::FirstProvisioning, 7, Judged::Nothing);
    assert_eq!(play(), play());
}

#[test]
fn what_begins_at_a_snapshot_is_one_history_as_well() {
    let play = || Prepared::of(Scenario::RotationWithTest, 7).play(&[], Environments::Cold);
    assert_eq!(play(), play());
}

/// Each distinct call of a scenario, with a crash after it took effect and with its answer lost; a call
/// that is repeated, once. Writes are alone: what such a fault hides lasts. Reads share runs; one that did
/// not go wrong in its run, since the faults before it led elsewhere, is played again.
fn no_call_hides_what_it_did(scenario: Scenario) {
    let prepared = Prepared::of(scenario, 1);
    let calls = numbered(&prepared.calls()).into_iter();
    let (writes, reads): (Vec<Call>, Vec<Call>) = calls
        .filter(|call| call.nth == 1)
        .partition(|call| call.site.is_write());
    let each = side_by_side(scenario);
    let plans = HIDING.map(|kind| {
        let of = |calls: &[Call]| -> Vec<Fault> {
            let calls = calls.iter().cloned();
            calls.map(|call| fault(call, kind)).collect()
        };
        [alone(of(&writes)), spread(&of(&reads), each)].concat()
    });
    assert_all_survived(&prepared.explore(plans.concat()));
}

fn fault(call: Call, kind: Kind) -> Fault {
    Fault {
        which: Which::Call(call),
        kind,
    }
}

/// An operation, as a function calls it.
type Operation = (String, String);

fn operation(site: &Site) -> Operation {
    (site.function.clone(), site.operation.clone())
}

/// Each of these calls with each of these kinds: in one run are different calls with different kinds, far
/// from each other.
fn crossed(calls: &[Call], kinds: &[Kind]) -> Vec<Vec<Fault>> {
    let groups = calls.len().div_ceil(OTHERS);
    let group = |first: usize| calls.iter().skip(first).step_by(groups);
    let run = |first: usize, shift: usize| -> Vec<Fault> {
        let kinds = kinds.iter().cycle().skip(shift);
        let calls = group(first).cloned().zip(kinds);
        calls.map(|(call, kind)| fault(call, *kind)).collect()
    };
    let groups = 0..groups;
    groups
        .flat_map(|first| (0..kinds.len()).map(move |shift| run(first, shift)))
        .collect()
}

/// Each operation of each function, once with every fault that hides nothing: in the first scenario in
/// which it is called.
#[test]
fn every_operation_survives_every_other_fault() {
    let kinds = Kind::ALL.into_iter().filter(|kind| !HIDING.contains(kind));
    let kinds: Vec<Kind> = kinds.collect();
    let mut seen: BTreeSet<Operation> = BTreeSet::new();
    let mut explored = Explored::default();
    for scenario in Scenario::ALL {
        let prepared = Prepared::of(scenario, 1);
        let calls = numbered(&prepared.calls()).into_iter();
        let first = calls.filter(|call| seen.insert(operation(&call.site)));
        let first: Vec<Call> = first.collect();
        explored.add(prepared.explore(crossed(&first, &kinds)));
    }
    assert!(seen.len() > 100, "{} operations", seen.len());
    assert_eq!(explored.faults, seen.len() * kinds.len());
    assert_all_survived(&explored);
}

#[test]
fn a_first_provisioning_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::FirstProvisioning);
}

#[test]
fn a_rotation_with_a_live_test_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::RotationWithTest);
}

#[test]
fn a_rotation_without_a_live_test_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::RotationWithoutTest);
}

#[test]
fn a_function_that_moves_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::FunctionMoved);
}

#[test]
fn the_repair_of_a_role_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::RoleRepair);
}

#[test]
fn a_manifest_replaced_during_a_rotation_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::ManifestReplaced);
}

#[test]
fn credentials_that_move_survive_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::CredentialMoved);
}

#[test]
fn a_clients_rotation_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::ClientRotation);
}

#[test]
fn a_sweep_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::Sweep);
}

#[test]
fn a_rotation_that_is_not_delivered_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::RotationNotDelivered);
}

#[test]
fn a_late_audit_log_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::VerificationLate);
}

#[test]
fn an_audit_log_that_shows_nothing_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::VerificationNever);
}

#[test]
fn the_trial_of_a_rotation_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::RotationTrial);
}

#[test]
fn a_rotation_whose_live_test_fails_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::RotationRejected);
}

#[test]
fn a_credential_that_is_moved_back_survives_every_crash_and_lost_answer() {
    no_call_hides_what_it_did(Scenario::CredentialRejected);
}
