//! The text of a manifest from its entries. What is not known waits as `# incomplete`.

mod action;

use lockstep_domain::manifest::FieldPath;
use serde_json::Value;

use super::Given;
use super::plan::{Plan, PlannedCredential, PlannedIntegration};
use super::yaml::Yaml;

/// The text of a manifest, and what there is to say about it.
pub(super) struct Written {
    pub(super) text: String,
    /// The places without a value, each with what it needs.
    pub(super) incomplete: Vec<(String, String)>,
    /// What a reader should know of an entry, each with its place.
    pub(super) notes: Vec<(String, String)>,
}

struct Writer<'p> {
    yaml: Yaml,
    plan: &'p Plan,
    given: &'p Given,
    notes: Vec<(String, String)>,
}

pub(super) fn write(plan: &Plan, given: &Given) -> Written {
    let mut writer = Writer {
        yaml: Yaml::default(),
        plan,
        given,
        notes: Vec::new(),
    };
    writer.organization();
    writer.integrations();
    writer.actions();
    writer.credentials();
    let notes = writer.notes;
    let (text, incomplete) = writer.yaml.finish();
    Written {
        text,
        incomplete,
        notes,
    }
}

impl Writer<'_> {
    /// A comment above an entry, also for those who do not read the text.
    fn note(&mut self, at: &str, text: String) {
        self.yaml.comment(1, &text);
        self.notes.push((at.to_owned(), text));
    }

    fn given(&mut self, depth: usize, at: &str, key: &str, value: Option<&str>, needs: &str) {
        match value {
            Some(value) => self.yaml.text(depth, key, value),
            None => self
                .yaml
                .incomplete(depth, &format!("{at}.{key}"), key, needs),
        }
    }

    fn organization(&mut self) {
        self.yaml.value(0, "version", &Value::from(1));
        self.yaml.open(0, "organization");
        let at = "organization";
        let Given {
            organization_id,
            environment,
            client_secret,
            ..
        } = self.given;
        let needs = "the id of the organization (Admin > Organization Settings)";
        self.given(1, at, "id", organization_id.as_deref(), needs);
        if let Some(environment) = environment {
            self.yaml.text(1, "environment", environment);
        }
        let needs = "the full ARN of the secret with Lockstep's OAuth client";
        self.given(1, at, "client_secret", client_secret.as_deref(), needs);
        self.yaml
            .comment(1, "Nothing is written until this is apply.");
        self.yaml.text(1, "mode", "plan");
    }

    /// A list at the top, which may be empty.
    fn list(&mut self, key: &str, is_empty: bool) {
        self.yaml.gap();
        match is_empty {
            true => self.yaml.value(0, key, &Value::Array(Vec::new())),
            false => self.yaml.open(0, key),
        }
    }

    fn integrations(&mut self) {
        let plan = self.plan;
        self.list("integrations", plan.integrations.is_empty());
        for (index, one) in plan.integrations.iter().enumerate() {
            self.integration(&format!("integrations[{index}]"), one);
        }
    }

    fn integration(&mut self, at: &str, one: &PlannedIntegration) {
        let source = &one.source;
        match one.is_lambda() {
            Some(true) => {
                let text = "Lockstep creates the role and switches the integration to it. If the integration has \
                            other actions, list them too, or add adopt: true.";
                self.note(at, text.to_owned());
            }
            Some(false) => {
                let of = source.integration_type.as_deref().unwrap_or_default();
                let text = format!(
                    "Of an integration of type {of}, Lockstep manages the credentials alone and keeps everything \
                     else as it is. To manage none, remove this entry, its actions and its credentials."
                );
                self.note(at, text);
            }
            None => {}
        }
        self.yaml.entry(1, "key", &one.key);
        let needs = "the name of the integration in Genesys Cloud";
        self.given(2, at, "name", source.name.as_deref(), needs);
        if one.is_lambda() != Some(true) {
            let needs = "the id of the integration's type, such as custom-rest-actions; for AWS Lambda, write role \
                         instead";
            let of = source.integration_type.as_deref();
            self.given(2, at, "type", of, needs);
        }
        if let Some(id) = &source.id {
            self.yaml.text(2, "id", id);
        }
        if one.is_lambda() == Some(true) {
            let needs = "the name of a new role; it begins with the stack's RoleNamePrefix";
            self.given(2, at, "role", self.given.role.as_deref(), needs);
        }
    }

    fn actions(&mut self) {
        let plan = self.plan;
        self.list("actions", plan.actions.is_empty());
        for skipped in &plan.skipped {
            self.note("actions", format!("No entry: {skipped}."));
        }
        for (index, one) in plan.actions.iter().enumerate() {
            let at = format!("actions[{index}]");
            match plan.integrations[one.integration].is_lambda() {
                Some(true) if self.given.new => self.new_action(&at, one),
                Some(true) | None => self.adopted_action(&at, one),
                Some(false) => self.tried_action(&at, one),
            }
        }
    }

    fn credentials(&mut self) {
        let plan = self.plan;
        if plan.credentials.is_empty() {
            return;
        }
        self.list("credentials", false);
        for (index, one) in plan.credentials.iter().enumerate() {
            self.credential(&format!("credentials[{index}]"), one);
        }
    }

    fn credential(&mut self, at: &str, one: &PlannedCredential) {
        let text = "Put the values into a secret. Lockstep creates a new credential from it and keeps the old one.";
        self.note(at, text.to_owned());
        self.yaml.entry(1, "key", &one.key);
        let integration = &self.plan.integrations[one.integration];
        self.yaml.text(2, "integration", &integration.key);
        let needs = "the name of the slot in the integration's config, such as basicAuth";
        self.given(2, at, "slot", one.slot.as_deref(), needs);
        let needs = "the type of the credential, such as basicAuth";
        self.given(2, at, "type", one.credential_type.as_deref(), needs);
        let needs =
            "the full ARN of the secret; its name begins with the stack's CredentialSecretPrefix";
        self.given(2, at, "secret", None, needs);
        match one.fields.is_empty() {
            true => {
                let place = format!("{at}.fields");
                self.yaml.incomplete(
                    2,
                    &place,
                    "fields",
                    "the fields of the credential, such as userName: $.username",
                );
            }
            false => self.yaml.open(2, "fields"),
        }
        for field in &one.fields {
            let path = format!("$.{field}");
            let path = path.parse::<FieldPath>().is_ok().then_some(path);
            let needs = "the path in the secret, such as $.username";
            self.given(3, &format!("{at}.fields"), field, path.as_deref(), needs);
        }
        if !one.tests.is_empty() {
            self.yaml.open(2, "test");
            for key in &one.tests {
                self.yaml.element(3, key);
            }
        }
    }
}
