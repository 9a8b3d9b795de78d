//! IAM policy documents: the two that we write, and what any document means.
//!
//! Documents are compared by meaning, not by text: IAM gives them back percent-encoded, people
//! reorder them, and an account number stands for its root. What differs in meaning is never
//! called equal; what is merely unknown to us is called different, and so repaired.

mod document;
mod size;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Value, json};

pub use document::{Document, InvalidPolicy, Outsider, Statement, TrustProblems};
pub use size::{MAX_INLINE_CHARACTERS, characters};

use crate::arn::FunctionArn;
use crate::ids::OrganizationId;

/// The name of the one inline policy that is ours.
pub const INVOKE_POLICY_NAME: &str = "lockstep-invoke";

/// The one thing a role may do.
pub const INVOKE_ACTION: &str = "lambda:InvokeFunction";

/// Who may assume the role: exactly the Genesys Cloud account, and only on behalf of this
/// organization.
///
/// Source of the form: official blueprint `scheduling-bot-blueprint`, `main.tf`. The external id
/// is the organization's id; without it every Genesys Cloud customer could assume the role.
#[must_use]
pub fn trust_policy(
    partition: &str,
    genesys_account: &str,
    organization: &OrganizationId,
) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "GenesysCloudOfThisOrganization",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:{partition}:iam::{genesys_account}:root")},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": organization}},
        }],
    })
}

/// What the role may do: invoke these functions, nothing wider. An ARN without alias grants the
/// function without alias, which is exactly how the action calls it.
///
/// IAM takes no empty list of resources, so for no functions at all this is a document that
/// grants nothing and says so.
#[must_use]
pub fn invoke_policy<'a>(functions: impl IntoIterator<Item = &'a FunctionArn>) -> Value {
    let functions: BTreeSet<&FunctionArn> = functions.into_iter().collect();
    let statement = if functions.is_empty() {
        json!({
            "Sid": "NoFunctionIsBound",
            "Effect": "Deny",
            "Action": INVOKE_ACTION,
            "Resource": "*",
        })
    } else {
        json!({
            "Sid": "InvokeBoundFunctions",
            "Effect": "Allow",
            "Action": INVOKE_ACTION,
            "Resource": functions,
        })
    };
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// A document as IAM gives it back: percent-encoded JSON (IAM API reference, `GetRole`), or plain
/// JSON. A text that is neither comes back as a string, which equals no document.
#[must_use]
pub fn decode(text: &str) -> Value {
    let plain = if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        percent_decoded(text)
    };
    serde_json::from_str(&plain).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = text
            .get(at + 1..at + 3)
            .filter(|_| byte == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(hex.unwrap_or(byte));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether two documents grant and deny the same. A document that cannot be understood is the
/// same as none, not even itself: it is to be replaced.
#[must_use]
pub fn same_meaning(one: &Value, other: &Value) -> bool {
    match (Document::of(one), Document::of(other)) {
        (Ok(one), Ok(other)) => one == other,
        (Ok(_) | Err(_), _) => false,
    }
}

/// What a permissions document grants, as far as it can be ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Functions it grants by exact ARN, and nothing but to invoke them.
    pub functions: BTreeSet<FunctionArn>,
    /// Everything it holds that is not that, in words.
    pub wider: Vec<String>,
}

/// What a permissions document grants.
#[must_use]
pub fn granted(document: &Value) -> Grants {
    let mut grants = Grants::default();
    match Document::of(document) {
        Ok(document) => {
            for statement in document.statements() {
                statement.sort_into(&mut grants);
            }
        }
        Err(error) => grants.wider.push(error.to_string()),
    }
    grants
}
