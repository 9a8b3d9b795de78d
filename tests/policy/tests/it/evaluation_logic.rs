//! "How AWS enforcement code logic evaluates requests", "Policy evaluation for requests within a single account",
//! "Cross-account policy evaluation logic" and "Permissions boundaries for IAM entities".

use super::*;

const REPORT: &str = "arn:aws:s3:::reports/2026.csv";

#[test]
fn what_no_policy_allows_is_denied_implicitly() -> Outcome {
    let ada = user("Ada")?;
    let decision = Question::of(&ada).under("s3:GetObject", REPORT, &[])?;
    assert_eq!(decision, Decision::ImplicitDeny(PolicyKind::Identity));
    Ok(())
}

/// "The difference between explicit and implicit denies": reading is allowed, reports are denied, the rest is not
/// mentioned; another policy that allows everything changes the last only.
#[test]
fn an_explicit_deny_overrides_what_other_policies_allow() -> Outcome {
    let ada = user("Ada")?;
    let reader = IdentityPolicy::of(&json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Read", "Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"},
        {"Sid": "NoReports", "Effect": "Deny", "Action": "iam:*Report", "Resource": "*"},
    ]}))?;
    let alone = [reader.clone()];
    let widened = [reader, identity(everything())?];
    let ask =
        |action: &str, policies: &[IdentityPolicy]| Question::of(&ada).under(action, "*", policies);
    let denied = denied_by(PolicyKind::Identity, "NoReports");
    assert_eq!(ask("iam:GetUser", &alone)?, Decision::Allowed);
    assert_eq!(ask("iam:GetOrganizationsAccessReport", &alone)?, denied);
    assert_eq!(
        ask("iam:CreatePolicy", &alone)?,
        Decision::ImplicitDeny(PolicyKind::Identity)
    );
    assert_eq!(ask("iam:CreatePolicy", &widened)?, Decision::Allowed);
    assert_eq!(ask("iam:GenerateCredentialReport", &widened)?, denied);
    Ok(())
}

/// "Example identity-based and resource-based policy evaluation": a user's own bucket and buckets of logs.
#[test]
fn either_the_identitys_or_the_resources_policy_is_enough_within_one_account() -> Outcome {
    let carlos = user("carlos")?;
    let own = IdentityPolicy::of(&json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Own", "Effect": "Allow", "Action": "s3:*",
         "Resource": ["arn:aws:s3:::carlos/*", "arn:aws:s3:::carlos"]},
        {"Sid": "NoLogs", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::*log*"},
    ]}))?;
    let bucket = on_resource(json!({"Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:user/carlos")},
        "Action": "s3:*", "Resource": ["arn:aws:s3:::carlos/*", "arn:aws:s3:::carlos-logs/*"]}))?;
    let own = [own];
    let decide = |identity: &[IdentityPolicy], resource, on: &str| {
        let policies = Policies {
            identity,
            boundary: None,
            resource,
        };
        Question::of(&carlos).decide("s3:PutObject", on, &policies)
    };
    let file = "arn:aws:s3:::carlos/file";
    assert_eq!(decide(&own, OnResource::None, file)?, Decision::Allowed);
    assert_eq!(
        decide(&[], OnResource::Policy(&bucket), file)?,
        Decision::Allowed
    );
    assert_eq!(
        decide(
            &own,
            OnResource::Policy(&bucket),
            "arn:aws:s3:::carlos-logs/file"
        )?,
        denied_by(PolicyKind::Identity, "NoLogs")
    );
    Ok(())
}

/// "Permissions boundaries for IAM entities": the boundary grants nothing, and the policy nothing beyond it.
#[test]
fn what_is_allowed_is_in_the_policy_and_in_the_boundary() -> Outcome {
    let shirley = user("Shirley")?;
    let boundary =
        identity(json!({"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}))?;
    let decide = |statement: Value, action: &str| {
        let granted = [identity(statement)?];
        let policies = Policies {
            identity: &granted,
            boundary: Some(&boundary),
            resource: OnResource::None,
        };
        Question::of(&shirley).decide(action, "*", &policies)
    };
    let users = json!({"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"});
    assert_eq!(
        decide(users.clone(), "iam:CreateUser")?,
        Decision::ImplicitDeny(PolicyKind::Boundary)
    );
    assert_eq!(
        decide(users, "s3:ListAllMyBuckets")?,
        Decision::ImplicitDeny(PolicyKind::Identity)
    );
    assert_eq!(
        decide(everything(), "s3:ListAllMyBuckets")?,
        Decision::Allowed
    );
    Ok(())
}

#[test]
fn an_explicit_deny_of_the_boundary_overrides_everything() -> Outcome {
    let ada = user("Ada")?;
    let boundary = IdentityPolicy::of(&json!({"Version": "2012-10-17", "Statement": [
        everything(),
        {"Sid": "NoLogs", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*"},
    ]}))?;
    let open = on_resource(
        json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*",
        "Resource": "arn:aws:s3:::logs/*"}),
    )?;
    let policies = Policies {
        identity: &[identity(everything())?],
        boundary: Some(&boundary),
        resource: OnResource::Policy(&open),
    };
    let decision = Question::of(&ada).decide("s3:GetObject", "arn:aws:s3:::logs/a", &policies)?;
    assert_eq!(decision, denied_by(PolicyKind::Boundary, "NoLogs"));
    Ok(())
}

/// Evaluation logic, step 3: the more directly a resource's policy names the caller, the less the boundary limits it.
#[test]
fn a_boundary_limits_what_is_granted_to_a_role_and_not_what_is_granted_to_its_session() -> Outcome {
    let caller = session("app")?;
    let boundary = identity(json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}))?;
    let granted_to = |principal: Value| {
        let bucket = on_resource(json!({"Effect": "Allow", "Principal": principal,
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}))?;
        let decide = |boundary| {
            let policies = Policies {
                identity: &[],
                boundary,
                resource: OnResource::Policy(&bucket),
            };
            Question::of(&caller).decide("s3:GetObject", REPORT, &policies)
        };
        Ok::<_, PolicyError>((decide(None)?, decide(Some(&boundary))?))
    };
    let by_identity = Decision::ImplicitDeny(PolicyKind::Identity);
    let by_boundary = Decision::ImplicitDeny(PolicyKind::Boundary);
    assert_eq!(
        granted_to(json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:role/app")}))?,
        (Decision::Allowed, by_boundary)
    );
    assert_eq!(
        granted_to(json!({"AWS": format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/one")}))?,
        (Decision::Allowed, Decision::Allowed)
    );
    assert_eq!(
        granted_to(json!("*"))?,
        (Decision::Allowed, Decision::Allowed)
    );
    // "This delegates authority to the account": its identity policies decide.
    assert_eq!(
        granted_to(json!({"AWS": ACCOUNT}))?,
        (by_identity.clone(), by_identity)
    );
    Ok(())
}

/// A user who is named is not limited by the boundary ("Resource-based policies for IAM users").
#[test]
fn a_boundary_does_not_limit_what_a_resource_grants_to_a_user() -> Outcome {
    let ada = user("Ada")?;
    let boundary = identity(json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}))?;
    let bucket = on_resource(json!({"Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:user/Ada")},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}))?;
    let policies = Policies {
        identity: &[],
        boundary: Some(&boundary),
        resource: OnResource::Policy(&bucket),
    };
    let decision = Question::of(&ada).decide("s3:GetObject", REPORT, &policies)?;
    assert_eq!(decision, Decision::Allowed);
    Ok(())
}

/// Step 3: a key's policy "must explicitly allow access".
#[test]
fn a_key_needs_its_own_policy_to_allow() -> Outcome {
    let key = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/1234");
    let caller = session("app")?;
    let decide = |principal: Value, identity: &[IdentityPolicy]| {
        let policy = on_resource(json!({"Effect": "Allow", "Principal": principal,
            "Action": "kms:*", "Resource": "*"}))?;
        let policies = Policies {
            identity,
            boundary: None,
            resource: OnResource::Key(&policy),
        };
        Question::of(&caller).decide("kms:Decrypt", &key, &policies)
    };
    let all = [identity(everything())?];
    let account = json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:root")});
    let other = json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:role/other")});
    assert_eq!(decide(account.clone(), &all)?, Decision::Allowed);
    assert_eq!(
        decide(account, &[])?,
        Decision::ImplicitDeny(PolicyKind::Identity)
    );
    assert_eq!(
        decide(other, &all)?,
        Decision::ImplicitDeny(PolicyKind::Resource)
    );
    Ok(())
}

/// "Cross-account policy evaluation logic": both accounts must allow, however directly the caller is named.
#[test]
fn between_accounts_the_identitys_and_the_resources_policy_must_both_allow() -> Outcome {
    let ada = user("Ada")?;
    let bucket = on_resource(json!({"Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:user/Ada")},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}))?;
    let all = [identity(everything())?];
    let narrow = identity(json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}))?;
    let decide = |identity: &[IdentityPolicy], boundary, resource| {
        let policies = Policies {
            identity,
            boundary,
            resource,
        };
        let question = Question::of(&ada).owned_by(OTHER_ACCOUNT);
        question.decide("s3:GetObject", REPORT, &policies)
    };
    let policy = OnResource::Policy(&bucket);
    assert_eq!(decide(&all, None, policy)?, Decision::Allowed);
    assert_eq!(
        decide(&[], None, policy)?,
        Decision::ImplicitDeny(PolicyKind::Identity)
    );
    assert_eq!(
        decide(&all, None, OnResource::None)?,
        Decision::ImplicitDeny(PolicyKind::Resource)
    );
    assert_eq!(
        decide(&all, Some(&narrow), policy)?,
        Decision::ImplicitDeny(PolicyKind::Boundary)
    );
    Ok(())
}
