//! Prints the figures of a run: what the contract judged, and the line that every other judge left.

use std::fs;
use std::io;
use std::path::PathBuf;

use genesys_contract::{Summary, judges_folder};

fn main() -> io::Result<()> {
    let judges = judges_folder();
    let summary = Summary::of_run(&judges)?;
    println!("{}", summary.line());
    for name in summary.uncovered() {
        println!("contract: never judged: {name}");
    }
    let mut left: Vec<PathBuf> = match fs::read_dir(&judges) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    };
    left.retain(|path| path.extension().is_some_and(|kind| kind == "txt"));
    left.sort();
    for path in left {
        print!("{}", fs::read_to_string(path)?);
    }
    Ok(())
}
