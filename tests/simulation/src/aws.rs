//! The way to AWS, with its planned faults.

use std::sync::Arc;
use std::time::Duration;

use aws_simulator::{
    After, Before, BoxFuture, Call, ErrorAnswer, Failure, Request, Response, Service, Wire,
};

use crate::driver::OUTSIDE;
use crate::fault::{Kind, Site, is_write_to_aws};
use crate::faults::{Faults, Sending};
use crate::trail::Trail;

/// The wire to AWS, on which planned faults happen. Those who are no function of the stack are not
/// disturbed.
#[derive(Debug)]
pub(crate) struct Disturbed {
    pub(crate) faults: Arc<Faults>,
    /// Where the account has one.
    pub(crate) trail: Option<Arc<Trail>>,
}

impl Disturbed {
    fn is_of_a_function(call: &Call) -> bool {
        !call.origin.function.is_empty() && call.origin.environment != OUTSIDE
    }
}

impl Wire for Disturbed {
    fn before<'a>(&'a self, call: &'a Call, _: &'a Request) -> BoxFuture<'a, Before> {
        let decision = if Self::is_of_a_function(call) {
            let site = Site {
                function: call.origin.function.clone(),
                operation: format!("{}:{}", call.service.prefix(), call.operation),
                resource: call.resources.join(" "),
            };
            let sent = self.faults.decide(Sending {
                origin: call.origin.clone(),
                site,
                about: None,
            });
            self.faults.on_its_way(call.sequence, sent);
            sent.kind.and_then(before)
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
        request: &'a Request,
        response: &'a Response,
    ) -> BoxFuture<'a, After> {
        if let Some(trail) = &self.trail {
            trail.called(call, request, response);
        }
        self.faults.progress.notify_one();
        let matters = matches!(call.service, Service::Iam | Service::SecretsManager);
        if Self::is_of_a_function(call) && matters && is_write_to_aws(&call.operation) {
            self.faults.wrote();
        }
        let sent = self.faults.arrived(call.sequence);
        if let Some(sent) = sent {
            self.faults.answered(sent, response.status);
        }
        let after = match sent.and_then(|sent| sent.kind) {
            Some(Kind::Crash) => {
                self.faults.crash(&call.origin);
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
