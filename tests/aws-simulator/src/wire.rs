//! What can happen to a request on its way, and to its answer.

use std::future::{Future, ready};
use std::pin::Pin;

use crate::{Call, Request, Response};

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Stands between a client and AWS: delays, breaks and forges. Both methods are futures so that a
/// scheduler can hold a request back until its turn comes.
pub trait Wire: Send + Sync {
    /// Before the request takes effect.
    fn before<'a>(&'a self, call: &'a Call, request: &'a Request) -> BoxFuture<'a, Before> {
        let (_, _) = (call, request);
        Box::pin(ready(Before::Proceed))
    }

    /// After it took effect, or was refused by AWS itself; `response` is what AWS answers.
    fn after<'a>(
        &'a self,
        call: &'a Call,
        request: &'a Request,
        response: &'a Response,
    ) -> BoxFuture<'a, After> {
        let (_, _, _) = (call, request, response);
        Box::pin(ready(After::Deliver))
    }
}

/// A wire on which nothing happens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Undisturbed;

impl Wire for Undisturbed {}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// It reaches the service.
    Proceed,
    /// It does not: nothing takes effect.
    Fail(Failure),
}

/// What happens to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// It arrives.
    Deliver,
    /// It does not, though the request took effect.
    Fail(Failure),
    /// Its first `keep` bytes arrive, then the connection breaks.
    Cut {
        /// How many.
        keep: usize,
    },
    /// Its first `keep` bytes arrive as if they were all, as some proxies do.
    Truncate {
        /// How many.
        keep: usize,
    },
    /// Status and headers arrive with another body, such as a proxy's page.
    Replace {
        /// The body.
        body: Vec<u8>,
    },
}

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An error as the service would write it.
    Answer(ErrorAnswer),
    /// An answer that is not the service's: of a proxy, or not even text.
    Raw(Response),
    /// The connection is refused: the client knows that nothing was sent.
    Refused,
    /// The connection is reset.
    Reset,
    /// No answer until the client gives up: its read timeout, else the SDK's own.
    Timeout,
    /// No answer ever, and the client does not outlive it: whoever simulates a crash drops the
    /// caller's future now. One that is not dropped is a timeout to the SDK.
    Hang,
}

/// An error in the service's own form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The code.
    pub code: String,
    /// The message.
    pub message: String,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl ErrorAnswer {
    /// An error without a hint when to retry.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            retry_after: None,
        }
    }
}
