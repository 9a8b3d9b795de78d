//! A simulator without a socket: the caller's clock, one seed, and requests handed over as values.
//!
//! Everything happens on the caller's runtime, so that under tokio's paused time it is virtual, and on one
//! thread deterministic.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use aws_config::SdkConfig;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use clock::Clock;

use crate::server::{Shared, answer};
use crate::wire::{Cut, Cutter};

/// What a simulator in the caller's process goes by.
#[derive(Debug, Clone)]
pub struct Inside {
    /// The time, which the control API can still move ahead.
    pub clock: Clock,
    /// All ids, secrets and tokens come from it.
    pub seed: u64,
    /// The way to AWS, instead of [`AwsSide::endpoint_url`](crate::AwsSide::endpoint_url).
    pub aws: Option<SdkConfig>,
    /// The way to the web services that actions call; sockets on loopback where there is none.
    pub web_services: Option<Arc<dyn WebServices>>,
}

/// An answer of a web service, or why there is none.
pub type Answered<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, String>> + Send + 'a>>;

/// Web services in the caller's process.
pub trait WebServices: fmt::Debug + Send + Sync {
    /// Answers one request, whose URI is absolute.
    fn answer(&self, request: Request<Vec<u8>>) -> Answered<'_>;
}

/// The way to a simulator's router without a socket. It ends with the simulator: from then on every request
/// is a reset.
#[derive(Debug, Clone)]
pub struct Wire(pub(crate) Shared);

impl Wire {
    /// One request and its whole answer. A planted fault does here what it does to a connection: the answer is
    /// cut off, or never comes.
    ///
    /// # Errors
    /// How the connection was cut.
    pub async fn exchange(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Cut> {
        let cutter = Cutter::new();
        let request = request.map(Body::from);
        let response = answer(self.0.clone(), cutter.clone(), request).await;
        if let Some(cut) = cutter.asked() {
            return Err(cut);
        }
        let (head, body) = response.into_parts();
        // The bodies of answers are at hand as a whole.
        let bytes = to_bytes(body, usize::MAX)
            .await
            .map_err(|_| Cut::Truncated)?;
        Ok(Response::from_parts(head, bytes.into()))
    }
}
