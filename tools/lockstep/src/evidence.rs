//! `lockstep evidence verify`: the hash chains of evidence that was downloaded from the bucket.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use lockstep_domain::evidence::stored::{
    BrokenAt, LedgerPart, Object, Verified, read_object, verify,
};
use serde::Serialize;

use crate::failure::{Failure, shown};
use crate::input;
use crate::outcome::Outcome;
use crate::output::{Output, printable};

/// Verifies stored evidence.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(Verify),
}

/// Verifies the hash chains of evidence that was downloaded, such as with
/// `aws s3 sync s3://EVIDENCE-BUCKET/evidence evidence`.
///
/// Each record must have the hash that it carries and follow the record before it. The first place at which a chain
/// does not hold is named. That the last records of a chain are there is visible only if the states of the bindings
/// are among the files too: `aws s3 sync s3://STATE-BUCKET/state state`.
///
/// The exit code is 0 if everything is intact, 1 if a chain is broken or an object cannot be read as evidence, and 2
/// if a file cannot be opened or there is no evidence.
#[derive(Debug, clap::Args)]
struct Verify {
    /// Files, and directories whose files that end with .json are read; - is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    intact: bool,
    chains: Vec<Verified>,
    sweeps: usize,
    /// Objects that are not evidence, and reports of sweeps whose name does not fit.
    unreadable: Vec<BrokenAt>,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Outcome {
    let Command::Verify(args) = &args.command;
    let found = input::stdin_once(&args.paths).and_then(|()| files(&args.paths));
    let (files, ignored) = match found {
        Ok(found) => found,
        Err(failure) => return output.failure(&failure),
    };
    let mut unopened = None;
    let mut objects = Vec::new();
    let mut unreadable = Vec::new();
    for path in &files {
        let name = shown(path);
        match input::bytes(path) {
            Ok(bytes) => match read_object(&name, &bytes) {
                Ok(object) => objects.push((name, object)),
                Err(problem) => unreadable.push(BrokenAt {
                    object: name,
                    problem,
                }),
            },
            Err(failure) => unopened = Some(output.failure(&failure)),
        }
    }
    if ignored > 0 {
        output.note(&format!(
            "note: {ignored} files do not end with .json and were ignored"
        ));
    }
    if objects.is_empty() && unreadable.is_empty() {
        return unopened.unwrap_or_else(|| output.failure(&nothing(&args.paths)));
    }
    let report = report(&objects, unreadable);
    match args.json {
        true => output.json(&report),
        false => print(&report, output),
    }
    let outcome = match report.intact {
        true => Outcome::Fine,
        false => Outcome::Failed,
    };
    unopened.map_or(outcome, |unopened| unopened.max(outcome))
}

fn nothing(paths: &[PathBuf]) -> Failure {
    let paths: Vec<String> = paths.iter().map(|path| shown(path)).collect();
    Failure::new(
        paths.join(", "),
        "there is no evidence",
        "Download it: aws s3 sync s3://EVIDENCE-BUCKET/evidence evidence. The output EvidenceBucketName of the stack names \
         the bucket.",
    )
}

/// The files to read, and how many others a directory holds.
fn files(paths: &[PathBuf]) -> Result<(Vec<PathBuf>, usize), Failure> {
    let mut found = Vec::new();
    let mut ignored = 0;
    for path in paths {
        match path.is_dir() {
            true => collect(path, &mut found, &mut ignored)?,
            false => found.push(path.clone()),
        }
    }
    Ok((found, ignored))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>, ignored: &mut usize) -> Result<(), Failure> {
    let unreadable = |error| Failure::unreadable(folder, &error);
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let entries: Result<Vec<_>, _> = entries.collect();
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries.map_err(unreadable)? {
        // A link to a folder around this one would never end.
        match entry.file_type().map_err(unreadable)?.is_symlink() {
            true => *ignored += 1,
            false => paths.push(entry.path()),
        }
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, found, ignored)?;
        } else if path.extension().is_some_and(|ending| ending == "json") {
            found.push(path);
        } else if path.extension().is_none_or(|ending| ending != "jsonl") {
            // Parts of ledgers are read with their index.
            *ignored += 1;
        }
    }
    Ok(())
}

fn report(objects: &[(String, Object)], mut unreadable: Vec<BrokenAt>) -> Report {
    let chains = verify(objects);
    let mut sweeps = 0;
    for (name, object) in objects {
        match object {
            Object::Sweep { named_by_content } => {
                sweeps += 1;
                if !named_by_content {
                    unreadable.push(BrokenAt {
                        object: name.clone(),
                        problem:
                            "the report of the sweep does not have the digest that its name holds"
                                .to_owned(),
                    });
                }
            }
            Object::Ledger { parts } => {
                sweeps += 1;
                let folder = Path::new(name).parent().unwrap_or(Path::new(""));
                let broken = parts.iter().filter_map(|part| part_problem(folder, part));
                unreadable.extend(broken);
            }
            Object::Link { .. } | Object::End { .. } => {}
        }
    }
    Report {
        intact: unreadable.is_empty() && chains.iter().all(|chain| chain.broken.is_none()),
        chains,
        sweeps,
        unreadable,
    }
}

/// What is wrong with a part of a ledger.
fn part_problem(folder: &Path, part: &LedgerPart) -> Option<BrokenAt> {
    let path = folder.join(&part.name);
    let problem = match input::bytes(&path) {
        Ok(bytes) if part.has(&bytes) => return None,
        Ok(_) => "the part of the ledger differs from the one that was stored",
        Err(_) => "the part of the ledger cannot be read",
    };
    Some(BrokenAt {
        object: shown(&path),
        problem: problem.to_owned(),
    })
}

fn print(report: &Report, output: &mut Output) {
    for chain in &report.chains {
        output.line(&printable(&in_a_line(chain)));
    }
    if report.sweeps > 0 {
        output.line(&format!("reports of sweeps: {}", report.sweeps));
    }
    for BrokenAt { object, problem } in &report.unreadable {
        output.line(&printable(&format!("error: {object}: {problem}")));
    }
    if !report.intact {
        output.line(
            "help: download the object again. If it is still so, list its versions, which the object lock keeps: aws \
             s3api list-object-versions --bucket EVIDENCE-BUCKET --prefix KEY",
        );
    }
    let cut = report
        .chains
        .iter()
        .any(|chain| chain.broken.is_none() && !chain.is_complete);
    if cut {
        output.line(
            "note: whether records are missing at the end of a chain is visible only with the state: aws s3 sync \
             s3://STATE-BUCKET/state state, and pass that directory too",
        );
    }
}

fn in_a_line(verified: &Verified) -> String {
    let Verified {
        chain,
        records,
        last,
        hash,
        is_complete,
        broken,
    } = verified;
    let records = match records {
        1 => "1 record".to_owned(),
        several => format!("{several} records"),
    };
    if let Some(BrokenAt { object, problem }) = broken {
        let at = match object.is_empty() {
            true => String::new(),
            false => format!(" at {object}"),
        };
        return format!("error: {chain}: {records}, broken{at}: {problem}");
    }
    let end = match is_complete {
        true => " and complete",
        false => "",
    };
    match (last, hash) {
        (Some(last), Some(hash)) => {
            format!("{chain}: {records}, intact{end}; the last is {last} with the hash {hash}")
        }
        (None, _) | (_, None) => format!("{chain}: no record, as the state says"),
    }
}
