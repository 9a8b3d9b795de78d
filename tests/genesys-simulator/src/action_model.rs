//! What an action consists of: contract and config, read with their rules and rendered back.
//!
//! Official Python SDK 269.0.0 (ActionContractInput, ActionConfig, RequestConfig, ResponseConfig); limits
//! and required fields of the published swagger.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::invoke::FunctionArn;
use crate::request::Fields;
use crate::switches::{ConfigTemplates, QualifiedArns, Switches};

/// Names and categories are at most this long.
pub(crate) const MAX_NAME: usize = 256;
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

/// Both schemas, as raw JSON: array-rooted ones carry `items`, which the SDK's model lacks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Contract {
    pub(crate) input: Value,
    pub(crate) output: Value,
}

/// How the request is made and its answer read.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ActionConfig {
    pub(crate) timeout_seconds: Option<i64>,
    pub(crate) request_url_template: Option<String>,
    pub(crate) request_template: Option<String>,
    pub(crate) request_type: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) translation_map: Vec<(String, String)>,
    pub(crate) translation_map_defaults: Vec<(String, String)>,
    pub(crate) success_template: Option<String>,
}

/// What a reader asked to see beyond the head of an action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) contract: bool,
    pub(crate) config: bool,
}

impl Contract {
    pub(crate) fn parsed(value: &Value, switches: &Switches) -> Result<Self, ApiError> {
        let contract = Fields::nested(
            value.clone(),
            "contract",
            "ActionContractInput",
            &["input", "output"],
            switches,
        )?;
        let input = Fields::nested(
            contract.required("input")?.clone(),
            "contract.input",
            "PostInputContract",
            &["inputSchema"],
            switches,
        )?;
        let output = Fields::nested(
            contract.required("output")?.clone(),
            "contract.output",
            "PostOutputContract",
            &["successSchema"],
            switches,
        )?;
        Ok(Self {
            input: schema(
                "contract.input.inputSchema",
                &input.required_object("inputSchema")?,
            )?,
            output: schema(
                "contract.output.successSchema",
                &output.required_object("successSchema")?,
            )?,
        })
    }

    fn rendered(&self) -> Value {
        json!({"input": {"inputSchema": self.input}, "output": {"successSchema": self.output}})
    }
}

/// Refuses what is no JSON Schema, or refers outside itself.
fn schema(place: &str, schema: &Value) -> Result<Value, ApiError> {
    match jsonschema::validator_for(schema) {
        Ok(_) => Ok(schema.clone()),
        Err(problem) => {
            let shown: String = problem.to_string().chars().take(200).collect();
            Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "invalid.schema",
                format!("There was an issue validating the schema. {shown}"),
            )
            .at(place))
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
        self.request_template = request
            .text("requestTemplate")?
            .filter(|text| !text.is_empty());
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
        self.success_template = response
            .text("successTemplate")?
            .filter(|text| !text.is_empty());
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
        if is_inline {
            put("requestTemplate", &self.request_template);
        }
        if self.request_template.is_some() && !base.is_empty() {
            let uri = format!("{base}/templates/requesttemplate.vm");
            request.insert("requestTemplateUri".to_owned(), json!(uri));
        }
        request.insert("headers".to_owned(), object(&self.headers));

        let mut response = Map::new();
        response.insert("translationMap".to_owned(), object(&self.translation_map));
        response.insert(
            "translationMapDefaults".to_owned(),
            object(&self.translation_map_defaults),
        );
        if let Some(template) = &self.success_template {
            if is_inline {
                response.insert("successTemplate".to_owned(), json!(template));
            }
            if !base.is_empty() {
                let uri = format!("{base}/templates/successtemplate.vm");
                response.insert("successTemplateUri".to_owned(), json!(uri));
            }
        }
        let mut config = json!({"request": request, "response": response});
        if let Some(seconds) = self.timeout_seconds {
            config["timeoutSeconds"] = json!(seconds);
        }
        config
    }
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
            body["contract"] = self.contract.rendered();
        }
        if view.config {
            body["config"] = self.config.rendered(path, switches);
        }
        body
    }

    /// A template by the file name under which it is read.
    pub(crate) fn template(&self, file_name: &str) -> Option<&String> {
        match file_name {
            "requesttemplate.vm" => self.config.request_template.as_ref(),
            "successtemplate.vm" => self.config.success_template.as_ref(),
            _ => None,
        }
    }

    /// A schema by the file name under which it is read.
    pub(crate) fn schema(&self, file_name: &str) -> Option<&Value> {
        match file_name {
            "input.json" | "inputschema.json" => Some(&self.contract.input),
            "success.json" | "successschema.json" => Some(&self.contract.output),
            _ => None,
        }
    }
}
