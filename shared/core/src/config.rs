//! The configuration of the functions: environment variables, read once and validated as a whole.
//!
//! A bad deployment is reported in one go: [`ConfigError`] names every variable that is missing or
//! does not fit, so that one deployment shows all five mistakes.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lockstep_domain::arn;
use lockstep_domain::compliance::ExceptionLimits;
use lockstep_domain::manifest::Bounds;
use lockstep_report::Format;

/// How the template configured this function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The stack's name.
    pub stack: String,
    /// The function's deployed name (`AWS_LAMBDA_FUNCTION_NAME`, set by Lambda).
    pub function: String,
    /// The stack's region (`AWS_REGION`, set by Lambda).
    pub region: String,
    /// The stack's account, twelve digits.
    pub account: String,
    /// The stack's partition, such as `aws`.
    pub partition: String,
    /// The name of the stack's own event bus.
    pub event_bus: String,
    /// Where people upload manifests.
    pub manifest_bucket: String,
    /// Where accepted manifests and the state of bindings are kept.
    pub state_bucket: String,
    /// Where evidence is kept.
    pub evidence_bucket: String,
    /// The FIFO queue before `rebind-action`, where the template names it.
    pub rebind_queue_url: Option<String>,
    /// The queue before `verify-change`, where the template names it.
    pub verify_queue_url: Option<String>,
    /// The secret with the key of the fingerprints that are kept of credentials' values, where the
    /// template names it. Without one, none are kept, and each new version is pushed.
    pub fingerprint_key_secret: Option<String>,
    /// What the stack lets a manifest say.
    pub bounds: Bounds,
    /// The permissions boundary that every managed role carries.
    pub boundary_arn: String,
    /// How long after a change its audit records are first looked for, at the latest.
    pub verify_delay: Duration,
    /// How long Lambda gathers messages for `verify-change`.
    pub verify_window: Duration,
    /// How long they are waited for.
    pub verify_deadline: Duration,
    /// How long IAM may take until a changed role is known everywhere.
    pub role_settle: Duration,
    /// How long Genesys Cloud may take until a changed credential or OAuth client is known
    /// everywhere.
    pub genesys_settle: Duration,
    /// After how many minutes a rotation that did not come to its end counts as stuck.
    pub stuck_after_minutes: u32,
    /// What the stack allows of exceptions.
    pub exceptions: ExceptionLimits,
    /// After how long an open finding is emitted again.
    pub reminder: Duration,
    /// The formats of the reports of a sweep, each once; none where the template names none.
    pub report_formats: Vec<Format>,
    /// How long after a rotation consumers that had read the previous OAuth client have to read the
    /// secret again.
    pub client_grace: Duration,
    /// How much of the requests to Genesys Cloud this environment may make.
    pub requests: RequestShare,
    /// Whether S3 is at an address of its own (`AWS_ENDPOINT_URL_S3`, which the SDK reads too), as in
    /// a local stack.
    pub local_s3: bool,
}

/// What one execution environment may make of the requests that all of them make with one OAuth client:
/// fixed by the template, so that environments need not coordinate. The platform allows 300 a minute for each
/// token (`token.rate.per.minute`, the official limits page), and warns against using several tokens to
/// exceed it (developer center blog, 2021-02-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestShare {
    /// Requests a minute; none for a function that makes no requests.
    pub per_minute: Option<u32>,
    /// The same while no binding waits in the queue before `rebind-action`, where that is more.
    pub per_minute_without_bindings: Option<u32>,
}

/// What is logged (`RUST_LOG`), where it is set: read apart from the rest, whose mistakes are logged.
#[must_use]
pub fn log_filter() -> Option<String> {
    variable("RUST_LOG")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Every variable that is missing or does not fit.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Variable, and what is wrong with it, in the order in which they are read.
    pub problems: Vec<(&'static str, String)>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the function's environment variables are invalid:")?;
        for (variable, problem) in &self.problems {
            write!(f, " {variable} {problem};")?;
        }
        write!(
            f,
            " deploy the unmodified template, or set the variables on the function"
        )
    }
}

// The Lambda runtime prints errors with `Debug`: one readable line there too.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the configuration from the process's environment: the one place that does.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn from_process() -> Result<Self, ConfigError> {
        Self::from_env(variable)
    }

    /// Reads the configuration through `lookup`, which answers a variable's value.
    ///
    /// An empty variable counts as missing, except for lists and for what may be left out.
    ///
    /// # Errors
    /// All that is missing or does not fit, at once.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader {
            lookup,
            problems: Vec::new(),
        };
        let config = reader.config();
        if reader.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError {
                problems: reader.problems,
            })
        }
    }
}

/// Continues after a mistake; what could not be read becomes an empty value that is never used.
struct Reader<L> {
    lookup: L,
    problems: Vec<(&'static str, String)>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn config(&mut self) -> Config {
        let stack = self.text("LOCKSTEP_STACK");
        let region = self.text("AWS_REGION");
        let account = self.account("LOCKSTEP_ACCOUNT_ID");
        let partition = self.partition("LOCKSTEP_PARTITION");
        let bounds = self.bounds(&stack, &region, &account, &partition);
        Config {
            function: self.text("AWS_LAMBDA_FUNCTION_NAME"),
            event_bus: self.text("LOCKSTEP_EVENT_BUS"),
            manifest_bucket: self.text("LOCKSTEP_MANIFEST_BUCKET"),
            state_bucket: self.text("LOCKSTEP_STATE_BUCKET"),
            evidence_bucket: self.text("LOCKSTEP_EVIDENCE_BUCKET"),
            rebind_queue_url: self.optional("LOCKSTEP_REBIND_QUEUE_URL"),
            verify_queue_url: self.optional("LOCKSTEP_VERIFY_QUEUE_URL"),
            fingerprint_key_secret: self.optional("LOCKSTEP_FINGERPRINT_KEY_SECRET"),
            bounds,
            boundary_arn: self.text("LOCKSTEP_PERMISSIONS_BOUNDARY_ARN"),
            verify_delay: self.seconds("LOCKSTEP_VERIFY_DELAY_SECONDS"),
            verify_window: self.seconds("LOCKSTEP_VERIFY_WINDOW_SECONDS"),
            verify_deadline: self.seconds("LOCKSTEP_VERIFY_DEADLINE_SECONDS"),
            role_settle: self.seconds("LOCKSTEP_SETTLE_SECONDS"),
            genesys_settle: self.seconds("LOCKSTEP_GENESYS_SETTLE_SECONDS"),
            stuck_after_minutes: self.minutes("LOCKSTEP_STUCK_AFTER_MINUTES"),
            exceptions: ExceptionLimits {
                max_days: self.number("LOCKSTEP_MAX_EXCEPTION_DAYS", "days"),
                critical: BTreeSet::from_iter(self.list("LOCKSTEP_CRITICAL_EXCEPTIONS")),
            },
            reminder: self.hours("LOCKSTEP_REMINDER_HOURS"),
            report_formats: self.formats("LOCKSTEP_REPORT_FORMATS"),
            client_grace: self.seconds("LOCKSTEP_CLIENT_GRACE_SECONDS"),
            requests: RequestShare {
                per_minute: self.requests("LOCKSTEP_REQUESTS_PER_MINUTE"),
                per_minute_without_bindings: self
                    .requests("LOCKSTEP_REQUESTS_PER_MINUTE_WITHOUT_BINDINGS"),
            },
            local_s3: self.optional("AWS_ENDPOINT_URL_S3").is_some(),
            stack,
            region,
            account,
            partition,
        }
    }

    fn bounds(&mut self, stack: &str, region: &str, account: &str, partition: &str) -> Bounds {
        let own = format!("{stack}-");
        Bounds {
            account: account.to_owned(),
            region: region.to_owned(),
            partition: partition.to_owned(),
            organization_ids: self.list("LOCKSTEP_ORGANIZATION_IDS"),
            allowed_functions: self.list("LOCKSTEP_ALLOWED_FUNCTION_ARNS"),
            allowed_hosts: self.list("LOCKSTEP_ALLOWED_GENESYS_HOSTS"),
            role_name_prefix: self.text("LOCKSTEP_ROLE_NAME_PREFIX"),
            client_secret_prefix: self.text("LOCKSTEP_CLIENT_SECRET_PREFIX"),
            credential_secret_prefix: self.text("LOCKSTEP_CREDENTIAL_SECRET_PREFIX"),
            genesys_account: self.genesys_account("LOCKSTEP_GENESYS_ACCOUNT_ID"),
            // The template names the stack's functions and roles after the stack.
            own_functions: vec![own.clone()],
            own_role_prefix: own,
        }
    }

    /// None where the template does not set it.
    fn requests(&mut self, variable: &'static str) -> Option<u32> {
        let text = self.optional(variable)?;
        let number = text.parse().ok().filter(|number| *number > 0);
        if number.is_none() {
            self.problem(
                variable,
                format!("is {text:?}, which is not a number above 0"),
            );
        }
        number
    }

    fn optional(&self, variable: &'static str) -> Option<String> {
        (self.lookup)(variable).filter(|text| !text.trim().is_empty())
    }

    fn problem(&mut self, variable: &'static str, problem: impl Into<String>) {
        self.problems.push((variable, problem.into()));
    }

    fn text(&mut self, variable: &'static str) -> String {
        match self.optional(variable) {
            Some(text) => text,
            None => {
                self.problem(variable, "is missing");
                String::new()
            }
        }
    }

    fn account(&mut self, variable: &'static str) -> String {
        let text = self.text(variable);
        if !text.is_empty() && !arn::is_account(&text) {
            self.problem(
                variable,
                format!("is {text:?}, which is not a 12-digit account id"),
            );
        }
        text
    }

    fn genesys_account(&mut self, variable: &'static str) -> Option<String> {
        let text = self.optional(variable)?;
        if !arn::is_account(&text) {
            self.problem(
                variable,
                format!("is {text:?}, which is not a 12-digit account id"),
            );
        }
        Some(text)
    }

    fn partition(&mut self, variable: &'static str) -> String {
        let text = self.text(variable);
        if !text.is_empty() && !arn::PARTITIONS.contains(&text.as_str()) {
            let known = arn::PARTITIONS.join(", ");
            self.problem(variable, format!("is {text:?}, but must be one of {known}"));
        }
        text
    }

    fn seconds(&mut self, variable: &'static str) -> Duration {
        let text = self.text(variable);
        if text.is_empty() {
            return Duration::ZERO;
        }
        match text.parse() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => {
                self.problem(
                    variable,
                    format!("is {text:?}, which is not a number of seconds"),
                );
                Duration::ZERO
            }
        }
    }

    fn minutes(&mut self, variable: &'static str) -> u32 {
        self.number(variable, "minutes")
    }

    fn hours(&mut self, variable: &'static str) -> Duration {
        let hours = self.number(variable, "hours");
        Duration::from_secs(u64::from(hours) * 3600)
    }

    fn formats(&mut self, variable: &'static str) -> Vec<Format> {
        let text = self.optional(variable).unwrap_or_default();
        let mut formats = BTreeSet::new();
        for name in text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            match name.parse() {
                Ok(format) => {
                    formats.insert(format);
                }
                Err(error) => self.problem(variable, format!("is {text:?}: {error}")),
            }
        }
        formats.into_iter().collect()
    }

    fn number(&mut self, variable: &'static str, of: &str) -> u32 {
        let text = self.text(variable);
        match text.parse() {
            Ok(number) => number,
            Err(_) => {
                if !text.is_empty() {
                    self.problem(
                        variable,
                        format!("is {text:?}, which is not a number of {of}"),
                    );
                }
                0
            }
        }
    }

    /// A comma-separated list; it may be empty, but the variable must be there: a forgotten bound
    /// should not look like a deliberate one.
    fn list<T: FromStr<Err: fmt::Display>>(&mut self, variable: &'static str) -> Vec<T> {
        let Some(text) = (self.lookup)(variable) else {
            self.problem(variable, "is missing (an empty value is allowed)");
            return Vec::new();
        };
        let mut items = Vec::new();
        for item in text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            match item.parse() {
                Ok(item) => items.push(item),
                Err(error) => self.problem(variable, format!("contains {item:?}: {error}")),
            }
        }
        items
    }
}

#[cfg(test)]
pub(crate) mod tests;
