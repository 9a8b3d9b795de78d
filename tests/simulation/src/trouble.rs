//! What goes wrong for a while, rather than at one call.

use std::fmt;

use aws_simulator::Service;

use crate::fault::{Kind, Site};

/// What befalls the functions' calls to one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Each is answered 503.
    Down(Target),
    /// Every second one is answered 429.
    Busy(Target),
    /// A permission is missing: each write is answered 403.
    Forbidden(Target),
}

/// Who answers so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Genesys Cloud's API.
    Genesys,
    /// A service of AWS.
    Aws(Service),
}

impl Trouble {
    /// Those that histories are made of. EventBridge and SQS deny nobody in them: what can neither be
    /// emitted nor sent is tried again, and nothing else is to be seen of it.
    pub(crate) const ALL: [Self; 16] = [
        Self::Down(Target::Genesys),
        Self::Down(Target::Aws(Service::S3)),
        Self::Down(Target::Aws(Service::SecretsManager)),
        Self::Down(Target::Aws(Service::EventBridge)),
        Self::Down(Target::Aws(Service::Sqs)),
        Self::Down(Target::Aws(Service::Lambda)),
        Self::Down(Target::Aws(Service::Iam)),
        Self::Busy(Target::Genesys),
        Self::Busy(Target::Aws(Service::S3)),
        Self::Busy(Target::Aws(Service::SecretsManager)),
        Self::Busy(Target::Aws(Service::EventBridge)),
        Self::Busy(Target::Aws(Service::Sqs)),
        Self::Busy(Target::Aws(Service::Iam)),
        Self::Forbidden(Target::Genesys),
        Self::Forbidden(Target::Aws(Service::Iam)),
        Self::Forbidden(Target::Aws(Service::S3)),
    ];

    /// What happens to a call, the nth of all.
    pub(crate) fn befalls(self, site: &Site, nth: u64) -> Option<Kind> {
        match self {
            Self::Down(target) => target.is_of(site).then_some(Kind::Unavailable),
            Self::Busy(target) => {
                (target.is_of(site) && nth.is_multiple_of(2)).then_some(Kind::TooMany)
            }
            Self::Forbidden(target) => {
                (target.is_of(site) && site.is_write()).then_some(Kind::Denied)
            }
        }
    }
}

impl Target {
    fn is_of(self, site: &Site) -> bool {
        match (self, site.operation.split_once(':')) {
            (Self::Genesys, service) => service.is_none(),
            (Self::Aws(service), Some((called, _))) => service.prefix() == called,
            (Self::Aws(_), None) => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down(target) => write!(f, "{target} is down"),
            Self::Busy(target) => write!(f, "{target} takes every second call only"),
            Self::Forbidden(target) => write!(f, "{target} permits no write"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Genesys => f.write_str("Genesys Cloud"),
            Self::Aws(service) => write!(f, "{service:?}"),
        }
    }
}
