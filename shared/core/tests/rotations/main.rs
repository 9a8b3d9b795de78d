//! Rotations of OAuth clients, step by step, between a small AWS and the simulated Genesys Cloud.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself may"
)]

mod aws;
mod manifests;

use std::time::Duration;

use genesys_simulator::{
    ClientSettings, Config as Organization, Judged, PlantedUse, Simulator, UsageSettings,
};
use lockstep::config::Config;
use lockstep::response::Answer;
use lockstep::rotation;
use lockstep::runtime::{Deadline, Failure};
use lockstep::services::{Rotate, Services as _};
use lockstep::trigger::{RotationIntent, Trigger, rotation as parse};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::aws::{Aws, Reading};

const OWN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/own-AbCdEf";
const TEAM: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/team-AbCdEf";
const THIRD: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/third-AbCdEf";
const TOKEN: &str = "7a1f0c52-9d0b-4f8e-8f54-2f1b6b1c9d3e";

/// One organization with Lockstep's own client, a pair, and another secret.
struct Setup {
    aws: Aws,
    genesys: Simulator,
    world: Rotate,
    /// The pair: the current client, and the one whose turn it is.
    pair: [String; 2],
}

impl Setup {
    async fn new() -> Self {
        let genesys = genesys_simulator::start(Organization {
            organization_id: "0f1e2d3c-0000-4000-8000-000000000001".to_owned(),
            organization_name: "Example".to_owned(),
            aws: None,
            port: 0,
            event_source_suffix: None,
            judged: Judged::Everything,
        })
        .await
        .unwrap();
        let aws = Aws::default();
        let sdk = aws.serve().await;
        let host = genesys.api_url().trim_start_matches("http://").to_owned();
        let config = Config::from_env(|name| environment(name, &host)).unwrap();
        let world = Rotate::new(config, &sdk);
        let (own, one, other) = (
            genesys.client().clone(),
            genesys.other_client().clone(),
            genesys.alternate_client().clone(),
        );
        aws.secret(
            OWN,
            &json!({"client_id": own.id, "client_secret": own.secret.expose_secret()}),
        );
        aws.secret(
            TEAM,
            &json!({"client_id": one.id, "client_secret": one.secret.expose_secret(),
                "alternate_client_id": other.id, "rate": 1}),
        );
        aws.secret(THIRD, &json!({"client_id": "third", "client_secret": "x"}));
        let setup = Self {
            aws,
            pair: [one.id, other.id],
            genesys,
            world,
        };
        setup.accepted(setup.genesys.organization_id(), &[TEAM, THIRD]);
        setup.used(&own.id, 1);
        setup
    }

    /// A manifest that was accepted for an organization, with these rotated clients.
    fn accepted(&self, organization: &str, clients: &[&str]) {
        let manifest = json!({
            "version": 1,
            "organization": {
                "id": organization, "api_url": self.genesys.api_url(), "login_url": self.genesys.login_url(),
                "client_secret": OWN, "rotated_clients": clients,
            },
            "integrations": [{"key": "prod", "name": "AWS Lambda production", "role": "GenesysActions"}], "actions": [],
        });
        let accepted = json!({"object": format!("manifests/{organization}.yaml"), "version_id": null,
            "accepted_at": "2026-01-01T00:00:00Z", "text": manifest.to_string()});
        self.copy(organization, &accepted.to_string());
    }

    /// An accepted copy, whatever it holds.
    fn copy(&self, organization: &str, bytes: &str) {
        let key = format!("lockstep-state/accepted/{organization}.json");
        self.aws.held().objects.insert(key, bytes.into());
    }

    async fn repair(&self, mode: &str) -> String {
        let repair = json!({"repair": true, "mode": mode});
        let Ok(Trigger::Wanted(RotationIntent::Repair(repair))) = parse(&repair) else {
            panic!("not a repair");
        };
        let deadline = Deadline::after(Duration::from_secs(120));
        let report = rotation::repair(&self.world, &repair, deadline)
            .await
            .unwrap();
        serde_json::to_string(&report).unwrap()
    }

    /// Somebody used a client so many days ago.
    fn used(&self, client_id: &str, days_ago: u32) {
        let planted = PlantedUse {
            client_id: client_id.to_owned(),
            days_ago,
            method: "GET".to_owned(),
            template: "/api/v2/integrations".to_owned(),
            requests: 5,
        };
        self.genesys
            .set_usage(&UsageSettings {
                planted: vec![planted],
                ..UsageSettings::default()
            })
            .unwrap();
    }

    async fn step(&self, step: &str) -> Result<Value, Failure> {
        self.step_of(TEAM, TOKEN, step).await
    }

    async fn step_of(&self, secret: &str, token: &str, step: &str) -> Result<Value, Failure> {
        let body = json!({"SecretId": secret, "ClientRequestToken": token, "Step": step});
        let Ok(Trigger::Wanted(RotationIntent::Step(request))) = parse(&body) else {
            panic!("not a step: {body}");
        };
        let deadline = Deadline::after(Duration::from_secs(120));
        match rotation::step(&self.world, &request, deadline).await? {
            Answer::Report(report) => Ok(report),
            other @ (Answer::Response(_) | Answer::Refused(_)) => panic!("no report: {other:?}"),
        }
    }

    async fn refused(&self, step: &str, kind: &str) -> String {
        let failure = self.step(step).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure}");
        failure.to_string()
    }

    fn resets(&self) -> usize {
        let calls = self.genesys.calls();
        let resets = calls.iter().filter(|call| call.path.ends_with("/secret"));
        resets.count()
    }

    fn addresses(&self, client_id: &str, refused: bool) {
        self.genesys
            .set_client(&ClientSettings {
                client_id: client_id.to_owned(),
                access_token_validity_seconds: None,
                revoke_tokens: false,
                address_refused: Some(refused),
            })
            .unwrap();
    }
}

fn environment(name: &str, host: &str) -> Option<String> {
    let value = match name {
        "AWS_LAMBDA_FUNCTION_NAME" => "lockstep-rotate-client",
        "AWS_REGION" => "us-east-1",
        "LOCKSTEP_ACCOUNT_ID" => "123456789012",
        "LOCKSTEP_ALLOWED_GENESYS_HOSTS" => host,
        "LOCKSTEP_CLIENT_GRACE_SECONDS" => "300",
        "LOCKSTEP_CLIENT_SECRET_PREFIX" => "genesys/",
        "LOCKSTEP_CREDENTIAL_SECRET_PREFIX" => "genesys-credentials/",
        "LOCKSTEP_EVENT_BUS" | "LOCKSTEP_STACK" => "lockstep",
        "LOCKSTEP_EVIDENCE_BUCKET" => "lockstep-evidence",
        "LOCKSTEP_MANIFEST_BUCKET" => "lockstep-manifests",
        "LOCKSTEP_STATE_BUCKET" => "lockstep-state",
        "LOCKSTEP_ORGANIZATION_IDS" => "0f1e2d3c-0000-4000-8000-000000000001",
        "LOCKSTEP_PARTITION" => "aws",
        "LOCKSTEP_PERMISSIONS_BOUNDARY_ARN" => "arn:aws:iam::123456789012:policy/lockstep-boundary",
        "LOCKSTEP_ROLE_NAME_PREFIX" => "Genesys",
        "LOCKSTEP_GENESYS_SETTLE_SECONDS" | "LOCKSTEP_SETTLE_SECONDS" => "0",
        "LOCKSTEP_STUCK_AFTER_MINUTES" => "0",
        "LOCKSTEP_REMINDER_HOURS" => "24",
        "LOCKSTEP_MAX_EXCEPTION_DAYS" => "90",
        "LOCKSTEP_CRITICAL_EXCEPTIONS" => "",
        "LOCKSTEP_VERIFY_DEADLINE_SECONDS" => "3600",
        "LOCKSTEP_VERIFY_DELAY_SECONDS" => "60",
        "LOCKSTEP_VERIFY_WINDOW_SECONDS" => "60",
        "LOCKSTEP_ALLOWED_FUNCTION_ARNS" | "LOCKSTEP_GENESYS_ACCOUNT_ID" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_rotated_and_its_next_rotation_is_refused_with_the_date_that_works() {
    let setup = Setup::new().await;
    setup.aws.begin(TEAM, TOKEN, None);
    for step in ["createSecret", "setSecret", "testSecret", "finishSecret"] {
        setup.step(step).await.unwrap();
    }
    let current = setup.aws.value(TEAM, "AWSCURRENT").unwrap();
    let current: Value = serde_json::from_str(&current).unwrap();
    assert_eq!(current["client_id"], json!(setup.pair[1]));
    assert_eq!(setup.resets(), 1);
    let next = TOKEN.replace('7', "8");
    setup.aws.begin(TEAM, &next, None);
    let refused = setup.step_of(TEAM, &next, "createSecret").await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), "too_early", "{refused}");
    assert!(
        refused
            .to_string()
            .contains("can confirm that it is unused from"),
        "{refused}"
    );
    assert_eq!(setup.resets(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn use_in_the_last_seven_days_and_today_refuses_and_earlier_use_does_not() {
    for (days_ago, refused) in [(8, false), (7, true), (1, true), (0, true)] {
        let setup = Setup::new().await;
        setup.used(&setup.pair[1], days_ago);
        setup.aws.begin(TEAM, TOKEN, None);
        let found = setup.step("createSecret").await;
        assert_eq!(found.is_err(), refused, "{days_ago} days ago: {found:?}");
        if let Err(failure) = found {
            assert_eq!(failure.kind(), "client_in_use");
            let words = "5 requests GET /integrations";
            assert!(failure.to_string().contains(words), "{failure}");
            assert_eq!(setup.resets(), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_passes_where_the_current_client_signs_in_and_changes_nothing() {
    let setup = Setup::new().await;
    let current = setup.aws.value(TEAM, "AWSCURRENT");
    for pending in [None, current.clone()] {
        setup.aws.begin(TEAM, TOKEN, pending.clone());
        let answer = setup.step("testSecret").await.unwrap();
        assert!(answer.to_string().contains("trial rotation"), "{answer}");
        assert_eq!(setup.aws.value(TEAM, "AWSPENDING"), pending);
    }
    assert_eq!(setup.aws.value(TEAM, "AWSCURRENT"), current);
    assert_eq!(setup.resets(), 0);
    assert!(setup.aws.held().events.is_empty(), "nothing is announced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_says_what_is_wrong_with_the_current_client_and_resets_nothing() {
    let setup = Setup::new().await;
    let [one, other] = &setup.pair;
    setup.aws.secret(
        TEAM,
        &json!({"client_id": one, "client_secret": "wrong", "alternate_client_id": other}),
    );
    setup.aws.begin(TEAM, TOKEN, None);
    let said = setup.refused("testSecret", "current_refused").await;
    assert!(
        said.contains("with the secret under AWSCURRENT failed"),
        "{said}"
    );
    assert_eq!(setup.resets(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_that_may_name_the_client_is_never_passed_over() {
    let setup = Setup::new().await;
    setup.aws.begin(TEAM, TOKEN, None);
    setup.aws.read_as(THIRD, Reading::Throttled);
    setup.refused("createSecret", "throttled").await;
    setup.aws.read_as(THIRD, Reading::Denied);
    let said = setup
        .refused("createSecret", "other_secret_unreadable")
        .await;
    assert!(said.contains(THIRD), "{said}");
    setup.aws.secret(THIRD, &json!("not a client"));
    setup
        .refused("createSecret", "other_secret_unreadable")
        .await;
    assert_eq!(setup.resets(), 0);
    // A deleted one names nothing.
    setup.aws.read_as(THIRD, Reading::Deleted);
    setup.step("createSecret").await.unwrap();
    assert_eq!(setup.resets(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_is_its_own_diagnosis_and_the_secret_is_kept() {
    for place in ["sign_in", "api"] {
        let setup = Setup::new().await;
        setup.genesys.set_switch("refused_address", place).unwrap();
        setup.aws.begin(TEAM, TOKEN, None);
        setup.step("createSecret").await.unwrap();
        let pending = setup.aws.value(TEAM, "AWSPENDING");
        setup.addresses(&setup.pair[1], true);
        let said = setup.refused("testSecret", "address_refused").await;
        assert!(said.contains("IP address"), "{place}: {said}");
        let report = setup.repair("apply").await;
        assert!(report.contains("address_refused"), "{place}: {report}");
        assert_eq!(setup.aws.value(TEAM, "AWSPENDING"), pending, "{place}");
        // Repeated by Secrets Manager: the same secret is tried again, and passes once the list is right.
        setup.step("createSecret").await.unwrap();
        setup.addresses(&setup.pair[1], false);
        setup.step("testSecret").await.unwrap();
        assert_eq!(setup.resets(), 1, "{place}");
    }
}
