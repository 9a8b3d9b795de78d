//! The compliance sweep: every binding of every organization, looked at and reported.
//!
//! Reads are spread over the bindings, a few at a time. What cannot be read is *not evaluated*,
//! never passed, and resolves no finding. In mode `plan`, of the request or of the manifest,
//! nothing is written: no evidence, no event, no state.
//!
//! **Order of writes.** Evidence, then events, then what is remembered of the sweep: a run that dies
//! in between tells its news again rather than never.

mod audit;
mod binding;
mod leftovers;
mod organization;
mod remembered;
mod secrets;
mod states;
mod units;

use jiff::Timestamp;
use lockstep_domain::compliance::{Check, Report};
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::Mode;
use lockstep_domain::request::Request;
use serde::Serialize;

use self::organization::{Swept, remember};
use crate::response::{Answer, Refused};
use crate::runtime::{Deadline, Failure};
use crate::selection::{Named, select};
use crate::store::Manifests;
use crate::world::World;

/// What is stored of a sweep.
#[derive(Debug, Serialize)]
struct Evidence<'a> {
    schema: u32,
    at: Timestamp,
    reason: Option<&'a str>,
    organizations: Vec<&'a OrganizationId>,
    compliance_audit: Vec<&'a String>,
    report: &'a Report,
}

/// Checks what is asked for: everything where nothing is named. `by_hand`: a person asks, who
/// names the organization where there are several.
///
/// # Errors
/// Lockstep's own state or its bus could not be reached.
pub async fn sweep(
    world: &World,
    request: &Request,
    by_hand: bool,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    let began = world.now();
    let manifests = world.store.accepted().await?;
    let named = Named {
        organization: request.organization.as_ref(),
        keys: request.keys.as_deref(),
        secret: request.secret.as_ref(),
        by_hand,
    };
    let selected = match select(&manifests, named) {
        Ok(selected) => selected,
        Err(problems) => return Ok(Refused::new(problems).into()),
    };
    let narrowed = named.narrows();
    let mut report = Report::default();
    if request.organization.is_none() && !narrowed {
        refused_manifests(&manifests, &mut report);
    }
    let mut swept = Vec::new();
    for one in selected {
        let mode = request.mode.stricter(one.manifest.organization.mode);
        let swept_one = organization::sweep(world, &one, mode, narrowed, began, deadline).await?;
        report.add(swept_one.report.clone());
        swept.push(swept_one);
    }
    report.sort();
    if request.mode == Mode::Apply {
        report.evidence = store(world, request, began, &report, &swept).await?;
        for one in &mut swept {
            remember(world, one, report.evidence.as_deref()).await?;
        }
    }
    Answer::report(&report).map_err(|error| Failure::permanent("answer", error))
}

fn refused_manifests(manifests: &Manifests, report: &mut Report) {
    for (object, problems) in &manifests.refused {
        let findings = problems
            .iter()
            .map(|problem| Check::Manifest.failed(object.clone(), problem.to_string()))
            .collect();
        report.count(findings);
    }
}

/// Nothing is stored of a sweep in which every manifest asks for nothing to be written.
async fn store(
    world: &World,
    request: &Request,
    at: Timestamp,
    report: &Report,
    swept: &[Swept],
) -> Result<Option<String>, Failure> {
    let organizations: Vec<&OrganizationId> = swept
        .iter()
        .filter(|one| one.mode == Mode::Apply)
        .map(|one| &one.organization)
        .collect();
    if organizations.is_empty() && !swept.is_empty() {
        return Ok(None);
    }
    let evidence = Evidence {
        schema: 1,
        at,
        reason: request.reason.as_deref(),
        organizations,
        compliance_audit: swept.iter().flat_map(|one| &one.compliance_audit).collect(),
        report,
    };
    // Two sweeps may begin in one moment; their reports differ, or are one.
    let digest = Digest::of(&evidence);
    let object = format!("evidence/sweeps/{at}-{}.json", digest.short(8));
    let uri = world.store.write_evidence(&object, &evidence).await?;
    Ok(Some(uri))
}
