//! "IAM policy elements: Variables and tags".

use super::*;

fn decide(
    policy: &Value,
    who: &Principal,
    on: &str,
    context: Context,
) -> Result<bool, PolicyError> {
    let policy = [IdentityPolicy::of(policy)?];
    let question = Question::of(who).with(context);
    Ok(question.under("s3:GetObject", on, &policy)?.is_allowed())
}

fn on(resource: &str) -> Value {
    current(json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}))
}

/// "Resource element": each user's own folder.
#[test]
fn a_users_name_is_literal_in_a_resource() -> Outcome {
    let policy = on("arn:aws:s3:::homes/${aws:username}/*");
    let david = user("David")?;
    let ask = |who: &Principal, key: &str| {
        let on = format!("arn:aws:s3:::homes/{key}");
        decide(&policy, who, &on, Context::over_tls())
    };
    assert!(ask(&david, "David/notes")?);
    assert!(!ask(&david, "Adele/notes")?);
    // A role's session has no user name: the resource matches nothing ("Policy variables with no value").
    assert!(!ask(&session("app")?, "/notes")?);
    Ok(())
}

/// "IAM JSON policy elements: Version": before 2012-10-17 a variable is plain text.
#[test]
fn the_older_language_has_no_variables() -> Outcome {
    let policy = json!({"Version": "2008-10-17", "Statement": {"Effect": "Allow",
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::homes/${aws:username}/*"}});
    let david = user("David")?;
    let ask = |key: &str| {
        let on = format!("arn:aws:s3:::homes/{key}");
        decide(&policy, &david, &on, Context::over_tls())
    };
    assert!(!ask("David/notes")?);
    assert!(ask("${aws:username}/notes")?);
    Ok(())
}

/// "Specifying default values": a team's bucket, or the company's.
#[test]
fn a_default_takes_the_place_of_an_absent_value() -> Outcome {
    let policy = on("arn:aws:s3:::files-${aws:PrincipalTag/team, 'company-wide'}");
    let david = user("David")?;
    let yellow = || Context::over_tls().with("aws:PrincipalTag/team", "yellow");
    let ask = |name: &str, context| {
        decide(
            &policy,
            &david,
            &format!("arn:aws:s3:::files-{name}"),
            context,
        )
    };
    assert!(ask("yellow", yellow()?)?);
    assert!(!ask("company-wide", yellow()?)?);
    assert!(ask("company-wide", Context::over_tls())?);
    Ok(())
}

/// "Special characters".
#[test]
fn special_characters_are_written_as_variables() -> Outcome {
    let david = user("David")?;
    let ask = |pattern: &str, key: &str| {
        let on = format!("arn:aws:s3:::b/{key}");
        decide(&self::on(pattern), &david, &on, Context::over_tls())
    };
    assert!(ask("arn:aws:s3:::b/${*}", "*")?);
    assert!(!ask("arn:aws:s3:::b/${*}", "anything")?);
    assert!(ask("arn:aws:s3:::b/${?}*", "?x")?);
    assert!(!ask("arn:aws:s3:::b/${?}*", "yx")?);
    assert!(ask("arn:aws:s3:::b/${$}", "$")?);
    Ok(())
}

/// Why: whoever chooses a tag's value would otherwise choose a pattern.
#[test]
fn a_value_is_never_a_pattern() -> Outcome {
    let policy = on("arn:aws:s3:::files/${aws:PrincipalTag/team}/*");
    let david = user("David")?;
    let star = Context::over_tls().with("aws:PrincipalTag/team", "*")?;
    assert!(!decide(
        &policy,
        &david,
        "arn:aws:s3:::files/red/a",
        star.clone()
    )?);
    assert!(decide(&policy, &david, "arn:aws:s3:::files/*/a", star)?);
    Ok(())
}

/// "Policy variables with no value": objects of another team, and callers without one.
#[test]
fn an_absent_value_equals_nothing_and_a_negated_operator_holds() -> Outcome {
    let david = user("David")?;
    let policy = |operator: &str| {
        current(
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
            "Condition": {operator: {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}}}),
        )
    };
    let object = Context::over_tls().with("s3:ExistingObjectTag/Team", "red")?;
    let same = object.clone().with("aws:PrincipalTag/Team", "red")?;
    let other = object.clone().with("aws:PrincipalTag/Team", "blue")?;
    for (operator, of_same, of_other, of_absent) in [
        ("StringEquals", true, false, false),
        ("StringLike", true, false, false),
        ("StringNotEquals", false, true, true),
    ] {
        let ask = |context: &Context| {
            decide(
                &policy(operator),
                &david,
                "arn:aws:s3:::b/a",
                context.clone(),
            )
        };
        let found = (ask(&same)?, ask(&other)?, ask(&object)?);
        assert_eq!(found, (of_same, of_other, of_absent), "{operator}");
    }
    Ok(())
}

/// "Condition element": variables go with ARN operators as well.
#[test]
fn variables_are_filled_in_arns_of_conditions() -> Outcome {
    let david = user("David")?;
    let policy = current(
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::${aws:username}-*"}}}),
    );
    let from = |source: &str| Context::over_tls().with("aws:SourceArn", source);
    let ask = |context| decide(&policy, &david, "arn:aws:s3:::b/a", context);
    assert!(ask(from("arn:aws:s3:::David-in")?)?);
    assert!(!ask(from("arn:aws:s3:::Adele-in")?)?);
    Ok(())
}
