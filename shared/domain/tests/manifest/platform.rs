//! What Genesys Cloud takes as a contract (Resource Center, "Add contracts to custom actions for
//! integrations" and "Add configuration to custom actions for integrations").

use crate::support::{accepted, assert_refused, bounds, refused, with};

fn input(schema: &str) -> String {
    with(
        "{type: object, properties: {order: {type: string}}}",
        schema,
    )
}

fn inputs(properties: &str) -> String {
    input(&format!("{{type: object, properties: {{{properties}}}}}"))
}

fn output(schema: &str) -> String {
    with("output: {type: object}", &format!("output: {schema}"))
}

const INPUTS: &str = "actions[0].contract.input.properties";

#[test]
fn no_input_has_a_name_that_the_platform_fills_in_itself() {
    for name in ["orgId", "integrationId", "rawRequest"] {
        assert_refused(
            &inputs(&format!("{name}: {{type: string}}")),
            &bounds(),
            &format!("{INPUTS}.{name}"),
            "is reserved",
        );
    }
    // In the answer they are names like any other.
    accepted(
        &output("{type: object, properties: {orgId: {type: string}}}"),
        &bounds(),
    );
}

#[test]
fn names_of_inputs_are_letters_digits_hyphens_and_underscores() {
    for name in ["1st", "_order", "order.id", "order id", "größe", ""] {
        let problems = refused(&inputs(&format!("'{name}': {{type: string}}")), &bounds());
        let [problem] = problems.as_slice() else {
            panic!("one problem should be found: {problems:#?}");
        };
        assert!(problem.at.starts_with(INPUTS), "{problem}");
        assert!(problem.fix.starts_with("Start with a letter"), "{problem}");
    }
    accepted(&inputs("Order-ID_2: {type: string}"), &bounds());
    accepted(
        &output("{type: object, properties: {'urn:x': {type: string}}}"),
        &bounds(),
    );
}

#[test]
fn inputs_are_of_simple_types() {
    for nested in [
        "{type: object}",
        "{type: array, items: {type: string}}",
        "{type: [string, array]}",
        "{properties: {a: {type: string}}}",
        "{items: {type: string}}",
    ] {
        assert_refused(
            &inputs(&format!("lines: {nested}")),
            &bounds(),
            &format!("{INPUTS}.lines"),
            "string, integer, number, boolean, null",
        );
    }
    let simple = "a: {type: string}, b: {type: integer}, c: {type: number}, d: {type: boolean}, \
                  e: {type: ['null', string]}, f: {enum: [x]}";
    accepted(&inputs(simple), &bounds());
}

#[test]
fn a_contract_has_no_references() {
    let says = "does not support `$ref`";
    let local = "{type: object, definitions: {a: {type: string}}, properties: {a: {$ref: '#/definitions/a'}}}";
    assert_refused(&input(local), &bounds(), &format!("{INPUTS}.a.$ref"), says);
    let elsewhere = "{type: object, properties: {a: {$ref: 'https://example.com/x.json'}}}";
    assert_refused(
        &input(elsewhere),
        &bounds(),
        &format!("{INPUTS}.a.$ref"),
        says,
    );
    assert_refused(
        &output("{type: array, items: {$ref: '#/definitions/a'}, definitions: {a: {}}}"),
        &bounds(),
        "actions[0].contract.output.items.$ref",
        says,
    );
    // Data and names of properties are no keywords.
    accepted(
        &output("{type: object, properties: {default: {enum: [{$ref: x}]}, $ref: {type: string}}}"),
        &bounds(),
    );
}

#[test]
fn an_output_has_no_arrays_within_arrays() {
    assert_refused(
        &output("{type: object, properties: {a: {type: array, items: {type: array}}}}"),
        &bounds(),
        "actions[0].contract.output.properties.a.items",
        "nested arrays",
    );
    let tables = "{type: array, items: {type: object, properties: {a: {type: array, items: {type: string}}}}}";
    accepted(&output(tables), &bounds());
}

#[test]
fn json_is_at_most_50_levels_deep() {
    let nested = |levels: usize| {
        let open = "{not: ".repeat(levels - 1);
        output(&format!("{open}{{}}{}", "}".repeat(levels - 1)))
    };
    accepted(&nested(50), &bounds());
    assert_refused(
        &nested(51),
        &bounds(),
        "actions[0].contract.output",
        "51 levels deep",
    );
}
