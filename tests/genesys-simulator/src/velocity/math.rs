//! `$math`, the MathTool of Velocity Tools: the help page "Velocity macros for data actions" refers to its class.
//! Measured with velocity-tools-generic 3.1: whole numbers stay whole where the result is, texts count as the
//! numbers they spell, `round` takes the even neighbour, and what cannot be computed is no value.

use serde_json::{Number, Value};

use crate::velocity::Found;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Operand {
    value: f64,
    is_whole: bool,
}

/// The result of a method of `$math`; none where there is no such method or no such result.
pub(super) fn computed(method: &str, arguments: &[Found]) -> Option<Value> {
    let numbers: Vec<Operand> = arguments.iter().map(operand).collect::<Option<_>>()?;
    match (method, numbers.as_slice()) {
        ("add", [_, _, ..]) => folded(&numbers, |left, right| left + right),
        ("sub", [_, _, ..]) => folded(&numbers, |left, right| left - right),
        ("mul", [_, _, ..]) => folded(&numbers, |left, right| left * right),
        ("div", [_, _, ..]) => folded(&numbers, |left, right| left / right),
        ("max", [_, _, ..]) => folded(&numbers, f64::max),
        ("min", [_, _, ..]) => folded(&numbers, f64::min),
        ("pow", [_, _]) => folded(&numbers, f64::powf),
        ("mod", [left, right]) => whole((left.value.trunc() % right.value.trunc()).trunc()),
        ("idiv", [left, right]) => whole((left.value.trunc() / right.value.trunc()).trunc()),
        ("abs", [one]) => number(one.value.abs(), one.is_whole),
        ("toNumber", [one]) => number(one.value, one.is_whole),
        ("toDouble", [one]) => number(one.value, false),
        ("toInteger", [one]) => whole(one.value.trunc()),
        ("floor", [one]) => whole(one.value.floor()),
        ("ceil", [one]) => whole(one.value.ceil()),
        ("round", [one]) => whole(one.value.round_ties_even()),
        ("roundTo", [places, one]) => {
            let shift = 10_f64.powf(places.value.trunc());
            number((one.value * shift).round_ties_even() / shift, false)
        }
        _ => None,
    }
}

fn folded(numbers: &[Operand], combine: fn(f64, f64) -> f64) -> Option<Value> {
    let is_whole = numbers.iter().all(|number| number.is_whole);
    let result = numbers.iter().map(|one| one.value).reduce(combine)?;
    number(result, is_whole && result.fract() == 0.0)
}

fn operand(found: &Found) -> Option<Operand> {
    let text = match found {
        Found::Json(Value::Number(number)) => number.to_string(),
        Found::Text(text) | Found::Json(Value::String(text)) => text.clone(),
        Found::Json(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            return None;
        }
    };
    Some(Operand {
        value: text.trim().parse().ok()?,
        is_whole: text.trim().parse::<i64>().is_ok(),
    })
}

fn number(value: f64, is_whole: bool) -> Option<Value> {
    if is_whole {
        return whole(value);
    }
    Number::from_f64(value).map(Value::Number)
}

fn whole(value: f64) -> Option<Value> {
    format!("{value:.0}").parse::<i64>().ok().map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn gives(method: &str, arguments: &[Value], result: Option<Value>) {
        let found: Vec<Found> = arguments.iter().cloned().map(Found::Json).collect();
        assert_eq!(computed(method, &found), result, "{method} {arguments:?}");
    }

    #[test]
    fn whole_numbers_stay_whole_where_the_result_is() {
        gives("add", &[json!("1"), json!(2)], Some(json!(3)));
        gives("add", &[json!(1), json!(2), json!(3)], Some(json!(6)));
        gives("add", &[json!(1.0), json!(2)], Some(json!(3.0)));
        gives("div", &[json!(7), json!(2)], Some(json!(3.5)));
        gives("div", &[json!(8), json!(2)], Some(json!(4)));
        gives("mul", &[json!(2), json!(0.5)], Some(json!(1.0)));
        gives("idiv", &[json!(7), json!(2)], Some(json!(3)));
        gives("mod", &[json!(7), json!(4)], Some(json!(3)));
        gives("pow", &[json!(2), json!(10)], Some(json!(1024)));
        gives("max", &[json!("3"), json!(9)], Some(json!(9)));
    }

    #[test]
    fn numbers_are_rounded_as_java_does() {
        gives("round", &[json!(2.5)], Some(json!(2)));
        gives("round", &[json!(-2.5)], Some(json!(-2)));
        gives("floor", &[json!(-2.1)], Some(json!(-3)));
        gives("ceil", &[json!(2.1)], Some(json!(3)));
        gives("toInteger", &[json!("3.7")], Some(json!(3)));
        gives("toDouble", &[json!(3)], Some(json!(3.0)));
        gives("toNumber", &[json!("1.50")], Some(json!(1.5)));
        gives("roundTo", &[json!(2), json!(1.23456)], Some(json!(1.23)));
    }

    #[test]
    fn what_cannot_be_computed_is_no_value() {
        gives("div", &[json!(1), json!(0)], None);
        gives("mod", &[json!(1), json!(0)], None);
        gives("add", &[json!("x"), json!(1)], None);
        gives("add", &[json!(1)], None);
        gives("nope", &[json!(1), json!(2)], None);
    }
}
