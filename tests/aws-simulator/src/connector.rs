//! The SDK's HTTP client, with an account at its end.

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};

use crate::{Account, After, Before, Call, Failure, Origin, Request, Response};

/// The connections of one origin.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    pub(crate) account: Account,
    pub(crate) origin: Origin,
}

impl HttpClient for Connections {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            connections: self.clone(),
            read_timeout: settings.read_timeout(),
        })
    }
}

#[derive(Clone, Debug)]
struct Connector {
    connections: Connections,
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.answer(request).await })
    }
}

impl Connector {
    async fn answer(&self, sent: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let Connections { account, origin } = &self.connections;
        let Some(request) = Request::read(&sent) else {
            let problem = "the body is a stream, which the in-memory AWS does not read";
            account.unsupported(problem.to_owned());
            return Err(ConnectorError::user(problem.into()));
        };
        let call = match account.receive(origin, &request) {
            Ok(call) => call,
            Err(refused) => return Ok(refused.send()),
        };
        let wire = account.wire();
        match wire.before(&call, &request).await {
            Before::Proceed => {}
            Before::Fail(failure) => return self.fail(&call, failure).await,
        }
        let response = account.handle(&call, &request).await;
        match wire.after(&call, &request, &response).await {
            After::Deliver => Ok(response.send()),
            After::Fail(failure) => self.fail(&call, failure).await,
            After::Cut { keep } => Ok(cut(response, keep)),
            After::Truncate { keep } => Ok(truncated(response, keep).send()),
            After::Replace { body } => {
                Ok(resized(&response, u64::try_from(body.len()).ok(), body.into()).send())
            }
        }
    }

    async fn fail(&self, call: &Call, failure: Failure) -> Result<HttpResponse, ConnectorError> {
        match failure {
            Failure::Answer(answer) => Ok(self.connections.account.forge(call, answer).send()),
            Failure::Raw(response) => Ok(response.send()),
            Failure::Refused => {
                Err(ConnectorError::io("connection refused".into()).never_connected())
            }
            Failure::Reset => Err(ConnectorError::io("connection reset by peer".into())),
            Failure::Timeout => {
                match self.read_timeout {
                    Some(timeout) => tokio::time::sleep(timeout).await,
                    None => forever().await,
                }
                Err(ConnectorError::timeout("read timed out".into()))
            }
            Failure::Hang => {
                forever().await;
                Err(ConnectorError::io("connection reset by peer".into()))
            }
        }
    }
}

async fn forever() {
    let never: Infallible = pending().await;
    match never {}
}

fn resized(response: &Response, length: Option<u64>, body: Bytes) -> Response {
    let mut answer = response.clone();
    answer.headers.retain(|(name, _)| name != "content-length");
    if let Some(length) = length {
        answer = answer.with("content-length", length.to_string());
    }
    answer.body = body;
    answer
}

fn truncated(response: Response, keep: usize) -> Response {
    let kept = response.body.slice(..keep.min(response.body.len()));
    resized(&response, u64::try_from(kept.len()).ok(), kept)
}

fn cut(response: Response, keep: usize) -> HttpResponse {
    let kept = response.body.slice(..keep.min(response.body.len()));
    response.send_with(SdkBody::from_body_1_x(Broken { kept: Some(kept) }))
}

/// A body whose connection breaks after some bytes.
struct Broken {
    kept: Option<Bytes>,
}

impl Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(match self.kept.take() {
            Some(kept) => Ok(Frame::data(kept)),
            None => Err(std::io::ErrorKind::UnexpectedEof.into()),
        }))
    }
}
