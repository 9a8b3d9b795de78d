//! Methods of values: those of Java's `String` (help page "Velocity macros for data actions", "Java string method
//! macros") and of its lists. Lengths and places count UTF-16 units, as Java's do. A separator or pattern that is
//! a regular expression, not plain text, is not understood.

use serde_json::Value;

use crate::velocity::{Found, MAX_OUTPUT};

/// Signs with a meaning in regular expressions.
const SPECIAL: &str = "\\^$.|?*+()[]{}";

/// The result of a method; none where the value has no such method, or the method no such result.
pub(super) fn result(of: &Found, method: &str, arguments: &[Found]) -> Option<Value> {
    match of {
        Found::Text(text) | Found::Json(Value::String(text)) => of_text(text, method, arguments),
        Found::Json(Value::Array(items)) => of_list(items, method, arguments),
        Found::Json(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => None,
    }
}

fn of_text(text: &str, method: &str, arguments: &[Found]) -> Option<Value> {
    let plain: Vec<String> = arguments.iter().map(Found::plain).collect();
    let given: Vec<&str> = plain.iter().map(String::as_str).collect();
    let place = |found: Option<usize>| match found {
        Some(at) => Value::from(units(&text[..at])),
        None => Value::from(-1),
    };
    let result = match (method, given.as_slice()) {
        ("length", []) => Value::from(units(text)),
        ("isEmpty", []) => Value::from(text.is_empty()),
        ("trim", []) => Value::from(text.trim()),
        ("toString", []) => Value::from(text),
        ("toLowerCase", []) => Value::from(text.to_lowercase()),
        ("toUpperCase", []) => Value::from(text.to_uppercase()),
        ("contains", [part]) => Value::from(text.contains(part)),
        ("startsWith", [part]) => Value::from(text.starts_with(part)),
        ("endsWith", [part]) => Value::from(text.ends_with(part)),
        ("equals", [other]) => Value::from(text == *other),
        ("equalsIgnoreCase", [other]) => Value::from(text.to_lowercase() == other.to_lowercase()),
        ("indexOf", [part]) => place(text.find(part)),
        ("lastIndexOf", [part]) => place(text.rfind(part)),
        ("concat", [other]) => cut(format!("{text}{other}")),
        ("substring", [from]) => Value::from(substring(text, from, None)?),
        ("substring", [from, to]) => Value::from(substring(text, from, Some(to))?),
        ("replace", [old, new]) => replaced(text, old, new)?,
        ("replaceAll", [old, new]) if is_plain(old) && !new.contains(['$', '\\']) => {
            replaced(text, old, new)?
        }
        ("split", [separator]) if is_plain(separator) => split(text, separator),
        _ => return None,
    };
    Some(result)
}

fn of_list(items: &[Value], method: &str, arguments: &[Found]) -> Option<Value> {
    match (method, arguments) {
        ("size", []) => Some(Value::from(items.len())),
        ("isEmpty", []) => Some(Value::from(items.is_empty())),
        ("get", [at]) => items.get(at.plain().parse::<usize>().ok()?).cloned(),
        ("contains", [one]) => {
            let one = one.plain();
            let mut plain = items.iter().map(|item| Found::Json(item.clone()).plain());
            Some(Value::from(plain.any(|item| item == one)))
        }
        _ => None,
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn substring(text: &str, from: &str, to: Option<&&str>) -> Option<String> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let from: usize = from.parse().ok()?;
    let to = to.map_or(Some(units.len()), |to| to.parse().ok())?;
    units.get(from..to).map(String::from_utf16_lossy)
}

fn replaced(text: &str, old: &str, new: &str) -> Option<Value> {
    let most = text.matches(old).count().checked_mul(new.len())?;
    (most <= MAX_OUTPUT).then(|| cut(text.replace(old, new)))
}

fn cut(mut text: String) -> Value {
    text.truncate(text.floor_char_boundary(MAX_OUTPUT));
    Value::from(text)
}

fn is_plain(pattern: &str) -> bool {
    !pattern.is_empty() && !pattern.contains(|one| SPECIAL.contains(one))
}

/// Java leaves out empty parts at the end.
fn split(text: &str, separator: &str) -> Value {
    let mut parts: Vec<&str> = text.split(separator).collect();
    while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    Value::from(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn gives(of: Value, method: &str, arguments: &[Value], result: Option<Value>) {
        let found: Vec<Found> = arguments.iter().cloned().map(Found::Json).collect();
        let got = super::result(&Found::Json(of.clone()), method, &found);
        assert_eq!(got, result, "{of}.{method}{arguments:?}");
    }

    /// As velocity-engine-core 2.3 renders them.
    #[test]
    fn texts_have_the_methods_of_java() {
        let text = || json!("a,b,c");
        gives(text(), "length", &[], Some(json!(5)));
        gives(text(), "substring", &[json!(1)], Some(json!(",b,c")));
        gives(
            text(),
            "substring",
            &[json!(0), json!(2)],
            Some(json!("a,")),
        );
        gives(text(), "substring", &[json!(99)], None);
        gives(text(), "indexOf", &[json!("b")], Some(json!(2)));
        gives(text(), "lastIndexOf", &[json!(";")], Some(json!(-1)));
        gives(
            text(),
            "replace",
            &[json!(","), json!(";")],
            Some(json!("a;b;c")),
        );
        gives(
            text(),
            "replaceAll",
            &[json!("b"), json!("z")],
            Some(json!("a,z,c")),
        );
        gives(text(), "replaceAll", &[json!("[ab]"), json!("z")], None);
        gives(text(), "concat", &[json!("!")], Some(json!("a,b,c!")));
        gives(
            text(),
            "equalsIgnoreCase",
            &[json!("A,B,C")],
            Some(json!(true)),
        );
        gives(text(), "nope", &[], None);
        gives(json!("\u{1f600}b"), "length", &[], Some(json!(3)));
        gives(
            json!("\u{1f600}b"),
            "indexOf",
            &[json!("b")],
            Some(json!(2)),
        );
    }

    #[test]
    fn a_text_is_split_into_a_list_without_empty_parts_at_its_end() {
        gives(
            json!("a,b,,"),
            "split",
            &[json!(",")],
            Some(json!(["a", "b"])),
        );
        gives(json!(""), "split", &[json!(",")], Some(json!([""])));
        gives(json!("a|b"), "split", &[json!("|")], None);
        let list = || json!(["a", 2]);
        gives(list(), "size", &[], Some(json!(2)));
        gives(list(), "get", &[json!(1)], Some(json!(2)));
        gives(list(), "get", &[json!(2)], None);
        gives(list(), "contains", &[json!("a")], Some(json!(true)));
        gives(json!(7), "size", &[], None);
    }
}
