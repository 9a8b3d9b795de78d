//! What a role's policy allows, in the words of [`super::code`].

use std::collections::BTreeSet;

use serde_json::Value;
use stack_template::Template;

/// The actions that a role's policy allows. Where code distinguishes what it acts on, the action is
/// followed by it: the bucket or the prefix of its objects, the queue, or the kind of secret.
pub fn allowed(template: &Template, role: &str) -> BTreeSet<String> {
    let properties = template.properties(role).unwrap();
    let policies = properties["Policies"].as_array().unwrap();
    let statements = policies.iter().flat_map(|policy| {
        let statements = policy["PolicyDocument"]["Statement"].as_array();
        statements.unwrap()
    });
    let mut allowed = BTreeSet::new();
    for statement in statements.filter(|statement| statement["Effect"] == "Allow") {
        for action in texts(&statement["Action"]) {
            for on in objects(template, action, statement) {
                allowed.insert(format!("{action} {on}").trim().to_owned());
            }
        }
    }
    allowed
}

fn texts(value: &Value) -> Vec<&str> {
    match value.as_array() {
        Some(items) => items.iter().flat_map(texts).collect(),
        None => vec![value.as_str().unwrap()],
    }
}

/// What an action acts on; nothing where code does not distinguish it.
fn objects(template: &Template, action: &str, statement: &Value) -> Vec<String> {
    let resources = texts(&statement["Resource"]).into_iter();
    match action {
        "s3:GetObject" | "s3:PutObject" => resources.map(prefix).collect(),
        "s3:ListBucket" => resources
            .map(|arn| id(template, "AWS::S3::Bucket", arn))
            .collect(),
        "sqs:GetQueueAttributes" | "sqs:SendMessage" => resources
            .map(|arn| id(template, "AWS::SQS::Queue", arn))
            .collect(),
        "secretsmanager:GetSecretValue" => resources.map(|arn| secret(template, arn)).collect(),
        "kms:Decrypt" | "kms:GenerateDataKey" => {
            let secrets = &statement["Condition"]["ArnLike"]["kms:EncryptionContext:SecretARN"];
            let secrets = texts(secrets).into_iter();
            secrets.map(|arn| secret(template, arn)).collect()
        }
        _ => vec![String::new()],
    }
}

/// The first part of an object's key.
fn prefix(arn: &str) -> String {
    let prefix = arn.split('/').nth(1);
    prefix.unwrap_or_else(|| panic!("{arn}")).to_owned()
}

/// The logical id of the resource with an ARN.
fn id(template: &Template, kind: &str, arn: &str) -> String {
    let ids = template.of_type(kind).unwrap().into_iter();
    let mut named = ids.filter(|id| template.arn(id).unwrap() == arn);
    named
        .next()
        .unwrap_or_else(|| panic!("no {kind} {arn}"))
        .to_owned()
}

/// Which kind of secret an ARN means.
fn secret(template: &Template, arn: &str) -> String {
    let kind = match arn {
        arn if arn == template.arn("FingerprintKey").unwrap() => "fingerprint",
        arn if arn.ends_with(":secret:genesys/*") => "client",
        arn if arn.ends_with(":secret:genesys-credentials/*") => "credential",
        arn => panic!("which secret is {arn}?"),
    };
    kind.to_owned()
}
