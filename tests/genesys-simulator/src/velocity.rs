//! The part of the Velocity template language that actions use.
//!
//! References only: `$name`, `${name.path}`, the quiet forms `$!name` and `$!{name.path}`, and the helpers
//! `$esc.jsonEncode(...)`, `$esc.jsonString(...)`, `$esc.url(...)`, `$esc.urlFormEncode(...)`,
//! `$esc.uriEncode(...)` and `$encoding.base64(...)` of a reference or of a text in quotes that may hold
//! references (help page on Velocity macros). Everything else stands as it is, also a reference to something
//! that is not there, as Velocity does it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::form_urlencoded;

/// What a reference leads to: text put in as it is, or a JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    Text(String),
    Json(Value),
}

impl Found {
    /// As it is put into the output: strings bare, everything else as JSON.
    fn plain(&self) -> String {
        match self {
            Self::Text(text) | Self::Json(Value::String(text)) => text.clone(),
            Self::Json(value) => value.to_string(),
        }
    }
}

/// Renders a template; `look_up` answers a dotted path.
pub(crate) fn render(template: &str, look_up: &dyn Fn(&str) -> Option<Found>) -> String {
    let mut output = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        output.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(reference) = Reference::at_start(rest) else {
            output.push('$');
            rest = &rest[1..];
            continue;
        };
        match (reference.value(look_up), reference.is_quiet) {
            (Some(text), _) => output.push_str(&text),
            (None, true) => {}
            (None, false) => output.push_str(&rest[..reference.length]),
        }
        rest = &rest[reference.length..];
    }
    output.push_str(rest);
    output
}

/// A reference at the start of a text.
struct Reference<'a> {
    argument: Argument<'a>,
    is_quiet: bool,
    helper: Option<Helper>,
    /// How many bytes of the template it takes.
    length: usize,
}

/// What is put in.
#[derive(Debug, Clone, Copy)]
enum Argument<'a> {
    Path(&'a str),
    /// A text in quotes, a template of its own.
    Quoted(&'a str),
}

/// What is done to the value before it is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Helper {
    /// Escaped for the inside of a JSON string.
    Encode,
    /// A whole JSON string with its quotes.
    Quote,
    /// For a query or a form: a blank becomes a plus.
    Form,
    /// For a path: a blank becomes `%20`.
    Uri,
    Base64,
}

const HELPERS: &[(&str, Helper)] = &[
    ("esc.jsonEncode(", Helper::Encode),
    ("esc.jsonString(", Helper::Quote),
    ("esc.urlFormEncode(", Helper::Form),
    ("esc.url(", Helper::Form),
    ("esc.uriEncode(", Helper::Uri),
    ("encoding.base64(", Helper::Base64),
];

impl<'a> Reference<'a> {
    fn at_start(text: &'a str) -> Option<Self> {
        let after = text.strip_prefix('$')?;
        let (is_quiet, after) = match after.strip_prefix('!') {
            Some(after) => (true, after),
            None => (false, after),
        };
        let (is_braced, after) = match after.strip_prefix('{') {
            Some(after) => (true, after),
            None => (false, after),
        };
        let (helper, argument, after) = Self::body(after)?;
        let after = if is_braced {
            after.strip_prefix('}')?
        } else {
            after
        };
        Some(Self {
            argument,
            is_quiet,
            helper,
            length: text.len() - after.len(),
        })
    }

    fn body(text: &'a str) -> Option<(Option<Helper>, Argument<'a>, &'a str)> {
        for (start, helper) in HELPERS {
            let Some(argument) = text.strip_prefix(start) else {
                continue;
            };
            if let Some(quoted) = argument.strip_prefix('"') {
                let (quoted, after) = quoted.split_once('"')?;
                let after = after.strip_prefix(')')?;
                return Some((Some(*helper), Argument::Quoted(quoted), after));
            }
            let inner = Self::at_start(argument)?;
            let after = argument[inner.length..].strip_prefix(')')?;
            // A helper inside a helper is not part of this subset.
            return inner
                .helper
                .is_none()
                .then_some((Some(*helper), inner.argument, after));
        }
        let length = path_length(text);
        (length > 0).then(|| (None, Argument::Path(&text[..length]), &text[length..]))
    }

    fn value(&self, look_up: &dyn Fn(&str) -> Option<Found>) -> Option<String> {
        let plain = match self.argument {
            Argument::Path(path) => look_up(path)?.plain(),
            Argument::Quoted(template) => render(template, look_up),
        };
        let form = || form_urlencoded::byte_serialize(plain.as_bytes()).collect::<String>();
        let quoted = || Value::String(plain.clone()).to_string();
        Some(match self.helper {
            None => plain,
            Some(Helper::Quote) => quoted(),
            Some(Helper::Encode) => {
                let quoted = quoted();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Some(Helper::Form) => form(),
            Some(Helper::Uri) => form().replace('+', "%20"),
            Some(Helper::Base64) => STANDARD.encode(plain),
        })
    }
}

/// Bytes of a dotted path at the start of a text: it begins with a letter and does not end with a dot.
fn path_length(text: &str) -> usize {
    let mut length = 0;
    let mut starts_part = true;
    for (at, character) in text.char_indices() {
        match character {
            'a'..='z' | 'A'..='Z' | '_' => {
                starts_part = false;
                length = at + 1;
            }
            '0'..='9' | '-' if !starts_part => length = at + 1,
            '.' if !starts_part => starts_part = true,
            _ => break,
        }
    }
    length
}

/// Follows a dotted path into a JSON value.
pub(crate) fn follow<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(value, |value, part| value.get(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(template: &str) -> String {
        let input = json!({"name": "a \"b\"", "n": 3, "deep": {"x": true}, "rawRequest": "RAW"});
        render(template, &|path| {
            let path = path.strip_prefix("input.")?;
            follow(&input, path).cloned().map(Found::Json)
        })
    }

    #[test]
    fn references_are_replaced_in_all_their_forms() {
        assert_eq!(rendered("${input.rawRequest}"), "RAW");
        assert_eq!(rendered("<$input.n> ${input.deep.x}."), "<3> true.");
        assert_eq!(rendered("$!{input.none}|$!input.n"), "|3");
        assert_eq!(rendered("${input.deep}"), r#"{"x":true}"#);
    }

    #[test]
    fn the_json_helpers_escape_with_and_without_quotes() {
        assert_eq!(
            rendered(r#""$esc.jsonEncode($input.name)""#),
            r#""a \"b\"""#
        );
        assert_eq!(rendered("${esc.jsonString(${input.name})}"), r#""a \"b\"""#);
    }

    #[test]
    fn urls_and_base64_take_references_and_texts_in_quotes() {
        assert_eq!(rendered("$esc.url($input.name)"), "a+%22b%22");
        assert_eq!(
            rendered("$esc.uriEncode(\"${input.n} ${input.n}\")"),
            "3%203"
        );
        assert_eq!(
            rendered("Basic $encoding.base64(\"${input.n}:${input.rawRequest}\")!"),
            "Basic MzpSQVc=!"
        );
    }

    #[test]
    fn what_is_no_reference_or_leads_nowhere_stands_as_it_is() {
        for template in [
            "costs $5 and $",
            "${input.none}",
            "$other.thing",
            "${unclosed",
            "$esc.jsonEncode(1)",
            "$encoding.base64(\"open)",
            "{\"arn:aws\": \"$\u{00e4}\"}",
        ] {
            assert_eq!(rendered(template), template);
        }
    }
}
