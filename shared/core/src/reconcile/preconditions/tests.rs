//! The preconditions against a server that speaks S3 and IAM and counts its calls (S3 API
//! reference, `GetObject`; IAM API reference, `GetRole` and its like).

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::Credentials;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use genesys_cloud::{ClientCredentials, Endpoints, Genesys, Settings};
use lockstep_domain::binding::DesiredAction;
use lockstep_domain::manifest;
use lockstep_domain::policy::invoke_policy;
use lockstep_domain::rebind::{ActionView, RebindStep};

use super::*;
use crate::config::Config;
use crate::config::tests::environment;

const ONE: &str = "arn:aws:lambda:us-east-1:123456789012:function:GenesysOne";
const TWO: &str = "arn:aws:lambda:us-east-1:123456789012:function:GenesysTwo";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/lockstep-boundary";
const SETTLE: Duration = Duration::from_secs(60);

/// The account as far as these checks read it.
#[derive(Clone, Default)]
struct Account {
    /// The functions that the role grants; none where there is no role.
    granted: Option<Vec<&'static str>>,
    boundary: Option<&'static str>,
    /// Seconds since Lockstep wrote to the role.
    changed: Option<i64>,
    /// IAM answers nothing.
    outage: bool,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Account {
    fn granting(functions: &[&'static str]) -> Self {
        Self {
            granted: Some(functions.to_vec()),
            boundary: Some(BOUNDARY),
            ..Self::default()
        }
    }

    fn calls_of_iam(&self) -> Vec<String> {
        let mut calls = self.calls.lock().unwrap().clone();
        calls.retain(|call| !call.starts_with('/'));
        calls.sort();
        calls
    }

    fn answer(&self, path: &str, body: &str) -> (StatusCode, String) {
        let parameter = |name: &str| {
            let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            let mut found = pairs.filter(|(key, _)| *key == name);
            found.next().map(|(_, value)| value.to_owned())
        };
        let Some(action) = parameter("Action") else {
            self.calls.lock().unwrap().push(path.to_owned());
            return self.object();
        };
        self.calls.lock().unwrap().push(action.clone());
        if self.outage {
            return (StatusCode::SERVICE_UNAVAILABLE, error("ServiceUnavailable"));
        }
        let Some(granted) = &self.granted else {
            return (StatusCode::NOT_FOUND, error("NoSuchEntity"));
        };
        let functions = granted.iter().map(|arn| arn.parse().unwrap());
        let functions: Vec<FunctionArn> = functions.collect();
        let result = match action.as_str() {
            "GetRole" => self.role(),
            "GetRolePolicy" => format!(
                "<RoleName>GenesysRole</RoleName><PolicyName>lockstep-invoke</PolicyName>\
                 <PolicyDocument>{}</PolicyDocument>",
                invoke_policy(&functions)
            ),
            "ListRolePolicies" => "<PolicyNames><member>lockstep-invoke</member></PolicyNames>\
                 <IsTruncated>false</IsTruncated>"
                .to_owned(),
            "ListAttachedRolePolicies" => {
                "<AttachedPolicies/><IsTruncated>false</IsTruncated>".to_owned()
            }
            other => panic!("{other} is not expected"),
        };
        let whole = format!(
            "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        );
        (StatusCode::OK, whole)
    }

    fn object(&self) -> (StatusCode, String) {
        let Some(ago) = self.changed else {
            return (
                StatusCode::NOT_FOUND,
                "<Error><Code>NoSuchKey</Code></Error>".into(),
            );
        };
        let at = Timestamp::now() - SignedDuration::from_secs(ago);
        (StatusCode::OK, format!(r#"{{"changed_at": "{at}"}}"#))
    }

    fn role(&self) -> String {
        let trust =
            lockstep_domain::policy::trust_policy("aws", "765628985471", &"org-1".parse().unwrap());
        let boundary = self.boundary.map(|arn| {
            format!(
                "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
                 <PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
            )
        });
        format!(
            "<Role><Path>/</Path><RoleName>GenesysRole</RoleName><RoleId>AROA1</RoleId>\
             <Arn>arn:aws:iam::123456789012:role/GenesysRole</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>{}</Role>",
            boundary.unwrap_or_default()
        )
    }

    async fn serve(&self) -> SdkConfig {
        async fn answer(
            State(account): State<Account>,
            uri: Uri,
            body: String,
        ) -> (StatusCode, [(&'static str, &'static str); 1], String) {
            let (status, body) = account.answer(uri.path(), &body);
            (status, [("etag", "\"1\"")], body)
        }
        let router = Router::new().fallback(answer).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(format!("http://{address}"))
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .load()
            .await
    }

    /// Asks whether a plan of these steps may be carried out.
    async fn may_go_live(&self, steps: Vec<RebindStep>) -> Result<(), RebindError> {
        let environment = environment();
        let config = Config::from_env(|name| environment.get(name).map(|text| (*text).to_owned()));
        let config = Config {
            settle: SETTLE,
            ..config.unwrap()
        };
        let manifest = manifest::read(MANIFEST, &config.bounds, &[]).unwrap();
        let world = World::new(config, &self.serve().await);
        let plan = RebindPlan {
            steps,
            notices: Vec::new(),
        };
        let integration = &manifest.integrations[0];
        may_go_live(&world, &session(), &manifest, integration, None, &plan).await
    }
}

fn error(code: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>no</Message></Error></ErrorResponse>"
    )
}

const MANIFEST: &str = r#"
version: 1
organization:
  id: org-1
  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3
integrations:
  - {key: prod, name: Production, role: GenesysRole}
actions:
  - key: one
    name: One
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOne
    contract: {input: {type: object}, output: {type: object}}
  - key: two
    name: Two
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysTwo
    contract: {input: {type: object}, output: {type: object}}
"#;

/// Nobody is asked: Genesys Cloud is needed only where a whole integration moves.
fn session() -> Session {
    let nowhere = || "http://127.0.0.1:9".parse().unwrap();
    let endpoints = Endpoints {
        api: nowhere(),
        login: nowhere(),
    };
    let credentials = ClientCredentials {
        client_id: "client".into(),
        client_secret: "secret".to_owned().into(),
    };
    Session {
        genesys: Genesys::new(endpoints, credentials, Settings::default()).unwrap(),
        client_id: "client".parse().unwrap(),
        own_clients: BTreeSet::new(),
        role_slot: Arc::default(),
    }
}

/// An untested action that calls one function and is to call another, with another template.
fn update(from: &str, to: &str) -> Vec<RebindStep> {
    let manifest = {
        let environment = environment();
        let config = Config::from_env(|name| environment.get(name).map(|text| (*text).to_owned()));
        manifest::read(MANIFEST, &config.unwrap().bounds, &[]).unwrap()
    };
    let view = |function: &str, template: &str| {
        let mut config = DesiredAction::new(&manifest.actions[0], Vec::new()).config(None);
        config.request_url_template = function.to_owned();
        config.request_template = template.to_owned();
        ActionView {
            name: "One".into(),
            category: "Production".into(),
            config,
        }
    };
    vec![RebindStep::UpdateAction {
        key: "one".parse().unwrap(),
        id: "custom_-_1".parse().unwrap(),
        version: 1,
        old: view(from, "version 1"),
        new: view(to, "version 2"),
        reason: "a test".into(),
    }]
}

#[tokio::test]
async fn a_rotation_is_written_without_reading_iam() {
    let account = Account {
        outage: true,
        changed: Some(1),
        ..Account::default()
    };
    account.may_go_live(update(ONE, ONE)).await.unwrap();
    assert_eq!(*account.calls.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn another_function_goes_live_where_the_role_serves_every_action() {
    let account = Account::granting(&[ONE, TWO]);
    account.may_go_live(update(TWO, ONE)).await.unwrap();
    assert_eq!(
        account.calls_of_iam(),
        [
            "GetRole",
            "GetRolePolicy",
            "ListAttachedRolePolicies",
            "ListRolePolicies"
        ]
    );
}

#[tokio::test]
async fn nothing_goes_live_under_a_role_that_does_not_serve_every_action() {
    let without_boundary = Account {
        boundary: None,
        ..Account::granting(&[ONE, TWO])
    };
    for (account, says) in [
        (Account::default(), "does not exist"),
        (Account::granting(&[ONE]), TWO),
        (without_boundary, "no permissions boundary"),
    ] {
        let error = account.may_go_live(update(TWO, ONE)).await.unwrap_err();
        assert!(!error.is_transient(), "{error}");
        assert!(matches!(error, RebindError::Refused(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn an_outage_of_iam_is_waited_for() {
    let account = Account {
        outage: true,
        ..Account::default()
    };
    let error = account.may_go_live(update(TWO, ONE)).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn what_goes_live_at_once_waits_until_the_role_has_settled() {
    let fresh = Account {
        changed: Some(20),
        ..Account::granting(&[ONE, TWO])
    };
    let error = fresh.may_go_live(update(TWO, ONE)).await.unwrap_err();
    let after = error.comes_back_after().unwrap();
    assert!(after <= Duration::from_secs(40), "{after:?}");
    assert!(after > Duration::from_secs(20), "{after:?}");
    assert!(error.is_transient());
    let settled = Account {
        changed: Some(61),
        ..Account::granting(&[ONE, TWO])
    };
    settled.may_go_live(update(TWO, ONE)).await.unwrap();
}

/// Nobody can call what is made now, so it need not wait; but what IAM does not show yet may come.
#[tokio::test]
async fn what_nobody_calls_yet_waits_only_for_what_iam_does_not_show() {
    let steps = || {
        vec![RebindStep::CreateIntegration {
            key: "prod".parse().unwrap(),
            name: "Production".into(),
        }]
    };
    let fresh = |granted: &[&'static str]| Account {
        changed: Some(1),
        ..Account::granting(granted)
    };
    fresh(&[ONE, TWO]).may_go_live(steps()).await.unwrap();
    let error = fresh(&[ONE]).may_go_live(steps()).await.unwrap_err();
    assert!(error.comes_back_after().is_some(), "{error}");
}

#[test]
fn a_change_settles_after_so_much_time_and_not_before() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let left = |now| settles_in(at(now), at(1000), SETTLE);
    assert_eq!(left(1000), Some(SETTLE));
    assert_eq!(left(1045), Some(Duration::from_secs(15)));
    assert_eq!(left(1060), None);
    assert_eq!(left(2000), None);
    assert_eq!(left(900), Some(SETTLE), "a mark of the future");
    assert_eq!(settles_in(at(1000), at(1000), Duration::ZERO), None);
}
