//! What an action consists of: its config, read with its rules, and how both config and contract are answered.
//!
//! Official Python SDK 269.0.0 (ActionConfig, RequestConfig, ResponseConfig); limits
//! and required fields of the published swagger.

use serde_json::{Map, Value, json};

use crate::action_contract::Contract;
use crate::error::ApiError;
use crate::invoke::FunctionArn;
use crate::request::Fields;
use crate::switches::{ConfigTemplates, QualifiedArns, Switches};

/// Names and categories are at most this long.
pub(crate) const MAX_NAME: usize = 256;
/// What stands in for a template that is missing or empty, and is answered as if it had been written: a
/// recorded session of the official Terraform provider with its state file (2024-05).
const RAW_REQUEST: &str = "${input.rawRequest}";
const RAW_RESULT: &str = "${rawResult}";
const REQUEST_FILE: &str = "requesttemplate.vm";
const SUCCESS_FILE: &str = "successtemplate.vm";
/// The schemas' addresses have the action's id in them, so that they differ between equal actions (two tools
/// of third parties, 2026). The first file name: a third party's list of what it reads (2026); the second after it.
const INPUT_FILE: &str = "inputschema.json";
const OUTPUT_FILE: &str = "successschema.json";
const VERBS: &[&str] = &["GET", "PUT", "POST", "PATCH", "DELETE"];

/// One version of an action: the published one, or its draft.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Revision {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) secure: bool,
    pub(crate) contract: Contract,
    pub(crate) config: ActionConfig,
}

/// How the request is made and its answer read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ActionConfig {
    pub(crate) timeout_seconds: Option<i64>,
    pub(crate) request_url_template: Option<String>,
    pub(crate) request_template: String,
    pub(crate) request_type: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) translation_map: Vec<(String, String)>,
    pub(crate) translation_map_defaults: Vec<(String, String)>,
    pub(crate) success_template: String,
}

/// What a reader asked to see beyond the head of an action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) contract: bool,
    /// The contract's schemas stand under the names of flattened ones.
    pub(crate) flat: bool,
    pub(crate) config: bool,
}

impl Default for ActionConfig {
    fn default() -> Self {
        Self {
            timeout_seconds: None,
            request_url_template: None,
            request_template: RAW_REQUEST.to_owned(),
            request_type: None,
            headers: Vec::new(),
            translation_map: Vec::new(),
            translation_map_defaults: Vec::new(),
            success_template: RAW_RESULT.to_owned(),
        }
    }
}

impl ActionConfig {
    pub(crate) fn parsed(value: &Value, switches: &Switches) -> Result<Self, ApiError> {
        let config = Fields::nested(
            value.clone(),
            "config",
            "ActionConfig",
            &["timeoutSeconds", "request", "response"],
            switches,
        )?;
        let timeout_seconds = config.whole("timeoutSeconds")?;
        if timeout_seconds.is_some_and(|seconds| !(1..=60).contains(&seconds)) {
            return Err(ApiError::constraint(
                "config.timeoutSeconds",
                "config.timeoutSeconds must be between 1 and 60",
            ));
        }
        let mut parsed = Self {
            timeout_seconds,
            ..Self::default()
        };
        if let Some(request) = config.value("request") {
            parsed.read_request(request, switches)?;
        }
        if let Some(response) = config.value("response") {
            parsed.read_response(response, switches)?;
        }
        Ok(parsed)
    }

    fn read_request(&mut self, value: &Value, switches: &Switches) -> Result<(), ApiError> {
        let request = Fields::nested(
            value.clone(),
            "config.request",
            "RequestConfig",
            &[
                "requestUrlTemplate",
                "requestTemplate",
                "requestTemplateUri",
                "requestType",
                "headers",
            ],
            switches,
        )?;
        request.text("requestTemplateUri")?;
        self.request_url_template = request.text("requestUrlTemplate")?;
        if switches.qualified_arns == QualifiedArns::Refuse
            && let Some(url) = self.request_url_template.as_deref().filter(is_qualified)
        {
            return Err(ApiError::invalid_value(
                "config.request.requestUrlTemplate",
                &Value::from(url),
                "the ARN of a function without version or alias",
            ));
        }
        self.request_template = template(&request, "requestTemplate", RAW_REQUEST)?;
        self.request_type = request.text("requestType")?;
        if let Some(verb) = &self.request_type
            && !VERBS.contains(&verb.to_uppercase().as_str())
        {
            return Err(ApiError::invalid_value(
                "config.request.requestType",
                &Value::from(verb.clone()),
                &VERBS.join(", "),
            ));
        }
        self.headers = request.text_map("headers")?.unwrap_or_default();
        Ok(())
    }

    fn read_response(&mut self, value: &Value, switches: &Switches) -> Result<(), ApiError> {
        let response = Fields::nested(
            value.clone(),
            "config.response",
            "ResponseConfig",
            &[
                "translationMap",
                "translationMapDefaults",
                "successTemplate",
                "successTemplateUri",
            ],
            switches,
        )?;
        response.text("successTemplateUri")?;
        self.translation_map = response.text_map("translationMap")?.unwrap_or_default();
        self.translation_map_defaults = response
            .text_map("translationMapDefaults")?
            .unwrap_or_default();
        self.success_template = template(&response, "successTemplate", RAW_RESULT)?;
        Ok(())
    }

    /// The config with the fields of `patch` laid over it, one by one.
    pub(crate) fn merged(&self, patch: &Value, switches: &Switches) -> Result<Self, ApiError> {
        let mut whole = self.written("", true);
        lay_over(&mut whole, patch);
        Self::parsed(&whole, switches)
    }

    /// The config as read. Templates stand inline, or only their addresses do, by switch.
    fn rendered(&self, base: &str, switches: &Switches) -> Value {
        self.written(base, switches.config_templates == ConfigTemplates::Inline)
    }

    fn written(&self, base: &str, is_inline: bool) -> Value {
        let mut request = Map::new();
        let mut put = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                request.insert(name.to_owned(), json!(value));
            }
        };
        put("requestUrlTemplate", &self.request_url_template);
        put("requestType", &self.request_type);
        request.insert("headers".to_owned(), object(&self.headers));

        let mut response = Map::new();
        response.insert("translationMap".to_owned(), object(&self.translation_map));
        response.insert(
            "translationMapDefaults".to_owned(),
            object(&self.translation_map_defaults),
        );
        if is_inline {
            request.insert("requestTemplate".to_owned(), json!(self.request_template));
            response.insert("successTemplate".to_owned(), json!(self.success_template));
        }
        if !base.is_empty() {
            let uri = |file: &str| json!(format!("{base}/templates/{file}"));
            request.insert("requestTemplateUri".to_owned(), uri(REQUEST_FILE));
            response.insert("successTemplateUri".to_owned(), uri(SUCCESS_FILE));
        }
        let mut config = json!({"request": request, "response": response});
        if let Some(seconds) = self.timeout_seconds {
            config["timeoutSeconds"] = json!(seconds);
        }
        config
    }
}

/// A template; where it is missing or empty, the platform's own.
fn template(fields: &Fields, name: &str, default: &str) -> Result<String, ApiError> {
    let given = fields.text(name)?.filter(|text| !text.is_empty());
    Ok(given.unwrap_or_else(|| default.to_owned()))
}

/// Whether a text is the ARN of a function with a version or alias.
fn is_qualified(url: &&str) -> bool {
    FunctionArn::parse(url).is_some_and(|arn| arn.qualifier.is_some())
}

fn object(pairs: &[(String, String)]) -> Value {
    pairs
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.clone())))
        .collect::<Map<_, _>>()
        .into()
}

fn lay_over(whole: &mut Value, patch: &Value) {
    match (whole, patch) {
        (Value::Object(whole), Value::Object(patch)) => {
            for (key, value) in patch {
                lay_over(whole.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (whole, patch) => *whole = patch.clone(),
    }
}

impl Revision {
    /// The revision as read. `path` is where it is read: of the action, or of its draft.
    pub(crate) fn rendered(
        &self,
        action_id: &str,
        integration_id: &str,
        path: &str,
        view: View,
        switches: &Switches,
    ) -> Value {
        let mut body = json!({
            "id": action_id,
            "name": self.name,
            "integrationId": integration_id,
            "category": self.category,
            "version": self.version,
            "secure": self.secure,
            "selfUri": path,
        });
        if view.contract {
            let mut contract = self.contract.rendered(view.flat, switches);
            let uri = |file: &str| Value::from(format!("{path}/schemas/{file}"));
            contract["input"]["inputSchemaUri"] = uri(INPUT_FILE);
            contract["output"]["successSchemaUri"] = uri(OUTPUT_FILE);
            body["contract"] = contract;
        }
        if view.config {
            body["config"] = self.config.rendered(path, switches);
        }
        body
    }

    /// A template by the file name under which it is read.
    pub(crate) fn template(&self, file_name: &str) -> Option<&String> {
        match file_name {
            REQUEST_FILE => Some(&self.config.request_template),
            SUCCESS_FILE => Some(&self.config.success_template),
            _ => None,
        }
    }

    /// A schema by the file name under which it is read, as it is answered.
    pub(crate) fn schema(&self, file_name: &str, switches: &Switches) -> Option<Value> {
        let Contract { input, output } = self.contract.spelled(switches);
        match file_name {
            INPUT_FILE => Some(input),
            OUTPUT_FILE => Some(output),
            _ => None,
        }
    }
}
