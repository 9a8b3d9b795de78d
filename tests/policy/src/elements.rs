//! The elements of a statement that name actions and resources, and lists of texts.

use serde_json::Value;

use crate::PolicyError;
use crate::evaluation::{Request, Target};
use crate::pattern::{Language, Pattern, Wildcards};

/// A text, or a list of at least one.
pub(crate) fn texts<'v>(element: &str, value: &'v Value) -> Result<Vec<&'v str>, PolicyError> {
    let wrong = || PolicyError::malformed(format!("{element}: {value}"));
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(value)
        }
    };
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    texts.filter(|texts| !texts.is_empty()).ok_or_else(wrong)
}

/// As [`texts`], but numbers and truth values need no quotation marks (IAM User Guide, "Grammar").
pub(crate) fn condition_values(key: &str, value: &Value) -> Result<Vec<String>, PolicyError> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(PolicyError::malformed(format!("a value of {key}: {value}")))
        }
    };
    match value {
        // Nothing documents what an empty list means.
        Value::Array(list) if list.is_empty() => Err(PolicyError::unsupported(format!(
            "{key} with an empty list of values"
        ))),
        Value::Array(list) => list.iter().map(one).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Ok(vec![one(value)?])
        }
    }
}

/// `Action` or `NotAction`. Names of actions are case-insensitive, and have no variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actions {
    listed: Vec<Pattern>,
    others: bool,
}

impl Actions {
    pub(crate) fn parse(element: &str, value: &Value) -> Result<Self, PolicyError> {
        let listed = texts(element, value)?
            .into_iter()
            .map(|text| {
                let whole = match text.split_once(':') {
                    Some((service, _)) if service.contains(['*', '?']) => {
                        return Err(PolicyError::unsupported(format!("the action {text}")));
                    }
                    Some((service, name)) => !service.is_empty() && !name.is_empty(),
                    None => text == "*",
                };
                if !whole {
                    return Err(PolicyError::malformed(format!("the action {text}")));
                }
                Pattern::parse(text, Language::Of2008, Wildcards::Special)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            listed,
            others: element == "NotAction",
        })
    }

    pub(crate) fn cover(&self, request: &Request<'_>) -> bool {
        let action = request.action;
        let listed = |pattern: &Pattern| pattern.matches_ignoring_case(action, request);
        self.listed.iter().any(listed) != self.others
    }
}

/// `Resource` or `NotResource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resources {
    listed: Vec<Listed>,
    others: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Listed {
    All,
    Arn(Pattern),
}

impl Resources {
    pub(crate) fn parse(
        element: &str,
        value: &Value,
        language: Language,
    ) -> Result<Self, PolicyError> {
        let listed = texts(element, value)?
            .into_iter()
            .map(|text| Listed::parse(text, language))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            listed,
            others: element == "NotResource",
        })
    }

    pub(crate) fn cover(&self, request: &Request<'_>) -> bool {
        let listed = |listed: &Listed| match (listed, request.target) {
            (Listed::All, _) => true,
            (Listed::Arn(pattern), Target::Resource(arn)) => {
                pattern.matches_arn(arn.as_str(), request)
            }
            // An action without resources is allowed by `*` alone.
            (Listed::Arn(_), Target::All) => false,
        };
        self.listed.iter().any(listed) != self.others
    }
}

impl Listed {
    fn parse(text: &str, language: Language) -> Result<Self, PolicyError> {
        if text == "*" {
            return Ok(Self::All);
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else {
            return Err(PolicyError::malformed(format!(
                "{text} is neither `*` nor an ARN"
            )));
        };
        if partition.is_empty() || resource.is_empty() {
            return Err(PolicyError::malformed(format!("the resource {text}")));
        }
        // "You can't use a wildcard in the service segment" (IAM User Guide, "Resource").
        if service.is_empty() || service.contains(['*', '?']) {
            return Err(PolicyError::malformed(format!("the service of {text}")));
        }
        // Variables: "after the fifth colon" only (IAM User Guide, "Variables and tags").
        if language == Language::Of2012
            && [partition, service, region, account]
                .iter()
                .any(|part| part.contains("${"))
        {
            return Err(PolicyError::malformed(format!(
                "a variable before the fifth colon of {text}"
            )));
        }
        Pattern::parse(text, language, Wildcards::Special).map(Self::Arn)
    }
}
