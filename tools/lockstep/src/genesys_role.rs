//! `lockstep genesys-role`: what Lockstep's OAuth client must be allowed to do in Genesys Cloud.

use std::collections::BTreeMap;

use clap::ValueEnum;
use lockstep_domain::genesys_role::{Permission, Task, permissions_for};
use serde::Serialize;

use crate::outcome::Outcome;
use crate::output::Output;

/// Prints the permissions of the role that Lockstep's OAuth client needs in Genesys Cloud.
///
/// The client has the grant type Client Credentials, so the permissions of its role apply and scopes do not. To
/// reset the secret of another client, Lockstep's client also needs every role of that client.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The mode of the manifest: plan only reads.
    #[arg(long, value_enum, default_value = "apply")]
    mode: Mode,
    /// Adds the permissions to rotate OAuth clients, Lockstep's own included. Not with --mode plan.
    #[arg(long)]
    rotate_clients: bool,
    /// Prints JSON: the permissions, and the policies as `POST /api/v2/authorization/roles` takes them.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Plan,
    Apply,
}

#[derive(Serialize)]
struct Report {
    permissions: Vec<Line>,
    role: Role,
}

#[derive(Serialize)]
struct Line {
    permission: String,
    task: Task,
    why: &'static str,
}

/// The body that creates the role (official Python SDK 269.0.0, `DomainOrganizationRoleCreate`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    name: &'static str,
    description: &'static str,
    permission_policies: Vec<Policy>,
}

/// Official Python SDK 269.0.0, `DomainPermissionPolicy`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    domain: &'static str,
    entity_name: &'static str,
    action_set: Vec<&'static str>,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Outcome {
    let task = match (args.mode, args.rotate_clients) {
        (Mode::Plan, true) => {
            return output.failure(&crate::failure::Failure::new(
                "--rotate-clients",
                "a rotation resets secrets, so it is not possible with --mode plan",
                "Remove one of the two.",
            ));
        }
        (Mode::Plan, false) => Task::Plan,
        (Mode::Apply, false) => Task::Apply,
        (Mode::Apply, true) => Task::RotateClients,
    };
    let permissions: Vec<&Permission> = permissions_for(task).collect();
    match args.json {
        true => output.json(&report(&permissions)),
        false => print(&permissions, output),
    }
    Outcome::Fine
}

fn print(permissions: &[&Permission], output: &mut Output) {
    let width = permissions.iter().map(|one| one.name().len()).max();
    let width = width.unwrap_or_default();
    for one in permissions {
        output.line(&format!("{:width$}  {}", one.name(), one.why));
    }
}

fn report(permissions: &[&Permission]) -> Report {
    let mut actions: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for one in permissions {
        let of_entity = actions.entry((one.domain, one.entity)).or_default();
        of_entity.push(one.action);
    }
    let policies = actions.into_iter();
    let policies = policies.map(|((domain, entity_name), action_set)| Policy {
        domain,
        entity_name,
        action_set,
    });
    Report {
        role: Role {
            name: "Lockstep",
            description: "What the OAuth client of Lockstep may do.",
            permission_policies: policies.collect(),
        },
        permissions: permissions
            .iter()
            .map(|one| Line {
                permission: one.name(),
                task: one.task,
                why: one.why,
            })
            .collect(),
    }
}
