//! Waiting until what was changed is known everywhere.
//!
//! Two things settle, each in a time of its own: a role in IAM (`role_settle`), and a credential or
//! an OAuth client in the auth caches of Genesys Cloud (`genesys_settle`).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::RebindError;
use crate::runtime::Deadline;
use crate::services::Base;

/// How long until what was changed at `changed_at` counts as settled; `None` where it does.
pub(super) fn settles_in(
    now: Timestamp,
    changed_at: Timestamp,
    settle: Duration,
) -> Option<Duration> {
    let left = signed(settle).saturating_sub(now.duration_since(changed_at));
    // A mark from a clock ahead of ours must not make anybody wait longer than one that is right.
    let left = Duration::try_from(left).ok()?.min(settle);
    (!left.is_zero()).then_some(left)
}

/// When what was changed at `changed_at` counts as settled.
pub(super) fn settled_at(changed_at: Timestamp, settle: Duration) -> Timestamp {
    let settled = changed_at.saturating_add(signed(settle));
    settled.unwrap_or(Timestamp::MAX)
}

/// Waits until what was changed at `changed_at` has settled: probing earlier can poison caches.
///
/// # Errors
/// [`RebindError::Settling`] where the invocation ends before.
pub(super) async fn settle(
    world: &Base,
    changed_at: Option<Timestamp>,
    settle: Duration,
    deadline: Deadline,
) -> Result<(), RebindError> {
    let left = changed_at.and_then(|at| settles_in(world.now(), at, settle));
    let Some(left) = left else {
        return Ok(());
    };
    if deadline.remaining() < left {
        return Err(RebindError::Settling {
            problem: "the invocation ends earlier".into(),
        });
    }
    tokio::time::sleep(left).await;
    Ok(())
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(60);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_change_settles_after_so_much_time_and_not_before() {
        let left = |now| settles_in(at(now), at(1000), SETTLE);
        assert_eq!(left(1000), Some(SETTLE));
        assert_eq!(left(1045), Some(Duration::from_secs(15)));
        assert_eq!(left(1060), None);
        assert_eq!(left(2000), None);
        assert_eq!(left(900), Some(SETTLE), "a mark of the future");
        assert_eq!(settles_in(at(1000), at(1000), Duration::ZERO), None);
        assert_eq!(settled_at(at(1000), SETTLE), at(1060));
    }
}
