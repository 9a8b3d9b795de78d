//! Names, ARNs and what `!Ref` and `!GetAtt` give, by type of resource.
//!
//! Source: AWS CloudFormation Template Reference, "Return values" on each resource's page.

use serde_json::Value;

use crate::template::text;
use crate::{Template, TemplateError};

impl Template {
    /// The ARN of a resource.
    ///
    /// # Errors
    /// Where there is no such resource, or its type has none that is known here.
    pub fn arn(&self, id: &str) -> Result<String, TemplateError> {
        let kind = self.kind(id)?;
        let name = self.name(id)?;
        let place = &self.place;
        Ok(match kind.as_str() {
            "AWS::S3::Bucket" => format!("arn:{}:s3:::{name}", place.partition),
            "AWS::SQS::Queue" => place.arn("sqs", &name),
            "AWS::IAM::Role" => place.iam_arn(&format!("role/{name}")),
            "AWS::IAM::ManagedPolicy" => place.iam_arn(&format!("policy/{name}")),
            "AWS::Serverless::Function" => place.arn("lambda", &format!("function:{name}")),
            "AWS::Events::EventBus" => place.arn("events", &format!("event-bus/{name}")),
            "AWS::Events::Rule" => place.arn("events", &self.rule_path(id, &name)?),
            "AWS::Events::ApiDestination" => {
                let unique = "a1b2c3d4-5678-90ab-cdef-000000000001";
                place.arn("events", &format!("api-destination/{name}/{unique}"))
            }
            "AWS::Events::Connection" => {
                let unique = "a1b2c3d4-5678-90ab-cdef-000000000002";
                place.arn("events", &format!("connection/{name}/{unique}"))
            }
            "AWS::Scheduler::Schedule" => {
                place.arn("scheduler", &format!("schedule/default/{name}"))
            }
            // Secrets Manager adds a hyphen and six characters.
            "AWS::SecretsManager::Secret" => {
                place.arn("secretsmanager", &format!("secret:{name}-AbCdEf"))
            }
            other => return Err(TemplateError::new(id, format!("the ARN of {other}"))),
        })
    }

    /// A resource's name: the given one, or as CloudFormation makes it.
    ///
    /// # Errors
    /// Where there is no such resource.
    pub fn name(&self, id: &str) -> Result<String, TemplateError> {
        let kind = self.kind(id)?;
        let given = match kind.as_str() {
            "AWS::IAM::Role" => self.property(id, "RoleName")?,
            "AWS::Serverless::Function" => self.property(id, "FunctionName")?,
            "AWS::Events::EventBus" => self.property(id, "Name")?,
            "AWS::Logs::LogGroup" => self.property(id, "LogGroupName")?,
            _ => None,
        };
        if let Some(given) = given {
            return text(id, &given);
        }
        let made = self.place.physical_name(id);
        Ok(match kind.as_str() {
            // Names of buckets have no capitals.
            "AWS::S3::Bucket" => made.to_lowercase(),
            "AWS::SQS::Queue" if self.property(id, "FifoQueue")? == Some(Value::Bool(true)) => {
                format!("{made}.fifo")
            }
            _ => made,
        })
    }

    /// What `!Ref` gives.
    pub(crate) fn reference_to(&self, id: &str) -> Result<String, TemplateError> {
        if !self.exists(id)? {
            return Err(TemplateError::new(
                id,
                "it does not exist with these parameters",
            ));
        }
        match self.kind(id)?.as_str() {
            "AWS::IAM::ManagedPolicy" | "AWS::SecretsManager::Secret" => self.arn(id),
            "AWS::SQS::Queue" => self.queue_url(id),
            "AWS::S3::Bucket"
            | "AWS::Events::EventBus"
            | "AWS::Serverless::Function"
            | "AWS::IAM::Role"
            | "AWS::Logs::LogGroup" => self.name(id),
            other => Err(TemplateError::new(id, format!("!Ref of {other}"))),
        }
    }

    pub(crate) fn queue_url(&self, id: &str) -> Result<String, TemplateError> {
        let place = &self.place;
        let (region, suffix, account) = (&place.region, place.url_suffix(), &place.account);
        let name = self.name(id)?;
        Ok(format!("https://sqs.{region}.{suffix}/{account}/{name}"))
    }

    /// What `!GetAtt` gives.
    pub(crate) fn attribute(&self, written: &str) -> Result<String, TemplateError> {
        let (id, attribute) = written.split_once('.').unwrap_or((written, ""));
        if !self.exists(id)? {
            return Err(TemplateError::new(
                id,
                "it does not exist with these parameters",
            ));
        }
        match (self.kind(id)?.as_str(), attribute) {
            // A secret's ARN goes by the name of Id.
            ("AWS::SecretsManager::Secret", "Id") => self.arn(id),
            ("AWS::SecretsManager::Secret", _) => Err(unknown(written)),
            ("AWS::SQS::Queue", "QueueName") => self.name(id),
            (_, "Arn") => self.arn(id),
            _ => Err(unknown(written)),
        }
    }

    fn kind(&self, id: &str) -> Result<String, TemplateError> {
        text(id, &self.resource(id)?["Type"])
    }

    /// One property, resolved; only it, so that names need no references back.
    fn property(&self, id: &str, name: &str) -> Result<Option<Value>, TemplateError> {
        match self.resource(id)?["Properties"].get(name) {
            Some(written) => self.resolve_value(id, written),
            None => Ok(None),
        }
    }

    /// `rule/NAME` on the default bus, `rule/BUS/NAME` on another (Service Authorization Reference, Amazon
    /// EventBridge, resource types).
    fn rule_path(&self, id: &str, name: &str) -> Result<String, TemplateError> {
        Ok(match self.property(id, "EventBusName")? {
            Some(bus) => format!("rule/{}/{name}", text(id, &bus)?),
            None => format!("rule/{name}"),
        })
    }
}

fn unknown(attribute: &str) -> TemplateError {
    TemplateError::new(attribute, "an attribute that is not known")
}
