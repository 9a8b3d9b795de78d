//! What a function's services can do is what its IAM policy allows: no less, and no more.
//!
//! What they can do is read from the source: the fields of its struct in `services.rs`, and the calls
//! that the adapters of these types make. So neither a list nor a comment can be out of date.

mod code;
mod policy;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use self::code::Core;
use self::policy::allowed;
use crate::template::template;

/// What Lambda does in a function's name: it writes the log, and receives from the function's queue
/// (AWS Lambda developer guide, "Using Lambda with Amazon SQS", execution role permissions).
const BY_LAMBDA: [&str; 4] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:ReceiveMessage",
];

static CORE: LazyLock<Core> = LazyLock::new(Core::read);

/// The functions' structs, and their roles in the template.
const FUNCTIONS: [(&str, &str); 5] = [
    ("Provision", "ProvisionRoleRole"),
    ("Rebind", "RebindActionRole"),
    ("Verify", "VerifyChangeRole"),
    ("Compliance", "CheckComplianceRole"),
    ("Rotate", "RotateClientRole"),
];

/// What services do that the policy does not allow, and what it allows that they don't do.
fn differences(services: &str, role: &str) -> (Vec<String>, Vec<String>) {
    let (used, mut allowed) = (CORE.uses(services), allowed(&template(), role));
    for by_lambda in BY_LAMBDA {
        allowed.remove(by_lambda);
    }
    // It also looks at that queue, which has the function's name.
    allowed.remove(&format!("sqs:GetQueueAttributes {services}Queue"));
    let beyond =
        |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect();
    (beyond(&used, &allowed), beyond(&allowed, &used))
}

#[test]
fn each_function_reaches_what_its_policy_allows_and_its_policy_allows_no_more() {
    let mut wrong = Vec::new();
    for (services, role) in FUNCTIONS {
        let (forbidden, unused) = differences(services, role);
        let forbidden = forbidden.into_iter();
        wrong.extend(forbidden.map(|what| format!("{services} uses {what}, {role} lacks it")));
        let unused = unused.into_iter();
        wrong.extend(unused.map(|what| format!("{role} allows {what}, {services} never uses it")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// So that the rule above can fail: with another function's policy it does, in both directions.
#[test]
fn services_do_not_fit_the_policy_of_another_function() {
    let (forbidden, unused) = differences("Provision", "VerifyChangeRole");
    let has = |list: &[String], what: &str| list.iter().any(|one| one == what);
    for (what, list) in [
        ("iam:PutRolePolicy", &forbidden),
        ("s3:PutObject accepted", &forbidden),
        ("s3:ListBucket ManifestBucket", &forbidden),
        ("sqs:SendMessage RebindQueue", &forbidden),
        ("s3:PutObject evidence", &unused),
        ("secretsmanager:GetSecretValue client", &unused),
        ("kms:Decrypt client", &unused),
    ] {
        assert!(has(list, what), "{what}: {forbidden:?} {unused:?}");
    }
    let both = ["iam:GetRole", "secretsmanager:DescribeSecret"];
    for what in both {
        assert!(!has(&forbidden, what) && !has(&unused, what), "{what}");
    }
}
