//! CX as Code: the resources in the output of `terraform show -json`, and the blocks that end its management of them.
//!
//! The names of resources and attributes are those of the provider MyPureCloud/genesyscloud (`docs/resources`:
//! `integration`, `integration_action`, `integration_credential`); the form of the output is that of the Terraform
//! documentation, "JSON Output Format".

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::rebind::INTEGRATION_TYPE;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::read::{Headers, Names, parse, request};
use super::sources::{Action, Credential, Integration, Resource, ResourceKind, Response, Sources};
use crate::failure::Failure;

/// A state, or a plan with the state before it.
#[derive(Deserialize)]
struct Shown<'t> {
    #[serde(borrow)]
    values: Option<Values<'t>>,
    #[serde(borrow)]
    prior_state: Option<State<'t>>,
}

#[derive(Deserialize)]
struct State<'t> {
    #[serde(borrow)]
    values: Option<Values<'t>>,
}

#[derive(Deserialize)]
struct Values<'t> {
    #[serde(borrow)]
    root_module: Module<'t>,
}

#[derive(Deserialize)]
struct Module<'t> {
    #[serde(borrow, default)]
    resources: Vec<Raw<'t>>,
    #[serde(borrow, default)]
    child_modules: Vec<Module<'t>>,
}

#[derive(Deserialize)]
struct Raw<'t> {
    address: String,
    mode: String,
    #[serde(rename = "type")]
    resource_type: String,
    /// Not parsed before it is known what it is: that of a credential holds secrets.
    #[serde(borrow, default)]
    values: Option<&'t RawValue>,
}

#[derive(Deserialize)]
struct IntegrationValues {
    id: Option<String>,
    integration_type: Option<String>,
    #[serde(default)]
    config: Option<Vec<ConfigValues>>,
}

#[derive(Deserialize)]
struct ConfigValues {
    name: Option<String>,
    #[serde(default)]
    credentials: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct CredentialValues {
    id: Option<String>,
    credential_type_name: Option<String>,
    #[serde(default)]
    fields: Option<Names>,
}

#[derive(Deserialize)]
struct ActionValues {
    id: Option<String>,
    name: Option<String>,
    category: Option<String>,
    integration_id: Option<String>,
    secure: Option<bool>,
    config_timeout_seconds: Option<u64>,
    contract_input: Option<String>,
    contract_output: Option<String>,
    #[serde(default)]
    config_request: Option<Vec<RequestValues>>,
    #[serde(default)]
    config_response: Option<Vec<ResponseValues>>,
}

#[derive(Default, Deserialize)]
struct RequestValues {
    request_url_template: Option<String>,
    request_type: Option<String>,
    request_template: Option<String>,
    #[serde(default)]
    headers: Headers,
}

#[derive(Default, Deserialize)]
struct ResponseValues {
    success_template: Option<String>,
    translation_map: Option<BTreeMap<String, String>>,
    translation_map_defaults: Option<BTreeMap<String, String>>,
}

/// Reads the resources of CX as Code that a manifest can take over.
pub(super) fn read(file: &str, text: &str, sources: &mut Sources) -> Result<(), Failure> {
    let shown: Shown<'_> = parse(file, text)?;
    let prior = shown.prior_state.and_then(|state| state.values);
    let Some(values) = shown.values.or(prior) else {
        return Err(Failure::new(
            file,
            "the state is empty",
            "Pass the output of terraform show -json, run where the state is.",
        ));
    };
    let mut found = Found::default();
    found.module(&values.root_module)?;
    if found.is_empty() {
        return Err(Failure::new(
            file,
            "the state has no genesyscloud_integration, genesyscloud_integration_action or \
             genesyscloud_integration_credential",
            "Pass the state that CX as Code manages the integrations with.",
        ));
    }
    found.add_to(sources);
    Ok(())
}

#[derive(Default)]
struct Found {
    integrations: Vec<(String, Integration)>,
    actions: Vec<(String, Action)>,
    credentials: Vec<(String, Credential)>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.integrations.is_empty() && self.actions.is_empty() && self.credentials.is_empty()
    }

    fn module(&mut self, module: &Module<'_>) -> Result<(), Failure> {
        for raw in module.resources.iter().filter(|raw| raw.mode == "managed") {
            self.resource(raw)?;
        }
        module
            .child_modules
            .iter()
            .try_for_each(|child| self.module(child))
    }

    fn resource(&mut self, raw: &Raw<'_>) -> Result<(), Failure> {
        let Some(values) = raw.values.map(RawValue::get) else {
            return Ok(());
        };
        let address = raw.address.clone();
        match raw.resource_type.as_str() {
            "genesyscloud_integration" => {
                let values: IntegrationValues = parse(&address, values)?;
                self.integrations.push((address, integration(values)));
            }
            "genesyscloud_integration_action" => {
                let values: ActionValues = parse(&address, values)?;
                let action = action(&address, values)?;
                self.actions.push((address, action));
            }
            "genesyscloud_integration_credential" => {
                let values: CredentialValues = parse(&address, values)?;
                self.credentials.push((address, credential(values)));
            }
            _ => {}
        }
        Ok(())
    }

    fn add_to(self, sources: &mut Sources) {
        let lambda: BTreeSet<String> = self
            .integrations
            .iter()
            .map(|(_, integration)| integration)
            .filter(|integration| integration.integration_type.as_deref() == Some(INTEGRATION_TYPE))
            .filter_map(|integration| integration.id.clone())
            .collect();
        let is_lambda = |id: &Option<String>| id.as_ref().is_some_and(|id| lambda.contains(id));
        let mut resources = BTreeSet::new();
        let mut add = |kind, address: &str| {
            let address = without_keys(address);
            resources.insert(Resource { kind, address });
        };
        for (address, one) in self.integrations {
            let is_lambda = is_lambda(&one.id);
            add(ResourceKind::Integration { is_lambda }, &address);
            sources.integrations.push(one);
        }
        for (address, one) in self.actions {
            let is_lambda = is_lambda(&one.integration_id);
            add(ResourceKind::Action { is_lambda }, &address);
            sources.actions.push(one);
        }
        for (address, one) in self.credentials {
            add(ResourceKind::Credential, &address);
            sources.credentials.push(one);
        }
        sources.resources.extend(resources);
    }
}

fn integration(values: IntegrationValues) -> Integration {
    let config = values.config.and_then(|blocks| blocks.into_iter().next());
    let (name, slots) = match config {
        Some(config) => (config.name, config.credentials.unwrap_or_default()),
        None => (None, BTreeMap::new()),
    };
    Integration {
        id: values.id,
        name,
        integration_type: values.integration_type,
        slots,
    }
}

fn credential(values: CredentialValues) -> Credential {
    Credential {
        id: values.id.unwrap_or_default(),
        credential_type: values.credential_type_name.unwrap_or_default(),
        fields: values.fields.unwrap_or_default().0,
    }
}

fn action(address: &str, values: ActionValues) -> Result<Action, Failure> {
    let schema = |text: Option<String>| -> Result<Option<Value>, Failure> {
        text.map(|text| parse(address, &text)).transpose()
    };
    let sent = values
        .config_request
        .and_then(|blocks| blocks.into_iter().next());
    let sent = sent.unwrap_or_default();
    let answered = values
        .config_response
        .and_then(|blocks| blocks.into_iter().next());
    let answered = answered.unwrap_or_default();
    Ok(Action {
        from: address.to_owned(),
        id: values.id,
        name: values.name.unwrap_or_default(),
        integration_id: values.integration_id,
        integration_type: None,
        signs_in: false,
        category: values.category,
        secure: values.secure.unwrap_or_default(),
        // A state holds 0 where nothing is set.
        timeout_seconds: values.config_timeout_seconds.filter(|seconds| *seconds > 0),
        request: request(
            sent.request_url_template,
            sent.request_type,
            sent.request_template,
            sent.headers,
        ),
        response: Response {
            success_template: answered.success_template,
            translation_map: answered.translation_map.unwrap_or_default(),
            translation_map_defaults: answered.translation_map_defaults.unwrap_or_default(),
        },
        input: schema(values.contract_input)?,
        output: schema(values.contract_output)?,
    })
}

/// The address of a resource without the keys of its instances: a `removed` block names a resource, not an instance
/// (Terraform 1.11: "Resource instance keys not allowed").
fn without_keys(address: &str) -> String {
    let mut plain = String::new();
    let mut characters = address.chars();
    while let Some(character) = characters.next() {
        if character != '[' {
            plain.push(character);
            continue;
        }
        let mut in_quotes = false;
        while let Some(character) = characters.next() {
            match character {
                '\\' if in_quotes => {
                    characters.next();
                }
                '"' => in_quotes = !in_quotes,
                ']' if !in_quotes => break,
                _ => {}
            }
        }
    }
    plain
}

/// The blocks with which Terraform forgets the resources, and destroys nothing.
pub(super) fn removed(resources: &[Resource]) -> String {
    let mut text = String::from(
        "# Terraform forgets these resources and destroys nothing. Add these blocks, delete the resource blocks in the \
         same change, and apply.\n",
    );
    for resource in resources {
        text.push_str(&format!(
            "\nremoved {{\n  from = {}\n\n  lifecycle {{\n    destroy = false\n  }}\n}}\n",
            resource.address
        ));
    }
    text
}

/// What Terraform has to ignore where it goes on managing the resources: tried with provider 1.82.
pub(super) fn ignore_changes(resources: &[Resource]) -> String {
    let mut text = String::from(
        "# Terraform goes on managing these resources, and ignores what Lockstep changes. Without these blocks, its next \
         apply reverts the change.\n",
    );
    for Resource { kind, address } in resources {
        let (attribute, why) = match kind {
            ResourceKind::Integration { is_lambda: true } => (
                "config[0].credentials",
                "Lockstep switches the integration to its role.",
            ),
            ResourceKind::Integration { is_lambda: false } => (
                "config[0].credentials",
                "Only if the manifest has credentials of the integration: Lockstep switches it to new ones.",
            ),
            ResourceKind::Action { is_lambda: true } => (
                "config_request",
                "Only with delivery: envelope. With delivery: none, Lockstep does not change the action.",
            ),
            // Lockstep changes neither an action of another type nor a credential that it did not make.
            ResourceKind::Action { is_lambda: false } | ResourceKind::Credential => continue,
        };
        text.push_str(&format!(
            "\n# In the resource {address}. {why}\nlifecycle {{\n  ignore_changes = [{attribute}]\n}}\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::without_keys;

    #[test]
    fn an_address_is_named_without_the_keys_of_instances() {
        for (address, plain) in [
            ("genesyscloud_integration.a", "genesyscloud_integration.a"),
            (
                "genesyscloud_integration.a[0]",
                "genesyscloud_integration.a",
            ),
            (
                "module.m[\"x.y\"].genesyscloud_integration.a[\"]\\\"[\"]",
                "module.m.genesyscloud_integration.a",
            ),
        ] {
            assert_eq!(without_keys(address), plain);
        }
    }
}
