//! The log of calls that tests and the sandbox read.

use jiff::Timestamp;
use serde::Serialize;

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

/// All calls since the last reset. A call is numbered over resets, so that a late answer finds its own.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    calls: Vec<Call>,
    forgotten: usize,
}

impl Calls {
    /// Adds a call and gives its number.
    pub(crate) fn add(&mut self, call: Call) -> usize {
        self.calls.push(call);
        self.forgotten + self.calls.len() - 1
    }

    fn numbered(&mut self, number: usize) -> Option<&mut Call> {
        self.calls.get_mut(number.checked_sub(self.forgotten)?)
    }

    pub(crate) fn answered(&mut self, number: usize, status: u16) {
        if let Some(call) = self.numbered(number) {
            call.status = Some(status);
        }
    }

    pub(crate) fn made_by(&mut self, number: usize, client_id: &str) {
        if let Some(call) = self.numbered(number) {
            call.client_id = Some(client_id.to_owned());
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
