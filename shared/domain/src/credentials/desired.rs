//! What should hold for the credentials of one secret.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::arn::SecretArn;
use crate::change::{ChangeId, Fingerprint, SecretVersion};
use crate::digest::Digest;
use crate::ids::{Key, OrganizationId};
use crate::manifest::{Credential, FieldPath, Manifest, OtherIntegration, Overlap, TriedAction};

/// One secret of a manifest, and every credential that carries values of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CredentialSet<'m> {
    /// Under which its state lies.
    pub key: Key,
    /// The secret.
    pub secret: &'m SecretArn,
    /// In the order of the file; never empty.
    pub credentials: Vec<&'m Credential>,
}

impl<'m> CredentialSet<'m> {
    fn of(manifest: &'m Manifest, secret: &'m SecretArn) -> Self {
        Self {
            key: Key::of_secret(secret),
            secret,
            credentials: manifest.credentials_of(secret),
        }
    }

    /// The key by which people and messages speak of it: that of its first credential.
    pub fn first_key(&self) -> &Key {
        self.credentials.first().map_or(&self.key, |one| &one.key)
    }
}

/// Every credential set of a manifest, in the order of the file.
pub fn credential_sets(manifest: &Manifest) -> Vec<CredentialSet<'_>> {
    let mut credential_sets: Vec<CredentialSet<'_>> = Vec::new();
    for credential in &manifest.credentials {
        if !credential_sets
            .iter()
            .any(|set| *set.secret == credential.secret)
        {
            credential_sets.push(CredentialSet::of(manifest, &credential.secret));
        }
    }
    credential_sets
}

/// The credential set that a key means: the key of one of its credentials, or its own.
pub fn credential_set_of<'m>(manifest: &'m Manifest, key: &Key) -> Option<CredentialSet<'m>> {
    manifest
        .credentials
        .iter()
        .find(|one| one.key == *key || Key::of_secret(&one.secret) == *key)
        .map(|one| CredentialSet::of(manifest, &one.secret))
}

/// What should hold for a credential set, given the version of its secret that is current.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DesiredCredentialSet {
    /// Under which its state lies.
    pub key: Key,
    /// The secret at its current version.
    pub secret: SecretVersion,
    /// The credentials, in the order of the file.
    pub credentials: Vec<DesiredCredential>,
}

/// What should hold for one credential.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DesiredCredential {
    /// Its manifest key.
    pub key: Key,
    /// The integration that uses it.
    pub integration: OtherIntegration,
    /// The slot of the integration's config.
    pub slot: String,
    /// The credential's type.
    pub credential_type: String,
    /// Whether the secret's old version still works.
    pub overlap: Overlap,
    /// Where in the secret each field is.
    pub fields: BTreeMap<String, FieldPath>,
    /// The actions that show whether it works.
    pub tests: Vec<TriedAction>,
    /// Of the values of the fields, where they were read. Not part of what identifies a
    /// change: whoever counts changes may not read values.
    #[serde(skip)]
    pub fingerprint: Option<Fingerprint>,
}

impl DesiredCredentialSet {
    /// What should hold for `set` of `manifest` at a version of its secret.
    pub fn new(manifest: &Manifest, set: &CredentialSet<'_>, version_id: String) -> Self {
        Self {
            key: set.key.clone(),
            secret: SecretVersion {
                name: set.secret.name().to_owned(),
                arn: set.secret.clone(),
                version_id,
            },
            credentials: set
                .credentials
                .iter()
                .filter_map(|credential| DesiredCredential::new(manifest, credential))
                .collect(),
        }
    }

    /// The id of the change that reaches this state.
    pub fn change_id(&self, organization: &OrganizationId) -> ChangeId {
        ChangeId::of(organization, &self.key, self)
    }

    /// The credential under a key.
    pub fn credential(&self, key: &Key) -> Option<&DesiredCredential> {
        self.credentials.iter().find(|one| one.key == *key)
    }
}

impl DesiredCredential {
    /// None only for a credential of another manifest: reading one refuses a credential without
    /// its integration.
    fn new(manifest: &Manifest, credential: &Credential) -> Option<Self> {
        let tested = |key: &Key| manifest.tried_action(key).cloned();
        Some(Self {
            key: credential.key.clone(),
            integration: manifest.other_integration(&credential.integration)?.clone(),
            slot: credential.slot.clone(),
            credential_type: credential.credential_type.clone(),
            overlap: credential.overlap,
            fields: credential.fields.clone(),
            tests: credential.test.iter().filter_map(tested).collect(),
            fingerprint: None,
        })
    }

    /// A digest of how values are made from a version of the secret: the same recipe makes the same
    /// values from the same version.
    pub fn recipe(&self) -> Digest {
        Digest::of(&(&self.credential_type, &self.fields))
    }
}
