//! A second opinion: iam-rs 0.8.0 on random identity policies, within what it gets right.
//!
//! Kept out, because iam-rs differs there from what AWS documents: trust policies, `*` in ARN operators, variables
//! in conditions, and wildcards in the first five parts of a resource.

use iam_rs::{
    Arn as TheirArn, Context as TheirContext, ContextValue, Decision as TheirDecision, IAMPolicy,
    IAMRequest, Principal as TheirPrincipal, PrincipalId, evaluate_policies,
};
use proptest::prelude::*;

use super::*;

const ACTIONS: [&str; 6] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:Get*",
    "s3:*Object",
    "*",
    "sqs:SendMessage",
];
const RESOURCES: [&str; 5] = [
    "*",
    "arn:aws:s3:::state/*",
    "arn:aws:s3:::state/accepted/*",
    "arn:aws:s3:::state/accepted/org.json",
    "arn:aws:s3:::evidence/*",
];
const OBJECTS: [&str; 3] = [
    "arn:aws:s3:::state/accepted/org.json",
    "arn:aws:s3:::state/state/org.json",
    "arn:aws:s3:::evidence/1.json",
];
const REQUESTED: [&str; 4] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "sqs:SendMessage",
];
const TEAMS: [&str; 3] = ["red", "blue", "redder"];

fn one_of(choices: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(choices)
}

fn condition() -> impl Strategy<Value = Option<Value>> {
    let operator = one_of(&[
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringEqualsIfExists",
    ]);
    let value = one_of(&["red", "blue", "re*", "r?d"]);
    prop::option::of(
        (operator, value)
            .prop_map(|(operator, value)| json!({operator: {"aws:PrincipalTag/team": value}})),
    )
}

fn statement() -> impl Strategy<Value = Value> {
    let effect = one_of(&["Allow", "Allow", "Deny"]);
    let actions = prop::collection::vec(one_of(&ACTIONS), 1..3);
    let resources = prop::collection::vec(one_of(&RESOURCES), 1..3);
    (effect, any::<bool>(), actions, resources, condition()).prop_map(
        |(effect, others, actions, resources, condition)| {
            let action = if others { "NotAction" } else { "Action" };
            let mut statement = json!({"Effect": effect, action: actions, "Resource": resources});
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn theirs(
    document: &Value,
    action: &str,
    on: &str,
    team: Option<&str>,
) -> Result<TheirDecision, Box<dyn std::error::Error>> {
    let mut context = TheirContext::new();
    if let Some(team) = team {
        let value = ContextValue::String(team.to_owned());
        context.insert("aws:PrincipalTag/team".to_owned(), value);
    }
    let who = format!("arn:aws:iam::{ACCOUNT}:user/Ada");
    let who = TheirPrincipal::Aws(PrincipalId::String(who));
    let request = IAMRequest::new_with_context(who, action, TheirArn::parse(on)?, context);
    let policy = IAMPolicy::from_json(&document.to_string())?;
    Ok(evaluate_policies(&[policy], &request)?)
}

proptest! {
    #[test]
    fn random_identity_policies_are_decided_alike(
        statements in prop::collection::vec(statement(), 1..4),
        action in one_of(&REQUESTED),
        on in one_of(&OBJECTS),
        team in prop::option::of(one_of(&TEAMS)),
    ) {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let fail = |error: PolicyError| TestCaseError::fail(error.to_string());
        let ada = user("Ada").map_err(fail)?;
        let policy = [IdentityPolicy::of(&document).map_err(fail)?];
        let mut context = Context::over_tls();
        if let Some(team) = team {
            context = context.with("aws:PrincipalTag/team", team).map_err(fail)?;
        }
        let ours = Question::of(&ada).with(context).under(action, on, &policy).map_err(fail)?;
        let theirs = theirs(&document, action, on, team)
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        let alike = match &ours {
            Decision::Allowed => theirs == TheirDecision::Allow,
            Decision::ExplicitDeny(_) => theirs == TheirDecision::Deny,
            Decision::ImplicitDeny(_) => theirs == TheirDecision::NotApplicable,
        };
        prop_assert!(alike, "{ours:?} and {theirs:?} of {document}");
    }
}
