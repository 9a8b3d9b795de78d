//! The places of a draft-04 JSON Schema where further schemas stand.

use serde_json::{Map, Value};

/// Keywords whose value holds a schema under each name.
const NAMED: &[&str] = &[
    "properties",
    "patternProperties",
    "definitions",
    "dependencies",
];
/// Keywords whose value is a schema, or a list of them.
const DIRECT: &[&str] = &[
    "items",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
];

/// Calls `visit` with every schema in `schema`, itself first, and the JSON pointer of each.
pub(crate) fn each(schema: &Value, visit: &mut dyn FnMut(&str, &Map<String, Value>)) {
    walk(schema, "", visit);
}

fn walk(schema: &Value, at: &str, visit: &mut dyn FnMut(&str, &Map<String, Value>)) {
    let Value::Object(keywords) = schema else {
        return;
    };
    visit(at, keywords);
    for (keyword, value) in keywords {
        let at = pointer(at, keyword);
        match (value, is_named(keyword), is_direct(keyword)) {
            (Value::Object(named), true, _) => {
                for (name, schema) in named {
                    walk(schema, &pointer(&at, name), visit);
                }
            }
            (Value::Array(list), _, true) => {
                for (index, schema) in list.iter().enumerate() {
                    walk(schema, &pointer(&at, &index.to_string()), visit);
                }
            }
            (value, _, true) => walk(value, &at, visit),
            (_, _, false) => {}
        }
    }
}

/// The schema with `change` made to every schema in it, the inner ones first.
pub(crate) fn rebuilt(schema: &Value, change: &dyn Fn(&mut Map<String, Value>)) -> Value {
    let Value::Object(keywords) = schema else {
        return schema.clone();
    };
    let mut whole: Map<String, Value> = keywords
        .iter()
        .map(|(keyword, value)| {
            let value = match (value, is_named(keyword), is_direct(keyword)) {
                (Value::Object(named), true, _) => named
                    .iter()
                    .map(|(name, schema)| (name.clone(), rebuilt(schema, change)))
                    .collect::<Map<_, _>>()
                    .into(),
                (Value::Array(list), _, true) => list
                    .iter()
                    .map(|schema| rebuilt(schema, change))
                    .collect::<Vec<_>>()
                    .into(),
                (value, _, true) => rebuilt(value, change),
                (value, _, false) => value.clone(),
            };
            (keyword.clone(), value)
        })
        .collect();
    change(&mut whole);
    Value::Object(whole)
}

fn is_named(keyword: &str) -> bool {
    NAMED.contains(&keyword)
}

fn is_direct(keyword: &str) -> bool {
    DIRECT.contains(&keyword)
}

/// A JSON pointer one segment longer.
pub(crate) fn pointer(at: &str, segment: &str) -> String {
    format!("{at}/{}", segment.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_schema_is_visited_and_no_data() {
        let schema = json!({
            "properties": {"items": {"enum": [{"type": "x"}]}, "a/b": {"items": [{}, {}]}},
            "not": {"default": {"not": {}}},
        });
        let mut seen = Vec::new();
        each(&schema, &mut |at, _| seen.push(at.to_owned()));
        seen.sort();
        assert_eq!(
            seen,
            [
                "",
                "/not",
                "/properties/a~1b",
                "/properties/a~1b/items/0",
                "/properties/a~1b/items/1",
                "/properties/items"
            ]
        );
    }

    #[test]
    fn a_change_reaches_every_schema() {
        let schema = json!({"properties": {"x": {}}, "enum": [{}], "items": [{}]});
        let changed = rebuilt(&schema, &|keywords| {
            keywords.insert("title".to_owned(), json!("t"));
        });
        assert_eq!(
            changed,
            json!({
                "properties": {"x": {"title": "t"}}, "enum": [{}], "items": [{"title": "t"}], "title": "t"
            })
        );
    }
}
