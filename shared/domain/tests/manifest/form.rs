//! The form of a manifest: what is told about a file that is not as it should be, and where.

use crate::support::{GOOD, accepted, assert_refused, bounds, refused, with};
use lockstep_domain::manifest::{MAX_MANIFEST_BYTES, read};

#[test]
fn mistakes_of_all_kinds_are_reported_at_once_with_their_lines() {
    let text = r#"version: 1
organization:
  id: 3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e
  enviroment: mypurecloud.com
  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:other/client-a1B2c3
integrations:
  - {key: prod, name: AWS Lambda production, role: lockstep-check-compliance}
actions:
  - key: order lookup
    name: Order lookup
    integration: production
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders:$LATEST
    timeout_seconds: 90
    secrets:
      - name: DB
        arn: arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db
      - name: KEY
        arn: arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/key-AbCdEf
    pin: true
    contract:
      input: {type: object, properties: {order: {type: strin}}}
      output: {type: object}
    request:
      template: '{"input": ${input.rawRequest}}'
"#;
    let problems = refused(text, &bounds());
    let seen: Vec<(u32, &str)> = problems
        .iter()
        .map(|problem| (problem.line.unwrap(), problem.at.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (4, "organization.enviroment"),
            (5, "organization.client_secret"),
            (7, "integrations[0].role"),
            (9, "actions[0].key"),
            (11, "actions[0].integration"),
            (12, "actions[0].function"),
            (13, "actions[0].timeout_seconds"),
            (16, "actions[0].secrets[0].arn"),
            (18, "actions[0].secrets[1].arn"),
            (19, "actions[0].pin"),
            (21, "actions[0].contract.input.properties.order.type"),
            (24, "actions[0].request.template"),
        ]
    );
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    line 4, organization.enviroment: unknown field `enviroment`. Fix: Did you mean `environment`?
    line 5, organization.client_secret: this stack may not read the secret `other/client`: the name does not begin with `genesys/`. Fix: Use a secret with such a name, or change the stack parameter ClientSecretPrefix.
    line 7, integrations[0].role: lockstep-check-compliance is a role of Lockstep's own stack. Fix: Use another name: Lockstep never changes its own roles.
    line 9, actions[0].key: this contains ' '; only letters, digits, `_` and `-` are allowed. Fix: Use letters, digits, `_` and `-` only.
    line 11, actions[0].integration: no integration has the key `production`. Fix: Add an entry with this key to `integrations`, or correct the key.
    line 12, actions[0].function: the qualifier $LATEST is not allowed: the code that it names changes with every deployment. Fix: Write the ARN of a function, optionally with an alias or a version: arn:aws:lambda:REGION:ACCOUNT:function:NAME. $LATEST is not allowed.
    line 13, actions[0].timeout_seconds: 90 is too large. Fix: Write at most 60.
    line 16, actions[0].secrets[0].arn: the secret's ARN has the name "prod/db"; expected the full name with the six characters that AWS appends. Fix: Write the full ARN of a secret, with the six characters that AWS appends: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf.
    line 18, actions[0].secrets[1].arn: the secret is in eu-west-1, but the stack is in us-east-1. Fix: Use a secret in the stack's region, or deploy a stack in the secret's region.
    line 19, actions[0].pin: the old version of DB, KEY stops working when the secret rotates, so calls with `pin` would fail. Fix: Remove `pin`, or set overlap: alternating if the secret rotates between two users.
    line 21, actions[0].contract.input.properties.order.type: this is not a valid JSON Schema: "strin" is not one of array, boolean, integer, null, number, object, string. Fix: Correct the schema (draft-04).
    line 24, actions[0].request.template: the template does not contain {{lockstep.secrets}}. Fix: Put {{lockstep.secrets}} where the references to the secrets belong, such as {"input": ${input.rawRequest}, "secrets": {{lockstep.secrets}}}.
    "#);
}

#[test]
fn a_good_manifest_is_accepted_in_yaml_and_in_json() {
    let from_yaml = accepted(GOOD, &bounds());
    let json = serde_json::json!({
        "version": 1,
        "organization": {
            "id": crate::support::ORGANIZATION,
            "client_secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3",
        },
        "integrations": [{"key": "prod", "name": "AWS Lambda production", "role": "GenesysRole"}],
        "actions": [{
            "key": "orders",
            "name": "Order lookup",
            "integration": "prod",
            "function": "arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders",
            "secrets": [{
                "name": "DB",
                "arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf",
            }],
            "contract": {
                "input": {"type": "object", "properties": {"order": {"type": "string"}}},
                "output": {"type": "object"},
            },
        }],
    });
    assert_eq!(accepted(&json.to_string(), &bounds()), from_yaml);
    assert_eq!(accepted(&format!("\u{feff}{GOOD}"), &bounds()), from_yaml);
    assert_eq!(accepted(&GOOD.replace('\n', "\r\n"), &bounds()), from_yaml);
}

#[test]
fn equal_manifests_serialize_to_equal_bytes() {
    let bytes = |text: &str| serde_json::to_string(&accepted(text, &bounds())).unwrap();
    let reordered = with(
        "{key: prod, name: AWS Lambda production, role: GenesysRole}",
        "{role: GenesysRole, key: prod, name: 'AWS Lambda production'}",
    );
    assert_eq!(bytes(GOOD), bytes(&reordered));
}

#[test]
fn an_unknown_field_is_named_with_what_was_probably_meant() {
    assert_refused(
        &with(
            "    integration: prod",
            "    integration: prod\n    timeoutSeconds: 5",
        ),
        &bounds(),
        "actions[0].timeoutSeconds",
        "line 11, actions[0].timeoutSeconds: unknown field `timeoutSeconds`. Fix: Did you mean \
         `timeout_seconds`?",
    );
    assert_refused(
        &with("key: prod, ", "key: prod, region: us-east-1, "),
        &bounds(),
        "integrations[0].region",
        "Allowed fields: adopt, id, key, name, role, type.",
    );
}

#[test]
fn a_missing_field_is_reported_with_its_description() {
    assert_refused(
        &with("role: GenesysRole", "id: x"),
        &bounds(),
        "integrations[0].role",
        "`role` is missing. Fix: Add `role`. The name of the IAM role",
    );
    assert_refused(
        &with("version: 1\n", ""),
        &bounds(),
        "version",
        "`version` is missing",
    );
    let everything: Vec<String> = refused("{}", &bounds()).into_iter().map(|p| p.at).collect();
    assert_eq!(
        everything,
        ["actions", "integrations", "organization", "version"]
    );
}

#[test]
fn a_value_of_the_wrong_type_is_reported_in_plain_words() {
    for (from, to, at, says) in [
        (
            "version: 1",
            "version: '1'",
            "version",
            "expected a whole number, found a string",
        ),
        (
            "version: 1",
            "version: 2",
            "version",
            "`2` is not an allowed value. Fix: Write 1.",
        ),
        (
            "name: Order lookup",
            "name: 42",
            "actions[0].name",
            "expected a string, found a number. Fix: Put it in quotes.",
        ),
        (
            "name: Order lookup",
            "name:",
            "actions[0].name",
            "expected a string, found nothing. Fix: Add a value, or remove the line.",
        ),
        (
            "name: Order lookup",
            "name: ''",
            "actions[0].name",
            "this is empty. Fix: Write a string.",
        ),
        (
            "    integration: prod",
            "    integration: prod\n    secure: 'yes'",
            "actions[0].secure",
            "Write true or false, without quotes.",
        ),
        (
            "    integration: prod",
            "    integration: prod\n    delivery: envelop",
            "actions[0].delivery",
            "Did you mean envelope? Allowed: envelope, none.",
        ),
        (
            "    integration: prod",
            "    integration: prod\n    adopt: {}",
            "actions[0].adopt",
            "expected a boolean, found a mapping",
        ),
        (
            "    integration: prod",
            "    integration: prod\n    response: []",
            "actions[0].response",
            "expected a mapping, found a list",
        ),
    ] {
        assert_refused(&with(from, to), &bounds(), at, says);
    }
    assert_refused(
        "- a\n- b\n",
        &bounds(),
        "",
        "expected a mapping, found a list",
    );
}

#[test]
fn whole_numbers_may_be_written_with_a_point_as_json_schema_allows() {
    let text = with(
        "    integration: prod",
        "    integration: prod\n    timeout_seconds: 10.0",
    );
    assert_eq!(
        accepted(&text, &bounds()).actions[0].timeout_seconds,
        Some(10)
    );
}

#[test]
fn ids_and_keys_hold_letters_digits_underscores_and_dashes_only() {
    for bad in ["'a/b'", "'a b'", "ä", "a.b", "'../x'", "''"] {
        let text = with("key: orders", &format!("key: {bad}"));
        let problems = refused(&text, &bounds());
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].at, "actions[0].key");
    }
    let long = "k".repeat(257);
    assert_refused(
        &with("key: orders", &format!("key: {long}")),
        &bounds(),
        "actions[0].key",
        "257 characters; at most 256",
    );
    accepted(
        &with("key: orders", &format!("key: {}", &long[..256])),
        &bounds(),
    );
}

#[test]
fn text_that_is_not_yaml_is_reported_with_its_line() {
    let problems = refused(
        "version: 1\norganization:\n  id: \"x\ny: 1\nintegrations: []\n",
        &bounds(),
    );
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].problem.starts_with("this is not YAML"),
        "{problems:?}"
    );
    assert_eq!(problems[0].line, Some(3));
    assert_refused("", &bounds(), "", "the manifest is empty");
    assert_refused("# only a comment\n", &bounds(), "", "the manifest is empty");
}

#[test]
fn a_repeated_key_is_refused_and_says_where_the_first_is() {
    assert_refused(
        &with(
            "    name: Order lookup",
            "    name: Order lookup\n    name: Other",
        ),
        &bounds(),
        "actions[0].name",
        "line 10, actions[0].name: the key `name` is repeated; it is already on line 9",
    );
}

#[test]
fn anchors_aliases_tags_and_second_documents_are_refused() {
    assert_refused(
        &with("name: Order lookup", "name: &n Order lookup"),
        &bounds(),
        "actions[0].name",
        "anchors (`&name`) and aliases (`*name`) are not supported",
    );
    let alias = with(
        "name: Order lookup",
        "name: &n Order lookup\n    category: *n",
    );
    let problems = refused(&alias, &bounds());
    let places: Vec<&str> = problems.iter().map(|p| p.at.as_str()).collect();
    assert_eq!(places, ["actions[0].name", "actions[0].category"]);
    assert_refused(
        &with("name: Order lookup", "name: !secret Order lookup"),
        &bounds(),
        "actions[0].name",
        "the tag `!secret` is not supported",
    );
    assert_refused(
        &format!("{GOOD}---\nversion: 1\n"),
        &bounds(),
        "",
        "a second YAML document begins here",
    );
}

#[test]
fn what_would_cost_much_to_read_is_refused_early() {
    let long = format!("{GOOD}#{}", "x".repeat(MAX_MANIFEST_BYTES));
    assert!(
        refused(&long, &bounds())[0]
            .problem
            .contains("at most 1000000 are allowed")
    );
    let deep = format!("a: {}", "[".repeat(65));
    assert!(
        refused(&deep, &bounds())[0]
            .problem
            .contains("nested more than 64 levels")
    );
    let deeper = format!("a: {}", "[".repeat(100_000));
    assert_eq!(refused(&deeper, &bounds()).len(), 1);
    let bomb = "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n";
    assert!(
        refused(bomb, &bounds())
            .iter()
            .any(|p| p.problem.contains("aliases"))
    );
    let many: String = (0..50_000).map(|n| format!("field_{n}: *x\n")).collect();
    assert!(read(&many, &bounds(), &[]).unwrap_err().len() <= 101);
    let many: String = (0..50_000).map(|n| format!("field_{n}: {n}\n")).collect();
    let problems = read(&many, &bounds(), &[]).unwrap_err();
    assert_eq!(problems.len(), 101);
    assert!(problems[100].problem.contains("more problems"));
}

#[test]
fn a_text_pasted_into_the_wrong_place_is_not_repeated() {
    let pasted = "hunter2-is-my-password";
    for (from, to) in [
        (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3",
            pasted,
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders",
            pasted,
        ),
    ] {
        let problems = refused(&with(from, to), &bounds());
        assert_eq!(problems.len(), 1);
        assert!(!problems[0].to_string().contains("hunter2"), "{problems:?}");
    }
}
