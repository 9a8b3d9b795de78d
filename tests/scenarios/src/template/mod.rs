//! `template.yaml` with values in the place of its functions, so that its policies can be judged.
//!
//! Only what the template uses is known; anything else is an error, never a guess.

mod yaml;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::Error;

/// The account that the template is resolved for.
pub const ACCOUNT: &str = "123456789012";

/// The region that the template is resolved for.
pub const REGION: &str = "us-east-1";

/// The stack's name.
pub const STACK: &str = "lockstep";

/// The template, with parameters chosen.
#[derive(Debug)]
pub struct Template {
    document: Value,
    parameters: BTreeMap<String, Value>,
}

impl Template {
    /// The template as an account would have it, with these parameters beside the defaults.
    ///
    /// # Errors
    /// Where it can't be read, or a parameter is missing or unknown.
    pub fn with(chosen: &[(&str, &str)]) -> Result<Self, Error> {
        let text = std::fs::read_to_string(sandbox::place::workspace().join("template.yaml"))?;
        let document = yaml::parse(&text)?;
        let declared = members(&document["Parameters"])?;
        if let Some((unknown, _)) = chosen
            .iter()
            .find(|(name, _)| !declared.contains_key(*name))
        {
            return Err(format!("the template has no parameter {unknown}").into());
        }
        let mut parameters = BTreeMap::new();
        for (name, declaration) in declared {
            let chosen = chosen.iter().find(|(chosen, _)| chosen == name);
            let value = match chosen {
                Some((_, value)) => (*value).to_owned(),
                None => text_of(&declaration["Default"]).map_err(|_| format!("choose {name}"))?,
            };
            let value = if declaration["Type"] == "CommaDelimitedList" {
                value.split(',').map(Value::from).collect()
            } else {
                Value::from(value)
            };
            parameters.insert(name.clone(), value);
        }
        Ok(Self {
            document,
            parameters,
        })
    }

    /// The parameters as they are declared.
    pub fn parameters(&self) -> &Value {
        &self.document["Parameters"]
    }

    /// The logical ids of the resources of a type that exist with these parameters.
    ///
    /// # Errors
    /// Where a condition can't be decided.
    pub fn of_type(&self, wanted: &str) -> Result<Vec<&str>, Error> {
        let mut found = Vec::new();
        for (id, resource) in members(&self.document["Resources"])? {
            let exists = match resource.get("Condition") {
                Some(condition) => self.holds(&text_of(condition)?)?,
                None => true,
            };
            if exists && resource["Type"] == wanted {
                found.push(id.as_str());
            }
        }
        Ok(found)
    }

    /// The properties of a resource.
    ///
    /// # Errors
    /// Where there is no such resource, or it says something that is not known here.
    pub fn properties(&self, id: &str) -> Result<Value, Error> {
        let properties = self
            .resource(id)?
            .get("Properties")
            .ok_or_else(|| format!("{id} has no properties"))?;
        Ok(self.resolve(properties)?.unwrap_or_default())
    }

    /// The ARN of a resource.
    ///
    /// # Errors
    /// Where there is no such resource, or its type has none that is known here.
    pub fn arn(&self, id: &str) -> Result<String, Error> {
        let kind = text_of(&self.resource(id)?["Type"])?;
        let name = self.name(id)?;
        let here = format!("{REGION}:{ACCOUNT}");
        Ok(match kind.as_str() {
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
            "AWS::SQS::Queue" => format!("arn:aws:sqs:{here}:{name}"),
            "AWS::IAM::Role" => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "AWS::IAM::ManagedPolicy" => format!("arn:aws:iam::{ACCOUNT}:policy/{name}"),
            "AWS::Serverless::Function" => format!("arn:aws:lambda:{here}:function:{name}"),
            "AWS::Events::EventBus" => format!("arn:aws:events:{here}:event-bus/{STACK}"),
            "AWS::SecretsManager::Secret" => {
                format!("arn:aws:secretsmanager:{here}:secret:{name}-AbCdEf")
            }
            "AWS::Events::Rule" => format!("arn:aws:events:{here}:rule/{name}"),
            "AWS::Events::ApiDestination" => {
                format!("arn:aws:events:{here}:api-destination/{name}")
            }
            other => return Err(format!("the ARN of {id} ({other}) is not known").into()),
        })
    }

    /// The name that the template gives a role, or one as CloudFormation would make it.
    fn name(&self, id: &str) -> Result<String, Error> {
        let properties = &self.resource(id)?["Properties"];
        let given = properties
            .get("RoleName")
            .or_else(|| properties.get("FunctionName"));
        match given {
            Some(given) => text_of(&self.resolve(given)?.unwrap_or_default()),
            None => Ok(physical(id)),
        }
    }

    fn resource(&self, id: &str) -> Result<&Value, Error> {
        self.document["Resources"]
            .get(id)
            .ok_or_else(|| format!("the template has no resource {id}").into())
    }

    fn holds(&self, condition: &str) -> Result<bool, Error> {
        let written = self.document["Conditions"]
            .get(condition)
            .ok_or_else(|| format!("the template has no condition {condition}"))?;
        self.decide(written)
    }

    fn decide(&self, written: &Value) -> Result<bool, Error> {
        let (function, argument) = call(written).ok_or("a condition calls no function")?;
        let operands = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, operands) {
            ("!Equals", [left, right]) => Ok(self.resolve(left)? == self.resolve(right)?),
            ("!Not", [operand]) => Ok(!self.decide(operand)?),
            ("!Or", operands) => {
                for operand in operands {
                    if self.decide(operand)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            ("!Condition", _) => self.holds(&text_of(argument)?),
            (other, _) => Err(format!("{other} is not known in conditions").into()),
        }
    }

    /// The value; nothing where it is `AWS::NoValue`.
    fn resolve(&self, value: &Value) -> Result<Option<Value>, Error> {
        if let Some((function, argument)) = call(value) {
            return self.apply(function, argument);
        }
        Ok(Some(match value {
            Value::Array(elements) => {
                let mut kept = Vec::new();
                for element in elements {
                    kept.extend(self.resolve(element)?);
                }
                Value::Array(kept)
            }
            Value::Object(members) => {
                let mut kept = Map::new();
                for (name, member) in members {
                    if let Some(member) = self.resolve(member)? {
                        kept.insert(name.clone(), member);
                    }
                }
                Value::Object(kept)
            }
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                plain.clone()
            }
        }))
    }

    fn apply(&self, function: &str, argument: &Value) -> Result<Option<Value>, Error> {
        let operands = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, operands) {
            ("!Ref", _) => self.reference(&text_of(argument)?),
            ("!Sub", _) => Ok(Some(self.substitute(&text_of(argument)?)?.into())),
            ("!GetAtt", _) => Ok(Some(self.attribute(&text_of(argument)?)?.into())),
            ("!If", [condition, yes, no]) => {
                let holds = self.holds(&text_of(condition)?)?;
                self.resolve(if holds { yes } else { no })
            }
            ("!Join", [separator, list]) => {
                let list = self.resolve(list)?.unwrap_or_default();
                let parts: Vec<&str> = list
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                Ok(Some(parts.join(&text_of(separator)?).into()))
            }
            ("!Split", [separator, text]) => {
                let text = text_of(&self.resolve(text)?.unwrap_or_default())?;
                let separator = text_of(separator)?;
                Ok(Some(text.split(&separator).map(Value::from).collect()))
            }
            (other, _) => Err(format!("{other} is not known").into()),
        }
    }

    fn reference(&self, name: &str) -> Result<Option<Value>, Error> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        Ok(match name {
            "AWS::NoValue" => None,
            "AWS::AccountId" => Some(json!(ACCOUNT)),
            "AWS::Partition" => Some(json!("aws")),
            "AWS::Region" => Some(json!(REGION)),
            "AWS::StackName" => Some(json!(STACK)),
            "AWS::URLSuffix" => Some(json!("amazonaws.com")),
            // What `!Ref` gives of a managed policy is its ARN; elsewhere a name will do.
            id if self.resource(id)?["Type"] == "AWS::IAM::ManagedPolicy" => {
                Some(self.arn(id)?.into())
            }
            id => Some(physical(id).into()),
        })
    }

    fn substitute(&self, text: &str) -> Result<String, Error> {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or("`${` has no end")?;
            done.push_str(before);
            if name.contains('.') {
                done.push_str(&self.attribute(name)?);
            } else {
                done.push_str(&text_of(&self.reference(name)?.unwrap_or_default())?);
            }
            rest = after;
        }
        Ok(done + rest)
    }

    fn attribute(&self, name: &str) -> Result<String, Error> {
        match name.split_once('.') {
            // A secret's ARN goes by the name of Id.
            Some((id, "Arn" | "Id")) => self.arn(id),
            Some((id, "QueueName")) => Ok(physical(id)),
            _ => Err(format!("the attribute {name} is not known").into()),
        }
    }
}

/// The name that CloudFormation would give: it begins with the stack's.
fn physical(id: &str) -> String {
    format!("{STACK}-{}-1a2b3c", id.to_lowercase())
}

/// A call of a function of CloudFormation, as the reader leaves it.
fn call(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    name.starts_with('!').then_some((name.as_str(), argument))
}

fn members(value: &Value) -> Result<&Map<String, Value>, Error> {
    value
        .as_object()
        .ok_or_else(|| format!("not a mapping: {value}").into())
}

fn text_of(value: &Value) -> Result<String, Error> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("not a text: {value}").into())
}
