//! What Secrets Manager holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde_json::Value as Json;

/// The label of the version in force.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The label of the version before it.
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";
/// The label of a rotation's new version.
pub(super) const PENDING: &str = "AWSPENDING";

/// A secret value; never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// `SecretString`.
    Text(String),
    /// `SecretBinary`.
    Binary(Vec<u8>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(..)")
    }
}

/// A version of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its value; none yet where a rotation began it.
    pub value: Option<Value>,
    /// Its labels; without any it is deprecated.
    pub labels: BTreeSet<String>,
    /// When it was made.
    pub created: Timestamp,
}

/// How a secret is rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The function's ARN.
    pub function: String,
    /// `RotationRules`, as they were given.
    pub rules: Option<Json>,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its full ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The key that encrypts it; none is the account's own, `aws/secretsmanager`.
    pub key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its resource policy.
    pub policy: Option<Json>,
    /// How it is rotated.
    pub rotation: Option<Rotation>,
    /// Its versions.
    pub versions: BTreeMap<String, Version>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
    /// When a rotation of it ended well.
    pub rotated: Option<Timestamp>,
    /// When it is gone, where it is scheduled for deletion.
    pub deletion: Option<Timestamp>,
}

impl Secret {
    /// An empty secret.
    #[must_use]
    pub fn new(arn: impl Into<String>, name: impl Into<String>, now: Timestamp) -> Self {
        Self {
            arn: arn.into(),
            name: name.into(),
            description: None,
            key: None,
            tags: BTreeMap::new(),
            policy: None,
            rotation: None,
            versions: BTreeMap::new(),
            created: now,
            changed: now,
            rotated: None,
            deletion: None,
        }
    }

    /// The version that has a label.
    #[must_use]
    pub fn holder(&self, label: &str) -> Option<&str> {
        let mut holders = self
            .versions
            .iter()
            .filter(|(_, version)| version.labels.contains(label));
        holders.next().map(|(id, _)| id.as_str())
    }

    /// The value of the version that has a label.
    #[must_use]
    pub fn value(&self, label: &str) -> Option<&Value> {
        self.versions.get(self.holder(label)?)?.value.as_ref()
    }

    /// The key, unless it is the account's own.
    pub(super) fn customer_key(&self) -> Option<&str> {
        let key = self.key.as_deref();
        key.filter(|key| !key.ends_with("alias/aws/secretsmanager"))
    }

    /// Moves a label and answers where it was. With AWSCURRENT goes AWSPREVIOUS, to the version that
    /// loses it (Secrets Manager API reference, `UpdateSecretVersionStage`).
    pub(super) fn move_label(&mut self, label: &str, to: Option<&str>) -> Vec<Moved> {
        let from = self.holder(label).map(str::to_owned);
        if from.as_deref() == to {
            return Vec::new();
        }
        for version in self.versions.values_mut() {
            version.labels.remove(label);
        }
        if let Some(version) = to.and_then(|to| self.versions.get_mut(to)) {
            version.labels.insert(label.to_owned());
        }
        let mut moved = vec![Moved {
            label: label.to_owned(),
            from: from.clone(),
            to: to.map(str::to_owned),
        }];
        if let (CURRENT, Some(from)) = (label, from) {
            moved.extend(self.move_label(PREVIOUS, Some(&from)));
        }
        moved
    }
}

/// A label that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) label: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

/// The secrets of the account.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// By ARN.
    secrets: BTreeMap<String, Secret>,
}

impl Secrets {
    /// Adds a secret, or replaces the one of this ARN.
    pub fn put(&mut self, secret: Secret) {
        self.secrets.insert(secret.arn.clone(), secret);
    }

    /// By name, ARN, or ARN without the six random characters at its end (Secrets Manager user guide,
    /// "Find secrets", "Partial ARN"). One whose recovery window is over is gone.
    #[must_use]
    pub fn find(&self, id: &str, now: Timestamp) -> Option<&Secret> {
        self.all(now).find(|secret| {
            let partial = secret.arn.get(..secret.arn.len().saturating_sub(7));
            secret.arn == id || secret.name == id || partial == Some(id)
        })
    }

    pub(super) fn get_mut(&mut self, arn: &str) -> Option<&mut Secret> {
        self.secrets.get_mut(arn)
    }

    /// All that are not gone.
    pub fn all(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let is_there = move |secret: &&Secret| secret.deletion.is_none_or(|at| at > now);
        self.secrets.values().filter(is_there)
    }

    pub(super) fn remove(&mut self, arn: &str) {
        self.secrets.remove(arn);
    }
}
