//! The rules of contracts and live tests, one by one.

use crate::support::{accepted, action, assert_refused, bounds, edited, with};

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
    assert_refused(
        &input("{type: object, required: []}"),
        &bounds(),
        "actions[0].contract.input.required",
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
    accepted(
        &input(&format!(
            "{{$schema: 'http://json-schema.org/draft-07/schema#', {exclusive}}}"
        )),
        &bounds(),
    );
    assert_refused(
        &input("{$schema: 'http://example.com/schema', type: object}"),
        &bounds(),
        "actions[0].contract.input.$schema",
        "not a valid JSON Schema",
    );
    assert_refused(
        &input("{type: object, properties: {a: {$ref: 'https://example.com/x.json'}}}"),
        &bounds(),
        at,
        "cannot be used",
    );
    accepted(
        &input(
            "{type: object, definitions: {a: {type: string}}, properties: {a: {$ref: '#/definitions/a'}}}",
        ),
        &bounds(),
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
    accepted(
        &edited(
            &text,
            "    secrets:",
            "    test: {input: {order: {order: {}}}}\n    secrets:",
        ),
        &bounds(),
    );
}

#[test]
fn the_tests_input_fits_the_contract() {
    assert_refused(
        &action("test: {input: {order: 7}}"),
        &bounds(),
        "actions[0].test.input.order",
        "does not fit the contract",
    );
    accepted(&action("test: {input: {order: '7'}}"), &bounds());
    assert_refused(
        &action("test: {expect: {}}"),
        &bounds(),
        "actions[0].test.input",
        "`input` is missing",
    );
}
