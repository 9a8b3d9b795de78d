//! Comparing a contract with what Genesys Cloud gives back for it.

use serde_json::{Map, Value};

/// Whether two JSON Schemas ask the same, leaving aside what the platform adds or drops when it
/// stores one: `$schema`, `id`, titles and descriptions, `null` members, and empty lists and maps
/// where the other has nothing.
pub fn same_schema(one: &Value, other: &Value) -> bool {
    normal(one) == normal(other)
}

fn normal(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(name, _)| {
                    !matches!(
                        name.as_str(),
                        "$schema" | "id" | "$id" | "title" | "description"
                    )
                })
                .filter_map(|(name, value)| {
                    let value = match name.as_str() {
                        // The names in here are the user's, not keywords: all of them count.
                        "properties" | "patternProperties" | "definitions" | "$defs" => {
                            named_schemas(value)
                        }
                        // The values in here are data, not schemas.
                        "enum" | "const" | "default" | "required" => value.clone(),
                        _ => normal(value),
                    };
                    (!is_empty(&value)).then(|| (name.clone(), value))
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(normal).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

fn named_schemas(value: &Value) -> Value {
    match value {
        Value::Object(schemas) => Value::Object(
            schemas
                .iter()
                .map(|(name, schema)| (name.clone(), normal(schema)))
                .collect::<Map<_, _>>(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            value.clone()
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_platform_adds_does_not_make_a_difference() {
        let ours = json!({"type": "object", "properties": {"id": {"type": "string"}}});
        let theirs = json!({
            "$schema": "http://json-schema.org/draft-04/schema#", "title": "x", "type": "object",
            "properties": {"id": {"type": "string", "description": null}}, "required": [],
        });
        assert!(same_schema(&ours, &theirs));
    }

    #[test]
    fn a_property_called_like_a_keyword_counts() {
        let one = json!({"properties": {"title": {"type": "string"}}});
        let other = json!({"properties": {}});
        assert!(!same_schema(&one, &other));
    }

    #[test]
    fn another_type_or_requirement_is_another_contract() {
        let base = json!({"properties": {"a": {"type": "string"}}, "required": ["a"]});
        assert!(!same_schema(
            &base,
            &json!({"properties": {"a": {"type": "number"}}, "required": ["a"]})
        ));
        assert!(!same_schema(
            &base,
            &json!({"properties": {"a": {"type": "string"}}})
        ));
    }
}
