//! The other side of the comparison: a simulator in this process, asked the same.

use genesys_cloud::{
    Action, ActionConfig, ActionContract, ClientCredentials, Endpoints, Genesys, NewAction,
    RequestConfig, ResponseConfig, Settings,
};
use genesys_simulator::{Config, IntegrationSettings, Judged, PlantedRecord, Simulator, start};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::watch;
use url::Url;

use crate::meant::unmeant;
use crate::reading::{LAMBDA, ROLE_CREDENTIAL};
use crate::settings::{Patience, Target};
use crate::survey::Survey;
use crate::{new_name, surveyed};

const ORGANIZATION: &str = "6f9d1a52-3c1e-4f0b-8a77-0d5b2f6c9e11";

/// What a simulator answered, and how it or this check broke the contract.
#[derive(Debug, Clone)]
pub(crate) struct Simulated {
    pub(crate) survey: Survey,
    /// Violations that are not meant.
    pub(crate) violations: Vec<String>,
}

/// Surveys a fresh simulator whose switches are set so. It holds one of each thing, for the reads.
pub(crate) async fn survey(
    switches: Vec<(String, String)>,
    write: bool,
) -> Result<Simulated, String> {
    let simulator = begun().await?;
    let survey = asked(&simulator, &switches, write).await;
    // Not `stop`: its panic would take the report along.
    let violations = unmeant(simulator.end().await);
    Ok(Simulated {
        survey: survey?,
        violations,
    })
}

async fn asked(
    simulator: &Simulator,
    switches: &[(String, String)],
    write: bool,
) -> Result<Survey, String> {
    let target = target(simulator)?;
    furnish(simulator, &target).await?;
    for (switch, value) in switches {
        simulator.set_switch(switch, value)?;
    }
    let name = write.then(new_name);
    // Nobody interrupts it: it takes no time.
    let (_going, stop) = watch::channel(0);
    let done = surveyed(&target, &Patience::quick(), name.as_deref(), stop, &|_| {}).await;
    Ok(done?.survey)
}

/// A fresh, empty simulator.
pub(crate) async fn begun() -> Result<Simulator, String> {
    start(Config {
        organization_id: ORGANIZATION.to_owned(),
        organization_name: "Simulated".to_owned(),
        aws: None,
        port: 0,
        event_source_suffix: None,
        judged: Judged::Everything,
    })
    .await
    .map_err(|error| format!("no simulator: {error}"))
}

/// Ends a simulator that was asked what is meant to be asked, and nothing else.
#[cfg(test)]
pub(crate) async fn ended(simulator: Simulator) {
    let violations = unmeant(simulator.end().await);
    assert!(violations.is_empty(), "{violations:#?}");
}

/// How a simulator is reached.
pub(crate) fn target(simulator: &Simulator) -> Result<Target, String> {
    let url = |text: String| Url::parse(&text).map_err(|error| error.to_string());
    let client = simulator.client();
    Ok(Target {
        endpoints: Endpoints {
            api: url(simulator.api_url())?,
            login: url(simulator.login_url())?,
        },
        credentials: ClientCredentials {
            client_id: client.id.clone(),
            client_secret: client.secret.clone(),
        },
    })
}

/// One credential, integration and action, as a customer has them, and an audit record that is old enough
/// for every query: one for the records until now, in whole seconds, does not cover the current second.
async fn furnish(simulator: &Simulator, target: &Target) -> Result<(), String> {
    let activation = |seconds| {
        simulator.set_integrations(&IntegrationSettings {
            activation_seconds: Some(seconds),
            integration_id: None,
            in_error: None,
        })
    };
    activation(0.0)?;
    let action = make(target).await.map_err(|error| error.to_string())?;
    simulator.record_audit(PlantedRecord::action_updated(
        action.id,
        simulator.client().id.clone(),
        Timestamp::now() - SignedDuration::from_hours(1),
    ));
    activation(0.2)
}

async fn make(target: &Target) -> Result<Action, genesys_cloud::Error> {
    let genesys = Genesys::new(
        target.endpoints.clone(),
        target.credentials.clone(),
        Settings::default(),
    )?;
    let role = SecretString::from("arn:aws:iam::123456789012:role/example".to_owned());
    let fields = [("ARN".to_owned(), role)].into();
    genesys
        .create_credential("role", ROLE_CREDENTIAL, &fields)
        .await?;
    let integration = genesys.create_integration("AWS Lambda", LAMBDA).await?;
    let schema = json!({"type": "object", "properties": {}});
    let action = NewAction {
        name: "Example".to_owned(),
        category: "AWS Lambda".to_owned(),
        integration_id: integration.id,
        contract: ActionContract::of(schema.clone(), schema),
        config: ActionConfig {
            request: Some(RequestConfig {
                request_url_template: Some(
                    "arn:aws:lambda:us-east-1:123456789012:function:example".to_owned(),
                ),
                request_template: Some("${input.rawRequest}".to_owned()),
                request_type: Some("POST".to_owned()),
                ..RequestConfig::default()
            }),
            response: Some(ResponseConfig {
                success_template: Some("${rawResult}".to_owned()),
                ..ResponseConfig::default()
            }),
            ..ActionConfig::default()
        },
        secure: false,
    };
    genesys.create_action(&action).await
}
