//! Audit records as partner events, sent to a stand-in for EventBridge.

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use genesys_simulator::{AuditSettings, AwsSide};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::support::{ORGANIZATION, World};

/// What EventBridge was asked: the operation and its input.
type Asked = (String, Value);

async fn answer(State(asked): State<UnboundedSender<Asked>>, request: Request) -> String {
    let (head, body) = request.into_parts();
    let target = head.headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    let body = to_bytes(body, 1_000_000).await.unwrap();
    asked
        .send((operation, serde_json::from_slice(&body).unwrap()))
        .unwrap();
    json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).to_string()
}

async fn world() -> (World, UnboundedReceiver<Asked>) {
    let (sender, asked) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint_url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let aws = AwsSide {
        endpoint_url,
        region: "us-east-1".to_owned(),
        genesys_account: "765628985471".to_owned(),
        customer_account: "000000000000".to_owned(),
    };
    (World::with_events(aws, "lockstep").await, asked)
}

fn source() -> String {
    format!("aws.partner/genesys.com/cloud/{ORGANIZATION}/lockstep")
}

#[tokio::test]
async fn the_source_is_offered_to_the_customer_and_each_record_is_sent_as_the_partner() {
    let (world, mut asked) = world().await;
    let (operation, created) = asked.recv().await.unwrap();
    assert_eq!(operation, "CreatePartnerEventSource");
    assert_eq!(
        created,
        json!({"Name": source(), "Account": "000000000000"})
    );
    let id = world.integration().await;
    let (operation, sent) = asked.recv().await.unwrap();
    assert_eq!(operation, "PutPartnerEvents");
    let entry = &sent["Entries"][0];
    assert_eq!(entry["Source"], source());
    assert_eq!(
        entry["DetailType"],
        "v2.audits.entitytype.{id}.entityid.{id}"
    );
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(
        detail["topicName"],
        format!("v2.audits.entitytype.Integration.entityid.{id}")
    );
    let body = &detail["eventBody"];
    assert_eq!(body["clientId"]["id"], world.simulator.client().id);
    assert_eq!(body["action"], "Create");
    assert!(body["eventTime"].is_string());
    for rest_only in ["status", "eventDate", "client", "userId", "entityChanges"] {
        assert!(body.get(rest_only).is_none(), "{rest_only}");
    }
}

#[tokio::test]
async fn events_can_be_switched_off() {
    let (world, mut asked) = world().await;
    let off = AuditSettings {
        events: Some(false),
        ..AuditSettings::default()
    };
    world.simulator.set_audits(&off).unwrap();
    world.integration().await;
    let on = AuditSettings {
        events: Some(true),
        ..AuditSettings::default()
    };
    world.simulator.set_audits(&on).unwrap();
    world.credential("arn:aws:iam::1:role/x").await;
    let second = world.integration().await;
    let (first, _) = asked.recv().await.unwrap();
    assert_eq!(first, "CreatePartnerEventSource");
    let (_, sent) = asked.recv().await.unwrap();
    let detail = sent["Entries"][0]["Detail"].as_str().unwrap();
    assert!(detail.contains(&second), "{detail}");
}
