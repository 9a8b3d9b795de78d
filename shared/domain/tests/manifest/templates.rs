//! The rules of delivery and templates, one by one.

use crate::support::{accepted, action, assert_refused, bounds, edited, without_secrets};

#[test]
fn a_pin_needs_secrets_that_overlap() {
    assert_refused(
        &action("pin: true"),
        &bounds(),
        "actions[0].pin",
        "the old version of DB stops working",
    );
    let overlapping = edited(
        &action("pin: true"),
        "AbCdEf\"}",
        "AbCdEf\", overlap: alternating}",
    );
    accepted(&overlapping, &bounds());
    let undelivered = edited(
        &overlapping,
        "    pin: true\n",
        "    pin: true\n    delivery: none\n",
    );
    assert_refused(
        &undelivered,
        &bounds(),
        "actions[0].pin",
        "delivery is none",
    );
    assert_refused(
        &edited(
            &without_secrets(),
            "    contract:",
            "    pin: true\n    contract:",
        ),
        &bounds(),
        "actions[0].pin",
        "delivery is none",
    );
}

#[test]
fn a_template_holds_the_placeholder_exactly_once_where_secrets_are_delivered() {
    let template = |text: &str| action(&format!("request: {{template: '{text}'}}"));
    let at = "actions[0].request.template";
    accepted(
        &template("{\"i\": ${input.rawRequest}, \"s\": {{lockstep.secrets}}}"),
        &bounds(),
    );
    assert_refused(
        &template("${input.rawRequest}"),
        &bounds(),
        at,
        "does not contain {{lockstep.secrets}}",
    );
    assert_refused(
        &template("{{lockstep.secrets}} {{lockstep.secrets}}"),
        &bounds(),
        at,
        "2 times",
    );
    let none = edited(
        &template("{{lockstep.secrets}}"),
        "    request:",
        "    delivery: none\n    request:",
    );
    assert_refused(&none, &bounds(), at, "delivery is none");
    let plain = edited(
        &template("${input.rawRequest}"),
        "    request:",
        "    delivery: none\n    request:",
    );
    accepted(&plain, &bounds());
}

#[test]
fn an_adopted_action_that_keeps_its_templates_is_given_none() {
    assert_refused(
        &action("adopt: true\n    request: {template: x}"),
        &bounds(),
        "actions[0].request",
        "keeps its templates",
    );
    assert_refused(
        &action("id: a1\n    response: {success_template: x}"),
        &bounds(),
        "actions[0].response",
        "keeps its templates",
    );
    accepted(
        &action("adopt: true\n    delivery: envelope\n    response: {success_template: x}"),
        &bounds(),
    );
}

#[test]
fn a_body_that_genesys_would_not_take_is_refused() {
    let template = |length: usize| {
        let text = format!("{{{{lockstep.secrets}}}}{}", "x".repeat(length));
        action(&format!("request: {{template: '{text}'}}"))
    };
    accepted(&template(500_000), &bounds());
    assert_refused(
        &template(512_000),
        &bounds(),
        "actions[0]",
        "at most 512000",
    );
}
