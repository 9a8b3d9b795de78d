//! Functions that actions call, the bus, the queues and keys.

use aws_simulator::services::lambda::{Body, Ended, Function};
use lockstep::aws::{Access, Keys};
use lockstep::services::{Compliance, Provision, Rebind, Verify};
use lockstep_domain::compliance::{FunctionState, FunctionUpdate};
use lockstep_domain::event::{Event, ManifestAccepted};
use lockstep_domain::intent::RebindMessage;
use lockstep_domain::role::Seen;
use serde_json::json;

use crate::world::{FUNCTION, Setup};

/// The function that an action calls, whose role may read what is under `prod/`.
async fn target(setup: &Setup) {
    let iam = aws_sdk_iam::Client::new(&setup.sdk);
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"},
    }]});
    let create = iam.create_role().role_name("orders-execution");
    let create = create.assume_role_policy_document(trust.to_string());
    let role = create.send().await.unwrap().role.unwrap();
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
        "Resource": "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/*",
    }]});
    let put = iam.put_role_policy().role_name("orders-execution");
    let put = put.policy_name("read").policy_document(policy.to_string());
    put.send().await.unwrap();
    setup.account.state().services.lambda.put(Function {
        name: "Orders".to_owned(),
        role: role.arn,
        timeout: 30,
        memory: 128,
        environment: Default::default(),
        qualifiers: Default::default(),
        policy: None,
        body: Body::immediate(|_| Ended::Returned(b"{}".to_vec())),
    });
}

#[tokio::test(start_paused = true)]
async fn a_function_that_cannot_read_its_secret_is_found_out() {
    let setup = Setup::new();
    target(&setup).await;
    let readable = setup.secret("prod/readable", "x").await;
    let other = setup.secret("elsewhere/unreadable", "x").await;
    let asked = [readable, other];
    let services: Rebind = setup.services();
    let functions = &services.functions;
    let function = FUNCTION.parse().unwrap();
    let seen = functions.read_access(&function, &asked).await;
    assert_eq!(seen.secrets[0].1, Access::Allowed);
    assert!(
        matches!(seen.secrets[1].1, Access::Denied { .. }),
        "{seen:?}"
    );

    let gone = "arn:aws:lambda:us-east-1:123456789012:function:Gone";
    let seen = functions.read_access(&gone.parse().unwrap(), &asked).await;
    assert_eq!(seen.role, None);
    for (_, access) in seen.secrets {
        assert!(matches!(access, Access::NotEvaluated { .. }), "{access:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whether_a_function_can_be_called_and_by_whom_else_is_read() {
    let setup = Setup::new();
    target(&setup).await;
    let services: Compliance = setup.services();
    let observe = async |function: &str| {
        let function = function.parse().unwrap();
        services.functions.observe(&function).await.unwrap()
    };
    let seen = observe(FUNCTION).await.unwrap();
    assert_eq!(seen.state, FunctionState::Active);
    assert_eq!(seen.update, FunctionUpdate::Successful);
    assert_eq!(seen.policy, Seen::Read(None), "it has none");

    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "lambda:InvokeFunction", "Principal": "*", "Resource": FUNCTION,
    }]});
    let mut function = setup
        .account
        .state()
        .services
        .lambda
        .function("Orders")
        .cloned();
    if let Some(function) = &mut function {
        function.policy = Some(policy.clone());
    }
    setup.account.state().services.lambda.put(function.unwrap());
    assert_eq!(
        observe(FUNCTION).await.unwrap().policy,
        Seen::Read(Some(policy))
    );

    let gone = "arn:aws:lambda:us-east-1:123456789012:function:Gone";
    assert_eq!(observe(gone).await, None);
}

#[tokio::test(start_paused = true)]
async fn who_else_may_read_a_secret_is_read_from_its_policy() {
    let setup = Setup::new();
    let arn = setup.secret("prod/db", "x").await;
    let services: Compliance = setup.services();
    assert_eq!(services.secret_policies.read(&arn).await.unwrap(), None);
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*",
        "Principal": {"AWS": "111122223333"},
    }]});
    let now = setup.account.clock().now();
    let found = setup
        .account
        .state()
        .services
        .secrets
        .find(&arn.to_string(), now)
        .cloned();
    let mut secret = found.unwrap();
    secret.policy = Some(policy.clone());
    setup.account.state().services.secrets.put(secret);
    assert_eq!(
        services.secret_policies.read(&arn).await.unwrap(),
        Some(policy)
    );
    let gone = "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf";
    assert!(
        services
            .secret_policies
            .read(&gone.parse().unwrap())
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn more_events_than_one_call_takes_all_arrive() {
    let setup = Setup::new();
    let services: Verify = setup.services();
    let reasons: Vec<String> = (0..12).map(|number| format!("probe {number}")).collect();
    let event = |reason: &String| {
        let accepted = ManifestAccepted {
            reason: Some(reason.clone()),
            ..ManifestAccepted::default()
        };
        Event::new(services.header(), accepted)
    };
    let events: Vec<Event> = reasons.iter().map(event).collect();
    services.bus.emit(&events).await.unwrap();
    let arrived = setup.account.take_notifications();
    let arrived: Vec<String> = arrived.iter().map(|one| format!("{one:?}")).collect();
    assert_eq!(arrived.len(), 12);
    for reason in reasons {
        let is_it = |one: &&String| one.contains(&format!("\"{reason}\""));
        assert_eq!(arrived.iter().filter(is_it).count(), 1, "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_trigger_is_one_message_and_another_is_a_second() {
    let setup = Setup::new();
    let url = setup.queue("probe-rebind.fifo");
    let services: Provision = setup.configured(|config| config.rebind_queue_url = Some(url));
    let message = RebindMessage {
        organization: "org".parse().unwrap(),
        key: "order-lookup".parse().unwrap(),
        retry: false,
        reason: None,
        look: lockstep_domain::intent::Look::Full,
    };
    let long = "x".repeat(200);
    setup.lose("SendMessage");
    for deduplication in ["event-1", "event-1", long.as_str()] {
        let sent = services
            .rebind_queue
            .send(&message, "org/prod", deduplication);
        sent.await.unwrap();
    }
    let state = setup.account.state();
    let waiting = state.services.sqs.queue("probe-rebind.fifo").unwrap();
    assert_eq!(waiting.messages().len(), 2);
    let first = &waiting.messages()[0];
    assert_eq!(first.group.as_deref(), Some("org/prod"));
    let read: RebindMessage = serde_json::from_str(&first.body).unwrap();
    assert_eq!(read, message);
}

#[tokio::test(start_paused = true)]
async fn an_existing_key_is_described_and_a_missing_one_is_not_found() {
    let setup = Setup::new();
    let services: Compliance = setup.services();
    let keys: &Keys = &services.keys;
    let found = keys.describe("k1").await.unwrap();
    assert!(found.is_customers && found.is_enabled);
    let missing = keys.describe("k2").await.unwrap_err();
    assert_eq!(missing.code.as_deref(), Some("NotFoundException"));
}
