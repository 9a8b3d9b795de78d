//! The documents and the code agree.

use std::collections::BTreeSet;

use lockstep_domain::compliance::CATALOGUE;
use lockstep_domain::event::{Audience, EventType, json_schema};
use lockstep_domain::genesys_role::PERMISSIONS;
use serde_json::Value;

use crate::workspace::{files, folders, root, table, text};

/// The Markdown files that people read first: those of the root and of `docs/`.
pub fn documents() -> Vec<String> {
    let mut found: Vec<String> = files("docs", ".md");
    let roots = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let roots = roots.map(|name| name.into_string().unwrap());
    found.extend(roots.filter(|name| name.ends_with(".md")));
    found
}

/// All Markdown files.
pub fn pages() -> Vec<String> {
    let mut found = documents();
    for folder in ["shared", "tests", "events", "findings", "manifests"] {
        found.extend(files(folder, ".md"));
    }
    found
}

/// The texts between two of a mark.
fn between(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

/// What the first cells of a table's rows name between two of a mark.
fn named(path: &str, header: &str, mark: char) -> BTreeSet<String> {
    let rows = table(path, header).into_iter();
    rows.flat_map(|row| {
        between(&row[0], mark)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    })
    .collect()
}

fn types(is_meant: impl Fn(Audience) -> bool) -> BTreeSet<String> {
    let all = EventType::ALL.iter().filter(|one| is_meant(one.audience()));
    all.map(|one| one.as_str().to_owned()).collect()
}

#[test]
fn the_page_of_events_has_every_type_and_no_other() {
    let documented = named("docs/events.md", "| detail type | meaning |", '*');
    assert_eq!(documented, types(|_| true));
}

/// The members of the details of all types.
fn members() -> BTreeSet<String> {
    let schemas = EventType::ALL.iter().map(|event| json_schema(*event));
    let properties = schemas.map(|schema| schema["properties"].as_object().unwrap().clone());
    properties.flatten().map(|(name, _)| name).collect()
}

#[test]
fn the_example_of_a_detail_has_every_member() {
    let page = text("docs/events.md");
    let example = page
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let example: Value = serde_json::from_str(example.unwrap()).unwrap();
    let shown: BTreeSet<String> = example.as_object().unwrap().keys().cloned().collect();
    assert_eq!(shown, members());
}

#[test]
fn the_rule_for_a_pager_selects_events_that_a_person_should_look_at() {
    let page = text("docs/events.md");
    let rules = page.lines().filter(|line| line.starts_with("{\"source\""));
    let rules: Vec<Value> = rules
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [rule] = rules.as_slice() else {
        panic!("{} rules", rules.len());
    };
    let for_people = types(|audience| audience == Audience::Person);
    for name in rule["detail-type"].as_array().unwrap() {
        assert!(for_people.contains(name.as_str().unwrap()), "{name}");
    }
}

#[test]
fn the_page_of_operations_says_what_to_do_about_every_event_for_a_person() {
    let documented = named(
        "docs/operations.md",
        "| alarm or event | meaning | first action |",
        '*',
    );
    let for_people = types(|audience| audience != Audience::Systems);
    assert_eq!(documented, for_people);
}

#[test]
fn every_check_that_a_page_names_is_in_the_catalogue() {
    let known: BTreeSet<&str> = CATALOGUE.iter().map(|check| check.id()).collect();
    let mut seen = 0;
    for page in pages() {
        let text = text(&page);
        for code in between(&text, '`').filter(|code| code.starts_with("LS-")) {
            assert!(known.contains(code), "{page}: {code}");
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}

/// Whether a text is written as a permission of Genesys Cloud, `domain:entity:action`.
fn is_permission(code: &str) -> bool {
    let parts: Vec<&str> = code.split(':').collect();
    let is_word =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    parts.len() == 3 && parts.iter().all(is_word)
}

#[test]
fn every_permission_that_the_operators_pages_name_is_one_that_the_command_line_prints() {
    let known: BTreeSet<String> = PERMISSIONS.iter().map(|one| one.name()).collect();
    let mut seen = 0;
    for page in ["README.md", "docs/operations.md", "docs/manifest.md"] {
        let text = text(page);
        for code in between(&text, '`').filter(|code| is_permission(code)) {
            assert!(known.contains(code), "{page}: {code}");
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
}

/// The modules that a crate's root declares as public.
fn modules(crate_folder: &str) -> BTreeSet<String> {
    let root = text(&format!("{crate_folder}/src/lib.rs"));
    let declared = root
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    declared.map(str::to_owned).collect()
}

#[test]
fn the_pages_of_the_core_and_the_domain_have_every_module() {
    for (folder, header) in [
        ("shared/core", "| module | what it does |"),
        ("shared/domain", "| module | decides |"),
    ] {
        let documented = named(&format!("{folder}/README.md"), header, '`');
        assert_eq!(documented, modules(folder), "{folder}");
    }
}

#[test]
fn the_page_of_the_tests_has_every_crate() {
    let rows = table("tests/README.md", "| crate | for |");
    let named = rows.iter().flat_map(|row| between(&row[0], '`'));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    assert_eq!(named, folders("tests").into_iter().collect());
}

#[test]
fn the_page_of_the_scenarios_has_every_file_of_stories() {
    let documented = named(
        "tests/scenarios/README.md",
        "| file in `tests/it/` | stories |",
        '`',
    );
    let folder = "tests/scenarios/tests/it/";
    let found = files(folder.trim_end_matches('/'), ".rs").into_iter();
    let found = found.map(|path| path.trim_start_matches(folder).to_owned());
    let found: BTreeSet<String> = found.filter(|name| name != "main.rs").collect();
    assert_eq!(documented, found);
}

/// A path in which one part may name several files: `aws/{bus,keys}.rs`.
fn expanded(code: &str) -> Vec<String> {
    let Some((before, rest)) = code.split_once('{') else {
        return vec![code.to_owned()];
    };
    let (names, after) = rest.split_once('}').unwrap_or((rest, ""));
    let names = names.split(',');
    names.map(|name| format!("{before}{name}{after}")).collect()
}

/// A page names a file from the root, from its own folder, or from where the code is that it is about.
#[test]
fn every_path_that_a_page_names_exists() {
    let places = [
        "",
        "shared",
        "shared/core/src",
        "shared/core/src/reconcile",
        "functions",
        "tests/simulation",
    ];
    let mut seen = 0;
    for page in pages() {
        let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
        let text = text(&page);
        let is_path =
            |code: &&str| code.contains('/') && code.ends_with(".rs") && !code.contains(' ');
        for path in between(&text, '`').filter(is_path).flat_map(expanded) {
            let exists = |place: &str| root().join(place).join(&path).exists();
            assert!(
                exists(folder) || places.into_iter().any(exists),
                "{page}: {path}"
            );
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

/// The targets of a page's links, without those on other machines and within the page.
fn links(text: &str) -> Vec<&str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let targets = targets.map(|target| target.split('#').next().unwrap_or_default());
    targets
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .collect()
}

#[test]
fn every_link_of_a_page_to_a_file_leads_to_one() {
    let mut seen = 0;
    for page in pages() {
        let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
        let text = text(&page);
        for target in links(&text) {
            let path = root().join(folder).join(target);
            assert!(path.exists(), "{page}: {target}");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn every_page_of_the_documents_is_linked_from_the_readme() {
    let readme = text("README.md");
    let linked: BTreeSet<&str> = links(&readme).into_iter().collect();
    for page in files("docs", ".md") {
        assert!(linked.contains(page.as_str()), "{page}");
    }
}
