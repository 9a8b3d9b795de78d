//! Creates whose answer was lost, and which take effect all the same.

use genesys_simulator::{ClockSettings, Fault};
use serde_json::{Value, json};

use crate::support::Pair;

const INTEGRATIONS: &str = "/api/v2/integrations";
const CREDENTIALS: &str = "/api/v2/integrations/credentials";
const ACTIONS: &str = "/api/v2/integrations/actions";

/// The next create is answered by 504 and takes effect three seconds later.
fn lose(pair: &Pair, route: &str) {
    let fault: Fault = serde_json::from_value(json!({
        "method": "POST", "route": route, "status": 504,
        "kind": {"applied_later": {"after_ms": 3000}}, "times": 1
    }))
    .unwrap();
    pair.genesys.add_fault(fault).unwrap();
}

/// Lets a minute pass, for the organization and for what was recorded.
fn a_minute_later(pair: &Pair) {
    let ahead = ClockSettings {
        advance_seconds: 61.0,
    };
    pair.genesys.advance(&ahead).unwrap();
    pair.stack.age("orders", &["sent_at"], 61);
    if pair.stack.state("_integration_prod").is_some() {
        pair.stack.age("_integration_prod", &["until"], 61);
    }
}

fn sent(state: &Value) -> Vec<&str> {
    let steps = state["change"]["steps"].as_array().unwrap();
    let steps = steps.iter().filter(|step| step["sent_at"].is_string());
    steps.map(|step| step["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_lost_create_is_neither_repeated_nor_looked_for_before_it_would_show() {
    for (route, kind) in [
        (INTEGRATIONS, "integration"),
        (CREDENTIALS, "credential"),
        (ACTIONS, "action"),
    ] {
        let pair = Pair::new().await;
        lose(&pair, route);
        assert!(pair.stack.deliver("1", "orders").await, "{kind}");
        let state = pair.stack.state("orders").unwrap();
        assert_eq!(sent(&state).last(), Some(&kind));
        pair.genesys.reset_calls();
        assert!(pair.stack.deliver("1", "orders").await, "{kind}: too early");
        assert_eq!(
            pair.count("GET", INTEGRATIONS) + pair.count("POST", route),
            0,
            "{kind}: it is not even looked for"
        );
        a_minute_later(&pair);
        assert!(!pair.stack.deliver("1", "orders").await, "{kind}");
        assert_eq!(pair.count("POST", route), 0, "{kind}: it was there");
        let events = pair.stack.account.events();
        let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["Data Action Rebound"], "{kind}");
    }
}

#[tokio::test]
async fn every_create_of_a_first_provisioning_may_be_lost_and_nothing_is_made_twice() {
    let pair = Pair::new().await;
    let routes = [INTEGRATIONS, CREDENTIALS, ACTIONS];
    for route in routes {
        lose(&pair, route);
    }
    for route in routes {
        assert!(pair.stack.deliver("1", "orders").await, "{route} was lost");
        a_minute_later(&pair);
    }
    assert!(!pair.stack.deliver("1", "orders").await);
    for route in routes {
        assert_eq!(pair.count("POST", route), 1, "{route}");
    }
}

#[tokio::test]
async fn while_a_create_of_an_integration_is_in_doubt_no_other_binding_creates_it() {
    let pair = Pair::new().await;
    lose(&pair, INTEGRATIONS);
    assert!(pair.stack.deliver("1", "orders").await);
    assert!(pair.stack.deliver("2", "invoices").await, "it waits");
    assert_eq!(pair.count("POST", INTEGRATIONS), 1);
    a_minute_later(&pair);
    assert!(!pair.stack.deliver("2", "invoices").await);
    assert!(!pair.stack.deliver("1", "orders").await);
    assert_eq!(pair.count("POST", INTEGRATIONS), 1);
    assert_eq!(pair.count("POST", ACTIONS), 2);
}

#[tokio::test]
async fn a_create_that_never_took_effect_is_sent_again_once_that_is_known() {
    let pair = Pair::new().await;
    let lost: Fault = serde_json::from_value(json!({
        "method": "POST", "route": ACTIONS, "kind": "reset", "times": 1
    }))
    .unwrap();
    pair.genesys.add_fault(lost).unwrap();
    assert!(pair.stack.deliver("1", "orders").await);
    a_minute_later(&pair);
    pair.genesys.reset_calls();
    assert!(!pair.stack.deliver("1", "orders").await);
    assert_eq!(pair.count("POST", ACTIONS), 1);
    let named = pair.count("GET", ACTIONS);
    assert!(named >= 2, "it is looked for again just before: {named}");
}

#[tokio::test]
async fn a_create_that_a_crash_cut_off_waits_as_a_lost_one_does() {
    let pair = Pair::new().await;
    lose(&pair, ACTIONS);
    assert!(pair.stack.deliver("1", "orders").await);
    // As the crash would have left it: sent, and no outcome.
    let mut state = pair.stack.state("orders").unwrap();
    for step in state["change"]["steps"].as_array_mut().unwrap() {
        if step["kind"] == "action" {
            step.as_object_mut().unwrap().remove("outcome");
        }
    }
    let object = format!(
        "lockstep-state/state/{}/orders.json",
        crate::support::ORGANIZATION
    );
    pair.stack.account.put(&object, state.to_string());
    pair.genesys.reset_calls();
    assert!(pair.stack.deliver("1", "orders").await, "too early");
    assert_eq!(pair.count("POST", ACTIONS), 0);
    a_minute_later(&pair);
    assert!(!pair.stack.deliver("1", "orders").await);
    assert_eq!(pair.count("POST", ACTIONS), 0, "it was there");
}
