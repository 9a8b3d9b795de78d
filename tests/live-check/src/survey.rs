//! What was seen on one side: the same survey is made of the live organization and of the simulator.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use crate::ask::Ask;
use crate::shape::{self, Shape};
use crate::wire::{Answer, Body, NoAnswer, Wire};

/// One call with the shape of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) headers: BTreeSet<&'static str>,
    pub(crate) shape: Shape,
    pub(crate) unknown_values: Vec<(String, String)>,
    /// The model of our client that this answer could not be read as.
    pub(crate) unreadable: Option<&'static str>,
}

/// What was found out about one open point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    /// The value, or what was seen where no value can be named.
    pub(crate) value: Result<String, String>,
    /// What it was concluded from.
    pub(crate) how: String,
}

/// A call that could not be made, or told nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) call: String,
    pub(crate) why: String,
    /// The permission that would help.
    pub(crate) permission: Option<&'static str>,
}

/// Everything seen on one side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    pub(crate) seen: BTreeMap<String, Seen>,
    /// By switch name, or by the name of a point without a switch.
    pub(crate) facts: BTreeMap<&'static str, Fact>,
    /// Calls that could not be made.
    pub(crate) gaps: Vec<Gap>,
    /// What there was nothing to look at for. No error.
    pub(crate) absent: Vec<String>,
    pub(crate) stopped: bool,
}

impl Survey {
    /// Asks and keeps the shape under the call's name, with a variant such as `stale version`.
    pub(crate) async fn ask(
        &mut self,
        wire: &mut Wire,
        variant: &str,
        ask: &Ask,
    ) -> Result<Answer, NoAnswer> {
        let name = called(ask, variant);
        let result = wire.ask(ask).await;
        match &result {
            Ok(answer) => self.keep(name, answer),
            Err(why) => self.gap(name, ask.needs, why),
        }
        result
    }

    /// Asks for something that must be answered with a 2xx; anything else is a gap.
    pub(crate) async fn get(
        &mut self,
        wire: &mut Wire,
        variant: &str,
        ask: &Ask,
    ) -> Option<Answer> {
        let answer = self.ask(wire, variant, ask).await.ok()?;
        if answer.is_success() {
            return Some(answer);
        }
        self.refused(variant, ask, &answer);
        None
    }

    /// Asks for something that need not be there: a 404 is an answer too.
    pub(crate) async fn get_or_absent(
        &mut self,
        wire: &mut Wire,
        variant: &str,
        ask: &Ask,
    ) -> Option<Answer> {
        let answer = self.ask(wire, variant, ask).await.ok()?;
        if answer.is_success() || answer.status == 404 {
            return Some(answer);
        }
        self.refused(variant, ask, &answer);
        None
    }

    fn refused(&mut self, variant: &str, ask: &Ask, answer: &Answer) {
        self.gaps.push(Gap {
            call: called(ask, variant),
            why: format!("answered {}", answer.told()),
            permission: None,
        });
    }

    pub(crate) fn keep(&mut self, name: String, answer: &Answer) {
        let seen = Seen {
            status: answer.status,
            code: answer.code(),
            headers: answer.headers.keys().copied().collect(),
            shape: match &answer.body {
                Body::Json(body) => shape::of(body),
                Body::Empty | Body::Text => Shape::new(),
            },
            unknown_values: shape::unknown_values(answer.json()),
            unreadable: None,
        };
        self.seen.insert(name, seen);
    }

    /// Notes where Lockstep's own client could not read an answer.
    pub(crate) fn reads<T: DeserializeOwned>(
        &mut self,
        ask: &Ask,
        variant: &str,
        model: &'static str,
        body: &serde_json::Value,
    ) {
        if T::deserialize(body).is_err()
            && let Some(seen) = self.seen.get_mut(&called(ask, variant))
        {
            seen.unreadable = Some(model);
        }
    }

    pub(crate) fn gap(&mut self, call: String, needs: &'static str, why: &NoAnswer) {
        if *why == NoAnswer::Stopped {
            self.stopped = true;
            return;
        }
        let permission = (*why == NoAnswer::Denied && !needs.is_empty()).then_some(needs);
        self.gaps.push(Gap {
            call,
            why: why.to_string(),
            permission,
        });
    }

    /// Records a value, and what it was concluded from. A later one takes the place of an earlier one.
    pub(crate) fn settle(
        &mut self,
        point: &'static str,
        value: impl Into<String>,
        how: impl Into<String>,
    ) {
        self.put(point, Ok(value.into()), how.into());
    }

    /// Records that what was seen is no value that is known, or does not tell.
    pub(crate) fn unclear(
        &mut self,
        point: &'static str,
        seen: impl Into<String>,
        how: impl Into<String>,
    ) {
        self.put(point, Err(seen.into()), how.into());
    }

    fn put(&mut self, point: &'static str, value: Result<String, String>, how: String) {
        self.facts.insert(point, Fact { value, how });
    }
}

fn called(ask: &Ask, variant: &str) -> String {
    match variant {
        "" => ask.name(),
        variant => format!("{} ({variant})", ask.name()),
    }
}
