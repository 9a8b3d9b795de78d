//! From a secret's value to the fields of its credentials, and to what is remembered of them.
//!
//! The one place where values are taken apart. Nothing here is printed: what is wrong with a value
//! is said by the field's name.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac as _};
use lockstep_domain::change::Fingerprint;
use lockstep_domain::credentials::{DesiredCredential, DesiredCredentialSet};
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::FieldPath;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::value::RawValue;
use sha2::Sha256;

use super::RebindError;
use crate::services::Rebind;

/// A credential's fields, ready to be sent.
pub(super) type Fields = BTreeMap<String, SecretString>;

/// The fields of every credential of a set, by manifest key. No `Debug`: it holds values.
#[derive(Default)]
pub(super) struct Values(BTreeMap<Key, Fields>);

impl Values {
    pub(super) fn of(&self, key: &Key) -> Option<&Fields> {
        self.0.get(key)
    }
}

/// Reads the secret's version, and adds to what is desired of each credential the fingerprint of
/// the values that it is to carry.
///
/// # Errors
/// AWS's, or every field that the value has not.
pub(super) async fn read(
    world: &Rebind,
    desired: &mut DesiredCredentialSet,
) -> Result<Values, RebindError> {
    let secret = &desired.secret;
    let value = world
        .credential_secrets
        .value(&secret.arn, &secret.version_id)
        .await?;
    let values = select(&value, &desired.credentials).map_err(|problems| RebindError::Value {
        secret: secret.arn.to_string(),
        version_id: secret.version_id.clone(),
        problems,
    })?;
    if let Some(key) = &world.config.fingerprint_key_secret {
        let key = world.credential_secrets.current(key).await?;
        for credential in &mut desired.credentials {
            credential.fingerprint = values
                .of(&credential.key)
                .map(|fields| fingerprint(&key, &credential.credential_type, fields));
        }
    }
    Ok(values)
}

fn select(value: &SecretString, credentials: &[DesiredCredential]) -> Result<Values, Vec<String>> {
    // serde's own words quote what they stumble over.
    let json: Option<&RawValue> = serde_json::from_str(value.expose_secret()).ok();
    let mut values = Values::default();
    let mut problems = Vec::new();
    for credential in credentials {
        let mut fields = Fields::new();
        for (name, path) in &credential.fields {
            match field(value, json, path) {
                Ok(text) => {
                    fields.insert(name.clone(), text);
                }
                Err(problem) => {
                    problems.push(format!("{}.{name}: {path} {problem}", credential.key));
                }
            }
        }
        values.0.insert(credential.key.clone(), fields);
    }
    if problems.is_empty() {
        Ok(values)
    } else {
        Err(problems)
    }
}

fn field(
    whole: &SecretString,
    json: Option<&RawValue>,
    path: &FieldPath,
) -> Result<SecretString, &'static str> {
    let text = if path.names().is_empty() {
        whole.expose_secret().to_owned()
    } else {
        let json = json.ok_or("cannot be read, because the value is not JSON")?;
        scalar(member(json, path.names()).ok_or("does not exist")?)?
    };
    if text.is_empty() {
        return Err("is empty");
    }
    Ok(SecretString::from(text))
}

/// The value at a path in JSON: names of members, and indexes of arrays.
fn member<'v>(json: &'v RawValue, names: &[String]) -> Option<&'v RawValue> {
    let mut found = json;
    for name in names {
        found = match found.get().as_bytes().first()? {
            b'{' => {
                let members: BTreeMap<String, &'v RawValue> =
                    serde_json::from_str(found.get()).ok()?;
                *members.get(name.as_str())?
            }
            b'[' => {
                let places: Vec<&'v RawValue> = serde_json::from_str(found.get()).ok()?;
                *places.get(name.parse::<usize>().ok()?)?
            }
            _ => return None,
        };
    }
    Some(found)
}

/// A text without its quotes; a number or a truth value exactly as it is spelled, since the other
/// side may tell `1.10` from `1.1`, and a number longer than a float holds has to arrive whole.
fn scalar(json: &RawValue) -> Result<String, &'static str> {
    let text = json.get();
    match text.as_bytes().first() {
        None | Some(b'n') => Err("does not exist"),
        Some(b'"') => serde_json::from_str(text).map_err(|_| "is not a string"),
        Some(b'{' | b'[') => Err("is not a string"),
        Some(_) => Ok(text.to_owned()),
    }
}

/// HMAC-SHA-256 over type and fields: equal values have equal fingerprints, and without the stack's
/// key nobody can test a guess against what is kept.
fn fingerprint(key: &SecretString, credential_type: &str, fields: &Fields) -> Fingerprint {
    // The length of each part goes before it, so that no two sets of parts read the same.
    let parts = std::iter::once(credential_type).chain(
        fields
            .iter()
            .flat_map(|(name, value)| [name.as_str(), value.expose_secret()]),
    );
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else {
        // HMAC takes a key of any length.
        return Fingerprint(String::new());
    };
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part.as_bytes());
    }
    let bytes = mac.finalize().into_bytes();
    Fingerprint(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, path: &str) -> Result<String, &'static str> {
        let whole = SecretString::from(text.to_owned());
        let json = serde_json::from_str(text).ok();
        field(&whole, json, &path.parse().unwrap()).map(|text| text.expose_secret().to_owned())
    }

    #[test]
    fn a_field_is_a_member_or_the_whole() {
        let text = r#"{"username": "app", "port": 5432, "tls": true, "deep": {"password": "p"}}"#;
        assert_eq!(value(text, "$.username").as_deref(), Ok("app"));
        assert_eq!(value(text, "$.port").as_deref(), Ok("5432"));
        assert_eq!(value(text, "$.tls").as_deref(), Ok("true"));
        assert_eq!(value(text, "$.deep.password").as_deref(), Ok("p"));
        assert_eq!(value(text, "$").as_deref(), Ok(text));
        assert_eq!(value("not json", "$").as_deref(), Ok("not json"));
        assert_eq!(
            value(r#"{"all": ["a", {"b": 2}]}"#, "$.all.1.b").as_deref(),
            Ok("2")
        );
    }

    #[test]
    fn a_number_arrives_as_it_is_spelled() {
        let text = r#"{"rate": 1.10, "account": 12345678901234567890123, "large": 1E400, "name": "caf\u00e9"}"#;
        for (path, expected) in [
            ("$.rate", "1.10"),
            ("$.account", "12345678901234567890123"),
            ("$.large", "1E400"),
            ("$.name", "café"),
        ] {
            assert_eq!(value(text, path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn a_missing_field_is_reported_without_quoting_the_value() {
        for (text, path) in [
            ("s3cr3t", "$.password"),
            (r#"{"s3cr3t": 1}"#, "$.password"),
            (r#"{"password": null, "x": "s3cr3t"}"#, "$.password"),
            (r#"{"password": ["s3cr3t"]}"#, "$.password"),
            (r#"{"password": {"s3cr3t": 1}}"#, "$.password"),
            (r#"{"password": ""}"#, "$.password"),
            (r#"{"password": "s3cr3t"}"#, "$.password.deeper"),
            (r#"{"password": ["s3cr3t"]}"#, "$.password.7"),
            ("", "$"),
        ] {
            let problem = value(text, path).unwrap_err();
            assert!(!problem.contains("s3cr3t"), "{problem}");
        }
    }

    #[test]
    fn a_fingerprint_distinguishes_values_only_with_its_key() {
        let of = |key: &str, kind: &str, fields: &[(&str, &str)]| {
            let fields = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), SecretString::from((*value).to_owned())))
                .collect();
            fingerprint(&SecretString::from(key.to_owned()), kind, &fields)
        };
        let one = of("k", "basicAuth", &[("password", "p"), ("userName", "u")]);
        assert_eq!(
            one,
            of("k", "basicAuth", &[("userName", "u"), ("password", "p")])
        );
        for other in [
            of("k2", "basicAuth", &[("password", "p"), ("userName", "u")]),
            of("k", "userDefined", &[("password", "p"), ("userName", "u")]),
            of("k", "basicAuth", &[("password", "pu"), ("userName", "")]),
            of("k", "basicAuth", &[("password", "p")]),
        ] {
            assert_ne!(one, other);
        }
        // RFC 4231, test case 2, is what makes this HMAC-SHA-256 and not another digest.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"what do ya want for nothing?");
        let bytes = mac.finalize().into_bytes();
        assert_eq!(bytes[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }
}
