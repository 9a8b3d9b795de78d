//! The rules of contracts and live tests, one by one.

use crate::support::{accepted, action, assert_refused, bounds, edited, refused, with};

const CONTRACT: &str = "    contract:\n      input: {type: object, properties: {order: {type: string}}}\n      output: {type: object}\n";

#[test]
fn only_an_adopted_action_goes_without_a_contract() {
    let without = with(CONTRACT, "");
    assert_refused(
        &without,
        &bounds(),
        "actions[0].contract",
        "`contract` is missing",
    );
    let adopted = edited(
        &without,
        "    integration: prod\n",
        "    integration: prod\n    adopt: true\n",
    );
    assert_eq!(accepted(&adopted, &bounds()).actions[0].contract, None);
    assert_refused(
        &with("      output: {type: object}\n", ""),
        &bounds(),
        "actions[0].contract.output",
        "is missing",
    );
}

#[test]
fn contracts_are_json_schemas() {
    let input = |schema: &str| {
        with(
            "{type: object, properties: {order: {type: string}}}",
            schema,
        )
    };
    let at = "actions[0].contract.input";
    assert_refused(
        &input("{type: array}"),
        &bounds(),
        at,
        "type is not `object`",
    );
    assert_refused(
        &input("{properties: {}}"),
        &bounds(),
        at,
        "type is not `object`",
    );
    assert_refused(
        &input("{type: object, properties: {a: {type: strin}}}"),
        &bounds(),
        "actions[0].contract.input.properties.a.type",
        "not a valid JSON Schema",
    );
    // Draft-04 knows exclusiveMinimum as a boolean, later drafts as a number.
    let exclusive =
        "type: object, properties: {n: {type: number, minimum: 1, exclusiveMinimum: 1}}";
    assert_refused(
        &input(&format!("{{{exclusive}}}")),
        &bounds(),
        "actions[0].contract.input.properties.n.exclusiveMinimum",
        "draft-04",
    );
    assert_refused(
        &input(&format!(
            "{{$schema: 'http://json-schema.org/draft-07/schema#', {exclusive}}}"
        )),
        &bounds(),
        "actions[0].contract.input.properties.n.exclusiveMinimum",
        "draft-04",
    );
    accepted(
        &input("{$schema: 'http://json-schema.org/draft-07/schema#', type: object}"),
        &bounds(),
    );
    assert_refused(
        &input("{$schema: 'http://example.com/schema', type: object}"),
        &bounds(),
        "actions[0].contract.input.$schema",
        "not a valid JSON Schema",
    );
    assert_refused(
        &with("output: {type: object}", "output: {type: 1}"),
        &bounds(),
        "actions[0].contract.output.type",
        "not a valid JSON Schema",
    );
    accepted(
        &with(
            "output: {type: object}",
            "output: {type: array, items: {type: string}}",
        ),
        &bounds(),
    );
}

#[test]
fn a_schema_that_refers_to_itself_is_read_without_end_to_it() {
    let text = with(
        "{type: object, properties: {order: {type: string}}}",
        "{type: object, allOf: [{$ref: '#'}], properties: {order: {$ref: '#'}}}",
    );
    let text = edited(
        &text,
        "    secrets:",
        "    test: {input: {order: {order: {}}}}\n    secrets:",
    );
    let problems = refused(&text, &bounds());
    let places: Vec<&str> = problems.iter().map(|one| one.at.as_str()).collect();
    let input = "actions[0].contract.input";
    assert_eq!(
        places,
        [
            format!("{input}.allOf[0].$ref"),
            format!("{input}.properties.order.$ref")
        ],
        "{problems:#?}"
    );
}

/// Taken live, and always sent by the official Java SDK, although draft-04 forbids it.
#[test]
fn an_empty_list_of_required_properties_is_taken() {
    let text = with(
        "order: {type: string}}}",
        "order: {type: string}}, required: []}",
    );
    let text = edited(&text, "    secrets:", "    test: {input: {}}\n    secrets:");
    accepted(&text, &bounds());
}

/// The usual limit of a name, which has more than the 10 MiB that a pattern may have by default.
#[test]
fn a_pattern_may_count_a_class_of_letters_to_255() {
    let limited = with(
        "order: {type: string}",
        r"order: {type: string, pattern: '^\p{L}{1,255}$'}",
    );
    let tested = |order: &str| {
        let test = format!("    test: {{input: {{order: {order}}}}}\n    secrets:");
        edited(&limited, "    secrets:", &test)
    };
    accepted(&tested("Grüße"), &bounds());
    assert_refused(
        &tested("'7'"),
        &bounds(),
        "actions[0].test.input.order",
        "does not match the contract",
    );
}

#[test]
fn the_tests_input_fits_the_contract() {
    assert_refused(
        &action("test: {input: {order: 7}}"),
        &bounds(),
        "actions[0].test.input.order",
        "does not match the contract",
    );
    accepted(&action("test: {input: {order: '7'}}"), &bounds());
    assert_refused(
        &action("test: {expect: {}}"),
        &bounds(),
        "actions[0].test.input",
        "`input` is missing",
    );
}
