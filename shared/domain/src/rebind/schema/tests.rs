use proptest::prelude::*;
use serde_json::json;

use super::*;

fn same(one: &Value, other: &Value) -> bool {
    schema_differences(one, other).is_empty()
}

#[track_caller]
fn assert_same(one: Value, other: Value) {
    let differences = schema_differences(&one, &other);
    assert!(differences.is_empty(), "{one} is {other}: {differences:?}");
}

#[track_caller]
fn assert_differ(one: Value, other: Value) {
    assert!(!same(&one, &other), "{one} is not {other}");
}

#[test]
fn what_the_platform_adds_does_not_make_a_difference() {
    assert_same(
        json!({"type": "object", "properties": {"id": {"type": "string"}}}),
        json!({
            "$schema": "http://json-schema.org/draft-04/schema#", "title": "x", "type": "object",
            "properties": {"id": {"type": "string", "description": null}}, "required": [],
        }),
    );
}

#[test]
fn a_contract_written_plainly_is_the_one_that_the_console_exports() {
    assert_same(
        json!({
            "type": "object",
            "properties": {"order": {"type": "string"}, "lines": {"type": "array", "items": {}}},
            "required": ["order", "lines"],
        }),
        json!({
            "title": "Order request", "type": "object", "required": ["lines", "order"],
            "properties": {
                "order": {"type": "string", "title": "Order", "default": ""},
                "lines": {"type": "array"},
            },
            "additionalProperties": true,
        }),
    );
}

#[test]
fn required_enum_and_type_are_sets() {
    assert_same(json!({"type": ["string"]}), json!({"type": "string"}));
    assert_same(
        json!({"type": ["string", "null"]}),
        json!({"type": ["null", "string"]}),
    );
    assert_same(json!({"enum": [1, "a", 1.0]}), json!({"enum": ["a", 1]}));
    assert_differ(
        json!({"type": ["string", "null"]}),
        json!({"type": "string"}),
    );
    assert_differ(json!({"enum": ["a"]}), json!({"enum": ["a", "b"]}));
    // In order: each element has a schema of its own.
    assert_differ(
        json!({"items": [{"type": "string"}, {"type": "number"}]}),
        json!({"items": [{"type": "number"}, {"type": "string"}]}),
    );
}

#[test]
fn values_that_allow_everything_are_dropped() {
    for no_op in [
        json!({"additionalProperties": true}),
        json!({"additionalProperties": {"title": "anything"}}),
        json!({"additionalItems": true}),
        json!({"minLength": 0}),
        json!({"minItems": 0.0}),
        json!({"minProperties": 0}),
        json!({"uniqueItems": false}),
        json!({"required": []}),
        json!({"properties": {}}),
        json!({"items": {}}),
    ] {
        assert_same(no_op, json!({}));
    }
    for limit in [
        json!({"additionalProperties": false}),
        json!({"additionalItems": false}),
        json!({"minLength": 1}),
        json!({"uniqueItems": true}),
        json!({"not": {}}),
        json!({"items": [], "additionalItems": false}),
        json!({"maxLength": 0}),
    ] {
        assert_differ(limit, json!({}));
    }
}

#[test]
fn numbers_are_compared_by_value() {
    assert_same(json!({"minimum": 1}), json!({"minimum": 1.0}));
    assert_differ(
        json!({"minimum": 9_007_199_254_740_993_u64}),
        json!({"minimum": 9_007_199_254_740_992.0}),
    );
}

#[test]
fn names_of_properties_and_data_are_never_keywords() {
    let names = [
        "title",
        "default",
        "required",
        "additionalProperties",
        "minLength",
    ];
    for name in names {
        assert_differ(
            json!({"properties": {name: {"type": "string"}}}),
            json!({"properties": {}}),
        );
    }
    assert_differ(
        json!({"enum": [{"title": "a"}]}),
        json!({"enum": [{"title": "b"}]}),
    );
    assert_differ(json!({"enum": [["a", "b"]]}), json!({"enum": [["b", "a"]]}));
}

#[test]
fn another_type_or_requirement_is_another_contract() {
    let base = json!({"properties": {"a": {"type": "string"}}, "required": ["a"]});
    assert_differ(
        base.clone(),
        json!({"properties": {"a": {"type": "number"}}, "required": ["a"]}),
    );
    assert_differ(base, json!({"properties": {"a": {"type": "string"}}}));
}

#[test]
fn a_schema_that_refers_to_a_part_of_itself_is_compared_as_written() {
    let one = json!({
        "title": "x", "properties": {"a": {"$ref": "#/properties/b/default"}, "b": {"default": {}}},
    });
    let other = json!({
        "properties": {"a": {"$ref": "#/properties/b/default"}, "b": {"default": {"type": "null"}}},
    });
    assert_differ(one.clone(), other);
    let mut untitled = one.clone();
    untitled.as_object_mut().unwrap().remove("title");
    assert_same(one, untitled);
}

#[test]
fn a_difference_is_shown_with_its_place_and_both_sides() {
    let manifest = json!({
        "type": "object", "required": ["a"],
        "properties": {"a": {"type": "string"}, "b.c": {"type": "string"}},
    });
    let published = json!({
        "type": "object", "additionalProperties": false,
        "properties": {"a": {"type": "number"}, "b.c": {"type": "string", "maxLength": 5}},
    });
    assert_eq!(
        schema_differences(&manifest, &published),
        [
            "`properties.a.type` is \"string\" in the manifest and \"number\" in Genesys Cloud",
            "`properties[\"b.c\"].maxLength` is absent in the manifest and 5 in Genesys Cloud",
            "`required` is [\"a\"] in the manifest and absent in Genesys Cloud",
            "`additionalProperties` is absent in the manifest and false in Genesys Cloud",
        ]
    );
}

#[test]
fn a_long_list_of_differences_is_cut() {
    let many = |kind: &str| {
        let names = (0..9).map(|n| (format!("p{n}"), json!({"type": kind})));
        json!({"properties": Value::Object(names.collect())})
    };
    let found = schema_differences(&many("string"), &many("number"));
    assert_eq!(found.len(), 6);
    assert_eq!(found[5], "and 4 more");
    let long = schema_differences(&json!({"enum": ["x".repeat(500)]}), &json!({}));
    assert!(long[0].len() < 250, "{long:?}");
}

/// Instances that the schemas below tell apart.
fn instance() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1_i64..4).prop_map(Value::from),
        prop_oneof![Just(0.5), Just(1.0), Just(2.0)].prop_map(Value::from),
        "[ab]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Instances that every keyword below tells apart from others here: plain, within an array, and
/// under each name.
fn telling() -> Vec<Value> {
    let plain = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(0.5),
        json!(""),
        json!("a"),
        json!("ab"),
        json!("abb"),
        json!([]),
        json!([1]),
        json!([1, 1.0]),
        json!(["a", 1, null]),
        json!({}),
        json!({"a": 1, "b": "a"}),
        json!({"title": 0.5}),
        json!({"a": null, "b": true, "title": "ab", "required": []}),
    ];
    let within = plain.iter().flat_map(|one| {
        let named = ["a", "b", "title", "required"].map(|name| json!({name: one}));
        [json!([one]), json!([0, one])].into_iter().chain(named)
    });
    let within: Vec<Value> = within.collect();
    plain.into_iter().chain(within).collect()
}

/// Where two schemas that are called equal judge an instance differently.
fn contradiction(one: &Value, two: &Value, instances: &[Value]) -> Option<Value> {
    if !same(one, two) {
        return None;
    }
    let (one, two) = (judge(one)?, judge(two)?);
    let mut instances = instances.iter();
    let differs = |instance: &&Value| one.is_valid(instance) != two.is_valid(instance);
    instances.find(differs).cloned()
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("title"), Just("required")].prop_map(str::to_owned)
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "array", "boolean", "integer", "null", "number", "object", "string",
    ])
}

fn one_keyword(
    inner: impl Strategy<Value = Value> + Clone + 'static,
) -> impl Strategy<Value = (&'static str, Value)> {
    let small = || prop_oneof![Just(json!(0)), Just(json!(1)), Just(json!(2))];
    let schemas = || prop::collection::btree_map(name(), inner.clone(), 0..3);
    let list = || prop::collection::vec(inner.clone(), 1..3).prop_map(Value::from);
    let flag = || any::<bool>().prop_map(Value::from);
    prop_oneof![
        prop_oneof![
            kind().prop_map(|kind| ("type", json!(kind))),
            prop::collection::btree_set(kind(), 1..3)
                .prop_map(|kinds| ("type", json!(kinds.into_iter().collect::<Vec<_>>()))),
            prop::collection::btree_set(name(), 1..3)
                .prop_map(|names| ("required", json!(names.into_iter().collect::<Vec<_>>()))),
            prop::collection::vec(instance(), 1..3).prop_map(|mut values| {
                values.dedup();
                values.truncate(1);
                ("enum", json!(values))
            }),
        ],
        prop_oneof![
            schemas().prop_map(|it| ("properties", json!(it))),
            list().prop_map(|it| ("allOf", it)),
            list().prop_map(|it| ("anyOf", it)),
            list().prop_map(|it| ("items", it)),
            inner.clone().prop_map(|it| ("items", it)),
            inner.clone().prop_map(|it| ("not", it)),
            inner.clone().prop_map(|it| ("additionalProperties", it)),
        ],
        prop_oneof![
            flag().prop_map(|it| ("additionalProperties", it)),
            flag().prop_map(|it| ("additionalItems", it)),
            flag().prop_map(|it| ("uniqueItems", it)),
            small().prop_map(|it| ("minLength", it)),
            small().prop_map(|it| ("maxLength", it)),
            small().prop_map(|it| ("minItems", it)),
            small().prop_map(|it| ("minProperties", it)),
            small().prop_map(|it| ("minimum", it)),
            name().prop_map(|it| ("title", json!(it))),
            instance().prop_map(|it| ("default", it)),
        ],
    ]
}

fn any_schema() -> impl Strategy<Value = Value> {
    let empty = Just(json!({})).boxed();
    let leaf = prop::collection::vec(one_keyword(empty), 0..3).prop_map(object);
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop::collection::vec(one_keyword(inner), 0..4).prop_map(object)
    })
}

fn object(members: Vec<(&'static str, Value)>) -> Value {
    let members = members.into_iter();
    Value::Object(members.map(|(name, it)| (name.to_owned(), it)).collect())
}

/// A schema and what became of it: keywords spelt otherwise, added with a value that allows
/// everything, or dropped. Most of the results are the same contract; the others must be told
/// apart.
fn respelt(schema: &Value, choices: &mut impl Iterator<Item = u8>) -> Value {
    let Value::Object(members) = schema else {
        return schema.clone();
    };
    let mut result = Map::new();
    for (name, value) in members {
        let choice = choices.next().unwrap_or_default();
        if choice == 9 {
            continue;
        }
        if choice == 8 && added_to(value).is_some() {
            result.insert(name.clone(), added_to(value).unwrap_or_default());
            continue;
        }
        let value = match (name.as_str(), value) {
            ("type", Value::String(kind)) if choice < 5 => json!([kind]),
            ("required" | "enum" | "type", Value::Array(list)) => {
                list.iter().rev().cloned().collect()
            }
            ("minimum" | "minLength" | "maxLength" | "minItems" | "minProperties", value) => {
                // Draft-04 knows no whole number written `1.0`, so `minimum` alone may be.
                match value.as_f64() {
                    Some(number) if name == "minimum" => json!(number),
                    _ => value.clone(),
                }
            }
            ("properties", Value::Object(named)) => named
                .iter()
                .map(|(name, one)| (name.clone(), respelt(one, choices)))
                .collect::<Map<_, _>>()
                .into(),
            ("items" | "allOf" | "anyOf", Value::Array(list)) => {
                list.iter().map(|one| respelt(one, choices)).collect()
            }
            ("items" | "not" | "additionalProperties", one) => respelt(one, choices),
            (_, other) => other.clone(),
        };
        result.insert(name.clone(), value);
    }
    let added = match choices.next().unwrap_or_default() {
        0 => Some(("additionalProperties", json!(true))),
        1 => Some(("minLength", json!(0))),
        2 => Some(("uniqueItems", json!(false))),
        3 => Some(("items", json!({}))),
        4 => Some(("properties", json!({}))),
        5 => Some(("description", json!("said"))),
        6 => Some(("additionalItems", json!({"title": "any"}))),
        _ => None,
    };
    if let Some((name, value)) = added {
        result.entry(name).or_insert(value);
    }
    Value::Object(result)
}

/// Another value of the same kind.
fn added_to(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(is) => Some(json!(!is)),
        Value::Number(number) => Some(json!(number.as_i64()? + 1)),
        Value::String(text) => (text == "string").then(|| json!("number")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn judge(schema: &Value) -> Option<jsonschema::Validator> {
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft4);
    options.build(schema).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn two_schemas_called_equal_accept_the_same_instances(
        schema in any_schema(),
        choices in prop::collection::vec(0_u8..10, 0..24),
        instances in prop::collection::vec(instance(), 12),
    ) {
        let other = respelt(&schema, &mut choices.into_iter());
        prop_assert!(same(&schema, &schema));
        prop_assert_eq!(same(&schema, &other), same(&other, &schema));
        let all = [telling(), instances].concat();
        let told_apart = contradiction(&schema, &other, &all);
        prop_assert!(told_apart.is_none(), "{schema} and {other} on {told_apart:?}");
    }

    #[test]
    fn two_generated_schemas_called_equal_accept_the_same_instances(
        one in any_schema(), two in any_schema(),
        instances in prop::collection::vec(instance(), 6),
    ) {
        let all = [telling(), instances].concat();
        let told_apart = contradiction(&one, &two, &all);
        prop_assert!(told_apart.is_none(), "{one} and {two} on {told_apart:?}");
    }
}
