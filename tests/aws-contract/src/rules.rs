//! What a model says of a value, whatever protocol carried it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fancy_regex::Regex;

use crate::judge::Judge;
use crate::model::{Format, Map, Range, Shape, Structure, Text};
use crate::report::{Place, shown};

impl Judge<'_> {
    /// A structure that has these members.
    pub(crate) fn members(
        &mut self,
        structure: &Structure,
        place: Place<'_>,
        has: &dyn Fn(&str) -> bool,
    ) {
        for name in &structure.required {
            if !has(name) {
                self.report
                    .add(place.member(name), "missing", "it as required");
            }
        }
        if structure.union && structure.members.keys().filter(|name| has(name)).count() != 1 {
            let names: Vec<&str> = structure.members.keys().map(String::as_str).collect();
            let contract = format!("exactly one of {}", names.join(", "));
            self.report.add(place, "none or several members", contract);
        }
    }

    pub(crate) fn text(&mut self, rules: &Text, place: Place<'_>, value: &str) {
        if !rules.values.is_empty() && !rules.values.iter().any(|known| known == value) {
            let what = format!("the value {}", shown(value));
            let contract = format!("only {}", rules.values.join(", "));
            self.report.add(place, what, contract);
            return;
        }
        self.length(rules.range, place, value.chars().count(), "characters");
        if self.strictness.patterns
            && let Some(pattern) = &rules.pattern
            && let Some(compiled) = rules.compiled.get_or_init(|| whole(pattern))
            && !compiled.is_match(value).unwrap_or(true)
        {
            let contract = format!("only texts that match {pattern}");
            self.report.add(place, "text of another form", contract);
        }
    }

    pub(crate) fn length(&mut self, range: Range, place: Place<'_>, length: usize, unit: &str) {
        // A length that a double cannot hold exactly is far above any bound.
        #[expect(clippy::cast_precision_loss)]
        let exact = length as f64;
        if let (true, Some(contract)) = (self.strictness.limits, range.broken_by(exact)) {
            let contract = format!("{contract} {unit}");
            self.report.add(place, format!("{length} {unit}"), contract);
        }
    }

    pub(crate) fn number(&mut self, range: Range, place: Place<'_>, value: f64) {
        if let (true, Some(contract)) = (self.strictness.limits, range.broken_by(value)) {
            self.report.add(place, "a number out of bounds", contract);
        }
    }

    /// A value that the wire has as text: a header, a parameter, an element.
    pub(crate) fn scalar(
        &mut self,
        shape: &Shape,
        timestamp: Format,
        place: Place<'_>,
        value: &str,
    ) {
        match shape {
            Shape::String(rules) => self.text(rules, place, value),
            Shape::Integer(range) => match value.parse::<i64>() {
                #[expect(clippy::cast_precision_loss)]
                Ok(number) => self.number(*range, place, number as f64),
                Err(_) => self.report.add(place, "text of another form", "an integer"),
            },
            Shape::Double(range) => match value.parse::<f64>() {
                Ok(number) => self.number(*range, place, number),
                Err(_) => self.report.add(place, "text of another form", "a number"),
            },
            Shape::Boolean {} => {
                if !matches!(value, "true" | "false") {
                    self.report
                        .add(place, "text of another form", "true or false");
                }
            }
            Shape::Blob(range) => self.base64(*range, place, value),
            Shape::Timestamp(time) => {
                let format = time.format.unwrap_or(timestamp);
                if !format.is_met(value) {
                    self.report
                        .add(place, "text of another form", format.words());
                }
            }
            Shape::Structure(_) | Shape::List(_) | Shape::Map(_) | Shape::Stream {} => {
                self.report.add(place, "text", "a value with parts");
            }
        }
    }

    pub(crate) fn base64(&mut self, range: Range, place: Place<'_>, value: &str) {
        match STANDARD.decode(value) {
            Ok(bytes) => self.length(range, place, bytes.len(), "bytes"),
            Err(_) => self.report.add(place, "text of another form", "base64"),
        }
    }

    /// A key of a map. It may be secret: only its place is shown.
    pub(crate) fn key(&mut self, map: &Map, place: Place<'_>, key: &str) {
        if let Some(shape) = self.service.shape(&map.key.shape) {
            self.scalar(shape, Format::Iso8601, place, key);
        }
    }
}

impl Range {
    fn broken_by(self, value: f64) -> Option<String> {
        if let Some(min) = self.min
            && value < min
        {
            return Some(format!("at least {min}"));
        }
        let max = self.max.filter(|max| value > *max)?;
        Some(format!("at most {max}"))
    }
}

/// The models' patterns hold for the whole value, with anchors or without. One that this engine does not
/// understand judges nothing.
fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::model::Contract;

    use super::*;

    #[test]
    fn every_pattern_of_the_models_is_understood_but_one() {
        let services = Contract::load().unwrap().services.values();
        let patterns: BTreeSet<&str> = services
            .flat_map(|service| service.shapes.values())
            .filter_map(|shape| match shape {
                Shape::String(text) => text.pattern.as_deref(),
                Shape::Structure(_)
                | Shape::List(_)
                | Shape::Map(_)
                | Shape::Integer(_)
                | Shape::Double(_)
                | Shape::Boolean {}
                | Shape::Blob(_)
                | Shape::Timestamp(_)
                | Shape::Stream {} => None,
            })
            .collect();
        assert!(patterns.len() > 100, "{}", patterns.len());
        let not_understood = patterns
            .into_iter()
            .filter(|pattern| whole(pattern).is_none());
        // The hyphen is a character to Java here, and an error to this engine. No operation of ours has it.
        assert_eq!(not_understood.collect::<Vec<_>>(), ["[\\w-_]*"]);
    }

    #[test]
    fn a_pattern_holds_for_the_whole_value() {
        let pattern = whole("[a-z]+|[0-9]+").unwrap();
        assert!(pattern.is_match("abc").unwrap());
        assert!(!pattern.is_match("abc-1").unwrap());
    }
}
