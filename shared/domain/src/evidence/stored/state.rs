//! The ends of chains, from the states of bindings and rotations.

use serde_json::Value;

use super::{Chain, End, Object, hash, text};
use crate::digest::Digest;

pub(super) fn of_binding(value: &Value) -> Result<Object, String> {
    let chain = Chain::Binding {
        organization: text(value, "organization")?,
        key: text(value, "key")?,
    };
    let end = &value["chain"];
    let length = end["length"].as_u64().ok_or("`chain.length` is missing")?;
    let empty = || (length == 0).then(|| Digest::of_bytes(b""));
    let hash = end["hash"].as_str().and_then(|_| hash(end).ok());
    Ok(Object::End {
        chain,
        end: End {
            length: Some(length),
            hash: hash.or_else(empty).ok_or("`chain.hash` is missing")?,
        },
    })
}

pub(super) fn of_rotation(value: &Value) -> Result<Object, String> {
    Ok(Object::End {
        chain: Chain::Rotations {
            organization: text(value, "organization")?,
            secret: text(value, "secret")?,
        },
        end: End {
            length: None,
            hash: hash(&value["evidence"])?,
        },
    })
}
