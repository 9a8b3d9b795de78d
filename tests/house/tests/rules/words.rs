//! Plain English in what users read: messages, the template, the schema, the documents.

use std::collections::BTreeSet;

use crate::documents::pages;
use crate::source::Source;
use crate::workspace::{files, list, root, text};

/// Text that a user may read, with its file and line.
pub struct Text {
    pub file: String,
    pub line: usize,
    pub text: String,
}

/// String literals of the product, without those of tests, which are below or beside the code.
pub fn messages() -> Vec<Text> {
    let mut found = Vec::new();
    for folder in ["functions", "shared", "tools"] {
        for file in files(folder, ".rs") {
            if file.contains("/tests/") || file.ends_with("tests.rs") || !file.contains("/src/") {
                continue;
            }
            let source = text(&file);
            let product = source
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            for (line, text) in Source::of(product).strings {
                let file = file.clone();
                found.push(Text { file, line, text });
            }
        }
    }
    found
}

/// Each line of other files.
pub fn lines() -> Vec<Text> {
    let mut names = pages();
    names.extend(files("schemas", ".json"));
    names.push("template.yaml".to_owned());
    let mut found = Vec::new();
    for file in names {
        for (at, line) in text(&file).lines().enumerate() {
            found.push(Text {
                file: file.clone(),
                line: at + 1,
                text: line.to_owned(),
            });
        }
    }
    found
}

/// The words to avoid, each with what to write instead.
fn words() -> Vec<(String, String)> {
    let split = |line: String| {
        let (word, instead) = line.split_once(" = ").expect("a word and what to write");
        (word.to_owned(), instead.to_owned())
    };
    list("words.txt").into_iter().map(split).collect()
}

/// Whether a text has a word or a phrase, in any case.
fn has(text: &str, word: &str) -> bool {
    let text = text.to_lowercase();
    let is_letter = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_letter) && !text[at + word.len()..].starts_with(is_letter)
    })
}

#[test]
fn a_word_is_found_as_a_whole() {
    assert!(has("What is Told, is told.", "told"));
    assert!(has("by itself", "by itself"));
    assert!(!has("untold, toldness, is_told", "told"));
}

/// The exceptions name a file and a word. The list only shrinks: who removes the last occurrence in a
/// file removes the line, and nobody adds one.
#[test]
fn what_users_read_has_no_word_of_the_list() {
    let words = words();
    let exceptions: BTreeSet<String> = list("exceptions.txt").into_iter().collect();
    let mut needed = BTreeSet::new();
    let mut wrong = Vec::new();
    for Text { file, line, text } in messages().into_iter().chain(lines()) {
        for (word, instead) in words.iter().filter(|(word, _)| has(&text, word)) {
            let exception = format!("{file}: {word}");
            if exceptions.contains(&exception) {
                needed.insert(exception);
            } else {
                wrong.push(format!(
                    "{file}:{line}: {word:?} (instead: {instead}) in {text:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unneeded: BTreeSet<&String> = exceptions.difference(&needed).collect();
    if !unneeded.is_empty() && std::env::var_os("BLESS").is_some() {
        shrink(&unneeded);
        return;
    }
    assert!(
        unneeded.is_empty(),
        "no longer needed: {unneeded:#?}\nRemove them with\n  BLESS=1 cargo test -p house words"
    );
}

/// Removes lines of the list of exceptions; it never adds one.
fn shrink(unneeded: &BTreeSet<&String>) {
    let path = "tests/house/exceptions.txt";
    let text = text(path);
    let kept = text
        .lines()
        .filter(|line| !unneeded.contains(&(*line).to_owned()));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    std::fs::write(root().join(path), kept).unwrap();
}
