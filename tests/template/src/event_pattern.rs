//! Event patterns of Amazon EventBridge.
//!
//! Source: Amazon EventBridge User Guide, "Creating event patterns" and "Comparison operators for use in event
//! patterns". `numeric` and `cidr` are refused: no rule uses them.

use serde_json::{Map, Value};

/// Which events a rule takes.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPattern(Fields);

/// All of them must match, and one of each list of alternatives.
#[derive(Clone, Debug, PartialEq)]
struct Fields {
    named: Vec<(String, Node)>,
    alternatives: Vec<Fields>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Inner(Fields),
    /// One of them must match.
    Leaf(Vec<Comparison>),
}

#[derive(Clone, Debug, PartialEq)]
enum Comparison {
    Text(TextComparison),
    AnythingBut(Vec<Value>),
    AnythingButText(TextComparison),
    Exists(bool),
    /// A number, a truth value or null.
    Equals(Value),
}

#[derive(Clone, Debug, PartialEq)]
enum TextComparison {
    Equals(String),
    EqualsIgnoreCase(String),
    Prefix(String),
    PrefixIgnoreCase(String),
    Suffix(String),
    SuffixIgnoreCase(String),
    /// The parts between its asterisks.
    Wildcard(Vec<String>),
}

impl EventPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Where EventBridge would refuse it, or it has an operator that is not known here.
    pub fn of(pattern: &Value) -> Result<Self, String> {
        Fields::of(pattern).map(Self)
    }

    /// Whether a rule with this pattern takes the event.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.0.match_in(event)
    }
}

impl Fields {
    fn of(pattern: &Value) -> Result<Self, String> {
        let members = pattern
            .as_object()
            .filter(|members| !members.is_empty())
            .ok_or_else(|| format!("an event pattern: {pattern}"))?;
        let mut named = Vec::new();
        let mut alternatives = Vec::new();
        for (name, value) in members {
            if name == "$or" {
                alternatives = either(value)?;
            } else {
                named.push((name.clone(), Node::of(name, value)?));
            }
        }
        Ok(Self {
            named,
            alternatives,
        })
    }

    /// In a list of objects all fields must match in one of them, as in EventBridge's own engine
    /// (github.com/aws/event-ruler, README, array-consistent matching).
    fn match_in(&self, value: &Value) -> bool {
        match value {
            Value::Object(members) => self.match_members(members),
            Value::Array(elements) => elements.iter().any(|element| self.match_in(element)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }

    fn match_members(&self, members: &Map<String, Value>) -> bool {
        let named = self
            .named
            .iter()
            .all(|(name, node)| node.match_field(members.get(name)));
        let either = self.alternatives.is_empty()
            || self
                .alternatives
                .iter()
                .any(|fields| fields.match_members(members));
        named && either
    }

    /// Whether it matches where the field that holds these is absent: each may ask for absence only.
    fn match_absent(&self) -> bool {
        self.match_members(&Map::new())
    }
}

fn either(value: &Value) -> Result<Vec<Fields>, String> {
    let alternatives = value
        .as_array()
        .filter(|alternatives| alternatives.len() > 1)
        .ok_or_else(|| format!("$or takes a list of at least two: {value}"))?;
    alternatives.iter().map(Fields::of).collect()
}

impl Node {
    fn of(name: &str, value: &Value) -> Result<Self, String> {
        match value {
            Value::Object(_) => Fields::of(value).map(Self::Inner),
            Value::Array(values) if !values.is_empty() => {
                let comparisons = values.iter().map(Comparison::of);
                comparisons.collect::<Result<_, _>>().map(Self::Leaf)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(format!(
                "{name}: values stand in a list, at least one: {value}"
            )),
        }
    }

    fn match_field(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Inner(fields), Some(value)) => fields.match_in(value),
            (Self::Inner(fields), None) => fields.match_absent(),
            (Self::Leaf(comparisons), value) => {
                let leaves = leaves(value);
                comparisons
                    .iter()
                    .any(|comparison| comparison.holds(&leaves))
            }
        }
    }
}

/// The values that can be compared: of a list each, of an object none.
fn leaves(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(elements)) => elements.iter().flat_map(|one| leaves(Some(one))).collect(),
        Some(Value::Object(_)) | None => Vec::new(),
        Some(leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_))) => {
            vec![leaf]
        }
    }
}

impl Comparison {
    fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(Self::Text(TextComparison::Equals(text.clone()))),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Self::Equals(value.clone())),
            Value::Array(_) => Err(format!("a list in a list: {value}")),
            Value::Object(members) => {
                let (operator, operand) = only_member(members)?;
                Self::operator(operator, operand)
            }
        }
    }

    fn operator(operator: &str, operand: &Value) -> Result<Self, String> {
        match (operator, operand) {
            ("exists", Value::Bool(present)) => Ok(Self::Exists(*present)),
            ("anything-but", Value::Object(members)) => {
                let (operator, operand) = only_member(members)?;
                TextComparison::of(operator, operand).map(Self::AnythingButText)
            }
            ("anything-but", Value::Array(values)) if is_uniform(values) => {
                Ok(Self::AnythingBut(values.clone()))
            }
            ("anything-but", Value::String(_) | Value::Number(_)) => {
                Ok(Self::AnythingBut(vec![operand.clone()]))
            }
            _ => TextComparison::of(operator, operand).map(Self::Text),
        }
    }

    /// "If the value in the event is an array, then the event pattern matches if the intersection … is non-empty"
    /// (Amazon EventBridge User Guide, "Arrays in event patterns").
    fn holds(&self, leaves: &[&Value]) -> bool {
        match self {
            Self::Exists(present) => *present != leaves.is_empty(),
            Self::Equals(expected) => leaves.iter().any(|leaf| same(leaf, expected)),
            Self::Text(comparison) => leaves.iter().any(|leaf| comparison.holds(leaf)),
            Self::AnythingBut(excluded) => leaves
                .iter()
                .any(|leaf| !excluded.iter().any(|excluded| same(leaf, excluded))),
            Self::AnythingButText(comparison) => leaves.iter().any(|leaf| !comparison.holds(leaf)),
        }
    }
}

/// Texts are compared exactly, numbers by how they are written: 300 is not 300.0 ("Creating event patterns").
fn same(value: &Value, expected: &Value) -> bool {
    match (value, expected) {
        (Value::Number(value), Value::Number(expected)) => {
            value.to_string() == expected.to_string()
        }
        _ => value == expected,
    }
}

/// "Lists that contain only strings, or only numbers."
fn is_uniform(values: &[Value]) -> bool {
    let texts = values.iter().filter(|value| value.is_string()).count();
    let numbers = values.iter().filter(|value| value.is_number()).count();
    !values.is_empty() && (texts == values.len() || numbers == values.len())
}

fn only_member(members: &Map<String, Value>) -> Result<(&str, &Value), String> {
    let mut all = members.iter();
    match (all.next(), all.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        _ => Err(format!("one operator at a time: {members:?}")),
    }
}

impl TextComparison {
    fn of(operator: &str, operand: &Value) -> Result<Self, String> {
        let refused = || format!("the operator {operator} with {operand}");
        if let Value::Object(members) = operand {
            let (inner, text) = only_member(members)?;
            let text = text.as_str().ok_or_else(refused)?.to_lowercase();
            return match (operator, inner) {
                ("prefix", "equals-ignore-case") => Ok(Self::PrefixIgnoreCase(text)),
                ("suffix", "equals-ignore-case") => Ok(Self::SuffixIgnoreCase(text)),
                _ => Err(refused()),
            };
        }
        let text = operand.as_str().ok_or_else(refused)?;
        match operator {
            "prefix" => Ok(Self::Prefix(text.to_owned())),
            "suffix" => Ok(Self::Suffix(text.to_owned())),
            "equals-ignore-case" => Ok(Self::EqualsIgnoreCase(text.to_lowercase())),
            "wildcard" => parts(text).map(Self::Wildcard),
            _ => Err(refused()),
        }
    }

    fn holds(&self, value: &Value) -> bool {
        let Some(text) = value.as_str() else {
            return false;
        };
        match self {
            Self::Equals(expected) => text == expected,
            Self::EqualsIgnoreCase(expected) => text.to_lowercase() == *expected,
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::PrefixIgnoreCase(prefix) => text.to_lowercase().starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::SuffixIgnoreCase(suffix) => text.to_lowercase().ends_with(suffix),
            Self::Wildcard(parts) => is_like(parts, text),
        }
    }
}

/// The parts between asterisks; `\*` and `\\` are the characters themselves, and two asterisks do not follow each
/// other ("Wildcard matching").
fn parts(pattern: &str) -> Result<Vec<String>, String> {
    let mut parts = vec![String::new()];
    let mut characters = pattern.chars();
    let mut after_asterisk = false;
    while let Some(character) = characters.next() {
        let escaped = match character {
            '\\' => Some(characters.next().filter(|next| ['*', '\\'].contains(next))),
            _ => None,
        };
        let literal = match (character, escaped) {
            (_, Some(Some(literal))) => literal,
            (_, Some(None)) => return Err(format!("an escape in {pattern}")),
            ('*', None) if after_asterisk => return Err(format!("two asterisks in {pattern}")),
            ('*', None) => {
                parts.push(String::new());
                after_asterisk = true;
                continue;
            }
            (literal, None) => literal,
        };
        after_asterisk = false;
        if let Some(part) = parts.last_mut() {
            part.push(literal);
        }
    }
    Ok(parts)
}

fn is_like(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else {
        return parts.first().is_some_and(|only| only == text);
    };
    let Some(mut rest) = text
        .strip_prefix(first.as_str())
        .and_then(|rest| rest.strip_suffix(last.as_str()))
    else {
        return false;
    };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}
