//! Who may depend on whom, and on what.

use std::collections::{BTreeMap, BTreeSet};

use crate::licence::is_allowed;
use crate::metadata::{Kind, METADATA, Package};
use crate::source::identifiers;
use crate::workspace::{files, list, text};

/// The crates of the product that a crate of the product may depend on.
fn allowed(package: &Package) -> &'static [&'static str] {
    match package.name.as_str() {
        "clock" | "lockstep-domain" => &[],
        "genesys-cloud" => &["clock"],
        "lockstep-report" => &["lockstep-domain"],
        "lockstep" => &[
            "lockstep-domain",
            "lockstep-report",
            "genesys-cloud",
            "clock",
        ],
        _ => &["lockstep", "lockstep-domain"],
    }
}

/// What tests of the product may use. They start nothing and know no function.
const TEST_KITS: [&str; 6] = [
    "aws-simulator",
    "aws-stub",
    "genesys-contract",
    "genesys-simulator",
    "sample-ledger",
    "stack-template",
];

/// The members that a package reaches by what it builds with, itself included.
fn reached<'m>(name: &'m str, found: &mut BTreeSet<&'m str>) {
    if !found.insert(name) {
        return;
    }
    let Some(package) = METADATA.member(name) else {
        return;
    };
    for dependency in package
        .dependencies
        .iter()
        .filter(|one| one.kind != Some(Kind::Dev))
    {
        if let Some(member) = METADATA.member(&dependency.name) {
            reached(&member.name, found);
        }
    }
}

#[test]
fn dependencies_point_from_functions_to_the_core_to_the_domain_and_the_client() {
    for package in METADATA.members().filter(|package| package.is_product()) {
        for dependency in &package.dependencies {
            let Some(member) = METADATA.member(&dependency.name) else {
                continue;
            };
            let may = match dependency.kind {
                Some(Kind::Dev) if !member.is_product() => {
                    TEST_KITS.contains(&member.name.as_str())
                }
                Some(_) | None => allowed(package).contains(&member.name.as_str()),
            };
            assert!(may, "{} may not depend on {}", package.name, member.name);
        }
    }
}

/// Nobody depends on a tool. A tool may use what is shared, with what its tests may use; it deploys nothing, so it
/// knows no function.
#[test]
fn tools_depend_on_the_shared_crates_and_nobody_depends_on_a_tool() {
    let mut tools = 0;
    for package in METADATA.members() {
        tools += usize::from(package.is_tool());
        for dependency in &package.dependencies {
            let Some(member) = METADATA.member(&dependency.name) else {
                continue;
            };
            let may = match dependency.kind {
                Some(Kind::Dev) if !member.is_product() => {
                    TEST_KITS.contains(&member.name.as_str())
                }
                Some(_) | None => member.folder().starts_with("shared/"),
            };
            assert!(
                !member.is_tool(),
                "{} may not depend on {}",
                package.name,
                member.name
            );
            assert!(
                !package.is_tool() || may,
                "{} may not depend on {}",
                package.name,
                member.name
            );
        }
    }
    assert!(tools > 0);
}

/// A crate that its own tests build a second time, below what they use, has two of each type.
#[test]
fn no_crate_of_the_product_is_below_what_its_own_tests_use() {
    for package in METADATA.members().filter(|package| package.is_product()) {
        for dependency in package
            .dependencies
            .iter()
            .filter(|one| one.kind == Some(Kind::Dev))
        {
            let mut below = BTreeSet::new();
            reached(&dependency.name, &mut below);
            assert!(
                !below.contains(package.name.as_str()),
                "{}, which the tests of {} use, depends on it",
                dependency.name,
                package.name
            );
        }
    }
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let allowed = list("licences.txt");
    let foreign: Vec<_> = METADATA.foreign().collect();
    assert!(foreign.len() > 100, "{}", foreign.len());
    for package in foreign {
        let Package {
            name,
            version,
            license,
            ..
        } = package;
        let expression = license.as_deref().unwrap_or_default();
        assert!(
            is_allowed(expression, &allowed),
            "{name} {version}: {expression:?}"
        );
    }
}

#[test]
fn every_dependency_comes_from_the_registry_and_none_is_banned() {
    let banned = list("banned.txt");
    for package in METADATA.foreign() {
        let source = package.source.as_deref();
        let registry = Some("registry+https://github.com/rust-lang/crates.io-index");
        assert_eq!(source, registry, "{}", package.name);
        assert!(
            !banned.contains(&package.name),
            "{} is banned",
            package.name
        );
    }
}

#[test]
fn a_crate_is_in_the_tree_twice_only_where_the_list_says_so() {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in METADATA.foreign() {
        versions
            .entry(&package.name)
            .or_default()
            .insert(&package.version);
    }
    let twice: Vec<&str> = versions
        .iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(
        twice,
        list("duplicates.txt"),
        "found, and tests/house/duplicates.txt"
    );
}

/// The identifiers in the code below a folder.
fn identifiers_below(folder: &str) -> BTreeSet<String> {
    let files = files(folder, ".rs").into_iter();
    files.flat_map(|file| identifiers(&text(&file))).collect()
}

#[test]
fn every_dependency_is_used() {
    let mut unused = Vec::new();
    for package in METADATA.members() {
        let everywhere = identifiers_below(&package.folder());
        let product = match package.is_product() || package.is_tool() {
            true => identifiers_below(&format!("{}/src", package.folder())),
            false => everywhere.clone(),
        };
        for dependency in &package.dependencies {
            let used = match dependency.kind {
                Some(Kind::Build) | None => &product,
                Some(Kind::Dev) => &everywhere,
            };
            if !used.contains(&METADATA.name_in_code(&dependency.name)) {
                unused.push(format!("{} {}", package.name, dependency.name));
            }
        }
    }
    unused.sort();
    assert_eq!(
        unused,
        list("unused.txt"),
        "found, and tests/house/unused.txt"
    );
}
