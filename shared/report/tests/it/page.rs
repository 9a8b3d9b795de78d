//! The page, read with a strict parser.

use std::collections::BTreeSet;

use lockstep_domain::digest::Digest;
use lockstep_report::Format;
use roxmltree::{Document, Node, ParsingOptions};
use sample_ledger::{sample, sound};

use crate::rendered;

pub(crate) fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: u32::MAX,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn elements<'d>(page: &'d Document<'_>, name: &str) -> Vec<Node<'d, 'd>> {
    let all = page.root().descendants();
    all.filter(|node| node.has_tag_name(name)).collect()
}

pub(crate) fn classes<'d>(node: &Node<'d, '_>) -> Vec<&'d str> {
    node.attribute("class")
        .unwrap_or_default()
        .split_whitespace()
        .collect()
}

pub(crate) fn all_classes<'d>(page: &'d Document<'_>, wanted: &[&str]) -> Vec<Node<'d, 'd>> {
    let all = page.root().descendants();
    all.filter(|node| {
        let classes = classes(node);
        wanted.iter().all(|one| classes.contains(one))
    })
    .collect()
}

fn ids(page: &Document<'_>) -> Vec<String> {
    let with_id = page
        .root()
        .descendants()
        .filter_map(|node| node.attribute("id"));
    with_id.map(str::to_owned).collect()
}

pub(crate) fn text(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter_map(|one| one.text().filter(|_| one.is_text()))
        .collect()
}

#[test]
fn the_page_runs_nothing_and_loads_nothing() {
    let page = rendered(Format::Html, &sample(30));
    let page = parsed(&page);
    for name in [
        "script", "iframe", "object", "embed", "img", "link", "form", "base",
    ] {
        assert!(elements(&page, name).is_empty(), "{name}");
    }
    for node in page.root().descendants() {
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(
                !name.starts_with("on") && name != "style" && name != "src",
                "{node:?}"
            );
        }
    }
    let policy = elements(&page, "meta")
        .into_iter()
        .find(|node| node.attribute("http-equiv") == Some("Content-Security-Policy"))
        .and_then(|node| node.attribute("content"))
        .unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && !policy.contains("script-src"),
        "{policy}"
    );
}

#[test]
fn the_policy_names_the_digest_of_the_style() {
    let page = rendered(Format::Html, &sample(1));
    let style = page
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let after = page.split("sha256-").nth(1).unwrap();
    let named = after.split("&#39;").next().unwrap();
    assert_eq!(
        hexadecimal(named),
        Digest::of_bytes(style.as_bytes()).as_str()
    );
}

/// Base64 as hexadecimal.
fn hexadecimal(base64: &str) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let bytes = BASE64_STANDARD.decode(base64).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn ids_are_unique_and_every_link_leads_to_one() {
    let page = rendered(Format::Html, &sample(100));
    let page = parsed(&page);
    let ids = ids(&page);
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    let links = elements(&page, "a");
    assert!(links.len() > 10);
    for link in links {
        let target = link.attribute("href").unwrap().strip_prefix('#').unwrap();
        assert!(unique.contains(&target.to_owned()), "{target}");
    }
    for node in page.root().descendants() {
        if let Some(label) = node.attribute("aria-labelledby") {
            assert!(unique.contains(&label.to_owned()), "{label}");
        }
    }
}

#[test]
fn headings_descend_by_one_and_landmarks_are_named() {
    for ledger in [sample(40), sound(3), sample(0)] {
        let page = rendered(Format::Html, &ledger);
        let page = parsed(&page);
        let mut level = 0;
        for node in page.root().descendants() {
            let Some(next) = node
                .tag_name()
                .name()
                .strip_prefix('h')
                .and_then(|rest| rest.parse::<u32>().ok())
            else {
                continue;
            };
            assert!(next <= level + 1, "h{next} after h{level}: {}", text(node));
            assert!(!text(node).trim().is_empty());
            level = next;
        }
        for (name, count) in [
            ("h1", 1),
            ("main", 1),
            ("header", 1),
            ("footer", 1),
            ("nav", 1),
        ] {
            assert_eq!(elements(&page, name).len(), count, "{name}");
        }
        assert!(elements(&page, "nav")[0].has_attribute("aria-label"));
        for section in elements(&page, "section") {
            assert!(section.has_attribute("aria-labelledby"));
        }
        let root = page.root_element();
        assert_eq!(root.attribute("lang"), Some("en"));
        assert!(!text(elements(&page, "title")[0]).is_empty());
    }
}

#[test]
fn every_control_has_a_label_and_every_table_has_headers() {
    let page = rendered(Format::Html, &sample(1));
    let page = parsed(&page);
    let inputs = elements(&page, "input");
    assert_eq!(inputs.len(), 10);
    for input in inputs {
        let label = input.parent_element().unwrap();
        assert!(label.has_tag_name("label") && !text(label).is_empty());
        let fieldset = label
            .ancestors()
            .find(|node| node.has_tag_name("fieldset"))
            .unwrap();
        assert!(fieldset.children().any(|node| node.has_tag_name("legend")));
    }
    for table in elements(&page, "table") {
        assert!(table.descendants().any(|node| node.has_tag_name("caption")));
    }
    for header in elements(&page, "th") {
        assert!(matches!(header.attribute("scope"), Some("row" | "col")));
    }
}

#[test]
fn the_note_on_an_empty_selection_is_shown_for_exactly_the_filters_that_no_row_matches() {
    let html = rendered(Format::Html, &sample(100));
    let page = parsed(&html);
    let note = all_classes(&page, &["nothing"])[0];
    let empty: BTreeSet<String> = classes(&note)
        .into_iter()
        .skip(1)
        .map(str::to_owned)
        .collect();
    let style = text(elements(&page, "style")[0]);
    let mut expected = BTreeSet::new();
    for result in ["all", "failed", "open", "excepted", "passed"] {
        for severity in ["all", "critical", "high", "medium", "low"] {
            let rows = all_classes(&page, &["row"]).into_iter().filter(|row| {
                let of_result = result == "all" || classes(row).contains(&result);
                let group = row
                    .ancestors()
                    .find(|node| classes(node).contains(&"group"))
                    .unwrap();
                of_result && (severity == "all" || classes(&group).contains(&severity))
            });
            if rows.count() == 0 {
                expected.insert(format!("{result}-{severity}"));
            }
            let rule = format!(
                "main:has(#result-{result}:checked):has(#severity-{severity}:checked) .{result}-{severity}"
            );
            assert!(style.contains(&rule), "{rule}");
        }
    }
    assert!(!expected.is_empty());
    assert_eq!(empty, expected);
}
