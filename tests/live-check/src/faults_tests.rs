//! Whatever goes wrong in the middle of `--write`: nothing is left behind, or what is left is named.

use std::collections::BTreeSet;
use std::time::Duration;

use genesys_cloud::{ActionFilter, ClientCredentials, Genesys, IntegrationFilter, Settings};
use genesys_simulator::{Fault, FaultKind, Simulator};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::settings::{Patience, Target};
use crate::simulated::{begun, ended, target};
use crate::{Done, Kind, new_name, surveyed};

/// Runs at the same time.
const AT_ONCE: usize = 8;

fn patience() -> Patience {
    Patience {
        backoff: Duration::from_millis(1),
        poll: Duration::from_millis(10),
        fresh: Duration::from_secs(1),
        audits: Duration::from_millis(500),
        // The machine may be busy.
        removal: Duration::from_secs(60),
        retries: 2,
        ..Patience::quick()
    }
}

/// Nobody gets through anyway.
fn impatient() -> Patience {
    Patience {
        removal: Duration::from_secs(2),
        ..patience()
    }
}

fn fault(method: &str, route: &str, after: usize, times: u32) -> Fault {
    Fault {
        method: method.to_owned(),
        route: route.to_owned(),
        status: None,
        headers: Default::default(),
        body: None,
        kind: None,
        latency_ms: 0,
        after: u32::try_from(after).unwrap(),
        times,
    }
}

async fn written(simulator: &Simulator) -> Done {
    within(simulator, patience()).await
}

async fn within(simulator: &Simulator, patience: Patience) -> Done {
    let (_going, stop) = watch::channel(0);
    let target = target(simulator).unwrap();
    surveyed(&target, &patience, Some(&new_name()), stop, &|_| {})
        .await
        .unwrap()
}

/// The ids and names of everything that the organization holds, seen by another client.
async fn held(simulator: &Simulator) -> BTreeSet<(String, String)> {
    simulator.reset_faults();
    let other = simulator.other_client();
    let Target { endpoints, .. } = target(simulator).unwrap();
    let credentials = ClientCredentials {
        client_id: other.id.clone(),
        client_secret: other.secret.clone(),
    };
    let genesys = Genesys::new(endpoints, credentials, Settings::default()).unwrap();
    let actions = genesys
        .list_actions(&ActionFilter::default())
        .await
        .unwrap();
    let integrations = genesys
        .list_integrations(&IntegrationFilter::default())
        .await
        .unwrap();
    let credentials = genesys.list_credentials().await.unwrap();
    let actions = actions.into_iter().map(|found| (found.id, found.name));
    let integrations = integrations.into_iter().map(|found| (found.id, found.name));
    let credentials = credentials.into_iter().map(|found| (found.id, found.name));
    actions
        .chain(integrations)
        .chain(credentials)
        .map(|(id, name)| (id, name.unwrap_or_default()))
        .collect()
}

/// How many calls an undisturbed run makes.
async fn calls_of_a_run() -> usize {
    let simulator = begun().await.unwrap();
    let done = written(&simulator).await;
    assert!(done.left.is_empty() && done.survey.gaps.is_empty());
    assert!(held(&simulator).await.is_empty());
    let calls = simulator.calls().len();
    ended(simulator).await;
    calls
}

/// Runs `one` for every call of a run in turn, some at once; with a step above 1, for a part of them.
async fn at_calls<F>(step: usize, one: fn(usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let calls = calls_of_a_run().await;
    assert!(calls > 60, "{calls}");
    let mut running = JoinSet::new();
    for call in (0..calls).step_by(step) {
        if running.len() >= AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(one(call));
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

async fn nothing_is_left(call: usize, fault: Fault) {
    let simulator = begun().await.unwrap();
    simulator.add_fault(fault).unwrap();
    let done = written(&simulator).await;
    assert_eq!(done.left, [], "call {call}");
    let held = held(&simulator).await;
    assert!(held.is_empty(), "call {call}: {held:?}");
    ended(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lost_at_any_call_leaves_nothing_behind() {
    at_calls(1, |call| async move {
        let mut lost = fault("*", "*", call, 1);
        lost.kind = Some(FaultKind::AppliedThenLost);
        nothing_is_left(call, lost).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_at_any_call_leaves_nothing_behind() {
    at_calls(1, |call| async move {
        let mut failure = fault("*", "*", call, 1);
        failure.status = Some(500);
        nothing_is_left(call, failure).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_an_answer_at_any_call_leaves_nothing_behind() {
    at_calls(6, |call| async move {
        let mut half = fault("*", "*", call, 1);
        half.kind = Some(FaultKind::Truncate);
        nothing_is_left(call, half).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_from_any_call_on_leaves_nothing_that_is_not_named() {
    at_calls(8, |call| async move {
        let simulator = begun().await.unwrap();
        let mut outage = fault("*", "*", call, 100_000);
        outage.status = Some(500);
        simulator.add_fault(outage).unwrap();
        let done = within(&simulator, impatient()).await;
        for (id, name) in held(&simulator).await {
            let named = done
                .left
                .iter()
                .any(|left| left.name == name && left.id.as_ref().is_none_or(|known| *known == id));
            assert!(named, "call {call}: {id} is not among {:?}", done.left);
        }
        ended(simulator).await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_deleted_is_named_with_its_id_and_the_call_that_removes_it() {
    let simulator = begun().await.unwrap();
    for route in [
        "/api/v2/integrations/{integrationId}",
        "/api/v2/integrations/credentials/{credentialId}",
        "/api/v2/integrations/actions/{actionId}",
    ] {
        // The first delete is the question whether it would be permitted.
        let mut refusal = fault("DELETE", route, 1, 1000);
        refusal.status = Some(409);
        simulator.add_fault(refusal).unwrap();
    }
    let done = written(&simulator).await;
    let held = held(&simulator).await;
    assert_eq!(held.len(), 3);
    let named: BTreeSet<(String, String)> = done
        .left
        .iter()
        .map(|left| (left.id.clone().unwrap(), left.name.clone()))
        .collect();
    assert_eq!(named, held);
    for left in &done.left {
        let id = left.id.as_deref().unwrap();
        assert!(
            left.remove_with.starts_with("DELETE /api/v2/integrations"),
            "{left:?}"
        );
        assert!(left.remove_with.ends_with(id), "{left:?}");
    }
    ended(simulator).await;
}

#[tokio::test]
async fn what_is_removed_and_cannot_be_read_back_is_named_as_possibly_not_removed() {
    const CREDENTIAL: &str = "/api/v2/integrations/credentials/{credentialId}";
    let simulator = begun().await.unwrap();
    simulator
        .set_switch("delete_used_credential", "refuse")
        .unwrap();
    // The first read is of the writing; all others come after the removal.
    let mut unreadable = fault("GET", CREDENTIAL, 1, 1000);
    unreadable.status = Some(500);
    simulator.add_fault(unreadable).unwrap();
    let done = written(&simulator).await;
    let [left] = done.left.as_slice() else {
        panic!("{:?}", done.left);
    };
    assert_eq!(left.kind, Kind::Credential);
    let told = "removed, but could not be read back: ";
    assert!(left.why.starts_with(told), "{}", left.why);
    assert!(held(&simulator).await.is_empty(), "the removal succeeded");
    ended(simulator).await;
}

#[tokio::test]
async fn a_panic_during_the_writing_leaves_nothing_behind_and_is_reported() {
    let simulator = begun().await.unwrap();
    // No moment is so far away: the wait for the enabled integration panics, when everything is made.
    let endless = Patience {
        fresh: Duration::MAX,
        ..patience()
    };
    let done = within(&simulator, endless).await;
    let calls = simulator.calls();
    let made = |path: &str| {
        let mut calls = calls.iter();
        calls.any(|call| call.method == "POST" && call.path == path)
    };
    assert!(made("/api/v2/integrations/actions"), "{calls:?}");
    assert_eq!(done.left, []);
    let gaps = &done.survey.gaps;
    assert!(
        gaps.iter().any(|gap| gap.why.contains("panicked")),
        "{gaps:?}"
    );
    assert!(held(&simulator).await.is_empty());
    ended(simulator).await;
}

/// Asks for the end as soon as so many calls were made.
async fn interrupted(simulator: &Simulator, call: usize, signals: u32) -> Done {
    let (ending, stop) = watch::channel(0);
    let target = target(simulator).unwrap();
    let name = new_name();
    let patience = patience();
    let work = surveyed(&target, &patience, Some(&name), stop, &|_| {});
    let end = async {
        while simulator.calls().len() < call {
            tokio::task::yield_now().await;
        }
        ending.send_replace(signals);
        std::future::pending::<Done>().await
    };
    tokio::select! {
        done = work => done.unwrap(),
        done = end => done,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interruption_at_any_call_leaves_nothing_behind() {
    at_calls(2, |call| async move {
        let simulator = begun().await.unwrap();
        let done = interrupted(&simulator, call, 1).await;
        assert_eq!(done.left, [], "call {call}");
        let held = held(&simulator).await;
        assert!(held.is_empty(), "call {call}: {held:?}");
        ended(simulator).await;
    })
    .await;
}

#[tokio::test]
async fn a_second_interruption_ends_the_removal_and_names_what_remains() {
    let calls = calls_of_a_run().await;
    let mut seen = 0;
    for call in (calls / 3..calls).step_by(4) {
        let simulator = begun().await.unwrap();
        let done = interrupted(&simulator, call, 2).await;
        let held = held(&simulator).await;
        seen += held.len();
        for (id, name) in held {
            let named = done
                .left
                .iter()
                .any(|left| left.name == name && left.id.as_ref().is_none_or(|known| *known == id));
            assert!(named, "call {call}: {id} is not among {:?}", done.left);
        }
        ended(simulator).await;
    }
    assert!(seen > 0, "no interruption came while something was there");
}
