use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::ledger::CheckResult;
use crate::policy::invoke_policy;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";
const OTHER: &str = "arn:aws:lambda:us-east-1:123456789012:function:billing";

fn function(arn: &str) -> FunctionArn {
    arn.parse().unwrap()
}

fn desired() -> DesiredRole {
    DesiredRole {
        name: "GenesysRole".parse().unwrap(),
        arn: "arn:aws:iam::123456789012:role/GenesysRole"
            .parse()
            .unwrap(),
        key: "prod".parse().unwrap(),
        at: "integrations[0].role".into(),
        organization: "org-1".parse().unwrap(),
        genesys_account: "765628985471".into(),
        trust: crate::policy::trust_policy("aws", "765628985471", &"org-1".parse().unwrap()),
        functions: BTreeSet::from([function(FUNCTION)]),
        description: "ours".into(),
        tags: BTreeMap::from([
            (ORGANIZATION_TAG.to_owned(), "org-1".to_owned()),
            (STACK_TAG.to_owned(), "lockstep".to_owned()),
        ]),
        boundary: "arn:aws:iam::123456789012:policy/boundary".into(),
    }
}

/// The role exactly as it should be; tests nudge it.
fn present() -> PresentRole {
    let desired = desired();
    PresentRole {
        arn: desired.arn,
        description: Some(desired.description),
        tags: desired.tags,
        boundary: Some(desired.boundary),
        trust: desired.trust,
        invoke: Some(invoke_policy(&desired.functions)),
        other_inline: Seen::Read(Vec::new()),
        attached: Seen::Read(Vec::new()),
    }
}

fn observed(role: PresentRole) -> ObservedRole {
    ObservedRole::Present(Box::new(role))
}

/// The checks that did not pass.
fn ids(rows: &[Row]) -> Vec<&'static str> {
    let rows = rows.iter();
    rows.filter(|row| row.result != CheckResult::Passed)
        .map(|row| row.check.id())
        .collect()
}

fn checks(role: PresentRole) -> Vec<Row> {
    role_checks(&desired(), &observed(role), &Keep::Only(BTreeSet::new()))
}

#[test]
fn a_role_as_it_should_be_passes_every_check() {
    let checked = checks(present());
    assert_eq!(checked.len(), OF_ROLE.len() + 1);
    assert_eq!(ids(&checked), Vec::<&str>::new());
}

#[test]
fn an_open_trust_is_found() {
    let mut role = present();
    role.trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    ]});
    let rows = checks(role);
    let found = [
        "LS-ROLE-TRUST",
        "LS-TRUST-PRINCIPAL",
        "LS-TRUST-EXTERNAL-ID",
    ];
    assert_eq!(ids(&rows), found);
}

#[test]
fn what_a_policy_allows_that_is_not_understood_is_not_evaluated() {
    let mut role = present();
    role.trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]});
    let rows = checks(role);
    assert_eq!(
        of_check(&rows, Check::RoleTrust)[0].result,
        CheckResult::Failed
    );
    for check in [
        Check::TrustPrincipal,
        Check::TrustExternalId,
        Check::TrustActions,
    ] {
        assert_eq!(of_check(&rows, check)[0].result, CheckResult::NotEvaluated);
    }
}

#[test]
fn a_role_of_another_stack_has_a_finding_of_its_own() {
    let mut role = present();
    role.tags.insert(STACK_TAG.into(), "another".into());
    let rows = checks(role);
    assert_eq!(ids(&rows), ["LS-ROLE-OWNER"]);
    assert!(rows.iter().any(|row| row.fix().contains("untag-role")));
}

#[test]
fn a_role_that_lost_its_boundary_is_still_checked() {
    let mut role = present();
    role.boundary = None;
    role.invoke = None;
    assert_eq!(ids(&checks(role)), ["LS-ROLE-POLICY", "LS-ROLE-BOUNDARY"]);
}

#[test]
fn permissions_that_others_gave_are_found_and_unread_ones_are_not_evaluated() {
    let mut role = present();
    role.attached = Seen::Read(vec!["arn:aws:iam::aws:policy/AdministratorAccess".into()]);
    role.other_inline = Seen::Unread {
        because: "iam:ListRolePolicies was denied".into(),
    };
    let rows = checks(role);
    assert_eq!(ids(&rows), ["LS-ROLE-FOREIGN"]);
    let row = &of_check(&rows, Check::RoleForeign)[0];
    assert_eq!(row.result, CheckResult::Failed, "the worse result counts");
    let mut unread = present();
    unread.attached = Seen::Unread {
        because: "iam:ListAttachedRolePolicies was denied".into(),
    };
    let row = &of_check(&checks(unread), Check::RoleForeign)[0];
    assert_eq!(row.result, CheckResult::NotEvaluated);
    assert!(row.what.contains("was denied"), "{}", row.what);
}

#[test]
fn a_grant_that_no_action_uses_is_superfluous_and_one_in_use_is_not() {
    let mut role = present();
    role.invoke = Some(invoke_policy(&[function(FUNCTION), function(OTHER)]));
    assert_eq!(ids(&checks(role.clone())), ["LS-ROLE-POLICY"]);
    let in_use = Keep::Only(BTreeSet::from([function(OTHER)]));
    let checked = role_checks(&desired(), &observed(role), &in_use);
    assert_eq!(ids(&checked), Vec::<&str>::new());
}

#[test]
fn of_a_role_that_does_not_exist_nothing_else_is_evaluated() {
    let rows = role_checks(&desired(), &ObservedRole::Absent, &Keep::Granted);
    assert_eq!(
        of_check(&rows, Check::RoleMissing)[0].result,
        CheckResult::Failed
    );
    let rest = rows.iter().filter(|row| row.check != Check::RoleMissing);
    assert!(rest.clone().count() >= OF_ROLE.len());
    for row in rest {
        assert_eq!(row.result, CheckResult::NotEvaluated, "{row:?}");
    }
}

#[test]
fn another_bindings_missing_function_is_not_this_changes_drift() {
    let mut wanted = desired();
    wanted.functions.insert(function(OTHER));
    let drift = |arn| role_drift(&wanted, &observed(present()), &function(arn));
    assert_eq!(ids(&drift(FUNCTION)), Vec::<&str>::new());
    assert_eq!(ids(&drift(OTHER)), ["LS-ROLE-POLICY"]);
}

#[test]
fn a_role_without_its_boundary_is_drift() {
    let mut role = present();
    role.boundary = None;
    let drift = role_drift(&desired(), &observed(role), &function(FUNCTION));
    assert_eq!(ids(&drift), ["LS-ROLE-BOUNDARY"]);
}

fn step(object: ObjectKind, verb: Verb, id: Option<&str>, reason: &str) -> Step {
    Step {
        id: id.map(str::to_owned),
        ..Step::new(object, verb, &"orders".parse().unwrap(), reason)
    }
}

#[test]
fn drift_of_an_action_that_is_changed_through_a_draft_is_one_finding() {
    let rows = drift_rows(&[
        step(ObjectKind::Draft, Verb::Create, Some("a-1"), "prepare"),
        step(
            ObjectKind::Draft,
            Verb::Update,
            Some("a-1"),
            "the timeout differs",
        ),
        step(ObjectKind::Draft, Verb::Validate, Some("a-1"), "judge"),
        step(ObjectKind::Draft, Verb::Test, Some("a-1"), "try"),
        step(ObjectKind::Draft, Verb::Publish, Some("a-1"), "go live"),
    ]);
    assert_eq!(ids(&rows), ["LS-ACTION-DRIFT"]);
    assert_eq!(rows[0].resource, "genesys:action/a-1");
    assert_eq!(rows[0].what, "the timeout differs");
}

#[test]
fn what_is_gone_disabled_or_repointed_has_a_check_of_its_own() {
    let rows = drift_rows(&[
        step(ObjectKind::Integration, Verb::Create, None, "gone"),
        step(ObjectKind::Integration, Verb::Enable, Some("i-1"), "off"),
        step(
            ObjectKind::IntegrationConfig,
            Verb::Update,
            Some("i-1"),
            "elsewhere",
        ),
        step(ObjectKind::Action, Verb::Create, None, "gone"),
    ]);
    assert_eq!(
        ids(&rows),
        [
            "LS-INTEGRATION-MISSING",
            "LS-INTEGRATION-DISABLED",
            "LS-CREDENTIAL",
            "LS-ACTION-MISSING",
        ]
    );
}

#[test]
fn what_the_planner_refuses_is_a_finding_with_the_planners_advice() {
    use crate::rebind::{DraftSeen, Found, Observed};
    let integration = crate::binding::DesiredIntegration {
        key: "prod".parse().unwrap(),
        name: "Production".into(),
        id: None,
        role_arn: "arn:aws:iam::123456789012:role/GenesysRole".into(),
    };
    let action = crate::binding::DesiredAction {
        key: "orders".parse().unwrap(),
        id: None,
        adopt: false,
        name: "Orders".into(),
        category: None,
        secure: None,
        contract: None,
        function: function(FUNCTION),
        templates: crate::binding::DesiredTemplates::AsFound,
        timeout_seconds: None,
        secrets: Vec::new(),
        old_version_still_works: true,
        test: None,
    };
    let observed = Observed {
        integration: Found::Gone("i-1".into()),
        own_credentials: Vec::new(),
        action: Found::Gone("a-1".into()),
        draft: DraftSeen::Nothing,
    };
    let state = BindingState::new("org-1".parse().unwrap(), "orders".parse().unwrap());
    let refusal = crate::rebind::plan(&integration, &action, &observed, &state).unwrap_err();
    let resources = Resources::of(&state, &integration.key);
    let rows = refusal_rows(&refusal, &resources);
    assert_eq!(ids(&rows), ["LS-INTEGRATION-MISSING", "LS-ACTION-MISSING"]);
    assert_eq!(rows[0].fix(), refusal.problems[0].fix);
    assert_eq!(rows[0].resource, "genesys:integration/prod");
    assert_eq!(rows[1].resource, "genesys:action/orders");
}

#[test]
fn a_version_that_is_no_longer_current_is_stale() {
    let version = |id: &str| SecretVersion {
        name: "DB".into(),
        arn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
            .parse()
            .unwrap(),
        version_id: id.into(),
    };
    let stale = |bound: &[SecretVersion]| stale_secrets(bound, &[version("v2")]).remove(0);
    assert_eq!(stale(&[version("v2")]).result, CheckResult::Passed);
    let row = stale(&[version("v1")]);
    assert_eq!(row.result, CheckResult::Failed);
    assert!(row.what.contains("v1") && row.what.contains("v2"));
    assert_eq!(stale(&[]).result, CheckResult::NotEvaluated, "never bound");
}

#[test]
fn bindings_that_share_a_resource_share_its_row_and_the_worse_result_counts() {
    let one = Row::passed(Check::IntegrationDisabled, "i-1").of(&"a".parse().unwrap());
    let two = Row::failed(Check::IntegrationDisabled, "i-1", "it is off");
    let three = Row::failed(Check::IntegrationDisabled, "i-1", "it reports ERROR");
    let rows = merged(vec![two.clone(), one, two, three]);
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!(rows[0].result, CheckResult::Failed);
    assert_eq!(rows[0].what, "it is off; it reports ERROR");
    assert_eq!(rows[0].key, Some("a".parse().unwrap()));
}
