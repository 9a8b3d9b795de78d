//! The elements Action, NotAction, Resource and NotResource, each by its page.

use super::*;

fn allows(statement: Value, action: &str, on: &str) -> Result<bool, PolicyError> {
    let ada = user("Ada")?;
    let policy = [identity(statement)?];
    Ok(Question::of(&ada).under(action, on, &policy)?.is_allowed())
}

fn covers(resource: &str, on: &str) -> Result<bool, PolicyError> {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource});
    allows(statement, "s3:GetObject", on)
}

/// "IAM JSON policy elements: Action": names are case-insensitive, and wildcards stand for parts of them.
#[test]
fn actions_are_compared_without_case_and_with_wildcards() -> Outcome {
    let allow = |action: Value| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    for (written, asked, expected) in [
        (json!("iam:ListAccessKeys"), "IAM:listaccesskeys", true),
        (json!("iam:*AccessKey*"), "iam:UpdateAccessKey", true),
        (json!("iam:*AccessKey*"), "iam:CreateUser", false),
        (json!("s3:*"), "s3:GetObject", true),
        (json!("s3:*"), "s3express:CreateSession", false),
        (json!(["s3:Get*", "s3:List*"]), "s3:PutObject", false),
        (json!("*"), "kms:Decrypt", true),
    ] {
        let found = allows(allow(written.clone()), asked, "*")?;
        assert_eq!(found, expected, "{written} and {asked}");
    }
    Ok(())
}

/// "IAM JSON policy elements: NotAction": all of S3 that has a resource, but deleting a bucket.
#[test]
fn not_action_is_every_action_but_those_on_the_resources_of_the_statement() -> Outcome {
    let statement = json!({"Effect": "Allow", "NotAction": "s3:DeleteBucket",
        "Resource": "arn:aws:s3:::*"});
    let on = "arn:aws:s3:::reports";
    assert!(allows(statement.clone(), "s3:ListBucket", on)?);
    assert!(!allows(statement.clone(), "s3:DeleteBucket", on)?);
    assert!(!allows(statement.clone(), "s3:ListAllMyBuckets", "*")?);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/app");
    assert!(!allows(statement, "iam:GetRole", &role)?);
    let but_iam = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
    assert!(allows(but_iam.clone(), "s3:DeleteBucket", on)?);
    assert!(!allows(but_iam, "iam:GetRole", &role)?);
    Ok(())
}

/// "IAM JSON policy elements: NotResource": a group that may see one folder of one bucket only.
#[test]
fn not_resource_is_every_resource_but_those() -> Outcome {
    let hr = user("Hans")?;
    let policies = [
        identity(everything())?,
        identity(
            json!({"Sid": "PayrollOnly", "Effect": "Deny", "Action": "s3:*",
            "NotResource": ["arn:aws:s3:::hr/payroll", "arn:aws:s3:::hr/payroll/*"]}),
        )?,
    ];
    let ask = |on: &str| Question::of(&hr).under("s3:GetObject", on, &policies);
    assert_eq!(ask("arn:aws:s3:::hr/payroll/june")?, Decision::Allowed);
    let denied = denied_by(PolicyKind::Identity, "PayrollOnly");
    assert_eq!(ask("arn:aws:s3:::hr/other")?, denied);
    assert_eq!(ask("*")?, denied);
    Ok(())
}

/// "IAM JSON policy elements: Resource", the list of objects under a pattern with two asterisks.
#[test]
fn an_asterisk_expands_over_everything_within_a_segment() -> Outcome {
    let pattern = "arn:aws:s3:::bucket/*/test/*";
    for key in [
        "1/test/object.jpg",
        "1/2/test/object.jpg",
        "1/2/test/3/object.jpg",
        "1/2/3/test/4/object.jpg",
        "1///test///object.jpg",
        "1/test/.jpg",
        "/test/object.jpg",
        "1/test/",
    ] {
        let on = format!("arn:aws:s3:::bucket/{key}");
        assert!(covers(pattern, &on)?, "{key}");
    }
    for key in ["1-test/object.jpg", "test/object.jpg", "1/2/test.jpg"] {
        let on = format!("arn:aws:s3:::bucket/{key}");
        assert!(!covers(pattern, &on)?, "{key}");
    }
    Ok(())
}

/// The same page: wildcards are "within ARN segments (the parts separated by colons)".
#[test]
fn an_asterisk_crosses_no_colon_but_those_of_the_last_segment() -> Outcome {
    let function =
        |region: &str, name: &str| format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}");
    let pattern = function("*", "orders-*");
    assert!(covers(
        &pattern,
        &function("eu-central-1", "orders-lookup")
    )?);
    assert!(covers(
        &pattern,
        &function("eu-central-1", "orders-lookup:live")
    )?);
    assert!(!covers(&pattern, &function("eu-central-1", "payments"))?);
    let strange = format!("arn:aws:lambda:us-east-1:{OTHER_ACCOUNT}:x:{ACCOUNT}:function:orders-1");
    assert!(!covers(&pattern, &strange)?);
    assert!(covers("arn:aws:s3:::a?c", "arn:aws:s3:::abc")?);
    assert!(!covers("arn:aws:s3:::a?c", "arn:aws:s3:::ac")?);
    Ok(())
}

/// An action without resources is allowed by `*` alone ("Resource", note on services without resources).
#[test]
fn an_action_without_resources_needs_all_of_them() -> Outcome {
    let one =
        json!({"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "arn:aws:sqs:*:*:*"});
    assert!(!allows(one, "sqs:ListQueues", "*")?);
    assert!(allows(everything(), "sqs:ListQueues", "*")?);
    Ok(())
}
