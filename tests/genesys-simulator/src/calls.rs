//! The log of calls that tests and the sandbox read, and the count of calls that usage queries read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::usage::{Counted, Usage};

/// The login host is not part of the API, whose usage is counted.
const LOGIN: &str = "/oauth/token";

/// One call that reached the simulator; the control API's own calls are not among them.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// When it arrived.
    pub at: Timestamp,
    /// HTTP verb.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The query as sent, without the question mark.
    pub query: String,
    /// The route's template; absent for a path or verb that does not exist.
    pub route: Option<String>,
    /// What was answered; absent where nothing was (yet, after a reset, or for a planted timeout).
    pub status: Option<u16>,
    /// The OAuth client that called, where it is known.
    pub client_id: Option<String>,
    /// The id that the answer carries.
    pub correlation_id: String,
}

/// Calls that wait for their answer at the same time, of which more than this are never counted.
const MAX_OPEN: usize = 10_000;

/// All calls since the last reset. A call is numbered over resets, so that a late answer finds its own.
#[derive(Debug, Default, Clone)]
pub(crate) struct Calls {
    calls: Vec<Call>,
    forgotten: usize,
    /// Not yet answered; a reset of the log leaves them.
    open: BTreeMap<usize, Counted>,
    /// What usage queries count; a reset of the log leaves it.
    pub(crate) usage: Usage,
}

impl Calls {
    /// Adds a call and gives its number.
    pub(crate) fn add(&mut self, call: Call) -> usize {
        let number = self.forgotten + self.calls.len();
        if let Some(template) = call.route.clone().filter(|route| route != LOGIN) {
            let counted = Counted {
                client_id: String::new(),
                second: call.at.as_second(),
                template,
                method: call.method.clone(),
            };
            self.open.insert(number, counted);
            // Where the caller broke off, no answer comes to take it out again.
            if self.open.len() > MAX_OPEN {
                self.open.pop_first();
            }
        }
        self.calls.push(call);
        number
    }

    fn numbered(&mut self, number: usize) -> Option<&mut Call> {
        self.calls.get_mut(number.checked_sub(self.forgotten)?)
    }

    pub(crate) fn answered(&mut self, number: usize, status: u16) {
        if let Some(call) = self.numbered(number) {
            call.status = Some(status);
        }
        if let Some(counted) = self.open.remove(&number)
            && !counted.client_id.is_empty()
        {
            self.usage.answered(counted, status);
        }
    }

    pub(crate) fn made_by(&mut self, number: usize, client_id: &str) {
        if let Some(call) = self.numbered(number) {
            call.client_id = Some(client_id.to_owned());
        }
        if let Some(counted) = self.open.get_mut(&number) {
            client_id.clone_into(&mut counted.client_id);
            self.usage.request(counted.clone());
        }
    }

    pub(crate) fn all(&self) -> &[Call] {
        &self.calls
    }

    pub(crate) fn reset(&mut self) {
        self.forgotten += self.calls.len();
        self.calls.clear();
    }
}
