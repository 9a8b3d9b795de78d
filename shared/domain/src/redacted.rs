//! Other people's configuration as plans, state, evidence and logs show it: by digests.
//!
//! A header may hold an API key, a template a connection string. Evidence can't be deleted, so the
//! text itself is never recorded; a digest still shows whether it changed.

use serde_json::{Value, json};

use crate::arn::FunctionArn;
use crate::digest::Digest;

/// Characters of a digest: enough to distinguish two texts, and short enough to read.
const SHORT: usize = 16;

/// An action's configuration, member by member: the function's ARN, the timeout and the method as
/// they are, what is empty as empty, and everything else as a digest.
pub fn redacted_config(config: &Value) -> Value {
    let Value::Object(members) = config else {
        return redacted(config);
    };
    members
        .iter()
        .map(|(name, value)| {
            let shown = match (name.as_str(), value) {
                ("request_url_template", Value::String(url)) => url
                    .parse::<FunctionArn>()
                    .map_or_else(|_| redacted(value), |function| json!(function)),
                ("timeout_seconds", Value::Number(_)) => value.clone(),
                ("request_type", Value::String(method)) if is_method(method) => value.clone(),
                (_, _) => redacted(value),
            };
            (name.clone(), shown)
        })
        .collect()
}

fn is_method(text: &str) -> bool {
    ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&text)
}

fn redacted(value: &Value) -> Value {
    let is_empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if is_empty {
        return value.clone();
    }
    redacted_text(&Digest::of(value))
}

/// A text of which only the digest is known, as the text itself would be shown.
pub fn redacted_text(digest: &Digest) -> Value {
    json!(format!("sha256:{}", digest.short(SHORT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_holds_no_text_of_others_is_shown() {
        let config = json!({
            "timeout_seconds": 20,
            "request_url_template": "arn:aws:lambda:us-east-1:123456789012:function:orders",
            "request_type": "POST",
            "headers": {"x-api-key": "planted"},
            "success_template": "",
            "of_a_later_release": "planted",
        });
        let shown = redacted_config(&config);
        assert!(!shown.to_string().contains("planted"), "{shown}");
        for same in [
            "timeout_seconds",
            "request_url_template",
            "request_type",
            "success_template",
        ] {
            assert_eq!(shown[same], config[same]);
        }
        assert_ne!(
            shown["headers"],
            redacted_config(&json!({"headers": {"x-api-key": "other"}}))["headers"]
        );
    }

    #[test]
    fn an_address_or_method_that_is_none_is_not_shown() {
        let config = json!({"request_url_template": "https://example.com/?key=planted", "request_type": "planted"});
        assert!(!redacted_config(&config).to_string().contains("planted"));
    }
}
