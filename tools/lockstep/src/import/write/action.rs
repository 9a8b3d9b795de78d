//! The entries of actions: adopted, made anew, or only tried.

use lockstep_domain::manifest::{DEFAULT_SUCCESS_TEMPLATE, RAW_REQUEST};
use serde_json::Value;

use super::Writer;
use crate::import::plan::PlannedAction;
use crate::import::sources::Response;

/// How long a call may take (Resource Center, "Add configuration to custom actions for integrations").
const TIMEOUTS: std::ops::RangeInclusive<u64> = 1..=60;

impl Writer<'_> {
    /// The fields that each entry of an action begins with.
    fn begin_action(&mut self, at: &str, one: &PlannedAction) {
        if let Some(name) = &one.exported_as {
            self.note(
                at,
                format!("The file calls the action \"{name}\"; the console adds the time of the export to the name."),
            );
        }
        self.yaml.entry(1, "key", &one.key);
        self.yaml.text(2, "name", &one.source.name);
    }

    pub(super) fn adopted_action(&mut self, at: &str, one: &PlannedAction) {
        let source = &one.source;
        self.note(at, format!("Kept as they are: {}.", kept(one).join(", ")));
        if source.id.is_none() {
            let text = "The file has no id, so Lockstep adopts the only action of exactly this name in the \
                        integration. If there are several, write id: custom_-_... instead of adopt.";
            self.note(at, text.to_owned());
        }
        self.begin_action(at, one);
        match &source.id {
            Some(id) => self.yaml.text(2, "id", id),
            None => self.yaml.value(2, "adopt", &Value::Bool(true)),
        }
        self.managed_by(at, one);
    }

    pub(super) fn new_action(&mut self, at: &str, one: &PlannedAction) {
        let lost = lost(one);
        if !lost.is_empty() {
            self.note(
                at,
                format!(
                    "A manifest cannot express, so the new action will not have: {}.",
                    lost.join(", ")
                ),
            );
        }
        self.begin_action(at, one);
        self.managed_by(at, one);
        if one.source.secure {
            self.yaml.value(2, "secure", &Value::Bool(true));
        }
        self.yaml.open(2, "contract");
        let contract = format!("{at}.contract");
        for (key, schema) in [("input", &one.source.input), ("output", &one.source.output)] {
            match schema {
                Some(schema @ Value::Object(members)) if !members.is_empty() => {
                    self.yaml.value(3, key, schema);
                }
                Some(Value::Object(_)) => {
                    self.yaml
                        .value(3, key, &Value::Object(serde_json::Map::new()))
                }
                Some(_) | None => {
                    let place = format!("{contract}.{key}");
                    self.yaml.incomplete(
                        3,
                        &place,
                        key,
                        "the JSON Schema; ask for it with expand=contract",
                    );
                }
            }
        }
        self.templates(at, one);
    }

    fn templates(&mut self, at: &str, one: &PlannedAction) {
        // The API gives the address of a template, not its text.
        let elsewhere = |file: &str| {
            format!("the text of the action's templates/{file}; the API gives it separately")
        };
        let is_default = |text: &str, default: &str| text.is_empty() || text == default;
        match one.source.request.template.as_deref() {
            Some(template) if is_default(template, RAW_REQUEST) => {}
            Some(template) => {
                self.yaml.open(2, "request");
                self.yaml.text(3, "template", template);
            }
            None => {
                self.yaml.open(2, "request");
                let place = format!("{at}.request.template");
                self.yaml
                    .incomplete(3, &place, "template", &elsewhere("requesttemplate.vm"));
            }
        }
        let Response {
            success_template,
            translation_map,
            translation_map_defaults,
        } = &one.source.response;
        let template = success_template.as_deref();
        let is_default = template.is_some_and(|text| is_default(text, DEFAULT_SUCCESS_TEMPLATE));
        if is_default && translation_map.is_empty() && translation_map_defaults.is_empty() {
            return;
        }
        self.yaml.open(2, "response");
        match template {
            Some(_) if is_default => {}
            Some(template) => self.yaml.text(3, "success_template", template),
            None => {
                let place = format!("{at}.response.success_template");
                self.yaml.incomplete(
                    3,
                    &place,
                    "success_template",
                    &elsewhere("successtemplate.vm"),
                );
            }
        }
        for (key, map) in [
            ("translation_map", translation_map),
            ("translation_map_defaults", translation_map_defaults),
        ] {
            if !map.is_empty() {
                self.yaml.open(3, key);
                for (name, text) in map {
                    self.yaml.text(4, name, text);
                }
            }
        }
    }

    /// What Lockstep manages of an action.
    fn managed_by(&mut self, at: &str, one: &PlannedAction) {
        let source = &one.source;
        let integration = &self.plan.integrations[one.integration];
        self.yaml.text(2, "integration", &integration.key);
        let function = one.function().map(|function| function.to_string());
        let needs = match source.request.url {
            Some(_) => "the ARN of the Lambda function; requestUrlTemplate is not one",
            None => "the ARN of the Lambda function; ask the API with includeConfig=true",
        };
        self.given(2, at, "function", function.as_deref(), needs);
        if let Some(category) = source
            .category
            .as_ref()
            .filter(|text| !text.trim().is_empty())
        {
            self.yaml.text(2, "category", category);
        }
        if let Some(seconds) = source.timeout_seconds.filter(|one| TIMEOUTS.contains(one)) {
            self.yaml.value(2, "timeout_seconds", &Value::from(seconds));
        }
    }

    pub(super) fn tried_action(&mut self, at: &str, one: &PlannedAction) {
        let mut kept = vec!["the contract".to_owned(), "the configuration".to_owned()];
        kept.extend(lost(one));
        self.note(
            at,
            format!(
                "Lockstep only tests this action, after it has moved a credential. Kept as they are: {}. Without a \
                 call that harms nobody, remove the entry.",
                kept.join(", ")
            ),
        );
        self.begin_action(at, one);
        if let Some(id) = &one.source.id {
            self.yaml.text(2, "id", id);
        }
        let integration = &self.plan.integrations[one.integration];
        self.yaml.text(2, "integration", &integration.key);
        self.yaml.open(2, "test");
        let inputs = inputs(one.source.input.as_ref());
        match inputs.is_empty() {
            true => self
                .yaml
                .value(3, "input", &Value::Object(serde_json::Map::new())),
            false => self.yaml.open(3, "input"),
        }
        for (name, of) in inputs {
            let place = format!("{at}.test.input.{name}");
            self.yaml
                .incomplete(4, &place, &name, &format!("a value of the type {of}"));
        }
        let needs = "true, if the call harms nobody";
        self.yaml
            .incomplete(3, &format!("{at}.test.safe"), "safe", needs);
    }
}

/// What an adopted action has that the manifest leaves alone.
fn kept(one: &PlannedAction) -> Vec<String> {
    let mut kept = vec!["the contract".to_owned(), "both templates".to_owned()];
    if one.source.secure {
        kept.push("that it is a secure action".to_owned());
    }
    kept.extend(lost(one));
    kept
}

/// What an action has that no manifest can express.
fn lost(one: &PlannedAction) -> Vec<String> {
    let request = &one.source.request;
    let mut lost = Vec::new();
    if !request.headers.is_empty() {
        lost.push(format!("the headers {}", request.headers.join(", ")));
    }
    if let Some(method) = request.method.as_deref().filter(|method| *method != "POST") {
        lost.push(format!("the method {method}"));
    }
    lost
}

/// The names and types of what the input contract requires, or of everything where it requires nothing.
fn inputs(contract: Option<&Value>) -> Vec<(String, String)> {
    let Some(properties) = contract.and_then(|schema| schema["properties"].as_object()) else {
        return Vec::new();
    };
    let required = contract.and_then(|schema| schema["required"].as_array());
    let required: Vec<&str> = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let is_asked = |name: &&String| required.is_empty() || required.contains(&name.as_str());
    let names = properties.keys().filter(is_asked);
    names
        .map(|name| {
            let of = properties[name]["type"].as_str().unwrap_or("any");
            (name.clone(), of.to_owned())
        })
        .collect()
}
