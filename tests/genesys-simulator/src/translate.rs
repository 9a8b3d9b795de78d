//! How the answer of a function becomes the action's result: translation map, defaults, success template.

use serde_json::Value;

use crate::action_model::ActionConfig;
use crate::velocity::{Found, render};

/// The result, or what is wrong with the answer.
pub(crate) fn result(config: &ActionConfig, raw: &str) -> Result<Value, String> {
    let document: Value = serde_json::from_str(raw)
        .map_err(|problem| format!("The response is not valid JSON: {problem}"))?;
    let mut variables = Vec::new();
    for (name, path) in &config.translation_map {
        let value = match json_path(&document, path)? {
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
    let Some(template) = &config.success_template else {
        return Ok(document);
    };
    let text = render(template, &|path| {
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

/// A simple JSONPath: `$`, `.name`, `['name']` and `[0]`.
fn json_path<'a>(document: &'a Value, path: &str) -> Result<Option<&'a Value>, String> {
    let unsupported = || format!("The translation path {path} is not supported");
    let mut rest = path.strip_prefix('$').ok_or_else(unsupported)?;
    let mut value = Some(document);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return Err(unsupported());
            }
            value = value.and_then(|value| value.get(&after[..end]));
            rest = &after[end..];
            continue;
        }
        let inner = rest.strip_prefix('[').ok_or_else(unsupported)?;
        let end = inner.find(']').ok_or_else(unsupported)?;
        let key = &inner[..end];
        let quoted = key
            .strip_prefix('\'')
            .and_then(|key| key.strip_suffix('\''));
        value = match (quoted, key.parse::<usize>()) {
            (Some(name), _) => value.and_then(|value| value.get(name)),
            (None, Ok(index)) => value.and_then(|value| value.get(index)),
            (None, Err(_)) => return Err(unsupported()),
        };
        rest = &inner[end + 1..];
    }
    Ok(value)
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
