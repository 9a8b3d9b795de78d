//! The clients by which the platform's AWS account works: over sockets, or through an AWS in this process.

use aws_config::SdkConfig;
use aws_sdk_lambda::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};

use crate::AwsSide;

/// Where AWS is, and who the platform is there.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    sdk: SdkConfig,
    genesys_account: String,
    customer_account: String,
    /// The retries of this simulator's events; the SDK's own budget is the whole process's.
    budget: RetryPartition,
}

impl Aws {
    /// Through `sdk`, or else at the endpoint.
    pub(crate) fn new(side: AwsSide, sdk: Option<SdkConfig>) -> Self {
        let sdk = sdk.unwrap_or_else(|| {
            SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .endpoint_url(side.endpoint_url)
                .build()
        });
        Self {
            sdk: sdk.into_builder().region(Region::new(side.region)).build(),
            genesys_account: side.genesys_account,
            customer_account: side.customer_account,
            budget: RetryPartition::custom("partner-events").build(),
        }
    }

    /// The account that the organization's event source is offered to.
    pub(crate) fn customer_account(&self) -> &str {
        &self.customer_account
    }

    /// EventBridge, as the platform's account.
    pub(crate) fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        let config = aws_sdk_eventbridge::config::Builder::from(&self.sdk)
            .credentials_provider(self.account())
            .retry_partition(self.budget.clone());
        aws_sdk_eventbridge::Client::from_conf(config.build())
    }

    /// STS, as the platform's account; one attempt a call.
    pub(crate) fn sts(&self) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(&self.sdk)
            .credentials_provider(self.account())
            .retry_config(RetryConfig::disabled());
        aws_sdk_sts::Client::from_conf(config.build())
    }

    /// Lambda of a region, in a session; one attempt a call.
    pub(crate) fn lambda(&self, region: String, session: Credentials) -> aws_sdk_lambda::Client {
        let config = aws_sdk_lambda::config::Builder::from(&self.sdk)
            .region(Region::new(region))
            .credentials_provider(session)
            .retry_config(RetryConfig::disabled());
        aws_sdk_lambda::Client::from_conf(config.build())
    }

    /// Locally an access key that is an account's number is that account's root.
    fn account(&self) -> SharedCredentialsProvider {
        let account = self.genesys_account.clone();
        SharedCredentialsProvider::new(Credentials::new(
            account,
            "any",
            None,
            None,
            "genesys-account",
        ))
    }
}
