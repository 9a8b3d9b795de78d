//! What the page says.

use std::collections::BTreeMap;

use lockstep_domain::ledger::{CheckResult, Ledger};
use lockstep_report::Format;
use roxmltree::Node;
use sample_ledger::sample;

use crate::page::{all_classes, classes, elements, parsed, text};
use crate::rendered;

#[test]
fn a_row_of_a_binding_without_a_chain_links_nowhere() {
    let mut ledger = sample(10);
    let links = |ledger: &Ledger| {
        rendered(Format::Html, ledger)
            .matches("href=\"#binding-")
            .count()
    };
    assert!(links(&ledger) > 0);
    ledger.chains.clear();
    assert_eq!(links(&ledger), 0);
}

#[test]
fn each_row_that_did_not_pass_is_listed_with_its_result_in_words() {
    let ledger = sample(100);
    let page = rendered(Format::Html, &ledger);
    let page = parsed(&page);
    let counts = ledger.counts();
    for (class, word, count) in [
        ("failed", "Failed", counts.failed),
        ("open", "Not evaluated", counts.not_evaluated),
        ("excepted", "Excepted", counts.excepted),
    ] {
        let rows = all_classes(&page, &["row", class]);
        assert_eq!(rows.len(), count, "{class}");
        assert!(count > 0);
        for row in rows {
            assert!(row.has_tag_name("details"));
            let summary = row.first_element_child().unwrap();
            assert!(text(summary).starts_with(word), "{}", text(summary));
        }
    }
    // What passed is named, or is every binding or every other one of the check.
    let mut passed = 0;
    for row in all_classes(&page, &["row", "passed"]) {
        let count: usize = text(row.first_element_child().unwrap())
            .split_whitespace()
            .find_map(|word| word.parse().ok())
            .unwrap();
        let names = row
            .descendants()
            .find(|node| classes(node).contains(&"names"));
        let note = if count == 100 {
            "Every binding."
        } else {
            "Every other binding."
        };
        match names {
            Some(names) => assert_eq!(names.children().filter(Node::is_element).count(), count),
            None => assert!(text(row).contains(note)),
        }
        passed += count;
    }
    assert_eq!(passed, counts.passed);
}

#[test]
fn not_evaluated_is_a_column_of_its_own() {
    let mut ledger = sample(1);
    for row in &mut ledger.rows {
        row.result = CheckResult::NotEvaluated;
        row.what = "the read was denied".to_owned();
    }
    let page = rendered(Format::Html, &ledger);
    let page = parsed(&page);
    let headers: Vec<String> = elements(&page, "th").into_iter().map(text).collect();
    assert_eq!(
        headers[..6],
        [
            "Severity",
            "Failed",
            "Not evaluated",
            "Excepted",
            "Passed",
            "All"
        ]
    );
    let all = ledger.rows.len();
    let totals: Vec<String> = elements(&page, "tfoot")[0]
        .descendants()
        .filter(|node| node.has_tag_name("td"))
        .map(text)
        .collect();
    assert_eq!(
        totals,
        [
            "0".to_owned(),
            all.to_string(),
            "0".to_owned(),
            "0".to_owned(),
            all.to_string()
        ]
    );
    let verdict = text(all_classes(&page, &["verdict"])[0]);
    assert!(!verdict.contains("passed"), "{verdict}");
    assert!(all_classes(&page, &["row", "passed"]).is_empty());
}

#[test]
fn a_page_of_a_hundred_actions_has_at_most_200_kb() {
    let page = rendered(Format::Html, &sample(100));
    assert!(page.len() <= 200_000, "{}", page.len());
}

#[test]
fn above_500_bindings_only_what_did_not_pass_is_listed() {
    let ledger = sample(501);
    let html = rendered(Format::Html, &ledger);
    let page = parsed(&html);
    let counts = ledger.counts();
    assert_eq!(all_classes(&page, &["row", "failed"]).len(), counts.failed);
    assert_eq!(
        all_classes(&page, &["row", "open"]).len(),
        counts.not_evaluated
    );
    assert!(all_classes(&page, &["names"]).is_empty());
    assert!(text(page.root()).contains("501 bindings"));
    let chains = all_classes(&page, &["chain"]).len();
    assert!(chains > 0 && chains < 501, "{chains}");
    let listed = rendered(Format::Html, &sample(500));
    assert!(!all_classes(&parsed(&listed), &["names"]).is_empty());
}

#[test]
fn each_binding_shows_its_chain_from_the_secret_to_the_audit() {
    let ledger = sample(100);
    let page = rendered(Format::Html, &ledger);
    let page = parsed(&page);
    let chains = all_classes(&page, &["chain"]);
    assert_eq!(chains.len(), ledger.chains.len());
    let titles = [
        "Secret version",
        "Role",
        "Credential",
        "Action",
        "Test",
        "Audit",
    ];
    let mut broken: BTreeMap<&str, usize> = BTreeMap::new();
    for chain in chains {
        let links = chain.children().filter(Node::is_element);
        let found: Vec<(String, bool)> = links
            .map(|link| {
                (
                    text(link.first_element_child().unwrap()),
                    classes(&link).contains(&"broken"),
                )
            })
            .collect();
        assert!(found.iter().map(|(title, _)| title.as_str()).eq(titles));
        for (title, (_, is_broken)) in titles.iter().zip(&found) {
            *broken.entry(title).or_default() += usize::from(*is_broken);
        }
    }
    // What the sample plants: a version that is not current, a role that trusts a stranger and is shared by twelve
    // actions, one without its tags, which the last four share, a failed test, and a violated verdict.
    let expected = [
        ("Action", 3),
        ("Audit", 1),
        ("Credential", 0),
        ("Role", 24),
        ("Secret version", 1),
        ("Test", 1),
    ];
    assert_eq!(broken.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn what_changed_since_the_last_sweep_is_named_and_linked() {
    let ledger: Ledger = sample(100);
    let page = rendered(Format::Html, &ledger);
    let page = parsed(&page);
    let entries = all_classes(&page, &["changes"]);
    let of = |class: &str| -> usize {
        let items = entries.iter().flat_map(|list| list.children());
        items.filter(|item| classes(item).contains(&class)).count()
    };
    assert_eq!(of("failed"), ledger.opened().count());
    assert_eq!(of("passed"), ledger.cleared.len());
    assert_eq!(of("open"), 1);
}

#[test]
fn the_timeline_shows_each_change_once_the_newest_first() {
    let ledger = sample(100);
    let page = rendered(Format::Html, &ledger);
    let page = parsed(&page);
    let entries: Vec<_> = all_classes(&page, &["time"])[0]
        .children()
        .filter(Node::is_element)
        .collect();
    assert_eq!(entries.len(), 25);
    let times: Vec<&str> = entries
        .iter()
        .map(|entry| {
            entry
                .first_element_child()
                .unwrap()
                .attribute("datetime")
                .unwrap()
        })
        .collect();
    assert!(
        times.is_sorted_by(|newer, older| newer >= older),
        "{times:?}"
    );
    let newest = ledger.timeline.last().unwrap();
    assert_eq!(times[0], newest.at.to_string());
    let first = text(entries[0]);
    assert!(
        first.contains(newest.key.as_str()) && first.contains("begun"),
        "{first}"
    );
    assert!(text(page.root()).contains("75 earlier changes not listed here."));
}
