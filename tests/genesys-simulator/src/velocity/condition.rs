//! The conditions of `#if` and `#elseif`.

use serde_json::Value;

use crate::compare::{Comparison, compared};
use crate::velocity::parse::expression;
use crate::velocity::{Expression, Found};

/// A condition.
#[derive(Debug)]
pub(super) enum Condition<'t> {
    Any(Vec<Condition<'t>>),
    All(Vec<Condition<'t>>),
    Not(Box<Condition<'t>>),
    Compared(Expression<'t>, Comparison, Expression<'t>),
    /// A value that is there, and is not false.
    True(Expression<'t>),
}

/// Velocity's other spellings of comparisons.
const WORDS: &[(&str, Comparison)] = &[
    ("eq", Comparison::Equal),
    ("ne", Comparison::NotEqual),
    ("lt", Comparison::Less),
    ("le", Comparison::AtMost),
    ("gt", Comparison::Greater),
    ("ge", Comparison::AtLeast),
];

impl<'t> Condition<'t> {
    /// The condition at the start of a text, and what follows it.
    pub(super) fn parse(text: &'t str, depth: usize) -> Option<(Self, &'t str)> {
        let (first, mut text) = Self::all(text, depth)?;
        let mut alternatives = vec![first];
        while let Some(after) = sign(text, "||", "or") {
            let (next, rest) = Self::all(after, depth)?;
            alternatives.push(next);
            text = rest;
        }
        Some((Self::Any(alternatives), text))
    }

    fn all(text: &'t str, depth: usize) -> Option<(Self, &'t str)> {
        let (first, mut text) = Self::one(text, depth)?;
        let mut parts = vec![first];
        while let Some(after) = sign(text, "&&", "and") {
            let (next, rest) = Self::one(after, depth)?;
            parts.push(next);
            text = rest;
        }
        Some((Self::All(parts), text))
    }

    fn one(text: &'t str, depth: usize) -> Option<(Self, &'t str)> {
        let depth = depth.checked_sub(1)?;
        if let Some(after) = sign(text, "!", "not") {
            let (inner, rest) = Self::one(after, depth)?;
            return Some((Self::Not(Box::new(inner)), rest));
        }
        if let Some(after) = text.trim_start().strip_prefix('(') {
            let (inner, rest) = Self::parse(after, depth)?;
            return Some((inner, rest.trim_start().strip_prefix(')')?));
        }
        let (left, rest) = expression(text, depth)?;
        match comparison(rest.trim_start()) {
            Some((comparison, rest)) => {
                let (right, rest) = expression(rest, depth)?;
                Some((Self::Compared(left, comparison, right), rest))
            }
            None => Some((Self::True(left), rest)),
        }
    }

    pub(super) fn holds(&self, value: &dyn Fn(&Expression<'t>) -> Option<Found>) -> bool {
        match self {
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(value)),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(value)),
            Self::Not(condition) => !condition.holds(value),
            Self::True(expression) => {
                value(expression).is_some_and(|found| found != Found::Json(Value::Bool(false)))
            }
            Self::Compared(left, comparison, right) => {
                are(value(left).as_ref(), *comparison, value(right).as_ref())
            }
        }
    }
}

/// Numbers are compared by value, everything else as it would be put in.
fn are(left: Option<&Found>, comparison: Comparison, right: Option<&Found>) -> bool {
    match (left, right) {
        (
            Some(Found::Json(left @ Value::Number(_))),
            Some(Found::Json(right @ Value::Number(_))),
        ) => compared(left, comparison, right),
        (Some(left), Some(right)) => compared(
            &Value::String(left.plain()),
            comparison,
            &Value::String(right.plain()),
        ),
        (None, None) => compared(&Value::Null, comparison, &Value::Null),
        (None, Some(_)) | (Some(_), None) => comparison == Comparison::NotEqual,
    }
}

/// What follows a sign, or the word for it.
fn sign<'t>(text: &'t str, sign: &str, word: &str) -> Option<&'t str> {
    let text = text.trim_start();
    text.strip_prefix(sign).or_else(|| whole_word(text, word))
}

fn whole_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    text.strip_prefix(word)
        .filter(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
}

fn comparison(text: &str) -> Option<(Comparison, &str)> {
    Comparison::parse(text).or_else(|| {
        WORDS
            .iter()
            .find_map(|(word, comparison)| Some((*comparison, whole_word(text, word)?)))
    })
}
