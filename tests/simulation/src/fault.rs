//! A call of a function, and how it goes wrong.

use std::collections::BTreeMap;
use std::fmt;

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
pub(crate) fn is_write_to_aws(operation: &str) -> bool {
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

/// One call, by what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// Where it goes.
    pub site: Site,
    /// Which of the calls that go there, from 1.
    pub nth: u64,
}

/// Which call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The nth of all calls of the functions, from 1. Whatever happens before may make it another one.
    Number(u64),
    /// This one.
    Call(Call),
}

/// A call that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Which call.
    pub which: Which,
    /// How.
    pub kind: Kind,
}

/// A planned fault that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Struck {
    /// As it was planned.
    pub fault: Fault,
    /// Which of all calls it struck, from 1.
    pub number: u64,
    /// The call.
    pub call: Call,
}

/// Every call by what it is, from the sites in the order in which they were called.
#[must_use]
pub fn numbered(sites: &[Site]) -> Vec<Call> {
    let mut counts: BTreeMap<&Site, u64> = BTreeMap::new();
    let calls = sites.iter().map(|site| {
        let count = counts.entry(site).or_default();
        *count += 1;
        Call {
            site: site.clone(),
            nth: *count,
        }
    });
    calls.collect()
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, nth } = self;
        let Site {
            function,
            operation,
            resource,
        } = site;
        write!(f, "call {nth} of {function} to {operation}")?;
        // The path of a request to Genesys Cloud is in its operation too, where it has no ids.
        match operation.ends_with(resource.as_str()) {
            true => Ok(()),
            false => write!(f, " {resource}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.which {
            Which::Number(number) => write!(f, "call {number}: {:?}", self.kind),
            Which::Call(call) => write!(f, "{call}: {:?}", self.kind),
        }
    }
}
