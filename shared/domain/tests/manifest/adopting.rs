//! What an entry makes of an action that exists: nothing but what the manifest names changes.

use std::collections::BTreeMap;

use lockstep_domain::binding::{ActionConfig, DesiredAction, OtherMembers};
use lockstep_domain::change::SecretVersion;
use serde_json::json;

use crate::support::{DB, accepted, action, bounds, edited, without_secrets};

/// The config of the action that an entry makes of this one.
fn config_of(manifest: &str, found: Option<&ActionConfig>) -> ActionConfig {
    let manifest = accepted(manifest, &bounds());
    let secret = SecretVersion {
        name: "DB".into(),
        arn: DB.parse().expect("an ARN"),
        version_id: "v1".into(),
    };
    DesiredAction::new(&manifest.actions[0], vec![secret]).config(found)
}

fn map(members: &[(&str, &str)]) -> BTreeMap<String, String> {
    let members = members.iter();
    members
        .map(|(name, to)| (name.to_string(), to.to_string()))
        .collect()
}

fn published() -> ActionConfig {
    let other = |name: &str| {
        [(name.to_owned(), json!({"kept": true}))]
            .into_iter()
            .collect()
    };
    ActionConfig {
        timeout_seconds: Some(7),
        request_url_template: "arn:aws:lambda:us-east-1:123456789012:function:Before".into(),
        request_type: "POST".into(),
        request_template: r#"{"order": "${input.order}"}"#.into(),
        headers: map(&[("x-api-version", "3")]),
        translation_map: map(&[("id", "$.id")]),
        translation_map_defaults: map(&[("id", "0")]),
        success_template: r#"{"id": ${id}}"#.into(),
        other: OtherMembers {
            config: other("config"),
            request: other("request"),
            response: other("response"),
        },
    }
}

#[test]
fn adopting_with_an_envelope_changes_the_function_and_the_request_template_alone() {
    let adopting = action("adopt: true\n    delivery: envelope");
    let found = published();
    let wanted = config_of(&adopting, Some(&found));
    assert!(
        wanted
            .request_template
            .text()
            .unwrap()
            .contains(r#""version_id":"v1""#),
        "{wanted:?}"
    );
    assert!(wanted.request_url_template.ends_with(":GenesysOrders"));
    let unchanged = ActionConfig {
        request_template: wanted.request_template.clone(),
        request_url_template: wanted.request_url_template.clone(),
        ..found
    };
    assert_eq!(wanted, unchanged);
}

#[test]
fn of_the_response_only_what_is_named_changes() {
    let found = published();
    for (response, changed) in [
        (
            "success_template: '${rawResult}'",
            ActionConfig {
                success_template: "${rawResult}".into(),
                ..found.clone()
            },
        ),
        (
            "translation_map: {}",
            ActionConfig {
                translation_map: BTreeMap::new(),
                ..found.clone()
            },
        ),
        (
            "translation_map_defaults: {id: '1'}",
            ActionConfig {
                translation_map_defaults: map(&[("id", "1")]),
                ..found.clone()
            },
        ),
    ] {
        let adopting = action(&format!(
            "id: custom_-_1\n    delivery: envelope\n    response: {{{response}}}"
        ));
        let wanted = config_of(&adopting, Some(&found));
        let changed = ActionConfig {
            request_template: wanted.request_template.clone(),
            request_url_template: wanted.request_url_template.clone(),
            ..changed
        };
        assert_eq!(wanted, changed, "{response}");
    }
}

#[test]
fn only_an_adopted_action_may_keep_its_secure_flag() {
    let desired = |entry: &str| {
        let manifest = accepted(&action(entry), &bounds());
        DesiredAction::new(&manifest.actions[0], vec![]).secure
    };
    assert_eq!(desired("id: custom_-_1"), None);
    assert_eq!(desired("id: custom_-_1\n    secure: false"), Some(false));
    assert_eq!(desired("timeout_seconds: 5"), Some(false));
}

#[test]
fn an_action_of_our_own_has_the_default_response_and_keeps_what_is_not_known() {
    let found = published();
    let wanted = config_of(&action("secure: false"), Some(&found));
    assert_eq!(wanted.success_template.text(), Some("${rawResult}"));
    assert_eq!(wanted.translation_map, BTreeMap::new());
    assert_eq!(wanted.translation_map_defaults, BTreeMap::new());
    assert_eq!(wanted.other, found.other);
    let created = config_of(&action("secure: false"), None);
    assert!(created.other.is_empty());
}

/// The platform replaces an empty template by its default (terraform-provider-genesyscloud reads
/// that back), so one that was kept as written would differ for ever.
#[test]
fn an_empty_template_is_the_platforms_default() {
    let empty = edited(
        &without_secrets(),
        "    contract:",
        "    request: {template: ''}\n    response: {success_template: ''}\n    contract:",
    );
    let wanted = config_of(&empty, None);
    assert_eq!(wanted.request_template.text(), Some("${input.rawRequest}"));
    assert_eq!(wanted.success_template.text(), Some("${rawResult}"));
}
