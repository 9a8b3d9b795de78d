//! Every scenario, and everything that can go wrong at its calls.

use std::collections::{BTreeMap, BTreeSet};

use simulation::{
    Fault, Judged, Kind, Outcome, Prepared, Scenario, Site, alone, report, spread, undisturbed,
};

/// The two faults that hide what happened.
const HIDING: [Kind; 2] = [Kind::Crash, Kind::AnswerLost];
/// How many other faults happen in one run, each at another call.
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
        | Scenario::VerificationNever => 6,
    }
}

fn assert_none(failed: &[Outcome], runs: usize) {
    let lines: String = failed.iter().map(report).collect();
    let bad = failed.len();
    assert!(failed.is_empty(), "{bad} of {runs} runs:\n{lines}");
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
    let play = || Prepared::of(Scenario::RotationWithTest, 7).play(&[]);
    assert_eq!(play(), play());
}

/// Each call of a scenario, with a crash after it took effect and with its answer lost; a call that is
/// repeated, once. Writes are alone: what such a fault hides lasts. Reads share runs, in which the calls
/// after the first fault may be others than those that were planned; the long tier has each alone.
fn no_call_hides_what_it_did(scenario: Scenario) {
    let prepared = Prepared::of(scenario, 1);
    let calls = prepared.calls();
    let mut seen = BTreeSet::new();
    let numbered = calls.iter().zip(1_u64..);
    let (writes, reads): (Vec<_>, Vec<_>) = numbered
        .filter(|(site, _)| seen.insert(*site))
        .partition(|(site, _)| site.is_write());
    let at = |calls: &[(&Site, u64)], kind: Kind| -> Vec<Fault> {
        let calls = calls.iter();
        calls.map(|(_, call)| Fault { call: *call, kind }).collect()
    };
    let each = side_by_side(scenario);
    let plans = HIDING.map(|kind| {
        let alone = alone(at(&writes, kind));
        [alone, spread(&at(&reads, kind), each)].concat()
    });
    let plans = plans.concat();
    assert_none(&prepared.failures(&plans), plans.len());
}

/// An operation, as a function calls it.
type Operation = (String, String);

fn operation(site: &Site) -> Operation {
    (site.function.clone(), site.operation.clone())
}

/// Each operation of each function, once with every fault that hides nothing: in the first scenario in
/// which it is called.
#[test]
fn every_operation_survives_every_other_fault() {
    let kinds = Kind::ALL.into_iter().filter(|kind| !HIDING.contains(kind));
    let kinds: Vec<Kind> = kinds.collect();
    let mut seen: BTreeSet<Operation> = BTreeSet::new();
    let mut scenarios = BTreeMap::new();
    for scenario in Scenario::ALL {
        let prepared = Prepared::of(scenario, 1);
        let calls = prepared.calls();
        let first = calls.iter().zip(1..);
        let first: Vec<u64> = first
            .filter(|(site, _)| seen.insert(operation(site)))
            .map(|(_, call)| call)
            .collect();
        scenarios.insert(scenario, (prepared, first));
    }
    assert!(seen.len() > 100, "{} operations", seen.len());
    let (mut failed, mut runs) = (Vec::new(), 0);
    for (prepared, calls) in scenarios.values() {
        // Side by side are different calls and different kinds.
        let faults: Vec<Fault> = kinds
            .iter()
            .flat_map(|kind| {
                calls.iter().map(|call| Fault {
                    call: *call,
                    kind: *kind,
                })
            })
            .collect();
        let plans = spread(&faults, OTHERS);
        runs += plans.len();
        failed.extend(prepared.failures(&plans));
    }
    assert_none(&failed, runs);
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
