//! Something that stands in for AWS, with what a case needs before it begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_simulator::services::s3::Bucket;
use aws_simulator::services::sqs::{Queue, Redrive};
use aws_simulator::{Account, Clock, EvaluatePolicies, Judging, Origin, Principal, Settings};

/// What stands in for AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Memory,
    Ministack,
    Moto,
}

/// One of them at work.
#[derive(Clone)]
pub struct World {
    pub kind: Kind,
    /// As its account.
    pub sdk: SdkConfig,
    /// As another account.
    pub stranger: SdkConfig,
    names: Arc<AtomicU32>,
    account: Option<Account>,
}

/// The account that roles trust.
pub const STRANGER: &str = "999988887777";

fn at(endpoint: &str, key: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(
            Credentials::new(key, "test", None, None, "same"),
        ))
        .retry_config(RetryConfig::disabled())
        .build()
}

impl World {
    pub fn emulated(kind: Kind, endpoint: &str) -> Self {
        Self {
            kind,
            sdk: at(endpoint, "test"),
            stranger: at(endpoint, STRANGER),
            names: Arc::default(),
            account: None,
        }
    }

    /// The in-memory AWS. Some questions are wrong on purpose: what it must not do is to accept them.
    pub fn in_memory() -> Self {
        let start = "2026-11-27T09:00:00Z".parse().expect("a time");
        let policies = Arc::new(EvaluatePolicies::default());
        let clock = Clock::starting_at(start);
        let account = Account::authorized_by(Settings::default(), clock, policies);
        account.set_judging(Judging::WrongRequestsRefused);
        let own = Principal::root(&account.state().settings.account);
        let origin = Origin::new("same", "1");
        Self {
            kind: Kind::Memory,
            sdk: account.sdk_config(own, origin.clone()),
            stranger: account.sdk_config(Principal::root(STRANGER), origin),
            names: Arc::default(),
            account: Some(account),
        }
    }

    /// A name that nothing else has.
    pub fn name(&self) -> String {
        format!("same-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    pub fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.sdk)
    }

    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk)
    }

    pub fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.sdk)
    }

    /// A bucket with versions.
    pub async fn bucket(&self) -> String {
        let name = self.name();
        if let Some(account) = &self.account {
            let mut state = account.state();
            state.services.s3.put(&name, Bucket::versioned());
            return name;
        }
        let created = self.s3().create_bucket().bucket(&name).send().await;
        created.expect("a bucket");
        let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled);
        let versioned = self.s3().put_bucket_versioning().bucket(&name);
        let versioned = versioned.versioning_configuration(on.build()).send().await;
        versioned.expect("versions");
        name
    }

    /// A secret whose current version has this id and this value; its ARN.
    pub async fn secret(&self, version: &str, value: &str) -> String {
        let created = self.secrets().create_secret().name(self.name());
        let arn = created.send().await.expect("a secret").arn.expect("an ARN");
        let put = self.secrets().put_secret_value().secret_id(&arn);
        let put = put.client_request_token(version).secret_string(value);
        put.send().await.expect("a version");
        arn
    }

    /// A queue, whose messages become dead letters of another one after the first receive; its URL.
    pub async fn queue(&self, fifo: bool, dead_letters: Option<&str>) -> String {
        let suffix = if fifo { ".fifo" } else { "" };
        let name = format!("{}{suffix}", self.name());
        if let Some(account) = &self.account {
            let mut queue = Queue::new(&name);
            queue.redrive = dead_letters.map(|url| Redrive {
                dead_letters: url.rsplit('/').next().unwrap_or_default().to_owned(),
                max_receive_count: 1,
            });
            let mut state = account.state();
            state.services.sqs.put(queue);
            return state.settings.queue_url(&name);
        }
        let mut create = self.sqs().create_queue().queue_name(name);
        if fifo {
            create = create.attributes(QueueAttributeName::FifoQueue, "true");
        }
        if let Some(url) = dead_letters {
            let arn = self.arn(url).await;
            let redrive = format!(r#"{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 1}}"#);
            create = create.attributes(QueueAttributeName::RedrivePolicy, redrive);
        }
        let created = create.send().await.expect("a queue");
        created.queue_url.expect("a URL")
    }

    async fn arn(&self, queue: &str) -> String {
        let get = self.sqs().get_queue_attributes().queue_url(queue);
        let got = get
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await;
        let attributes = got.expect("attributes").attributes.expect("attributes");
        attributes[&QueueAttributeName::QueueArn].clone()
    }

    /// A role that trusts the stranger with an external id; its name and ARN.
    pub async fn role(&self, external_id: Option<&str>) -> (String, String) {
        let name = self.name();
        let create = self.iam().create_role().role_name(&name);
        let trust = trust(external_id);
        let created = create.assume_role_policy_document(trust).send().await;
        let role = created.expect("a role").role.expect("a role");
        (name, role.arn)
    }
}

/// A trust policy for the stranger.
pub fn trust(external_id: Option<&str>) -> String {
    let condition = external_id.map_or_else(String::new, |id| {
        format!(r#", "Condition": {{"StringEquals": {{"sts:ExternalId": "{id}"}}}}"#)
    });
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {{"AWS": "arn:aws:iam::{STRANGER}:root"}}{condition}}}]}}"#
    )
}
