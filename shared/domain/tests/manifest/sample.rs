//! The files beside the code: the sample manifest and the JSON Schema.
#![expect(
    clippy::disallowed_methods,
    reason = "compares files of the repository with the code"
)]

use std::path::{Path, PathBuf};

use lockstep_domain::manifest::{Delivery, json_schema};
use serde_json::Value;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn text(path: &str) -> String {
    let path = repository(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_schema_in_the_repository_is_the_one_the_reader_uses() {
    let generated = format!("{:#}\n", json_schema());
    let path = "schemas/manifest.schema.json";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(repository(path), &generated).unwrap();
    }
    assert!(
        text(path) == generated,
        "{path} is not what the types say. Write it anew with\n  \
         BLESS=1 cargo test -p lockstep-domain --test manifest sample"
    );
}

#[test]
fn the_schema_is_a_valid_draft_07_schema_and_describes_every_field() {
    let schema = json_schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    jsonschema::draft7::meta::validate(&schema).unwrap();
    assert_described(&schema, "");
}

fn assert_described(schema: &Value, at: &str) {
    if let Some(fields) = schema["properties"].as_object() {
        for (name, field) in fields {
            assert!(
                field["description"].is_string(),
                "{at}/{name} has no description"
            );
        }
    }
    match schema {
        Value::Object(members) => members
            .iter()
            .for_each(|(key, member)| assert_described(member, &format!("{at}/{key}"))),
        Value::Array(elements) => elements.iter().for_each(|one| assert_described(one, at)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_sample_manifest_names_the_schema_and_is_accepted() {
    let sample = text("manifests/sample.yaml");
    let first = sample.lines().next().unwrap();
    assert_eq!(
        first,
        "# yaml-language-server: $schema=../schemas/manifest.schema.json"
    );
    let manifest = crate::support::accepted(&sample, &crate::support::bounds());
    let deliveries: Vec<_> = manifest.actions.iter().map(|a| a.delivery).collect();
    assert_eq!(deliveries, [Delivery::Envelope, Delivery::None]);
    assert!(manifest.actions[1].keeps_templates());
    assert_eq!(manifest.credentials.len(), 1);
}
