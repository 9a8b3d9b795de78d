//! "IAM JSON policy elements: Condition operators" and "Creating a condition with multiple keys or values".

use super::*;

/// Whether a statement with these conditions applies.
fn holds(conditions: Value, context: Context) -> Result<bool, PolicyError> {
    let ada = user("Ada")?;
    let policy = [identity(
        json!({"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": conditions}),
    )?];
    let question = Question::of(&ada).with(context);
    Ok(question.under("s3:GetObject", "*", &policy)?.is_allowed())
}

fn with(key: &str, value: &str) -> Result<Context, PolicyError> {
    Context::over_tls().with(key, value)
}

fn attributes(names: &[&str]) -> Result<Context, PolicyError> {
    Context::over_tls().with_all("dynamodb:Attributes", names.iter().copied())
}

#[test]
fn text_is_compared_exactly_without_case_or_by_wildcards() -> Outcome {
    let key = "aws:PrincipalTag/job";
    for (operator, written, actual, expected) in [
        ("StringEquals", "admin", "admin", true),
        ("StringEquals", "admin", "Admin", false),
        ("StringEquals", "adm*", "admin", false),
        ("StringEquals", "adm*", "adm*", true),
        ("StringNotEquals", "admin", "Admin", true),
        ("StringEqualsIgnoreCase", "ADMIN", "Admin", true),
        ("StringEqualsIgnoreCase", "a*", "Admin", false),
        ("StringNotEqualsIgnoreCase", "ADMIN", "Admin", false),
        ("StringLike", "adm*", "admin", true),
        ("StringLike", "adm??", "admin", true),
        ("StringLike", "adm*", "Admin", false),
        ("StringLike", "adm", "admin", false),
        ("StringNotLike", "adm*", "admin", false),
        ("StringNotLike", "adm*", "user", true),
    ] {
        let found = holds(json!({operator: {key: written}}), with(key, actual)?)?;
        assert_eq!(found, expected, "{operator} {written} {actual}");
    }
    Ok(())
}

/// "Important", at the top of the page: an absent key matches nothing, and so a negated operator holds.
#[test]
fn an_absent_key_matches_nothing() -> Outcome {
    for (operator, expected) in [
        ("StringEquals", false),
        ("StringLike", false),
        ("ArnLike", false),
        ("StringNotEquals", true),
        ("StringNotLike", true),
        ("ArnNotLike", true),
        ("StringEqualsIfExists", true),
        ("StringNotEqualsIfExists", true),
        ("ArnLikeIfExists", true),
    ] {
        let conditions = json!({operator: {"aws:SourceArn": "arn:aws:sns:us-east-1:1:topic"}});
        let found = holds(conditions, Context::over_tls())?;
        assert_eq!(found, expected, "{operator}");
    }
    Ok(())
}

/// "...IfExists": instances of three families, and resources that are no instances.
#[test]
fn if_exists_compares_a_key_that_is_there_and_takes_one_that_is_not() -> Outcome {
    let conditions = json!({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}});
    let kind = |name: &str| with("ec2:InstanceType", name);
    assert!(holds(conditions.clone(), kind("t2.micro")?)?);
    assert!(!holds(conditions.clone(), kind("x1.large")?)?);
    assert!(holds(conditions, Context::over_tls())?);
    let strict = json!({"StringLike": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}});
    assert!(!holds(strict, Context::over_tls())?);
    Ok(())
}

/// "Amazon Resource Name (ARN) condition operators": the pattern that a string operator takes and these do not.
#[test]
fn arns_are_compared_part_by_part() -> Outcome {
    let pattern = "arn:aws:someservice:*:111122223333:finance/*";
    let crossing =
        "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt";
    let plain = "arn:aws:someservice:us-east-2:111122223333:finance/document.txt";
    let key = "aws:SourceArn";
    assert!(holds(
        json!({"StringLike": {key: pattern}}),
        with(key, crossing)?
    )?);
    for operator in ["ArnLike", "ArnEquals"] {
        let conditions = json!({operator: {key: pattern}});
        assert!(
            !holds(conditions.clone(), with(key, crossing)?)?,
            "{operator}"
        );
        assert!(holds(conditions, with(key, plain)?)?, "{operator}");
    }
    for operator in ["ArnNotLike", "ArnNotEquals"] {
        let conditions = json!({operator: {key: pattern}});
        assert!(
            holds(conditions.clone(), with(key, crossing)?)?,
            "{operator}"
        );
        assert!(!holds(conditions, with(key, plain)?)?, "{operator}");
    }
    assert!(!holds(
        json!({"ArnLike": {key: pattern}}),
        with(key, "finance")?
    )?);
    Ok(())
}

/// "Boolean condition operators": requests that are not encrypted.
#[test]
fn requests_without_tls_differ_from_those_with_it() -> Outcome {
    let conditions = json!({"Bool": {"aws:SecureTransport": "false"}});
    assert!(holds(conditions.clone(), Context::without_tls())?);
    assert!(!holds(conditions, Context::over_tls())?);
    // Quotation marks are optional ("Grammar of the IAM JSON policy language").
    let unquoted = json!({"Bool": {"aws:SecureTransport": true}});
    assert!(holds(unquoted, Context::over_tls())?);
    Ok(())
}

/// "Condition operator to check existence of condition keys".
#[test]
fn null_asks_whether_a_key_is_absent() -> Outcome {
    let temporary = with("aws:TokenIssueTime", "2026-11-27T12:00:00Z")?;
    let long_lived = json!({"Null": {"aws:TokenIssueTime": "true"}});
    assert!(holds(long_lived.clone(), Context::over_tls())?);
    assert!(!holds(long_lived, temporary.clone())?);
    let session = json!({"Null": {"aws:TokenIssueTime": "false"}});
    assert!(holds(session.clone(), temporary)?);
    assert!(!holds(session, Context::over_tls())?);
    Ok(())
}

/// "Evaluation logic for conditions with multiple keys or values", the block with two operators and three keys.
#[test]
fn operators_and_keys_are_joined_by_and_and_values_by_or() -> Outcome {
    let conditions = json!({
        "StringEqualsIgnoreCase": {
            "aws:PrincipalTag/department": ["finance", "hr"],
            "aws:PrincipalTag/role": ["audit", "security"],
        },
        "StringEquals": {"aws:PrincipalAccount": ACCOUNT},
    });
    let tags = |department: &str, role: &str| {
        with("aws:PrincipalTag/department", department)?.with("aws:PrincipalTag/role", role)
    };
    assert!(holds(conditions.clone(), tags("HR", "audit")?)?);
    assert!(!holds(conditions.clone(), tags("legal", "audit")?)?);
    assert!(!holds(conditions.clone(), tags("hr", "sales")?)?);
    assert!(!holds(
        conditions,
        with("aws:PrincipalTag/department", "hr")?
    )?);
    Ok(())
}

/// The same page's note: several values of a negated operator work like `AND`.
#[test]
fn a_negated_operator_holds_where_none_of_its_values_matches() -> Outcome {
    let key = "aws:PrincipalTag/team";
    let conditions = json!({"StringNotEquals": {key: ["red", "blue"]}});
    assert!(!holds(conditions.clone(), with(key, "red")?)?);
    assert!(!holds(conditions.clone(), with(key, "blue")?)?);
    assert!(holds(conditions, with(key, "green")?)?);
    Ok(())
}

/// "Examples of using multiple values with condition set operators": attributes that may be read.
#[test]
fn for_all_values_every_value_of_the_request_is_listed() -> Outcome {
    let conditions =
        json!({"ForAllValues:StringEquals": {"dynamodb:Attributes": ["ID", "Message", "Tags"]}});
    assert!(holds(
        conditions.clone(),
        attributes(&["Message", "Tags", "ID"])?
    )?);
    assert!(!holds(
        conditions.clone(),
        attributes(&["Message", "UserName"])?
    )?);
    // "It also returns true if there are no keys in the request", or an empty text alone.
    assert!(holds(conditions.clone(), Context::over_tls())?);
    assert!(holds(conditions.clone(), attributes(&[])?)?);
    assert!(holds(conditions, attributes(&[""])?)?);
    Ok(())
}

/// The same section: attributes that may not be written.
#[test]
fn for_any_value_one_value_of_the_request_is_listed() -> Outcome {
    let conditions =
        json!({"ForAnyValue:StringEquals": {"dynamodb:Attributes": ["ID", "PostDateTime"]}});
    let asked = attributes(&["UserName", "Message", "PostDateTime"])?;
    assert!(holds(conditions.clone(), asked)?);
    assert!(!holds(conditions.clone(), attributes(&["UserName"])?)?);
    assert!(!holds(conditions.clone(), attributes(&[])?)?);
    assert!(!holds(conditions, Context::over_tls())?);
    Ok(())
}

/// "AWS global condition context keys", `aws:TagKeys`, and our own rule: only our tags.
#[test]
fn patterns_of_tag_keys_go_with_sets() -> Outcome {
    let conditions = json!({"ForAllValues:StringLike": {"aws:TagKeys": "lockstep:*"}});
    let keys = |keys: &[&str]| Context::over_tls().with_all("aws:TagKeys", keys.iter().copied());
    assert!(holds(
        conditions.clone(),
        keys(&["lockstep:stack", "lockstep:key"])?
    )?);
    assert!(!holds(conditions, keys(&["lockstep:stack", "team"])?)?);
    Ok(())
}
