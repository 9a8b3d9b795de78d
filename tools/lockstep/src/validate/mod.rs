//! `lockstep validate`: manifests, without their stack.

mod bounds;
mod render;

use std::path::PathBuf;

use lockstep_domain::manifest::{Bound, KnownBounds, Manifest, organization_line, read};
use lockstep_domain::problem::Problem;
use serde::Serialize;

use self::bounds::BoundsArgs;
use crate::failure::{Failure, shown};
use crate::input;
use crate::outcome::Outcome;
use crate::output::{Output, printable};

/// Validates manifests without a stack: in an editor, a pre-commit hook or CI.
///
/// Prints every problem with its line, and how to correct it. Several files are also compared with each other: two
/// files must not name the same organization or the same role.
///
/// What depends on the stack is checked only as far as its bounds are known, from --bounds or from flags. The output
/// says which bounds were not checked. If the account and the region are not known, all ARNs must have those of the
/// manifest's first secret.
///
/// The exit code is 0 if all files are valid, 1 if one is not, and 2 if an argument or a file cannot be used.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The manifests; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    bounds: BoundsArgs,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What was found in one file.
#[derive(Debug, Serialize)]
struct Checked<'t> {
    file: String,
    valid: bool,
    problems: Vec<Problem>,
    #[serde(skip)]
    text: &'t str,
}

/// A bound of the stack that nothing was checked against.
#[derive(Debug, Serialize)]
struct Unchecked {
    bound: &'static str,
    flag: &'static str,
}

#[derive(Debug, Serialize)]
struct Report<'t> {
    valid: bool,
    files: Vec<Checked<'t>>,
    unchecked: Vec<Unchecked>,
}

/// A file of the command line that could be read.
struct Given {
    name: String,
    text: String,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Outcome {
    let known = match args
        .bounds
        .known()
        .and_then(|known| input::stdin_once(&args.files).map(|()| known))
    {
        Ok(known) => known,
        Err(failure) => return output.failure(&failure),
    };
    let (given, failures) = read_all(&args.files);
    let unreadable = failures.iter().map(|failure| output.failure(failure)).max();
    let report = check(&given, &known);
    match args.json {
        true => output.json(&report),
        false => print(&report, output),
    }
    let found = match report.valid {
        true => Outcome::Fine,
        false => Outcome::Failed,
    };
    unreadable.map_or(found, |unreadable| unreadable.max(found))
}

/// The files that can be read, and why the others can't: one of them keeps nobody from seeing the problems of the rest.
fn read_all(paths: &[PathBuf]) -> (Vec<Given>, Vec<Failure>) {
    let mut failures = Vec::new();
    let given = paths.iter().filter_map(|path| match input::text(path) {
        Ok(text) => Some(Given {
            name: shown(path),
            text,
        }),
        Err(failure) => {
            failures.push(failure);
            None
        }
    });
    (given.collect(), failures)
}

fn check<'t>(given: &'t [Given], known: &KnownBounds) -> Report<'t> {
    let alone: Vec<Result<Manifest, Vec<Problem>>> = given
        .iter()
        .map(|one| read(&one.text, &known.widened_for(&one.text), &[]))
        .collect();
    let files: Vec<Checked<'t>> = given
        .iter()
        .zip(&alone)
        .enumerate()
        .map(|(nth, (one, result))| {
            let problems = match result {
                Err(problems) => problems.clone(),
                Ok(manifest) => beside_the_others(nth, manifest, given, &alone, known),
            };
            Checked {
                file: one.name.clone(),
                valid: problems.is_empty(),
                problems,
                text: &one.text,
            }
        })
        .collect();
    Report {
        valid: files.iter().all(|file| file.valid),
        files,
        unchecked: known.unknown().into_iter().map(unchecked).collect(),
    }
}

/// What a file that is valid alone has in common with another one.
fn beside_the_others(
    nth: usize,
    manifest: &Manifest,
    given: &[Given],
    alone: &[Result<Manifest, Vec<Problem>>],
    known: &KnownBounds,
) -> Vec<Problem> {
    let others = given.iter().zip(alone).enumerate();
    let others = others.filter(|(at, _)| *at != nth);
    let others: Vec<(&str, &Manifest)> = others
        .filter_map(|(_, (one, result))| Some((one.name.as_str(), result.as_ref().ok()?)))
        .collect();
    let text = &given[nth].text;
    let twins = others
        .iter()
        .filter(|(_, other)| other.organization.id == manifest.organization.id);
    let twins = twins.map(|(name, other)| {
        let problem = Problem::new(
            "organization.id",
            format!(
                "{name} also describes the organization {}",
                other.organization.id
            ),
            "Keep one file per organization: merge the two files, or remove one.",
        );
        match organization_line(text) {
            Some(line) => problem.on_line(line),
            None => problem,
        }
    });
    let mut problems: Vec<Problem> = twins.collect();
    let others: Vec<Manifest> = others.iter().map(|(_, other)| (*other).clone()).collect();
    problems.extend(
        read(text, &known.widened_for(text), &others)
            .err()
            .unwrap_or_default(),
    );
    problems
}

fn unchecked(bound: Bound) -> Unchecked {
    Unchecked {
        bound: bound.name(),
        flag: bounds::flag(bound),
    }
}

fn print(report: &Report<'_>, output: &mut Output) {
    for file in &report.files {
        for problem in &file.problems {
            output.line(&render::diagnostic(&file.file, file.text, problem));
            output.line("");
        }
    }
    for file in &report.files {
        let name = printable(&file.file);
        output.line(&match file.problems.len() {
            0 => format!("{name}: valid"),
            1 => format!("{name}: 1 problem"),
            several => format!("{name}: {several} problems"),
        });
    }
    if !report.unchecked.is_empty() && !report.files.is_empty() {
        output.line("");
        output.line(&render::unchecked(&report.unchecked));
    }
}
