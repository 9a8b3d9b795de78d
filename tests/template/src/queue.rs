//! Queues and their policies.

use std::time::Duration;

use policy_evaluator::ResourcePolicy;
use serde::Deserialize;
use serde_json::Value;

use crate::properties::{Flag, Ignored, Number};
use crate::{Document, Template, TemplateError};

/// A queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// Its logical id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it is first in, first out.
    pub fifo: bool,
    /// Whether a hash of the body stands in for a deduplication id that a message lacks.
    pub content_based_deduplication: bool,
    /// How long a new message is hidden.
    pub delay: Duration,
    /// How long a message is hidden after it was received.
    pub visibility_timeout: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// Where messages go that are received too often.
    pub redrive: Option<Redrive>,
    /// Who may send to it, besides whom identity policies allow.
    pub policy: Option<Document<ResourcePolicy>>,
}

/// Where messages go that are received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// The ARN of the dead-letter queue.
    pub dead_letters: String,
    /// How often a message may be received.
    pub max_receive_count: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct QueueProperties {
    fifo_queue: Option<Flag>,
    content_based_deduplication: Option<Flag>,
    delay_seconds: Option<Number>,
    visibility_timeout: Option<Number>,
    message_retention_period: Option<Number>,
    redrive_policy: Option<RedriveProperties>,
    #[serde(rename = "SqsManagedSseEnabled")]
    _encryption: Ignored,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RedriveProperties {
    dead_letter_target_arn: String,
    max_receive_count: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct QueuePolicyProperties {
    queues: Vec<String>,
    policy_document: Value,
}

/// The defaults of Amazon SQS (API reference, `CreateQueue`).
const DEFAULT_VISIBILITY: Duration = Duration::from_secs(30);
const DEFAULT_RETENTION: Duration = Duration::from_secs(345_600);

impl Queue {
    pub(crate) fn of(template: &Template, id: &str) -> Result<Self, TemplateError> {
        let read: QueueProperties = template.read(id)?;
        let flag = |flag: Option<Flag>| flag.unwrap_or_default().0;
        let seconds = |given: Option<Number>, default| given.map_or(default, Number::seconds);
        let url = template.queue_url(id)?;
        Ok(Self {
            id: id.to_owned(),
            name: template.name(id)?,
            arn: template.arn(id)?,
            fifo: flag(read.fifo_queue),
            content_based_deduplication: flag(read.content_based_deduplication),
            delay: seconds(read.delay_seconds, Duration::ZERO),
            visibility_timeout: seconds(read.visibility_timeout, DEFAULT_VISIBILITY),
            retention: seconds(read.message_retention_period, DEFAULT_RETENTION),
            redrive: read.redrive_policy.map(|redrive| Redrive {
                dead_letters: redrive.dead_letter_target_arn,
                max_receive_count: redrive.max_receive_count.0,
            }),
            policy: policy_of(template, &url)?,
            url,
        })
    }
}

/// One policy may be given to several queues, and the last given is the queue's only one.
fn policy_of(
    template: &Template,
    url: &str,
) -> Result<Option<Document<ResourcePolicy>>, TemplateError> {
    let mut found = None;
    for id in template.of_type("AWS::SQS::QueuePolicy")? {
        let read: QueuePolicyProperties = template.read(id)?;
        if !read.queues.iter().any(|queue| queue == url) {
            continue;
        }
        if found.is_some() {
            return Err(TemplateError::new(id, format!("a second policy of {url}")));
        }
        found = Some(Document::resource(id, read.policy_document)?);
    }
    Ok(found)
}
