//! Every exchange, judged by botocore's service models: what this in-memory AWS accepts and answers is not
//! for us to say.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_contract::{Contract, Operation, Strictness};

use crate::{Call, Request, Response, Service};

/// How much of the exchanges is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Judging {
    /// Requests and answers.
    #[default]
    Everything,
    /// The same, but a request may be wrong, for tests that send such on purpose: AWS must then refuse it.
    WrongRequestsRefused,
    /// Nothing, where time counts and another run judges the same exchanges.
    Nothing,
}

/// What was judged so far.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    judging: Judging,
    violations: Vec<String>,
    exchanges: BTreeMap<String, u64>,
}

impl Judge {
    pub(crate) fn set(&self, judging: Judging) {
        self.with(|inner| inner.judging = judging);
    }

    /// How often each operation was judged.
    pub(crate) fn exchanges(&self) -> BTreeMap<String, u64> {
        self.with(|inner| inner.exchanges.clone())
    }

    /// The violations, which are then forgotten.
    pub(crate) fn take_violations(&self) -> Vec<String> {
        self.with(|inner| std::mem::take(&mut inner.violations))
    }

    pub(crate) fn judge(&self, call: &Call, request: &Request, response: &Response) {
        let judging = self.with(|inner| inner.judging);
        if judging == Judging::Nothing {
            return;
        }
        let violations = violations(judging, call, request, response);
        self.with(|inner| {
            let name = format!("{} {}", model(call.service), call.operation);
            *inner.exchanges.entry(name).or_default() += 1;
            inner.violations.extend(violations);
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        // A test that fails while it holds the lock still has its violations.
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn violations(
    judging: Judging,
    call: &Call,
    request: &Request,
    response: &Response,
) -> Vec<String> {
    let contract = Contract::load().unwrap_or_else(|error| panic!("no judge: {error}"));
    let meant = Operation {
        service: model(call.service).to_owned(),
        name: call.operation.clone(),
    };
    let judged = contract.judge_request(&sent(request));
    let is_refused = (400..500).contains(&response.status);
    let mut found: Vec<String> = Vec::new();
    if judging == Judging::Everything {
        found.extend(judged.violations.iter().map(ToString::to_string));
    } else if !judged.violations.is_empty() && !is_refused {
        let accepted = judged.violations.iter();
        found.extend(accepted.map(|one| format!("{one}; and it was not refused")));
    }
    if let Some(operation) = judged.operation.filter(|found| *found != meant) {
        found.push(format!("{meant}: the request is {operation}"));
    }
    let answered = contract.judge_answer_by(&meant, &answer(response), Strictness::default());
    found.extend(answered.iter().map(ToString::to_string));
    found
}

/// botocore's name of a service.
fn model(service: Service) -> &'static str {
    match service {
        Service::S3 => "s3",
        Service::SecretsManager => "secretsmanager",
        Service::Kms => "kms",
        Service::EventBridge => "events",
        Service::Sqs => "sqs",
        Service::Lambda => "lambda",
        Service::Iam => "iam",
        Service::Sts => "sts",
    }
}

fn sent(request: &Request) -> http::Request<&[u8]> {
    let query = match request.raw_query.as_str() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let uri = format!("https://{}{}{query}", request.host, request.path);
    let mut built = http::Request::builder()
        .method(request.method.as_str())
        .uri(uri);
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    built.body(&request.body[..]).unwrap()
}

fn answer(response: &Response) -> http::Response<&[u8]> {
    let mut built = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        built = built.header(name, value);
    }
    built.body(&response.body[..]).unwrap()
}
