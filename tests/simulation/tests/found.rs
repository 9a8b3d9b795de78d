//! Histories that once failed. Each is as short as it could be made, and named after what must hold in
//! it.

use simulation::{
    Call, Environments, Fault, Happening, History, House, Kind, Player, Prepared, Scenario, Site,
    Which, numbered, report,
};

fn history(happenings: &[Happening]) -> History {
    let house = House::of(&["orders", "invoices", "customers"]);
    History::undisturbed(house, happenings)
}

/// Everything comes right, although every fault happens.
fn comes_right(history: &History) {
    let outcome = Player::default().play(history);
    assert_eq!(outcome.struck.len(), history.faults.len(), "{history}");
    assert!(
        outcome.problems.is_empty(),
        "{history}{}{}",
        report(&outcome),
        outcome.transcript
    );
}

/// Plays a scenario in which the first call of a function to an operation goes wrong.
fn survives(scenario: Scenario, function: &str, operation: &str, kind: Kind) {
    let prepared = Prepared::of(scenario, 1);
    let calls = numbered(&prepared.calls());
    let is_it = |call: &Call| call.site.function == function && call.site.operation == operation;
    let call = calls.into_iter().find(is_it);
    let which = Which::Call(call.expect("the function makes such a call"));
    let outcome = prepared.play(&[Fault { which, kind }], Environments::Cold);
    assert_eq!(outcome.struck.len(), 1);
    assert!(outcome.problems.is_empty(), "{}", report(&outcome));
}

/// Seeds 12, 101 and 141: the test was refused by AWS, the change rolled back and held, and nothing
/// lifted the hold when the resync had repaired the role.
#[test]
fn a_rotation_whose_test_a_foreign_role_policy_broke_is_bound_once_the_role_is_repaired() {
    comes_right(&history(&[
        Happening::Pass(900),
        Happening::OverwriteRolePolicy,
        Happening::Rotate(0),
        Happening::Pass(600),
    ]));
}

/// Of a fault that was planted on purpose, and found as a history of four faults and five happenings: a
/// create that is repeated in a later delivery was sent once more at once when its answer was lost. It
/// takes a delivery whose create never arrived, another action's create that moves the next one back, and
/// a lost answer in the repetition.
#[test]
fn a_create_that_is_lost_on_its_way_and_then_loses_its_answer_is_made_once() {
    let create = |nth, kind| Fault {
        which: Which::Call(Call {
            site: Site {
                function: "RebindAction".to_owned(),
                operation: "POST /api/v2/integrations/actions".to_owned(),
                resource: "/api/v2/integrations/actions".to_owned(),
            },
            nth,
        }),
        kind,
    };
    comes_right(&History {
        faults: vec![
            create(1, Kind::Timeout),
            create(2, Kind::TooMany),
            create(5, Kind::AnswerLost),
        ],
        ..history(&[])
    });
}

/// Seed 90: the page was taken for the action's template, which therefore had drifted, and the change
/// was *Violated*.
#[test]
fn the_page_of_a_proxy_in_place_of_a_template_is_no_drift() {
    survives(
        Scenario::RotationWithoutTest,
        "RebindAction",
        "GET /api/v2/integrations/actions/{id}/templates/requesttemplate.vm",
        Kind::NotJson,
    );
}
