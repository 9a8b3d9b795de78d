//! Reading what the platform leaves open: null for empty, text for absent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

/// `null` as the empty value.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A moment; absent where null or empty, as the audit API writes absent values. Anything else is an error:
/// a date that is silently lost would make a window check lie.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    match Option::<String>::deserialize(from)? {
        None => Ok(None),
        Some(text) if text.trim().is_empty() => Ok(None),
        Some(text) => text
            .trim()
            .parse()
            .map(Some)
            .map_err(serde::de::Error::custom),
    }
}

/// A day of UTC, written as a date or as a moment within it; absent where null or empty.
pub(crate) fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(Some(moment.to_zoned_datetime(TimeZone::UTC).date()));
    }
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// Credential fields; a field that is no text (redacted to null, for one) has no value.
pub(crate) fn secret_fields<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, Option<SecretString>>, D::Error> {
    let fields =
        Option::<BTreeMap<String, serde_json::Value>>::deserialize(from)?.unwrap_or_default();
    let text = |value| match value {
        serde_json::Value::String(text) => Some(SecretString::from(text)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => None,
    };
    Ok(fields
        .into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect())
}
