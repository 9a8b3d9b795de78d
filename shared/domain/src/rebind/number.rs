//! JSON numbers by value.

use serde_json::{Number, Value};

/// Whether two JSON values are equal when numbers are compared by value: `10` is `10.0`, and
/// `9007199254740993` is not `9007199254740992.0`, although both are the same `f64`.
///
/// As exact as `serde_json` reads numbers: integers beyond 64 bits are rounded by it already.
pub fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => canonical(one) == canonical(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| same_value(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, one)| other.get(name).is_some_and(|other| same_value(one, other)))
        }
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
            _,
        ) => one == other,
    }
}

/// The one spelling of a number's value: an integer where the value is one and fits 64 bits.
pub(super) fn canonical(number: &Number) -> Number {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.clone();
    };
    if float.fract() != 0.0 {
        return number.clone();
    }
    // Exact: Rust prints every digit of a whole `f64`.
    let digits = format!("{float:.0}");
    let signed = digits.parse::<i64>().map(Number::from);
    signed
        .or_else(|_| digits.parse::<u64>().map(Number::from))
        .unwrap_or_else(|_| number.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_equal_by_value_and_not_by_spelling() {
        for (one, other) in [
            ("10", "10.0"),
            ("10", "1e1"),
            ("-0.0", "0"),
            ("0.5", "5e-1"),
            ("18446744073709549568", "18446744073709549568.0"),
            ("1e300", "1.0e300"),
            (r#"{"a": [1, {"b": 2}]}"#, r#"{"a": [1.0, {"b": 2.0}]}"#),
        ] {
            assert!(same_value(&parsed(one), &parsed(other)), "{one} is {other}");
        }
    }

    #[test]
    fn numbers_that_are_one_f64_and_two_values_differ() {
        for (one, other) in [
            ("9007199254740993", "9007199254740992.0"),
            ("9007199254740993", "9007199254740992"),
            ("18446744073709551615", "18446744073709551616.0"),
            ("10", "\"10\""),
            ("10", "10.5"),
            ("[1, 2]", "[1]"),
            (r#"{"a": 1}"#, r#"{"a": 1, "b": 1}"#),
        ] {
            let differs = !same_value(&parsed(one), &parsed(other));
            assert!(differs, "{one} is not {other}");
        }
    }
}
