use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use aws_simulator::services::iam::{Role, Text};
use aws_simulator::{Account, Effect, EvaluatePolicies, Judging, Origin, Principal};
use jiff::SignedDuration;
use serde_json::json;

use crate::world::{account, account_with, code, sdk, start};

const GENESYS: &str = "444455556666";
const ROLE: &str = "arn:aws:iam::123456789012:role/GenesysActions";

#[tokio::test(start_paused = true)]
async fn everybody_learns_who_they_are() {
    let account = account();
    let answer = Client::new(&sdk(&account)).get_caller_identity();
    let answer = answer.send().await.unwrap();
    let session = "arn:aws:sts::123456789012:assumed-role/tester/a";
    assert_eq!(answer.arn(), Some(session));
    assert_eq!(answer.account(), Some("123456789012"));
}

/// A role for Genesys Cloud, made now.
fn put_role(account: &Account, external_id: &str) {
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{GENESYS}:root")},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}}}});
    let trust = Text::trust(&trust.to_string()).unwrap();
    let now = account.clock().now();
    let role = Role::new("GenesysActions", "AROAEXAMPLE", now, trust);
    account.state().services.iam.put(now, role);
}

fn as_account(account: &Account, id: &str) -> Client {
    let principal = Principal::user(id, "service");
    Client::new(&account.sdk_config(principal, Origin::new("genesys", "1")))
}

async fn assume(
    client: &Client,
    role: &str,
    id: Option<&str>,
) -> Result<AssumeRoleOutput, (String, u16)> {
    let request = client.assume_role().role_arn(role).role_session_name("one");
    let answer = request.set_external_id(id.map(str::to_owned)).send().await;
    match answer {
        Ok(answer) => Ok(answer),
        refused => Err(code(refused)),
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_by_whom_it_trusts_with_the_external_id() {
    let account = account_with(EvaluatePolicies::default());
    put_role(&account, "organization-1");
    let genesys = as_account(&account, GENESYS);
    let denied = ("AccessDenied".to_owned(), 403);
    for (client, role, id) in [
        (&genesys, ROLE, None),
        (&genesys, ROLE, Some("organization-2")),
        (
            &as_account(&account, "777788889999"),
            ROLE,
            Some("organization-1"),
        ),
        (
            &genesys,
            "arn:aws:iam::123456789012:role/Unheard",
            Some("organization-1"),
        ),
        // Names are case-sensitive here.
        (
            &genesys,
            "arn:aws:iam::123456789012:role/genesysactions",
            Some("organization-1"),
        ),
    ] {
        let refused = assume(client, role, id).await.unwrap_err();
        assert_eq!(refused, denied, "{role} {id:?}");
    }
    let answer = assume(&genesys, ROLE, Some("organization-1"))
        .await
        .unwrap();
    let user = answer.assumed_role_user().unwrap();
    let session = "arn:aws:sts::123456789012:assumed-role/GenesysActions/one";
    assert_eq!(user.arn(), session);
    assert_eq!(user.assumed_role_id(), "AROAEXAMPLE:one");
    let until = answer.credentials().unwrap().expiration().secs();
    assert_eq!(until, start().as_second() + 3_600);
    let effects: Vec<Effect> = account
        .history()
        .into_iter()
        .map(|one| one.effect)
        .collect();
    let role = ROLE.to_owned();
    assert_eq!(effects, [Effect::RoleAssumed { role }]);
}

#[tokio::test(start_paused = true)]
async fn a_session_signs_as_the_role_until_it_expires() {
    let account = account_with(EvaluatePolicies::default());
    put_role(&account, "organization-1");
    let genesys = as_account(&account, GENESYS);
    let answer = assume(&genesys, ROLE, Some("organization-1"))
        .await
        .unwrap();
    let given = answer.credentials().unwrap();
    let signing = |token: &str| {
        let (key, secret) = (given.access_key_id(), given.secret_access_key());
        let credentials = Credentials::new(key, secret, Some(token.to_owned()), None, "test");
        let config = account.anonymous_config("us-east-1".into(), Origin::new("genesys", "1"));
        let config = aws_sdk_sts::config::Builder::from(&config).credentials_provider(credentials);
        Client::from_conf(config.build())
    };
    let session = signing(given.session_token());
    let identity = session.get_caller_identity().send().await.unwrap();
    let arn = "arn:aws:sts::123456789012:assumed-role/GenesysActions/one";
    assert_eq!(identity.arn(), Some(arn));
    let forged = signing("forged").get_caller_identity().send().await;
    assert_eq!(code(forged), ("InvalidClientTokenId".into(), 403));
    tokio::time::advance(Duration::from_secs(3_600)).await;
    let expired = session.get_caller_identity().send().await;
    assert_eq!(code(expired), ("ExpiredToken".into(), 403));
}

#[tokio::test(start_paused = true)]
async fn a_changed_trust_policy_decides_as_late_as_the_switch_says() {
    let account = account_with(EvaluatePolicies::default());
    put_role(&account, "organization-1");
    tokio::time::advance(Duration::from_secs(60)).await;
    account.state().services.iam.lateness.decisions = SignedDuration::from_secs(10);
    put_role(&account, "organization-2");
    let genesys = as_account(&account, GENESYS);
    for (id, early, late) in [
        ("organization-1", true, false),
        ("organization-2", false, true),
    ] {
        assert_eq!(
            assume(&genesys, ROLE, Some(id)).await.is_ok(),
            early,
            "{id}"
        );
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(assume(&genesys, ROLE, Some(id)).await.is_ok(), late, "{id}");
        put_role(&account, "organization-1");
        tokio::time::advance(Duration::from_secs(60)).await;
        put_role(&account, "organization-2");
    }
}

/// STS API reference, `AssumeRole`, `DurationSeconds`; botocore's model, `roleSessionNameType` and `externalIdType`.
#[tokio::test(start_paused = true)]
async fn requests_are_within_what_sts_takes() {
    let account = account_with(EvaluatePolicies::default());
    account.set_judging(Judging::WrongRequestsRefused);
    put_role(&account, "organization-1");
    let request = || {
        let request = as_account(&account, GENESYS).assume_role().role_arn(ROLE);
        request
            .role_session_name("one")
            .external_id("organization-1")
    };
    request().duration_seconds(900).send().await.unwrap();
    let invalid = ("ValidationError".to_owned(), 400);
    for refused in [
        request().duration_seconds(899),
        request().duration_seconds(3_601),
        request().role_session_name("with space"),
        request().role_session_name("x"),
        request().external_id("an organization"),
    ] {
        assert_eq!(code(refused.send().await), invalid);
    }
}
