//! Builds the tree from the parser's events.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};
use serde_json::Value;

use super::cut;
use super::{Data, Entry, Node, Tree};
use crate::manifest::place::{Place, Step};
use crate::manifest::scalar::plain;
use crate::problem::{MAX_PROBLEMS, Problem};

/// How deep values may nest. A contract that needs more cannot be read by people either.
const MAX_DEPTH: usize = 64;

/// A container whose end has not been read.
enum Open {
    Sequence {
        line: u32,
        nodes: Vec<Node>,
    },
    Mapping {
        line: u32,
        entries: Vec<Entry>,
        /// The line of each key in `entries`, so that a repeated key costs no search.
        seen: BTreeMap<String, u32>,
        key: Option<(String, u32)>,
    },
}

pub(super) struct Builder<'p> {
    problems: &'p mut Vec<Problem>,
    refused: BTreeSet<Place>,
    open: Vec<Open>,
    root: Option<Node>,
    /// The parser sees the end of the text one line below this one.
    last_line: usize,
}

impl<'p> Builder<'p> {
    pub(super) fn new(problems: &'p mut Vec<Problem>, text: &str) -> Self {
        Self {
            last_line: text.split(['\n', '\r']).count(),
            problems,
            refused: BTreeSet::new(),
            open: Vec::new(),
            root: None,
        }
    }

    fn line_of(&self, mark: &Marker) -> u32 {
        let line = mark.line().clamp(1, self.last_line);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    fn not_yaml(&self, error: &ScanError) -> Problem {
        let column = error.marker().col() + 1;
        Problem::new(
            "",
            format!("this is not YAML: {} (column {column})", error.info()),
            "Correct the indentation, quotes or brackets on this line or just above it.",
        )
        .on_line(self.line_of(error.marker()))
    }

    pub(super) fn run(mut self, mut parser: Parser<'_, StrInput<'_>>) -> Result<Tree, Problem> {
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.not_yaml(&error))?;
            let line = self.line_of(&span.start);
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(Problem::new(
                            "",
                            "a second YAML document begins here",
                            "Keep one organization per file and remove the `---` between them.",
                        )
                        .on_line(line));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    self.refuse_anchor(anchor, line);
                    self.scalar(text, style, tag.as_deref(), line);
                }
                Event::Alias(_) => {
                    self.refuse_anchor(1, line);
                    self.refused_value(line);
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_anchor(anchor, line);
                    self.refuse_tag(tag.as_deref(), line);
                    self.start(
                        Open::Sequence {
                            line,
                            nodes: Vec::new(),
                        },
                        line,
                    )?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_anchor(anchor, line);
                    self.refuse_tag(tag.as_deref(), line);
                    self.start(
                        Open::Mapping {
                            line,
                            entries: Vec::new(),
                            seen: BTreeMap::new(),
                            key: None,
                        },
                        line,
                    )?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(),
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        let root = self.root.ok_or_else(|| {
            Problem::new(
                "",
                "the manifest is empty",
                "Start the file with `version: 1`.",
            )
            .on_line(1)
        })?;
        Ok(Tree {
            root,
            refused: self.refused,
        })
    }

    /// The place of the next value.
    fn here(&self) -> Place {
        Place::root().then(self.open.iter().filter_map(|open| match open {
            Open::Sequence { nodes, .. } => Some(Step::Index(nodes.len())),
            Open::Mapping { key, .. } => key.as_ref().map(|(key, _)| Step::Key(key.clone())),
        }))
    }

    fn complain(&mut self, line: u32, problem: impl Into<String>, fix: &str) {
        if self.problems.len() > MAX_PROBLEMS {
            return;
        }
        let at = self.here().to_string();
        self.problems
            .push(Problem::new(at, problem, fix).on_line(line));
    }

    fn refuse_anchor(&mut self, anchor: usize, line: u32) {
        if anchor != 0 {
            self.complain(
                line,
                "anchors (`&name`) and aliases (`*name`) are not supported",
                "Write the value in full; put a string that begins with `&` or `*` in quotes.",
            );
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, line: u32) {
        if let Some(tag) = tag {
            self.complain(
                line,
                format!("the tag `{tag}` is not supported"),
                "Remove the tag; put a string that begins with `!` in quotes.",
            );
        }
    }

    /// Where a key is expected, only a scalar can be one.
    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Mapping { key: None, .. }))
    }

    fn start(&mut self, container: Open, line: u32) -> Result<(), Problem> {
        if self.expects_key() {
            // What follows would be read as the key's parts: there is no sensible way to go on.
            return Err(Problem::new(
                self.here().to_string(),
                "a key must be a string, not a list or a mapping",
                "Use a string as the key; put it in quotes if it begins with `[`, `{` or `?`.",
            )
            .on_line(line));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::new(
                self.here().to_string(),
                format!("values are nested more than {MAX_DEPTH} levels deep"),
                "Use fewer levels.",
            )
            .on_line(line));
        }
        self.open.push(container);
        Ok(())
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Open::Sequence { line, nodes }) => self.value(Node {
                line,
                data: Data::Sequence(nodes),
            }),
            Some(Open::Mapping { line, entries, .. }) => self.value(Node {
                line,
                data: Data::Mapping(entries),
            }),
            None => {}
        }
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>, line: u32) {
        if self.expects_key() {
            self.refuse_tag(tag, line);
            self.key(text.into_owned(), line);
            return;
        }
        let is_string = |tag: &Tag| tag.is_yaml_core_schema() && tag.suffix == "str";
        let value = match (style, tag) {
            (_, Some(tag)) if is_string(tag) => Some(Value::String(text.into_owned())),
            (_, Some(_)) => {
                self.refuse_tag(tag, line);
                return self.refused_value(line);
            }
            (ScalarStyle::Plain, None) => plain(&text),
            (
                ScalarStyle::SingleQuoted
                | ScalarStyle::DoubleQuoted
                | ScalarStyle::Literal
                | ScalarStyle::Folded,
                None,
            ) => Some(Value::String(text.into_owned())),
        };
        match value {
            Some(value) => self.value(Node {
                line,
                data: Data::Scalar(value),
            }),
            None => {
                self.complain(
                    line,
                    "this number cannot be represented in JSON",
                    "Write a finite number, or put it in quotes if it is a string.",
                );
                self.refused_value(line);
            }
        }
    }

    fn key(&mut self, text: String, line: u32) {
        if let Some(Open::Mapping { key, seen, .. }) = self.open.last_mut() {
            let first = *seen.entry(text.clone()).or_insert(line);
            let repeated = seen.len();
            *key = Some((text.clone(), line));
            let Some(Open::Mapping { entries, .. }) = self.open.last() else {
                return;
            };
            // A key seen before adds nothing to `seen`.
            if entries.len() == repeated {
                self.complain(
                    line,
                    format!(
                        "the key `{}` is repeated; it is already on line {first}",
                        cut(&text)
                    ),
                    "Remove one of the two.",
                );
            }
        }
    }

    fn refused_value(&mut self, line: u32) {
        if self.expects_key() {
            self.key(String::new(), line);
            return;
        }
        self.refused.insert(self.here());
        self.value(Node {
            line,
            data: Data::Refused,
        });
    }

    fn value(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { nodes, .. }) => nodes.push(node),
            Some(Open::Mapping {
                entries, seen, key, ..
            }) => {
                if let Some((key, line)) = key.take() {
                    // Of a repeated key, the first value counts.
                    if entries.len() < seen.len() {
                        entries.push(Entry { key, line, node });
                    }
                }
            }
        }
    }
}
