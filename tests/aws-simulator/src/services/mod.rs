//! The services, one module each.

pub mod events;
pub mod iam;
pub mod kms;
pub mod lambda;
pub mod s3;
pub mod secrets;
pub mod sqs;
mod sts;

use crate::Service;
use crate::error::Rejection;
use crate::exchange::{Answer, Exchange};
use crate::protocol::query::Form;

/// What each service holds.
#[derive(Clone, Debug, Default)]
pub struct Services {
    /// EventBridge.
    pub events: events::EventBridge,
    /// IAM.
    pub iam: iam::Iam,
    /// KMS.
    pub kms: kms::Kms,
    /// Lambda.
    pub lambda: lambda::Lambda,
    /// S3.
    pub s3: s3::S3,
    /// Secrets Manager.
    pub secrets: secrets::Secrets,
    /// SQS.
    pub sqs: sqs::Sqs,
}

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Result<Answer, Rejection> {
    match exchange.call.service {
        Service::Kms => kms::handle(exchange).map(Answer::Now),
        Service::Lambda => lambda::handle(exchange),
        Service::S3 => s3::handle(exchange).map(Answer::Now),
        Service::Sts => sts::handle(exchange).map(Answer::Now),
        Service::SecretsManager => secrets::handle(exchange).map(Answer::Now),
        Service::EventBridge => events::handle(exchange).map(Answer::Now),
        Service::Sqs => sqs::handle(exchange).map(Answer::Now),
        Service::Iam => iam::handle(exchange).map(Answer::Now),
    }
}

/// An operation that a service does not know here.
pub(crate) fn unknown(exchange: &Exchange<'_>) -> Rejection {
    let call = exchange.call;
    let (service, operation) = (call.service.prefix(), &call.operation);
    Rejection::unsupported(format!("the operation {service}:{operation}"))
}

/// The form of a request of the query protocol that has no members but these.
pub(crate) fn form(exchange: &Exchange<'_>, members: &[&str]) -> Result<Form, Rejection> {
    let form = Form::of(exchange.request);
    match form.besides(members).first() {
        None => Ok(form),
        Some(member) => {
            let (service, operation) = (exchange.call.service.prefix(), &exchange.call.operation);
            let problem = format!("{service}:{operation} with {member}");
            Err(Rejection::unsupported(problem))
        }
    }
}
