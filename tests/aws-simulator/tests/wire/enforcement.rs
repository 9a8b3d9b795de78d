//! The template's own policies, enforced on what functions send.

use aws_sdk_iam::Client as Iam;
use aws_sdk_s3::Client as S3;
use aws_simulator::services::s3::Bucket;
use aws_simulator::{Account, EvaluatePolicies, Origin, Principal, Settings};
use serde_json::json;
use stack_template::{Place, Stack, Template};

use crate::world::{ACCOUNT, account_with, code};

fn stack() -> Stack {
    let settings = Settings::default();
    let place = Place {
        account: settings.account,
        region: settings.region,
        partition: settings.partition,
        stack: "lockstep".into(),
    };
    let chosen = [
        ("OrganizationIds", "3b2c9f0e-58a4-4c1d-9a57-0c6d1f4e8b21"),
        (
            "AllowedFunctionArns",
            "arn:aws:lambda:us-east-1:123456789012:function:Orders*",
        ),
    ];
    let template = Template::of_workspace(place, &chosen).unwrap();
    template.resolve().unwrap()
}

/// The account with the stack in it.
fn deployed(stack: &Stack) -> Account {
    let account = account_with(EvaluatePolicies::default());
    account.deploy_identities(stack);
    for declared in &stack.buckets {
        let policy = declared.policy.as_ref().map(|policy| policy.json.clone());
        let mut bucket = Bucket::versioned();
        bucket.policy = policy;
        account.state().services.s3.put(&declared.name, bucket);
    }
    account
}

/// What the function with this name in the template signs with.
fn function(account: &Account, stack: &Stack, id: &str) -> aws_config::SdkConfig {
    let role = stack.role(&format!("{id}Role")).unwrap();
    let name = &stack.function(id).unwrap().name;
    account.sdk_config(
        Principal::role(ACCOUNT, &role.name, name),
        Origin::new(name, "1"),
    )
}

#[tokio::test(start_paused = true)]
async fn only_provision_role_writes_accepted_manifests_whatever_others_may() {
    let stack = stack();
    let account = deployed(&stack);
    let bucket = &stack.bucket("StateBucket").unwrap().name;
    let put = |config: &aws_config::SdkConfig| {
        let put = S3::new(config)
            .put_object()
            .bucket(bucket)
            .key("accepted/org.json");
        put.body(b"{}".to_vec().into()).send()
    };
    put(&function(&account, &stack, "ProvisionRole"))
        .await
        .unwrap();
    let denied = ("AccessDenied".to_owned(), 403);
    let rebind = put(&function(&account, &stack, "RebindAction")).await;
    assert_eq!(code(rebind), denied);
    // The lock is on the thing: an administrator is denied by the bucket's own policy.
    let administrator = Principal::user(ACCOUNT, "operator");
    let administrator = account.sdk_config(administrator, Origin::new("operator", "1"));
    let refused = put(&administrator).await.unwrap_err();
    let message = format!("{:?}", refused.into_service_error());
    assert!(
        message.contains("with an explicit deny in a resource-based policy"),
        "{message}"
    );
    let get = S3::new(&administrator).get_object().bucket(bucket);
    get.key("accepted/org.json").send().await.unwrap();
}

/// What the local AWS can't enforce: `iam:PermissionsBoundary`.
#[tokio::test(start_paused = true)]
async fn a_role_is_created_and_changed_only_with_the_stacks_boundary() {
    let stack = stack();
    let account = deployed(&stack);
    let boundary = stack.managed_policies[0].arn.clone();
    let client = Iam::new(&function(&account, &stack, "ProvisionRole"));
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole"}});
    let create = |name: &str| {
        let create = client.create_role().role_name(name);
        create.assume_role_policy_document(trust.to_string())
    };
    let denied = ("AccessDenied".to_owned(), 403);
    assert_eq!(code(create("GenesysActions").send().await), denied);
    let other_name = create("OrderService").permissions_boundary(&boundary);
    assert_eq!(code(other_name.send().await), denied);
    let bounded = create("GenesysActions").permissions_boundary(&boundary);
    bounded.send().await.unwrap();
    let put = |name: &str| {
        let put = client
            .put_role_policy()
            .role_name(name)
            .policy_name("lockstep-invoke");
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:OrdersLookup"}});
        put.policy_document(document.to_string()).send()
    };
    put("GenesysActions").await.unwrap();
    // Somebody took the boundary away: the function may not touch the role any more.
    let now = account.clock().now();
    account
        .state()
        .services
        .iam
        .change(now, "GenesysActions", |role| role.boundary = None);
    assert_eq!(code(put("GenesysActions").await), denied);
    let own = &stack.role("VerifyChangeRole").unwrap().name;
    assert_eq!(code(put(own).await), denied);
    let tag = aws_sdk_iam::types::Tag::builder()
        .key("team")
        .value("red")
        .build()
        .unwrap();
    let foreign_tag = client
        .tag_role()
        .role_name("GenesysActions")
        .tags(tag)
        .send();
    assert_eq!(code(foreign_tag.await), denied);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_the_account_does_not_have_may_do_nothing() {
    let stack = stack();
    let account = deployed(&stack);
    let nobody = Principal::role(ACCOUNT, "Unheard", "one");
    let nobody = account.sdk_config(nobody, Origin::new("nobody", "1"));
    let refused = Iam::new(&nobody)
        .get_role()
        .role_name("GenesysActions")
        .send()
        .await;
    assert_eq!(code(refused), ("AccessDenied".into(), 403));
}
