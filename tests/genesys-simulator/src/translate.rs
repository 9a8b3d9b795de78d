//! How the answer of a function becomes the action's result: translation map, defaults, success template.

use serde_json::Value;

use crate::action_model::ActionConfig;
use crate::json_path::JsonPath;
use crate::velocity::{Found, render};

/// The result, or what is wrong with the answer.
pub(crate) fn result(config: &ActionConfig, raw: &str) -> Result<Value, String> {
    let document: Value = serde_json::from_str(raw)
        .map_err(|problem| format!("The response is not valid JSON: {problem}"))?;
    let mut variables = Vec::new();
    for (name, path) in &config.translation_map {
        let parsed = JsonPath::parse(path)
            .ok_or_else(|| format!("The translation path {path} is not supported"))?;
        let value = match parsed.find(&document) {
            Some(value) => value.to_string(),
            None => config
                .translation_map_defaults
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
                .ok_or_else(|| {
                    format!("No value found for {name} at {path}, and it has no default")
                })?,
        };
        variables.push((name, value));
    }
    let text = render(&config.success_template, &|path| {
        if path == "rawResult" {
            return Some(Found::Text(raw.to_owned()));
        }
        variables
            .iter()
            .find(|(name, _)| name.as_str() == path)
            .map(|(_, value)| Found::Text(value.clone()))
    });
    serde_json::from_str(&text)
        .map_err(|problem| format!("The success template does not give valid JSON: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(value: Value) -> ActionConfig {
        ActionConfig::parsed(&json!({"response": value}), &Default::default()).unwrap()
    }

    #[test]
    fn the_raw_result_is_the_result() {
        let config = config(json!({"successTemplate": "${rawResult}"}));
        assert_eq!(result(&config, r#"{"a":[1]}"#), Ok(json!({"a": [1]})));
    }

    #[test]
    fn mapped_values_and_defaults_fill_the_template() {
        let config = config(json!({
            "translationMap": {"id": "$.order['id']", "first": "$.lines[0].sku", "none": "$.x"},
            "translationMapDefaults": {"none": "\"-\""},
            "successTemplate": "{\"id\": ${id}, \"first\": ${first}, \"none\": ${none}}"
        }));
        let raw = r#"{"order":{"id":7},"lines":[{"sku":"s"}]}"#;
        assert_eq!(
            result(&config, raw),
            Ok(json!({"id": 7, "first": "s", "none": "-"}))
        );
    }

    #[test]
    fn the_first_of_what_a_filter_takes_becomes_the_result() {
        let config = config(json!({
            "translationMap": {
                "seats": "$.rows[?(@.kind == 'window')].seat",
                "notes": "$..note",
            },
            "successTemplate": "{\"seat\": ${successTemplateUtils.firstFromArray(\"${seats}\")}, \"note\": \"$esc.jsonEncode(${successTemplateUtils.firstFromArray(\"${notes}\", \"$esc.quote$esc.quote\")})\"}"
        }));
        let raw = r#"{"rows":[{"kind":"aisle","seat":"1B"},{"kind":"window","seat":"1A","note":{"a":"\""}}]}"#;
        assert_eq!(
            result(&config, raw),
            Ok(json!({"seat": "1A", "note": r#"{"a":"\""}"#}))
        );
        let none = r#"{"rows":[{"kind":"window","seat":2}]}"#;
        assert_eq!(
            result(&config, none),
            Ok(json!({"seat": 2, "note": "\"\""}))
        );
    }

    #[test]
    fn a_missing_value_without_default_and_an_answer_that_is_no_json_are_problems() {
        let mapped = config(json!({"translationMap": {"id": "$.id"}}));
        assert!(result(&mapped, "{}").unwrap_err().contains("no default"));
        assert!(
            result(&config(json!({})), "oops")
                .unwrap_err()
                .contains("not valid JSON")
        );
    }
}
