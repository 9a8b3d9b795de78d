//! A stack and a manifest that fits it, for the manifest's tests.

use lockstep_domain::manifest::{Bounds, Manifest, read};
use lockstep_domain::problem::Problem;

/// The organization of [`GOOD`].
pub const ORGANIZATION: &str = "3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e";

/// A manifest in which nothing is wrong.
pub const GOOD: &str = r#"version: 1
organization:
  id: 3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e
  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3
integrations:
  - {key: prod, name: AWS Lambda production, role: GenesysRole}
actions:
  - key: orders
    name: Order lookup
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders
    secrets:
      - {name: DB, arn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"}
    contract:
      input: {type: object, properties: {order: {type: string}}}
      output: {type: object}
"#;

/// A stack in us-east-1 that manages [`ORGANIZATION`].
pub fn bounds() -> Bounds {
    Bounds {
        account: "123456789012".into(),
        region: "us-east-1".into(),
        partition: "aws".into(),
        organization_ids: vec![ORGANIZATION.parse().expect("an id")],
        allowed_functions: vec![
            "arn:aws:lambda:us-east-1:123456789012:function:Genesys*"
                .parse()
                .expect("a pattern"),
        ],
        allowed_hosts: Vec::new(),
        role_name_prefix: "Genesys".into(),
        client_secret_prefix: "genesys/".into(),
        credential_secret_prefix: "genesys-credentials/".into(),
        genesys_account: None,
        own_functions: vec!["lockstep-".into()],
        own_role_prefix: "lockstep-".into(),
    }
}

/// [`GOOD`] with one text for another, which must be there.
pub fn with(from: &str, to: &str) -> String {
    edited(GOOD, from, to)
}

/// A manifest with one text for another, which must be there once.
pub fn edited(text: &str, from: &str, to: &str) -> String {
    assert_eq!(
        text.matches(from).count(),
        1,
        "{from:?} should be there once"
    );
    text.replace(from, to)
}

/// [`GOOD`] with a second action.
pub fn with_second_action(fields: &str) -> String {
    format!("{GOOD}  - {{{fields}}}\n")
}

pub fn accepted(text: &str, bounds: &Bounds) -> Manifest {
    match read(text, bounds, &[]) {
        Ok(manifest) => manifest,
        Err(problems) => panic!("refused: {problems:#?}"),
    }
}

pub fn refused(text: &str, bounds: &Bounds) -> Vec<Problem> {
    read(text, bounds, &[]).expect_err("this manifest should be refused")
}

/// Asserts that exactly one problem is found, at this place, and that it says this.
#[track_caller]
pub fn assert_refused(text: &str, bounds: &Bounds, at: &str, says: &str) {
    assert_only(&refused(text, bounds), at, says);
}

#[track_caller]
pub fn assert_only(problems: &[Problem], at: &str, says: &str) {
    let [problem] = problems else {
        panic!("one problem should be found: {problems:#?}");
    };
    assert_eq!(problem.at, at, "{problem}");
    assert!(problem.to_string().contains(says), "{problem}");
    assert!(problem.line.is_some(), "{problem}");
    assert!(problem.fix.ends_with(['.', '?']), "{problem}");
}

pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders";
pub const DB: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf";

/// Fields that every action needs beside those a test is about.
pub const REST: &str = "function: 'arn:aws:lambda:us-east-1:123456789012:function:GenesysOther', contract: {input: {type: object}, output: {type: object}}";

pub fn action(field: &str) -> String {
    with(
        "    integration: prod\n",
        &format!("    integration: prod\n    {field}\n"),
    )
}

pub fn organization(field: &str) -> String {
    with("organization:\n", &format!("organization:\n  {field}\n"))
}

pub fn without_secrets() -> String {
    with(
        &format!("    secrets:\n      - {{name: DB, arn: \"{DB}\"}}\n"),
        "",
    )
}
