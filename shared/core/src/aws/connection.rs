//! The connection to AWS that all adapters of one execution environment share.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_s3::config::retry::RetryPartition;

/// A shared configuration, and the retry budgets that go with it.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) sdk: SdkConfig,
    /// None: the SDK's own, which all clients of a service in the process share.
    budgets: BTreeMap<Service, RetryPartition>,
}

/// A service that an adapter speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    EventBridge,
    Iam,
    Kms,
    Lambda,
    S3,
    SecretsManager,
    Sqs,
}

impl Service {
    const ALL: [Self; 7] = [
        Self::EventBridge,
        Self::Iam,
        Self::Kms,
        Self::Lambda,
        Self::S3,
        Self::SecretsManager,
        Self::Sqs,
    ];
}

impl Connection {
    /// With retry budgets of its own, one a service. Several execution environments in one process
    /// need them: the SDK's budgets are the process's ("Retry behavior", AWS SDKs and tools
    /// reference), and an execution environment of Lambda is a process.
    #[must_use]
    pub fn with_own_budgets(sdk: &SdkConfig) -> Self {
        // A custom partition is shared by nobody but its clones, whatever its name.
        let own = || RetryPartition::custom("environment").build();
        Self {
            sdk: sdk.clone(),
            budgets: Service::ALL.map(|service| (service, own())).into(),
        }
    }

    /// The budget of a service's clients; `None` for the SDK's own.
    pub(crate) fn budget(&self, service: Service) -> Option<RetryPartition> {
        self.budgets.get(&service).cloned()
    }
}

impl From<&SdkConfig> for Connection {
    fn from(sdk: &SdkConfig) -> Self {
        Self {
            sdk: sdk.clone(),
            budgets: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_config::retry::RetryConfig;
    use aws_stub::{Reply, Stub};

    use super::*;
    use crate::aws::Keys;

    /// Whether a call that fails is tried again.
    async fn retries(keys: &Keys, stub: &Stub) -> bool {
        let before = stub.seen().len();
        keys.describe("key").await.unwrap_err();
        stub.seen().len() - before > 1
    }

    #[tokio::test]
    async fn an_environment_that_used_its_retries_up_takes_none_from_another() {
        let stub = Stub::start(|_| Reply::new(500, "{}")).await;
        let retry = RetryConfig::standard()
            .with_max_attempts(2)
            .with_initial_backoff(Duration::from_millis(1));
        let sdk = stub.sdk.to_builder().retry_config(retry).build();
        let [one, other] = [(); 2].map(|()| Connection::with_own_budgets(&sdk));
        let used = Keys::new(&one);
        for _ in 0..100 {
            retries(&used, &stub).await;
        }
        assert!(!retries(&used, &stub).await, "the budget has an end");
        assert!(
            !retries(&Keys::new(&one), &stub).await,
            "it is one a service"
        );
        assert!(retries(&Keys::new(&other), &stub).await);
    }
}
