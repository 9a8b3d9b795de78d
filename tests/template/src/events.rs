//! Event buses, rules with their targets, and API destinations.

use serde::Deserialize;
use serde_json::Value;

use crate::properties::{Ignored, Number};
use crate::schedule::{DeadLetterProperties, Retry, RetryProperties};
use crate::{EventPattern, Template, TemplateError};

/// An event bus of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBus {
    /// Its logical id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its logical id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The name of its bus: `default` is the account's.
    pub bus: String,
    /// Which events it takes.
    pub pattern: EventPattern,
    /// Where they go.
    pub targets: Vec<RuleTarget>,
}

/// Where a rule sends its events, each as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTarget {
    /// Its name within the rule.
    pub id: String,
    /// The ARN of the queue or API destination.
    pub arn: String,
    /// The ARN of the role that it is reached with; a queue is reached by its own policy.
    pub role: Option<String>,
    /// How a delivery is retried.
    pub retry: Retry,
    /// The ARN of the queue where failed deliveries go.
    pub dead_letters: Option<String>,
}

/// A web service that a rule posts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiDestination {
    /// Its logical id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The URL.
    pub endpoint: String,
    /// The HTTP method.
    pub method: String,
    /// At most so many calls a second.
    pub rate_limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BusProperties {
    #[serde(rename = "Name")]
    _name: Ignored,
    #[serde(rename = "Description")]
    _description: Ignored,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RuleProperties {
    #[serde(rename = "Description")]
    _description: Ignored,
    event_bus_name: Option<String>,
    event_pattern: Value,
    targets: Vec<TargetProperties>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct TargetProperties {
    id: String,
    arn: String,
    role_arn: Option<String>,
    retry_policy: Option<RetryProperties>,
    dead_letter_config: Option<DeadLetterProperties>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct DestinationProperties {
    #[serde(rename = "Description")]
    _description: Ignored,
    #[serde(rename = "ConnectionArn")]
    _connection: Ignored,
    http_method: String,
    invocation_endpoint: String,
    invocation_rate_limit_per_second: Option<Number>,
}

impl EventBus {
    pub(crate) fn of(template: &Template, id: &str) -> Result<Self, TemplateError> {
        let _known: BusProperties = template.read(id)?;
        Ok(Self {
            id: id.to_owned(),
            name: template.name(id)?,
            arn: template.arn(id)?,
        })
    }
}

impl Rule {
    pub(crate) fn of(template: &Template, id: &str) -> Result<Self, TemplateError> {
        let read: RuleProperties = template.read(id)?;
        Ok(Self {
            id: id.to_owned(),
            arn: template.arn(id)?,
            bus: read.event_bus_name.unwrap_or_else(|| "default".to_owned()),
            pattern: EventPattern::of(&read.event_pattern)
                .map_err(|error| TemplateError::new(id, error))?,
            targets: read.targets.into_iter().map(RuleTarget::from).collect(),
        })
    }
}

impl From<TargetProperties> for RuleTarget {
    fn from(read: TargetProperties) -> Self {
        Self {
            id: read.id,
            arn: read.arn,
            role: read.role_arn,
            retry: read.retry_policy.into(),
            dead_letters: read.dead_letter_config.map(|config| config.arn),
        }
    }
}

impl ApiDestination {
    pub(crate) fn of(template: &Template, id: &str) -> Result<Self, TemplateError> {
        let read: DestinationProperties = template.read(id)?;
        Ok(Self {
            id: id.to_owned(),
            arn: template.arn(id)?,
            endpoint: read.invocation_endpoint,
            method: read.http_method,
            rate_limit: read.invocation_rate_limit_per_second.map(|limit| limit.0),
        })
    }
}
