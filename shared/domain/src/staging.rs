//! Rotations that concern many bindings: one tested binding first, the rest after it passed.
//!
//! Only what can wait does: with `overlap: alternating`, and on the version before the current one.

use crate::change::{BindingState, DesiredId, End, Phase};
use crate::ids::Key;

/// Whether a version of a secret still works, with two alternating users (`overlap: alternating`):
/// exactly the current version and the one before it do. The user of an older one has got another
/// password since (AWS Secrets Manager user guide, "Lambda function rotation strategies").
#[must_use]
pub fn still_works(version: &str, current: &str, previous: Option<&str>) -> bool {
    version == current || Some(version) == previous
}

/// A binding that uses a secret whose version moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotating<'a> {
    /// Its key.
    pub key: &'a Key,
    /// Whether a live test shows that it works.
    pub tested: bool,
    /// How far it is with the version that is current.
    pub standing: Standing,
}

/// How far a binding is with a desired state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not begun.
    Waiting,
    /// Begun, and not tested yet.
    UnderWay,
    /// Bound, and its live test passed.
    Passed,
    /// It could not be bound, or its live test failed.
    Failed,
}

impl Standing {
    /// How far `state` is with a desired state.
    #[must_use]
    pub fn of(state: &BindingState, desired: &DesiredId) -> Self {
        if state.holds(desired).is_some() {
            return Self::Failed;
        }
        let change = state.change.as_ref();
        let Some(change) = change.filter(|change| change.reaches(desired)) else {
            return Self::Waiting;
        };
        let passed = change.test.as_ref().is_some_and(|test| test.passed);
        match &change.phase {
            Phase::Applying | Phase::Testing => Self::UnderWay,
            Phase::Verifying { unhealthy: true } => Self::Failed,
            Phase::Ended {
                end: End::Failed { .. } | End::RolledBack { .. } | End::Split { .. },
                ..
            } => Self::Failed,
            Phase::Verifying { unhealthy: false }
            | Phase::Ended {
                end: End::Verified | End::Violated { .. } | End::Unverified { .. },
                ..
            } if passed => Self::Passed,
            // Bound without a test: it proves nothing.
            Phase::Verifying { unhealthy: false }
            | Phase::Ended {
                end: End::Verified | End::Violated { .. } | End::Unverified { .. },
                ..
            } => Self::Waiting,
        }
    }
}

/// Which of the bindings of one secret may be bound to its current version now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    /// All of them.
    Everything,
    /// This one; the rest waits until it passed.
    First(&'a Key),
    /// This one, which failed: the rest stays on the version before.
    Stopped(&'a Key),
}

/// Stages a rotation. More than `most` bindings wait for a tested one; where none is tested, nothing
/// is proved by waiting.
#[must_use]
pub fn stage<'a>(rotating: &[Rotating<'a>], most: u32) -> Stage<'a> {
    let few = u32::try_from(rotating.len()).is_ok_and(|count| count <= most);
    let passed = |one: &Rotating<'_>| one.standing == Standing::Passed;
    if few || rotating.iter().any(passed) {
        return Stage::Everything;
    }
    let tested = rotating.iter().filter(|one| one.tested);
    let Some(first) = tested.min_by_key(|one| one.key) else {
        return Stage::Everything;
    };
    match first.standing {
        Standing::Failed => Stage::Stopped(first.key),
        Standing::Waiting | Standing::UnderWay | Standing::Passed => Stage::First(first.key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: usize) -> Vec<Key> {
        (0..count)
            .map(|n| format!("action-{n:02}").parse().unwrap())
            .collect()
    }

    fn rotating<'a>(keys: &'a [Key], tested: &[usize]) -> Vec<Rotating<'a>> {
        let one = |(n, key): (usize, &'a Key)| Rotating {
            key,
            tested: tested.contains(&n),
            standing: Standing::Waiting,
        };
        keys.iter().enumerate().map(one).collect()
    }

    #[test]
    fn as_many_as_the_manifest_allows_go_at_once() {
        let keys = keys(3);
        assert_eq!(stage(&rotating(&keys, &[1]), 3), Stage::Everything);
    }

    #[test]
    fn of_more_the_first_tested_one_goes_first_and_the_rest_after_it_passed() {
        let keys = keys(4);
        let mut bindings = rotating(&keys, &[2, 3]);
        assert_eq!(stage(&bindings, 3), Stage::First(&keys[2]));
        bindings[2].standing = Standing::UnderWay;
        assert_eq!(stage(&bindings, 3), Stage::First(&keys[2]));
        bindings[2].standing = Standing::Passed;
        assert_eq!(stage(&bindings, 3), Stage::Everything);
    }

    #[test]
    fn where_the_first_fails_the_rest_stays_where_it_is() {
        let keys = keys(4);
        let mut bindings = rotating(&keys, &[0, 1]);
        bindings[0].standing = Standing::Failed;
        assert_eq!(stage(&bindings, 3), Stage::Stopped(&keys[0]));
        // Somebody bound another tested one by hand.
        bindings[1].standing = Standing::Passed;
        assert_eq!(stage(&bindings, 3), Stage::Everything);
    }

    #[test]
    fn where_nothing_is_tested_nothing_is_proved_by_waiting() {
        let keys = keys(4);
        assert_eq!(stage(&rotating(&keys, &[]), 3), Stage::Everything);
    }
}
