//! Clients of the local AWS, as the root of its account.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::Credentials;

use crate::ministack::REGION;

/// The account that everything local is in.
pub const ACCOUNT: &str = "000000000000";

/// One client a service.
#[derive(Debug, Clone)]
pub struct Aws {
    /// What the clients are made of, for a client of another service.
    pub config: SdkConfig,
    /// EventBridge.
    pub eventbridge: aws_sdk_eventbridge::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
}

impl Aws {
    /// The clients of the emulator at this endpoint.
    pub async fn at(endpoint: &str) -> Self {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(endpoint)
            .region(Region::new(REGION))
            // The emulator's words for the root of its account.
            .credentials_provider(Credentials::new("test", "test", None, None, "sandbox"))
            .load()
            .await;
        // One host name serves all buckets.
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(true)
            .build();
        Self {
            eventbridge: aws_sdk_eventbridge::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            config,
        }
    }
}
