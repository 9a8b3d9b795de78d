//! `lockstep import`: a manifest from what exists.

mod plan;
mod read;
mod sources;
mod terraform;
mod write;
mod yaml;

use std::path::PathBuf;

use clap::ValueEnum;
use lockstep_domain::arn::{RoleName, SecretArn};
use lockstep_domain::genesys_region::ENVIRONMENTS;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::{self, KnownBounds};
use lockstep_domain::problem::Problem;
use serde::Serialize;

use self::plan::Plan;
use self::sources::Sources;
use self::write::Written;
use crate::failure::{Failure, shown};
use crate::input;
use crate::outcome::Outcome;
use crate::output::{Output, printable};

/// Writes a manifest from what exists, to standard output.
///
/// Each file is one of: an action that the Genesys Cloud console exported; the JSON of an action, as GET
/// /api/v2/integrations/actions/{id}?includeConfig=true&expand=contract answers it; the JSON of an integration or of
/// its config; a page of either; or the output of `terraform show -json` of a configuration of CX as Code. Several
/// files make one manifest.
///
/// Existing actions are adopted: their contract, templates and headers stay as they are. What is not known is marked
/// with `# incomplete`. Values of credentials and of headers are never printed.
///
/// The exit code is 0 if a manifest was written, also an incomplete one; 1 if there is nothing to write or `lockstep
/// validate` would refuse it; and 2 if an argument or a file cannot be used.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The files; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Writes entries that create the actions of AWS Lambda integrations, with contract and templates, such as in
    /// another organization.
    #[arg(long)]
    new: bool,
    /// Prints, instead of a manifest, the blocks for the resources of CX as Code: removed makes Terraform forget them,
    /// ignore-changes makes it ignore what Lockstep changes.
    #[arg(long, value_enum, value_name = "BLOCKS", conflicts_with = "new")]
    terraform: Option<Blocks>,
    /// The id of the organization.
    #[arg(long, value_name = "ID")]
    organization_id: Option<OrganizationId>,
    /// The domain of the organization's region.
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    environment: Option<String>,
    /// The ARN of the secret with Lockstep's OAuth client.
    #[arg(long, value_name = "ARN")]
    client_secret: Option<SecretArn>,
    /// The name of the role of the AWS Lambda integrations.
    #[arg(long, value_name = "NAME")]
    role: Option<RoleName>,
    /// The name of the integration in Genesys Cloud, where the files do not say.
    #[arg(long, value_name = "NAME")]
    integration_name: Option<String>,
    /// Prints the manifest, its incomplete places and the notes as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Blocks {
    Removed,
    IgnoreChanges,
}

fn domain(text: &str) -> Result<String, String> {
    match ENVIRONMENTS.iter().any(|one| one.domain == text) {
        true => Ok(text.to_owned()),
        false => {
            let known: Vec<&str> = ENVIRONMENTS.iter().map(|one| one.domain).collect();
            Err(format!("write one of {}", known.join(", ")))
        }
    }
}

/// What the arguments say of the manifest.
struct Given {
    organization_id: Option<String>,
    environment: Option<String>,
    client_secret: Option<String>,
    role: Option<String>,
    new: bool,
}

#[derive(Serialize)]
struct Report<'w> {
    manifest: &'w str,
    complete: bool,
    incomplete: Vec<Place<'w>>,
    notes: Vec<Place<'w>>,
    /// What `lockstep validate` would find besides.
    problems: &'w [Problem],
}

#[derive(Serialize)]
struct Place<'w> {
    at: &'w str,
    text: &'w str,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Outcome {
    let mut sources = Sources::default();
    let read = input::stdin_once(&args.files).and_then(|()| {
        args.files.iter().try_for_each(|path| {
            let text = input::text(path)?;
            read::read(&shown(path), &text, &mut sources)
        })
    });
    if let Err(failure) = read {
        return output.failure(&failure);
    }
    match args.terraform {
        Some(blocks) => print_blocks(blocks, &sources, output),
        None => print_manifest(args, sources, output),
    }
}

fn print_blocks(blocks: Blocks, sources: &Sources, output: &mut Output) -> Outcome {
    if sources.resources.is_empty() {
        return output.failure(&Failure::new(
            "--terraform",
            "no file is a state of CX as Code",
            "Pass the output of terraform show -json.",
        ));
    }
    let text = match blocks {
        Blocks::Removed => terraform::removed(&sources.resources),
        Blocks::IgnoreChanges => terraform::ignore_changes(&sources.resources),
    };
    output.line(text.trim_end());
    Outcome::Fine
}

fn print_manifest(args: &Args, sources: Sources, output: &mut Output) -> Outcome {
    let has_resources = !sources.resources.is_empty();
    let plan = plan::plan(sources, args.integration_name.as_deref());
    let given = Given {
        organization_id: args.organization_id.as_ref().map(ToString::to_string),
        environment: args.environment.clone(),
        client_secret: args.client_secret.as_ref().map(ToString::to_string),
        role: args.role.as_ref().map(ToString::to_string),
        new: args.new,
    };
    let written = write::write(&plan, &given);
    let problems = problems(&plan, &written);
    match args.json {
        true => output.json(&report(&written, &problems)),
        false => output.line(written.text.trim_end()),
    }
    summary(&plan, &written, &problems, has_resources, output);
    match problems.is_empty() && !plan.integrations.is_empty() {
        true => Outcome::Fine,
        false => Outcome::Failed,
    }
}

fn report<'w>(written: &'w Written, problems: &'w [Problem]) -> Report<'w> {
    let places =
        |all: &'w [(String, String)]| all.iter().map(|(at, text)| Place { at, text }).collect();
    Report {
        manifest: &written.text,
        complete: written.incomplete.is_empty(),
        incomplete: places(&written.incomplete),
        notes: places(&written.notes),
        problems,
    }
}

/// What validating the text finds, without what follows from the incomplete places.
fn problems(plan: &Plan, written: &Written) -> Vec<Problem> {
    let bounds = KnownBounds::default().widened_for(&written.text);
    let found = manifest::read(&written.text, &bounds, &[]).err();
    // An entry, as `actions[2]`.
    let entry = |at: &str| at.split('.').next().unwrap_or_default().to_owned();
    let mut open: Vec<String> = written.incomplete.iter().map(|(at, _)| entry(at)).collect();
    for (index, action) in plan.actions.iter().enumerate() {
        if plan.integrations[action.integration].is_lambda().is_none() {
            open.push(format!("actions[{index}]"));
        }
    }
    let found = found.unwrap_or_default().into_iter();
    found
        .filter(|problem| !open.contains(&entry(&problem.at)))
        .collect()
}

fn summary(
    plan: &Plan,
    written: &Written,
    problems: &[Problem],
    has_resources: bool,
    output: &mut Output,
) {
    for skipped in &plan.skipped {
        output.note(&printable(&format!("note: no entry: {skipped}")));
    }
    for problem in problems {
        output.note(&printable(&format!(
            "error: lockstep validate would refuse this: {problem}"
        )));
    }
    for (at, needs) in &written.incomplete {
        output.note(&printable(&format!("incomplete: {at}: {needs}")));
    }
    if has_resources {
        output.note(
            "note: CX as Code manages these resources too. Print the blocks that end this with --terraform removed, or \
             those with which it ignores what Lockstep changes with --terraform ignore-changes",
        );
    }
}
