//! Manifests as a story writes them. JSON is YAML, so they are uploaded as JSON.

use serde_json::{Value, json};

/// One action of a manifest.
#[derive(Clone, Debug)]
pub struct ActionText(Value);

impl ActionText {
    /// An action of the integration `prod` that calls `function` and carries references to secrets.
    #[must_use]
    pub fn new(key: &str, function: &str, secrets: &[&str]) -> Self {
        let secrets: Vec<Value> = secrets
            .iter()
            .enumerate()
            .map(|(index, arn)| json!({"name": format!("SECRET_{index}"), "arn": arn}))
            .collect();
        Self(json!({
            "key": key,
            "name": format!("Action {key}"),
            "integration": "prod",
            "function": function,
            "secrets": secrets,
            "contract": {
                "input": {"type": "object", "properties": {"order_id": {"type": "string"}}},
                "output": {"type": "object", "additionalProperties": true},
            },
        }))
    }

    /// The same with a live test that the echo function passes.
    #[must_use]
    pub fn tested(self) -> Self {
        let test = json!({
            "input": {"order_id": "A-100"},
            "expect": {"input": {"order_id": "A-100"}},
            "safe": true,
        });
        self.with("test", test)
    }

    /// The same where each secret's old version still works after a rotation.
    #[must_use]
    pub fn alternating(mut self) -> Self {
        for secret in self.0["secrets"].as_array_mut().into_iter().flatten() {
            secret["overlap"] = json!("alternating");
        }
        self
    }

    /// The same with another field.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.0[field] = value;
        self
    }

    /// The same without a field.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        if let Some(members) = self.0.as_object_mut() {
            members.remove(field);
        }
        self
    }
}

/// A manifest of the world's organization.
#[derive(Clone, Debug)]
pub struct ManifestText(pub(crate) Value);

impl ManifestText {
    /// The same with another action.
    #[must_use]
    pub fn action(mut self, action: ActionText) -> Self {
        if let Some(actions) = self.0["actions"].as_array_mut() {
            actions.push(action.0);
        }
        self
    }

    /// The same with another field of the organization.
    #[must_use]
    pub fn organization(mut self, field: &str, value: Value) -> Self {
        self.0["organization"][field] = value;
        self
    }

    /// The same with a member of the document replaced.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.0[field] = value;
        self
    }

    /// As it is uploaded.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:#}", self.0)
    }
}
