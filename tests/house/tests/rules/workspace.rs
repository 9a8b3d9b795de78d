//! Files of the workspace, by their path from its root.

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text of a file.
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below a folder whose names end so, sorted. What builds leave is not among them.
pub fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(folder, ending, &mut found);
    found.sort();
    assert!(!found.is_empty(), "{folder} has no file *{ending}");
    found
}

fn collect(folder: &str, ending: &str, found: &mut Vec<String>) {
    for entry in
        fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"))
    {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != "target" {
                collect(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

/// The folders in a folder.
pub fn folders(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The lines of a list in this crate, without comments and empty lines.
pub fn list(name: &str) -> Vec<String> {
    text(&format!("tests/house/{name}"))
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// The rows of the Markdown table with this header row, each as its cells.
pub fn table(path: &str, header: &str) -> Vec<Vec<String>> {
    let text = text(path);
    let rows: Vec<Vec<String>> = text
        .lines()
        .skip_while(|line| *line != header)
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect();
    assert!(
        !rows.is_empty(),
        "{path} has no table with the header {header:?}"
    );
    rows
}
