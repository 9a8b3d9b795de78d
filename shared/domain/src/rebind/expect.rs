//! Whether an answer holds what a live test expects of it.

use serde_json::Value;

/// Whether `answer` holds everything in `expected`: members of an object may be more, everything
/// else must be equal.
pub fn fulfils(expected: &Value, answer: &Value) -> bool {
    match (expected, answer) {
        (Value::Object(expected), Value::Object(answer)) => {
            expected.iter().all(|(name, expected)| {
                answer
                    .get(name)
                    .is_some_and(|answer| fulfils(expected, answer))
            })
        }
        (
            Value::Object(_)
            | Value::Array(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_),
            _,
        ) => expected == answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_may_say_more_than_expected_and_nothing_else() {
        let answer = json!({"status": "ok", "order": {"id": 1, "lines": [1, 2]}});
        assert!(fulfils(&json!({"order": {"id": 1}}), &answer));
        assert!(fulfils(&json!({}), &answer));
        assert!(!fulfils(&json!({"order": {"id": 2}}), &answer));
        assert!(!fulfils(&json!({"order": {"lines": [1]}}), &answer));
        assert!(!fulfils(&json!({"missing": null}), &answer));
    }
}
