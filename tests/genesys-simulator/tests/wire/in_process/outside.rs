//! What the simulator reaches without a socket: an AWS and web services that answer from memory.

use std::future::pending;
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use aws_sdk_lambda::config::BehaviorVersion;
use aws_sdk_lambda::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use genesys_simulator::{Answered, WebServices};
use serde_json::json;

const ASSUMED: &str = r#"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIASESSION</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"#;

/// Every role may be assumed, every function gives back what it was sent, and every event is taken.
#[derive(Clone, Debug, Default)]
pub struct Aws(Arc<Mutex<Vec<String>>>);

impl Aws {
    /// The way to it.
    pub fn sdk(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }

    /// The operations that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let body = request.body().bytes().unwrap_or_default();
        let target = request.headers().get("x-amz-target");
        let (operation, answer) = match target.and_then(|target| target.rsplit('.').next()) {
            Some(operation) => (
                operation.to_owned(),
                json!({"FailedEntryCount": 0}).to_string(),
            ),
            None if request.uri().contains("/invocations") => (
                request.uri().to_owned(),
                String::from_utf8(body.to_vec()).unwrap(),
            ),
            None => ("AssumeRole".to_owned(), ASSUMED.to_owned()),
        };
        self.0.lock().unwrap().push(operation);
        let answer = http::Response::new(SdkBody::from(answer));
        answer.try_into().unwrap()
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(self.answer(&request)))
    }
}

/// Says what it was asked; `never` gets no answer, and `broken` no connection.
#[derive(Debug)]
pub struct Echo;

impl WebServices for Echo {
    fn answer(&self, request: http::Request<Vec<u8>>) -> Answered<'_> {
        let asked = format!("{} {}", request.method(), request.uri());
        Box::pin(async move {
            match asked.rsplit('=').next() {
                Some("never") => pending().await,
                Some("broken") => Err("no connection".to_owned()),
                Some(_) | None => {
                    let answer = json!({"asked": asked}).to_string();
                    Ok(http::Response::new(answer.into_bytes()))
                }
            }
        })
    }
}
