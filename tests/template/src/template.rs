//! The document with its parameters chosen.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{Place, Stack, TemplateError, yaml};

/// The template, with parameters chosen and a place to deploy it to.
#[derive(Clone, Debug)]
pub struct Template {
    pub(crate) document: Value,
    pub(crate) parameters: BTreeMap<String, Value>,
    pub(crate) place: Place,
}

/// The sections that are known.
const SECTIONS: [&str; 9] = [
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Parameters",
    "Conditions",
    "Globals",
    "Resources",
    "Outputs",
];

impl Template {
    /// Reads the template of this workspace, as `new` does.
    ///
    /// # Errors
    /// Where it can't be read, or a parameter is missing, unknown or refused.
    pub fn of_workspace(place: Place, chosen: &[(&str, &str)]) -> Result<Self, TemplateError> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
        let text =
            std::fs::read_to_string(path).map_err(|error| TemplateError::new(path, error))?;
        Self::new(&text, place, chosen)
    }

    /// Reads a template, with these parameters beside the defaults.
    ///
    /// # Errors
    /// Where it can't be read, or a parameter is missing, unknown or refused.
    pub fn new(text: &str, place: Place, chosen: &[(&str, &str)]) -> Result<Self, TemplateError> {
        let document = yaml::parse(text)?;
        let sections = members("template", &document)?;
        if let Some(unknown) = sections
            .keys()
            .find(|name| !SECTIONS.contains(&name.as_str()))
        {
            return Err(TemplateError::new(
                "template",
                format!("the section {unknown}"),
            ));
        }
        let declared = members("Parameters", &document["Parameters"])?;
        if let Some((unknown, _)) = chosen
            .iter()
            .find(|(name, _)| !declared.contains_key(*name))
        {
            return Err(TemplateError::new(
                *unknown,
                "the template has no such parameter",
            ));
        }
        let mut parameters = BTreeMap::new();
        for (name, declaration) in declared {
            let chosen = chosen.iter().find(|(chosen, _)| chosen == name);
            let chosen = chosen.map(|(_, value)| *value);
            parameters.insert(name.clone(), parameter(name, declaration, chosen)?);
        }
        Ok(Self {
            document,
            parameters,
            place,
        })
    }

    /// Everything that the template deploys.
    ///
    /// # Errors
    /// Where it says something that is not known here, or AWS would refuse it.
    pub fn resolve(&self) -> Result<Stack, TemplateError> {
        Stack::of(self)
    }

    /// Where it is deployed.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The parameters as they are declared.
    #[must_use]
    pub fn parameters(&self) -> &Value {
        &self.document["Parameters"]
    }

    /// The logical ids of the resources of a type that exist with these parameters.
    ///
    /// # Errors
    /// Where a condition can't be decided.
    pub fn of_type(&self, wanted: &str) -> Result<Vec<&str>, TemplateError> {
        let mut found = Vec::new();
        for (id, resource) in members("Resources", &self.document["Resources"])? {
            if resource["Type"] == wanted && self.exists(id)? {
                found.push(id.as_str());
            }
        }
        Ok(found)
    }

    /// The properties of a resource, with values in the place of intrinsic functions.
    ///
    /// # Errors
    /// Where there is no such resource, or it says something that is not known here.
    pub fn properties(&self, id: &str) -> Result<Value, TemplateError> {
        let written = self.resource(id)?.get("Properties");
        let written = written.ok_or_else(|| TemplateError::new(id, "it has no properties"))?;
        let resolved = self.resolve_value(id, written)?;
        Ok(resolved.unwrap_or_default())
    }

    /// Whether the resource exists with these parameters.
    pub(crate) fn exists(&self, id: &str) -> Result<bool, TemplateError> {
        match self.resource(id)?.get("Condition") {
            Some(condition) => self.holds(&text(id, condition)?),
            None => Ok(true),
        }
    }

    pub(crate) fn resource(&self, id: &str) -> Result<&Value, TemplateError> {
        self.document["Resources"]
            .get(id)
            .ok_or_else(|| TemplateError::new(id, "the template has no such resource"))
    }
}

fn parameter(
    name: &str,
    declaration: &Value,
    chosen: Option<&str>,
) -> Result<Value, TemplateError> {
    let value = match (chosen, &declaration["Default"]) {
        (Some(chosen), _) => chosen.to_owned(),
        (None, Value::String(text)) => text.clone(),
        (None, number @ Value::Number(_)) => number.to_string(),
        (None, Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(TemplateError::new(
                name,
                "choose a value for this parameter",
            ));
        }
    };
    let refuse = |why: &str| Err(TemplateError::new(name, format!("{value:?}: {why}")));
    if let Some(allowed) = declaration["AllowedValues"].as_array()
        && !allowed.iter().any(|allowed| *allowed == value)
    {
        return refuse("not one of AllowedValues");
    }
    match declaration["Type"].as_str() {
        Some("String") => Ok(Value::from(value)),
        Some("CommaDelimitedList") => Ok(value.split(',').map(Value::from).collect()),
        Some("Number") => {
            let Ok(number) = value.parse::<i64>() else {
                return refuse("not a number");
            };
            let (least, most) = (&declaration["MinValue"], &declaration["MaxValue"]);
            if least.as_i64().is_some_and(|least| number < least)
                || most.as_i64().is_some_and(|most| number > most)
            {
                return refuse("not between MinValue and MaxValue");
            }
            // A reference to a number gives its text.
            Ok(Value::from(value))
        }
        Some(other) => refuse(&format!("the type {other} is not known")),
        None => refuse("it has no type"),
    }
}

pub(crate) fn members<'v>(
    at: &str,
    value: &'v Value,
) -> Result<&'v Map<String, Value>, TemplateError> {
    value
        .as_object()
        .ok_or_else(|| TemplateError::new(at, format!("not a mapping: {value}")))
}

pub(crate) fn text(at: &str, value: &Value) -> Result<String, TemplateError> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| TemplateError::new(at, format!("not a text: {value}")))
}
