//! Built-in actions: an integration of some types comes with them, and nobody can change or remove one.
//!
//! Ids `static...`, and that they are read-only: terraform-provider-genesyscloud (integration_action). Which
//! ones there are differs by type and is not published as a list; this is one of each kind of integration that
//! has any. That a refusal is a 400 is assumed.

use serde_json::json;

use crate::action_contract::Contract;
use crate::action_model::{ActionConfig, Revision};
use crate::actions::Action;
use crate::error::ApiError;
use crate::integration_types::{GENESYS_CLOUD, SALESFORCE};
use crate::integrations::Integration;
use crate::world::World;

const PREFIX: &str = "static_-_";

/// The built-in actions of an integration type: their names and URLs.
const BUILT_IN: &[(&str, &str, &str)] = &[
    (
        GENESYS_CLOUD,
        "Get Estimated Wait Time",
        "/api/v2/routing/queues/${input.QUEUE_ID}/estimatedwaittime",
    ),
    (
        SALESFORCE,
        "Get Account",
        "/services/data/v37.0/sobjects/Account/${input.ACCOUNT_ID}",
    ),
];

/// Gives a new integration the built-in actions of its type.
pub(crate) fn add(world: &mut World, integration: &Integration) {
    let own = BUILT_IN
        .iter()
        .filter(|(holder, ..)| *holder == integration.kind.id);
    for (_, name, url) in own {
        let action = Action {
            id: format!("{PREFIX}{}", world.ids.id()),
            integration_id: integration.id.clone(),
            published: Some(revision(name, url)),
            draft: None,
            before: None,
        };
        world.actions.push(action);
    }
}

/// Refuses a change of a built-in action.
pub(crate) fn refuse_change(action_id: &str) -> Result<(), ApiError> {
    if action_id.starts_with(PREFIX) {
        return Err(ApiError::bad_request(
            "A built-in action cannot be changed or deleted.",
        ));
    }
    Ok(())
}

fn revision(name: &str, url: &str) -> Revision {
    let id = url
        .rsplit_once("${input.")
        .and_then(|(_, rest)| rest.split_once('}'))
        .map_or("ID", |(name, _)| name);
    Revision {
        version: 1,
        name: name.to_owned(),
        category: "Built-in".to_owned(),
        secure: false,
        contract: Contract {
            input: json!({
                "type": "object",
                "required": [id],
                "properties": {id: {"type": "string"}},
                "additionalProperties": true,
            }),
            output: json!({"type": "object", "properties": {}, "additionalProperties": true}),
        },
        config: ActionConfig {
            request_url_template: Some(url.to_owned()),
            request_type: Some("GET".to_owned()),
            ..ActionConfig::default()
        },
    }
}
