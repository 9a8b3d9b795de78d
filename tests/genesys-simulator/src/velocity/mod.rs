//! The part of the Velocity template language that actions use.
//!
//! References: `$name`, `${name.path}`, the quiet forms `$!name` and `$!{name.path}`, and the helpers of the
//! help page "Velocity macros for data actions" that [`Helper`] lists, of references, texts in quotes and
//! literals. Directives: `#if`, `#elseif`, `#else`, `#end`, `#set` and `##`. Everything else stands as it is,
//! also a reference to something that is not there, as Velocity does it.

mod condition;
mod parse;

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::form_urlencoded;

use crate::velocity::condition::Condition;
use crate::velocity::parse::{Token, tokens};

/// Bytes that a template becomes at most: the rest is cut, or a variable that doubles itself would fill the
/// memory. More than any request of a data action, less than Lambda takes (AWS Lambda developer guide, "Lambda
/// quotas": 6 MB).
const MAX_OUTPUT: usize = 1 << 20;

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

/// Answers a dotted path.
type LookUp<'a> = dyn Fn(&str) -> Option<Found> + 'a;

/// Renders a template.
pub(crate) fn render(template: &str, look_up: &LookUp<'_>) -> String {
    Scope {
        look_up,
        variables: HashMap::new(),
    }
    .rendered(template)
}

/// A reference, from its dollar sign on.
#[derive(Debug)]
struct Reference<'t> {
    source: &'t str,
    is_quiet: bool,
    operand: Operand<'t>,
}

#[derive(Debug)]
enum Operand<'t> {
    Path(&'t str),
    Call(Helper, Vec<Expression<'t>>),
}

/// A value in a directive or in the parentheses of a helper.
#[derive(Debug)]
enum Expression<'t> {
    Reference(Reference<'t>),
    /// A text in double quotes, a template of its own.
    Template(&'t str),
    Literal(Value),
}

/// What is done to the arguments before the result is put in.
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
    /// The first item of an array, as JSON; where there is none, the second argument.
    First,
}

const HELPERS: &[(&str, Helper)] = &[
    ("esc.jsonEncode", Helper::Encode),
    ("esc.jsonString", Helper::Quote),
    ("esc.urlFormEncode", Helper::Form),
    ("esc.url", Helper::Form),
    ("esc.uriEncode", Helper::Uri),
    ("encoding.base64", Helper::Base64),
    ("successTemplateUtils.firstFromArray", Helper::First),
];

/// Signs that a template cannot hold as they are (EscapeTool of Velocity).
const SIGNS: &[(&str, &str)] = &[
    ("esc.quote", "\""),
    ("esc.singleQuote", "'"),
    ("esc.dollar", "$"),
    ("esc.hash", "#"),
    ("esc.backslash", "\\"),
    ("esc.newline", "\n"),
];

/// What references may lead to.
struct Scope<'a> {
    look_up: &'a LookUp<'a>,
    /// By `#set`.
    variables: HashMap<String, Found>,
}

/// An `#if` that was begun.
struct Open {
    /// One of its branches was taken.
    is_done: bool,
    /// The branch that is being read is taken, as are all around it.
    is_taken: bool,
}

impl Scope<'_> {
    fn rendered(&mut self, template: &str) -> String {
        let mut output = String::with_capacity(template.len());
        let mut open: Vec<Open> = Vec::new();
        for (token, source) in tokens(template) {
            let is_live = open.last().is_none_or(|open| open.is_taken);
            match (token, open.last_mut()) {
                (Token::If(condition), _) => {
                    let is_taken = is_live && self.holds(&condition);
                    open.push(Open {
                        is_done: is_taken || !is_live,
                        is_taken,
                    });
                }
                (Token::ElseIf(condition), Some(last)) => {
                    last.is_taken = !last.is_done && self.holds(&condition);
                    last.is_done |= last.is_taken;
                }
                (Token::Else, Some(last)) => {
                    last.is_taken = !last.is_done;
                    last.is_done = true;
                }
                (Token::End, Some(_)) => {
                    open.pop();
                }
                (Token::Text, _) if is_live => add(&mut output, source),
                (Token::Reference(reference), _) if is_live => {
                    add(&mut output, &self.shown(&reference));
                }
                (Token::Set(name, expression), _) if is_live => {
                    match self.value(&expression) {
                        Some(found) => self.variables.insert(name.to_owned(), found),
                        None => self.variables.remove(name),
                    };
                }
                // Without an `#if` before them they are text.
                (Token::ElseIf(_) | Token::Else | Token::End, None) => add(&mut output, source),
                (Token::Comment | Token::Text | Token::Reference(_) | Token::Set(..), _) => {}
            }
        }
        output
    }

    fn shown(&self, reference: &Reference<'_>) -> String {
        match (self.referred(reference), reference.is_quiet) {
            (Some(found), _) => found.plain(),
            (None, true) => String::new(),
            (None, false) => reference.source.to_owned(),
        }
    }

    fn value(&self, expression: &Expression<'_>) -> Option<Found> {
        match expression {
            Expression::Reference(reference) => self.referred(reference),
            Expression::Template(template) => {
                let mut inner = Scope {
                    look_up: self.look_up,
                    variables: self.variables.clone(),
                };
                Some(Found::Text(inner.rendered(template)))
            }
            Expression::Literal(value) => Some(Found::Json(value.clone())),
        }
    }

    fn referred(&self, reference: &Reference<'_>) -> Option<Found> {
        let found = match &reference.operand {
            Operand::Path(path) => self.found(path),
            Operand::Call(helper, arguments) => self.called(*helper, arguments),
        };
        // Null counts as not there.
        found.filter(|found| *found != Found::Json(Value::Null))
    }

    fn found(&self, path: &str) -> Option<Found> {
        let (name, rest) = match path.split_once('.') {
            Some((name, rest)) => (name, Some(rest)),
            None => (path, None),
        };
        if let Some(variable) = self.variables.get(name) {
            return match (variable, rest) {
                (variable, None) => Some(variable.clone()),
                (Found::Json(value), Some(rest)) => follow(value, rest).cloned().map(Found::Json),
                (Found::Text(_), Some(_)) => None,
            };
        }
        let sign = SIGNS.iter().find(|(known, _)| *known == path);
        match sign {
            Some((_, sign)) => Some(Found::Text((*sign).to_owned())),
            None => (self.look_up)(path),
        }
    }

    fn called(&self, helper: Helper, arguments: &[Expression<'_>]) -> Option<Found> {
        let mut given = arguments.iter().map(|argument| self.value(argument));
        let plain = given.next()??.plain();
        let form = || form_urlencoded::byte_serialize(plain.as_bytes()).collect::<String>();
        let quoted = || Value::String(plain.clone()).to_string();
        let mut text = match helper {
            Helper::Quote => quoted(),
            Helper::Encode => {
                let quoted = quoted();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Helper::Form => form(),
            Helper::Uri => form().replace('+', "%20"),
            Helper::Base64 => STANDARD.encode(plain),
            Helper::First => match first(&plain) {
                Some(item) => item.to_string(),
                None => given.next()??.plain(),
            },
        };
        text.truncate(text.floor_char_boundary(MAX_OUTPUT));
        Some(Found::Text(text))
    }

    fn holds(&self, condition: &Condition<'_>) -> bool {
        condition.holds(&|expression| self.value(expression))
    }
}

/// Adds as much of a text as an event may hold.
fn add(output: &mut String, text: &str) {
    let room = MAX_OUTPUT.saturating_sub(output.len());
    output.push_str(&text[..text.floor_char_boundary(room)]);
}

fn first(array: &str) -> Option<Value> {
    let Value::Array(items) = serde_json::from_str(array).ok()? else {
        return None;
    };
    items.into_iter().next()
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
        let input = json!({
            "name": "a \"b\"", "n": 3, "deep": {"x": true}, "rawRequest": "RAW", "nothing": null,
            "list": "[{\"a\":1},2]", "empty": "[]"
        });
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
        assert_eq!(
            rendered("${input.nothing}|$!{input.nothing}"),
            "${input.nothing}|"
        );
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
    fn the_first_of_an_array_is_put_in_as_json_and_a_helper_takes_what_another_gives() {
        let first = "successTemplateUtils.firstFromArray";
        assert_eq!(
            rendered(&format!("${{{first}(${{input.list}})}}")),
            r#"{"a":1}"#
        );
        assert_eq!(
            rendered(&format!(
                "$esc.jsonEncode(${{{first}(\"${{input.list}}\")}})"
            )),
            r#"{\"a\":1}"#
        );
        assert_eq!(
            rendered(&format!("${first}($input.empty, \"$esc.quote$esc.quote\")")),
            "\"\""
        );
        let without = format!("${{{first}($input.empty)}}");
        assert_eq!(rendered(&without), without);
    }

    #[test]
    fn conditions_choose_a_branch() {
        let optional = "{#if(\"$!{input.n}\" != \"\")\"n\": ${input.n}#end}";
        assert_eq!(rendered(optional), "{\"n\": 3}");
        assert_eq!(rendered(&optional.replace("input.n", "input.z")), "{}");
        let chain = "#if($input.n == 1)one#elseif ($input.n > 2 && !$input.z)many#{else}none#end.";
        assert_eq!(rendered(chain), "many.");
        assert_eq!(rendered(&chain.replace("input.n", "input.z")), "none.");
        assert_eq!(
            rendered("#if($input.z)#if(true)a#else b#end#else#if(1 == 1.0)c#{end}#end"),
            "c"
        );
        assert_eq!(
            rendered("#if(($input.n eq '3' or false) and not $input.nothing)yes#end"),
            "yes"
        );
    }

    #[test]
    fn variables_are_set_and_comments_go() {
        assert_eq!(
            rendered("#set($x = \"<${input.n}>\")$x#set( $y = $input.deep )${y.x}## gone\n!"),
            "<3>true!"
        );
        assert_eq!(rendered("#set($x = $input.none)$x"), "$x");
    }

    #[test]
    fn what_is_no_reference_or_leads_nowhere_stands_as_it_is() {
        for template in [
            "costs $5 and $",
            "${input.none}",
            "$other.thing",
            "${unclosed",
            "$encoding.base64(\"open)",
            "{\"arn:aws\": \"$\u{00e4}\"}",
            "#1 #end #endpoint #else #iffy(x) #if( #if(&&)",
            "$input.name.replace('a','b')",
        ] {
            assert_eq!(rendered(template), template);
        }
    }

    #[test]
    fn what_grows_with_each_step_is_cut_at_the_largest_event() {
        let doubling = "#set($x = \"é$x$x\")$x".repeat(64);
        assert!(rendered(&doubling).len() <= MAX_OUTPUT);
        let escaping = format!("#set($x = \"%\"){}$x", "#set($x = $esc.url($x))".repeat(64));
        assert!(rendered(&escaping).len() <= MAX_OUTPUT);
    }

    #[test]
    fn depth_is_no_danger() {
        let nested = "$esc.url(".repeat(20_000);
        assert_eq!(rendered(&nested), nested);
        let conditions = "#if(true)".repeat(20_000);
        assert_eq!(rendered(&conditions), "");
        let parentheses = format!("#if({}", "(".repeat(20_000));
        assert_eq!(rendered(&parentheses), parentheses);
    }
}
