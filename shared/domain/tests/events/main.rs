//! Events on the wire: their bytes stay what subscribers have seen, and their schemas describe
//! them.
#![expect(
    clippy::disallowed_methods,
    reason = "compares files of the repository with the code"
)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod details;

use std::path::{Path, PathBuf};

use details::event as sample;
use lockstep_domain::event::{EventType, json_schema};
use serde_json::Value;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// `Data Action Rebound` as `data-action-rebound`.
fn file_name(event: EventType) -> String {
    event.as_str().to_lowercase().replace(' ', "-")
}

fn stored(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files were written before the types were split. They are changed only where the layout of a
/// detail changes, and its `schema` with it.
#[test]
fn every_event_has_the_bytes_that_subscribers_have_seen() {
    for &event in EventType::ALL {
        let sent = serde_json::to_string(&sample(event)).unwrap();
        let path = format!(
            "shared/domain/tests/events/fixtures/{}.json",
            file_name(event)
        );
        assert_eq!(sent, stored(&repository(&path)), "{path}");
    }
}

fn schema(event: EventType) -> Value {
    let generated = json_schema(event);
    let path = format!("schemas/events/{}.schema.json", file_name(event));
    let text = format!("{generated:#}\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(repository(&path), &text).unwrap();
    }
    assert!(
        stored(&repository(&path)) == text,
        "{path} is not what the types say. Write it anew with\n  \
         BLESS=1 cargo test -p lockstep-domain --test events"
    );
    generated
}

#[test]
fn every_type_of_event_has_a_schema_that_describes_what_is_sent() {
    for &event in EventType::ALL {
        let schema = schema(event);
        jsonschema::meta::validate(&schema).unwrap();
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let sent = serde_json::to_value(sample(event)).unwrap();
        let problems: Vec<String> = validator
            .iter_errors(&sent)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{event:?}: {problems:?}");
        // Each member that is sent is described, and each that is described is sent, but for those
        // that only an event too large for the bus has.
        let described = schema["properties"].as_object().unwrap();
        for name in sent.as_object().unwrap().keys() {
            let description = &described[name]["description"];
            assert!(description.is_string(), "{event:?}: {name}");
        }
        let unsent = described.keys().filter(|name| sent.get(*name).is_none());
        let unsent: Vec<&String> = unsent.collect();
        let may = ["notices", "sequence"];
        assert!(
            unsent.iter().all(|name| may.contains(&name.as_str())),
            "{event:?}: {unsent:?}"
        );
    }
}

#[test]
fn a_schema_refuses_what_is_no_such_event() {
    let validator = jsonschema::validator_for(&json_schema(EventType::RebindFailed)).unwrap();
    let good = serde_json::to_value(sample(EventType::RebindFailed)).unwrap();
    assert!(validator.is_valid(&good));
    for (member, value) in [
        ("schema", Value::from("1")),
        ("actor", Value::Null),
        ("key", Value::from(1)),
        ("reason", Value::Null),
        ("secrets", Value::from("arn")),
        ("event_id", Value::Null),
    ] {
        let mut wrong = good.clone();
        wrong[member] = value;
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
