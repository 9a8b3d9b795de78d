//! The compliance sweep: every binding of every organization, looked at and reported.
//!
//! Reads are spread over the bindings, a few at a time. What cannot be read is *not evaluated*,
//! never passed, and resolves no finding. In mode `plan`, of the request or of the manifest,
//! nothing is written: no evidence, no event, no state.
//!
//! **Order of writes.** Evidence, then events, then what is remembered of the sweep: a run that
//! dies in between emits its news twice rather than never.

mod audit;
mod binding;
mod credential_sets;
mod leftovers;
mod organization;
mod secrets;
mod state_checks;
mod states;
mod sweep;

use jiff::Timestamp;
use lockstep_domain::compliance::{Check, Report};
use lockstep_domain::digest::Digest;
use lockstep_domain::event::ComplianceFinding;
use lockstep_domain::finding::Finding;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::Mode;
use lockstep_domain::problem::Problem;
use lockstep_domain::request::Request;
use serde::Serialize;

use self::organization::remember;
use self::sweep::Swept;
use crate::manifest_upload;
use crate::response::{Answer, Refused};
use crate::runtime::{Deadline, Failure};
use crate::selection::{Named, select};
use crate::services::Compliance;
use crate::store::Manifests;

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
/// Every organization's sweep failed, S3 did not store the result, or EventBridge did not accept an
/// event. If only some organizations fail, each of them gets a finding and an event instead of an
/// error.
pub async fn sweep(
    world: &Compliance,
    request: &Request,
    by_hand: bool,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    let began = world.now();
    let manifests = match request.mode {
        Mode::Apply => Box::pin(manifest_upload::current(world)).await?,
        Mode::Plan => world.store.accepted().await?,
    };
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
        manifest_checks(&manifests, &mut report);
    }
    let mut swept = Vec::new();
    let mut unswept = Vec::new();
    for one in selected {
        let mode = request.mode.stricter(one.manifest.organization.mode);
        // Organizations are independent: one that can't be swept does not keep the others.
        match organization::sweep(world, &one, mode, narrowed, began, deadline).await {
            Ok(one) => {
                report.add(one.report.clone());
                swept.push(one);
            }
            Err(failure) => unswept.push(Unswept {
                organization: one.manifest.organization.id.clone(),
                mode,
                failure,
            }),
        }
    }
    if let (true, Some(first)) = (swept.is_empty(), unswept.first()) {
        // Nothing is recorded that a redelivery would record again.
        return Err(first.failure.clone());
    }
    for one in &unswept {
        report.count(vec![one.finding()]);
    }
    report.sort();
    if request.mode == Mode::Apply {
        report.evidence = store(world, request, began, &report, &swept).await?;
        for one in &mut swept {
            if let Err(failure) = remember(world, one, report.evidence.as_deref()).await {
                let late = Unswept {
                    organization: one.organization.clone(),
                    mode: one.mode,
                    failure,
                };
                report.count(vec![late.finding()]);
                unswept.push(late);
            }
        }
        for one in unswept.iter().filter(|one| one.mode == Mode::Apply) {
            one.announce(world, report.evidence.as_deref()).await?;
        }
    }
    Answer::report(&report).map_err(|error| Failure::permanent("answer", error))
}

/// An organization that could not be swept to the end while others were.
struct Unswept {
    organization: OrganizationId,
    mode: Mode,
    failure: Failure,
}

impl Unswept {
    fn finding(&self) -> Finding {
        let of = format!("genesys:organization/{}", self.organization);
        Check::Sweep.failed(of, self.failure.to_string())
    }

    /// Not remembered, since that may be what failed: each sweep that fails emits it.
    async fn announce(&self, world: &Compliance, evidence: Option<&str>) -> Result<(), Failure> {
        let mut header = world.header();
        header.organization_id = Some(self.organization.clone());
        let body = ComplianceFinding {
            findings: vec![self.finding()],
            reason: Some(format!(
                "{}. The sweep of the other organizations is complete; the next sweep retries this \
                 one",
                self.failure
            )),
            evidence: evidence.map(str::to_owned),
            ..ComplianceFinding::default()
        };
        world.emit(header, body).await?;
        Ok(())
    }
}

/// What is wrong with what was accepted, apart from what it binds.
fn manifest_checks(manifests: &Manifests, report: &mut Report) {
    let mut findings: Vec<Finding> = Vec::new();
    for (object, problems) in &manifests.refused {
        findings.extend(of_problems(object, problems));
    }
    for accepted in &manifests.current {
        let dropped = accepted.dropped.iter().flat_map(|one| &one.problems);
        findings.extend(of_problems(&accepted.object, dropped));
        findings.extend(of_problems(&accepted.object, &accepted.notices));
    }
    for copy in &manifests.unreadable {
        let resource = format!("genesys:organization/{}", copy.organization);
        findings.push(Check::Manifest.failed(resource, copy.error.to_string()));
    }
    for object in &manifests.ignored {
        let what = "this object is not an accepted manifest: `accepted/` must contain only \
                    `accepted/<organization>.json`. Lockstep ignores the object; delete it, or \
                    move it to another prefix";
        findings.push(Check::Manifest.failed(object.clone(), what));
    }
    report.count(findings);
}

fn of_problems<'p>(object: &str, problems: impl IntoIterator<Item = &'p Problem>) -> Vec<Finding> {
    let problems = problems.into_iter();
    problems
        .map(|problem| Check::Manifest.failed(object, problem.to_string()))
        .collect()
}

/// Nothing is stored of a sweep in which every manifest asks for nothing to be written.
async fn store(
    world: &Compliance,
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
    let uri = world.evidence.write_report(&object, &evidence).await?;
    Ok(Some(uri))
}

#[cfg(test)]
mod tests;
