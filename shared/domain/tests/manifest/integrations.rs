//! The rules of integrations and roles, one by one.

use lockstep_domain::manifest::{Bounds, Manifest, read};

use crate::support::{GOOD, accepted, assert_only, assert_refused, bounds, edited, with};

#[test]
fn roles_begin_with_the_prefix_and_are_not_the_stacks_own() {
    assert_refused(
        &with("GenesysRole", "OtherRole"),
        &bounds(),
        "integrations[0].role",
        "does not begin with `Genesys`",
    );
    let own = Bounds {
        own_role_prefix: "GenesysLockstep-".into(),
        ..bounds()
    };
    assert_refused(
        &with("GenesysRole", "Genesyslockstep-rebind"),
        &own,
        "integrations[0].role",
        "Lockstep's own stack",
    );
    assert_refused(
        &with(
            "role: GenesysRole",
            "role: 'arn:aws:iam::123456789012:role/GenesysRole'",
        ),
        &bounds(),
        "integrations[0].role",
        "not the ARN",
    );
    let long = format!("Genesys{}", "x".repeat(58));
    assert_refused(
        &with("GenesysRole", &long),
        &bounds(),
        "integrations[0].role",
        "64",
    );
}

#[test]
fn no_two_entries_are_one_integration() {
    let twice = |fields: &str| {
        with(
            "actions:",
            &format!("  - {{key: second, role: GenesysRole, {fields}}}\nactions:"),
        )
    };
    accepted(&twice("name: Other"), &bounds());
    assert_refused(
        &twice("name: AWS Lambda production"),
        &bounds(),
        "integrations[1].name",
        "integrations[0].name already manages the integration",
    );
    let ids = edited(
        &twice("name: Other, id: i1"),
        "role: GenesysRole}\n  - {key: second",
        "role: GenesysRole, id: i1}\n  - {key: second",
    );
    assert_refused(
        &ids,
        &bounds(),
        "integrations[1].id",
        "integrations[0].id already manages the integration i1",
    );
}

#[test]
fn integrations_with_one_name_are_distinguished_by_id_or_type() {
    let first = "role: GenesysRole}\nactions";
    let text = |first_id: &str, second: &str| {
        let second = format!("  - {{key: second, name: AWS Lambda production, {second}}}");
        with(
            first,
            &format!("role: GenesysRole{first_id}}}\n{second}\nactions"),
        )
    };
    accepted(&text(", id: i1", "role: GenesysRole, id: i2"), &bounds());
    for half in [
        text("", "role: GenesysRole, id: i2"),
        text(", id: i1", "role: GenesysRole"),
    ] {
        assert_refused(
            &half,
            &bounds(),
            "integrations[1].name",
            "set the `id` of each",
        );
    }
    accepted(&text("", "type: custom-rest-actions"), &bounds());
}

fn of_another_organization(role: &str) -> Manifest {
    let mut bounds = bounds();
    bounds.organization_ids = vec!["other-org".parse().expect("an id")];
    let text = with("3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e", "other-org");
    accepted(&edited(&text, "GenesysRole", role), &bounds)
}

#[test]
fn no_role_serves_two_organizations() {
    let problems = read(GOOD, &bounds(), &[of_another_organization("Genesysrole")]).unwrap_err();
    assert_only(
        &problems,
        "integrations[0].role",
        "the organization other-org already uses the role",
    );
    assert_eq!(problems[0].line, Some(6));
    read(GOOD, &bounds(), &[of_another_organization("GenesysOther")]).unwrap();
    // The predecessor of the same organization is no other organization.
    read(GOOD, &bounds(), &[accepted(GOOD, &bounds())]).unwrap();
}

#[test]
fn accepted_manifests_conflict_over_organizations_and_roles() {
    let mine = accepted(GOOD, &bounds());
    let of = |other: &Manifest| {
        let places = mine.conflicts_with(other).into_iter().map(|p| p.at);
        places.collect::<Vec<_>>()
    };
    assert_eq!(of(&mine), ["organization.id"]);
    assert_eq!(
        of(&of_another_organization("GenesysRole")),
        ["integrations[0].role"]
    );
    assert!(of(&of_another_organization("GenesysOther")).is_empty());
}

/// [`GOOD`] with so many more actions, whose functions have ARNs of 94 characters.
fn with_actions(count: usize) -> String {
    let mut text = GOOD.to_owned();
    for n in 0..count {
        let function = format!("arn:aws:lambda:us-east-1:123456789012:function:GenesysOrder{n:03}");
        text.push_str(&format!(
            "  - {{key: more-{n}, name: More {n}, integration: prod, \
             function: '{function:x<94}', contract: {{input: {{type: object}}, output: {{type: object}}}}}}\n"
        ));
    }
    text
}

#[test]
fn a_role_is_not_asked_to_grant_more_than_iam_takes() {
    accepted(&with_actions(103), &bounds());
    assert_refused(
        &with_actions(110),
        &bounds(),
        "integrations[0].role",
        "its 111 functions; IAM allows 10240. Fix: Keep at most 104 of these functions",
    );
}

#[test]
fn the_functions_of_all_integrations_of_a_role_count_together() {
    let second = "  - {key: second, name: Second, role: GenesysRole}\nactions:";
    let half = with_actions(110).replace("actions:", second).replace(
        "key: more-5, name: More 5, integration: prod",
        "key: more-5, name: More 5, integration: second",
    );
    assert_refused(&half, &bounds(), "integrations[0].role", "111 functions");
    let own_role = half.replace("Second, role: GenesysRole", "Second, role: GenesysSecond");
    assert_refused(
        &own_role,
        &bounds(),
        "integrations[0].role",
        "110 functions",
    );
}
