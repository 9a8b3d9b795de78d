//! What goes wrong on the way to AWS and to Genesys Cloud, and at which call.
//!
//! Every call of every function is counted in the order in which it was sent. A [`Fault`] names one of
//! them and what happens to it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_simulator::{
    After, Before, BoxFuture, Call, ErrorAnswer, Failure, Origin, Request, Response, Service, Wire,
};
use clock::Clock;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use crate::driver::OUTSIDE;
use crate::trouble::Trouble;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It takes effect, and the caller's process ends.
    Crash,
    /// It takes effect, and its answer never comes.
    AnswerLost,
    /// It takes effect, and the connection is reset before the answer.
    AnswerReset,
    /// The connection is reset and nothing takes effect.
    Reset,
    /// No answer comes, and nothing takes effect.
    Timeout,
    /// It takes effect, and half of the answer arrives as if it were all.
    Truncated,
    /// It takes effect, and the answer's body is a proxy's page.
    NotJson,
    /// 429 without a hint.
    TooMany,
    /// 429 with `Retry-After: 7`.
    TooManyWithHint,
    /// 500, and nothing takes effect.
    Internal,
    /// 503, and nothing takes effect.
    Unavailable,
    /// 409, and nothing takes effect.
    Conflict,
    /// 401, and nothing takes effect.
    Unauthorized,
    /// 403, and nothing takes effect. No fault of one call: a permission is missing for a while.
    Denied,
}

impl Kind {
    /// All that can befall one call.
    pub const ALL: [Self; 13] = [
        Self::Crash,
        Self::AnswerLost,
        Self::AnswerReset,
        Self::Reset,
        Self::Timeout,
        Self::Truncated,
        Self::NotJson,
        Self::TooMany,
        Self::TooManyWithHint,
        Self::Internal,
        Self::Unavailable,
        Self::Conflict,
        Self::Unauthorized,
    ];
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The function that calls.
    pub function: String,
    /// The operation, such as `s3:PutObject` or `POST /api/v2/integrations`.
    pub operation: String,
    /// What it names.
    pub resource: String,
}

impl Site {
    /// Whether the call changes anything: a crash at a read is one before the next write.
    #[must_use]
    pub fn is_write(&self) -> bool {
        match self.operation.split_once(':') {
            Some((_, operation)) => is_write_to_aws(operation),
            None => !self.operation.starts_with("GET") && is_write(&self.resource),
        }
    }
}

/// Whether an operation of AWS changes anything.
fn is_write_to_aws(operation: &str) -> bool {
    const READ: [&str; 7] = [
        "Get", "Head", "List", "Describe", "Simulate", "Receive", "Change",
    ];
    !READ.iter().any(|verb| operation.starts_with(verb))
}

/// Whether a request by another verb than GET to this path of Genesys Cloud changes anything: sign-in,
/// queries and tests do not.
pub(crate) fn is_write(path: &str) -> bool {
    let reads = ["/oauth/token", "/test", "/validate"];
    !reads.iter().any(|end| path.ends_with(end))
        && !path.contains("/query")
        && !path.contains("/audits/")
}

/// A call that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Which call of the functions, from 1.
    pub call: u64,
    /// How.
    pub kind: Kind,
}

/// A call that a fault waits for.
#[derive(Debug)]
struct Awaited {
    function: String,
    operation: String,
    /// How many of these calls pass before.
    pass: usize,
    kind: Kind,
}

#[derive(Debug, Default)]
struct Inside {
    /// The calls of the functions so far.
    calls: Vec<Site>,
    planned: BTreeSet<Fault>,
    awaited: Vec<Awaited>,
    /// Requests on their way whose fate is decided, by the account's numbers.
    decided: std::collections::BTreeMap<u64, Kind>,
    crashed: BTreeSet<Origin>,
    hit: Vec<(Fault, Site)>,
    /// Each with its end.
    troubles: Vec<(Trouble, Timestamp)>,
}

/// The plan of faults, and a record of every call.
#[derive(Debug)]
pub struct Faults {
    clock: Clock,
    inside: Mutex<Inside>,
    crash: Notify,
    /// Rung at each call: something may have changed.
    pub(crate) progress: Notify,
    /// Counts the writes of functions that calls of actions and sign-in depend on.
    written: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            inside: Mutex::default(),
            crash: Notify::new(),
            progress: Notify::new(),
            written: watch::Sender::default(),
        }
    }

    /// From now on and for so long, every call of a function that this covers goes wrong.
    pub fn begin(&self, trouble: Trouble, time: Duration) {
        let until = self.clock.now() + time;
        self.lock().troubles.push((trouble, until));
    }

    /// When the last trouble is over; none where there was none.
    #[must_use]
    pub fn troubled_until(&self) -> Option<Timestamp> {
        self.lock().troubles.iter().map(|(_, until)| *until).max()
    }

    /// Plans a fault; calls that were made already are past.
    pub fn plan(&self, fault: Fault) {
        self.lock().planned.insert(fault);
    }

    /// Plans a fault for an operation that a function calls, after so many of these calls from now on.
    pub fn plan_call(&self, function: &str, operation: &str, after: usize, kind: Kind) {
        self.lock().awaited.push(Awaited {
            function: function.to_owned(),
            operation: operation.to_owned(),
            pass: after,
            kind,
        });
    }

    /// Every call of a function so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Site> {
        self.lock().calls.clone()
    }

    /// The faults that have happened, each with its call.
    #[must_use]
    pub fn hit(&self) -> Vec<(Fault, Site)> {
        self.lock().hit.clone()
    }

    /// Changes after each write of a function that calls of actions and sign-in depend on.
    #[must_use]
    pub fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// A function wrote what calls of actions and sign-in depend on.
    pub(crate) fn wrote(&self) {
        self.written.send_modify(|count| *count += 1);
    }

    /// Ends when the process over whose connections `origin` calls is to end.
    pub(crate) async fn crash_of(&self, origin: &Origin) {
        loop {
            let rung = self.crash.notified();
            if self.lock().crashed.remove(origin) {
                return;
            }
            rung.await;
        }
    }

    /// Counts a call and says what happens to it.
    pub(crate) fn decide(&self, site: Site) -> Option<Kind> {
        let mut inside = self.lock();
        inside.calls.push(site.clone());
        let call = u64::try_from(inside.calls.len()).unwrap_or(u64::MAX);
        let planned = inside.planned.iter().find(|fault| fault.call == call);
        let planned = planned.copied();
        if let Some(fault) = &planned {
            inside.planned.remove(fault);
        }
        let awaited = take(&mut inside.awaited, &site);
        let fault = planned.or(awaited.map(|kind| Fault { call, kind }));
        let Some(fault) = fault else {
            let now = self.clock.now();
            let mut troubles = inside.troubles.iter().filter(|(_, until)| now < *until);
            return troubles.find_map(|(trouble, _)| trouble.befalls(&site, call));
        };
        inside.hit.push((fault, site));
        Some(fault.kind)
    }

    /// Ends the process over whose connections `origin` calls.
    pub(crate) fn crash(&self, origin: &Origin) {
        self.lock().crashed.insert(origin.clone());
        self.crash.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().expect("no test panics in here")
    }
}

/// Takes the fault that waits for this call, and counts the call for the others.
fn take(awaited: &mut Vec<Awaited>, site: &Site) -> Option<Kind> {
    let mut found = None;
    let of_this_call =
        |one: &Awaited| one.function == site.function && one.operation == site.operation;
    for (index, one) in awaited
        .iter_mut()
        .enumerate()
        .filter(|(_, one)| of_this_call(one))
    {
        match one.pass.checked_sub(1) {
            Some(pass) => one.pass = pass,
            None => found = found.or(Some(index)),
        }
    }
    found.map(|index| awaited.remove(index).kind)
}

/// The wire to AWS, on which planned faults happen. Those who are no function of the stack are not
/// disturbed.
#[derive(Debug)]
pub(crate) struct Disturbed(pub(crate) Arc<Faults>);

impl Disturbed {
    fn is_of_a_function(call: &Call) -> bool {
        !call.origin.function.is_empty() && call.origin.environment != OUTSIDE
    }
}

impl Wire for Disturbed {
    fn before<'a>(&'a self, call: &'a Call, _: &'a Request) -> BoxFuture<'a, Before> {
        let decision = if Self::is_of_a_function(call) {
            let decided = self.0.decide(Site {
                function: call.origin.function.clone(),
                operation: format!("{}:{}", call.service.prefix(), call.operation),
                resource: call.resources.join(" "),
            });
            if let Some(kind) = decided {
                self.0.lock().decided.insert(call.sequence, kind);
            }
            decided.and_then(before)
        } else {
            None
        };
        Box::pin(async move {
            // A round trip takes time: what runs side by side overlaps.
            tokio::time::sleep(Duration::from_millis(2)).await;
            decision.map_or(Before::Proceed, Before::Fail)
        })
    }

    fn after<'a>(
        &'a self,
        call: &'a Call,
        _: &'a Request,
        response: &'a Response,
    ) -> BoxFuture<'a, After> {
        self.0.progress.notify_one();
        let matters = matches!(call.service, Service::Iam | Service::SecretsManager);
        if Self::is_of_a_function(call) && matters && is_write_to_aws(&call.operation) {
            self.0.wrote();
        }
        let kind = self.0.lock().decided.remove(&call.sequence);
        let after = match kind {
            Some(Kind::Crash) => {
                self.0.crash(&call.origin);
                After::Fail(Failure::Hang)
            }
            Some(Kind::AnswerLost) => After::Fail(Failure::Timeout),
            Some(Kind::AnswerReset) => After::Fail(Failure::Reset),
            Some(Kind::Truncated) => After::Truncate {
                keep: response.body.len() / 2,
            },
            Some(Kind::NotJson) => After::Replace {
                body: PROXY_PAGE.into(),
            },
            Some(
                Kind::Reset
                | Kind::Timeout
                | Kind::TooMany
                | Kind::TooManyWithHint
                | Kind::Internal
                | Kind::Unavailable
                | Kind::Conflict
                | Kind::Unauthorized
                | Kind::Denied,
            )
            | None => After::Deliver,
        };
        Box::pin(std::future::ready(after))
    }
}

/// What a proxy answers.
pub(crate) const PROXY_PAGE: &str = "<html><body>Bad gateway</body></html>";

/// What keeps a request from AWS.
fn before(kind: Kind) -> Option<Failure> {
    let answer = |status, code: &str| {
        let message = "a planned fault";
        Some(Failure::Answer(ErrorAnswer::new(status, code, message)))
    };
    match kind {
        Kind::Crash | Kind::AnswerLost | Kind::AnswerReset | Kind::Truncated | Kind::NotJson => {
            None
        }
        Kind::Reset => Some(Failure::Reset),
        Kind::Timeout => Some(Failure::Timeout),
        Kind::TooMany => answer(429, "TooManyRequestsException"),
        Kind::TooManyWithHint => {
            let mut hinted = ErrorAnswer::new(429, "TooManyRequestsException", "a planned fault");
            hinted.retry_after = Some(7);
            Some(Failure::Answer(hinted))
        }
        Kind::Internal => answer(500, "InternalFailure"),
        Kind::Unavailable => answer(503, "ServiceUnavailable"),
        Kind::Conflict => answer(409, "ConditionalRequestConflict"),
        Kind::Unauthorized => answer(401, "UnrecognizedClientException"),
        Kind::Denied => answer(403, "AccessDenied"),
    }
}
