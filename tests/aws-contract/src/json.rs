//! Bodies in JSON.

use serde_json::Value;

use crate::judge::Judge;
use crate::model::{Format, Member, Shape, Structure};
use contract_kit::Direction;

use crate::report::Place;
use crate::time::is_seconds;

impl Judge<'_> {
    /// A whole body, which is one structure.
    pub(crate) fn json_body(&mut self, structure: Option<&Structure>, body: &[u8]) {
        // Smithy, AWS JSON: a message without members may have no body.
        if body.is_empty() {
            if let Some(structure) = structure {
                self.members(structure, Place::BODY, &|name| {
                    structure.members[name].location.is_some()
                });
            }
            return;
        }
        match serde_json::from_slice(body) {
            Ok(value) => match structure {
                Some(structure) => self.json_structure(structure, Place::BODY, &value),
                None if value.as_object().is_some_and(serde_json::Map::is_empty) => {}
                None => self.report.add(Place::BODY, "members", "none"),
            },
            Err(_) => self
                .report
                .add(Place::BODY, "bytes that are no JSON", "JSON"),
        }
    }

    pub(crate) fn json_structure(
        &mut self,
        structure: &Structure,
        place: Place<'_>,
        value: &Value,
    ) {
        let Value::Object(fields) = value else {
            self.wrong_type(place, value, "an object");
            return;
        };
        for (name, field) in fields {
            let here = place.member(name);
            let mut members = structure.body();
            let member = members.find(|(member, described)| described.wire(member) == name);
            match member {
                Some((_, member)) if !self.is_absent(field, here) => {
                    self.json(member, here, field);
                }
                Some(_) => {}
                None => {
                    let known: Vec<&str> = structure
                        .body()
                        .map(|(name, member)| member.wire(name))
                        .collect();
                    self.report.add(here, "unknown member", known.join(", "));
                }
            }
        }
        self.members(structure, place, &|name| {
            let member = &structure.members[name];
            member.location.is_some()
                || fields
                    .get(member.wire(name))
                    .is_some_and(|field| !field.is_null())
        });
    }

    /// Smithy, AWS JSON: who reads takes null for a member that is not there, who sends leaves it out. Lambda
    /// answers with null where it has no value.
    fn is_absent(&mut self, value: &Value, place: Place<'_>) -> bool {
        if value.is_null() && self.report.direction == Direction::Request {
            self.report.add(place, "null", "no member instead");
        }
        value.is_null()
    }

    fn json(&mut self, member: &Member, place: Place<'_>, value: &Value) {
        let service = self.service;
        let Some(shape) = service.shape(&member.shape) else {
            return;
        };
        match (shape, value) {
            (Shape::Structure(structure), _) => self.json_structure(structure, place, value),
            (Shape::List(list), Value::Array(items)) => {
                self.length(list.range, place, items.len(), "items");
                for (index, item) in items.iter().enumerate() {
                    self.json(&list.member, place.item(index), item);
                }
            }
            (Shape::Map(map), Value::Object(fields)) => {
                self.length(map.range, place, fields.len(), "entries");
                for (key, field) in fields {
                    let here = place.member(key);
                    self.key(map, here, key);
                    self.json(&map.value, here, field);
                }
            }
            (Shape::String(text), Value::String(value)) => self.text(text, place, value),
            (Shape::Blob(range), Value::String(value)) => self.base64(*range, place, value),
            (Shape::Boolean {}, Value::Bool(_)) => {}
            (Shape::Integer(range), Value::Number(number)) if !number.is_f64() => {
                self.number(*range, place, number.as_f64().unwrap_or_default());
            }
            (Shape::Double(range), Value::Number(number)) => {
                self.number(*range, place, number.as_f64().unwrap_or_default());
            }
            (Shape::Timestamp(time), _) => {
                let format = member.timestamp.or(time.format).unwrap_or(Format::Seconds);
                let is_met = match value {
                    Value::Number(number) => {
                        format == Format::Seconds && number.as_f64().is_some_and(is_seconds)
                    }
                    Value::String(text) => format != Format::Seconds && format.is_met(text),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
                };
                if !is_met {
                    self.wrong_type(place, value, format.words());
                }
            }
            (Shape::List(_), _) => self.wrong_type(place, value, "an array"),
            (Shape::Map(_), _) => self.wrong_type(place, value, "an object"),
            (Shape::String(_), _) => self.wrong_type(place, value, "a string"),
            (Shape::Blob(_), _) => self.wrong_type(place, value, "a string of base64"),
            (Shape::Boolean {}, _) => self.wrong_type(place, value, "a boolean"),
            (Shape::Integer(_), _) => self.wrong_type(place, value, "an integer"),
            (Shape::Double(_), _) => self.wrong_type(place, value, "a number"),
            (Shape::Stream {}, _) => self.wrong_type(place, value, "an event stream"),
        }
    }

    fn wrong_type(&mut self, place: Place<'_>, value: &Value, contract: &str) {
        let found = match value {
            Value::Null => "null here",
            Value::Bool(_) => "a boolean here",
            Value::Number(_) => "a number here",
            Value::String(_) => "a string here",
            Value::Array(_) => "an array here",
            Value::Object(_) => "an object here",
        };
        self.report.add(place, found, contract);
    }
}
