//! Functions at the end of a path (README of Jayway JsonPath, "Functions"). What they give of which value was
//! measured with json-path 2.9.0.

use serde_json::{Map, Value};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    Length,
    Keys,
    First,
    Last,
    Index(i64),
    Min,
    Max,
    Sum,
    Average,
    StandardDeviation,
}

const PLAIN: &[(&str, Function)] = &[
    ("length", Function::Length),
    ("keys", Function::Keys),
    ("first", Function::First),
    ("last", Function::Last),
    ("min", Function::Min),
    ("max", Function::Max),
    ("sum", Function::Sum),
    ("avg", Function::Average),
    ("stddev", Function::StandardDeviation),
];

impl Function {
    /// The function at the end of a path, and what stands before it.
    pub(super) fn split(path: &str) -> Option<(&str, Self)> {
        let (before, call) = path.strip_suffix(')')?.rsplit_once('.')?;
        let (name, argument) = call.split_once('(')?;
        let found = match (name, argument.trim()) {
            ("index", place) => Self::Index(place.parse().ok()?),
            (name, "") => PLAIN.iter().find(|(known, _)| *known == name)?.1,
            _ => return None,
        };
        Some((before, found))
    }

    /// What it gives; none where the library gives an error. Of a value that is not of its kind some give null.
    pub(super) fn applied(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Length, Value::Array(items)) => Some(items.len().into()),
            (Self::Length, Value::Object(fields)) => Some(fields.len().into()),
            (Self::Keys, Value::Object(fields)) => Some(keys(fields)),
            (Self::Length | Self::Keys, _) => Some(Value::Null),
            (Self::First, value) => super::at(value, 0).cloned(),
            (Self::Last, value) => super::at(value, -1).cloned(),
            (Self::Index(place), value) => super::at(value, place).cloned(),
            (Self::Min, value) => numbers(value).into_iter().reduce(f64::min).map(Value::from),
            (Self::Max, value) => numbers(value).into_iter().reduce(f64::max).map(Value::from),
            (Self::Sum, value) => sum(&numbers(value)).map(Value::from),
            (Self::Average, value) => average(&numbers(value)).map(Value::from),
            (Self::StandardDeviation, value) => deviation(&numbers(value)).map(Value::from),
        }
    }
}

fn keys(fields: &Map<String, Value>) -> Value {
    fields.keys().map(String::as_str).collect()
}

/// The numbers of a list; what is none is left out.
fn numbers(value: &Value) -> Vec<f64> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_f64).collect()
}

fn sum(numbers: &[f64]) -> Option<f64> {
    numbers.iter().copied().reduce(|left, right| left + right)
}

fn average(numbers: &[f64]) -> Option<f64> {
    let count = u32::try_from(numbers.len()).ok()?;
    Some(sum(numbers)? / f64::from(count))
}

fn deviation(numbers: &[f64]) -> Option<f64> {
    let middle = average(numbers)?;
    let squares: Vec<f64> = numbers.iter().map(|one| (one - middle).powi(2)).collect();
    average(&squares).map(f64::sqrt)
}
