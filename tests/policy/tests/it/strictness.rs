//! What IAM refuses is refused as malformed, and what is not evaluated here as unsupported: nothing is guessed.

use super::*;

fn refused<T: std::fmt::Debug>(read: Result<T, PolicyError>) -> &'static str {
    match read {
        Ok(_) => "read",
        Err(PolicyError::Malformed(_)) => "malformed",
        Err(PolicyError::Unsupported(_)) => "unsupported",
    }
}

/// A statement that is fine, with members replaced; `null` takes one away.
fn changed(statement: &Value, changes: &Value) -> Value {
    let mut statement = statement.clone();
    for (name, value) in changes.as_object().into_iter().flatten() {
        match (statement.as_object_mut(), value) {
            (Some(members), Value::Null) => drop(members.remove(name)),
            (Some(members), value) => drop(members.insert(name.clone(), value.clone())),
            (None, _) => {}
        }
    }
    statement
}

#[test]
fn an_identity_policy_has_the_elements_of_the_grammar() {
    let fine = json!({"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*"});
    for (changes, expected) in [
        (json!({}), "read"),
        (json!({"Sid": null}), "read"),
        (json!({"Sid": "with space"}), "malformed"),
        (json!({"Effect": null}), "malformed"),
        (json!({"Effect": "allow"}), "malformed"),
        (json!({"Action": null}), "malformed"),
        (json!({"Action": []}), "malformed"),
        (json!({"Action": "GetObject"}), "malformed"),
        (json!({"Action": "s3:"}), "malformed"),
        (json!({"Action": "*:GetObject"}), "unsupported"),
        (json!({"NotAction": "s3:GetObject"}), "malformed"),
        (json!({"Resource": null}), "malformed"),
        (json!({"Resource": []}), "malformed"),
        (json!({"Resource": "b/*"}), "malformed"),
        (json!({"Resource": "arn:aws:*:::b"}), "malformed"),
        (
            json!({"Resource": "arn:aws:s3:::b/${aws:username"}),
            "malformed",
        ),
        (
            json!({"Resource": "arn:aws:s3::${aws:username}:b"}),
            "malformed",
        ),
        (
            json!({"Resource": "arn:aws:s3:::b/${aws:TagKeys}"}),
            "malformed",
        ),
        (
            json!({"Resource": "arn:aws:s3:::b/${aws:Unheard}"}),
            "unsupported",
        ),
        (json!({"Principal": "*"}), "malformed"),
        (json!({"Colour": "blue"}), "malformed"),
    ] {
        let statement = changed(&fine, &changes);
        assert_eq!(refused(identity(statement)), expected, "{changes}");
    }
}

#[test]
fn a_document_has_a_known_version_and_statements() {
    let one = everything();
    for (document, expected) in [
        (json!({"Statement": one}), "read"),
        (json!({"Version": "2008-10-17", "Statement": [one]}), "read"),
        (
            json!({"Version": "2026-01-01", "Statement": [one]}),
            "malformed",
        ),
        (json!({"Version": "2012-10-17"}), "malformed"),
        (
            json!({"Version": "2012-10-17", "Statement": []}),
            "unsupported",
        ),
        (
            json!({"Version": "2012-10-17", "Statement": ["x"]}),
            "malformed",
        ),
        (json!({"Id": "x", "Statement": [one]}), "malformed"),
        (json!([one]), "malformed"),
    ] {
        assert_eq!(
            refused(IdentityPolicy::of(&document)),
            expected,
            "{document}"
        );
    }
    let twice = json!([{"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"}]);
    assert_eq!(refused(IdentityPolicy::of(&current(twice))), "malformed");
}

/// "Individual elements must not contain multiple instances of the same key" (Grammar).
#[test]
fn an_element_appears_once() {
    let text =
        r#"{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    assert_eq!(refused(IdentityPolicy::parse(text)), "malformed");
    assert_eq!(
        refused(IdentityPolicy::parse(&text.replacen(
            r#""Effect": "Deny", "#,
            "",
            1
        ))),
        "read"
    );
    assert_eq!(refused(IdentityPolicy::parse("{")), "malformed");
}

#[test]
fn policies_of_resources_and_roles_name_principals() {
    let fine =
        json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"});
    for (changes, of_resource, of_role) in [
        (json!({}), "malformed", "read"),
        (json!({"Resource": "*"}), "read", "malformed"),
        (
            json!({"Principal": null, "Resource": "*"}),
            "malformed",
            "malformed",
        ),
        (json!({"Principal": "Ada"}), "malformed", "malformed"),
        (json!({"Principal": {}}), "malformed", "malformed"),
        (json!({"Principal": {"AWS": []}}), "malformed", "malformed"),
        (
            json!({"Principal": {"AWS": "arn:aws:iam::123456789012:role/*"}}),
            "malformed",
            "malformed",
        ),
        (
            json!({"Principal": {"Person": "Ada"}}),
            "malformed",
            "malformed",
        ),
        (
            json!({"Principal": {"Federated": "www.amazon.com"}}),
            "unsupported",
            "unsupported",
        ),
        (
            json!({"Principal": null, "NotPrincipal": {"AWS": ACCOUNT}}),
            "unsupported",
            "unsupported",
        ),
    ] {
        let statement = current(changed(&fine, &changes));
        assert_eq!(
            refused(ResourcePolicy::of(&statement)),
            of_resource,
            "{changes}"
        );
        assert_eq!(refused(TrustPolicy::of(&statement)), of_role, "{changes}");
    }
}

#[test]
fn a_condition_has_known_operators_and_keys_that_fit_each_other() {
    for (conditions, expected) in [
        (
            json!({"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
            "read",
        ),
        (
            json!({"stringequals": {"aws:SourceAccount": ACCOUNT}}),
            "malformed",
        ),
        (
            json!({"StringMatches": {"aws:SourceAccount": ACCOUNT}}),
            "malformed",
        ),
        (
            json!({"ForSome:StringEquals": {"aws:TagKeys": "a"}}),
            "malformed",
        ),
        (
            json!({"NullIfExists": {"aws:SourceAccount": "true"}}),
            "malformed",
        ),
        (
            json!({"DateGreaterThan": {"aws:TokenIssueTime": "2026-01-01"}}),
            "unsupported",
        ),
        (
            json!({"NumericLessThan": {"s3:max-keys": 10}}),
            "unsupported",
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            "unsupported",
        ),
        (json!({"StringEquals": {"aws:Unheard": "x"}}), "unsupported"),
        (
            json!({"StringEquals": {"aws:PrincipalTag/": "x"}}),
            "unsupported",
        ),
        (
            json!({"StringEquals": {"aws:SecureTransport": "true"}}),
            "unsupported",
        ),
        (
            json!({"Bool": {"aws:SourceAccount": "true"}}),
            "unsupported",
        ),
        (json!({"StringEquals": {"aws:TagKeys": "a"}}), "unsupported"),
        (
            json!({"ForAllValues:StringEquals": {"aws:SourceAccount": "1"}}),
            "unsupported",
        ),
        (json!({"ArnLike": {"aws:SourceArn": "*"}}), "unsupported"),
        (
            json!({"StringEquals": {"aws:SourceAccount": []}}),
            "unsupported",
        ),
        (
            json!({"StringEquals": {"aws:SourceAccount": {"a": "b"}}}),
            "malformed",
        ),
        (json!({"StringEquals": "x"}), "malformed"),
        (json!([]), "malformed"),
    ] {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": conditions});
        assert_eq!(refused(identity(statement)), expected, "{conditions}");
    }
}

/// What follows from the request is nobody's to say: a test that sets it would prove nothing.
#[test]
fn a_context_holds_known_keys_and_none_that_follows_from_the_request() {
    let context = Context::over_tls;
    assert_eq!(
        refused(context().with("aws:PrincipalArn", "x")),
        "unsupported"
    );
    assert_eq!(
        refused(context().with("aws:SecureTransport", "false")),
        "unsupported"
    );
    assert_eq!(refused(context().with("aws:TagKeys", "a")), "unsupported");
    assert_eq!(
        refused(context().with_all("s3:prefix", ["a"])),
        "unsupported"
    );
    assert_eq!(refused(context().with("aws:Unheard", "a")), "unsupported");
    assert_eq!(refused(context().with("STS:externalid", "a")), "read");
}

/// A service gives more keys than policies here can name; those that it says of the caller are the request's anyway.
#[test]
fn of_a_services_keys_those_are_gathered_that_a_policy_can_name() -> Outcome {
    let one = |value: &str| vec![value.to_owned()];
    let keys = [
        ("aws:SecureTransport", one("false")),
        (
            "aws:PrincipalArn",
            one("arn:aws:iam::123456789012:role/forged"),
        ),
        ("s3:max-keys", one("10")),
        ("S3:Prefix", one("state/")),
        ("aws:TagKeys", vec!["a".to_owned(), "b".to_owned()]),
    ];
    let gathered = Context::gather(keys.iter().map(|(key, values)| (*key, values.as_slice())))?;
    let expected = Context::without_tls().with("s3:prefix", "state/")?;
    assert_eq!(gathered, expected.with_all("aws:TagKeys", ["a", "b"])?);
    let two = [("s3:prefix", vec![String::new(), String::new()])];
    let gathered = Context::gather(two.iter().map(|(key, values)| (*key, values.as_slice())));
    assert_eq!(refused(gathered), "unsupported");
    Ok(())
}

#[test]
fn an_arn_of_a_request_has_its_six_parts() {
    for text in [
        "",
        "*",
        "arn:aws:s3",
        "arn:aws:s3:::",
        "urn:aws:s3:::b",
        "arn::s3:::b",
    ] {
        assert_eq!(refused(Arn::parse(text)), "unsupported", "{text}");
    }
}
