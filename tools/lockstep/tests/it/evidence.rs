use std::fs;
use std::path::Path;

use lockstep_domain::change::{BindingState, ChainHead, Change, ChangeId, End};
use lockstep_domain::digest::Digest;
use lockstep_domain::evidence::{Body, Record};
use serde_json::{Value, json};

use crate::program::{folder, run, run_in};

/// Writes the evidence of a binding as the bucket has it, and its state; answers the records' paths.
pub fn binding(folder: &Path, key: &str, records: u64) -> Vec<std::path::PathBuf> {
    let state_of = |head: ChainHead| {
        let mut state = BindingState::new("org-1".parse().unwrap(), key.parse().unwrap());
        state.chain = head;
        state
    };
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    let mut head = ChainHead::default();
    let mut paths = Vec::new();
    let chain = folder.join("evidence/org-1").join(key);
    fs::create_dir_all(&chain).unwrap();
    for number in 1..=records {
        let state = state_of(head.clone());
        let id = ChangeId::of(&state.organization, &state.key, &json!({"secret": number}));
        let change = Change::begin(id, 1, Vec::new(), None, at);
        let record = Record::seal(&head, at, Body::new(&state, &change, End::Verified));
        let path = chain.join(format!("{number:06}.json"));
        fs::write(&path, serde_json::to_string(&record).unwrap()).unwrap();
        head = record.head(format!("s3://evidence/{number}"));
        paths.push(path);
    }
    let states = folder.join("state/org-1");
    fs::create_dir_all(&states).unwrap();
    let state = serde_json::to_string(&state_of(head)).unwrap();
    fs::write(states.join(format!("{key}.json")), state).unwrap();
    paths
}

fn change(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut record: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut record);
    fs::write(path, record.to_string()).unwrap();
}

#[test]
fn intact_evidence_ends_with_0_and_the_state_shows_that_it_is_complete() {
    let folder = folder("evidence-intact");
    binding(&folder, "orders", 3);
    binding(&folder, "invoices", 1);
    fs::write(folder.join("evidence/notes.txt"), "").unwrap();
    let ran = run_in(&folder, &["evidence", "verify", "evidence"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.err,
        "note: 1 files do not end with .json and were ignored\n"
    );
    assert!(
        ran.out
            .contains("org-1/invoices: 1 record, intact; the last is record 1"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("org-1/orders: 3 records, intact; the last is record 3"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("visible only with the state"),
        "{}",
        ran.out
    );

    let ran = run_in(&folder, &["evidence", "verify", "evidence", "state"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.out
            .contains("org-1/orders: 3 records, intact and complete"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("visible only"), "{}", ran.out);
}

#[test]
fn the_first_broken_place_is_named_and_the_other_chains_are_verified() {
    let folder = folder("evidence-broken");
    let orders = binding(&folder, "orders", 4);
    binding(&folder, "invoices", 1);
    change(&orders[1], |record| {
        record["body"]["unhealthy"] = json!(true)
    });
    let ran = run_in(&folder, &["evidence", "verify", "evidence"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let broken = "error: org-1/orders: 4 records, broken at evidence/org-1/orders/000002.json: record 2 was altered";
    assert!(ran.out.contains(broken), "{}", ran.out);
    assert!(
        ran.out.contains("org-1/invoices: 1 record, intact"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("help: "), "{}", ran.out);

    fs::remove_file(&orders[1]).unwrap();
    let ran = run_in(&folder, &["evidence", "verify", "evidence", "--json"]);
    assert_eq!(ran.code, 1);
    let json = ran.json();
    assert_eq!(json["intact"], false);
    let broken = &json["chains"][1]["broken"];
    assert_eq!(
        broken["problem"], "record 2 is missing before record 3",
        "{json:#}"
    );
}

#[test]
fn a_record_that_is_missing_at_the_end_is_noticed_with_the_state() {
    let folder = folder("evidence-cut");
    let orders = binding(&folder, "orders", 2);
    fs::remove_file(&orders[1]).unwrap();
    let ran = run_in(&folder, &["evidence", "verify", "evidence"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = run_in(&folder, &["evidence", "verify", "evidence", "state"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.out.contains("the chain ends with record 2"),
        "{}",
        ran.out
    );
}

#[test]
fn an_object_that_is_no_evidence_is_named() {
    let folder = folder("evidence-unreadable");
    let orders = binding(&folder, "orders", 1);
    fs::write(&orders[0], "not JSON").unwrap();
    let ran = run_in(&folder, &["evidence", "verify", "evidence"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.out
            .contains("error: evidence/org-1/orders/000001.json: the object is not JSON"),
        "{}",
        ran.out
    );
}

#[test]
fn the_parts_of_a_sweeps_ledger_are_compared_with_its_index() {
    let folder = folder("evidence-ledger");
    let sweep = folder.join("evidence/sweeps/org-1/2026-01-02T03:04:05Z-0a1b2c3d");
    fs::create_dir_all(&sweep).unwrap();
    let rows = sweep.join("rows-0001.jsonl");
    fs::write(&rows, "{}\n").unwrap();
    let part =
        json!({"name": "rows-0001.jsonl", "content": "rows", "digest": Digest::of_bytes(b"{}\n")});
    let index = json!({"sweep": {}, "parts": [part]});
    fs::write(sweep.join("index.json"), index.to_string()).unwrap();
    let ran = run_in(&folder, &["evidence", "verify", "evidence"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:#?}");
    assert!(ran.out.contains("reports of sweeps: 1"), "{}", ran.out);

    fs::write(&rows, "{\"a\": 1}\n").unwrap();
    let ran = run_in(&folder, &["evidence", "verify", "evidence"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let differs = "rows-0001.jsonl: the part of the ledger differs from the one that was stored";
    assert!(ran.out.contains(differs), "{}", ran.out);
    fs::remove_file(&rows).unwrap();
    let ran = run_in(&folder, &["evidence", "verify", "evidence"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.out
            .contains("rows-0001.jsonl: the part of the ledger cannot be read"),
        "{}",
        ran.out
    );
}

#[test]
fn without_evidence_it_ends_with_2() {
    let empty = folder("evidence-empty");
    let empty = empty.to_str().unwrap();
    let ran = run(&["evidence", "verify", empty]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains("there is no evidence. Fix: Download it"),
        "{}",
        ran.err
    );
    let ran = run(&["evidence", "verify", "no-such-folder"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains("no-such-folder: cannot read the file"),
        "{}",
        ran.err
    );
}
