use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{PolicyEvaluationDecisionType, Tag};
use aws_simulator::{Account, Effect, Judging};
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::policy::decode;
use policy_evaluator::IdentityPolicy;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, account, code, sdk};

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/Boundary";

fn allow(action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource}]})
}

fn trust() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "Genesys", "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "an organization"}}}]})
}

/// An account with a boundary, and a client of it.
fn start() -> (Account, Client) {
    let account = account();
    let boundary = IdentityPolicy::of(&allow("lambda:*", "*")).unwrap();
    account.state().services.iam.put_managed(BOUNDARY, boundary);
    let client = Client::new(&sdk(&account));
    (account, client)
}

async fn create(client: &Client, name: &str) {
    let role = client.create_role().role_name(name);
    let role = role.assume_role_policy_document(trust().to_string());
    role.permissions_boundary(BOUNDARY).send().await.unwrap();
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_role_is_given_back_as_it_was_created() {
    let (account, client) = start();
    let created = client
        .create_role()
        .role_name("GenesysActions")
        .assume_role_policy_document(trust().to_string())
        .description("Orders & more")
        .permissions_boundary(BOUNDARY)
        .tags(tag("lockstep:stack", "lockstep"))
        .send()
        .await
        .unwrap();
    let read = client.get_role().role_name("genesysactions").send();
    let read = read.await.unwrap();
    assert_eq!(created.role(), read.role());
    let role = read.role().unwrap();
    let arn = "arn:aws:iam::123456789012:role/GenesysActions";
    assert_eq!((role.role_name(), role.arn()), ("GenesysActions", arn));
    assert_eq!(role.description(), Some("Orders & more"));
    assert_eq!(role.tags(), [tag("lockstep:stack", "lockstep")]);
    let boundary = role.permissions_boundary().unwrap();
    assert_eq!(boundary.permissions_boundary_arn(), Some(BOUNDARY));
    assert_eq!(role.create_date().secs(), crate::world::start().as_second());
    // RFC 3986 (IAM API reference, `GetRole`).
    let document = role.assume_role_policy_document().unwrap();
    assert!(document.starts_with("%7B%22"), "{document}");
    assert!(!document.contains([' ', '+', '"', ':']), "{document}");
    assert_eq!(decode(document), trust());
    let effects: Vec<Effect> = account
        .history()
        .into_iter()
        .map(|one| one.effect)
        .collect();
    let (role, operation) = (arn.to_owned(), "CreateRole".to_owned());
    assert_eq!(effects, [Effect::RoleChanged { role, operation }]);
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_role_are_kept() {
    let (_account, client) = start();
    create(&client, "A").await;
    let other = json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny",
        "Principal": "*", "Action": "sts:AssumeRole"}});
    let update = client.update_assume_role_policy().role_name("A");
    update
        .policy_document(other.to_string())
        .send()
        .await
        .unwrap();
    let update = client.update_role_description().role_name("A");
    let updated = update.description("new").send().await.unwrap();
    assert_eq!(updated.role().unwrap().description(), Some("new"));
    let tagging = client.tag_role().role_name("A").tags(tag("Team", "red"));
    tagging.tags(tag("b", "")).send().await.unwrap();
    // Keys of tags differ by more than case.
    let tagging = client.tag_role().role_name("A").tags(tag("team", "blue"));
    tagging.send().await.unwrap();
    let read = client.get_role().role_name("A").send().await.unwrap();
    let role = read.role().unwrap();
    assert_eq!(role.tags(), [tag("b", ""), tag("team", "blue")]);
    assert_eq!(decode(role.assume_role_policy_document().unwrap()), other);
}

#[tokio::test(start_paused = true)]
async fn inline_policies_are_listed_in_pages_and_read_one_by_one() {
    let (_account, client) = start();
    create(&client, "A").await;
    for name in ["p3", "p1", "p2"] {
        let put = client.put_role_policy().role_name("A").policy_name(name);
        let document = allow("lambda:InvokeFunction", "*").to_string();
        put.policy_document(document).send().await.unwrap();
    }
    let pages = client.list_role_policies().role_name("A").max_items(2);
    let first = pages.clone().send().await.unwrap();
    assert_eq!(first.policy_names(), ["p1", "p2"]);
    assert!(first.is_truncated());
    let second = pages.set_marker(first.marker).send().await.unwrap();
    assert_eq!(second.policy_names(), ["p3"]);
    assert!(!second.is_truncated());
    let one = client.get_role_policy().role_name("A").policy_name("p2");
    let one = one.send().await.unwrap();
    assert_eq!(
        decode(one.policy_document()),
        allow("lambda:InvokeFunction", "*")
    );
    let attached = client.list_attached_role_policies().role_name("A").send();
    assert!(attached.await.unwrap().attached_policies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn policies_that_others_attach_are_listed() {
    let (account, client) = start();
    create(&client, "A").await;
    let now = account.clock().now();
    account.state().services.iam.change(now, "A", |role| {
        role.attached.insert(BOUNDARY.to_owned());
    });
    let attached = client.list_attached_role_policies().role_name("A").send();
    let attached = attached.await.unwrap();
    let only = &attached.attached_policies()[0];
    assert_eq!(only.policy_arn(), Some(BOUNDARY));
    assert_eq!(only.policy_name(), Some("Boundary"));
}

/// Codes and statuses: botocore's model of IAM.
#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_there_already_is_an_error() {
    let (account, client) = start();
    account.set_judging(Judging::WrongRequestsRefused);
    let missing = ("NoSuchEntity".to_owned(), 404);
    let get = client.get_role().role_name("A").send().await;
    assert_eq!(code(get), missing);
    let put = client.put_role_policy().role_name("A").policy_name("p");
    let put = put.policy_document(allow("s3:*", "*").to_string()).send();
    assert_eq!(code(put.await), missing);
    create(&client, "A").await;
    let get = client.get_role_policy().role_name("A").policy_name("p");
    assert_eq!(code(get.send().await), missing);
    let again = client.create_role().role_name("a");
    let again = again
        .assume_role_policy_document(trust().to_string())
        .send();
    assert_eq!(code(again.await), ("EntityAlreadyExists".into(), 409));
    let unbounded = client.create_role().role_name("B");
    let unbounded = unbounded.assume_role_policy_document(trust().to_string());
    let unbounded = unbounded.permissions_boundary("arn:aws:iam::123456789012:policy/Unheard");
    assert_eq!(code(unbounded.send().await), missing);
    let name = client.get_role().role_name("no/path").send().await;
    assert_eq!(code(name), ("ValidationError".into(), 400));
}

#[tokio::test(start_paused = true)]
async fn documents_that_iam_refuses_are_malformed() {
    let (_account, client) = start();
    create(&client, "A").await;
    let malformed = ("MalformedPolicyDocument".to_owned(), 400);
    let mut empty = allow("lambda:InvokeFunction", "*");
    empty["Statement"][0]["Resource"] = json!([]);
    for document in ["{".to_owned(), trust().to_string(), empty.to_string()] {
        let put = client.put_role_policy().role_name("A").policy_name("p");
        let put = put.policy_document(&document).send().await;
        assert_eq!(code(put), malformed, "{document}");
    }
    let update = client.update_assume_role_policy().role_name("A");
    let update = update
        .policy_document(allow("s3:*", "*").to_string())
        .send();
    assert_eq!(code(update.await), malformed);
}

/// IAM user guide, "IAM and AWS STS quotas": white space does not count, and all inline policies do together.
#[tokio::test(start_paused = true)]
async fn policies_have_iams_limits() {
    let (_account, client) = start();
    create(&client, "A").await;
    let of_size = |size: usize| {
        let bare = allow("lambda:InvokeFunction", "arn:aws:lambda:::");
        let missing = size - bare.to_string().len();
        let name = format!("arn:aws:lambda:::{}", "f".repeat(missing));
        allow("lambda:InvokeFunction", &name)
    };
    let put = |name: &str, document: String| {
        let put = client.put_role_policy().role_name("A").policy_name(name);
        put.policy_document(document).send()
    };
    let first = of_size(6_000);
    put("first", serde_json::to_string_pretty(&first).unwrap())
        .await
        .unwrap();
    put("second", of_size(4_240).to_string()).await.unwrap();
    let limit = ("LimitExceeded".to_owned(), 409);
    let third = allow("s3:GetObject", "*").to_string();
    assert_eq!(code(put("third", third).await), limit);
    assert_eq!(code(put("second", of_size(4_241).to_string()).await), limit);

    let mut long = trust();
    long["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = json!("x".repeat(2_048));
    let update = client.update_assume_role_policy().role_name("A");
    let update = update.policy_document(long.to_string()).send().await;
    assert_eq!(code(update), limit);
}

#[tokio::test(start_paused = true)]
async fn readers_see_a_change_as_late_as_the_switch_says() {
    let (account, client) = start();
    account.state().services.iam.lateness.reads = SignedDuration::from_secs(5);
    create(&client, "A").await;
    let get = || client.get_role().role_name("A").send();
    assert_eq!(code(get().await), ("NoSuchEntity".into(), 404));
    // What is written is checked against what is true.
    let again = client.create_role().role_name("A");
    let again = again
        .assume_role_policy_document(trust().to_string())
        .send();
    assert_eq!(code(again.await), ("EntityAlreadyExists".into(), 409));
    tokio::time::advance(Duration::from_secs(5)).await;
    get().await.unwrap();
    let update = client.update_role_description().role_name("A");
    update.description("late").send().await.unwrap();
    assert_eq!(get().await.unwrap().role().unwrap().description(), None);
    tokio::time::advance(Duration::from_secs(5)).await;
    let late = get().await.unwrap();
    assert_eq!(late.role().unwrap().description(), Some("late"));
    let now = account.clock().now();
    account.state().services.iam.delete(now, "A");
    get().await.unwrap();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(code(get().await), ("NoSuchEntity".into(), 404));
}

/// IAM user guide, "Testing IAM policies with the IAM policy simulator": identity policies and the boundary.
#[tokio::test(start_paused = true)]
async fn the_simulator_says_what_a_roles_policies_and_its_boundary_allow() {
    let (account, client) = start();
    create(&client, "A").await;
    let secret = format!("arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:a-AbCdEf");
    let simulate = |action: &str, on: &str| {
        let simulate = client.simulate_principal_policy();
        let simulate = simulate.policy_source_arn(format!("arn:aws:iam::{ACCOUNT}:role/A"));
        let sent = simulate.action_names(action).resource_arns(on).send();
        async move {
            let answer = sent.await.unwrap();
            answer.evaluation_results()[0].eval_decision().clone()
        }
    };
    let read = "secretsmanager:GetSecretValue";
    let set = |role: Timestamp, document: Value, boundary: Option<&str>| {
        let policy = aws_simulator::services::iam::Text::identity(&document.to_string());
        let boundary = boundary.map(str::to_owned);
        account.state().services.iam.change(role, "A", |role| {
            role.inline.insert("p".to_owned(), policy.unwrap());
            role.boundary = boundary;
        });
    };
    let now = account.clock().now();
    assert_eq!(
        simulate(read, &secret).await,
        PolicyEvaluationDecisionType::ImplicitDeny
    );
    set(now, allow(read, &secret), Some(BOUNDARY));
    assert_eq!(
        simulate(read, &secret).await,
        PolicyEvaluationDecisionType::ImplicitDeny,
        "the boundary allows Lambda only"
    );
    set(now, allow(read, &secret), None);
    assert_eq!(
        simulate(read, &secret).await,
        PolicyEvaluationDecisionType::Allowed
    );
    let mut deny = allow(read, "*");
    deny["Statement"][0]["Effect"] = json!("Deny");
    set(now, deny, None);
    assert_eq!(
        simulate(read, &secret).await,
        PolicyEvaluationDecisionType::ExplicitDeny
    );
    let unheard = client.simulate_principal_policy().action_names(read);
    let unheard = unheard.policy_source_arn(format!("arn:aws:iam::{ACCOUNT}:role/B"));
    let unheard = unheard.resource_arns(&secret).send().await;
    assert_eq!(code(unheard), ("NoSuchEntity".into(), 404));
}
