//! Failures that change nothing: a redelivery repeats the event, another trigger is another event.

use std::time::Duration;

use aws_stub::{Reply, Stub};
use lockstep_domain::credentials::credential_set_of;
use lockstep_domain::event::{Body, PlanRefused, RequestRefused, RoleProvisioningFailed};
use lockstep_domain::manifest::{self, Manifest, Mode};
use lockstep_domain::problem::Problem;
use serde_json::{Value, json};

use super::{Ask, Target, rebind};
use crate::config::tests::{arn, config};
use crate::runtime::Deadline;
use crate::services::Rebind;
use crate::services::Services as _;

/// An account without objects, in which nobody may read the client's secret.
async fn account() -> Stub {
    Stub::start(|seen| match seen.operation.as_str() {
        "GetSecretValue" => Reply::new(
            400,
            json!({"__type": "AccessDeniedException", "message": "no"}).to_string(),
        ),
        "PutEvents" => {
            Reply::ok(json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).to_string())
        }
        _ if seen.method == "PUT" => Reply::ok("").with("etag", "\"1\""),
        _ => Reply::new(404, "<Error><Code>NoSuchKey</Code></Error>"),
    })
    .await
}

/// The ids of the events of a type, in order.
fn ids(account: &Stub, kind: &str) -> Vec<String> {
    let seen = account.seen().into_iter();
    let entries = seen
        .filter(|seen| seen.operation == "PutEvents")
        .map(|seen| serde_json::from_str::<Value>(&seen.body).unwrap()["Entries"][0].clone());
    entries
        .filter(|entry| entry["DetailType"] == kind)
        .map(|entry| {
            let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            detail["event_id"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// Of a first trigger, its redelivery, and a second trigger.
fn are_two_events(ids: &[String]) {
    let [first, redelivered, second] = ids else {
        panic!("three emissions are expected: {ids:?}");
    };
    assert_eq!(first, redelivered, "a redelivery repeats the event");
    assert_ne!(first, second, "another trigger is another event");
}

const TRIGGERS: [&str; 3] = ["message-1", "message-1", "message-2"];

fn ask(trigger_id: &str) -> Ask {
    Ask {
        mode: Mode::Apply,
        retry: false,
        look: lockstep_domain::intent::Look::Full,
        reason: None,
        trigger_id: trigger_id.to_owned(),
        run_id: "request".into(),
        deadline: Deadline::after(Duration::from_secs(20)),
    }
}

fn manifest() -> Manifest {
    let secret = |name: &str| arn(&format!("{name}-AbCdEf"));
    let text = format!(
        "version: 1\norganization: {{id: org-1, client_secret: \"{}\"}}\nintegrations:\n  \
         - {{key: prod, name: Production, role: GenesysRole}}\n  \
         - {{key: rest, name: REST, type: custom-rest-actions}}\nactions:\n  \
         - {{key: orders, name: Orders, integration: prod, function: \"arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders\", \
         secrets: [{{name: DB, arn: \"{}\"}}], contract: {{input: {{type: object}}, output: {{type: object}}}}}}\ncredentials:\n  \
         - {{key: erp, integration: rest, slot: basicAuth, type: basicAuth, secret: \"{}\", fields: {{userName: $.u, password: $.p}}}}\n",
        secret("genesys/client"),
        secret("prod/db"),
        secret("genesys-credentials/erp"),
    );
    manifest::read(&text, &config().bounds, &[]).unwrap()
}

#[tokio::test]
async fn a_rebind_that_fails_again_next_month_is_another_event() {
    let (account, manifest) = (account().await, manifest());
    let world = Rebind::new(config(), &account.sdk);
    let (orders, erp) = ("orders".parse().unwrap(), "erp".parse().unwrap());
    let action = manifest.action(&orders).unwrap();
    let credential = manifest.credentials.iter().find(|one| one.key == erp);
    let set = credential.map(|one| lockstep_domain::ids::Key::of_secret(&one.secret));
    let set = credential_set_of(&manifest, &set.unwrap()).unwrap();
    for trigger in TRIGGERS {
        rebind(&world, &manifest, Target::Action(action), &ask(trigger))
            .await
            .unwrap();
        rebind(
            &world,
            &manifest,
            Target::CredentialSet(&set),
            &ask(trigger),
        )
        .await
        .unwrap();
    }
    are_two_events(&ids(&account, "Rebind Failed"));
    are_two_events(&ids(&account, "Credential Rebind Failed"));
}

#[tokio::test]
async fn a_refusal_for_the_same_reason_is_another_event() {
    let account = account().await;
    let world = Rebind::new(config(), &account.sdk);
    let problems = || vec![Problem::new("keys", "too many", "Name fewer.")];
    let refused: [fn(Vec<Problem>) -> Body; 2] = [
        |problems| RequestRefused::of(problems).into(),
        |problems| PlanRefused::of(problems).into(),
    ];
    for refused in refused {
        for trigger in TRIGGERS {
            world
                .refuse(refused, None, problems(), trigger)
                .await
                .unwrap();
        }
        let event = refused(problems()).event_type();
        are_two_events(&ids(&account, event.as_str()));
    }
    for version in TRIGGERS {
        let failed = RoleProvisioningFailed {
            errors: problems(),
            ..RoleProvisioningFailed::default()
        };
        let of = ("refused upload", version);
        // The account remembers nothing, as where a mark could not be written.
        world.emit_once(&of, world.header(), failed).await.unwrap();
    }
    are_two_events(&ids(&account, "Role Provisioning Failed"));
}
