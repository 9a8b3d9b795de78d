//! What can go wrong when AWS is asked, sorted once, here.

use std::error::Error;
use std::fmt;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::error_chain::chain;

/// A call to AWS that did not work.
#[derive(Clone, PartialEq, Eq)]
pub struct AwsError {
    /// The operation as IAM spells it: `iam:CreateRole`.
    pub operation: &'static str,
    /// What it was about: an ARN, a name, an object.
    pub resource: String,
    /// What kind of failure.
    pub kind: Kind,
    /// AWS's own code, where it answered with one.
    pub code: Option<String>,
    /// The error message of AWS, or why there was no response.
    pub message: String,
}

/// Kinds of failures, by what can be done about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What was asked for is not there.
    NotFound,
    /// What was to be made is there.
    AlreadyExists,
    /// Somebody else wrote in between; read again.
    Conflict,
    /// Not allowed.
    Denied {
        /// The permission that is missing, such as `iam:CreateRole`.
        permission: String,
    },
    /// AWS does not take what was sent. Sending it again changes nothing.
    Malformed,
    /// Too many calls; wait.
    Throttled,
    /// No answer, or AWS had a problem of its own; try again.
    Transient,
    /// An answer that is empty, cut or not AWS's. It says nothing about what was asked, so it is
    /// never an absence; try again.
    Garbled,
    /// Anything else.
    Other,
}

impl Kind {
    /// A stable name for logs, metrics and outcomes.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::Denied { .. } => "denied",
            Self::Malformed => "malformed",
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Garbled => "garbled",
            Self::Other => "failed",
        }
    }
}

impl AwsError {
    /// Whether the same request may succeed later without a repair.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self.kind {
            Kind::Conflict | Kind::Throttled | Kind::Transient | Kind::Garbled => true,
            Kind::NotFound
            | Kind::AlreadyExists
            | Kind::Denied { .. }
            | Kind::Malformed
            | Kind::Other => false,
        }
    }

    /// Whether what was asked for is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == Kind::NotFound
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            resource,
            kind,
            code,
            message,
        } = self;
        write!(f, "{operation} on {resource}: ")?;
        if let Kind::Denied { permission } = kind {
            write!(f, "access denied, the permission {permission} is missing: ")?;
        }
        match code {
            Some(code) => write!(f, "{code}: {message}"),
            None => f.write_str(message),
        }
    }
}

// The Lambda runtime prints errors with `Debug`: one readable line there too.
impl fmt::Debug for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for AwsError {}

/// Turns an SDK error of `operation` on `resource` into ours: `call.await.map_err(refine(...))`.
pub(crate) fn refine<E>(
    operation: &'static str,
    resource: impl Into<String>,
) -> impl FnOnce(SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    move |error| {
        let resource = resource.into();
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        match error.as_service_error() {
            Some(service) => {
                let code = service.code().map(str::to_owned);
                let message = match service.message() {
                    Some(message) => message.to_owned(),
                    None => chain(service),
                };
                AwsError {
                    operation,
                    resource,
                    kind: sort(operation, code.as_deref(), status, &message),
                    code,
                    message,
                }
            }
            None => AwsError {
                operation,
                resource,
                kind: unanswered(&error, status),
                code: None,
                message: chain(&error),
            },
        }
    }
}

/// No answer that could be understood: nearly always the network, or a server in trouble. A
/// request that could not even be built will not build the next time.
fn unanswered<E>(error: &SdkError<E, HttpResponse>, status: Option<u16>) -> Kind {
    if matches!(error, SdkError::ConstructionFailure(_)) {
        return Kind::Other;
    }
    without_code(status)
}

/// AWS puts a code into every error. An answer without one comes from something in between, and
/// its status says nothing about what was asked: a proxy's 404 is no absence, its 403 no missing
/// permission.
fn without_code(status: Option<u16>) -> Kind {
    match status {
        Some(412) => Kind::Conflict,
        Some(429) => Kind::Throttled,
        Some(500..=599) | None => Kind::Transient,
        Some(_) => Kind::Garbled,
    }
}

/// Codes first: they are what AWS documents. The status only where the code says nothing.
fn sort(operation: &'static str, code: Option<&str>, status: Option<u16>, message: &str) -> Kind {
    match code.unwrap_or_default() {
        // The SDK itself writes `NotFound` where S3 answers 404 without a body, as it does to HEAD,
        // which we never send.
        "" | "NotFound" => without_code(status),
        "NoSuchEntity" | "NoSuchEntityException" | "NoSuchKey" | "ResourceNotFoundException" => {
            Kind::NotFound
        }
        "EntityAlreadyExists" | "EntityAlreadyExistsException" | "ResourceExistsException" => {
            Kind::AlreadyExists
        }
        "PreconditionFailed" | "ConditionalRequestConflict" | "ConcurrentModification"
        | "ConcurrentModificationException" | "OperationAborted" => Kind::Conflict,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation"
        | "AuthorizationError" => Kind::Denied {
            permission: permission(operation, message),
        },
        "MalformedPolicyDocument" | "MalformedPolicyDocumentException" | "InvalidInput"
        | "InvalidInputException" | "ValidationError" | "ValidationException"
        | "InvalidParameterException" | "InvalidParameterValue"
        | "InvalidParameterValueException" | "InvalidRequestException" => Kind::Malformed,
        "Throttling" | "ThrottlingException" | "ThrottledException" | "RequestThrottled"
        | "RequestThrottledException" | "RequestLimitExceeded" | "TooManyRequestsException"
        | "SlowDown" | "PriorRequestNotComplete" => Kind::Throttled,
        "InternalError" | "InternalFailure" | "InternalServiceError" | "InternalException"
        | "ServiceException" | "ServiceFailure" | "ServiceUnavailable"
        | "ServiceUnavailableException" | "RequestTimeout" | "RequestTimeoutException"
        // Role credentials that ran out are replaced by Lambda.
        | "ExpiredToken" | "ExpiredTokenException" => Kind::Transient,
        // A missing bucket or queue is a broken stack, and must not read as "no such object".
        _ => match status {
            Some(412) => Kind::Conflict,
            Some(429) => Kind::Throttled,
            Some(500..=599) => Kind::Transient,
            // An error's code in an answer of success is not what was asked for.
            Some(200..=299) => Kind::Garbled,
            Some(_) | None => Kind::Other,
        },
    }
}

/// IAM says which permission was missing: "... is not authorized to perform: iam:CreateRole on
/// resource: ...". Where it does not, the operation is the best guess.
fn permission(operation: &'static str, message: &str) -> String {
    let named = message
        .split_once("not authorized to perform: ")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .map(|word| word.trim_end_matches([',', '.']))
        .filter(|word| word.contains(':'));
    named.unwrap_or(operation).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: &str = "User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized to \
                          perform: iam:TagRole on resource: role GenesysX because no \
                          identity-based policy allows the iam:TagRole action";

    #[test]
    fn a_denial_names_the_permission_that_is_missing() {
        let kind = sort("iam:CreateRole", Some("AccessDenied"), Some(403), DENIED);
        let permission = "iam:TagRole".to_owned();
        assert_eq!(kind, Kind::Denied { permission });
        let kind = sort(
            "s3:GetObject",
            Some("AccessDenied"),
            Some(403),
            "Access Denied",
        );
        let permission = "s3:GetObject".to_owned();
        assert_eq!(kind, Kind::Denied { permission });
    }

    #[test]
    fn a_missing_bucket_is_not_a_missing_object() {
        let object = sort("s3:GetObject", Some("NoSuchKey"), Some(404), "");
        assert_eq!(object, Kind::NotFound);
        let bucket = sort("s3:GetObject", Some("NoSuchBucket"), Some(404), "");
        assert_eq!(bucket, Kind::Other);
    }

    #[test]
    fn an_answer_without_a_code_says_nothing_about_what_was_asked() {
        for status in [200, 302, 400, 403, 404, 407] {
            assert_eq!(sort("x:Y", None, Some(status), ""), Kind::Garbled);
        }
        // What the SDK makes of a 404 without a body.
        assert_eq!(
            sort("s3:GetObject", Some("NotFound"), Some(404), ""),
            Kind::Garbled
        );
        assert_eq!(sort("x:Y", None, Some(503), ""), Kind::Transient);
        assert_eq!(sort("x:Y", None, Some(429), ""), Kind::Throttled);
        assert_eq!(sort("x:Y", None, Some(412), ""), Kind::Conflict);
    }

    #[test]
    fn only_what_can_pass_with_time_is_transient() {
        let is_transient = |code: &str, status| {
            let kind = sort("x:Y", Some(code), Some(status), "");
            let error = AwsError {
                operation: "x:Y",
                resource: String::new(),
                kind,
                code: Some(code.to_owned()),
                message: String::new(),
            };
            error.is_transient()
        };
        for (code, status) in [
            ("SlowDown", 503),
            ("PreconditionFailed", 412),
            ("Anything", 500),
            ("ExpiredToken", 403),
        ] {
            assert!(is_transient(code, status), "{code}");
        }
        for (code, status) in [
            ("AccessDenied", 403),
            ("MalformedPolicyDocument", 400),
            ("NoSuchEntity", 404),
            ("SignatureDoesNotMatch", 403),
        ] {
            assert!(!is_transient(code, status), "{code}");
        }
    }

    #[test]
    fn prints_one_line_in_display_and_debug() {
        let error = AwsError {
            operation: "iam:TagRole",
            resource: "GenesysX".into(),
            kind: Kind::Denied {
                permission: "iam:TagRole".into(),
            },
            code: Some("AccessDenied".into()),
            message: "no".into(),
        };
        let text = "iam:TagRole on GenesysX: access denied, the permission iam:TagRole is missing: \
                    AccessDenied: no";
        assert_eq!(error.to_string(), text);
        assert_eq!(format!("{error:?}"), text);
    }
}
