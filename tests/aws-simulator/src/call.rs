//! Who asks what of which service.

use jiff::Timestamp;

use crate::Principal;

/// A service of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Amazon S3.
    S3,
    /// AWS Secrets Manager.
    SecretsManager,
    /// AWS Key Management Service.
    Kms,
    /// Amazon EventBridge.
    EventBridge,
    /// Amazon SQS.
    Sqs,
    /// AWS Lambda.
    Lambda,
    /// AWS Identity and Access Management.
    Iam,
    /// AWS Security Token Service.
    Sts,
}

/// How a service is spoken to (botocore's service models, `metadata.protocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `json` with this version.
    Json(&'static str),
    /// `query`: a form in, XML out.
    Query,
    /// `rest-xml`.
    RestXml,
    /// `rest-json`.
    RestJson,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::S3,
        Self::SecretsManager,
        Self::Kms,
        Self::EventBridge,
        Self::Sqs,
        Self::Lambda,
        Self::Iam,
        Self::Sts,
    ];

    /// The name in a signature's credential scope, which is the prefix of its actions too.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::SecretsManager => "secretsmanager",
            Self::Kms => "kms",
            Self::EventBridge => "events",
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }

    /// How it is spoken to.
    #[must_use]
    pub fn protocol(self) -> Protocol {
        match self {
            Self::S3 => Protocol::RestXml,
            Self::SecretsManager | Self::Kms | Self::EventBridge => Protocol::Json("1.1"),
            Self::Sqs => Protocol::Json("1.0"),
            Self::Lambda => Protocol::RestJson,
            Self::Iam | Self::Sts => Protocol::Query,
        }
    }

    pub(crate) fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.prefix() == prefix)
    }
}

/// What a connection belongs to: every [`aws_config::SdkConfig`] of an account is made for one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The function, or whoever else acts.
    pub function: String,
    /// Its execution environment.
    pub environment: String,
}

impl Origin {
    /// An execution environment of a function.
    pub fn new(function: impl Into<String>, environment: impl Into<String>) -> Self {
        Self {
            function: function.into(),
            environment: environment.into(),
        }
    }
}

/// A request that reached AWS.
#[derive(Clone, Debug)]
pub struct Call {
    /// Counts the requests of the account, from 1.
    pub sequence: u64,
    /// When it came.
    pub at: Timestamp,
    /// Over whose connection.
    pub origin: Origin,
    /// Whose credentials signed it.
    pub principal: Principal,
    /// Which service.
    pub service: Service,
    /// Which operation, as the service's model spells it.
    pub operation: String,
    /// What it names: `bucket/key`, a secret, a queue, a role, as they stand in the request.
    pub resources: Vec<String>,
    /// The id that the answer will carry.
    pub request_id: String,
}
