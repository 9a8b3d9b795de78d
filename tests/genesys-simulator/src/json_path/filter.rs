//! Filters: which items a path takes.

use serde_json::Value;

use crate::compare::{Comparison, compared};
use crate::json_path::JsonPath;
use crate::json_path::parse::{quoted, steps};

/// What must hold of an item.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Compared(Operand, Comparison, Operand),
    /// A path that leads somewhere.
    Exists(Operand),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// A path from the item.
    Item(JsonPath),
    /// A path from the document.
    Root(JsonPath),
    Literal(Value),
}

impl Filter {
    /// The filter at the start of a text, and what follows it.
    pub(super) fn parse(text: &str) -> Option<(Self, &str)> {
        let (first, mut text) = Self::all(text)?;
        let mut alternatives = vec![first];
        while let Some(after) = text.trim_start().strip_prefix("||") {
            let (next, rest) = Self::all(after)?;
            alternatives.push(next);
            text = rest;
        }
        Some((single(alternatives, Self::Any), text))
    }

    fn all(text: &str) -> Option<(Self, &str)> {
        let (first, mut text) = Self::one(text)?;
        let mut parts = vec![first];
        while let Some(after) = text.trim_start().strip_prefix("&&") {
            let (next, rest) = Self::one(after)?;
            parts.push(next);
            text = rest;
        }
        Some((single(parts, Self::All), text))
    }

    fn one(text: &str) -> Option<(Self, &str)> {
        let text = text.trim_start();
        if let Some(after) = text.strip_prefix('!') {
            let (inner, rest) = Self::one(after)?;
            return Some((Self::Not(Box::new(inner)), rest));
        }
        if let Some(after) = text.strip_prefix('(') {
            let (inner, rest) = Self::parse(after)?;
            return Some((inner, rest.trim_start().strip_prefix(')')?));
        }
        let (left, rest) = Operand::parse(text)?;
        match Comparison::parse(rest.trim_start()) {
            Some((comparison, rest)) => {
                let (right, rest) = Operand::parse(rest.trim_start())?;
                Some((Self::Compared(left, comparison, right), rest))
            }
            None => Some((Self::Exists(left), rest)),
        }
    }

    pub(super) fn takes(&self, item: &Value, root: &Value) -> bool {
        match self {
            Self::Any(filters) => filters.iter().any(|filter| filter.takes(item, root)),
            Self::All(filters) => filters.iter().all(|filter| filter.takes(item, root)),
            Self::Not(filter) => !filter.takes(item, root),
            Self::Exists(operand) => operand.value(item, root).is_some(),
            Self::Compared(left, comparison, right) => {
                match (left.value(item, root), right.value(item, root)) {
                    (Some(left), Some(right)) => compared(left, *comparison, right),
                    // What is not there differs from everything.
                    (None, _) | (_, None) => *comparison == Comparison::NotEqual,
                }
            }
        }
    }
}

fn single(mut filters: Vec<Filter>, several: fn(Vec<Filter>) -> Filter) -> Filter {
    match (filters.len(), filters.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            filters.extend(last);
            several(filters)
        }
    }
}

impl Operand {
    fn parse(text: &str) -> Option<(Self, &str)> {
        if let Some(after) = text.strip_prefix('@') {
            let (steps, rest) = steps(after)?;
            return Some((Self::Item(JsonPath::of(steps)), rest));
        }
        if let Some(after) = text.strip_prefix('$') {
            let (steps, rest) = steps(after)?;
            return Some((Self::Root(JsonPath::of(steps)), rest));
        }
        if text.starts_with(['\'', '"']) {
            let (plain, rest) = quoted(text)?;
            return Some((Self::Literal(Value::from(plain)), rest));
        }
        let end = text
            .find(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | '+')))
            .unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let value: Value = serde_json::from_str(word).ok()?;
        Some((Self::Literal(value), rest))
    }

    fn value<'v>(&'v self, item: &'v Value, root: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Item(path) => path.all(item, root).first().copied(),
            Self::Root(path) => path.all(root, root).first().copied(),
        }
    }
}
