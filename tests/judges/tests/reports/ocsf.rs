//! OCSF events against the schema of OCSF 1.7.0, as the Python package `ocsf-json-schema` has it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use judges::figures;
use lockstep_report::Format;
use python_environment::interpreter;
use sample_ledger::{hostile, sample};
use serde::Deserialize;
use serde_json::{Value, json};

const REQUIREMENTS: &str = include_str!("requirements.txt");
const JUDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reports/ocsf.py");

#[derive(Debug, Deserialize)]
struct Answer {
    events: usize,
    problems: Vec<String>,
}

fn judged(events: &[u8]) -> Answer {
    let python = interpreter("reports", REQUIREMENTS, &|text| eprintln!("{text}")).unwrap();
    let mut child = Command::new(python)
        .arg(JUDGE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Closed when it is dropped, which ends the judge's reading.
    child.stdin.take().unwrap().write_all(events).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_event_is_a_valid_compliance_finding_of_ocsf_1_7_0() {
    let mut events = Vec::new();
    for ledger in [sample(40), hostile(100)] {
        Format::Ocsf.render(&ledger, &mut events).unwrap();
    }
    let answer = judged(&events);
    assert!(answer.problems.is_empty(), "{:#?}", answer.problems);
    assert!(answer.events > 700, "{}", answer.events);
    figures(
        "ocsf",
        &format!("ocsf-json-schema: {} events, no violation", answer.events),
    )
    .unwrap();
}

#[test]
fn a_planted_fault_in_an_event_is_found() {
    let mut events = Vec::new();
    Format::Ocsf.render(&sample(1), &mut events).unwrap();
    let first = events.split(|byte| *byte == b'\n').next().unwrap();
    let event: Value = serde_json::from_slice(first).unwrap();
    let broken = [
        ("severity_id", json!("high")),
        ("class_uid", json!(2004)),
        ("unheard_of", json!(1)),
        ("finding_info", json!({})),
    ];
    for (member, value) in broken {
        let mut event = event.clone();
        event[member] = value;
        let answer = judged(format!("{event}\n").as_bytes());
        assert!(!answer.problems.is_empty(), "{member}");
    }
}
