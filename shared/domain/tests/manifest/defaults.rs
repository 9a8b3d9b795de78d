//! What a manifest holds where the file says nothing, and where it says everything.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::manifest::{Delivery, Mode, Overlap};

use crate::support::{GOOD, accepted, action, bounds, edited, without_secrets};

#[test]
fn defaults_are_filled_in() {
    let manifest = accepted(GOOD, &bounds());
    let organization = &manifest.organization;
    assert_eq!(organization.environment, "mypurecloud.com");
    assert_eq!(
        organization.api_url.as_str(),
        "https://api.mypurecloud.com/"
    );
    assert_eq!(
        organization.login_url.as_str(),
        "https://login.mypurecloud.com/"
    );
    assert_eq!(organization.genesys_account, "765628985471");
    assert_eq!(organization.mode, Mode::Apply);
    assert_eq!(organization.max_changes, 25);
    assert!(organization.authorized.clients.is_empty());
    let action = &manifest.actions[0];
    assert_eq!(action.category, "AWS Lambda production");
    assert!(!action.category_given);
    assert_eq!(action.delivery, Delivery::Envelope);
    assert_eq!(action.secrets[0].overlap, Overlap::None);
    assert_eq!(action.success_template.as_deref(), Some("${rawResult}"));
    assert_eq!(action.translation_map, Some(BTreeMap::new()));
    assert_eq!(action.timeout_seconds, None);
    assert!(!action.adopt && action.secure.is_none() && !action.pin && action.test.is_none());
    assert_eq!(
        manifest.integration_of(action).unwrap().name,
        "AWS Lambda production"
    );
    assert_eq!(manifest.action(&"orders".parse().unwrap()), Some(action));
}

#[test]
fn every_field_reaches_the_manifest() {
    let text = r#"version: 1
organization:
  id: 3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e
  environment: mypurecloud.ie
  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3
  authorized: {clients: [c1, c2], users: [u1]}
  mode: plan
  max_changes: 3
integrations:
  - {key: prod, name: Production, role: GenesysRole, id: int-1}
actions:
  - key: orders
    name: Order lookup
    id: custom_-_1
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders:live
    category: Orders
    secure: true
    secrets:
      - {name: DB, arn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf", overlap: alternating}
    delivery: envelope
    pin: true
    contract: {input: {type: object}, output: {type: array}}
    request: {template: '{"input": ${input.rawRequest}, "secrets": {{lockstep.secrets}}}'}
    response: {success_template: "{}", translation_map: {a: $.a}, translation_map_defaults: {a: "1"}}
    timeout_seconds: 60
    test: {input: {x: 1}, expect: {y: 2}, safe: true}
"#;
    let manifest = accepted(text, &bounds());
    let organization = &manifest.organization;
    assert_eq!(
        organization.login_url.as_str(),
        "https://login.mypurecloud.ie/"
    );
    let clients = ["c1", "c2"].map(|id| id.parse().unwrap());
    assert_eq!(organization.authorized.clients, BTreeSet::from(clients));
    assert_eq!(organization.authorized.users.len(), 1);
    assert_eq!(
        (organization.mode, organization.max_changes),
        (Mode::Plan, 3)
    );
    assert_eq!(manifest.integrations[0].id, Some("int-1".parse().unwrap()));
    let action = &manifest.actions[0];
    assert_eq!(action.id, Some("custom_-_1".parse().unwrap()));
    assert_eq!(action.function.qualifier(), Some("live"));
    assert_eq!(
        (action.category.as_str(), action.category_given),
        ("Orders", true)
    );
    assert!(
        action.secure == Some(true)
            && action.pin
            && action.is_adopted()
            && !action.keeps_templates()
    );
    assert_eq!(action.secrets[0].overlap, Overlap::Alternating);
    assert_eq!(action.secrets[0].arn.name(), "prod/db");
    assert_eq!(action.contract.as_ref().unwrap().output["type"], "array");
    assert!(
        action
            .request_template
            .as_ref()
            .unwrap()
            .contains("lockstep")
    );
    assert_eq!(action.success_template.as_deref(), Some("{}"));
    let named = |value: &str| Some(BTreeMap::from([("a".to_owned(), value.to_owned())]));
    assert_eq!(action.translation_map, named("$.a"));
    assert_eq!(action.translation_map_defaults, named("1"));
    assert_eq!(action.timeout_seconds, Some(60));
    let test = action.test.as_ref().unwrap();
    assert_eq!(test.input["x"], 1);
    assert_eq!(test.expect.as_ref().unwrap()["y"], 2);
    assert!(test.safe);
}

#[test]
fn the_stricter_mode_wins() {
    assert_eq!(Mode::Apply.stricter(Mode::Plan), Mode::Plan);
    assert_eq!(Mode::Plan.stricter(Mode::Apply), Mode::Plan);
    assert_eq!(Mode::Apply.stricter(Mode::Apply), Mode::Apply);
}

#[test]
fn delivery_is_none_by_default_for_adopted_actions_and_without_secrets() {
    let delivery = |text: &str| accepted(text, &bounds()).actions[0].delivery;
    assert_eq!(delivery(&action("adopt: true")), Delivery::None);
    assert_eq!(delivery(&action("id: custom_-_1")), Delivery::None);
    assert_eq!(delivery(&without_secrets()), Delivery::None);
    assert_eq!(delivery(&action("adopt: false")), Delivery::Envelope);
    let envelope = edited(
        &without_secrets(),
        "    integration: prod\n",
        "    integration: prod\n    delivery: envelope\n",
    );
    assert_eq!(delivery(&envelope), Delivery::Envelope);
}
