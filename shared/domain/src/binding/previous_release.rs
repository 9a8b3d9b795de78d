//! How the previous release identified the desired state of an action: without its integration.
//!
//! Frozen: what is recorded under such an id is recognized by it. A test compares it with ids that
//! the previous release wrote.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{DesiredAction, DesiredTemplates};
use crate::arn::FunctionArn;
use crate::change::{ChangeId, SecretVersion};
use crate::ids::{ActionId, Key, OrganizationId};
use crate::manifest::{Contract, DEFAULT_SUCCESS_TEMPLATE, LiveTest};

#[derive(Serialize)]
struct Action<'a> {
    key: &'a Key,
    id: Option<&'a ActionId>,
    adopt: bool,
    name: &'a str,
    category: Option<&'a str>,
    secure: bool,
    contract: Option<&'a Contract>,
    function: &'a FunctionArn,
    templates: Templates<'a>,
    timeout_seconds: Option<u32>,
    secrets: &'a [SecretVersion],
    old_version_still_works: bool,
    test: Option<&'a LiveTest>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Templates<'a> {
    AsFound,
    Exactly {
        request: &'a str,
        success: &'a str,
        translation_map: &'a BTreeMap<String, String>,
        translation_map_defaults: &'a BTreeMap<String, String>,
    },
}

/// The id that the previous release gave to `desired`.
pub(super) fn id(desired: &DesiredAction, organization: &OrganizationId) -> ChangeId {
    // What the manifest left out stood for the default, also of an adopted action.
    let none_mapped = BTreeMap::new();
    let templates = match &desired.templates {
        DesiredTemplates::AsFound => Templates::AsFound,
        DesiredTemplates::Exactly {
            request,
            success,
            translation_map,
            translation_map_defaults,
        } => Templates::Exactly {
            request,
            success: success.as_deref().unwrap_or(DEFAULT_SUCCESS_TEMPLATE),
            translation_map: translation_map.as_ref().unwrap_or(&none_mapped),
            translation_map_defaults: translation_map_defaults.as_ref().unwrap_or(&none_mapped),
        },
    };
    let action = Action {
        key: &desired.key,
        id: desired.id.as_ref(),
        adopt: desired.adopt,
        name: &desired.name,
        category: desired.category.as_deref(),
        secure: desired.secure.unwrap_or_default(),
        contract: desired.contract.as_ref(),
        function: &desired.function,
        templates,
        timeout_seconds: desired.timeout_seconds,
        secrets: &desired.secrets,
        old_version_still_works: desired.old_version_still_works,
        test: desired.test.as_ref(),
    };
    ChangeId::of(organization, &desired.key, &action)
}
