//! The rules of Data Actions, one by one.

use lockstep_domain::manifest::Bounds;

use crate::support::{
    DB, FUNCTION, GOOD, REST, accepted, action, assert_only, assert_refused, bounds, edited,
    organization, refused, with, with_second_action,
};

#[test]
fn keys_are_unique_in_the_whole_file() {
    let second = with_second_action(&format!(
        "key: orders, name: Other, integration: prod, {REST}"
    ));
    assert_refused(
        &second,
        &bounds(),
        "actions[1].key",
        "already used by actions[0].key",
    );
    assert_refused(
        &with("key: orders", "key: prod"),
        &bounds(),
        "actions[0].key",
        "already used by integrations[0].key",
    );
}

#[test]
fn no_two_entries_are_one_action() {
    let second = with_second_action(&format!(
        "key: b, name: Order lookup, integration: prod, {REST}"
    ));
    assert_refused(
        &second,
        &bounds(),
        "actions[1].name",
        "actions[0].name already manages the action `Order lookup`",
    );
    let ids = edited(
        &with_second_action(&format!(
            "key: b, id: a1, name: Other, integration: prod, {REST}"
        )),
        "    integration: prod\n",
        "    integration: prod\n    id: a1\n",
    );
    assert_refused(
        &ids,
        &bounds(),
        "actions[1].id",
        "actions[0].id already manages the action a1",
    );
    let half = with_second_action(&format!(
        "key: b, id: a2, name: Order lookup, integration: prod, {REST}"
    ));
    assert_refused(&half, &bounds(), "actions[1].name", "set the `id` of each");
    let both = edited(
        &half,
        "    integration: prod\n",
        "    integration: prod\n    id: a1\n",
    );
    assert_eq!(accepted(&both, &bounds()).actions.len(), 2);
    let elsewhere = edited(
        &with_second_action(&format!(
            "key: b, name: Order lookup, integration: test, {REST}"
        )),
        "actions:",
        "  - {key: test, name: Test, role: GenesysTest}\nactions:",
    );
    assert_eq!(accepted(&elsewhere, &bounds()).actions.len(), 2);
}

#[test]
fn built_in_actions_are_not_managed() {
    assert_refused(
        &action("id: static-order"),
        &bounds(),
        "actions[0].id",
        "built-in",
    );
}

#[test]
fn an_actions_integration_is_in_the_file() {
    assert_refused(
        &with("integration: prod", "integration: prd"),
        &bounds(),
        "actions[0].integration",
        "Did you mean `prod`?",
    );
    // Nothing is said about a key that cannot be read.
    let problems = refused(&with("key: prod", "key: 'p/d'"), &bounds());
    assert_only(&problems, "integrations[0].key", "'/'");
}

#[test]
fn functions_are_of_the_region_and_allowed() {
    for (to, says) in [
        (
            "arn:aws:lambda:us-east-1:123456789012:function:Other",
            "parameter AllowedFunctionArns",
        ),
        (
            "arn:aws:lambda:us-east-1:999999999999:function:GenesysOrders",
            "parameter AllowedFunctionArns",
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:lockstep-rebind-action",
            "Lockstep's own",
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders:$LATEST",
            "$LATEST is not allowed",
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:GenesysOrders",
            "function:NAME",
        ),
        (
            "arn:aws:lambda:us-east-1:12345:function:GenesysOrders",
            "twelve digits",
        ),
        (
            "arn:aws:lambda:nowhere:123456789012:function:GenesysOrders",
            "a region such as us-east-1",
        ),
        (
            "arn:amazon:lambda:us-east-1:123456789012:function:GenesysOrders",
            "partition",
        ),
        ("GenesysOrders", "the form is"),
    ] {
        assert_refused(&with(FUNCTION, to), &bounds(), "actions[0].function", says);
    }
    let everywhere = Bounds {
        allowed_functions: vec!["arn:aws:lambda:*:*:function:*".parse().unwrap()],
        ..bounds()
    };
    assert_refused(
        &with(
            FUNCTION,
            "arn:aws:lambda:eu-west-1:123456789012:function:GenesysOrders",
        ),
        &everywhere,
        "actions[0].function",
        "is in eu-west-1 (aws), but the stack is in us-east-1 (aws)",
    );
    // A function of another account is fine where it is allowed, whatever its name.
    accepted(
        &with(
            FUNCTION,
            "arn:aws:lambda:us-east-1:999999999999:function:lockstep-x",
        ),
        &everywhere,
    );
    accepted(&with(FUNCTION, &format!("{FUNCTION}:live")), &bounds());
    assert_refused(
        GOOD,
        &Bounds {
            allowed_functions: Vec::new(),
            ..bounds()
        },
        "actions[0].function",
        "does not allow",
    );
}

#[test]
fn secrets_are_of_this_account_and_region() {
    for (to, says) in [
        (
            "arn:aws:secretsmanager:us-east-1:999999999999:secret:prod/db-AbCdEf",
            "in account 999999999999",
        ),
        (
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
            "in eu-west-1",
        ),
        (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db",
            "six characters",
        ),
    ] {
        assert_refused(&with(DB, to), &bounds(), "actions[0].secrets[0].arn", says);
    }
}

#[test]
fn secret_names_are_identifiers_and_unique_in_the_action() {
    for bad in ["1DB", "DB-URL", "'DB URL'", "\"DB\\\"\"", "''"] {
        assert_refused(
            &with("name: DB,", &format!("name: {bad},")),
            &bounds(),
            "actions[0].secrets[0].name",
            "letters, digits or `_`",
        );
    }
    let long = "D".repeat(65);
    assert_refused(
        &with("name: DB,", &format!("name: {long},")),
        &bounds(),
        "actions[0].secrets[0].name",
        "64",
    );
    let twice = with(
        "    contract:",
        &format!("      - {{name: DB, arn: \"{DB}\"}}\n    contract:"),
    );
    assert_refused(
        &twice,
        &bounds(),
        "actions[0].secrets[1].name",
        "already used by actions[0].secrets[0].name",
    );
}

#[test]
fn an_action_has_at_most_ten_secrets() {
    let secrets = |count: usize| {
        let more: String = (1..count)
            .map(|n| format!("      - {{name: S{n}, arn: \"{DB}\"}}\n"))
            .collect();
        with("    contract:", &format!("{more}    contract:"))
    };
    assert_eq!(
        accepted(&secrets(10), &bounds()).actions[0].secrets.len(),
        10
    );
    assert_refused(
        &secrets(11),
        &bounds(),
        "actions[0].secrets",
        "11 entries; at most 10",
    );
}

#[test]
fn names_and_timeouts_are_limited() {
    let name = |length| {
        with(
            "name: Order lookup",
            &format!("name: {}", "ä".repeat(length)),
        )
    };
    accepted(&name(256), &bounds());
    assert_refused(
        &name(257),
        &bounds(),
        "actions[0].name",
        "257 characters; at most 256",
    );
    assert_refused(
        &with("name: Order lookup", "name: '  '"),
        &bounds(),
        "actions[0].name",
        "blank",
    );
    for (timeout, says) in [
        ("0", "Write at least 1"),
        ("61", "Write at most 60"),
        ("1.5", "whole number"),
    ] {
        let text = action(&format!("timeout_seconds: {timeout}"));
        assert_refused(&text, &bounds(), "actions[0].timeout_seconds", says);
    }
    assert_refused(
        &organization("max_changes: 0"),
        &bounds(),
        "organization.max_changes",
        "at least 1",
    );
}
