//! Secrets Manager and S3 in memory, as far as deciding about an upload reads them (Secrets Manager
//! API reference, `DescribeSecret`; S3 API reference, `GetObject`).

use std::collections::{BTreeMap, BTreeSet};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::Credentials;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use lockstep_domain::change::BindingState;
use serde_json::{Value, json};

use crate::config::Config;
use crate::config::tests::environment;
use crate::world::World;

/// What there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stub {
    /// By what may be asked for, the ARN and the current version.
    secrets: BTreeMap<String, (String, String)>,
    /// What may not be looked at.
    denied: BTreeSet<String>,
    /// By path.
    objects: BTreeMap<String, String>,
}

impl Stub {
    /// With a secret, found by its ARN and by its name.
    pub(crate) fn secret(mut self, name: &str, suffix: &str, version: &str) -> Self {
        let arn = arn(&format!("{name}-{suffix}"));
        let found = (arn.clone(), version.to_owned());
        self.secrets.insert(name.to_owned(), found.clone());
        self.secrets.insert(arn, found);
        self
    }

    /// With a secret of this ARN or name that may not be looked at.
    pub(crate) fn denied(mut self, id: &str) -> Self {
        self.denied.insert(id.to_owned());
        self
    }

    /// With the state of a binding.
    pub(crate) fn state(mut self, state: &BindingState) -> Self {
        let path = format!(
            "/lockstep-state/state/{}/{}.json",
            state.organization, state.key
        );
        self.objects
            .insert(path, serde_json::to_string(state).unwrap());
        self
    }

    fn answer(&self, path: &str, body: &str) -> (StatusCode, String) {
        let error = |code: &str| json!({"__type": code, "message": "no"}).to_string();
        let Ok(body) = serde_json::from_str::<Value>(body) else {
            return match self.objects.get(path) {
                Some(object) => (StatusCode::OK, object.clone()),
                None => (
                    StatusCode::NOT_FOUND,
                    "<Error><Code>NoSuchKey</Code></Error>".into(),
                ),
            };
        };
        let id = body["SecretId"].as_str().unwrap();
        if self.denied.contains(id) {
            return (StatusCode::BAD_REQUEST, error("AccessDeniedException"));
        }
        let Some((arn, version)) = self.secrets.get(id) else {
            return (StatusCode::BAD_REQUEST, error("ResourceNotFoundException"));
        };
        let found =
            json!({"ARN": arn, "Name": id, "VersionIdsToStages": {version: ["AWSCURRENT"]}});
        (StatusCode::OK, found.to_string())
    }

    /// A world that reads it.
    pub(crate) async fn world(&self) -> World {
        async fn answer(
            State(stub): State<Stub>,
            uri: Uri,
            body: String,
        ) -> (StatusCode, [(&'static str, &'static str); 1], String) {
            let (status, body) = stub.answer(uri.path(), &body);
            (status, [("etag", "\"1\"")], body)
        }
        let router = Router::new().fallback(answer).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let sdk = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(format!("http://{address}"))
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .load()
            .await;
        World::new(config(), &sdk)
    }
}

/// The configuration that the template would give.
pub(crate) fn config() -> Config {
    let environment = environment();
    Config::from_env(|name| environment.get(name).map(|text| (*text).to_owned())).unwrap()
}

/// The ARN of a secret of the stack's account.
pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}")
}
