//! Running an action against a small stand-in for STS and Lambda: what AWS is asked, and what comes of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use genesys_simulator::AwsSide;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{ORGANIZATION, World, action_body, config_body, id_of};

const ACTIONS: &str = "/api/v2/integrations/actions";
const ROLE: &str = "arn:aws:iam::123456789012:role/GenesysRole";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";

/// One call that the stand-in got.
#[derive(Debug, Clone)]
struct Seen {
    path: String,
    query: String,
    authorization: String,
    session_token: String,
    client_context: String,
    body: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Function {
    #[default]
    Answers,
    Fails,
    Sleeps,
    AnswersText,
}

#[derive(Debug, Default)]
struct Aws {
    seen: Vec<Seen>,
    denies_role: bool,
    function: Function,
}

type Shared = Arc<Mutex<Aws>>;

async fn answer(State(aws): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let header = |name: &str| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let body: Bytes = to_bytes(body, 1_000_000).await.unwrap();
    let seen = Seen {
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        session_token: header("x-amz-security-token"),
        client_context: header("x-amz-client-context"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let is_lambda = seen.path.contains("/invocations");
    let (denies_role, function) = {
        let mut aws = aws.lock().unwrap();
        aws.seen.push(seen.clone());
        (aws.denies_role, aws.function)
    };
    match (is_lambda, function) {
        (false, _) if denies_role => (StatusCode::FORBIDDEN, DENIED).into_response(),
        (false, _) => ASSUMED.into_response(),
        (true, Function::Answers) => seen.body.into_response(),
        (true, Function::AnswersText) => "not json".into_response(),
        (true, Function::Fails) => (
            [("x-amz-function-error", "Unhandled")],
            r#"{"errorMessage":"boom"}"#,
        )
            .into_response(),
        (true, Function::Sleeps) => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            StatusCode::OK.into_response()
        }
    }
}

const ASSUMED: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>ASIASESSION</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>session-token</SessionToken>
<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"#;
const DENIED: &str = r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>"#;

/// A world with an AWS side, and an action that is ready to run.
struct Ready {
    world: World,
    aws: Shared,
    action: String,
}

impl Ready {
    async fn new(function: &str) -> Self {
        let aws = Shared::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint_url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&aws));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let world = World::with_aws(AwsSide {
            endpoint_url,
            region: "us-east-1".to_owned(),
            genesys_account: "765628985471".to_owned(),
            customer_account: "000000000000".to_owned(),
        })
        .await;
        world.switch("new_integration_state", "ENABLED");
        let integration = world.integration().await;
        let credential = world.credential(ROLE).await;
        let config = json!({
            "name": "AWS Lambda", "notes": "", "version": 1, "properties": {}, "advanced": {},
            "credentials": {"AmazonWebServicesARN": {"id": credential}},
        });
        let path = format!("/api/v2/integrations/{integration}/config/current");
        world.put(&path, &config).await.expect(200);
        let mut body = action_body(&integration, "Orders");
        body["config"] = config_body(function);
        let action = id_of(&world.post(ACTIONS, &body).await.expect(201));
        Self { world, aws, action }
    }

    async fn test(&self, input: &Value) -> Value {
        let path = format!("{ACTIONS}/{}/test", self.action);
        self.world.post(&path, input).await.expect(200)
    }

    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.aws.lock().unwrap().seen)
    }

    /// Changes the config by a PATCH under the version.
    async fn patch(&self, version: i64, change: impl Fn(&mut Value)) {
        let mut config = config_body(FUNCTION);
        change(&mut config);
        let body = json!({"version": version, "config": config});
        let path = format!("{ACTIONS}/{}", self.action);
        self.world.patch(&path, &body).await.expect(200);
    }
}

#[tokio::test]
async fn the_platforms_account_assumes_the_role_with_the_organization_and_invokes_with_its_session()
{
    let ready = Ready::new(&format!("{FUNCTION}:live")).await;
    let told = ready.test(&json!({"order": "1"})).await;
    assert_eq!(told["success"], true, "{told}");
    assert_eq!(told["finalResult"], json!({"order": "1"}));
    let [assume, invoke] = ready.seen().try_into().unwrap();
    assert!(assume.authorization.contains("Credential=765628985471/"));
    let form: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(assume.body.as_bytes())
            .into_owned()
            .collect();
    assert_eq!(form["Action"], "AssumeRole");
    assert_eq!(form["RoleArn"], ROLE);
    assert_eq!(form["ExternalId"], ORGANIZATION);
    assert!(invoke.authorization.contains("Credential=ASIASESSION/"));
    assert!(invoke.authorization.contains("/eu-west-1/lambda/"));
    assert_eq!(invoke.session_token, "session-token");
    assert_eq!(invoke.body, r#"{"order":"1"}"#);
    assert_eq!(invoke.query, "Qualifier=live");
    assert!(
        invoke.path.contains("function%3Aorders/"),
        "{}",
        invoke.path
    );
}

#[tokio::test]
async fn execute_answers_the_bare_result() {
    let ready = Ready::new(FUNCTION).await;
    let path = format!("{ACTIONS}/{}/execute", ready.action);
    let result = ready.world.post(&path, &json!({"order": "2"})).await;
    assert_eq!(result.expect(200), json!({"order": "2"}));
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_a_403_and_no_function_is_called() {
    let ready = Ready::new(FUNCTION).await;
    ready.aws.lock().unwrap().denies_role = true;
    let told = ready.test(&json!({})).await;
    assert_eq!(told["success"], false);
    assert_eq!(
        (&told["error"]["status"], &told["error"]["code"]),
        (&json!(403), &json!("not.authorized"))
    );
    let message = told["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("AccessDenied: not authorized"),
        "{message}"
    );
    assert_eq!(ready.seen().len(), 1);
    let path = format!("{ACTIONS}/{}/execute", ready.action);
    let refused = ready.world.post(&path, &json!({})).await;
    refused.refusal(403, "not.authorized");
    ready.world.switch("function_denied", "400");
    let refused = ready.world.post(&path, &json!({})).await;
    refused.refusal(400, "invalid.credentials");
}

#[tokio::test]
async fn a_function_that_fails_or_answers_no_json_fails_its_step() {
    let ready = Ready::new(FUNCTION).await;
    for (function, step, code) in [
        (Function::Fails, "Invoke Lambda function", "bad.request"),
        (
            Function::AnswersText,
            "Translate response",
            "invalid.substitution",
        ),
    ] {
        ready.aws.lock().unwrap().function = function;
        let told = ready.test(&json!({})).await;
        let last = told["operations"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(
            (&last["name"], &last["success"]),
            (&json!(step), &json!(false))
        );
        assert_eq!(told["error"]["code"], code, "{told}");
    }
    let path = format!("{ACTIONS}/{}/execute", ready.action);
    ready.aws.lock().unwrap().function = Function::Fails;
    let message = ready
        .world
        .post(&path, &json!({}))
        .await
        .refusal(400, "bad.request");
    assert!(message.contains("boom"), "{message}");
}

#[tokio::test]
async fn a_slow_function_ends_at_the_actions_timeout() {
    let ready = Ready::new(FUNCTION).await;
    ready
        .patch(1, |config| config["timeoutSeconds"] = json!(1))
        .await;
    ready.aws.lock().unwrap().function = Function::Sleeps;
    let told = ready.test(&json!({})).await;
    assert_eq!(told["error"]["code"], "request.timeout");
}

#[tokio::test]
async fn a_session_is_fresh_for_each_run_or_kept_by_switch() {
    let ready = Ready::new(FUNCTION).await;
    ready.test(&json!({})).await;
    ready.test(&json!({})).await;
    assert_eq!(ready.seen().len(), 4);
    ready.world.switch("aws_session", "kept");
    ready.aws.lock().unwrap().denies_role = true;
    let told = ready.test(&json!({})).await;
    assert_eq!(told["success"], true);
    assert_eq!(ready.seen().len(), 1);
    let later = json!({"advance_seconds": 901});
    ready.world.control("clock", &later).await.expect(200);
    assert_eq!(ready.test(&json!({})).await["success"], false);
}

#[tokio::test]
async fn request_headers_reach_the_function_only_by_switch() {
    let ready = Ready::new(FUNCTION).await;
    ready
        .patch(1, |config| {
            config["request"]["headers"] = json!({"x-tenant": "a"})
        })
        .await;
    ready.test(&json!({})).await;
    assert_eq!(ready.seen()[1].client_context, "");
    ready.world.switch("request_headers", "client_context");
    ready.test(&json!({})).await;
    let context = STANDARD.decode(&ready.seen()[1].client_context).unwrap();
    let context: Value = serde_json::from_slice(&context).unwrap();
    assert_eq!(context, json!({"custom": {"x-tenant": "a"}}));
}

#[tokio::test]
async fn a_changed_config_reaches_flows_late_by_switch_but_tests_at_once() {
    let ready = Ready::new(FUNCTION).await;
    ready.world.switch("config_reaches_flows", "delayed");
    let slow = json!({"activation_seconds": 30});
    ready.world.control("integrations", &slow).await.expect(200);
    let template = |config: &mut Value| config["request"]["requestTemplate"] = json!("{\"new\":1}");
    ready.patch(1, template).await;
    let execute = format!("{ACTIONS}/{}/execute", ready.action);
    assert_eq!(
        ready.world.post(&execute, &json!({})).await.expect(200),
        json!({})
    );
    assert_eq!(
        ready.test(&json!({})).await["finalResult"],
        json!({"new": 1})
    );
    let later = json!({"advance_seconds": 31});
    ready.world.control("clock", &later).await.expect(200);
    assert_eq!(
        ready.world.post(&execute, &json!({})).await.expect(200),
        json!({"new": 1})
    );
}

#[tokio::test]
async fn a_draft_is_tested_before_it_is_live() {
    let ready = Ready::new(FUNCTION).await;
    let draft = format!("{ACTIONS}/{}/draft", ready.action);
    ready.world.post(&draft, &json!({})).await.expect(201);
    let mut config = config_body(FUNCTION);
    config["request"]["requestTemplate"] = json!("{\"draft\": ${input.order}}");
    let body = json!({"version": 1, "config": config});
    ready.world.patch(&draft, &body).await.expect(200);
    let told = ready
        .world
        .post(&format!("{draft}/test"), &json!({"order": 5}))
        .await;
    assert_eq!(told.expect(200)["finalResult"], json!({"draft": 5}));
    assert_eq!(
        ready.test(&json!({"order": 5})).await["finalResult"],
        json!({"order": 5})
    );
}
