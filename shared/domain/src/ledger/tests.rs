use std::collections::BTreeMap;

use super::*;
use crate::compliance::Check;
use crate::digest::Digest;
use crate::manifest::Mode;

fn ledger(rows: Vec<Row>) -> Ledger {
    let started: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    Ledger {
        sweep: Sweep {
            schema: SCHEMA,
            id: Digest::of(&"sweep"),
            organization: "org-1".parse().unwrap(),
            stack: "lockstep".into(),
            account: "123456789012".into(),
            region: "us-east-1".into(),
            release: "0.1.0".into(),
            mode: Mode::Apply,
            scope: Scope::Whole,
            reason: None,
            manifest: ManifestRead {
                object: "manifests/org-1.yaml".into(),
                version_id: None,
                digest: Digest::of(&"text"),
                accepted_at: started,
                organization_line: 2,
            },
            started,
            finished: started,
            previous: None,
        },
        rows,
        cleared: Vec::new(),
        timeline: Vec::new(),
        chains: Vec::new(),
    }
}

/// More rows than one part has.
fn many() -> Vec<Row> {
    (0..2_500)
        .map(|number| Row::passed(Check::RoleTrust, format!("role-{number:04}")))
        .collect()
}

#[test]
fn a_stored_ledger_is_read_as_it_was() {
    let ledger = ledger(many());
    let (index, parts) = ledger.stored(Vec::new(), Vec::new()).unwrap();
    assert_eq!(index.parts.len(), 2, "{:?}", index.parts);
    let text = serde_json::to_string(&index).unwrap();
    let index: Index = serde_json::from_str(&text).unwrap();
    assert_eq!(Ledger::read(&index, &parts).unwrap(), ledger);
    let text = &index.checks["LS-ROLE-TRUST"];
    assert_eq!(text.why, Check::RoleTrust.why());
}

#[test]
fn a_part_that_was_altered_or_is_missing_is_noticed_by_name() {
    let (index, parts) = ledger(many()).stored(Vec::new(), Vec::new()).unwrap();
    let read = |parts: &BTreeMap<String, Vec<u8>>| Ledger::read(&index, parts).unwrap_err();
    let mut altered = parts.clone();
    altered.get_mut("rows-0002.jsonl").unwrap().push(b'\n');
    let said = read(&altered).to_string();
    assert!(
        said.contains("rows-0002.jsonl of the ledger differs"),
        "{said}"
    );
    let mut missing = parts;
    missing.remove("rows-0001.jsonl");
    let said = read(&missing).to_string();
    assert!(
        said.contains("rows-0001.jsonl of the ledger does not exist"),
        "{said}"
    );
}

#[test]
fn only_a_pass_counts_as_passed() {
    let excepted = Row {
        result: CheckResult::Excepted(Exception {
            reason: "migration".into(),
            owner: "platform team".into(),
            expires: "2026-02-01".parse().unwrap(),
        }),
        ..Row::failed(Check::SecretAge, "secret", "it is old")
    };
    let counts = ledger(vec![
        Row::passed(Check::RoleTrust, "role"),
        Row::failed(Check::RolePolicy, "role", "it is wide"),
        Row::not_evaluated(Check::RoleForeign, "role", "denied"),
        excepted,
    ])
    .counts();
    let expected = Counts {
        passed: 1,
        failed: 1,
        not_evaluated: 1,
        excepted: 1,
    };
    assert_eq!(counts, expected);
    assert_eq!(counts.all(), 4);
}

#[test]
fn the_ledgers_of_equal_observations_are_equal_byte_for_byte() {
    let bytes = || {
        let (index, parts) = ledger(many()).stored(Vec::new(), Vec::new()).unwrap();
        (serde_json::to_vec(&index).unwrap(), parts)
    };
    assert_eq!(bytes(), bytes());
}
