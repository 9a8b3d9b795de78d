//! The compliance sweep: every binding of every organization is checked, and each check and resource
//! is a row of the organization's ledger.
//!
//! Reads are spread over the bindings, a few at a time. What cannot be read is *not evaluated*,
//! never passed, and resolves no finding. In mode `plan`, of the request or of the manifest,
//! nothing is written: no ledger, no event, no state.
//!
//! **Order of writes.** The ledger, then events, then what is remembered of the sweep: a run that
//! dies in between emits its news twice rather than never. Reports are last: they are views of the
//! ledger.

mod answer;
mod audit;
mod binding;
mod credential_sets;
mod emit;
mod functions;
mod history;
mod ledgers;
mod leftovers;
mod organization;
mod pace;
mod reports;
mod secrets;
mod state_checks;
mod states;
mod sweep;
mod unmanaged;

use lockstep_domain::compliance::{Check, merged};
use lockstep_domain::event::ComplianceFinding;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::ledger::{Row, Scope};
use lockstep_domain::manifest::Mode;
use lockstep_domain::problem::Problem;
use lockstep_domain::request::Request;

use self::answer::SweepAnswer;
use self::emit::remember;
use self::ledgers::Asked;
use self::organization::Swept;
use crate::manifest_upload;
use crate::response::{Answer, Refused};
use crate::runtime::{Deadline, Failure};
use crate::selection::{Named, select};
use crate::services::Compliance;
use crate::store::Manifests;

/// Checks what is asked for: everything where nothing is named. `by_hand`: a person asks, who
/// names the organization where there are several.
///
/// # Errors
/// Every organization's sweep failed, S3 did not store a ledger, or EventBridge did not accept an
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
    let of_stack = if request.organization.is_none() && !narrowed {
        manifest_rows(&manifests)
    } else {
        Vec::new()
    };
    let mut swept = Vec::new();
    let mut unswept = Vec::new();
    for one in selected {
        let mode = request.mode.stricter(one.manifest.organization.mode);
        pace::pace(world).await;
        // Organizations are independent: one that can't be swept does not keep the others.
        let accepted = manifests.of(&one.manifest.organization.id);
        let accepted_at = accepted.map_or(began, |accepted| accepted.accepted_at);
        let swept_one =
            organization::sweep(world, &one, mode, narrowed, accepted_at, began, deadline).await;
        match swept_one {
            Ok(one) => swept.push(one),
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
    let asked = Asked {
        began,
        reason: request.reason.as_deref(),
        scope: if narrowed {
            Scope::Partial
        } else {
            Scope::Whole
        },
        of_stack: &of_stack,
    };
    let (mut evidence, mut latest) = (Vec::new(), Vec::new());
    for one in &mut swept {
        match record(world, one, &manifests, &asked).await {
            Ok(None) => {}
            Ok(Some(stored)) => {
                evidence.push(stored.ledger);
                latest.extend(stored.reports);
            }
            Err(Recorded::Ledger(failure)) => return Err(failure),
            Err(Recorded::News(failure)) => unswept.push(Unswept {
                organization: one.organization.clone(),
                mode: one.mode,
                failure,
            }),
        }
    }
    for one in unswept.iter().filter(|one| one.mode == Mode::Apply) {
        one.announce(world).await?;
    }
    let mut rows = of_stack;
    let mut steps = Vec::new();
    for one in swept {
        rows.extend(one.rows);
        steps.extend(one.steps);
    }
    rows.extend(unswept.iter().map(Unswept::row));
    let answer = SweepAnswer::new(&merged(rows), steps, evidence, latest);
    Answer::report(&answer).map_err(|error| Failure::permanent("answer", error))
}

/// Where a sweep is recorded (S3 URIs).
struct Stored {
    /// The index of the ledger.
    ledger: String,
    /// The latest reports.
    reports: Vec<String>,
}

/// What failed while a sweep was recorded.
enum Recorded {
    /// The ledger was not stored: nothing of the sweep is recorded.
    Ledger(Failure),
    /// The ledger is stored; an event, what is remembered or a report is not.
    News(Failure),
}

/// Stores the ledger, emits the news, remembers the sweep and stores the reports; nothing of it in
/// mode `plan`.
async fn record(
    world: &Compliance,
    swept: &mut Swept,
    manifests: &Manifests,
    asked: &Asked<'_>,
) -> Result<Option<Stored>, Recorded> {
    let accepted = manifests.of(&swept.organization);
    let Some(accepted) = accepted.filter(|_| swept.mode == Mode::Apply) else {
        return Ok(None);
    };
    let ledger = ledgers::ledger(world, swept, accepted, asked);
    let stored = ledgers::store(world, &ledger, swept).await;
    let evidence = stored.map_err(Recorded::Ledger)?;
    let this = ledgers::previous(&ledger);
    let remembered = remember(world, swept, this, Some(&evidence)).await;
    remembered.map_err(Recorded::News)?;
    let reports = reports::store(world, &ledger).await;
    Ok(Some(Stored {
        ledger: evidence,
        reports: reports.map_err(Recorded::News)?,
    }))
}

/// An organization that could not be swept to the end while others were.
struct Unswept {
    organization: OrganizationId,
    mode: Mode,
    failure: Failure,
}

impl Unswept {
    fn row(&self) -> Row {
        let of = format!("genesys:organization/{}", self.organization);
        Row::failed(Check::Sweep, of, self.failure.to_string())
    }

    /// Not remembered, since that may be what failed: each sweep that fails emits it.
    async fn announce(&self, world: &Compliance) -> Result<(), Failure> {
        let mut header = world.header();
        header.organization_id = Some(self.organization.clone());
        let body = ComplianceFinding {
            findings: self.row().finding().into_iter().collect(),
            reason: Some(format!(
                "{}. The sweep of the other organizations is complete; the next sweep retries this \
                 one",
                self.failure
            )),
            ..ComplianceFinding::default()
        };
        world.emit(header, body).await?;
        Ok(())
    }
}

/// Whether what was accepted is still acceptable, apart from what it binds.
fn manifest_rows(manifests: &Manifests) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for accepted in &manifests.current {
        rows.push(Row::passed(Check::Manifest, &accepted.object));
        let dropped = accepted.dropped.iter().flat_map(|one| &one.problems);
        rows.extend(of_problems(&accepted.object, dropped));
        rows.extend(of_problems(&accepted.object, &accepted.notices));
    }
    for (object, problems) in &manifests.refused {
        rows.extend(of_problems(object, problems));
    }
    for copy in &manifests.unreadable {
        let resource = format!("genesys:organization/{}", copy.organization);
        rows.push(Row::failed(
            Check::Manifest,
            resource,
            copy.error.to_string(),
        ));
    }
    for object in &manifests.ignored {
        let what = "this object is not an accepted manifest: `accepted/` must contain only \
                    `accepted/<organization>.json`. Lockstep ignores the object; delete it, or \
                    move it to another prefix";
        rows.push(Row::failed(Check::Manifest, object, what));
    }
    merged(rows)
}

fn of_problems<'p>(object: &str, problems: impl IntoIterator<Item = &'p Problem>) -> Vec<Row> {
    let problems = problems.into_iter();
    problems
        .map(|problem| Row::failed(Check::Manifest, object, problem.to_string()))
        .collect()
}

#[cfg(test)]
mod tests;
