//! A manifest that was accepted before, under the bounds and rules of today.

use crate::support::{GOOD, REST, bounds, refused, with_second_action};
use lockstep_domain::manifest::{Bounds, Reread, read, read_accepted};

const OTHER_SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/other-AbCdEf";

/// Two actions of two integrations; what the second calls is not called like the first.
fn two() -> String {
    let second = format!(
        "\n    key: legacy\n    name: Legacy\n    integration: old\n    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysLegacy\n    secrets:\n      - {{name: DB, arn: \"{OTHER_SECRET}\"}}\n    contract:\n      input: {{type: object}}\n      output: {{type: object}}\n"
    );
    let text = GOOD.replace(
        "actions:\n",
        "  - {key: old, name: Old one, role: GenesysOld}\nactions:\n",
    );
    format!("{text}  -{}", second.replacen("\n    ", " ", 1))
}

fn reread(text: &str, bounds: &Bounds) -> Reread {
    match read_accepted(text, bounds, &[]) {
        Ok(reread) => reread,
        Err(problems) => panic!("refused: {problems:#?}"),
    }
}

/// What is still managed, and what was dropped.
fn keys(reread: &Reread) -> (Vec<&str>, Vec<&str>) {
    let actions = reread.manifest.actions.iter();
    let dropped = reread.dropped.iter().filter_map(|one| one.key.as_ref());
    (
        actions.map(|action| action.key.as_str()).collect(),
        dropped.map(lockstep_domain::ids::Key::as_str).collect(),
    )
}

#[test]
fn what_the_bounds_still_cover_reads_as_an_upload_does() {
    let same = reread(&two(), &bounds());
    assert_eq!(Ok(same.manifest), read(&two(), &bounds(), &[]));
    assert_eq!((same.dropped.len(), same.notices.len()), (0, 0));
}

#[test]
fn an_action_whose_function_is_no_longer_allowed_takes_no_other_with_it() {
    let mut narrow = bounds();
    let orders = "arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders";
    narrow.allowed_functions = vec![orders.parse().unwrap()];
    let problems = refused(&two(), &narrow);
    let left = reread(&two(), &narrow);
    assert_eq!(keys(&left), (vec!["orders"], vec!["legacy"]));
    assert_eq!(left.dropped[0].problems, problems);
    assert_eq!(left.dropped[0].secrets, [OTHER_SECRET.parse().unwrap()]);
    assert_eq!(left.manifest.integrations.len(), 2);
}

#[test]
fn an_integration_whose_role_is_no_longer_allowed_takes_its_actions_with_it() {
    let mut narrow = bounds();
    narrow.role_name_prefix = "GenesysR".into();
    let left = reread(&two(), &narrow);
    assert_eq!(keys(&left), (vec!["orders"], vec!["old", "legacy"]));
    let why = left.dropped[1].problems[0].to_string();
    assert!(
        why.contains("its integration `old` is not managed"),
        "{why}"
    );
}

#[test]
fn an_organization_that_is_no_longer_allowed_is_not_managed_at_all() {
    let mut narrow = bounds();
    narrow.organization_ids.clear();
    let problems = read_accepted(&two(), &narrow, &[]).unwrap_err();
    assert_eq!(problems, refused(&two(), &narrow));
}

#[test]
fn a_rotated_client_that_is_no_longer_covered_is_dropped_alone() {
    let secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/other-a1B2c3";
    let text = GOOD.replace(
        "integrations:\n  - {key: prod",
        &format!("  rotated_clients: [\"{secret}\"]\nintegrations:\n  - {{key: prod"),
    );
    let mut narrow = bounds();
    narrow.client_secret_prefix = "genesys/client".into();
    let left = reread(&text, &narrow);
    assert!(left.manifest.organization.rotated_clients.is_empty());
    assert_eq!(left.dropped[0].secrets, [secret.parse().unwrap()]);
    assert_eq!(left.manifest.actions.len(), 1);
}

#[test]
fn a_rule_that_refuses_an_upload_is_a_notice_for_what_was_accepted() {
    // Two actions of one name: a rule about the file, no bound of the template.
    let text = with_second_action(&format!(
        "key: again, name: Order lookup, integration: prod, {REST}"
    ));
    let problems = refused(&text, &bounds());
    let kept = reread(&text, &bounds());
    assert_eq!(keys(&kept), (vec!["orders", "again"], vec![]));
    assert_eq!(kept.notices, problems);
}

#[test]
fn a_role_of_two_organizations_is_the_firsts() {
    let first = read(&two(), &bounds(), &[]).unwrap();
    let id = "00000000-0000-4000-8000-000000000001";
    let mut wide = bounds();
    wide.organization_ids.push(id.parse().unwrap());
    let text = two()
        .replace(crate::support::ORGANIZATION, id)
        .replace("GenesysOld", "GenesysNew");
    let second = read_accepted(&text, &wide, &[first]).unwrap();
    assert_eq!(keys(&second), (vec!["legacy"], vec!["prod", "orders"]));
}

#[test]
fn text_that_is_no_manifest_is_refused_whole() {
    for text in [
        "",
        "version: 1",
        "{",
        &GOOD.replace("role: GenesysRole", "role: 1"),
    ] {
        let problems = read_accepted(text, &bounds(), &[]).unwrap_err();
        assert!(!problems.is_empty(), "{text:?}");
    }
}
