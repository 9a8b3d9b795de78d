//! Secrets Manager: the versions of a secret. Metadata only.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::Client;
use jiff::Timestamp;
use lockstep_domain::arn::SecretArn;

use super::secrets::{client, timestamp};
use super::{AwsError, Connection, Pages, refine, required};

/// Lists the versions of secrets.
#[derive(Clone, Debug)]
pub struct SecretVersions {
    client: Client,
}

impl SecretVersions {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            client: client(aws),
        }
    }

    /// When each version that carries a label was made.
    ///
    /// # Errors
    /// AWS did not answer with all of them.
    pub async fn made(&self, secret: &SecretArn) -> Result<BTreeMap<String, Timestamp>, AwsError> {
        const OPERATION: &str = "secretsmanager:ListSecretVersionIds";
        let of = secret.to_string();
        let mut pages = Pages::of(OPERATION, &of);
        let mut made = BTreeMap::new();
        let mut token = None;
        loop {
            let request = self.client.list_secret_version_ids().secret_id(&of);
            let page = request.set_next_token(token).send().await;
            let page = page.map_err(refine(OPERATION, of.as_str()))?;
            required(OPERATION, &of, "ARN", page.arn())?;
            for version in page.versions() {
                let at = version.created_date().and_then(timestamp);
                if let (Some(id), Some(at)) = (version.version_id(), at) {
                    made.insert(id.to_owned(), at);
                }
            }
            token = pages.next(page.next_token.is_some(), page.next_token)?;
            if token.is_none() {
                break;
            }
        }
        Ok(made)
    }
}
