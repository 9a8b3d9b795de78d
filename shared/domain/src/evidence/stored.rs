//! Objects of the evidence bucket, verified without Lockstep: from their bytes alone.
//!
//! A hash is computed of the JSON as it is stored, not of what this release reads from it, so a record of any release
//! can be verified, one with members that are unknown here too.
//!
//! That the *last* records of a chain are there shows only the state of a binding or of a rotation: it holds the end.

mod state;
mod sweep;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use sweep::LedgerPart;

use crate::digest::Digest;

/// Which chain a record belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum Chain {
    /// The verdicts of a binding.
    Binding {
        /// The organization.
        organization: String,
        /// The binding's key.
        key: String,
    },
    /// The rotations of an OAuth client's secret.
    Rotations {
        /// The organization.
        organization: String,
        /// The ARN of the secret.
        secret: String,
    },
}

impl std::fmt::Display for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Binding { organization, key } => write!(f, "{organization}/{key}"),
            Self::Rotations {
                organization,
                secret,
            } => write!(f, "{organization}, rotations of {secret}"),
        }
    }
}

/// An object, as far as verifying it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A record of a chain.
    Link {
        /// Its chain.
        chain: Chain,
        /// The record.
        link: Link,
    },
    /// The end of a chain, from a state.
    End {
        /// The chain.
        chain: Chain,
        /// The end.
        end: End,
    },
    /// The report of a sweep; it is in no chain. Its name holds the beginning of its digest.
    Sweep {
        /// Whether the name fits the content, where the name holds a digest.
        named_by_content: bool,
    },
    /// The index of a sweep's ledger; it is in no chain, and has the digests of its parts.
    Ledger {
        /// The parts, which are beside the index.
        parts: Vec<LedgerPart>,
    },
}

/// A record of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The number of a binding's record.
    pub sequence: Option<u64>,
    /// What messages call the record.
    pub label: String,
    /// The hash of the record before it.
    pub previous: Option<Digest>,
    /// Its own hash.
    pub hash: Digest,
    /// Whether it has that hash.
    pub is_sound: bool,
}

/// The end of a chain, from a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How many records there are, where the state counts them.
    pub length: Option<u64>,
    /// The hash of the last record.
    pub hash: Digest,
}

/// What is verified of one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The chain.
    pub chain: Chain,
    /// How many of its records were given.
    pub records: usize,
    /// The record in the last place, as messages call it.
    pub last: Option<String>,
    /// The hash of that record.
    pub hash: Option<Digest>,
    /// Whether a state shows that this is the end of the chain.
    pub is_complete: bool,
    /// The first place at which the chain does not hold.
    pub broken: Option<BrokenAt>,
}

/// The first place at which a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrokenAt {
    /// The object, by the name that the caller gave it.
    pub object: String,
    /// What is wrong there, as a sentence without its full stop.
    pub problem: String,
}

/// Reads one object of the bucket, or a state. `name` is its key or the path of its file.
///
/// # Errors
/// Why it is none of these.
pub fn read_object(name: &str, bytes: &[u8]) -> Result<Object, String> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| format!("the object is not JSON: {error}"))?;
    let has = |member: &str| value.get(member).is_some();
    if has("body") && has("sequence") {
        return binding_record(value);
    }
    if has("secret") && has("version_id") && has("replaces") {
        return rotation_record(value);
    }
    if has("chain") && has("key") {
        return state::of_binding(&value);
    }
    if has("secret") && has("evidence") && has("organization") {
        return state::of_rotation(&value);
    }
    if has("sweep") && has("parts") {
        return sweep::index(&value);
    }
    if name.contains("sweeps/") || (has("organizations") && has("report")) {
        return Ok(sweep::report(name, &value));
    }
    Err("the object is not evidence of Lockstep".to_owned())
}

fn layout(value: &Value) -> Result<(), String> {
    match value["schema"].as_u64() {
        Some(1) => Ok(()),
        Some(newer) => Err(format!(
            "the record has the layout {newer}, which this release does not know"
        )),
        None => Err("the record has no layout: `schema` is missing".to_owned()),
    }
}

fn text(value: &Value, member: &str) -> Result<String, String> {
    let text = value[member].as_str().map(str::to_owned);
    text.ok_or_else(|| format!("`{member}` is missing or is not a string"))
}

fn previous(value: &Value) -> Result<Option<Digest>, String> {
    Deserialize::deserialize(&value["previous"])
        .map_err(|_| "`previous` is not the hash of a record".to_owned())
}

fn hash(value: &Value) -> Result<Digest, String> {
    Deserialize::deserialize(&value["hash"])
        .map_err(|_| "`hash` is missing or is not a string".to_owned())
}

/// See [`super::Record`]: the hash covers all members but itself, in this order.
fn binding_record(value: Value) -> Result<Object, String> {
    layout(&value)?;
    let body = &value["body"];
    let chain = Chain::Binding {
        organization: text(body, "organization")?,
        key: text(body, "key")?,
    };
    let sequence = value["sequence"]
        .as_u64()
        .ok_or("`sequence` is not a number")?;
    let covered = ["schema", "sequence", "previous", "at", "body"];
    let covered = covered.map(|member| &value[member]);
    let hash = hash(&value)?;
    Ok(Object::Link {
        chain,
        link: Link {
            sequence: Some(sequence),
            label: format!("record {sequence}"),
            previous: previous(&value)?,
            is_sound: hash == Digest::of(&covered),
            hash,
        },
    })
}

/// See [`crate::rotation::Rotated`]: the hash covers the whole record with an empty text's digest in its own place.
fn rotation_record(mut value: Value) -> Result<Object, String> {
    layout(&value)?;
    let chain = Chain::Rotations {
        organization: text(&value, "organization")?,
        secret: text(&value, "secret")?,
    };
    let label = format!("the record of version {}", text(&value, "version_id")?);
    let (hash, previous) = (hash(&value)?, previous(&value)?);
    value["hash"] = Value::String(Digest::of_bytes(b"").to_string());
    Ok(Object::Link {
        chain,
        link: Link {
            sequence: None,
            label,
            previous,
            is_sound: hash == Digest::of(&value),
            hash,
        },
    })
}

/// What was given of one chain: its records, each with the name of its object, and its end.
#[derive(Default)]
struct Given<'o> {
    links: Vec<(&'o str, &'o Link)>,
    end: Option<&'o End>,
}

/// Verifies the chains that these objects belong to, each with the name that the caller gives it.
#[must_use]
pub fn verify(objects: &[(String, Object)]) -> Vec<Verified> {
    let mut chains: BTreeMap<&Chain, Given<'_>> = BTreeMap::new();
    for (name, object) in objects {
        match object {
            Object::Link { chain, link } => {
                chains.entry(chain).or_default().links.push((name, link));
            }
            Object::End { chain, end } => chains.entry(chain).or_default().end = Some(end),
            Object::Sweep { .. } | Object::Ledger { .. } => {}
        }
    }
    let chains = chains.into_iter();
    chains
        .map(|(chain, Given { mut links, end })| {
            let broken = match chain {
                Chain::Binding { .. } => {
                    links.sort_by_key(|(name, link)| (link.sequence, *name));
                    by_sequence(&links)
                }
                Chain::Rotations { .. } => by_hash(&mut links),
            };
            let last = links.last().copied();
            let is_end = |end: &End| last.is_some_and(|(_, link)| link.hash == end.hash);
            let is_empty = |end: &End| last.is_none() && end.length == Some(0);
            let is_complete = end.is_some_and(|end| is_end(end) || is_empty(end));
            let cut = || end.filter(|_| !is_complete).map(|end| cut_off(end, last));
            Verified {
                chain: chain.clone(),
                records: links.len(),
                last: last.map(|(_, link)| link.label.clone()),
                hash: last.map(|(_, link)| link.hash.clone()),
                is_complete: is_complete && broken.is_none(),
                broken: broken.or_else(cut),
            }
        })
        .collect()
}

fn broken(name: &str, problem: String) -> Option<BrokenAt> {
    let object = name.to_owned();
    Some(BrokenAt { object, problem })
}

/// The state knows of a record that is not the last one here.
fn cut_off(end: &End, last: Option<(&str, &Link)>) -> BrokenAt {
    let (object, last) = match last {
        Some((name, link)) => (name.to_owned(), link.label.clone()),
        None => (String::new(), "no record".to_owned()),
    };
    let expected = match end.length {
        Some(length) => format!("record {length}"),
        None => "another record".to_owned(),
    };
    BrokenAt {
        object,
        problem: format!(
            "the state says that the chain ends with {expected} and the hash {}, but it ends with {last}",
            end.hash
        ),
    }
}

/// The records of a binding are numbered from 1.
fn by_sequence(links: &[(&str, &Link)]) -> Option<BrokenAt> {
    let mut before: Option<(&str, &Link)> = None;
    for (expected, (name, link)) in (1_u64..).zip(links) {
        let sequence = link.sequence.unwrap_or_default();
        if let Some((first, _)) = before.filter(|(_, one)| one.sequence == link.sequence) {
            return broken(name, format!("{} is also in {first}", link.label));
        }
        if sequence > expected {
            let missing = match sequence - expected {
                1 => format!("record {expected} is missing"),
                _ => format!("records {expected} to {} are missing", sequence - 1),
            };
            return broken(name, format!("{missing} before {}", link.label));
        }
        if let Some(problem) = joined(link, before.map(|(_, link)| link)) {
            return broken(name, problem);
        }
        before = Some((name, link));
    }
    None
}

/// What is wrong with a record, given the one before it.
fn joined(link: &Link, before: Option<&Link>) -> Option<String> {
    let label = &link.label;
    if !link.is_sound {
        return Some(format!("{label} was altered after it was sealed"));
    }
    let follows = link.previous.as_ref() == before.map(|before| &before.hash);
    (!follows).then(|| match before {
        Some(before) => format!("{label} does not follow {}", before.label),
        None => format!("{label} is the first one, but names a record before it"),
    })
}

/// The records of rotations have no numbers: each names the hash of the one before. They are put in that order.
fn by_hash(links: &mut Vec<(&str, &Link)>) -> Option<BrokenAt> {
    let mut rest = std::mem::take(links);
    rest.sort_by_key(|(name, _)| *name);
    let mut end: Option<Digest> = None;
    while let Some(at) = rest.iter().position(|(_, link)| link.previous == end) {
        let next = rest.remove(at);
        end = Some(next.1.hash.clone());
        links.push(next);
    }
    let unsound = links.iter().chain(&rest).find(|(_, link)| !link.is_sound);
    if let Some((name, link)) = unsound {
        return broken(
            name,
            format!("{} was altered after it was sealed", link.label),
        );
    }
    let (name, link) = *rest.first()?;
    let twin = links.iter().find(|(_, one)| one.previous == link.previous);
    let problem = match twin {
        Some((first, one)) if one.hash == link.hash => {
            format!("{} is also in {first}", link.label)
        }
        Some((_, one)) => format!("{} and {} follow the same record", link.label, one.label),
        None => format!("the record before {} is missing", link.label),
    };
    // Counted as well.
    links.append(&mut rest);
    broken(name, problem)
}

#[cfg(test)]
mod tests;
