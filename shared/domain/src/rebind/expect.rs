//! Whether an answer holds what a live test expects of it.

use serde_json::Value;

use super::number::same_value;

/// Whether `answer` holds everything in `expected`: members of an object may be more, everything
/// else must be equal, numbers by value.
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
        ) => same_value(expected, answer),
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

    #[test]
    fn a_number_is_expected_by_value_at_any_depth() {
        let answer = json!({"total": 10.0, "lines": [{"price": 2.50}, 3.0]});
        assert!(fulfils(&json!({"total": 10}), &answer));
        assert!(fulfils(&json!({"lines": [{"price": 2.5}, 3]}), &answer));
        assert!(!fulfils(&json!({"total": 10.5}), &answer));
        let exact: Value = serde_json::from_str(r#"{"id": 9007199254740992.0}"#).unwrap();
        assert!(!fulfils(&json!({"id": 9_007_199_254_740_993_u64}), &exact));
    }
}
