//! What becomes of the report where our own simulator fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use genesys_simulator::Simulator;
use tokio::sync::watch;

use crate::settings::Patience;
use crate::simulated::{Simulated, begun, ended, survey, target};
use crate::{Options, Report, compared};

async fn compared_with<F>(
    organization: &Simulator,
    write: bool,
    simulator: impl Fn(Vec<(String, String)>) -> F,
) -> Result<Report, String>
where
    F: Future<Output = Result<Simulated, String>>,
{
    let options = Options {
        write,
        patience: Patience::quick(),
    };
    let (_going, stop) = watch::channel(0);
    let target = target(organization)?;
    compared(&target, &options, stop, &|_| {}, simulator).await
}

#[tokio::test]
async fn without_a_simulator_no_call_reaches_the_organization() {
    let organization = begun().await.unwrap();
    let none = |_| async { Err("no SDK".to_owned()) };
    let result = compared_with(&organization, true, none).await;
    let error = result.unwrap_err();
    assert!(error.ends_with("was not called: no SDK"), "{error}");
    assert!(organization.calls().is_empty());
    ended(organization).await;
}

#[tokio::test]
async fn a_simulator_that_fails_later_does_not_lose_the_report() {
    let organization = begun().await.unwrap();
    organization.set_switch("large_page", "clamp").unwrap();
    let asked = AtomicUsize::new(0);
    let once = |switches| {
        let before = asked.fetch_add(1, Ordering::Relaxed);
        async move {
            match before {
                0 => survey(switches, false).await,
                1 => Err("no room".to_owned()),
                _ => panic!("asked once more than there is to ask"),
            }
        }
    };
    let report = compared_with(&organization, false, once).await.unwrap();
    assert_eq!(report.value("large_page"), Some("clamp"));
    assert!(!report.differences.is_empty() && report.explained.is_empty());
    let [problem] = report.simulator_problems.as_slice() else {
        panic!("{report}");
    };
    assert!(problem.ends_with("no room"), "{problem}");
    assert!(report.to_string().contains(problem), "{report}");
    assert_eq!(report.exit_code(), 1);
    ended(organization).await;
}

#[tokio::test]
async fn a_violation_of_the_contract_is_reported_as_a_problem_of_the_simulator() {
    let organization = begun().await.unwrap();
    let wrong = |switches| async move {
        let mut simulated = survey(switches, false).await?;
        simulated.violations = vec!["GET /nowhere".to_owned()];
        Ok(simulated)
    };
    let report = compared_with(&organization, false, wrong).await.unwrap();
    let problem =
        "Problems of the simulator; please report them\n  the contract was violated: GET /nowhere";
    assert!(report.to_string().contains(problem), "{report}");
    let verdict = "All calls could be made. The simulator had problems. ";
    assert!(report.to_string().contains(verdict), "{report}");
    assert_eq!(report.exit_code(), 1);
    ended(organization).await;
}
