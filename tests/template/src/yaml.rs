//! YAML as CloudFormation writes it: a tagged value `!Name value` becomes `{"!Name": value}`, and an alias what its
//! anchor stands for.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an event that does not belong where it stands is one case"
)]

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use serde_json::{Map, Value};

use crate::TemplateError;

type Events<'t> = Parser<'t, StrInput<'t>>;

/// Reads the first document of a text.
pub(crate) fn parse(text: &str) -> Result<Value, TemplateError> {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
    };
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) => {}
            first => return reader.value(first),
        }
    }
}

fn error(what: impl ToString) -> TemplateError {
    TemplateError::new("template", what)
}

struct Reader<'t> {
    events: Events<'t>,
    anchors: HashMap<usize, Value>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Event<'t>, TemplateError> {
        let next = self.events.next();
        let (event, _) = next
            .ok_or_else(|| error("the document ends too early"))?
            .map_err(error)?;
        Ok(event)
    }

    fn value(&mut self, first: Event<'t>) -> Result<Value, TemplateError> {
        let (value, anchor, tag) = match first {
            Event::Scalar(text, style, anchor, tag) => {
                (scalar(text.into_owned(), style)?, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => (self.sequence()?, anchor, tag),
            Event::MappingStart(anchor, tag) => (self.mapping()?, anchor, tag),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor);
                return known
                    .cloned()
                    .ok_or_else(|| error("an alias without an anchor"));
            }
            other => return Err(error(format!("not a value: {other:?}"))),
        };
        let value = match tag.as_deref().map(name) {
            Some(name) => Value::Object(Map::from_iter([(name, value)])),
            None => value,
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn sequence(&mut self) -> Result<Value, TemplateError> {
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(elements)),
                first => elements.push(self.value(first)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Value, TemplateError> {
        let mut members = Map::new();
        loop {
            match self.next()? {
                Event::MappingEnd => return Ok(Value::Object(members)),
                Event::Scalar(key, ..) => {
                    let first = self.next()?;
                    let value = self.value(first)?;
                    if members.insert(key.to_string(), value).is_some() {
                        return Err(error(format!("the key {key} appears twice")));
                    }
                }
                other => return Err(error(format!("not a key: {other:?}"))),
            }
        }
    }
}

fn name(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// What YAML 1.1 and 1.2 read differently is refused: CloudFormation reads 1.1.
fn scalar(text: String, style: ScalarStyle) -> Result<Value, TemplateError> {
    if style != ScalarStyle::Plain {
        return Ok(Value::String(text));
    }
    match text.as_str() {
        "true" => return Ok(Value::Bool(true)),
        "false" => return Ok(Value::Bool(false)),
        "" | "null" | "~" => return Ok(Value::Null),
        _ => {}
    }
    const AMBIGUOUS: [&str; 8] = ["yes", "no", "on", "off", "y", "n", "true", "false"];
    if AMBIGUOUS.contains(&text.to_lowercase().as_str()) {
        return Err(error(format!("quote {text}: it may be a truth value")));
    }
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Ok(Value::String(text));
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(error(format!("quote {text}: it may be an octal number")));
    }
    let number: i64 = text.parse().map_err(error)?;
    Ok(Value::from(number))
}
