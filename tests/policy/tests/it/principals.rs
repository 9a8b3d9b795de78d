//! "AWS JSON policy elements: Principal", trust policies, and services.

use super::*;

fn assume(who: &Principal, trust: &TrustPolicy, context: Context) -> Result<Decision, PolicyError> {
    let policies = Policies {
        identity: &[identity(everything())?],
        boundary: None,
        resource: OnResource::Trust(trust),
    };
    let question = Question::of(who).with(context);
    question.decide(
        "sts:AssumeRole",
        &format!("arn:aws:iam::{ACCOUNT}:role/Genesys"),
        &policies,
    )
}

fn genesys() -> Result<Principal, PolicyError> {
    Arn::parse(&format!("arn:aws:iam::{OTHER_ACCOUNT}:user/service")).map(Principal::User)
}

/// "How to use an external ID when granting access to your AWS resources to a third party".
#[test]
fn a_third_party_assumes_the_role_with_its_external_id_only() -> Outcome {
    let trust = TrustPolicy::of(&current(json!({"Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{OTHER_ACCOUNT}:root")},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "12345"}}})))?;
    let with = |id: &str| Context::over_tls().with("sts:ExternalId", id);
    let refused = Decision::ImplicitDeny(PolicyKind::Resource);
    assert_eq!(
        assume(&genesys()?, &trust, with("12345")?)?,
        Decision::Allowed
    );
    assert_eq!(assume(&genesys()?, &trust, with("12346")?)?, refused);
    assert_eq!(assume(&genesys()?, &trust, Context::over_tls())?, refused);
    let own = session("app")?;
    assert_eq!(assume(&own, &trust, with("12345")?)?, refused);
    Ok(())
}

/// The account's number and the ARN of its root "behave the same way".
#[test]
fn an_account_is_named_by_its_number_or_by_its_root() -> Outcome {
    for id in [
        OTHER_ACCOUNT.to_owned(),
        format!("arn:aws:iam::{OTHER_ACCOUNT}:root"),
    ] {
        let trust = TrustPolicy::of(&current(json!({"Effect": "Allow",
            "Principal": {"AWS": [id, ACCOUNT]}, "Action": "sts:AssumeRole"})))?;
        for who in [genesys()?, session("app")?] {
            assert_eq!(
                assume(&who, &trust, Context::over_tls())?,
                Decision::Allowed,
                "{who:?}"
            );
        }
    }
    Ok(())
}

/// Step 3 of the evaluation logic: without its trust policy nobody assumes a role, whatever their own policies say.
#[test]
fn a_role_is_assumed_by_nobody_whom_its_trust_policy_does_not_name() -> Outcome {
    let trust = TrustPolicy::of(&current(json!({"Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})))?;
    let refused = Decision::ImplicitDeny(PolicyKind::Resource);
    for who in [
        genesys()?,
        session("app")?,
        user("Ada")?,
        Principal::Service("events.amazonaws.com".to_owned()),
    ] {
        assert_eq!(
            assume(&who, &trust, Context::over_tls())?,
            refused,
            "{who:?}"
        );
    }
    let lambda = Principal::Service("lambda.amazonaws.com".to_owned());
    assert_eq!(
        assume(&lambda, &trust, Context::over_tls())?,
        Decision::Allowed
    );
    Ok(())
}

/// "IAM JSON policy elements: Condition operators", ARN operators: a queue that takes messages for one source.
#[test]
fn a_service_sends_to_a_queue_for_the_sources_that_the_queue_names() -> Outcome {
    let queue = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:triggers");
    let rule = format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/rotated");
    let policy = on_resource(json!({"Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": [rule]}}}))?;
    let events = Principal::Service("events.amazonaws.com".to_owned());
    let send = |who: &Principal, source: Option<&str>| {
        let context = match source {
            Some(source) => Context::over_tls().with("aws:SourceArn", source)?,
            None => Context::over_tls(),
        };
        let policies = Policies {
            identity: &[],
            boundary: None,
            resource: OnResource::Policy(&policy),
        };
        Question::of(who)
            .with(context)
            .decide("sqs:SendMessage", &queue, &policies)
    };
    let refused = Decision::ImplicitDeny(PolicyKind::Resource);
    assert_eq!(send(&events, Some(&rule))?, Decision::Allowed);
    assert_eq!(send(&events, Some(&format!("{rule}-2")))?, refused);
    assert_eq!(send(&events, None)?, refused);
    let scheduler = Principal::Service("scheduler.amazonaws.com".to_owned());
    assert_eq!(send(&scheduler, Some(&rule))?, refused);
    Ok(())
}

/// "AWS global condition context keys", `aws:PrincipalArn`: the role, not the session.
#[test]
fn the_arn_of_a_sessions_principal_is_its_roles() -> Outcome {
    let lock = on_resource(json!({"Sid": "Owner", "Effect": "Deny", "Principal": "*",
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::state/*",
        "Condition": {"ArnNotEquals": {
            "aws:PrincipalArn": [format!("arn:aws:iam::{ACCOUNT}:role/writer")]}}}))?;
    let all = [identity(everything())?];
    let put = |who: &Principal| {
        let policies = Policies {
            identity: &all,
            boundary: None,
            resource: OnResource::Policy(&lock),
        };
        Question::of(who).decide("s3:PutObject", "arn:aws:s3:::state/a", &policies)
    };
    assert_eq!(put(&session("writer")?)?, Decision::Allowed);
    let locked = denied_by(PolicyKind::Resource, "Owner");
    let root = Arn::parse(&format!("arn:aws:iam::{ACCOUNT}:root"))?;
    for other in [session("writer-2")?, user("writer")?, Principal::Root(root)] {
        assert_eq!(put(&other)?, locked, "{other:?}");
    }
    // A service has no such ARN, so that a negated operator holds for it.
    let service = Principal::Service("logging.s3.amazonaws.com".to_owned());
    assert_eq!(put(&service)?, locked);
    Ok(())
}

/// "IAM identifiers": a session's ARN has the role's name without its path.
#[test]
fn a_session_of_a_role_with_a_path_goes_by_the_roles_name() -> Outcome {
    let who = session("ops/break-glass")?;
    let Principal::Session { role, session } = who else {
        return Err(PolicyError::Unsupported("not a session".to_owned()));
    };
    assert_eq!(
        session.as_str(),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/break-glass/one")
    );
    assert_eq!(
        role.as_str(),
        format!("arn:aws:iam::{ACCOUNT}:role/ops/break-glass")
    );
    assert!(Principal::session(&format!("arn:aws:iam::{ACCOUNT}:user/Ada"), "one").is_err());
    Ok(())
}
