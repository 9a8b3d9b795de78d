//! Adapters to AWS: small structs that speak the domain's verbs.
//!
//! SDK types stop here. Every error is an [`AwsError`], which says what was asked of what, whether
//! asking again can help, and never holds a secret.

mod answer;
mod bus;
mod client_secret_writer;
mod client_secrets;
mod client_value;
mod connection;
mod credential_secrets;
mod error;
mod function_settings;
mod functions;
#[cfg(test)]
mod garbled_tests;
mod keys;
mod kms_denial;
mod own_queue;
mod queues;
mod rebind_queue;
mod role_writer;
mod roles;
mod secret_policies;
mod secret_versions;
mod secrets;
mod verify_queue;
mod waiting_bindings;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

pub(crate) use answer::{Pages, WholeXml, garbled, required};
pub use bus::Bus;
pub use client_secret_writer::ClientSecretWriter;
pub use client_secrets::{ClientSecrets, SecretError};
pub use client_value::{GenesysClient, StoredClient};
pub use connection::Connection;
pub(crate) use connection::Service;
pub use credential_secrets::CredentialSecrets;
pub(crate) use error::refine;
pub use error::{AwsError, Kind};
pub use function_settings::FunctionSettings;
pub use functions::{Access, Functions, ReadAccess};
pub use keys::Keys;
pub use own_queue::{MAX_HIDDEN, OwnQueue};
pub use queues::message_group;
pub use rebind_queue::RebindQueue;
pub use role_writer::RoleWriter;
pub use roles::Roles;
pub use secret_policies::SecretPolicies;
pub use secret_versions::SecretVersions;
pub use secrets::{SecretMetadata, SecretSeen, Secrets};
pub use verify_queue::{MAX_DELAY, VerifyQueue};
pub use waiting_bindings::WaitingBindings;

/// One shared configuration for all service clients: one connection pool, one set of credentials.
///
/// `AWS_ENDPOINT_URL` leads it to a local stack. Attempts are few and short: whoever calls is a
/// function with a deadline, behind a queue that tries again.
///
/// Nothing may count on the SDK's retries. They draw on a budget of 500 tokens a process, service
/// and region, which new clients share: 25 failing calls use it up, and 40 that succeed buy two
/// retries back (AWS SDKs and tools reference, "Retry behavior"). In an outage a warm function soon
/// makes one attempt a call, and what it fails at comes back by its queue.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_max_backoff(Duration::from_secs(5)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(3))
                .operation_attempt_timeout(Duration::from_secs(10))
                .operation_timeout(Duration::from_secs(25))
                .build(),
        )
        .load()
        .await
}
