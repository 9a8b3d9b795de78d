//! What a function reaches the outside through, as values: so that everything can run in one process,
//! on virtual time, without a socket.

use std::sync::Arc;

use aws_config::SdkConfig;
use clock::Clock;
use genesys_cloud::{Settings, Transport};

use crate::aws::Connection;
use crate::config::RequestShare;
use crate::telemetry::{WriteLine, to_stdout};

/// The ways out of a function's [`Services`](crate::services::Services).
#[derive(Clone, Debug)]
pub struct Outside {
    /// To AWS.
    pub aws: Connection,
    /// To Genesys Cloud; HTTPS where there is none.
    pub genesys: Option<Arc<dyn Transport>>,
    /// The time.
    pub clock: Clock,
    /// Where metrics are written.
    pub metrics: WriteLine,
}

impl Outside {
    /// How clients of Genesys Cloud are made, with this share of the requests.
    pub(crate) fn client_settings(&self, share: RequestShare) -> Settings {
        let default = Settings::default();
        Settings {
            clock: self.clock,
            transport: self.genesys.clone(),
            requests_per_minute: share.per_minute.unwrap_or(default.requests_per_minute),
            ..default
        }
    }
}

impl From<&SdkConfig> for Outside {
    fn from(sdk: &SdkConfig) -> Self {
        Self {
            aws: sdk.into(),
            genesys: None,
            clock: Clock::system(),
            metrics: to_stdout,
        }
    }
}
