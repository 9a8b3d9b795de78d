//! YAML as CloudFormation writes it: a tagged value `!Name value` becomes `{"!Name": value}`, and an alias what
//! its anchor stands for. Scalars stay texts: the template's policies have no others.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an event that does not belong where it stands is one case"
)]

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, StrInput, Tag};
use serde_json::{Map, Value};

use crate::Error;

type Events<'t> = Parser<'t, StrInput<'t>>;

/// Reads the first document of a text.
pub(super) fn parse(text: &str) -> Result<Value, Error> {
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

struct Reader<'t> {
    events: Events<'t>,
    anchors: HashMap<usize, Value>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Event<'t>, Error> {
        let (event, _) = self.events.next().ok_or("the document ends too early")??;
        Ok(event)
    }

    fn value(&mut self, first: Event<'t>) -> Result<Value, Error> {
        let (value, anchor, tag) = match first {
            Event::Scalar(text, _, anchor, tag) => (Value::from(text.into_owned()), anchor, tag),
            Event::SequenceStart(anchor, tag) => (self.sequence()?, anchor, tag),
            Event::MappingStart(anchor, tag) => (self.mapping()?, anchor, tag),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor);
                return known
                    .cloned()
                    .ok_or_else(|| "an alias without an anchor".into());
            }
            other => return Err(format!("not a value: {other:?}").into()),
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

    fn sequence(&mut self) -> Result<Value, Error> {
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(elements)),
                first => elements.push(self.value(first)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Value, Error> {
        let mut members = Map::new();
        loop {
            match self.next()? {
                Event::MappingEnd => return Ok(Value::Object(members)),
                Event::Scalar(key, ..) => {
                    let first = self.next()?;
                    let value = self.value(first)?;
                    members.insert(key.into_owned(), value);
                }
                other => return Err(format!("not a key: {other:?}").into()),
            }
        }
    }
}

fn name(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}
