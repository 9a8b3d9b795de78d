//! The deployed function, under its own IAM role, on the local stack.
#![allow(clippy::unwrap_used, reason = "a test may die")]

use std::time::Duration;

use sandbox::{ORGANIZATION_ID, Options, Stack};
use serde_json::{Value, json};

const ROLE: &str = "GenesysOrders";
const PATIENCE: Duration = Duration::from_secs(60);
const POLICY: &str = "lockstep-invoke";

/// A manifest of one action, with `extra` in its organization.
fn manifest(stack: &Stack, extra: &str, function: &str) -> String {
    let endpoints = stack.endpoints();
    let client_secret = &stack.aws_endpoints().client_secret_arn;
    format!(
        r#"
version: 1
organization:
  id: {ORGANIZATION_ID}
  api_url: {api}
  login_url: {login}
  client_secret: {client_secret}
  {extra}
integrations:
  - {{key: prod, name: Production, role: {ROLE}}}
actions:
  - key: orders
    name: Orders
    integration: prod
    function: {function}
    contract: {{input: {{type: object}}, output: {{type: object}}}}
"#,
        api = endpoints.genesys.genesys_api_url,
        login = endpoints.genesys.genesys_login_url,
    )
}

fn target(stack: &Stack) -> String {
    stack.aws_endpoints().target_function_arn.clone()
}

async fn start() -> Stack {
    sandbox::start(Options::silent()).await.unwrap()
}

/// Uploads a manifest and waits until it is in force.
async fn upload(stack: &Stack, text: &str) {
    let from = stack.now().await.unwrap();
    stack.put_manifest("main", text).await.unwrap();
    stack
        .wait_for_event("Manifest Accepted", from, PATIENCE, |_| true)
        .await
        .unwrap();
}

async fn provision(stack: &Stack, event: Value) -> Value {
    let answer = stack.invoke("provision-role", &event).await.unwrap();
    assert!(!answer.failed, "{}", answer.payload);
    answer.payload
}

fn kinds(answer: &Value) -> Vec<&str> {
    let steps = answer["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["kind"].as_str().unwrap())
        .collect()
}

async fn invoke_policy(stack: &Stack) -> Value {
    let policy = stack
        .aws
        .iam
        .get_role_policy()
        .role_name(ROLE)
        .policy_name(POLICY)
        .send()
        .await
        .unwrap();
    lockstep_domain::policy::decode(policy.policy_document())
}

async fn trust_policy(stack: &Stack) -> Value {
    let role = stack
        .aws
        .iam
        .get_role()
        .role_name(ROLE)
        .send()
        .await
        .unwrap();
    lockstep_domain::policy::decode(role.role().unwrap().assume_role_policy_document().unwrap())
}

async fn role_is_absent(stack: &Stack) -> bool {
    let answer = stack.aws.iam.get_role().role_name(ROLE).send().await;
    answer.is_err_and(|error| error.into_service_error().is_no_such_entity_exception())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_manifest_makes_its_role_right_and_a_second_run_writes_nothing() {
    let stack = start().await;
    let from = stack.now().await.unwrap();
    upload(&stack, &manifest(&stack, "max_changes: 5", &target(&stack))).await;
    let heard = stack
        .wait_for_event("Role Provisioned", from, PATIENCE, |_| true)
        .await
        .unwrap();
    assert_eq!(heard.detail["organization_id"], ORGANIZATION_ID);
    assert_eq!(heard.detail["key"], "prod");
    assert_eq!(heard.detail["function_arn"], target(&stack));
    assert!(heard.detail["change_id"].is_string(), "{}", heard.detail);

    let trust = trust_policy(&stack).await;
    let statement = &trust["Statement"][0];
    assert_eq!(
        statement["Principal"]["AWS"],
        "arn:aws:iam::765628985471:root"
    );
    assert_eq!(
        statement["Condition"],
        json!({"StringEquals": {"sts:ExternalId": ORGANIZATION_ID}})
    );
    let policy = invoke_policy(&stack).await;
    assert_eq!(policy["Statement"][0]["Action"], "lambda:InvokeFunction");
    assert_eq!(policy["Statement"][0]["Resource"], json!([target(&stack)]));
    let role = stack
        .aws
        .iam
        .get_role()
        .role_name(ROLE)
        .send()
        .await
        .unwrap();
    let role = role.role().unwrap();
    let boundary = role
        .permissions_boundary()
        .unwrap()
        .permissions_boundary_arn();
    assert!(
        boundary.is_some_and(|arn| arn.contains(":policy/")),
        "{boundary:?}"
    );
    assert!(
        role.tags()
            .iter()
            .any(|tag| tag.key() == "lockstep:organization" && tag.value() == ORGANIZATION_ID)
    );

    let again = provision(&stack, json!({"mode": "apply", "reason": "again"})).await;
    assert_eq!(again["steps"], json!([]), "{again}");
    assert_eq!(again["mode"], "apply");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_tampered_with_is_narrowed_at_once_and_revoked_after_a_verdict() {
    let stack = start().await;
    let from = stack.now().await.unwrap();
    upload(&stack, &manifest(&stack, "max_changes: 5", &target(&stack))).await;
    stack
        .wait_for_event("Role Provisioned", from, PATIENCE, |_| true)
        .await
        .unwrap();
    let other = target(&stack).replace(":function:", ":function:other-");
    let wide = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": [target(&stack), other]},
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"},
    ]});
    let open = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
    ]});
    let iam = &stack.aws.iam;
    iam.put_role_policy()
        .role_name(ROLE)
        .policy_name(POLICY)
        .policy_document(wide.to_string())
        .send()
        .await
        .unwrap();
    iam.update_assume_role_policy()
        .role_name(ROLE)
        .policy_document(open.to_string())
        .send()
        .await
        .unwrap();

    let repaired = provision(&stack, json!({"mode": "apply", "keys": ["orders"]})).await;
    assert_eq!(
        kinds(&repaired),
        ["role_trust", "role_policy"],
        "{repaired}"
    );
    assert!(
        repaired["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["outcome"] == "applied"),
        "{repaired}"
    );
    let statement = trust_policy(&stack).await["Statement"].clone();
    assert_eq!(statement.as_array().unwrap().len(), 1);
    assert_eq!(
        statement[0]["Principal"]["AWS"],
        "arn:aws:iam::765628985471:root"
    );
    // Provisioning only adds: the exact function stays until a verdict.
    let resources = invoke_policy(&stack).await["Statement"][0]["Resource"].clone();
    assert_eq!(resources.as_array().unwrap().len(), 2, "{resources}");

    let verified = json!({
        "version": "0", "id": "e-1", "source": "lockstep", "detail-type": "Change Verified",
        "account": "000000000000", "region": "us-east-1", "time": "2026-01-01T00:00:00Z", "resources": [],
        "detail": {"schema": 1, "organization_id": ORGANIZATION_ID, "key": "orders"},
    });
    let retired = provision(&stack, verified.clone()).await;
    assert_eq!(retired["steps"][0]["verb"], "revoke", "{retired}");
    let resources = invoke_policy(&stack).await["Statement"][0]["Resource"].clone();
    assert_eq!(resources, json!([target(&stack)]));
    let again = provision(&stack, verified).await;
    assert_eq!(again["steps"], json!([]), "{again}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_role_is_refused_untouched_until_it_carries_the_boundary() {
    let stack = start().await;
    let theirs = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
    ]});
    stack
        .aws
        .iam
        .create_role()
        .role_name(ROLE)
        .assume_role_policy_document(theirs.to_string())
        .send()
        .await
        .unwrap();
    let from = stack.now().await.unwrap();
    upload(&stack, &manifest(&stack, "max_changes: 5", &target(&stack))).await;
    stack
        .wait_for_event("Role Provisioning Failed", from, PATIENCE, |detail| {
            detail["errors"][0]["fix"]
                .as_str()
                .is_some_and(|fix| fix.contains("aws iam put-role-permissions-boundary"))
        })
        .await
        .unwrap();
    let refused = provision(&stack, json!({"mode": "apply"})).await;
    assert_eq!(refused["refused"], true, "{refused}");
    assert_eq!(refused["errors"][0]["at"], "integrations[0].role");
    assert_eq!(trust_policy(&stack).await, theirs);

    // The command that the refusal names.
    let boundary = stack.output("PermissionsBoundaryArn").unwrap();
    let fix = refused["errors"][0]["fix"].as_str().unwrap();
    assert!(fix.contains(boundary), "{fix}");
    stack
        .aws
        .iam
        .put_role_permissions_boundary()
        .role_name(ROLE)
        .permissions_boundary(boundary)
        .send()
        .await
        .unwrap();
    let repaired = provision(&stack, json!({"mode": "apply"})).await;
    assert_eq!(
        kinds(&repaired),
        ["role_trust", "role_policy", "role_tags", "role_description"],
        "{repaired}"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_mode_and_refusals_leave_aws_as_it_is() {
    let stack = start().await;
    upload(&stack, &manifest(&stack, "mode: plan", &target(&stack))).await;
    let planned = provision(&stack, json!({"mode": "apply"})).await;
    assert_eq!(planned["mode"], "plan", "{planned}");
    assert_eq!(kinds(&planned), ["role", "role_policy"]);
    assert!(planned["steps"][0].get("outcome").is_none(), "{planned}");
    assert!(role_is_absent(&stack).await);

    // The limit: two bindings would change, one may. The upload does not become current.
    let from = stack.now().await.unwrap();
    let two = |extra: &str| {
        let text = manifest(&stack, extra, &target(&stack));
        let (_, action) = text.split_once("actions:\n").unwrap();
        let second = action
            .replace("key: orders", "key: points")
            .replace("name: Orders", "name: Points");
        format!("{text}{second}")
    };
    let too_much = two("max_changes: 1");
    stack.put_manifest("main", &too_much).await.unwrap();
    stack
        .wait_for_event("Plan Refused", from, PATIENCE, |detail| {
            detail["errors"][0]["at"] == "organization.max_changes"
                && detail["organization_id"] == ORGANIZATION_ID
        })
        .await
        .unwrap();
    let before = provision(&stack, json!({"mode": "apply"})).await;
    assert_eq!(
        before["mode"], "plan",
        "the one before is current: {before}"
    );
    assert!(role_is_absent(&stack).await);

    // What writes nothing needs no approval; who asks for it by hand does.
    upload(&stack, &two("mode: plan\n  max_changes: 1")).await;
    let refused = provision(&stack, json!({"mode": "apply"})).await;
    assert_eq!(refused["refused"], true, "{refused}");
    assert!(role_is_absent(&stack).await);

    // A bad upload is refused, and the one before stays in force.
    let from = stack.now().await.unwrap();
    let bad = manifest(&stack, "no_such_field: 1", &target(&stack));
    stack.put_manifest("main", &bad).await.unwrap();
    stack
        .wait_for_event("Manifest Refused", from, PATIENCE, |detail| {
            detail["errors"]
                .as_array()
                .is_some_and(|errors| !errors.is_empty())
        })
        .await
        .unwrap();
    let still = provision(&stack, json!({"mode": "plan"})).await;
    assert_eq!(
        still["errors"][0]["at"], "organization.max_changes",
        "{still}"
    );

    // What a person writes is checked to the last field.
    let from = stack.now().await.unwrap();
    let unknown = provision(&stack, json!({"mode": "apply", "keyz": ["orders"]})).await;
    assert_eq!(unknown["refused"], true, "{unknown}");
    stack
        .wait_for_event("Manifest Refused", from, PATIENCE, |_| true)
        .await
        .unwrap();
    let unknown = provision(&stack, json!({"mode": "apply", "keys": ["nobody"]})).await;
    assert_eq!(unknown["errors"][0]["at"], "event.keys[0]", "{unknown}");
    assert!(role_is_absent(&stack).await);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_without_an_entry_says_that_it_is_no_longer_managed() {
    let stack = start().await;
    let text = manifest(&stack, "max_changes: 5", &target(&stack));
    upload(&stack, &text).await;
    let from = stack.now().await.unwrap();
    upload(
        &stack,
        &text
            .replace("key: orders", "key: other")
            .replace("name: Orders", "name: Other"),
    )
    .await;
    stack
        .wait_for_event("Manifest Accepted", from, PATIENCE, |detail| {
            detail["notices"].as_array().is_some_and(|notices| {
                notices.iter().any(|notice| {
                    notice
                        .as_str()
                        .is_some_and(|notice| notice.starts_with("orders is no longer managed"))
                })
            })
        })
        .await
        .unwrap();
    stack.stop().await;
}
