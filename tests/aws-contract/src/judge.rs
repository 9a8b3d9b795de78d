//! One message under judgement.

use http::{Request, Response};

use crate::model::{Contract, OperationModel, Service};
use contract_kit::{Direction, Violation};

use crate::report::{Operation, Place, Report};

/// Which of a model's rules are judged. Members, types, enums and required members always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strictness {
    /// Lengths and bounds of numbers.
    pub limits: bool,
    /// Regular expressions. Services often document patterns that they do not enforce.
    pub patterns: bool,
}

impl Default for Strictness {
    fn default() -> Self {
        Self {
            limits: true,
            patterns: true,
        }
    }
}

/// What a request is, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The operation, where the request names one that exists.
    pub operation: Option<Operation>,
    /// All departures from the contract.
    pub violations: Vec<Violation>,
}

/// A message's service and report.
pub(crate) struct Judge<'c> {
    pub(crate) service: &'c Service,
    pub(crate) strictness: Strictness,
    pub(crate) report: Report,
}

impl Contract {
    /// Judges a request as it is on the wire, by all rules.
    #[must_use]
    pub fn judge_request<B: AsRef<[u8]>>(&self, request: &Request<B>) -> Judged {
        self.judge_request_by(request, Strictness::default())
    }

    /// Judges a request as it is on the wire.
    #[must_use]
    pub fn judge_request_by<B: AsRef<[u8]>>(
        &self,
        request: &Request<B>,
        strictness: Strictness,
    ) -> Judged {
        let body = request.body().as_ref();
        let found = match self.identify(request, body) {
            Ok(found) => found,
            Err(problem) => {
                let mut report = Report::new(problem.service, Direction::Request);
                report.add(Place::Root(problem.place), problem.what, problem.contract);
                return Judged {
                    operation: None,
                    violations: report.found,
                };
            }
        };
        let mut judge = Judge {
            service: found.service,
            strictness,
            report: Report::new(found.operation.to_string(), Direction::Request),
        };
        judge.request(found.model, request, body);
        Judged {
            operation: Some(found.operation),
            violations: judge.report.found,
        }
    }

    /// Judges an answer of an operation as it is on the wire, by all rules.
    #[must_use]
    pub fn judge_answer<B: AsRef<[u8]>>(
        &self,
        operation: &Operation,
        answer: &Response<B>,
    ) -> Vec<Violation> {
        self.judge_answer_by(operation, answer, Strictness::default())
    }

    /// Judges an answer of an operation as it is on the wire.
    #[must_use]
    pub fn judge_answer_by<B: AsRef<[u8]>>(
        &self,
        operation: &Operation,
        answer: &Response<B>,
        strictness: Strictness,
    ) -> Vec<Violation> {
        let direction = Direction::Answer(answer.status().as_u16());
        let mut report = Report::new(operation.to_string(), direction);
        let Some((service, model)) = self.operation(operation) else {
            report.add(Place::Root("operation"), "no such operation", "others");
            return report.found;
        };
        let mut judge = Judge {
            service,
            strictness,
            report,
        };
        judge.answer(model, answer, answer.body().as_ref());
        judge.report.found
    }

    /// Whether the contract has an operation.
    #[must_use]
    pub fn has(&self, operation: &Operation) -> bool {
        self.operation(operation).is_some()
    }

    fn operation(&self, operation: &Operation) -> Option<(&Service, &OperationModel)> {
        let service = self.services.get(&operation.service)?;
        Some((service, service.operations.get(&operation.name)?))
    }
}
