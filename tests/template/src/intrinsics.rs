//! Intrinsic functions and conditions, in the short form (`!Ref`). Any other is refused by name.

use serde_json::{Map, Value, json};

use crate::template::text;
use crate::{Template, TemplateError};

impl Template {
    pub(crate) fn holds(&self, condition: &str) -> Result<bool, TemplateError> {
        let written = self.document["Conditions"].get(condition);
        let written = written
            .ok_or_else(|| TemplateError::new(condition, "the template has no such condition"))?;
        self.decide(condition, written)
    }

    fn decide(&self, at: &str, written: &Value) -> Result<bool, TemplateError> {
        let (function, argument) =
            call(written).ok_or_else(|| TemplateError::new(at, "a condition calls a function"))?;
        let operands = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, operands) {
            ("!Equals", [left, right]) => {
                Ok(self.resolve_value(at, left)? == self.resolve_value(at, right)?)
            }
            ("!Not", [operand]) => Ok(!self.decide(at, operand)?),
            ("!Or", operands) => {
                let decided = operands.iter().map(|operand| self.decide(at, operand));
                let decided: Vec<bool> = decided.collect::<Result<_, _>>()?;
                Ok(decided.contains(&true))
            }
            ("!Condition", _) => self.holds(&text(at, argument)?),
            (other, _) => Err(TemplateError::new(at, format!("{other} in a condition"))),
        }
    }

    /// The value; nothing where it is `AWS::NoValue`.
    pub(crate) fn resolve_value(
        &self,
        at: &str,
        value: &Value,
    ) -> Result<Option<Value>, TemplateError> {
        if let Some((function, argument)) = call(value) {
            return self.apply(at, function, argument);
        }
        Ok(Some(match value {
            Value::Array(elements) => {
                let mut kept = Vec::new();
                for element in elements {
                    kept.extend(self.resolve_value(at, element)?);
                }
                Value::Array(kept)
            }
            Value::Object(members) => {
                let mut kept = Map::new();
                for (name, member) in members {
                    // The long form would otherwise pass for a property.
                    if name.starts_with("Fn::") || name == "Ref" {
                        return Err(TemplateError::new(
                            at,
                            format!("{name}: use the short form"),
                        ));
                    }
                    if let Some(member) = self.resolve_value(at, member)? {
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

    fn apply(
        &self,
        at: &str,
        function: &str,
        argument: &Value,
    ) -> Result<Option<Value>, TemplateError> {
        let operands = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, operands) {
            ("!Ref", _) => self.reference(&text(at, argument)?),
            ("!Sub", _) => Ok(Some(self.substitute(at, &text(at, argument)?)?.into())),
            ("!GetAtt", _) => Ok(Some(self.attribute(&text(at, argument)?)?.into())),
            ("!If", [condition, yes, no]) => {
                let holds = self.holds(&text(at, condition)?)?;
                self.resolve_value(at, if holds { yes } else { no })
            }
            ("!Join", [separator, list]) => {
                let list = self.resolve_value(at, list)?.unwrap_or_default();
                let parts = list
                    .as_array()
                    .ok_or_else(|| TemplateError::new(at, "!Join takes a list"))?
                    .iter()
                    .map(|part| text(at, part))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Some(parts.join(&text(at, separator)?).into()))
            }
            ("!Split", [separator, whole]) => {
                let whole = self.resolve_value(at, whole)?.unwrap_or_default();
                let whole = text(at, &whole)?;
                let separator = text(at, separator)?;
                Ok(Some(whole.split(&separator).map(Value::from).collect()))
            }
            (other, _) => Err(TemplateError::new(at, format!("the function {other}"))),
        }
    }

    fn reference(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        Ok(match name {
            "AWS::NoValue" => None,
            "AWS::AccountId" => Some(json!(self.place.account)),
            "AWS::Partition" => Some(json!(self.place.partition)),
            "AWS::Region" => Some(json!(self.place.region)),
            "AWS::StackName" => Some(json!(self.place.stack)),
            "AWS::URLSuffix" => Some(json!(self.place.url_suffix())),
            id => Some(self.reference_to(id)?.into()),
        })
    }

    fn substitute(&self, at: &str, written: &str) -> Result<String, TemplateError> {
        let mut done = String::new();
        let mut rest = written;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::new(at, format!("`${{` has no end: {written}")))?;
            done.push_str(before);
            if name.contains('.') {
                done.push_str(&self.attribute(name)?);
            } else {
                done.push_str(&text(at, &self.reference(name)?.unwrap_or_default())?);
            }
            rest = after;
        }
        Ok(done + rest)
    }
}

/// A call of an intrinsic function, as the reader leaves it.
fn call(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    name.starts_with('!').then_some((name.as_str(), argument))
}
