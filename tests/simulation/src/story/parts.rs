//! What a story and its stage exchange.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use serde_json::Value;

/// Whatever a story can't go on after.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What a stage should be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Parameters of the template, besides the stage's own.
    pub parameters: BTreeMap<String, String>,
    /// Whether Genesys Cloud publishes its audit events to the account.
    pub genesys_events: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            parameters: BTreeMap::new(),
            genesys_events: true,
        }
    }
}

impl Options {
    /// The same with another parameter of the template.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }
}

/// Clients of AWS, as whoever runs the account.
#[derive(Clone, Debug)]
pub struct Aws {
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
}

impl Aws {
    /// Clients of one configuration.
    #[must_use]
    pub fn of(config: &SdkConfig) -> Self {
        Self {
            iam: aws_sdk_iam::Client::new(config),
            s3: aws_sdk_s3::Client::new(config),
            secrets: aws_sdk_secretsmanager::Client::new(config),
        }
    }
}

/// What is where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The AWS account.
    pub account: String,
    /// The organization's id.
    pub organization: String,
    /// The API of Genesys Cloud, as a manifest names it.
    pub api_url: String,
    /// Its login host, likewise.
    pub login_url: String,
    /// The secret of the client that Lockstep signs in with.
    pub client_secret: String,
    /// A function that answers with the event it got.
    pub echo: String,
    /// The bucket of manifests.
    pub manifests: String,
    /// The bucket of states.
    pub states: String,
    /// The bucket of evidence.
    pub evidence: String,
}

/// An event on a bus: Lockstep's own, or one that may wake it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Its `source`: `lockstep`, an AWS service, or Genesys Cloud's event source.
    pub source: String,
    /// Its detail type.
    pub detail_type: String,
    /// Its detail.
    pub detail: Value,
}

impl Heard {
    /// For somebody who waited for another one.
    pub(super) fn in_a_line(&self) -> String {
        let text = |name: &str| {
            let text = self.detail[name].as_str();
            text.map(|text| format!(" ({text})")).unwrap_or_default()
        };
        let mut line = format!("\n  {}{}{}", self.detail_type, text("key"), text("reason"));
        for list in ["errors", "findings", "notices"] {
            if !self.detail[list].is_null() {
                line.push_str(&format!("\n    {list}: {}", self.detail[list]));
            }
        }
        line
    }
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its response, or the error that it ended with.
    pub payload: Value,
    /// Whether it ended with an error.
    pub failed: bool,
}

/// What a function for trials does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// It answers with the event it got.
    Echo,
    /// It answers `{"ok": true}`, but `{"ok": false}` where the version of the first secret begins
    /// with `bad`.
    Pick,
}

/// A way to Genesys Cloud.
pub trait Http: Clone + Send + Sync + 'static {
    /// One request and its answer, whatever its status.
    ///
    /// # Errors
    /// There is no answer.
    fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> impl Future<Output = Result<http::Response<Vec<u8>>, Error>> + Send;
}
