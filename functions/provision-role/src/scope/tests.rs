//! What each intent concerns, on manifests that went through the real reader.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::manifest::{self, Bounds};

use super::*;

const DB: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf";
const API: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/api-GhIjKl";

/// Two actions of one integration, one with each secret, and an integration without actions.
fn manifest(organization: &str, mode: &str) -> Manifest {
    let text = format!(
        r#"
version: 1
organization:
  id: {organization}
  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3
  mode: {mode}
integrations:
  - {{key: prod, name: Production, role: Genesys-{organization}-prod}}
  - {{key: idle, name: Idle, role: Genesys-{organization}-idle}}
actions:
  - key: orders
    name: Orders
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:Orders
    secrets: [{{name: DB, arn: "{DB}"}}]
    contract: {{input: {{type: object}}, output: {{type: object}}}}
  - key: points
    name: Points
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:Points
    secrets: [{{name: API, arn: "{API}"}}]
    contract: {{input: {{type: object}}, output: {{type: object}}}}
"#
    );
    let bounds = Bounds {
        account: "123456789012".into(),
        region: "us-east-1".into(),
        partition: "aws".into(),
        organization_ids: vec!["org-1".parse().unwrap(), "org-2".parse().unwrap()],
        allowed_functions: vec![
            "arn:aws:lambda:us-east-1:123456789012:function:*"
                .parse()
                .unwrap(),
        ],
        allowed_hosts: Vec::new(),
        role_name_prefix: "Genesys".into(),
        client_secret_prefix: "genesys/".into(),
        credential_secret_prefix: "genesys-credentials/".into(),
        genesys_account: None,
        own_functions: vec!["lockstep-".into()],
        own_role_prefix: "lockstep-".into(),
    };
    manifest::read(&text, &bounds, &[]).unwrap()
}

fn current(manifests: Vec<Manifest>) -> Manifests {
    Manifests {
        current: manifests
            .into_iter()
            .map(|manifest| Accepted {
                object: format!("manifests/{}.yaml", manifest.organization.id),
                manifest,
                version_id: None,
                dropped: Vec::new(),
                notices: Vec::new(),
                accepted_at: epoch(),
                text: String::new(),
            })
            .collect(),
        ..Manifests::default()
    }
}

fn epoch() -> jiff::Timestamp {
    jiff::Timestamp::UNIX_EPOCH
}

fn one() -> Manifests {
    current(vec![manifest("org-1", "apply")])
}

fn two() -> Manifests {
    current(vec![manifest("org-1", "apply"), manifest("org-2", "apply")])
}

fn request() -> Request {
    Request {
        mode: Mode::Apply,
        organization: None,
        keys: None,
        secret: None,
        retry: false,
        reason: None,
    }
}

fn keys(scope: &Scope<'_>) -> Vec<String> {
    scope.keys.iter().map(ToString::to_string).collect()
}

fn roles(scope: &Scope<'_>) -> Vec<String> {
    scope.roles.iter().map(ToString::to_string).collect()
}

fn moved(hint: &str) -> ProvisionIntent {
    ProvisionIntent::SecretMoved {
        secret: SecretHint(hint.into()),
    }
}

fn asked(request: Request) -> ProvisionIntent {
    ProvisionIntent::Asked(request)
}

#[test]
fn a_moved_secret_concerns_the_bindings_that_use_it_and_nothing_else() {
    let manifests = two();
    for hint in [DB, "prod/db"] {
        let concern = concern(&moved(hint), &manifests, None, false).unwrap();
        assert_eq!(concern.scopes.len(), 2);
        for scope in &concern.scopes {
            assert_eq!(keys(scope), ["orders"]);
            assert_eq!(scope.roles.len(), 1);
        }
    }
}

#[test]
fn a_secret_that_no_binding_uses_concerns_nothing() {
    let manifests = two();
    let concern = concern(&moved("prod/other"), &manifests, None, false).unwrap();
    assert!(concern.scopes.is_empty());
}

#[test]
fn an_accepted_manifest_concerns_its_organization_idle_integrations_included() {
    let manifests = two();
    let intent = ProvisionIntent::ManifestUploaded {
        object: "manifests/org-2.yaml".into(),
    };
    let organization = "org-2".parse().unwrap();
    let concern = concern(&intent, &manifests, Some(&organization), false).unwrap();
    assert_eq!(concern.scopes.len(), 1);
    assert_eq!(keys(&concern.scopes[0]), ["orders", "points"]);
    assert_eq!(
        roles(&concern.scopes[0]),
        ["Genesys-org-2-idle", "Genesys-org-2-prod"]
    );
}

#[test]
fn nothing_named_means_everything() {
    let manifests = one();
    let concern = concern(&asked(request()), &manifests, None, true).unwrap();
    assert_eq!(keys(&concern.scopes[0]), ["orders", "points"]);
    assert_eq!(concern.scopes[0].roles.len(), 2);
}

#[test]
fn a_person_names_the_organization_where_there_are_several_and_the_scheduler_means_all() {
    let manifests = two();
    let problems = concern(&asked(request()), &manifests, None, true).unwrap_err();
    assert_eq!(problems[0].at, "event.organization");
    assert!(problems[0].fix.contains("org-1, org-2"), "{}", problems[0]);

    let concern = concern(&asked(request()), &manifests, None, false).unwrap();
    assert_eq!(concern.scopes.len(), 2);
}

#[test]
fn what_is_named_narrows() {
    let manifests = two();
    let request = Request {
        organization: Some("org-2".parse().unwrap()),
        keys: Some(vec!["orders".parse().unwrap(), "points".parse().unwrap()]),
        secret: Some(API.parse::<SecretArn>().unwrap()),
        ..request()
    };
    let concern = concern(&asked(request), &manifests, None, true).unwrap();
    assert_eq!(concern.scopes.len(), 1);
    assert_eq!(concern.scopes[0].manifest.organization.id.as_str(), "org-2");
    assert_eq!(keys(&concern.scopes[0]), ["points"]);
}

#[test]
fn every_unknown_key_is_named_at_its_place() {
    let manifests = one();
    let request = Request {
        keys: Some(vec![
            "x".parse().unwrap(),
            "orders".parse().unwrap(),
            "y".parse().unwrap(),
        ]),
        ..request()
    };
    let problems = concern(&asked(request), &manifests, None, true).unwrap_err();
    let places: Vec<&str> = problems.iter().map(|problem| problem.at.as_str()).collect();
    assert_eq!(places, ["event.keys[0]", "event.keys[2]"]);
}

#[test]
fn an_organization_without_a_manifest_in_force_is_refused() {
    let mut manifests = one();
    manifests
        .refused
        .push(("manifests/late.yaml".into(), Vec::new()));
    let request = Request {
        organization: Some("org-2".parse().unwrap()),
        ..request()
    };
    let problems = concern(&asked(request), &manifests, None, true).unwrap_err();
    assert!(
        problems[0].fix.contains("manifests/late.yaml"),
        "{}",
        problems[0]
    );
}

#[test]
fn the_stricter_of_manifest_and_trigger_wins() {
    for (of_manifest, of_trigger, wins) in [
        ("apply", Mode::Apply, Mode::Apply),
        ("apply", Mode::Plan, Mode::Plan),
        ("plan", Mode::Apply, Mode::Plan),
    ] {
        let manifests = current(vec![manifest("org-1", of_manifest)]);
        let request = Request {
            mode: of_trigger,
            ..request()
        };
        let concern = concern(&asked(request), &manifests, None, true).unwrap();
        assert_eq!(concern.scopes[0].mode, wins);
    }
    let manifests = current(vec![manifest("org-1", "plan")]);
    let concern = concern(&moved(DB), &manifests, None, false).unwrap();
    assert_eq!(concern.scopes[0].mode, Mode::Plan);
}

#[test]
fn a_verdict_retires_on_its_own_role_and_hands_nothing_on() {
    let manifests = two();
    let intent = ProvisionIntent::Retire {
        organization: "org-1".parse().unwrap(),
        key: "points".parse().unwrap(),
    };
    let found = concern(&intent, &manifests, None, false).unwrap();
    assert_eq!(roles(&found.scopes[0]), ["Genesys-org-1-prod"]);
    assert!(found.scopes[0].retire);
    assert!(found.scopes[0].keys.is_empty());

    let intent = ProvisionIntent::Retire {
        organization: "org-1".parse().unwrap(),
        key: "removed".parse().unwrap(),
    };
    assert!(
        concern(&intent, &manifests, None, false)
            .unwrap()
            .scopes
            .is_empty()
    );
}
