use serde_json::json;

use crate::program::run;

fn permissions(arguments: &[&str]) -> Vec<String> {
    let ran = run(&[&["genesys-role"], arguments].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    ran.out.lines().filter_map(first).collect()
}

#[test]
fn planning_needs_to_view_and_applying_needs_more() {
    let plan = [
        "integrations:integration:view",
        "integrations:action:view",
        "audits:audit:view",
    ];
    assert_eq!(permissions(&["--mode", "plan"]), plan);
    let apply = permissions(&[]);
    assert_eq!(apply.len(), 10);
    assert!(apply.contains(&"integrations:action:edit".to_owned()));
    assert!(
        !apply.iter().any(|one| one.starts_with("oauth:")),
        "{apply:?}"
    );
    let rotate = permissions(&["--rotate-clients"]);
    assert!(
        rotate.contains(&"oauth:client:edit".to_owned()),
        "{rotate:?}"
    );
}

#[test]
fn the_json_holds_the_role_as_the_api_takes_it() {
    let ran = run(&["genesys-role", "--mode", "plan", "--json"]);
    let json = ran.json();
    assert_eq!(
        json["permissions"][0]["permission"],
        "integrations:integration:view"
    );
    assert_eq!(
        json["role"]["permissionPolicies"],
        json!([
            {"domain": "audits", "entityName": "audit", "actionSet": ["view"]},
            {"domain": "integrations", "entityName": "action", "actionSet": ["view"]},
            {"domain": "integrations", "entityName": "integration", "actionSet": ["view"]},
        ])
    );
}

#[test]
fn a_rotation_cannot_be_planned() {
    let ran = run(&["genesys-role", "--mode", "plan", "--rotate-clients"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("Remove one of the two."), "{}", ran.err);
}
