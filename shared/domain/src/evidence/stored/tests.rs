use serde_json::{Value, json};

use super::super::tests::chain;
use super::*;

/// The records of one binding as the bucket has them.
fn records(reasons: &[&str]) -> Vec<(String, Value)> {
    let records = chain(reasons).into_iter();
    records
        .map(|record| {
            let name = format!("evidence/org-1/orders/{:06}.json", record.sequence);
            (name, serde_json::to_value(record).unwrap())
        })
        .collect()
}

/// Records of rotations, as [`crate::rotation::Rotated`] seals them.
fn rotations(versions: &[&str]) -> Vec<(String, Value)> {
    let mut previous = Value::Null;
    let mut found = Vec::new();
    for version in versions {
        let mut record = json!({
            "schema": 1, "previous": previous, "organization": "org-1",
            "secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/one-a1B2c3",
            "version_id": version, "replaces": "v0", "hash": Digest::of_bytes(b""),
        });
        record["hash"] = json!(Digest::of(&record));
        previous = record["hash"].clone();
        found.push((format!("{version}.json"), record));
    }
    found
}

fn verified(objects: &[(String, Value)]) -> Vec<Verified> {
    let read = objects.iter().map(|(name, value)| {
        let bytes = value.to_string();
        (name.clone(), read_object(name, bytes.as_bytes()).unwrap())
    });
    verify(&read.collect::<Vec<_>>())
}

/// The one chain, and what is wrong with it.
fn problem(objects: &[(String, Value)]) -> (usize, Option<(String, String)>) {
    let [one] = verified(objects).try_into().unwrap();
    let broken = one.broken.map(|broken| (broken.object, broken.problem));
    (one.records, broken)
}

fn said(object: &str, problem: &str) -> Option<(String, String)> {
    Some((object.to_owned(), problem.to_owned()))
}

const SECOND: &str = "evidence/org-1/orders/000002.json";
const THIRD: &str = "evidence/org-1/orders/000003.json";

#[test]
fn a_whole_chain_is_intact_in_any_order() {
    let mut objects = records(&["one", "two", "three"]);
    assert_eq!(problem(&objects), (3, None));
    objects.reverse();
    assert_eq!(problem(&objects), (3, None));
    let mut objects = rotations(&["c", "a", "b"]);
    assert_eq!(problem(&objects), (3, None));
    objects.swap(0, 2);
    assert_eq!(problem(&objects), (3, None));
    assert_eq!(
        verified(&objects)[0].last.as_deref(),
        Some("the record of version b")
    );
}

#[test]
fn a_record_with_a_member_of_a_newer_release_is_verified_as_it_is_stored() {
    let mut objects = records(&["one"]);
    objects[0].1["body"]["new"] = json!({"b": 1.5, "a": [1]});
    assert_eq!(
        problem(&objects).1.unwrap().1,
        "record 1 was altered after it was sealed"
    );
    let record = &mut objects[0].1;
    let covered = ["schema", "sequence", "previous", "at", "body"].map(|member| &record[member]);
    let hash = Digest::of(&covered);
    record["hash"] = json!(hash);
    assert_eq!(problem(&objects), (1, None));
}

#[test]
fn the_first_broken_place_of_a_binding_is_named() {
    let whole = records(&["one", "two", "three"]);

    let mut altered = whole.clone();
    altered[1].1["body"]["reason"] = json!("another");
    altered[2].1["body"]["reason"] = json!("another");
    let text = "record 2 was altered after it was sealed";
    assert_eq!(problem(&altered), (3, said(SECOND, text)));

    let mut missing = whole.clone();
    missing.remove(1);
    let text = "record 2 is missing before record 3";
    assert_eq!(problem(&missing), (2, said(THIRD, text)));

    let last = [whole[2].clone()];
    let text = "records 1 to 2 are missing before record 3";
    assert_eq!(problem(&last), (1, said(THIRD, text)));

    let mut doubled = whole.clone();
    doubled.push(("zz.json".to_owned(), whole[1].1.clone()));
    let text = format!("record 2 is also in {SECOND}");
    assert_eq!(problem(&doubled), (4, said("zz.json", &text)));

    let mut foreign = whole;
    foreign[1].1 = records(&["other", "two"]).remove(1).1;
    let text = "record 2 does not follow record 1";
    assert_eq!(problem(&foreign), (3, said(SECOND, text)));
}

#[test]
fn the_first_broken_place_of_rotations_is_named() {
    let whole = rotations(&["a", "b", "c"]);

    let mut altered = whole.clone();
    altered[1].1["replaces"] = json!("another");
    let text = "the record of version b was altered after it was sealed";
    assert_eq!(problem(&altered), (3, said("b.json", text)));

    let mut missing = whole.clone();
    missing.remove(1);
    let text = "the record before the record of version c is missing";
    assert_eq!(problem(&missing), (2, said("c.json", text)));

    let mut forked = whole;
    forked.extend(rotations(&["d"]));
    let text = "the record of version d and the record of version a follow the same record";
    assert_eq!(problem(&forked), (4, said("d.json", text)));
}

#[test]
fn only_a_state_shows_that_the_last_record_is_there() {
    let whole = records(&["one", "two"]);
    assert!(!verified(&whole)[0].is_complete);
    let state = |length: u64, hash: &Value| {
        let chain = json!({"length": length, "hash": hash, "uri": "s3://evidence/2"});
        let state = json!({"organization": "org-1", "key": "orders", "chain": chain});
        ("state.json".to_owned(), state)
    };
    let end = state(2, &whole[1].1["hash"]);

    let mut complete = whole.clone();
    complete.push(end.clone());
    let [one] = verified(&complete).try_into().unwrap();
    assert_eq!((one.is_complete, one.broken), (true, None));

    let (_, broken) = problem(&[whole[0].clone(), end]);
    let (object, text) = broken.unwrap();
    assert_eq!(object, whole[0].0);
    assert!(
        text.contains("record 2") && text.ends_with("ends with record 1"),
        "{text}"
    );

    let [none] = verified(&[state(0, &Value::Null)]).try_into().unwrap();
    assert_eq!((none.is_complete, none.records), (true, 0));
}

#[test]
fn the_state_of_a_rotation_shows_its_end() {
    let whole = rotations(&["a", "b"]);
    let state = json!({
        "organization": "org-1", "secret": whole[0].1["secret"],
        "evidence": {"version_id": "b", "uri": "s3://e/b", "hash": whole[1].1["hash"], "previous": null},
    });
    let state = ("rotation.json".to_owned(), state);
    let mut complete = whole.clone();
    complete.push(state.clone());
    assert!(verified(&complete)[0].is_complete);
    let (_, broken) = problem(&[whole[0].clone(), state]);
    assert!(broken.unwrap().1.contains("another record"));
}

#[test]
fn the_report_of_a_sweep_is_named_by_its_content() {
    let report =
        json!({"schema": 1, "at": "2026-01-02T03:04:05Z", "organizations": [], "report": {}});
    let read = |name: &str| read_object(name, report.to_string().as_bytes()).unwrap();
    let digest = Digest::of(&report);
    let good = format!(
        "evidence/sweeps/2026-01-02T03:04:05Z-{}.json",
        digest.short(8)
    );
    let sweep = |named_by_content| Object::Sweep { named_by_content };
    assert_eq!(read(&good), sweep(true));
    assert_eq!(
        read("evidence/sweeps/2026-01-02T03:04:05Z-00000000.json"),
        sweep(false)
    );
    assert_eq!(read("a-copy.json"), sweep(true));
}

#[test]
fn the_index_of_a_ledger_has_the_digests_of_its_parts() {
    let index = |name: &str| {
        let part = json!({"name": name, "content": "rows", "digest": Digest::of_bytes(b"row")});
        let index = json!({"sweep": {}, "parts": [part]});
        read_object(
            "evidence/sweeps/org-1/x/index.json",
            index.to_string().as_bytes(),
        )
    };
    let Ok(Object::Ledger { parts }) = index("rows-0001.jsonl") else {
        panic!();
    };
    assert_eq!(parts[0].name, "rows-0001.jsonl");
    assert!(parts[0].has(b"row") && !parts[0].has(b"rows"));
    for elsewhere in ["../x", "a/b", "..", "a\\b"] {
        let why = index(elsewhere).unwrap_err();
        assert!(
            why.contains("is not that of an object beside the index"),
            "{why}"
        );
    }
}

#[test]
fn an_object_that_is_not_evidence_is_reported_with_the_reason() {
    let why = |text: &str| read_object("x.json", text.as_bytes()).unwrap_err();
    assert!(why("{").starts_with("the object is not JSON"));
    assert_eq!(why("{}"), "the object is not evidence of Lockstep");
    let newer = r#"{"schema": 9, "sequence": 1, "body": {}}"#;
    assert_eq!(
        why(newer),
        "the record has the layout 9, which this release does not know"
    );
    let broken = r#"{"schema": 1, "sequence": 1, "body": {"organization": "o"}}"#;
    assert_eq!(why(broken), "`key` is missing or is not a string");
}
