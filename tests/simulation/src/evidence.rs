//! The evidence, read as an auditor would who has nothing but the bucket: plain JSON and SHA-256.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::house::ORGANIZATION;
use crate::judge::Problem;
use crate::stand::Simulation;

/// One record of a binding's chain.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// The binding.
    pub(crate) key: String,
    /// Where it is.
    pub(crate) uri: String,
    /// All of it.
    pub(crate) value: Value,
}

impl Simulation {
    /// The records of every binding, each binding's in order.
    pub(crate) fn evidence(&self) -> Vec<Record> {
        let bucket = self.bucket("EvidenceBucket");
        let prefix = format!("evidence/{ORGANIZATION}/");
        let state = self.account.state();
        let Some(held) = state.services.s3.bucket(&bucket) else {
            return Vec::new();
        };
        let mut records = Vec::new();
        for object in held.keys() {
            let name = object.strip_prefix(&prefix);
            // Beside the chains are the records of clients' rotations, each by itself.
            let Some((key, _)) = name
                .and_then(|name| name.split_once('/'))
                .filter(|(_, number)| number.trim_end_matches(".json").parse::<u64>().is_ok())
            else {
                continue;
            };
            let body = held.object(object).map(|object| &object.body);
            let value = body.and_then(|body| serde_json::from_slice(body).ok());
            records.push(Record {
                key: key.to_owned(),
                uri: format!("s3://{bucket}/{object}"),
                value: value.unwrap_or_default(),
            });
        }
        records
    }

    /// Each record follows the one before it, none was altered, and the last one is the one that the
    /// state names.
    pub(crate) fn judge_chains(&self, problems: &mut Vec<Problem>) {
        let records = self.evidence();
        let mut last: Option<&Record> = None;
        for record in &records {
            let before = last.filter(|before| before.key == record.key);
            if before.is_none() {
                self.judge_head(last, problems);
            }
            if let Some(fault) = fault(before, record) {
                problems.push(Problem(format!("the evidence {}: {fault}", record.uri)));
            }
            last = Some(record);
        }
        self.judge_head(last, problems);
    }

    fn judge_head(&self, last: Option<&Record>, problems: &mut Vec<Problem>) {
        let Some(last) = last else { return };
        let key = &last.key;
        let state = self.stored(&format!("state/{ORGANIZATION}/{key}.json"));
        let head = state.map(|state| state["chain"]["hash"].clone());
        if head.as_ref() != Some(&last.value["hash"]) {
            problems.push(Problem(format!(
                "{key}: the chain in its state does not end with {}",
                last.uri
            )));
        }
    }
}

fn fault(before: Option<&Record>, record: &Record) -> Option<String> {
    let value = &record.value;
    let (number, hash) = match before {
        None => (0, &Value::Null),
        Some(before) => (
            before.value["sequence"].as_u64().unwrap_or_default(),
            &before.value["hash"],
        ),
    };
    if value["sequence"] != number + 1 {
        return Some(format!("it is not the record {}", number + 1));
    }
    if value["previous"] != *hash {
        return Some("it does not follow the record before it".to_owned());
    }
    let covered = ["schema", "sequence", "previous", "at", "body"];
    let covered: Vec<&Value> = covered.iter().map(|name| &value[*name]).collect();
    let digest = Sha256::digest(json!(covered).to_string().as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    (value["hash"] != digest).then(|| "its hash does not match its content".to_owned())
}
