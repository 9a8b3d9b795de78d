//! What programs read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lockstep_domain::ledger::{CheckResult, Ledger, Row};
use lockstep_report::Format;
use lockstep_report::json::Report;
use sample_ledger::{sample, started};
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::page::{elements, parsed};
use crate::rendered;

#[test]
fn two_renderings_of_one_ledger_are_equal() {
    for format in Format::ALL {
        assert_eq!(
            rendered(format, &sample(40)),
            rendered(format, &sample(40)),
            "{format:?}"
        );
    }
}

#[test]
fn each_format_has_a_file_name_of_its_own() {
    let names: BTreeSet<&str> = Format::ALL.into_iter().map(Format::file_name).collect();
    assert_eq!(names.len(), Format::ALL.len());
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    let problem = "pdf".parse::<Format>().unwrap_err().to_string();
    for format in Format::ALL {
        assert!(problem.contains(format.name()), "{problem}");
    }
}

#[test]
fn the_json_report_is_what_its_schema_says() {
    let schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Report<'_>>();
    let generated = format!("{:#}\n", schema.as_value());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/report.schema.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == generated,
        "schemas/report.schema.json is not what the types say. Write it anew with\n  \
         BLESS=1 cargo test -p lockstep-report --test it formats"
    );
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(schema.as_value())
        .unwrap();
    let report: Value = serde_json::from_str(&rendered(Format::Json, &sample(40))).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:?}");
    let mut broken = report;
    broken["counts"]["passed"] = Value::from("many");
    assert!(!validator.is_valid(&broken));
}

#[test]
fn the_json_report_has_the_whole_ledger() {
    let ledger = sample(40);
    let mut report: Value = serde_json::from_str(&rendered(Format::Json, &ledger)).unwrap();
    let members = report.as_object_mut().unwrap();
    members.remove("counts").unwrap();
    let checks = members.remove("checks").unwrap();
    let again: Ledger = serde_json::from_value(report).unwrap();
    assert_eq!(again, ledger);
    let named: BTreeSet<&str> = ledger.rows.iter().map(|row| row.check.id()).collect();
    let texts: BTreeSet<&str> = checks
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    assert_eq!(texts, named);
}

/// The records of a CSV text: each cell between quotes, lines ended by CR LF.
pub(crate) fn records(text: &str) -> Vec<Vec<String>> {
    let lines = text.strip_suffix("\r\n").unwrap().split("\r\n");
    lines.map(cells).collect()
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut characters = line.chars().peekable();
    loop {
        assert_eq!(characters.next(), Some('"'), "{line}");
        let mut cell = String::new();
        loop {
            match characters.next() {
                Some('"') if characters.next_if_eq(&'"').is_some() => cell.push('"'),
                Some('"') => break,
                Some(other) => cell.push(other),
                None => panic!("a cell without an end: {line}"),
            }
        }
        cells.push(cell);
        match characters.next() {
            Some(separator) => assert_eq!(separator, ',', "{line}"),
            None => return cells,
        }
    }
}

#[test]
fn the_csv_has_a_header_and_a_line_per_row() {
    let ledger = sample(40);
    let records = records(&rendered(Format::Csv, &ledger));
    assert_eq!(records.len(), ledger.rows.len() + 1);
    assert_eq!(
        records[0][..5],
        ["check", "severity", "result", "resource", "binding"]
    );
    for (record, row) in records[1..].iter().zip(&ledger.rows) {
        assert_eq!(record.len(), records[0].len());
        assert_eq!(
            (record[0].as_str(), &record[3]),
            (row.check.id(), &row.resource)
        );
    }
    let excepted = records
        .iter()
        .find(|record| record[2] == "excepted")
        .unwrap();
    assert_eq!(excepted[13], "2027-01-31");
}

#[test]
fn junit_reports_what_was_not_evaluated_as_an_error_and_an_exception_as_skipped() {
    let ledger = sample(40);
    let counts = ledger.counts();
    let xml = rendered(Format::Junit, &ledger);
    let report = parsed(&xml);
    for (element, count) in [
        ("testcase", counts.all()),
        ("failure", counts.failed),
        ("error", counts.not_evaluated),
        ("skipped", counts.excepted),
    ] {
        assert_eq!(elements(&report, element).len(), count, "{element}");
        assert!(count > 0);
    }
    let suites = elements(&report, "testsuites")[0];
    assert_eq!(
        suites.attribute("failures"),
        Some(counts.failed.to_string().as_str())
    );
    assert_eq!(
        suites.attribute("errors"),
        Some(counts.not_evaluated.to_string().as_str())
    );
}

fn events(ledger: &Ledger) -> Vec<Value> {
    let text = rendered(Format::Ocsf, ledger);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn an_ocsf_event_has_the_status_of_its_row_and_the_type_of_its_activity() {
    let ledger = sample(40);
    let events = events(&ledger);
    assert_eq!(events.len(), ledger.rows.len());
    let mut seen = BTreeSet::new();
    for (event, row) in events.iter().zip(&ledger.rows) {
        let activity = event["activity_id"].as_u64().unwrap();
        assert_eq!(event["type_uid"], 200_300 + activity);
        let (compliance, caption, status) = match row.result {
            CheckResult::Passed if activity == 3 => (1, "Pass", 4),
            CheckResult::Passed => (1, "Pass", 1),
            CheckResult::Failed => (3, "Fail", 1),
            CheckResult::NotEvaluated => (2, "Warning", 1),
            CheckResult::Excepted(_) => (3, "Fail", 3),
        };
        assert_eq!(event["compliance"]["status_id"], compliance);
        assert_eq!(event["compliance"]["status"], caption);
        assert_eq!(event["status_id"], status);
        if row.result == CheckResult::NotEvaluated {
            assert_eq!(event["compliance"]["status_details"][0], row.what.as_str());
        }
        seen.insert((compliance, status, activity));
    }
    let expected = [
        (1, 1, 1),
        (1, 4, 3),
        (2, 1, 1),
        (2, 1, 2),
        (3, 1, 1),
        (3, 1, 2),
        (3, 3, 1),
    ];
    assert_eq!(seen, BTreeSet::from(expected));
    let uids: BTreeSet<&str> = events
        .iter()
        .map(|event| event["metadata"]["uid"].as_str().unwrap())
        .collect();
    assert_eq!(uids.len(), events.len());
}

fn sarif(ledger: &Ledger) -> Value {
    let log: Value = serde_json::from_str(&rendered(Format::Sarif, ledger)).unwrap();
    log["runs"][0].clone()
}

#[test]
fn sarif_has_a_result_for_each_row_that_did_not_pass() {
    let ledger = sample(40);
    let counts = ledger.counts();
    let run = sarif(&ledger);
    let results = run["results"].as_array().unwrap();
    let mut kinds: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for result in results {
        let kind = result["kind"].as_str().unwrap();
        let is_suppressed = result.get("suppressions").is_some();
        *kinds.entry((kind, is_suppressed)).or_default() += 1;
        assert_eq!(kind == "open", result["level"] == "none");
        let rule = &run["tool"]["driver"]["rules"]
            [usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    let expected = [
        (("fail", false), counts.failed),
        (("fail", true), counts.excepted),
        (("open", false), counts.not_evaluated),
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(run["properties"]["passed"], counts.passed);
    assert_eq!(
        results[0]["ruleId"], "LS-ROLE-TRUST",
        "the most severe comes first"
    );
}

#[test]
fn sarif_shows_what_no_entry_names_at_the_organization() {
    let mut ledger = sample(1);
    let check = ledger.rows[0].check;
    ledger.rows = vec![Row::failed(check, "genesys:organization/1", "it is closed")];
    ledger.sweep.manifest.object = "manifests/ein größeres.yaml".to_owned();
    let run = sarif(&ledger);
    let location = &run["results"][0]["locations"][0];
    let physical = &location["physicalLocation"];
    assert_eq!(
        physical["region"]["startLine"],
        ledger.sweep.manifest.organization_line
    );
    assert_eq!(physical["artifactLocation"]["uriBaseId"], "MANIFESTS");
    assert_eq!(
        physical["artifactLocation"]["uri"],
        "manifests/ein%20gr%C3%B6%C3%9Feres.yaml"
    );
    assert_eq!(
        location["logicalLocations"][0]["fullyQualifiedName"],
        "genesys:organization/1"
    );
}

#[test]
fn sarif_keeps_the_5000_most_severe_results_and_says_how_many_it_left_out() {
    let mut ledger = sample(1);
    let severe = Row::failed("LS-ROLE-TRUST".parse().unwrap(), "last", "it is open");
    let mild = |number: usize| Row {
        since: Some(started()),
        ..Row::failed(
            "LS-ROLE-LABELS".parse().unwrap(),
            format!("role-{number:05}"),
            "a tag is missing",
        )
    };
    ledger.rows = (0..5_001).map(mild).chain([severe]).collect();
    let run = sarif(&ledger);
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 5_000);
    assert_eq!(results[0]["ruleId"], "LS-ROLE-TRUST");
    let notes = run["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    assert_eq!(notes.len(), 1);
    let note = notes[0]["message"]["text"].as_str().unwrap();
    assert!(note.starts_with("2 results are not in this file"), "{note}");
    ledger.rows.truncate(5_000);
    let run = sarif(&ledger);
    assert_eq!(
        run["invocations"][0]["toolExecutionNotifications"],
        Value::Array(Vec::new())
    );
}
