//! Schedules of EventBridge Scheduler, and how deliveries are retried.

use std::time::Duration;

use serde::Deserialize;

use crate::properties::{Ignored, Number};
use crate::{Template, TemplateError};

/// How often and for how long a delivery is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// At most so many times.
    pub attempts: u32,
    /// And not for longer.
    pub maximum_age: Duration,
}

impl Default for Retry {
    /// 24 hours and 185 times (Amazon EventBridge User Guide, "Event retry policy and using dead-letter queues";
    /// Amazon EventBridge Scheduler User Guide, "Configuring a dead-letter queue").
    fn default() -> Self {
        Self {
            attempts: 185,
            maximum_age: Duration::from_secs(86_400),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct RetryProperties {
    maximum_retry_attempts: Option<Number>,
    maximum_event_age_in_seconds: Option<Number>,
}

impl From<Option<RetryProperties>> for Retry {
    fn from(read: Option<RetryProperties>) -> Self {
        let default = Self::default();
        let Some(read) = read else {
            return default;
        };
        Self {
            attempts: read
                .maximum_retry_attempts
                .map_or(default.attempts, |attempts| attempts.0),
            maximum_age: read
                .maximum_event_age_in_seconds
                .map_or(default.maximum_age, Number::seconds),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct DeadLetterProperties {
    pub(crate) arn: String,
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its logical id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// When it sends.
    pub expression: ScheduleExpression,
    /// How much later it may send.
    pub flexible_window: Duration,
    /// The ARN of the queue or function that it sends to.
    pub target: String,
    /// The ARN of the role that it sends with.
    pub role: String,
    /// What it sends.
    pub input: String,
    /// How a delivery is retried.
    pub retry: Retry,
    /// The ARN of the queue where failed deliveries go.
    pub dead_letters: Option<String>,
}

/// When a schedule sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleExpression {
    /// Every so often.
    Rate(Duration),
    /// Six fields, between the parentheses of `cron(…)`.
    Cron(String),
    /// Once, at a time without zone, between the parentheses of `at(…)`.
    At(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ScheduleProperties {
    #[serde(rename = "Description")]
    _description: Ignored,
    schedule_expression: String,
    flexible_time_window: Window,
    target: Target,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "Mode")]
enum Window {
    #[serde(rename = "OFF")]
    Off,
    #[serde(rename = "FLEXIBLE")]
    Flexible {
        #[serde(rename = "MaximumWindowInMinutes")]
        minutes: Number,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Target {
    arn: String,
    role_arn: String,
    input: String,
    retry_policy: Option<RetryProperties>,
    dead_letter_config: Option<DeadLetterProperties>,
}

impl Schedule {
    pub(crate) fn of(template: &Template, id: &str) -> Result<Self, TemplateError> {
        let read: ScheduleProperties = template.read(id)?;
        Ok(Self {
            id: id.to_owned(),
            arn: template.arn(id)?,
            expression: ScheduleExpression::parse(&read.schedule_expression)
                .ok_or_else(|| TemplateError::new(id, read.schedule_expression))?,
            flexible_window: match read.flexible_time_window {
                Window::Off => Duration::ZERO,
                Window::Flexible { minutes } => 60 * minutes.seconds(),
            },
            target: read.target.arn,
            role: read.target.role_arn,
            input: read.target.input,
            retry: read.target.retry_policy.into(),
            dead_letters: read.target.dead_letter_config.map(|config| config.arn),
        })
    }
}

impl ScheduleExpression {
    /// Source: Amazon EventBridge Scheduler User Guide, "Schedule types".
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('(')?;
        let inner = rest.strip_suffix(')')?;
        match kind {
            "rate" => rate(inner).map(Self::Rate),
            "cron" => Some(Self::Cron(inner.to_owned())),
            "at" => Some(Self::At(inner.to_owned())),
            _ => None,
        }
    }
}

fn rate(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_once(' ')?;
    let count: u32 = count.parse().ok()?;
    let seconds = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    (count > 0).then(|| count * Duration::from_secs(seconds))
}
