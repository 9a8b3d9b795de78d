//! Every scenario, each of its writes, with the two faults that hide what happened.

use simulation::{Calls, Judged, Kind, Outcome, Run, Scenario, each_call, play_all, report};

fn said(failed: &[(Run, Outcome)]) -> String {
    let lines = failed
        .iter()
        .map(|(run, outcome)| format!("{:?}\n{}", run.scenario, report(outcome)));
    lines.collect()
}

#[test]
fn undisturbed_every_scenario_ends_well() {
    for scenario in Scenario::ALL {
        let run = Run {
            scenario,
            faults: Vec::new(),
            seed: 1,
        };
        let outcome = run.play_judged(Judged::Everything);
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
    let run = Run {
        scenario: Scenario::FirstProvisioning,
        faults: Vec::new(),
        seed: 7,
    };
    assert_eq!(run.play(), run.play());
}

/// Each distinct write of a scenario, once with a crash after it took effect and once with its answer
/// lost.
fn no_call_hides_what_it_did(scenario: Scenario) {
    let kinds = [Kind::Crash, Kind::AnswerLost];
    let runs = each_call(scenario, Calls::Writes, &kinds, 1);
    let failed = play_all(&runs);
    let (bad, all) = (failed.len(), runs.len());
    assert!(failed.is_empty(), "{bad} of {all} runs:\n{}", said(&failed));
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
