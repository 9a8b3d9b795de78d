//! Where two contracts differ, in words for whoever wrote one of them.

use std::fmt::Write as _;

use serde_json::Value;

use super::normal_form;

/// How many differences are shown.
const MOST: usize = 5;
/// How many characters of a value are shown.
const LONGEST: usize = 120;

/// How the contract of the manifest differs from the published one, in normal form: at most five
/// differences, each with its place and both sides. Empty where the two are equal.
pub fn schema_differences(manifest: &Value, published: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(
        String::new(),
        Some(&normal_form(manifest)),
        Some(&normal_form(published)),
        &mut found,
    );
    let others = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    if others > 0 {
        found.push(format!("and {others} more"));
    }
    found
}

fn compare(
    at: String,
    manifest: Option<&Value>,
    published: Option<&Value>,
    found: &mut Vec<String>,
) {
    if manifest == published {
        return;
    }
    if let (Some(Value::Object(ours)), Some(Value::Object(theirs))) = (manifest, published) {
        for (name, value) in ours {
            compare(within(&at, name), Some(value), theirs.get(name), found);
        }
        for (name, value) in theirs.iter().filter(|(name, _)| !ours.contains_key(*name)) {
            compare(within(&at, name), None, Some(value), found);
        }
        return;
    }
    let at = if at.is_empty() {
        "the schema".to_owned()
    } else {
        format!("`{at}`")
    };
    found.push(format!(
        "{at} is {} in the manifest and {} in Genesys Cloud",
        shown(manifest),
        shown(published)
    ));
}

fn within(at: &str, name: &str) -> String {
    let plain = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'));
    let mut place = at.to_owned();
    // Writing to a `String` can't fail.
    let _ = match (plain, at.is_empty()) {
        (true, true) => write!(place, "{name}"),
        (true, false) => write!(place, ".{name}"),
        (false, _) => write!(place, "[{}]", Value::from(name)),
    };
    place
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "absent".to_owned();
    };
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
