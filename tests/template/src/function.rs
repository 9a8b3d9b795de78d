//! Functions, and what SAM makes of their events.

use std::collections::BTreeMap;
use std::time::Duration;

use policy_evaluator::ResourcePolicy;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::properties::{Ignored, Number, Text, read};
use crate::template::members;
use crate::{Document, Template, TemplateError};

/// A function.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its logical id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The ARN of its execution role. SAM adds nothing to a role that is given.
    pub role: String,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its memory in MiB.
    pub memory: u32,
    /// How many may run at once, where that is reserved.
    pub reserved_concurrency: Option<u32>,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// Which services may invoke it.
    pub policy: Option<Document<ResourcePolicy>>,
}

/// What receives from a queue and invokes a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSourceMapping {
    /// The function's logical id and the event's, as SAM joins them.
    pub id: String,
    /// The ARN of the queue.
    pub queue: String,
    /// The ARN of the function.
    pub function: String,
    /// At most so many messages are handed over at once.
    pub batch_size: u32,
    /// How long it gathers messages.
    pub batching_window: Duration,
    /// How many invocations may run at once.
    pub maximum_concurrency: Option<u32>,
    /// Whether the function says which messages failed: the others are deleted.
    pub reports_batch_item_failures: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct FunctionProperties {
    #[serde(rename = "FunctionName")]
    _function_name: Ignored,
    #[serde(rename = "Description")]
    _description: Ignored,
    #[serde(rename = "CodeUri")]
    _code_uri: Ignored,
    #[serde(rename = "LoggingConfig")]
    _logging: Ignored,
    #[serde(rename = "Runtime")]
    _runtime: Ignored,
    #[serde(rename = "Handler")]
    _handler: Ignored,
    #[serde(rename = "Architectures")]
    _architectures: Ignored,
    timeout: Option<Number>,
    memory_size: Option<Number>,
    // Without one, SAM would make a role with policies of its own.
    role: String,
    reserved_concurrent_executions: Option<Number>,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    events: BTreeMap<String, EventProperties>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<String, Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "Type", content = "Properties")]
enum EventProperties {
    #[serde(rename = "SQS")]
    Sqs(SqsProperties),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct SqsProperties {
    queue: String,
    batch_size: Option<Number>,
    maximum_batching_window_in_seconds: Option<Number>,
    #[serde(default)]
    function_response_types: Vec<ResponseType>,
    scaling_config: Option<Scaling>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum ResponseType {
    ReportBatchItemFailures,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Scaling {
    maximum_concurrency: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct PermissionProperties {
    function_name: String,
    action: String,
    principal: String,
    source_account: Option<String>,
}

/// The defaults of AWS SAM and AWS Lambda (AWS SAM Developer Guide, `AWS::Serverless::Function`, `Timeout`; AWS Lambda
/// API reference, `CreateFunction`, `MemorySize`; `CreateEventSourceMapping`, `BatchSize`).
const DEFAULT_TIMEOUT: u32 = 3;
const DEFAULT_MEMORY: u32 = 128;
const DEFAULT_BATCH: u32 = 10;

/// All environment variables together, in bytes (AWS Lambda Developer Guide, "Lambda quotas").
const MAX_ENVIRONMENT: usize = 4_096;

impl Function {
    pub(crate) fn of(
        template: &Template,
        globals: &Value,
        id: &str,
    ) -> Result<(Self, Vec<EventSourceMapping>), TemplateError> {
        let properties = merged(globals.clone(), template.properties(id)?);
        let read: FunctionProperties = read(id, properties)?;
        let (name, arn) = (template.name(id)?, template.arn(id)?);
        let environment: BTreeMap<String, String> = read
            .environment
            .variables
            .into_iter()
            .map(|(name, value)| (name, value.0))
            .collect();
        let bytes = environment
            .iter()
            .map(|(name, value)| name.len() + value.len());
        let bytes: usize = bytes.sum();
        if bytes > MAX_ENVIRONMENT {
            let what = format!("{bytes} bytes of environment, where {MAX_ENVIRONMENT} are allowed");
            return Err(TemplateError::new(id, what));
        }
        let mappings = read
            .events
            .into_iter()
            .map(|(event, EventProperties::Sqs(sqs))| sqs.mapping(format!("{id}{event}"), &arn))
            .collect();
        let function = Self {
            id: id.to_owned(),
            policy: policy_of(template, &name, &arn)?,
            name,
            arn,
            role: read.role,
            timeout: read.timeout.unwrap_or(Number(DEFAULT_TIMEOUT)).seconds(),
            memory: read.memory_size.unwrap_or(Number(DEFAULT_MEMORY)).0,
            reserved_concurrency: read.reserved_concurrent_executions.map(|number| number.0),
            environment,
        };
        Ok((function, mappings))
    }
}

impl SqsProperties {
    fn mapping(self, id: String, function: &str) -> EventSourceMapping {
        EventSourceMapping {
            id,
            queue: self.queue,
            function: function.to_owned(),
            batch_size: self.batch_size.unwrap_or(Number(DEFAULT_BATCH)).0,
            batching_window: self
                .maximum_batching_window_in_seconds
                .map_or(Duration::ZERO, Number::seconds),
            maximum_concurrency: self
                .scaling_config
                .map(|scaling| scaling.maximum_concurrency.0),
            reports_batch_item_failures: self
                .function_response_types
                .contains(&ResponseType::ReportBatchItemFailures),
        }
    }
}

/// What the section `Globals` says of every function.
pub(crate) fn globals(template: &Template) -> Result<Value, TemplateError> {
    let globals = &template.document["Globals"];
    let sections = members("Globals", globals)?;
    if let Some(unknown) = sections.keys().find(|name| *name != "Function") {
        return Err(TemplateError::new(
            "Globals",
            format!("the section {unknown}"),
        ));
    }
    let resolved = template.resolve_value("Globals", &globals["Function"])?;
    Ok(resolved.unwrap_or_default())
}

/// Maps are merged, and what a resource says replaces the rest (AWS SAM Developer Guide, "Globals section", overriding
/// global properties). Lists would be joined: the globals have one only that no function says again.
fn merged(global: Value, own: Value) -> Value {
    match (global, own) {
        (Value::Object(mut global), Value::Object(own)) => {
            for (name, own) in own {
                let below = global.remove(&name).unwrap_or_default();
                global.insert(name, merged(below, own));
            }
            Value::Object(global)
        }
        (_, own) => own,
    }
}

/// The policy as Lambda keeps it, with a statement for each permission (AWS Lambda API reference, `AddPermission`).
fn policy_of(
    template: &Template,
    name: &str,
    arn: &str,
) -> Result<Option<Document<ResourcePolicy>>, TemplateError> {
    let mut statements = Vec::new();
    for id in template.of_type("AWS::Lambda::Permission")? {
        let read: PermissionProperties = template.read(id)?;
        if ![name, arn].contains(&read.function_name.as_str()) {
            continue;
        }
        let mut statement = json!({
            "Sid": id,
            "Effect": "Allow",
            "Principal": {"Service": read.principal},
            "Action": read.action,
            "Resource": arn,
        });
        if let Some(account) = read.source_account {
            statement["Condition"] = json!({"StringEquals": {"AWS:SourceAccount": account}});
        }
        statements.push(statement);
    }
    if statements.is_empty() {
        return Ok(None);
    }
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    Document::resource(name, policy).map(Some)
}
