//! The macros of the help page "Velocity macros for data actions" that are no math and no method of a text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::form_urlencoded;

/// What is done to the arguments before the result is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Helper {
    /// Escaped for the inside of a JSON string.
    Encode,
    /// A whole JSON string with its quotes.
    Quote,
    /// For a query or a form: a blank becomes a plus.
    Form,
    /// For a path: a blank becomes `%20`.
    Uri,
    Base64,
    /// The first item of an array, as JSON; where there is none, the second argument.
    First,
}

pub(super) const HELPERS: &[(&str, Helper)] = &[
    ("esc.jsonEncode", Helper::Encode),
    ("esc.jsonString", Helper::Quote),
    ("esc.urlFormEncode", Helper::Form),
    ("esc.url", Helper::Form),
    ("esc.uriEncode", Helper::Uri),
    ("encoding.base64", Helper::Base64),
    ("successTemplateUtils.firstFromArray", Helper::First),
];

/// Signs that a template cannot hold as they are (EscapeTool of Velocity).
pub(super) const SIGNS: &[(&str, &str)] = &[
    ("esc.quote", "\""),
    ("esc.singleQuote", "'"),
    ("esc.dollar", "$"),
    ("esc.hash", "#"),
    ("esc.backslash", "\\"),
    ("esc.newline", "\n"),
];

impl Helper {
    /// What becomes of the first argument; `second` is the other one, where there is any.
    pub(super) fn applied(self, plain: &str, second: Option<String>) -> Option<String> {
        let form = || form_urlencoded::byte_serialize(plain.as_bytes()).collect::<String>();
        let quoted = || Value::from(plain).to_string();
        match self {
            Self::Quote => Some(quoted()),
            Self::Encode => {
                let quoted = quoted();
                Some(quoted[1..quoted.len() - 1].to_owned())
            }
            Self::Form => Some(form()),
            Self::Uri => Some(form().replace('+', "%20")),
            Self::Base64 => Some(STANDARD.encode(plain)),
            Self::First => first(plain).map(|item| item.to_string()).or(second),
        }
    }
}

fn first(array: &str) -> Option<Value> {
    let Value::Array(items) = serde_json::from_str(array).ok()? else {
        return None;
    };
    items.into_iter().next()
}
