//! A simulator that plays the live organization, and a check of it.

use genesys_cloud::{
    ActionConfig, ActionContract, ClientCredentials, Endpoints, Genesys, NewAction, RequestConfig,
    ResponseConfig, Settings,
};
use genesys_simulator::{Config, Fault, Judged, PlantedRecord, Simulator, start};
use jiff::{SignedDuration, Timestamp};
use live_check::{Options, Patience, Report, Target, check, unmeant};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::watch;
use url::Url;

pub const NAME: &str = "Confidential Customer";

/// An empty organization.
pub async fn organization() -> Simulator {
    start(Config {
        organization_id: "3b2c5f0e-1d7a-4b7e-9c3f-5a2d8e6f1b04".to_owned(),
        organization_name: NAME.to_owned(),
        aws: None,
        port: 0,
        event_source_suffix: None,
        judged: Judged::Everything,
    })
    .await
    .unwrap()
}

/// Ends an organization that was asked what is meant to be asked, and nothing else.
pub async fn ended(simulator: Simulator) {
    let violations = unmeant(simulator.end().await);
    assert!(violations.is_empty(), "{violations:#?}");
}

pub fn target(simulator: &Simulator) -> Target {
    let client = simulator.client();
    Target {
        endpoints: Endpoints {
            api: Url::parse(&simulator.api_url()).unwrap(),
            login: Url::parse(&simulator.login_url()).unwrap(),
        },
        credentials: ClientCredentials {
            client_id: client.id.clone(),
            client_secret: client.secret.clone(),
        },
    }
}

/// One credential, integration and action with a customer's names, and an old audit record: a query for
/// the records until now, in whole seconds, does not cover those of the current second.
pub async fn furnish(simulator: &Simulator) {
    let target = target(simulator);
    let genesys = Genesys::new(target.endpoints, target.credentials, Settings::default()).unwrap();
    let role = SecretString::from(format!("arn:aws:iam::123456789012:role/{NAME}"));
    let fields = [("ARN".to_owned(), role)].into();
    genesys
        .create_credential(NAME, "amazonWebServicesARN", &fields)
        .await
        .unwrap();
    let integration = genesys
        .create_integration(NAME, "aws-lambda-data-actions")
        .await
        .unwrap();
    let schema = json!({"type": "object"});
    let action = NewAction {
        name: NAME.to_owned(),
        category: NAME.to_owned(),
        integration_id: integration.id,
        contract: ActionContract::of(schema.clone(), schema),
        config: ActionConfig {
            request: Some(RequestConfig {
                request_url_template: Some(
                    "arn:aws:lambda:us-east-1:123456789012:function:customer".to_owned(),
                ),
                request_template: Some(NAME.to_owned()),
                request_type: Some("POST".to_owned()),
                ..RequestConfig::default()
            }),
            response: Some(ResponseConfig {
                success_template: Some(NAME.to_owned()),
                ..ResponseConfig::default()
            }),
            ..ActionConfig::default()
        },
        secure: false,
    };
    let action = genesys.create_action(&action).await.unwrap();
    simulator.record_audit(PlantedRecord::action_updated(
        action.id,
        simulator.client().id.clone(),
        Timestamp::now() - SignedDuration::from_hours(1),
    ));
    simulator.reset_calls();
}

pub async fn checked(simulator: &Simulator, write: bool) -> Report {
    let options = Options {
        write,
        patience: Patience::quick(),
    };
    let (_going, stop) = watch::channel(0);
    check(&target(simulator), &options, stop, &|_| {})
        .await
        .unwrap()
}

/// An answer planted in the place of the real one.
pub fn instead(method: &str, route: &str, status: u16, body: Value) -> Fault {
    Fault {
        method: method.to_owned(),
        route: route.to_owned(),
        status: Some(status),
        headers: Default::default(),
        body: Some(body),
        kind: None,
        latency_ms: 0,
        after: 0,
        times: 1000,
    }
}
