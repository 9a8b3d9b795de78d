//! YAML with its lines: the manifest's text as a tree of values with their places.
//!
//! The parser's events are read one by one, so that nothing here recurses on what a stranger
//! wrote. What makes YAML surprising is refused: repeated keys, anchors and aliases, tags, several
//! documents.

mod build;

use std::collections::BTreeSet;

use saphyr_parser::Parser;
use serde_json::{Map, Value};

use self::build::Builder;
use super::place::{Place, Step};
use crate::problem::Problem;

/// A value and the line on which it begins.
#[derive(Debug)]
pub(super) struct Node {
    /// Counted from 1.
    line: u32,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Scalar(Value),
    /// Something was written here that we refused; the problem is already noted.
    Refused,
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Debug)]
struct Entry {
    key: String,
    /// Of the key, which is where people look.
    line: u32,
    node: Node,
}

/// The document, and what was wrong with it as YAML.
#[derive(Debug)]
pub(super) struct Tree {
    root: Node,
    /// Places whose value was refused while the tree was built.
    refused: BTreeSet<Place>,
}

impl Tree {
    /// Reads a text. Problems that leave a tree to go on with are added to `problems`; the others
    /// are the error.
    pub(super) fn parse(text: &str, problems: &mut Vec<Problem>) -> Result<Self, Problem> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Builder::new(problems, text).run(Parser::new_from_str(text))
    }

    /// The document as JSON. Refused values are null.
    pub(super) fn to_value(&self) -> Value {
        self.root.to_value()
    }

    /// Whether a value was refused at the place or around it.
    pub(super) fn is_refused(&self, place: &Place) -> bool {
        !self.refused.is_empty()
            && place
                .and_around()
                .any(|place| self.refused.contains(&place))
    }

    /// The places whose values were refused.
    pub(super) fn refused(&self) -> &BTreeSet<Place> {
        &self.refused
    }

    /// The line of a place, or of what is nearest around it.
    pub(super) fn line(&self, place: &Place) -> u32 {
        let mut node = &self.root;
        let mut line = node.line;
        for step in place.steps() {
            match (step, &node.data) {
                (Step::Key(key), Data::Mapping(entries)) => {
                    let Some(entry) = entries.iter().find(|entry| entry.key == *key) else {
                        break;
                    };
                    (node, line) = (&entry.node, entry.line);
                }
                (Step::Index(index), Data::Sequence(nodes)) => {
                    let Some(element) = nodes.get(*index) else {
                        break;
                    };
                    (node, line) = (element, element.line);
                }
                (
                    Step::Key(_) | Step::Index(_),
                    Data::Scalar(_) | Data::Refused | Data::Sequence(_) | Data::Mapping(_),
                ) => break,
            }
        }
        line
    }
}

impl Node {
    fn to_value(&self) -> Value {
        match &self.data {
            Data::Scalar(value) => value.clone(),
            Data::Refused => Value::Null,
            Data::Sequence(nodes) => nodes.iter().map(Self::to_value).collect(),
            Data::Mapping(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.node.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// A text as a message may show it.
pub(super) fn cut(text: &str) -> String {
    const MOST: usize = 80;
    let mut cut: String = text.chars().take(MOST).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
