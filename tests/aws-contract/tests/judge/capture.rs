//! The real SDK without a network: a connector that keeps each request and answers nothing.

use std::future::Future;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use http::Request;

#[derive(Clone, Debug, Default)]
pub struct Capture {
    seen: Arc<Mutex<Option<Request<Vec<u8>>>>>,
}

impl HttpConnector for Capture {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = request.try_into_http1x().expect("a request");
        let request = request.map(|body| body.bytes().expect("in memory").to_vec());
        *self.seen.lock().expect("a lock") = Some(request);
        let nobody = ConnectorError::user("nobody answers".into());
        HttpConnectorFuture::ready(Err(nobody))
    }
}

impl HttpClient for Capture {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl Capture {
    pub fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIDEXAMPLE", "not-a-secret", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .http_client(self.clone())
            .build()
    }

    /// The request of one call. The call fails, since nobody answers.
    pub async fn of<T, E>(&self, call: impl Future<Output = Result<T, E>>) -> Request<Vec<u8>> {
        assert!(call.await.is_err(), "nobody answered");
        let request = self.seen.lock().expect("a lock").take();
        request.expect("the SDK sent it")
    }
}
