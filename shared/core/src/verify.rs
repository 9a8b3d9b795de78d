//! Verification: what the audit log and a second observation say about a change.
//!
//! **Order of ending.** The evidence is stored first, then the event is emitted, then the state is
//! saved under the condition that nobody else saved it. A run that dies in between is repeated: its
//! evidence is adopted, and its event may come twice, but never not at all.
//!
//! **Who retries.** [`Failure::Later`] where records are missing and there is time, with growing
//! spacing; [`Failure::Retry`] where S3 or the bus did not answer. What cannot be read at Genesys
//! Cloud counts as missing: the deadline ends it as *Change Unverified*, so nothing ends in
//! silence.

mod audit_log;
mod change;
mod conflicts;
mod drift;
mod foreign;
mod observation;
mod window;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::change::{Change, ChangeId};
use lockstep_domain::intent::VerifyIntent;
use lockstep_domain::manifest::Mode;

use crate::aws::MAX_DELAY;
use crate::config::Config;
use crate::response::{Answer, Response};
use crate::runtime::{Deadline, Failure};
use crate::services::Binder;

pub(crate) use audit_log::{AuditLog, read_audit_log};
pub(crate) use change::{conclude, entities, judge_change};
pub(crate) use conflicts::judge_of;
pub use observation::Observations;

/// The platform's clock and ours may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_secs(2);

/// Verifies what a trigger asks for, with the observations of its whole delivery. `received` counts the
/// deliveries of its message, this one included.
///
/// # Errors
/// See the module: too early, or what a redelivery can help.
pub async fn carry_out(
    world: &Binder,
    intent: &VerifyIntent,
    observations: &Observations,
    received: u32,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    match intent {
        VerifyIntent::Change(message) => {
            change::verify(world, message, observations, received, deadline).await
        }
        VerifyIntent::Window(request) => window::verify(world, request, deadline).await,
        VerifyIntent::Reported(reported) => {
            foreign::review(world, reported, observations, received, deadline).await
        }
    }
}

/// When a change that has no verdict by then ends as unverified.
pub(crate) fn deadline_of(change: &Change, config: &Config) -> Timestamp {
    let from = change.applied_at.unwrap_or(change.opened_at);
    after(from, config.verify_deadline)
}

pub(crate) fn after(from: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| from.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

/// How long to wait before looking again: once the configured delay, then twice, four times, and so
/// on, at most what a queue can delay, and not beyond the deadline. The last part of each wait is the
/// window in which Lambda gathers the batch. A batch that is full does not wait for it: so the last wait
/// ends at the deadline, or a change would come back each second until then.
fn spacing(config: &Config, received: u32, until: Duration) -> Duration {
    let first = config.verify_delay.max(Duration::from_secs(1));
    let doublings = received.saturating_sub(1).min(16);
    let last = match until > config.verify_window {
        true => until.saturating_sub(config.verify_window),
        false => until,
    };
    first
        .saturating_mul(1 << doublings)
        .saturating_sub(config.verify_window)
        .min(MAX_DELAY)
        .min(last)
        .max(Duration::from_secs(1))
}

fn answer(change_id: Option<ChangeId>, notices: Vec<String>) -> Answer {
    Response::new(Mode::Apply, change_id, Vec::new(), notices).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::environment;

    fn config() -> Config {
        let environment = environment();
        Config::from_env(|name| environment.get(name).map(|value| (*value).to_owned())).unwrap()
    }

    #[test]
    fn looks_come_ever_more_rarely_and_the_last_at_the_deadline() {
        let hour = Duration::from_secs(3600);
        let seconds: Vec<u64> = (1..=7)
            .map(|received| spacing(&config(), received, hour).as_secs())
            .collect();
        assert_eq!(seconds, [1, 60, 180, 420, 900, 900, 900]);
        assert_eq!(spacing(&config(), 7, Duration::from_secs(90)).as_secs(), 30);
        assert_eq!(spacing(&config(), 1, Duration::ZERO).as_secs(), 1);
        assert_eq!(spacing(&config(), u32::MAX, hour).as_secs(), 900);
    }

    #[test]
    fn every_allowed_deadline_comes_before_the_dead_letters() {
        let stack = crate::runtime::tests::stack();
        let most = crate::runtime::tests::max_receives(&stack, "Verify");
        let kept = crate::runtime::tests::retention(&stack, "Verify");
        let delays = (0..=900).flat_map(|delay| [(delay, 1), (delay, 60)]);
        for (delay, window) in delays {
            let mut config = config();
            config.verify_delay = Duration::from_secs(delay);
            config.verify_window = Duration::from_secs(window);
            for deadline in (10..43_200).step_by(990).chain([43_200]) {
                // A batch that is full does not wait for its window.
                let mut at = config.verify_delay.saturating_sub(config.verify_window);
                let mut received = 1;
                while at < Duration::from_secs(deadline) {
                    let until = Duration::from_secs(deadline) - at;
                    at += spacing(&config, u32::try_from(received).unwrap(), until);
                    received += 1;
                }
                // Once more for each that comes back for another reason.
                let needed = 2 * received;
                assert!(needed <= most, "{delay} s, {deadline} s: {needed} receives");
                assert!(
                    at.as_secs() < kept,
                    "{delay} s, {deadline} s: {kept} s kept"
                );
            }
        }
    }

    #[test]
    fn the_deadline_counts_from_the_last_write() {
        let opened: Timestamp = "2026-01-02T03:00:00Z".parse().unwrap();
        let id = ChangeId::of(&"org".parse().unwrap(), &"key".parse().unwrap(), &"desired");
        let mut change = Change::begin(id, 1, Vec::new(), None, opened);
        assert_eq!(
            deadline_of(&change, &config()).to_string(),
            "2026-01-02T04:00:00Z"
        );
        change.applied_at = Some("2026-01-02T03:10:00Z".parse().unwrap());
        assert_eq!(
            deadline_of(&change, &config()).to_string(),
            "2026-01-02T04:10:00Z"
        );
    }
}
