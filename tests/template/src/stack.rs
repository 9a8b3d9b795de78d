//! Everything that the template deploys.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::function::globals;
use crate::properties::{Flag, Ignored, Number};
use crate::template::{members, text};
use crate::{
    ApiDestination, Bucket, EventBus, EventSourceMapping, Function, ManagedPolicy, Place, Queue,
    Role, Rule, Schedule, Template, TemplateError,
};

/// A deployed template. Each list is sorted by logical id.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// Where it is deployed.
    pub place: Place,
    /// Functions.
    pub functions: Vec<Function>,
    /// What receives from queues and invokes functions.
    pub mappings: Vec<EventSourceMapping>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Managed policies.
    pub managed_policies: Vec<ManagedPolicy>,
    /// Queues.
    pub queues: Vec<Queue>,
    /// Event buses, besides the account's own.
    pub buses: Vec<EventBus>,
    /// Rules.
    pub rules: Vec<Rule>,
    /// API destinations.
    pub api_destinations: Vec<ApiDestination>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
    /// Buckets.
    pub buckets: Vec<Bucket>,
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// The outputs, by name.
    pub outputs: BTreeMap<String, String>,
}

/// A secret whose value CloudFormation generates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its logical id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// How many characters the generated value has.
    pub length: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct SecretProperties {
    #[serde(rename = "Description")]
    _description: Ignored,
    generate_secret_string: Generated,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Generated {
    password_length: Number,
    #[serde(rename = "ExcludePunctuation")]
    _exclude_punctuation: Flag,
}

/// Resources that are read, or are a part of one that is.
const READ: [&str; 13] = [
    "AWS::Events::ApiDestination",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::Lambda::Permission",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
    "AWS::SecretsManager::Secret",
    "AWS::Serverless::Function",
];

/// Resources that are known and change nothing of what is read.
const IGNORED: [&str; 3] = [
    "AWS::CloudWatch::Alarm",
    "AWS::Events::Connection",
    "AWS::Logs::LogGroup",
];

/// What a resource may say beside its properties.
const ATTRIBUTES: [&str; 6] = [
    "Type",
    "Condition",
    "Properties",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
];

impl Stack {
    pub(crate) fn of(template: &Template) -> Result<Self, TemplateError> {
        check(template)?;
        let globals = globals(template)?;
        let (functions, mappings): (Vec<_>, Vec<_>) =
            all(template, "AWS::Serverless::Function", |template, id| {
                Function::of(template, &globals, id)
            })?
            .into_iter()
            .unzip();
        Ok(Self {
            place: template.place.clone(),
            functions,
            mappings: mappings.into_iter().flatten().collect(),
            roles: all(template, "AWS::IAM::Role", Role::of)?,
            managed_policies: all(template, "AWS::IAM::ManagedPolicy", ManagedPolicy::of)?,
            queues: all(template, "AWS::SQS::Queue", Queue::of)?,
            buses: all(template, "AWS::Events::EventBus", EventBus::of)?,
            rules: all(template, "AWS::Events::Rule", Rule::of)?,
            api_destinations: all(template, "AWS::Events::ApiDestination", ApiDestination::of)?,
            schedules: all(template, "AWS::Scheduler::Schedule", Schedule::of)?,
            buckets: all(template, "AWS::S3::Bucket", Bucket::of)?,
            secrets: all(template, "AWS::SecretsManager::Secret", Secret::of)?,
            outputs: outputs(template)?,
        })
    }

    /// The function with a logical id.
    #[must_use]
    pub fn function(&self, id: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.id == id)
    }

    /// The queue with a logical id.
    #[must_use]
    pub fn queue(&self, id: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.id == id)
    }

    /// The role with a logical id.
    #[must_use]
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// The bucket with a logical id.
    #[must_use]
    pub fn bucket(&self, id: &str) -> Option<&Bucket> {
        self.buckets.iter().find(|bucket| bucket.id == id)
    }

    /// The rule with a logical id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}

fn all<T>(
    template: &Template,
    kind: &str,
    read: impl Fn(&Template, &str) -> Result<T, TemplateError>,
) -> Result<Vec<T>, TemplateError> {
    template
        .of_type(kind)?
        .into_iter()
        .map(|id| read(template, id))
        .collect()
}

fn check(template: &Template) -> Result<(), TemplateError> {
    for (id, resource) in members("Resources", &template.document["Resources"])? {
        let attributes = members(id, resource)?;
        if let Some(unknown) = attributes
            .keys()
            .find(|name| !ATTRIBUTES.contains(&name.as_str()))
        {
            return Err(TemplateError::new(id, format!("the attribute {unknown}")));
        }
        let kind = text(id, &resource["Type"])?;
        if !READ.contains(&kind.as_str()) && !IGNORED.contains(&kind.as_str()) {
            return Err(TemplateError::new(id, format!("the resource type {kind}")));
        }
    }
    Ok(())
}

fn outputs(template: &Template) -> Result<BTreeMap<String, String>, TemplateError> {
    let mut resolved = BTreeMap::new();
    for (name, output) in members("Outputs", &template.document["Outputs"])? {
        let value = template.resolve_value(name, &output["Value"])?;
        resolved.insert(name.clone(), text(name, &value.unwrap_or_default())?);
    }
    Ok(resolved)
}

impl Secret {
    fn of(template: &Template, id: &str) -> Result<Self, TemplateError> {
        let read: SecretProperties = template.read(id)?;
        Ok(Self {
            id: id.to_owned(),
            name: template.name(id)?,
            arn: template.arn(id)?,
            length: read.generate_secret_string.password_length.0,
        })
    }
}
