//! Two bindings of one integration, each with a message group of its own.

use serde_json::json;

use crate::support::{Pair, secret};

const INTEGRATIONS: &str = "/api/v2/integrations";
const CREDENTIALS: &str = "/api/v2/integrations/credentials";
const ACTIONS: &str = "/api/v2/integrations/actions";

#[tokio::test]
async fn two_bindings_at_a_time_create_one_integration() {
    let pair = Pair::new().await;
    let stack = &pair.stack;
    let (orders, invoices) =
        tokio::join!(stack.deliver("1", "orders"), stack.deliver("2", "invoices"));
    assert!(orders != invoices, "one of them waits: {orders} {invoices}");
    assert_eq!(stack.account.events().len(), 1, "waiting is no failure");
    for (id, key) in [("1", "orders"), ("2", "invoices")] {
        assert!(!stack.deliver(id, key).await, "{key}");
    }
    for (route, expected) in [(INTEGRATIONS, 1), (CREDENTIALS, 1), (ACTIONS, 2)] {
        assert_eq!(pair.count("POST", route), expected, "{route}");
    }
    let record = stack.state("_integration_prod").unwrap();
    assert_eq!(record["lease"], json!(null));
    for key in ["orders", "invoices"] {
        let state = stack.state(key).unwrap();
        assert_eq!(state["integration_id"], record["integration_id"], "{key}");
        assert!(state["action_id"].is_string(), "{key}");
    }
}

#[tokio::test]
async fn a_new_integration_is_known_to_another_binding_before_a_listing_shows_it() {
    let pair = Pair::new().await;
    let stack = &pair.stack;
    assert!(!stack.deliver("1", "orders").await);
    pair.genesys.reset_calls();
    assert!(!stack.deliver("2", "invoices").await);
    assert_eq!(pair.count("GET", INTEGRATIONS), 0, "it is read by its id");
    assert_eq!(pair.count("POST", INTEGRATIONS), 0);
}

#[tokio::test]
async fn the_lease_of_a_crashed_run_expires() {
    let pair = Pair::new().await;
    let stack = &pair.stack;
    let left = |until: &str| {
        let record = json!({
            "schema": 1, "organization": crate::support::ORGANIZATION, "integration": "prod",
            "lease": {"holder": "orders", "run": "an earlier one", "until": until},
            "integration_id": null, "credential_id": null, "config_version": null,
            "role_touched_at": null,
        });
        let object = format!(
            "lockstep-state/state/{}/_integration_prod.json",
            crate::support::ORGANIZATION
        );
        stack.account.put(&object, record.to_string());
    };
    left("2126-01-01T00:00:00Z");
    assert!(stack.deliver("1", "invoices").await, "it is taken");
    assert_eq!(pair.count("POST", INTEGRATIONS), 0);
    left("2026-01-01T00:00:00Z");
    assert!(!stack.deliver("1", "invoices").await);
    assert_eq!(pair.count("POST", INTEGRATIONS), 1);
}

#[tokio::test]
async fn a_rotation_takes_no_lease() {
    let pair = Pair::new().await;
    let stack = &pair.stack;
    assert!(!stack.deliver("1", "orders").await);
    let record = stack.state("_integration_prod");
    let bound = stack.state("orders").unwrap()["bound"].clone();
    stack.account.secret(&secret("prod/orders"), "v2");
    assert!(!stack.deliver("2", "orders").await);
    assert_ne!(stack.state("orders").unwrap()["bound"], bound, "it rotated");
    assert_eq!(stack.state("_integration_prod"), record);
}
