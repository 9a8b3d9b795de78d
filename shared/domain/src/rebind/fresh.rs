//! What a fresh integration may answer.

use std::time::Duration;

/// For how long a fresh integration may refuse to create actions, although it reports that it is
/// active: the official Terraform provider repeats the create then.
pub const FRESH: Duration = Duration::from_secs(20);

/// Whether a create of an action that was refused may succeed when it is repeated. On an integration that
/// is not new, a 400 is final.
#[must_use]
pub fn may_pass_while_fresh(status: Option<u16>, made_integration: bool) -> bool {
    made_integration && status == Some(400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_integration_that_the_change_made_may_refuse_for_a_while() {
        assert!(may_pass_while_fresh(Some(400), true));
        assert!(!may_pass_while_fresh(Some(400), false));
        for other in [None, Some(403), Some(409), Some(500)] {
            assert!(!may_pass_while_fresh(other, true), "{other:?}");
        }
    }
}
