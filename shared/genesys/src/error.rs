//! What can go wrong, in terms a caller can act on.

use std::fmt;
use std::time::Duration;

/// The page on which the platform reports its outages.
pub const STATUS_PAGE: &str = "https://status.mypurecloud.com";

/// A failed call. Cheap to move, and free of secrets in `Debug` and `Display`: it never holds the body of an
/// answer, and every secret the request carried is cut out of the platform's message.
#[derive(Clone, thiserror::Error)]
#[error("{}", .0)]
pub struct Error(Box<Failure>);

/// What kind of failure it was. Closed, so that a `match` handles all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// 404 or 410: what the operation names is gone or never was.
    NotFound,
    /// The version sent is not the current one (409, or 400 saying that the version "does not match"),
    /// a name is taken, or the request conflicts otherwise (409, or 400 with the code of a conflict). Read again and decide again.
    Conflict,
    /// 403: the client lacks a permission. The list names those the platform named, such as
    /// `integrations:action:edit`; it is empty where it named none.
    Denied {
        /// Permissions of which all, or at least one, are missing.
        permissions: Vec<String>,
    },
    /// 403 to a run of an action: Genesys Cloud could not assume the role or invoke the function.
    /// The answer is the same for five causes (help page "Data action returns a 403 error"): the
    /// function is missing, the role's policy does not allow invoking it, the role has no policy,
    /// its trust policy names another account, or another external id. Only AWS knows which.
    FunctionDenied,
    /// The credentials or the token were refused, also after a fresh sign-in.
    Unauthorized,
    /// The request itself is wrong. Repeating it can't help.
    BadRequest {
        /// The field at fault, where the platform named one.
        field: Option<String>,
    },
    /// 429, and the wait the platform asked for was too long or unknown.
    RateLimited {
        /// What `Retry-After` said.
        retry_after: Option<Duration>,
    },
    /// The platform failed (5xx), or the circuit breaker is open because it did so repeatedly.
    Unavailable,
    /// The connection failed.
    Transport(TransportFailure),
    /// The platform answered with something that can't be read.
    Garbled,
    /// The caller's deadline leaves no time for the wait or attempt that would be next.
    OutOfTime,
}

/// How a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportFailure {
    /// No connection was made, so nothing was sent.
    Connect,
    /// No answer came in time.
    Timeout,
    /// The connection lost while sending, waiting or reading.
    Broken,
}

#[derive(Debug, Clone)]
struct Failure {
    kind: ErrorKind,
    operation: &'static str,
    resource: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    details: Vec<String>,
    message: String,
    correlation_id: Option<String>,
    retry_after: Option<Duration>,
    /// This attempt was sent and may have been carried out.
    ambiguous: bool,
    /// A write of which some attempt may have been carried out.
    applied_unknown: bool,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        operation: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self(Box::new(Failure {
            kind,
            operation,
            resource: None,
            status: None,
            code: None,
            details: Vec::new(),
            message: message.into(),
            correlation_id: None,
            retry_after: None,
            ambiguous: false,
            applied_unknown: false,
        }))
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Method and route, such as `PATCH /api/v2/integrations/actions/{actionId}`.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// What the call was about, such as `action custom_-_0f1e`.
    pub fn resource(&self) -> Option<&str> {
        self.0.resource.as_deref()
    }

    /// The HTTP status of the last answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The platform's error code, such as `version.conflict`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The codes of the details, such as `ACTION.REMOTE_ENDPOINT`; without `ACTION.PROCESSING`, which every
    /// error of an action carries.
    pub fn details(&self) -> &[String] {
        &self.0.details
    }

    /// The platform's own reason, from wherever it stood in the answer, or ours where it gave none.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The id by which Genesys support finds the call.
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// The field a 400 complains about.
    pub fn field(&self) -> Option<&str> {
        if let ErrorKind::BadRequest { field } = &self.0.kind {
            field.as_deref()
        } else {
            None
        }
    }

    /// The permissions a 403 names; empty where it names none, and for other failures.
    pub fn permissions(&self) -> &[String] {
        if let ErrorKind::Denied { permissions } = &self.0.kind {
            permissions
        } else {
            &[]
        }
    }

    /// How long the platform asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// True for a write that may have been carried out although it failed here: an answer was lost,
    /// or could not be read. Look (by name, where it was a create) before writing again.
    pub fn applied_unknown(&self) -> bool {
        self.0.applied_unknown
    }

    /// True where the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match &self.0.kind {
            // An unreadable response is usually a proxy's error page; if it is more, the caller's
            // own limit on redeliveries ends it.
            ErrorKind::RateLimited { .. }
            | ErrorKind::Unavailable
            | ErrorKind::Transport(_)
            | ErrorKind::Garbled
            | ErrorKind::OutOfTime => true,
            ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Denied { .. }
            | ErrorKind::FunctionDenied
            | ErrorKind::Unauthorized
            | ErrorKind::BadRequest { .. } => false,
        }
    }

    /// True for [`ErrorKind::NotFound`].
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// True for [`ErrorKind::Conflict`].
    pub fn is_conflict(&self) -> bool {
        self.0.kind == ErrorKind::Conflict
    }

    /// True where the caller's IP address is not among those that the organization, or the OAuth client,
    /// allows (published swagger: 401 `ip.not.authorized`). It says nothing about the credentials.
    pub fn is_address_refused(&self) -> bool {
        self.code() == Some("ip.not.authorized")
    }

    pub(crate) fn is_ambiguous(&self) -> bool {
        self.0.ambiguous
    }

    pub(crate) fn about(mut self, resource: &str) -> Self {
        self.0.resource = Some(resource.to_owned()).filter(|text| !text.is_empty());
        self
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_code(mut self, code: Option<String>) -> Self {
        self.0.code = code;
        self
    }

    pub(crate) fn with_details(mut self, codes: Vec<String>) -> Self {
        self.0.details = codes;
        self
    }

    pub(crate) fn with_correlation_id(mut self, id: Option<String>) -> Self {
        self.0.correlation_id = id;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn ambiguous(mut self, ambiguous: bool) -> Self {
        self.0.ambiguous = ambiguous;
        self
    }

    pub(crate) fn with_applied_unknown(mut self, unknown: bool) -> Self {
        self.0.applied_unknown = unknown;
        self
    }

    pub(crate) fn note(mut self, text: &str) -> Self {
        self.0.message = format!("{}; {text}", self.0.message);
        self
    }

    /// The same failure, ended by the caller's deadline instead of by its own kind.
    pub(crate) fn out_of_time(mut self, text: &str) -> Self {
        self.0.kind = ErrorKind::OutOfTime;
        self.note(text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::Conflict => f.write_str("conflict"),
            Self::Denied { .. } => f.write_str("denied"),
            Self::FunctionDenied => f.write_str("the function could not be called"),
            Self::Unauthorized => f.write_str("not signed in"),
            Self::BadRequest { .. } => f.write_str("refused"),
            Self::RateLimited { .. } => f.write_str("rate limited"),
            Self::Unavailable => f.write_str("Genesys Cloud is failing"),
            Self::Transport(TransportFailure::Connect) => f.write_str("no connection"),
            Self::Transport(TransportFailure::Timeout) => f.write_str("no response in time"),
            Self::Transport(TransportFailure::Broken) => f.write_str("connection lost"),
            Self::Garbled => f.write_str("unreadable response"),
            Self::OutOfTime => f.write_str("out of time"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(resource) = &self.resource {
            write!(f, " ({resource})")?;
        }
        write!(f, ": {}: {}", self.kind, self.message)?;
        self.advice(f)?;
        let mut facts = Vec::new();
        facts.extend(self.status.map(|status| format!("status {status}")));
        facts.extend(self.code.as_ref().map(|code| format!("code {code}")));
        facts.extend(
            self.correlation_id
                .as_ref()
                .map(|id| format!("correlation id {id}")),
        );
        if !facts.is_empty() {
            write!(f, " [{}]", facts.join(", "))?;
        }
        if self.applied_unknown {
            f.write_str(" (the request may have taken effect: read before you write again)")?;
        }
        Ok(())
    }
}

impl Failure {
    /// What to do about it, where the platform's message does not say.
    fn advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            // Roles: help.mypurecloud.com, "Roles and permissions overview".
            ErrorKind::Denied { permissions } if permissions.is_empty() => f.write_str(
                "; compare the roles of the OAuth client with the permissions that this operation \
                 needs",
            ),
            ErrorKind::Denied { permissions } => write!(
                f,
                "; assign the OAuth client a role with {} (a custom role is enough; the default \
                 role Admin has every permission)",
                permissions.join(", ")
            ),
            ErrorKind::FunctionDenied => f.write_str(
                "; check in AWS that the function exists, that the role's policy allows \
                 lambda:InvokeFunction on it, and that the role's trust policy names Genesys \
                 Cloud's account and this organization's id as external id",
            ),
            ErrorKind::BadRequest { field: Some(field) } => write!(f, "; field: {field}"),
            ErrorKind::Unavailable => write!(f, "; see {STATUS_PAGE}"),
            ErrorKind::BadRequest { field: None }
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Unauthorized
            | ErrorKind::RateLimited { .. }
            | ErrorKind::Transport(_)
            | ErrorKind::Garbled
            | ErrorKind::OutOfTime => Ok(()),
        }
    }
}

/// A setting that the client cannot work with.
pub(crate) fn bad_setting(message: String) -> Error {
    Error::new(
        ErrorKind::BadRequest { field: None },
        "client set-up",
        message,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_says_which_permission_and_which_roles_would_help() {
        let error = Error::new(
            ErrorKind::Denied {
                permissions: vec!["integrations:action:edit".into()],
            },
            "PATCH /x/{id}",
            "You are missing the following permission(s): integrations:action:edit",
        )
        .about("action 7")
        .with_status(403)
        .with_correlation_id(Some("c-1".into()));
        let text = error.to_string();
        assert!(
            text.starts_with("PATCH /x/{id} (action 7): denied: "),
            "{text}"
        );
        assert!(
            text.contains("assign the OAuth client a role with integrations:action:edit"),
            "{text}"
        );
        assert!(text.ends_with("[status 403, correlation id c-1]"), "{text}");
    }

    #[test]
    fn an_outage_points_to_the_status_page() {
        let error = Error::new(ErrorKind::Unavailable, "GET /x", "down");
        assert!(error.to_string().contains(STATUS_PAGE));
    }
}
