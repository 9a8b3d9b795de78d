//! Names that attack whoever renders or opens a report are harmless in every format.

use std::collections::BTreeSet;

use lockstep_domain::ledger::{CheckResult, Ledger, Row};
use lockstep_report::Format;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use proptest::test_runner::Config;
use sample_ledger::{HOSTILE, hostile, sample};
use serde_json::Value;

use crate::formats::records;
use crate::page::{elements, parsed};
use crate::rendered;

/// Characters that reorder or hide text, and those that a terminal obeys. Written here independently of the renderers.
fn is_harmful(character: char) -> bool {
    let control = character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    control
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn assert_harmless(ledger: &Ledger) {
    let html_of_sample = rendered(Format::Html, &sample(3));
    for format in Format::ALL {
        let text = rendered(format, ledger);
        if let Some(harmful) = text.chars().find(|character| is_harmful(*character)) {
            panic!("{format:?} has {harmful:?}");
        }
        match format {
            Format::Html => assert_harmless_html(&text, &html_of_sample),
            Format::Json => {
                let report: Value = serde_json::from_str(&text).unwrap();
                let rows: Vec<Row> = serde_json::from_value(report["rows"].clone()).unwrap();
                assert_eq!(rows, ledger.rows, "names survive as they are");
                assert_eq!(text.lines().count(), 1);
            }
            Format::Csv => assert_harmless_csv(&text, ledger),
            Format::Junit => {
                let report = parsed(&text);
                assert_eq!(elements(&report, "testcase").len(), ledger.rows.len());
            }
            Format::Ocsf => {
                assert_eq!(text.lines().count(), ledger.rows.len());
                for (line, row) in text.lines().zip(&ledger.rows) {
                    let event: Value = serde_json::from_str(line).unwrap();
                    assert_eq!(event["resources"][0]["uid"], row.resource.as_str());
                }
            }
            Format::Sarif => {
                let log: Value = serde_json::from_str(&text).unwrap();
                let results = log["runs"][0]["results"].as_array().unwrap();
                let all = ledger
                    .rows
                    .iter()
                    .filter(|row| row.result != CheckResult::Passed);
                assert_eq!(results.len(), all.count().min(5_000));
            }
        }
    }
}

/// The page has no element and no attribute that an ordinary page does not have.
fn assert_harmless_html(page: &str, ordinary: &str) {
    let names = |page: &str| -> BTreeSet<String> {
        let page = parsed(page);
        let all = page
            .root()
            .descendants()
            .filter(roxmltree::Node::is_element);
        all.flat_map(|node| {
            let element = node.tag_name().name().to_owned();
            let attributes = node
                .attributes()
                .map(|one| format!("{element} {}", one.name()));
            attributes.chain([element.clone()]).collect::<Vec<_>>()
        })
        .collect()
    };
    let mut expected = names(ordinary);
    expected.extend(["a href", "time datetime", "code", "dl id"].map(str::to_owned));
    let foreign: Vec<String> = names(page).difference(&expected).cloned().collect();
    assert_eq!(foreign, [""; 0]);
}

fn assert_harmless_csv(text: &str, ledger: &Ledger) {
    let records = records(text);
    assert_eq!(records.len(), ledger.rows.len() + 1);
    for record in records {
        assert_eq!(record.len(), 18, "{record:?}");
        for cell in record {
            assert!(
                !cell.trim_start().starts_with(['=', '+', '-', '@']),
                "{cell:?}"
            );
            assert!(!cell.contains('\t'), "{cell:?}");
        }
    }
}

#[test]
fn ten_thousand_hostile_names_are_harmless_in_every_format() {
    assert_harmless(&hostile(10_000));
}

/// Any text, and pieces of hostile ones in any order.
fn text() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(select(HOSTILE.to_vec()), 1..4);
    prop_oneof![any::<String>(), pieces.prop_map(|pieces| pieces.concat())]
}

proptest! {
    #![proptest_config(Config { cases: 64, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_text_anywhere_is_harmless_in_every_format(texts in proptest::collection::vec(text(), 8)) {
        let mut ledger = hostile(6);
        for row in &mut ledger.rows {
            row.resource = texts[0].clone();
            row.what = texts[1].clone();
            row.advice = Some(texts[2].clone());
            row.evidence = vec![texts[3].clone()];
            match &mut row.result {
                CheckResult::Passed | CheckResult::Failed | CheckResult::NotEvaluated => {}
                CheckResult::Excepted(exception) => {
                    exception.reason = texts[4].clone();
                    exception.owner = texts[5].clone();
                }
            }
        }
        ledger.rows.dedup_by_key(|row| row.id());
        ledger.sweep.stack = texts[6].clone();
        ledger.sweep.manifest.object = texts[7].clone();
        assert_harmless(&ledger);
    }
}
