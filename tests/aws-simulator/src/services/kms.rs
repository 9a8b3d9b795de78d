//! KMS: metadata of keys, and whether a principal may use one through another service. There is no
//! cryptography.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::unknown;
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read, seconds};
use crate::{Context, Principal, ServiceError, State, context};

/// Who manages a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// AWS, for one of its services.
    Aws,
    /// The account.
    Customer,
}

/// A KMS key.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// Its aliases, each with `alias/`.
    pub aliases: Vec<String>,
    /// Who manages it.
    pub manager: Manager,
    /// `KeySpec`, such as `SYMMETRIC_DEFAULT` or `RSA_2048`.
    pub spec: String,
    /// `KeyState`, such as `Enabled` or `PendingDeletion`.
    pub state: String,
    /// `Origin`, such as `AWS_KMS` or `EXTERNAL`.
    pub origin: String,
    /// After how many days it is rotated; `None` where it is not.
    pub rotation_days: Option<u16>,
    /// Its key policy.
    pub policy: Option<Value>,
    /// When it was made.
    pub created: Timestamp,
}

impl Key {
    /// A symmetric key of the account, enabled, rotated each year (KMS developer guide, "Rotate AWS
    /// KMS keys": 365 days are the default).
    pub fn new(id: impl Into<String>, created: Timestamp) -> Self {
        Self {
            id: id.into(),
            aliases: Vec::new(),
            manager: Manager::Customer,
            spec: "SYMMETRIC_DEFAULT".into(),
            state: "Enabled".into(),
            origin: "AWS_KMS".into(),
            rotation_days: Some(365),
            policy: None,
            created,
        }
    }
}

/// The keys of the account.
#[derive(Clone, Debug, Default)]
pub struct Kms {
    keys: BTreeMap<String, Key>,
}

impl Kms {
    /// Adds a key, or replaces the one of this id.
    pub fn put(&mut self, key: Key) {
        self.keys.insert(key.id.clone(), key);
    }

    /// By id, ARN, alias or ARN of an alias (KMS developer guide, "Key identifiers").
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Key> {
        let id = match name.starts_with("arn:") {
            true => name.splitn(6, ':').nth(5)?,
            false => name,
        };
        if id.starts_with("alias/") {
            return self
                .keys
                .values()
                .find(|key| key.aliases.iter().any(|alias| alias == id));
        }
        self.keys.get(id.strip_prefix("key/").unwrap_or(id))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct KeyRequest {
    key_id: String,
}

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Handled {
    match exchange.call.operation.as_str() {
        "DescribeKey" => describe(exchange),
        "GetKeyRotationStatus" => rotation_status(exchange),
        _ => Err(unknown(exchange)),
    }
}

fn key_arn(state: &State, id: &str) -> String {
    state.settings.arn("kms", &format!("key/{id}"))
}

fn found(exchange: &Exchange<'_>, name: &str) -> Result<Key, Rejection> {
    let key = exchange.state.services.kms.find(name);
    Ok(key.cloned().ok_or_else(|| not_found(name))?)
}

fn not_found(name: &str) -> ServiceError {
    ServiceError::bad_request("NotFoundException", format!("Invalid keyId '{name}'"))
}

fn describe(exchange: &mut Exchange<'_>) -> Handled {
    let KeyRequest { key_id } = read(exchange.call, exchange.request)?;
    let key = found(exchange, &key_id)?;
    let arn = key_arn(exchange.state, &key.id);
    exchange.authorize("kms:DescribeKey", &arn, Context::new(), key.policy.as_ref())?;
    let manager = match key.manager {
        Manager::Aws => "AWS",
        Manager::Customer => "CUSTOMER",
    };
    let body = json!({"KeyMetadata": {
        "AWSAccountId": exchange.state.settings.account,
        "Arn": arn,
        "CreationDate": seconds(key.created),
        "CustomerMasterKeySpec": key.spec,
        "Description": "",
        "Enabled": key.state == "Enabled",
        "KeyId": key.id,
        "KeyManager": manager,
        "KeySpec": key.spec,
        "KeyState": key.state,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": false,
        "Origin": key.origin,
    }});
    Ok(answer(exchange.call, &body))
}

/// An alias is not taken here (KMS API reference, `GetKeyRotationStatus`, `KeyId`), and only
/// symmetric keys with material of KMS are rotated (same page, `UnsupportedOperationException`).
fn rotation_status(exchange: &mut Exchange<'_>) -> Handled {
    let KeyRequest { key_id } = read(exchange.call, exchange.request)?;
    if key_id.contains("alias/") {
        return Err(not_found(&key_id).into());
    }
    let key = found(exchange, &key_id)?;
    let arn = key_arn(exchange.state, &key.id);
    let policy = key.policy.as_ref();
    exchange.authorize("kms:GetKeyRotationStatus", &arn, Context::new(), policy)?;
    if key.spec != "SYMMETRIC_DEFAULT" || key.origin != "AWS_KMS" {
        let problem = format!(
            "{arn} origin is {} which is not valid for this operation.",
            key.origin
        );
        return Err(ServiceError::bad_request("UnsupportedOperationException", problem).into());
    }
    let mut body = json!({
        "KeyId": arn,
        "KeyRotationEnabled": key.rotation_days.is_some(),
    });
    if let Some(days) = key.rotation_days {
        body["RotationPeriodInDays"] = days.into();
    }
    Ok(answer(exchange.call, &body))
}

/// Why a key can't be used through a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The principal may not.
    Denied,
    /// It does not exist, or is disabled or about to be deleted.
    Unavailable,
}

impl State {
    /// Whether a principal may use a key through a service, with this encryption context (KMS
    /// developer guide, "kms:ViaService" and "kms:EncryptionContext:context-key").
    ///
    /// # Errors
    /// Why not.
    pub fn use_key(
        &self,
        now: Timestamp,
        principal: &Principal,
        action: &str,
        key: &str,
        via: &str,
        encryption_context: &[(&str, &str)],
    ) -> Result<(), Unusable> {
        let Some(key) = self.services.kms.find(key) else {
            return Err(Unusable::Unavailable);
        };
        let settings = &self.settings;
        let via = format!("{via}.{}.amazonaws.com", settings.region);
        let mut keys = Context::new()
            .with(context::KMS_VIA_SERVICE, via)
            .with(context::KMS_CALLER_ACCOUNT, &settings.account);
        for (name, value) in encryption_context {
            keys = keys.with(format!("{}{name}", context::KMS_ENCRYPTION_CONTEXT), *value);
        }
        let arn = key_arn(self, &key.id);
        self.authorize(now, principal, action, &arn, keys, key.policy.as_ref())
            .map_err(|_| Unusable::Denied)?;
        match key.state.as_str() {
            "Enabled" => Ok(()),
            _ => Err(Unusable::Unavailable),
        }
    }
}
