//! Histories that once failed. Each is as short as it could be made, and named after what must hold in
//! it.

use simulation::{Happening, History, House, report};

fn comes_right(happenings: &[Happening]) {
    let house = House::of(&["orders", "invoices", "customers"]);
    let history = History::undisturbed(house, happenings);
    let outcome = history.play();
    assert!(
        outcome.problems.is_empty(),
        "{history}{}{}",
        report(&outcome),
        outcome.transcript
    );
}

/// Seeds 12, 101 and 141: the test was refused by AWS, the change rolled back and held, and nothing
/// lifted the hold when the resync had repaired the role.
#[test]
fn a_rotation_whose_test_a_foreign_role_policy_broke_is_bound_once_the_role_is_repaired() {
    comes_right(&[
        Happening::Pass(900),
        Happening::OverwriteRolePolicy,
        Happening::Rotate(0),
        Happening::Pass(600),
    ]);
}
