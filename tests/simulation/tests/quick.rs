//! Every scenario, and everything that can go wrong at its calls.

use std::collections::{BTreeMap, BTreeSet};

use simulation::{
    Fault, Judged, Kind, Outcome, Prepared, Scenario, Site, alone, report, spread, undisturbed,
};

/// A crash that a lost answer hides, and a lost answer that a crash does not.
const HIDING: [Kind; 2] = [Kind::Crash, Kind::AnswerLost];
/// What goes wrong in one run where a fault is not alone: so few that no retry budget is used up.
const LOST_ANSWERS: usize = 8;
const OTHERS: usize = 6;

/// As many, where each takes one of the tries of a message; a rotation has fewer.
fn crashes(scenario: Scenario) -> usize {
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
        | Scenario::VerificationNever => 3,
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

/// Each call of a scenario, with a crash after it took effect and with its answer lost. Writes are
/// alone: what such a fault hides lasts. What reads hide does not, so several share a run.
fn no_call_hides_what_it_did(scenario: Scenario) {
    let prepared = Prepared::of(scenario, 1);
    let calls = prepared.calls();
    let numbered = || calls.iter().zip(1..);
    let at = |is_write: bool, kind: Kind| {
        let calls = numbered().filter(move |(site, _)| site.is_write() == is_write);
        calls.map(move |(_, call)| Fault { call, kind })
    };
    let mut plans: Vec<Vec<Fault>> = Vec::new();
    for kind in HIDING {
        plans.extend(alone(at(true, kind)));
    }
    let reads = |kind| at(false, kind).collect::<Vec<_>>();
    plans.extend(spread(&reads(Kind::Crash), crashes(scenario)));
    plans.extend(spread(&reads(Kind::AnswerLost), LOST_ANSWERS));
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
