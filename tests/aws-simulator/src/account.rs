//! The account: what tests hold.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::clock::SdkTime;
use crate::connector::Connections;
use crate::error::Rejection;
use crate::exchange::{Answer, Exchange};
use crate::identify::{Identified, identify};
use crate::judge::{Judge, Judging};
use crate::wire::Undisturbed;
use crate::{
    AllowAll, Authorizer, Call, Change, Clock, Credentials, ErrorAnswer, Notification, Origin,
    Principal, Rate, Request, Response, Service, ServiceError, Settings, State, Wire,
};

/// Sees every exchange as AWS itself made it, before a [`Wire`] breaks it.
pub trait Observer: Send + Sync {
    /// An exchange.
    fn observe(&self, call: &Call, request: &Request, response: &Response);
}

struct Inner {
    clock: Clock,
    state: Mutex<State>,
    wire: Mutex<Arc<dyn Wire>>,
    observers: Mutex<Vec<Arc<dyn Observer>>>,
    judge: Judge,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let violations = self.judge.take_violations();
        if !violations.is_empty() && !std::thread::panicking() {
            panic!(
                "the in-memory AWS or a request to it is not as botocore's models have it:\n{}",
                violations.join("\n")
            );
        }
        let Ok(state) = self.state.get_mut() else {
            return;
        };
        if !state.unsupported.is_empty() && !std::thread::panicking() {
            panic!(
                "the in-memory AWS was asked for what it does not know: {}",
                state.unsupported.join("; ")
            );
        }
    }
}

/// An AWS account in memory, with one region.
///
/// # Panics
/// The last handle panics when it is dropped after a request that this in-memory AWS does not know:
/// a test can't pass by taking that for an error of AWS. It panics as well after a request or an
/// answer that is not as botocore's service models have it, see [`Judging`].
#[derive(Clone)]
pub struct Account(Arc<Inner>);

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("settings", &self.state().settings)
            .finish_non_exhaustive()
    }
}

impl Account {
    /// An empty account in which everything is allowed.
    #[must_use]
    pub fn new(settings: Settings, clock: Clock) -> Self {
        Self::authorized_by(settings, clock, Arc::new(AllowAll))
    }

    /// An empty account with policies.
    #[must_use]
    pub fn authorized_by(
        settings: Settings,
        clock: Clock,
        authorizer: Arc<dyn Authorizer>,
    ) -> Self {
        Self(Arc::new(Inner {
            clock,
            state: Mutex::new(State::new(settings, authorizer)),
            wire: Mutex::new(Arc::new(Undisturbed)),
            observers: Mutex::default(),
            judge: Judge::default(),
        }))
    }

    /// From now on requests pass through this.
    pub fn set_wire(&self, wire: Arc<dyn Wire>) {
        *self.0.wire.lock().unwrap() = wire;
    }

    /// From now on this sees every exchange.
    pub fn add_observer(&self, observer: Arc<dyn Observer>) {
        self.0.observers.lock().unwrap().push(observer);
    }

    /// How much of the exchanges is judged from now on: at first, everything.
    pub fn set_judging(&self, judging: Judging) {
        self.0.judge.set(judging);
    }

    /// What the judge found, for a test that expects it. It fails no test then.
    #[must_use]
    pub fn take_violations(&self) -> Vec<String> {
        self.0.judge.take_violations()
    }

    /// How often the judge saw each operation.
    #[must_use]
    pub fn judged(&self) -> BTreeMap<String, u64> {
        self.0.judge.exchanges()
    }

    /// Lets a service take only so many requests; `None` is as many as come.
    pub fn throttle(&self, service: Service, rate: Option<Rate>) {
        let now = self.0.clock.now();
        self.state().throttles.set(service, rate, now);
    }

    /// The account's time.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.0.clock
    }

    /// What the account holds, locked: no request is answered until it is dropped.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Sets several things up at once, or reads several.
    pub fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state())
    }

    /// Everything that the account holds, to begin other histories from: see [`Self::restore`].
    #[must_use]
    pub fn snapshot(&self) -> State {
        self.state().clone()
    }

    /// Holds from now on what another account of the same settings held, who is allowed what included.
    pub fn restore(&self, snapshot: State) {
        *self.state() = snapshot;
    }

    /// Everything that changed, in order.
    #[must_use]
    pub fn history(&self) -> Vec<Change> {
        self.state().history.changes().to_vec()
    }

    /// What AWS itself does next; each is given out once.
    #[must_use]
    pub fn take_notifications(&self) -> Vec<Notification> {
        self.state().outbox.take()
    }

    /// What it was asked for and does not know. Where something keeps the account alive, such as the
    /// body of a function that calls it, a test asks here instead of dropping it.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        self.state().unsupported.clone()
    }

    /// Lets whoever signs with this access key in.
    pub fn add_credentials(&self, credentials: Credentials) {
        self.state().keys.add(credentials);
    }

    /// A configuration whose clients sign as `principal` over connections of `origin`. Time, sleep
    /// and connections are the account's; retries are the SDK's standard ones. Timeouts and another
    /// `RetryConfig` are the caller's to set, by `into_builder`.
    #[must_use]
    pub fn sdk_config(&self, principal: Principal, origin: Origin) -> SdkConfig {
        let mut state = self.state();
        let access_key_id = format!("AKIA{}", state.ids.upper(16));
        state.keys.add(Credentials {
            access_key_id: access_key_id.clone(),
            principal,
            session_token: None,
            until: None,
        });
        let region = state.settings.region.clone();
        drop(state);
        let credentials =
            SdkCredentials::new(access_key_id, "not-checked", None, None, "aws-simulator");
        self.anonymous_config(region, origin)
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }

    /// The same without credentials, for clients that bring their own.
    #[must_use]
    pub fn anonymous_config(&self, region: String, origin: Origin) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region))
            .time_source(SdkTime(self.0.clock))
            .sleep_impl(TokioSleep::new())
            .retry_config(RetryConfig::standard())
            .http_client(Connections {
                account: self.clone(),
                origin,
            })
            .build()
    }

    pub(crate) fn wire(&self) -> Arc<dyn Wire> {
        Arc::clone(&self.0.wire.lock().unwrap())
    }

    pub(crate) fn unsupported(&self, problem: String) {
        self.state().unsupported.push(problem);
    }

    /// Takes a request in: who asks what. The error is an answer already.
    pub(crate) fn receive(&self, origin: &Origin, request: &Request) -> Result<Call, Response> {
        let now = self.0.clock.now();
        let mut state = self.state();
        state.sequence += 1;
        let request_id = state.ids.uuid();
        let Identified {
            service,
            operation,
            resources,
            access_key_id,
        } = identify(request).map_err(|problem| {
            state.unsupported.push(problem.clone());
            Response::new(501).with_body("text/plain", problem)
        })?;
        let mut call = Call {
            sequence: state.sequence,
            at: now,
            origin: origin.clone(),
            principal: Principal::root("anonymous"),
            service,
            operation,
            resources,
            request_id,
        };
        let token = request.header("x-amz-security-token");
        let answer = match state.keys.of(&access_key_id) {
            None => Err(unknown_key(service)),
            Some(known) if known.session_token.as_deref() != token => Err(unknown_key(service)),
            Some(known) if known.until.is_some_and(|until| until <= now) => Err(expired(service)),
            Some(known) => {
                call.principal = known.principal.clone();
                Ok(())
            }
        };
        drop(state);
        answer.map_err(|error| self.finish(&call, error.answer(service, &call.request_id)))?;
        Ok(call)
    }

    /// Carries a request out.
    pub(crate) async fn handle(&self, call: &Call, request: &Request) -> Response {
        let answer = self.answer(call, request);
        let response = match answer {
            Ok(Answer::Now(response)) => response,
            Ok(Answer::Later(answer)) => answer.await,
            Err(Rejection::Refused(error)) => error.answer(call.service, &call.request_id),
            Err(Rejection::Unsupported(problem)) => {
                self.unsupported(problem.clone());
                let error = ServiceError::new(501, "NotInMemory", problem);
                // No answer of AWS, so none for its judge.
                return self.finish(call, error.answer(call.service, &call.request_id));
            }
        };
        let response = self.finish(call, response);
        self.0.judge.judge(call, request, &response);
        for observer in self.0.observers.lock().unwrap().iter() {
            observer.observe(call, request, &response);
        }
        response
    }

    fn answer(&self, call: &Call, request: &Request) -> Result<Answer, Rejection> {
        // A scheduler may have held the request back since it came.
        let now = self.0.clock.now();
        let mut state = self.state();
        state.throttles.take(call.service, now)?;
        crate::services::handle(&mut Exchange {
            state: &mut state,
            call,
            request,
            now,
        })
    }

    /// An error that a wire puts in AWS's mouth.
    pub(crate) fn forge(&self, call: &Call, answer: ErrorAnswer) -> Response {
        let retry_after = answer.retry_after.map(|seconds| seconds.to_string());
        let error = ServiceError::new(answer.status, answer.code, answer.message);
        let response = error.answer(call.service, &call.request_id);
        self.finish(call, response.with_some("retry-after", retry_after))
    }

    /// With what every answer has. The SDK corrects the clock that it signs with from `Date`.
    fn finish(&self, call: &Call, response: Response) -> Response {
        let now = self.0.clock.now();
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
        let id = match call.service {
            Service::S3 => "x-amz-request-id",
            Service::SecretsManager
            | Service::Kms
            | Service::EventBridge
            | Service::Sqs
            | Service::Lambda
            | Service::Iam
            | Service::Sts => "x-amzn-requestid",
        };
        let mut response = response
            .with("date", date.unwrap())
            .with(id, &call.request_id);
        // The answer to HEAD gives the length of a body that it does not have.
        if response.header("content-length").is_none() {
            response = response
                .clone()
                .with("content-length", response.body.len().to_string());
        }
        response
    }
}

/// The pages "Common errors" of the services; S3 API reference, "Error responses".
fn unknown_key(service: Service) -> ServiceError {
    let code = match service {
        Service::S3 => "InvalidAccessKeyId",
        Service::Iam | Service::Sts | Service::Sqs => "InvalidClientTokenId",
        Service::SecretsManager | Service::Kms | Service::EventBridge | Service::Lambda => {
            "UnrecognizedClientException"
        }
    };
    let message = "The security token included in the request is invalid.";
    let status = match service {
        Service::SecretsManager | Service::Kms | Service::EventBridge => 400,
        Service::S3 | Service::Iam | Service::Sts | Service::Sqs | Service::Lambda => 403,
    };
    ServiceError::new(status, code, message)
}

fn expired(service: Service) -> ServiceError {
    let message = "The security token included in the request is expired";
    match service {
        Service::S3 => ServiceError::bad_request("ExpiredToken", message),
        Service::Iam | Service::Sts | Service::Sqs => {
            ServiceError::new(403, "ExpiredToken", message)
        }
        Service::Lambda => ServiceError::new(403, "ExpiredTokenException", message),
        Service::SecretsManager | Service::Kms | Service::EventBridge => {
            ServiceError::bad_request("ExpiredTokenException", message)
        }
    }
}
