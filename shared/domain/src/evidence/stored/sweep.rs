//! What a sweep stores: a report whose name holds a digest, or the index of a ledger that holds those of its parts.

use serde_json::Value;

use super::Object;
use crate::digest::Digest;

/// A part of a stored ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPart {
    /// The name of its object, beside the index.
    pub name: String,
    /// The digest of its bytes.
    digest: Digest,
}

impl LedgerPart {
    /// Whether these are the bytes that were stored.
    #[must_use]
    pub fn has(&self, bytes: &[u8]) -> bool {
        Digest::of_bytes(bytes) == self.digest
    }
}

pub(super) fn report(name: &str, value: &Value) -> Object {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    let mark = stem.rsplit_once('-').map(|(_, mark)| mark);
    let is_digest = |mark: &&str| mark.len() == 8 && mark.bytes().all(|b| b.is_ascii_hexdigit());
    let mark = mark.filter(is_digest);
    Object::Sweep {
        named_by_content: mark.is_none_or(|mark| Digest::of(value).short(8) == mark),
    }
}

/// See `ledger::Index`. A part is beside the index, so its name has no folder.
pub(super) fn index(value: &Value) -> Result<Object, String> {
    let parts = value["parts"].as_array().ok_or("`parts` is not a list")?;
    let parts = parts.iter().map(|part| {
        let name = super::text(part, "name")?;
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(format!(
                "the name of the part {name:?} is not that of an object beside the index"
            ));
        }
        let digest = serde::Deserialize::deserialize(&part["digest"])
            .map_err(|_| format!("the part {name} has no digest"))?;
        Ok(LedgerPart { name, digest })
    });
    Ok(Object::Ledger {
        parts: parts.collect::<Result<_, String>>()?,
    })
}
