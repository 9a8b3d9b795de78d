//! Every file of `events/` is read here, and asserted to mean what its name says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lockstep_domain::intent::{
    ComplianceIntent, Look, ProvisionIntent, RebindIntent, RebindMessage, ReportedChange,
    SecretHint, VerifyIntent,
};
use lockstep_domain::request::parse;
use serde_json::json;

use super::*;
use crate::config::Config;
use crate::config::tests::environment;
use crate::runtime::Invocation;

const ORGANIZATION: &str = "6f1d4c1e-2c7b-4a55-9c1c-0f5a7a1f2b3c";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-creds-AbCdEf";

fn config() -> Config {
    let mut environment = environment();
    environment.insert(
        "LOCKSTEP_MANIFEST_BUCKET",
        "lockstep-manifests-123456789012",
    );
    Config::from_env(|name| environment.get(name).map(|value| (*value).to_owned())).unwrap()
}

fn folder(function: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events")
        .join(function)
}

/// The bodies in a function's folder by file name: of a batch, that of its one record.
fn files(function: &str) -> BTreeMap<String, Value> {
    let entries = std::fs::read_dir(folder(function)).unwrap();
    let files: BTreeMap<String, Value> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let body = match Invocation::from_payload(value) {
                Invocation::Direct(body) => {
                    assert!(!name.ends_with(".queued"), "{name} is no batch");
                    body
                }
                Invocation::Queue(mut deliveries) => {
                    assert!(name.ends_with(".queued"), "{name} is a batch");
                    assert_eq!(deliveries.len(), 1);
                    deliveries.remove(0).unwrap().body
                }
            };
            (name, body)
        })
        .collect();
    files
}

/// Compares each file of a folder with `expected`; each is in both. A file whose name says `ignored`
/// is ignored.
fn compare<T: Clone + PartialEq + std::fmt::Debug>(
    function: &str,
    read: impl Fn(&Value) -> Parsed<T>,
    expected: &[(&str, T)],
) {
    let expected: BTreeMap<&str, &T> = expected
        .iter()
        .map(|(name, wanted)| (*name, wanted))
        .collect();
    let files = files(function);
    for name in expected.keys() {
        assert!(
            files.contains_key(*name),
            "{function}/{name}.json is missing"
        );
    }
    for (name, body) in &files {
        let trigger = read(body).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        match (trigger, expected.get(name.as_str())) {
            (Trigger::Wanted(wanted), Some(expected)) => assert_eq!(wanted, **expected, "{name}"),
            (Trigger::Ignored { because }, None) => {
                assert!(name.contains(".ignored-"), "{name} is ignored: {because}");
                assert!(!because.is_empty());
            }
            (trigger, expected) => panic!("{name}: {trigger:?}, not {expected:?}"),
        }
    }
}

fn moved(secret: &str) -> ProvisionIntent {
    ProvisionIntent::SecretMoved {
        secret: SecretHint(secret.to_owned()),
    }
}

fn request(value: Value) -> Request {
    parse(&value).unwrap()
}

/// What a person may ask of `provision-role` and `rebind-action` alike.
fn asked() -> [(&'static str, Request); 4] {
    [
        ("plan-everything", request(json!({"mode": "plan"}))),
        (
            "apply-some-bindings",
            request(json!({
                "mode": "apply", "organization": ORGANIZATION, "keys": ["order-lookup"],
                "reason": "first provisioning",
            })),
        ),
        (
            "apply-one-secret",
            request(json!({"mode": "apply", "secret": SECRET})),
        ),
        (
            "retry-held",
            request(json!({
                "mode": "apply", "keys": ["order-lookup"], "retry": true,
                "reason": "the database answers again",
            })),
        ),
    ]
}

#[test]
fn every_event_of_provision_role_means_what_its_name_says() {
    let config = config();
    let mut expected = vec![
        ("secret-label-updated", moved(SECRET)),
        ("secret-label-updated.queued", moved(SECRET)),
        ("cloudtrail-put-secret-value", moved(SECRET)),
        ("cloudtrail-update-secret", moved(SECRET)),
        (
            "cloudtrail-update-secret-version-stage",
            moved("arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-creds"),
        ),
        ("cloudtrail-delete-secret", moved(SECRET)),
        ("cloudtrail-restore-secret", moved(SECRET)),
        ("cloudtrail-rotate-secret", moved(SECRET)),
        ("cloudtrail-rotation-succeeded", moved(SECRET)),
        (
            "manifest-uploaded",
            ProvisionIntent::ManifestUploaded {
                object: "manifests/acme.yaml".into(),
            },
        ),
        (
            "change-verified",
            ProvisionIntent::Retire {
                organization: ORGANIZATION.parse().unwrap(),
                key: "order-lookup".parse().unwrap(),
            },
        ),
        (
            "resync",
            ProvisionIntent::Asked(request(json!({"mode": "apply", "reason": "resync"}))),
        ),
        ("scheduled-event", ProvisionIntent::Asked(scheduled())),
    ];
    expected.extend(asked().map(|(name, request)| (name, ProvisionIntent::Asked(request))));
    compare("provision-role", |body| provision(body, &config), &expected);
}

#[test]
fn every_event_of_rebind_action_means_what_its_name_says() {
    let binding = |key: &str, reason: Option<&str>| {
        RebindIntent::Binding(RebindMessage {
            organization: ORGANIZATION.parse().unwrap(),
            key: key.parse().unwrap(),
            retry: false,
            reason: reason.map(str::to_owned),
            look: Look::Full,
        })
    };
    let tutorial = parse(&files("rebind-action")["tutorial"]).unwrap();
    let mut expected = vec![
        (
            "binding",
            binding("order-lookup", Some("Secret Label Updated")),
        ),
        ("binding.queued", binding("order-lookup", None)),
        (
            "credential",
            binding("erp-login", Some("Secret Label Updated")),
        ),
        ("credential.queued", binding("erp-login", None)),
        ("tutorial", RebindIntent::Tutorial(tutorial)),
    ];
    expected.extend(asked().map(|(name, request)| (name, RebindIntent::Asked(request))));
    compare("rebind-action", rebind, &expected);
}

#[test]
fn every_event_of_verify_change_means_what_its_name_says() {
    let change = message(&json!({
        "organization": ORGANIZATION, "key": "order-lookup",
        "change_id": "4f0c2a9b7d1e6c5f8a3b2d1c", "attempt": 1,
    }));
    let change = VerifyIntent::Change(change.unwrap());
    let foreign = |number: u8, entity_type: &str, entity_id: &str| {
        VerifyIntent::Reported(ReportedChange {
            organization: ORGANIZATION.parse().unwrap(),
            audit_id: format!("88888888-0000-4000-8000-00000000000{number}"),
            entity_type: entity_type.into(),
            entity_id: entity_id.into(),
            at: Some("2026-01-31T12:04:58.123Z".parse().unwrap()),
        })
    };
    let action = "custom_-_2d1f5c7e-8a90-4b6d-9e3c-5f7a1b2c3d4e";
    let integration = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    let client = "9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a";
    let window = json!({
        "organization": ORGANIZATION, "keys": ["order-lookup"],
        "from": "2026-01-31T11:00:00Z", "to": "2026-01-31T12:30:00Z",
    });
    let expected = [
        ("change", change.clone()),
        ("change.queued", change),
        (
            "last-hour",
            VerifyIntent::Window(parse(&json!({})).unwrap()),
        ),
        ("window", VerifyIntent::Window(parse(&window).unwrap())),
        ("genesys-audit-action-updated", foreign(1, "Action", action)),
        (
            "genesys-audit-draft-updated",
            foreign(2, "ActionDraft", action),
        ),
        (
            "genesys-audit-integration-updated",
            foreign(3, "Integration", integration),
        ),
        (
            "genesys-audit-integration-updated.queued",
            foreign(3, "Integration", integration),
        ),
        (
            "genesys-audit-client-updated",
            foreign(4, "OAuthClient", client),
        ),
    ];
    compare("verify-change", verify, &expected);
}

#[test]
fn every_event_of_check_compliance_means_what_its_name_says() {
    let expected = [
        ("schedule", scheduled()),
        ("scheduled-event", scheduled()),
        ("plan-everything", request(json!({"mode": "plan"}))),
        (
            "one-organization",
            request(json!({
                "mode": "apply", "organization": ORGANIZATION, "keys": ["order-lookup"],
                "reason": "after an incident",
            })),
        ),
    ];
    let expected = expected.map(|(name, request)| (name, ComplianceIntent::Sweep(request)));
    compare("check-compliance", compliance, &expected);
}

/// What people and our own functions write is refused with one field too many; what AWS and
/// Genesys Cloud write may grow.
#[test]
fn an_unknown_field_is_refused_in_everything_but_envelopes() {
    let config = config();
    type Parses<'p> = &'p dyn Fn(&Value) -> bool;
    let functions: [(&str, Parses<'_>); 4] = [
        ("provision-role", &|body| provision(body, &config).is_ok()),
        ("rebind-action", &|body| rebind(body).is_ok()),
        ("verify-change", &|body| verify(body).is_ok()),
        ("check-compliance", &|body| compliance(body).is_ok()),
    ];
    for (function, parses) in functions {
        for (name, mut body) in files(function) {
            assert!(parses(&body), "{function}/{name}");
            let is_envelope = body.get("detail-type").is_some();
            body["surprise"] = json!(1);
            assert_eq!(parses(&body), is_envelope, "{function}/{name}");
        }
    }
}

#[test]
fn a_request_with_key_instead_of_keys_is_corrected_and_not_taken_for_a_message() {
    let problems = rebind(&json!({"mode": "apply", "key": "order-lookup"})).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].at, "event.key");
    assert!(problems[0].fix.contains("keys"), "{}", problems[0].fix);
}

#[test]
fn an_event_meant_for_another_function_asks_nothing() {
    let uploaded = &files("provision-role")["manifest-uploaded"];
    assert!(matches!(rebind(uploaded), Ok(Trigger::Ignored { .. })));
    assert!(matches!(verify(uploaded), Ok(Trigger::Ignored { .. })));
    assert!(matches!(compliance(uploaded), Ok(Trigger::Ignored { .. })));
}

#[test]
fn every_event_of_rotate_client_means_what_its_name_says() {
    let files = files("rotate-client");
    assert!(files.len() >= 5, "{}", files.len());
    for (name, body) in files {
        let meant = match rotation(&body).unwrap() {
            Trigger::Wanted(RotationIntent::Step(step)) => {
                step.step.as_str().replace("Secret", "-secret")
            }
            Trigger::Wanted(RotationIntent::Repair(_)) => "repair".to_owned(),
            Trigger::Ignored { because } => panic!("{name}: {because}"),
        };
        assert!(name.starts_with(&meant), "{name} means {meant}");
    }
}

/// Answers of all five parsers: whether the body is refused.
fn refused(body: &Value) -> [bool; 5] {
    [
        provision(body, &config()).is_err(),
        rebind(body).is_err(),
        verify(body).is_err(),
        compliance(body).is_err(),
        rotation(body).is_err(),
    ]
}

/// EventBridge sends a time; what was written by hand or by a test tool may have none.
#[test]
fn an_event_without_a_time_is_read() {
    let mut event = files("provision-role")["secret-label-updated"].clone();
    event.as_object_mut().unwrap().remove("time");
    let trigger = provision(&event, &config());
    assert_eq!(trigger, Ok(Trigger::Wanted(moved(SECRET))));
}

#[test]
fn what_is_not_an_event_of_eventbridge_is_refused_by_every_function() {
    let good = files("provision-role")["secret-label-updated"].clone();
    assert_eq!(refused(&good), [false; 5]);
    for (member, value) in [
        ("time", json!("yesterday")),
        ("source", json!(null)),
        ("detail-type", json!(5)),
        ("resources", json!("arn")),
        ("detail", json!("text")),
        ("detail", json!(null)),
    ] {
        let mut event = good.clone();
        event[member] = value;
        assert_eq!(refused(&event), [true; 5], "{event}");
    }
}

/// As it arrives where a bucket's notifications are pointed at a function by mistake.
#[test]
fn a_notification_of_s3_is_refused_by_every_function() {
    let notification = json!({"Records": [{
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": {"key": "manifests/acme.yaml"}},
    }]});
    let Invocation::Direct(body) = Invocation::from_payload(notification) else {
        panic!("taken for a batch");
    };
    assert_eq!(refused(&body), [true; 5]);
}

#[test]
fn an_event_with_an_empty_id_names_nothing() {
    let mut event = files("provision-role")["secret-label-updated"].clone();
    event["resources"] = json!([""]);
    event["detail"]["name"] = json!("");
    let ignored = provision(&event, &config());
    assert!(
        matches!(ignored, Ok(Trigger::Ignored { .. })),
        "{ignored:?}"
    );
    let mut event = files("verify-change")["genesys-audit-action-updated"].clone();
    for pointer in ["/detail/eventBody/id", "/detail/eventBody/entity/id"] {
        let mut nameless = event.clone();
        *nameless.pointer_mut(pointer).unwrap() = json!("");
        let ignored = verify(&nameless);
        assert!(
            matches!(ignored, Ok(Trigger::Ignored { .. })),
            "{ignored:?}"
        );
    }
    *event.pointer_mut("/detail/eventBody/id").unwrap() = json!("x");
    assert!(matches!(verify(&event), Ok(Trigger::Wanted(_))));
}

#[test]
fn a_body_that_is_not_json_is_refused() {
    for body in [json!("not JSON"), json!(null), json!([])] {
        assert!(provision(&body, &config()).is_err(), "{body}");
        assert!(rebind(&body).is_err(), "{body}");
        assert!(verify(&body).is_err(), "{body}");
        assert!(compliance(&body).is_err(), "{body}");
        assert!(rotation(&body).is_err(), "{body}");
    }
}

#[test]
fn only_a_source_of_genesys_cloud_names_an_organization() {
    let mut event = files("verify-change")["genesys-audit-action-updated"].clone();
    for source in [
        "aws.partner/other.com/cloud/org/lockstep",
        "aws.partner/genesys.com/cloud",
        "aws.partner/genesys.com/cloud/not an id/lockstep",
        "lockstep",
    ] {
        event["source"] = json!(source);
        let trigger = verify(&event);
        assert!(matches!(trigger, Ok(Trigger::Ignored { .. })), "{source}");
    }
}
