//! Secrets Manager, as a canary reads it.

use aws_simulator::services::secrets::Value as SecretValue;
use aws_simulator::{Account, Effect};
use serde_json::Value;

use crate::story::Error;
use crate::story::rotation::value;

/// Where secrets are.
pub(crate) trait Vault: Clone + Send + Sync + 'static {
    /// The JSON of a secret's current version.
    fn current(&self, secret: &str) -> impl Future<Output = Result<Value, Error>> + Send;

    /// Whether a version is the current one.
    fn is_current(
        &self,
        secret: &str,
        version: &str,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Whether a version has been the current one, and may still be in use: what follows a rotation takes
    /// its time.
    fn may_be_in_use(
        &self,
        secret: &str,
        version: &str,
    ) -> impl Future<Output = Result<bool, Error>> + Send;
}

/// The labels of what may be in use.
const LABELS: [&str; 2] = ["AWSCURRENT", "AWSPREVIOUS"];

impl Vault for aws_sdk_secretsmanager::Client {
    async fn current(&self, secret: &str) -> Result<Value, Error> {
        value(self, secret, "AWSCURRENT").await
    }

    async fn is_current(&self, secret: &str, version: &str) -> Result<bool, Error> {
        Ok(labels_of(self, secret, version)
            .await?
            .contains(&LABELS[0].to_owned()))
    }

    async fn may_be_in_use(&self, secret: &str, version: &str) -> Result<bool, Error> {
        let labels = labels_of(self, secret, version).await?;
        Ok(labels
            .into_iter()
            .any(|label| LABELS.contains(&label.as_str())))
    }
}

async fn labels_of(
    secrets: &aws_sdk_secretsmanager::Client,
    secret: &str,
    version: &str,
) -> Result<Vec<String>, Error> {
    let described = secrets.describe_secret().secret_id(secret).send().await?;
    let mut stages = described.version_ids_to_stages.unwrap_or_default();
    Ok(stages.remove(version).unwrap_or_default())
}

/// The simulator's own state: without a request.
impl Vault for Account {
    async fn current(&self, secret: &str) -> Result<Value, Error> {
        let now = self.clock().now();
        let text = self.with_state(|state| {
            let found = state.services.secrets.find(secret, now)?;
            match found.value("AWSCURRENT")? {
                SecretValue::Text(text) => Some(text.clone()),
                SecretValue::Binary(_) => None,
            }
        });
        let text = text.ok_or_else(|| format!("{secret} has no current text"))?;
        Ok(serde_json::from_str(&text)?)
    }

    async fn is_current(&self, secret: &str, version: &str) -> Result<bool, Error> {
        let now = self.clock().now();
        Ok(self.with_state(|state| {
            let found = state.services.secrets.find(secret, now);
            found.is_some_and(|found| found.holder(LABELS[0]) == Some(version))
        }))
    }

    async fn may_be_in_use(&self, secret: &str, version: &str) -> Result<bool, Error> {
        let now = self.clock().now();
        let is_labelled = self.with_state(|state| {
            let found = state.services.secrets.find(secret, now)?;
            Some(
                LABELS
                    .iter()
                    .any(|label| found.holder(label) == Some(version)),
            )
        });
        // Of two rotations at once the first one's version may have lost every label already.
        let was_current = || {
            self.history().iter().any(|change| {
                matches!(
                    &change.effect,
                    Effect::SecretLabelMoved { secret: of, label, from, .. }
                        if of == secret && label == LABELS[0] && from.as_deref() == Some(version)
                )
            })
        };
        Ok(is_labelled.unwrap_or_default() || was_current())
    }
}
