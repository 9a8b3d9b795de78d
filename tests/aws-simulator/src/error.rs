//! Errors as each protocol writes them.

use serde_json::json;

use crate::protocol::xml::Element;
use crate::{Protocol, Response, Service};

/// An error that AWS documents for what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// The code, as the service's model spells the error's shape.
    pub code: String,
    /// The message.
    pub message: String,
    /// The code of the query protocol that went before, which SQS still sends in
    /// `x-amzn-query-error` (botocore's model of SQS, `awsQueryCompatible`).
    pub query_code: Option<&'static str>,
}

impl ServiceError {
    /// An error.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            query_code: None,
        }
    }

    /// A `400`.
    pub fn bad_request(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// With the code that the query protocol had.
    #[must_use]
    pub fn with_query_code(mut self, code: &'static str) -> Self {
        self.query_code = Some(code);
        self
    }

    /// As the service writes it.
    #[must_use]
    pub fn answer(&self, service: Service, request_id: &str) -> Response {
        let response = Response::new(self.status);
        match service.protocol() {
            Protocol::Json(version) => {
                let response = response.with_some("x-amzn-query-error", self.query_error(service));
                let body = json!({
                    "__type": self.qualified(service),
                    message_member(service): self.message,
                });
                let content_type = format!("application/x-amz-json-{version}");
                response.with_body(&content_type, body.to_string())
            }
            Protocol::RestJson => {
                let kind = if self.status < 500 { "User" } else { "Service" };
                let body = json!({"Type": kind, message_member(service): self.message});
                response
                    .with("x-amzn-errortype", self.code.as_str())
                    .with_body("application/json", body.to_string())
            }
            Protocol::Query => {
                let kind = if self.status < 500 {
                    "Sender"
                } else {
                    "Receiver"
                };
                let error = Element::new("Error")
                    .text("Type", kind)
                    .text("Code", &self.code)
                    .text("Message", &self.message);
                let body = Element::new("ErrorResponse")
                    .attribute("xmlns", crate::protocol::query::namespace(service))
                    .child(error)
                    .text("RequestId", request_id);
                response.with_body("text/xml", body.document())
            }
            Protocol::RestXml => {
                let body = Element::new("Error")
                    .text("Code", &self.code)
                    .text("Message", &self.message)
                    .text("RequestId", request_id)
                    .text("HostId", "in-memory");
                response.with_body("application/xml", body.document())
            }
        }
    }

    fn query_error(&self, service: Service) -> Option<String> {
        let kind = if self.status < 500 {
            "Sender"
        } else {
            "Receiver"
        };
        let code = self.query_code.unwrap_or(self.code.as_str());
        (service == Service::Sqs).then(|| format!("{code};{kind}"))
    }

    /// SQS writes its errors with a namespace (SQS developer guide, "AWS JSON protocol").
    fn qualified(&self, service: Service) -> String {
        match service {
            Service::Sqs => format!("com.amazonaws.sqs#{}", self.code),
            Service::S3
            | Service::SecretsManager
            | Service::Kms
            | Service::EventBridge
            | Service::Lambda
            | Service::Iam
            | Service::Sts => self.code.clone(),
        }
    }
}

/// How the service's model spells the member of its errors that holds the message.
fn message_member(service: Service) -> &'static str {
    match service {
        Service::SecretsManager | Service::Lambda => "Message",
        Service::S3
        | Service::Kms
        | Service::EventBridge
        | Service::Sqs
        | Service::Iam
        | Service::Sts => "message",
    }
}

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// AWS would refuse it.
    Refused(ServiceError),
    /// This in-memory AWS does not know it: a gap in the test's tools, not an answer of AWS.
    Unsupported(String),
}

impl From<ServiceError> for Rejection {
    fn from(error: ServiceError) -> Self {
        Self::Refused(error)
    }
}

impl Rejection {
    pub(crate) fn unsupported(problem: impl Into<String>) -> Self {
        Self::Unsupported(problem.into())
    }
}
