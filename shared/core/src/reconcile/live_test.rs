//! Running a live test: of an action that is bound, and of the actions that use a credential.
//!
//! A test writes nothing. An answer that is no verdict (5xx, a timeout) therefore says nothing about
//! a write that may have been lost: the test is run once more, then the message goes back to its
//! queue, and after [`MOST_DELIVERIES`] the test counts as failed.

use std::time::Duration;

use genesys_cloud as api;
use genesys_cloud::{ErrorKind, Genesys, TransportFailure};
use lockstep_domain::change::Change;
use lockstep_domain::ids::ActionId;
use lockstep_domain::live_test::{self, MOST_DELIVERIES, MOST_RUNS, TestRun};
use lockstep_domain::manifest::LiveTest;
use tracing::info;

/// Between two runs of a test that had no verdict, where the platform asks for no other wait.
const PAUSE: Duration = Duration::from_secs(1);
/// If the platform asks for a longer pause, the message goes back to its queue, and the test runs
/// again at a later delivery.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// The draft, before it is live.
    Draft,
    /// The published action.
    Published,
}

/// The result of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was run, or can't be run for good.
    Ran(Ran),
    /// Nobody knows. Holds what was answered in place of a result.
    Unknown(String),
}

/// A run with a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    /// Genesys' own steps, by name, and whether each succeeded.
    pub(super) operations: Vec<(String, bool)>,
    /// What is wrong; none where the test passed.
    pub(super) problem: Option<String>,
    /// Whether AWS did not let Genesys Cloud assume the role or invoke the function. The function
    /// was not called then.
    pub(super) denied: bool,
}

/// How often the function may have been called within one delivery: runs with a verdict and
/// refusals, which call nothing, are not counted.
#[derive(Debug, Default)]
pub(super) struct Runs {
    without_verdict: u32,
}

/// Runs a test, once more where the first run had no verdict.
///
/// # Errors
/// Where the test was not run, and may be run later or differently: a conflict, a missing draft, a
/// rate limit, no connection, no time left.
pub(super) async fn run(
    genesys: &Genesys,
    trial: Trial,
    action: &ActionId,
    test: &LiveTest,
) -> Result<Verdict, api::Error> {
    run_again(genesys, trial, action, test, &mut Runs::default()).await
}

/// The same, for a test that was run before in the same delivery.
///
/// # Errors
/// As [`run`].
pub(super) async fn run_again(
    genesys: &Genesys,
    trial: Trial,
    action: &ActionId,
    test: &LiveTest,
    runs: &mut Runs,
) -> Result<Verdict, api::Error> {
    let mut unknown = None;
    loop {
        let sent = match trial {
            Trial::Draft => genesys.test_draft(action.as_str(), &test.input).await,
            Trial::Published => genesys.test_action(action.as_str(), &test.input).await,
        };
        let error = match sent {
            Ok(result) => return Ok(Verdict::Ran(judge(&result, test))),
            Err(error) => error,
        };
        match read(&error) {
            NoResult::Final => return Ok(Verdict::Ran(refused(&error))),
            NoResult::NotRun => {
                return match unknown {
                    Some(last) => Ok(Verdict::Unknown(last)),
                    None => Err(error),
                };
            }
            NoResult::Unknown => {
                let last = words(&error);
                runs.without_verdict += 1;
                let number = runs.without_verdict;
                info!(number, last, "the live test has no result");
                let pause = error.retry_after().unwrap_or(PAUSE);
                if number >= MOST_RUNS || pause > LONGEST_PAUSE {
                    return Ok(Verdict::Unknown(last));
                }
                unknown = Some(last);
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// Counts a delivery that ended without a verdict; answers the reason once the test counts as failed.
pub(super) fn count_unknown(change: &mut Change, last: &str) -> Option<String> {
    change.tests_without_verdict += 1;
    let deliveries = change.tests_without_verdict;
    (deliveries >= MOST_DELIVERIES).then(|| live_test::no_verdict(deliveries, last))
}

/// What an error says about the test.
enum NoResult {
    /// The action can't be run as it is configured.
    Final,
    /// It may have been run, and nobody knows with what result.
    Unknown,
    /// It was not run.
    NotRun,
}

fn read(error: &api::Error) -> NoResult {
    if error.code().is_some_and(live_test::is_permanent) {
        return NoResult::Final;
    }
    match error.kind() {
        ErrorKind::BadRequest { .. } | ErrorKind::Denied { .. } | ErrorKind::FunctionDenied => {
            NoResult::Final
        }
        // Without a status it is the circuit breaker, which sends nothing.
        ErrorKind::Unavailable if error.status().is_some() => NoResult::Unknown,
        ErrorKind::Transport(TransportFailure::Timeout | TransportFailure::Broken)
        | ErrorKind::Garbled => NoResult::Unknown,
        // The deadline cut an attempt short, or left no time for one.
        ErrorKind::OutOfTime if error.applied_unknown() => NoResult::Unknown,
        ErrorKind::Unavailable
        | ErrorKind::Transport(TransportFailure::Connect)
        | ErrorKind::OutOfTime
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Unauthorized
        | ErrorKind::RateLimited { .. } => NoResult::NotRun,
    }
}

/// The failed test that a final refusal is.
pub(super) fn refused(error: &api::Error) -> Ran {
    Ran {
        operations: Vec::new(),
        problem: Some(words(error)),
        denied: *error.kind() == ErrorKind::FunctionDenied
            || error.code().is_some_and(live_test::names_credentials),
    }
}

fn words(error: &api::Error) -> String {
    live_test::refusal(error.status(), error.code(), error.correlation_id())
}

fn judge(result: &api::TestResult, test: &LiveTest) -> Ran {
    let failed = result
        .operations
        .iter()
        .find(|operation| operation.success == Some(false));
    let errors: Vec<_> = result
        .error
        .iter()
        .chain(failed.and_then(|operation| operation.error.as_ref()))
        .collect();
    let run = TestRun {
        succeeded: result.passed(),
        failed_step: failed.and_then(|operation| operation.name.as_deref()),
        errors: &errors,
        answer: result.final_result.as_ref(),
    };
    Ran {
        problem: live_test::problem(&run, test),
        denied: live_test::is_denied(&run),
        operations: result
            .operations
            .iter()
            .map(|operation| {
                let name = operation.name.clone().unwrap_or_else(|| "unnamed".into());
                (name, operation.success.unwrap_or_default())
            })
            .collect(),
    }
}

#[cfg(test)]
#[path = "live_test_tests.rs"]
mod tests;
