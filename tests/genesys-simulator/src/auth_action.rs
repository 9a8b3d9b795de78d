//! The custom authentication action of a web services integration with a credential of type
//! `userDefinedOAuth`: the platform makes it, keeps it and takes it away.
//!
//! Id `customAuth_-_<integration id>` and life: terraform-provider-genesyscloud
//! (integration_custom_auth_action, and its guide). Its first config is the example of the help page on the
//! credential type, where fields are called `loginUrl`, `clientId` and `clientSecret`.

use serde_json::{Value, json};

use crate::action_contract::Contract;
use crate::action_model::{ActionConfig, Revision};
use crate::actions::Action;
use crate::integration_types::{USER_DEFINED_OAUTH, WEB_SERVICES};
use crate::world::World;

const PREFIX: &str = "customAuth_-_";

/// The id of an integration's action.
pub(crate) fn id_of(integration_id: &str) -> String {
    format!("{PREFIX}{integration_id}")
}

pub(crate) fn is_one(action_id: &str) -> bool {
    action_id.starts_with(PREFIX)
}

/// Makes the action where the integration's config asks for it now, and removes it where it no longer does.
pub(crate) fn follow(world: &mut World, integration_id: &str) {
    let id = id_of(integration_id);
    let is_wanted = world.integration(integration_id).is_ok_and(|integration| {
        integration.kind.id == WEB_SERVICES
            && integration
                .config
                .credentials
                .iter()
                .filter_map(|(_, credential)| world.credential(credential).ok())
                .any(|credential| credential.type_name == USER_DEFINED_OAUTH)
    });
    let exists = world.action(&id).is_ok();
    if is_wanted && !exists {
        world.actions.push(Action {
            published: Some(first_revision()),
            draft: None,
            before: None,
            integration_id: integration_id.to_owned(),
            id,
        });
    } else if !is_wanted && exists {
        world.actions.retain(|action| action.id != id);
    }
}

fn first_revision() -> Revision {
    let pairs = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let anything: Value = json!({"type": "object", "properties": {}});
    Revision {
        version: 1,
        name: "Custom Auth".to_owned(),
        category: "Custom Auth".to_owned(),
        secure: false,
        contract: Contract {
            input: anything.clone(),
            output: anything,
        },
        config: ActionConfig {
            request_url_template: Some("${credentials.loginUrl}".to_owned()),
            request_template: "grant_type=client_credentials".to_owned(),
            request_type: Some("POST".to_owned()),
            headers: pairs(&[
                (
                    "Authorization",
                    "Basic $encoding.base64(\"${credentials.clientId}:${credentials.clientSecret}\")",
                ),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ]),
            ..ActionConfig::default()
        },
    }
}
