//! `lockstep report`: the stored ledger of a sweep, rendered for people or for other tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lockstep_domain::ledger::{Index, Ledger};
use lockstep_report::Format;

use crate::failure::{Failure, STDIN, shown};
use crate::input;
use crate::outcome::Outcome;
use crate::output::{Output, printable};

/// Renders the ledger of a sweep that was downloaded from the evidence bucket, to standard output.
///
/// Download the folder of the sweep, which the response of check-compliance and its events name as evidence:
/// `aws s3 sync s3://EVIDENCE-BUCKET/evidence/sweeps/ORGANIZATION/SWEEP sweep`. Each part of the ledger is compared with
/// its digest in the index.
///
/// The exit code is 0 if the ledger was rendered, 1 if a part is missing or was altered, and 2 if an argument or a file
/// cannot be used.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the sweep, or the index.json in it.
    #[arg(value_name = "LEDGER")]
    ledger: PathBuf,
    /// The format: html, json, csv, junit, ocsf or sarif.
    #[arg(long)]
    format: Format,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Outcome {
    let path = match args.ledger.is_dir() {
        true => args.ledger.join("index.json"),
        false => args.ledger.clone(),
    };
    let index = match index(&path) {
        Ok(index) => index,
        Err(failure) => return output.failure(&failure),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let ledger = match Ledger::read(&index, &parts(&index, folder)) {
        Ok(ledger) => ledger,
        Err(error) => {
            let name = printable(&shown(&path));
            output.note(&format!(
                "error: {name}: {error}. Fix: Download the whole folder of the sweep again."
            ));
            return Outcome::Failed;
        }
    };
    let mut rendered = Vec::new();
    match args.format.render(&ledger, &mut rendered) {
        Ok(()) => output.bytes(&rendered),
        Err(error) => output.broken(error),
    }
    Outcome::Fine
}

fn index(path: &Path) -> Result<Index, Failure> {
    if path.as_os_str() == STDIN {
        return Err(Failure::new(
            STDIN,
            "a ledger cannot be read from standard input: its parts are beside its index",
            "Pass the folder of the sweep.",
        ));
    }
    serde_json::from_slice(&input::bytes(path)?).map_err(|error| {
        Failure::new(
            shown(path),
            format!("this is not the index of a ledger: {error}"),
            "Pass the folder of a sweep, or the index.json in it.",
        )
    })
}

/// The parts that can be read, by name. A part is beside the index, so its name has no folder.
fn parts(index: &Index, folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = index.parts.iter().map(|part| &part.name);
    let names = names.filter(|name| Path::new(name).file_name() == Some(name.as_ref()));
    names
        .filter_map(|name| Some((name.clone(), input::bytes(&folder.join(name)).ok()?)))
        .collect()
}
