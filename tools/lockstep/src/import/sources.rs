//! What exists, as far as a manifest can say it: the common form of all files that are imported.
//!
//! **Invariant.** No value of a header and no value of a credential's field is in here: they hold secrets in clear.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Everything that the files describe.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) integrations: Vec<Integration>,
    pub(super) actions: Vec<Action>,
    pub(super) credentials: Vec<Credential>,
    /// The resources of Terraform that describe them.
    pub(super) resources: Vec<Resource>,
    /// What was passed over, each with the reason.
    pub(super) skipped: Vec<String>,
}

/// An integration.
#[derive(Debug, Default, Clone)]
pub(super) struct Integration {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) integration_type: Option<String>,
    /// The id of the credential in each slot.
    pub(super) slots: BTreeMap<String, String>,
}

/// A Data Action.
#[derive(Debug, Default, Clone)]
pub(super) struct Action {
    /// What messages call it: its file, or its address in Terraform.
    pub(super) from: String,
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) integration_id: Option<String>,
    /// Where the file names it.
    pub(super) integration_type: Option<String>,
    /// Whether it only signs the integration in.
    pub(super) signs_in: bool,
    pub(super) category: Option<String>,
    pub(super) secure: bool,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) request: Request,
    pub(super) response: Response,
    pub(super) input: Option<Value>,
    pub(super) output: Option<Value>,
}

/// What an action sends.
#[derive(Debug, Default, Clone)]
pub(super) struct Request {
    pub(super) url: Option<String>,
    pub(super) method: Option<String>,
    pub(super) template: Option<String>,
    /// The names of its headers.
    pub(super) headers: Vec<String>,
    /// The names of the credential's fields that it uses.
    pub(super) fields: BTreeSet<String>,
}

/// What an action makes of the answer.
#[derive(Debug, Default, Clone)]
pub(super) struct Response {
    pub(super) success_template: Option<String>,
    pub(super) translation_map: BTreeMap<String, String>,
    pub(super) translation_map_defaults: BTreeMap<String, String>,
}

/// A credential, without its values.
#[derive(Debug, Default, Clone)]
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) credential_type: String,
    /// The names of its fields.
    pub(super) fields: BTreeSet<String>,
}

/// What a resource of Terraform is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ResourceKind {
    Integration { is_lambda: bool },
    Action { is_lambda: bool },
    Credential,
}

/// A resource of Terraform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Resource {
    pub(super) kind: ResourceKind,
    /// Without the keys of instances.
    pub(super) address: String,
}

/// The names of the credential's fields that a template uses, as `$credentials.NAME`, `${credentials.NAME}` or with
/// `!` after the `$` (Resource Center, "Add configuration to custom actions for integrations").
pub(super) fn fields_in(template: &str) -> impl Iterator<Item = String> + '_ {
    template.split("credentials.").skip(1).filter_map(|rest| {
        let is_word = |one: char| one.is_ascii_alphanumeric() || one == '_';
        let name: String = rest.chars().take_while(|one| is_word(*one)).collect();
        (!name.is_empty()).then_some(name)
    })
}
