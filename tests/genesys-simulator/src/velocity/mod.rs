//! The part of the Velocity template language that actions use.
//!
//! References: `$name`, `${name.path}`, the quiet forms `$!name` and `$!{name.path}`; methods of texts and lists;
//! `$math`, and the helpers of the help page "Velocity macros for data actions" that [`Helper`] lists; of
//! references, texts in quotes, literals, lists and ranges. Directives: `#if`, `#elseif`, `#else`, `#foreach`,
//! `#break`, `#end`, `#set` and `##` (Apache Velocity, User Guide). Everything else stands as it is, also a
//! reference to something that is not there, as Velocity does it; but what Velocity stops at with an error is
//! only not there.

mod condition;
mod math;
mod methods;
mod parse;
mod tools;

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::{Value, json};

use crate::velocity::condition::Condition;
use crate::velocity::parse::{Token, tokens};
use crate::velocity::tools::{Helper, SIGNS};

/// Bytes that a template becomes at most: the rest is cut, or a variable that doubles itself would fill the
/// memory. More than any request of a data action, less than Lambda takes (AWS Lambda developer guide, "Lambda
/// quotas": 6 MB).
const MAX_OUTPUT: usize = 1 << 20;
/// Rounds that the loops of a template make at most, all together.
const MAX_ROUNDS: usize = 10_000;
/// How deep loops may stand in each other; deeper ones are left out.
const MAX_LOOPS: usize = 16;
/// The variable that says where a loop is.
const LOOP: &str = "foreach";

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
        rounds: &Cell::new(MAX_ROUNDS),
        depth: 0,
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
    /// A method of `$math`.
    Math(&'t str, Vec<Expression<'t>>),
    /// A method of a value.
    Method(Box<Operand<'t>>, &'t str, Vec<Expression<'t>>),
}

/// A value in a directive or in the parentheses of a helper or a method.
#[derive(Debug)]
enum Expression<'t> {
    Reference(Reference<'t>),
    /// A text in double quotes, a template of its own.
    Template(&'t str),
    Literal(Value),
    List(Vec<Expression<'t>>),
    /// Whole numbers from the first to the last.
    Range(Box<Expression<'t>>, Box<Expression<'t>>),
}

/// What references may lead to.
struct Scope<'a> {
    look_up: &'a LookUp<'a>,
    /// By `#set`, and those of loops.
    variables: HashMap<String, Found>,
    /// Rounds of loops that are left.
    rounds: &'a Cell<usize>,
    /// Loops around what is being read.
    depth: usize,
}

/// An `#if` that was begun.
struct Open {
    /// One of its branches was taken.
    is_done: bool,
    /// The branch that is being read is taken, as are all around it.
    is_taken: bool,
}

/// Whether what follows is still read.
#[derive(Debug, PartialEq, Eq)]
enum Flow {
    On,
    /// A `#break` was met.
    Broken,
}

impl Scope<'_> {
    fn rendered(&mut self, template: &str) -> String {
        let tokens: Vec<_> = tokens(template).collect();
        let mut output = String::with_capacity(template.len());
        self.read(&tokens, &mut output);
        output
    }

    fn read(&mut self, tokens: &[(Token<'_>, &str)], output: &mut String) -> Flow {
        let mut open: Vec<Open> = Vec::new();
        let mut at = 0;
        while let Some((token, source)) = tokens.get(at) {
            at += 1;
            let is_live = open.last().is_none_or(|open| open.is_taken);
            match (token, open.last_mut()) {
                (Token::If(condition), _) => {
                    let is_taken = is_live && self.holds(condition);
                    open.push(Open {
                        is_done: is_taken || !is_live,
                        is_taken,
                    });
                }
                (Token::ElseIf(condition), Some(last)) => {
                    last.is_taken = !last.is_done && self.holds(condition);
                    last.is_done |= last.is_taken;
                }
                (Token::Else, Some(last)) => {
                    last.is_taken = !last.is_done;
                    last.is_done = true;
                }
                (Token::End, Some(_)) => {
                    open.pop();
                }
                (Token::ForEach(name, list), _) => {
                    let body = body(&tokens[at..]);
                    at += body.len() + 1;
                    if is_live {
                        self.repeat(name, list, body, output);
                    }
                }
                (Token::Break, _) if is_live => return Flow::Broken,
                (Token::Text, _) if is_live => add(output, source),
                (Token::Reference(reference), _) if is_live => {
                    add(output, &self.shown(reference));
                }
                (Token::Set(name, expression), _) if is_live => {
                    match self.value(expression) {
                        Some(found) => self.variables.insert((*name).to_owned(), found),
                        None => self.variables.remove(*name),
                    };
                }
                // Without an `#if` before them they are text.
                (Token::ElseIf(_) | Token::Else | Token::End, None) => add(output, source),
                (
                    Token::Comment
                    | Token::Text
                    | Token::Reference(_)
                    | Token::Set(..)
                    | Token::Break,
                    _,
                ) => {}
            }
        }
        Flow::On
    }

    /// Reads the body of a loop for each item. Afterwards its variable is what it was before.
    fn repeat(
        &mut self,
        name: &str,
        list: &Expression<'_>,
        body: &[(Token<'_>, &str)],
        output: &mut String,
    ) {
        let items = self.value(list).map(items).unwrap_or_default();
        if self.depth == MAX_LOOPS || items.is_empty() {
            return;
        }
        self.depth += 1;
        let outer = self.variables.remove(LOOP);
        let before = self.variables.remove(name);
        let last = items.len() - 1;
        for (index, item) in items.into_iter().enumerate() {
            let Some(left) = self.rounds.get().checked_sub(1) else {
                break;
            };
            self.rounds.set(left);
            self.variables.insert(name.to_owned(), Found::Json(item));
            let state = json!({
                "index": index, "count": index + 1, "hasNext": index < last,
                "first": index == 0, "last": index == last,
            });
            self.variables.insert(LOOP.to_owned(), Found::Json(state));
            if self.read(body, output) == Flow::Broken {
                break;
            }
        }
        self.restore(name, before);
        self.restore(LOOP, outer);
        self.depth -= 1;
    }

    fn restore(&mut self, name: &str, before: Option<Found>) {
        match before {
            Some(found) => self.variables.insert(name.to_owned(), found),
            None => self.variables.remove(name),
        };
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
                    rounds: self.rounds,
                    depth: self.depth,
                };
                Some(Found::Text(inner.rendered(template)))
            }
            Expression::Literal(value) => Some(Found::Json(value.clone())),
            Expression::List(expressions) => self.list(expressions),
            Expression::Range(first, last) => {
                let bound = |of: &Expression<'_>| self.value(of)?.plain().parse::<i64>().ok();
                let most = i64::try_from(MAX_ROUNDS).unwrap_or(i64::MAX);
                let (first, last) = (bound(first)?, bound(last)?);
                let last = last.min(first.saturating_add(most));
                Some(Found::Json((first..=last).map(Value::from).collect()))
            }
        }
    }

    /// A list in brackets; none where it would hold more than a whole output.
    fn list(&self, expressions: &[Expression<'_>]) -> Option<Found> {
        let mut room = MAX_OUTPUT;
        let mut items = Vec::new();
        for expression in expressions {
            let item = match self.value(expression) {
                Some(Found::Json(value)) => value,
                Some(Found::Text(text)) => Value::from(text),
                None => Value::Null,
            };
            room = room.checked_sub(item.to_string().len())?;
            items.push(item);
        }
        Some(Found::Json(Value::Array(items)))
    }

    fn referred(&self, reference: &Reference<'_>) -> Option<Found> {
        self.operand(&reference.operand)
    }

    /// Null counts as not there.
    fn operand(&self, operand: &Operand<'_>) -> Option<Found> {
        let found = match operand {
            Operand::Path(path) => self.found(path),
            Operand::Call(helper, arguments) => self.called(*helper, arguments),
            Operand::Math(method, arguments) => {
                math::computed(method, &self.given(arguments)?).map(Found::Json)
            }
            Operand::Method(of, method, arguments) => {
                let of = self.operand(of)?;
                methods::result(&of, method, &self.given(arguments)?).map(Found::Json)
            }
        };
        found.filter(|found| *found != Found::Json(Value::Null))
    }

    fn given(&self, arguments: &[Expression<'_>]) -> Option<Vec<Found>> {
        arguments
            .iter()
            .map(|argument| self.value(argument))
            .collect()
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
        let second = given.next().flatten().map(|found| found.plain());
        let mut text = helper.applied(&plain, second)?;
        text.truncate(text.floor_char_boundary(MAX_OUTPUT));
        Some(Found::Text(text))
    }

    fn holds(&self, condition: &Condition<'_>) -> bool {
        condition.holds(&|expression| self.value(expression))
    }
}

/// What stands before the `#end` of a loop; everything where there is none.
fn body<'b, 't>(tokens: &'b [(Token<'t>, &'t str)]) -> &'b [(Token<'t>, &'t str)] {
    let mut depth = 0_usize;
    for (at, (token, _)) in tokens.iter().enumerate() {
        match token {
            Token::If(_) | Token::ForEach(..) => depth += 1,
            Token::End if depth == 0 => return &tokens[..at],
            Token::End => depth -= 1,
            Token::Text
            | Token::Comment
            | Token::Reference(_)
            | Token::ElseIf(_)
            | Token::Else
            | Token::Break
            | Token::Set(..) => {}
        }
    }
    tokens
}

/// What a loop goes through: the items of a list, the values of an object, of anything else nothing.
fn items(found: Found) -> Vec<Value> {
    match found {
        Found::Json(Value::Array(items)) => items,
        Found::Json(Value::Object(fields)) => fields.into_iter().map(|(_, value)| value).collect(),
        Found::Text(_)
        | Found::Json(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Vec::new()
        }
    }
}

/// Adds as much of a text as an event may hold.
fn add(output: &mut String, text: &str) {
    let room = MAX_OUTPUT.saturating_sub(output.len());
    output.push_str(&text[..text.floor_char_boundary(room)]);
}

/// Follows a dotted path into a JSON value.
pub(crate) fn follow<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(value, |value, part| value.get(part))
}

#[cfg(test)]
mod tests;
