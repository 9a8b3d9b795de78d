//! The verdict on one change of ours.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::audit::Interval;
use lockstep_domain::binding::DesiredAction;
use lockstep_domain::change::{BindingState, Change, End, Phase, SecretVersion};
use lockstep_domain::compliance::{drift_findings, is_left_over, refusal_findings, role_drift};
use lockstep_domain::credentials::{CredentialStep, Unit, unit_of};
use lockstep_domain::event::{Detail, EventType};
use lockstep_domain::evidence::{Audit, Body};
use lockstep_domain::finding::Finding;
use lockstep_domain::intent::VerifyMessage;
use lockstep_domain::manifest::{Action, Manifest, Mode};
use lockstep_domain::plan::Step;
use lockstep_domain::role::{DesiredRole, Stack};
use lockstep_domain::verdict::{Case, Judgement, Verdict, judge};

use super::lost_race::LostRaces;
use super::{after, answer, deadline_of, spacing, trail};
use crate::config::Config;
use crate::genesys::{Session, sign_in};
use crate::reconcile::action::{Drift, drift};
use crate::reconcile::credentials::{UnitDrift, details, unit_drift};
use crate::response::Answer;
use crate::runtime::{Deadline, Failure, chain};
use crate::store::Versioned;
use crate::telemetry;
use crate::world::World;

/// The platform's clock and ours may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_secs(2);

/// A judgement, and what it rests on.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) judgement: Judgement,
    /// The window that the audit log was asked about; none where it was not asked.
    pub(crate) interval: Option<Interval>,
}

impl Judged {
    fn unread(missing: String) -> Self {
        Self {
            judgement: Judgement {
                verdict: Verdict::Pending {
                    missing: vec![missing],
                },
                records: Vec::new(),
                principals: Vec::new(),
                compliance_audit: Vec::new(),
                notices: Vec::new(),
            },
            interval: None,
        }
    }
}

/// Looks for the verdict on the change that a message is about.
pub(super) async fn verify(
    world: &World,
    message: &VerifyMessage,
    received: u32,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    telemetry::record_change(&message.change_id);
    let mut state = world
        .store
        .load(&message.organization, &message.key)
        .await?;
    let latest = state
        .value
        .change
        .clone()
        .filter(|change| change.id == message.change_id && change.attempt == message.attempt);
    let Some(change) = latest else {
        return Ok(Answer::nothing(
            Mode::Apply,
            "another change has taken its place; that one's verdict covers this one's window",
        ));
    };
    let now = world.now();
    let until = until(now, deadline_of(&change, &world.config));
    match &change.phase {
        Phase::Ended { .. } => {
            return Ok(Answer::nothing(Mode::Apply, "the change has its verdict"));
        }
        // The message overtook the record of what it announces.
        Phase::Applying | Phase::Testing if !until.is_zero() => {
            return Err(Failure::later(
                spacing(&world.config, received, until),
                "the change is still being applied",
            ));
        }
        Phase::Applying | Phase::Testing => {
            return Ok(Answer::nothing(
                Mode::Apply,
                "the change was never applied to its end; the next compliance check ends it",
            ));
        }
        Phase::Verifying { .. } => {}
    }
    let manifests = world.store.accepted().await?;
    let manifest = manifests
        .of(&message.organization)
        .map(|accepted| &accepted.manifest);
    let judged = judge_change(world, manifest, &state.value, &change, now, deadline).await;
    let verdict = &judged.judgement.verdict;
    let Some(end) = verdict.end(now, deadline_of(&change, &world.config)) else {
        world.metrics.verification_pending();
        let missing = match verdict {
            Verdict::Pending { missing } => missing.join("; "),
            Verdict::Verified | Verdict::Violated { .. } => String::new(),
        };
        return Err(Failure::later(
            spacing(&world.config, received, until),
            missing,
        ));
    };
    conclude(world, &mut state, manifest, change, end, &judged).await
}

fn until(now: Timestamp, deadline: Timestamp) -> Duration {
    Duration::try_from(deadline.duration_since(now)).unwrap_or(Duration::ZERO)
}

/// Judges a change by the audit log and by a second look at the world. Reads only. What cannot be
/// read makes the judgement pending, never verified.
pub(crate) async fn judge_change(
    world: &World,
    manifest: Option<&Manifest>,
    state: &BindingState,
    change: &Change,
    now: Timestamp,
    deadline: Deadline,
) -> Judged {
    let Some(manifest) = manifest else {
        return Judged::unread(format!(
            "no manifest of the organization {} is in force, so nobody can be asked",
            state.organization
        ));
    };
    let session = match sign_in(world, manifest, deadline).await {
        Ok(session) => session,
        Err(error) => return Judged::unread(chain(&error)),
    };
    let entities = entities(state, change);
    let interval = Interval::new(window_from(change), after(now, SKEW.unsigned_abs()));
    let mut trail = trail(&session, interval, Some(&entities), now).await;
    let is_ours = |id: &str| {
        session
            .own_clients
            .iter()
            .any(|client| client.as_str() == id)
    };
    let races = LostRaces::taken(&mut trail.records, change, interval, is_ours);
    let mut look = Second::default();
    look.at_world(world, &session, manifest, state, change)
        .await;
    let mut incomplete = trail.incomplete;
    incomplete.extend(look.incomplete);
    let mut judgement = judge(&Case {
        expected: &change.expected,
        records: &trail.records,
        entities: &entities,
        window: interval,
        mapping: &trail.mapping,
        our_clients: &session.own_clients,
        authorized: &manifest.organization.authorized,
        drift: &look.findings,
        incomplete: &incomplete,
    });
    judgement.notices.extend(look.notices);
    races.told(&mut judgement);
    Judged {
        judgement,
        interval: Some(interval),
    }
}

/// A little before the change was recorded, since clocks differ; but not so early that the change
/// is blamed for what an earlier verdict has named, and this one perhaps mends. Records carry
/// whole seconds.
fn window_from(change: &Change) -> Timestamp {
    let skewed = change
        .window_from
        .checked_sub(SKEW)
        .unwrap_or(change.window_from);
    let judged = change
        .judged_until
        .and_then(|at| Timestamp::from_second(at.as_second() + 1).ok());
    judged.map_or(skewed, |judged| {
        judged.clamp(skewed, change.window_from.max(skewed))
    })
}

/// What a change is about: the action, its integration, and whatever else its writes touched.
pub(crate) fn entities(state: &BindingState, change: &Change) -> BTreeSet<String> {
    let action = state.action_id.as_ref().map(ToString::to_string);
    let integration = state.integration_id.as_ref().map(ToString::to_string);
    let expected = change.expected.iter().map(|one| one.entity_id.clone());
    let credentials = state.credentials.values().flat_map(|bound| {
        [
            bound.integration_id.to_string(),
            bound.credential_id.to_string(),
        ]
    });
    action
        .into_iter()
        .chain(integration)
        .chain(expected)
        .chain(credentials)
        .collect()
}

/// Verify is observe and plan again, expecting nothing.
#[derive(Default)]
struct Second {
    findings: Vec<Finding>,
    incomplete: Vec<String>,
    notices: Vec<String>,
}

impl Second {
    async fn at_world(
        &mut self,
        world: &World,
        session: &Session,
        manifest: &Manifest,
        state: &BindingState,
        change: &Change,
    ) {
        if let Some(unit) = unit_of(manifest, &state.key) {
            self.at_unit(world, session, manifest, &unit, state, change)
                .await;
            return;
        }
        let Some(action) = manifest.action(&state.key) else {
            self.notices.push(
                "the manifest no longer holds the binding: whether role and action still are as \
                 they were bound was not looked at"
                    .into(),
            );
            return;
        };
        self.at_action(world, session, manifest, action, state, change)
            .await;
        // Where the manifest has moved the action to another function, its grant is not this
        // change's business.
        if state.function.as_ref() == Some(&action.function) {
            self.at_role(world, manifest, action).await;
        }
    }

    /// What an earlier run left lying is no drift: the next look clears it up.
    async fn at_unit(
        &mut self,
        world: &World,
        session: &Session,
        manifest: &Manifest,
        unit: &Unit<'_>,
        state: &BindingState,
        change: &Change,
    ) {
        match unit_drift(world, session, manifest, unit, state).await {
            Ok(UnitDrift::Plan { plan, id }) if id == change.id => {
                let moves: Vec<Step> = plan.moves.iter().map(CredentialStep::describe).collect();
                self.findings.extend(drift_findings(&moves));
                self.notices.extend(plan.notices);
            }
            Ok(UnitDrift::Refused { refusal, id }) if id == change.id => {
                self.findings.extend(refusal_findings(&refusal.problems));
            }
            Ok(UnitDrift::Plan { .. } | UnitDrift::Refused { .. }) => self.notices.push(
                "what should hold has moved on since: whether the credentials still are as they \
                 were bound was not looked at"
                    .into(),
            ),
            Ok(UnitDrift::SecretGone(because)) => self.notices.push(because),
            Err(error) => self.incomplete.push(format!(
                "the credentials could not be looked at again: {}",
                chain(&error)
            )),
        }
    }

    async fn at_action(
        &mut self,
        world: &World,
        session: &Session,
        manifest: &Manifest,
        action: &Action,
        state: &BindingState,
        change: &Change,
    ) {
        match drift(world, session, manifest, action, state).await {
            Ok(Drift::Steps { steps, secrets }) => {
                if self.is_current(action, secrets, state, change) {
                    let (left, drift): (Vec<Finding>, Vec<Finding>) =
                        drift_findings(&steps).into_iter().partition(is_left_over);
                    self.findings.extend(drift);
                    self.notices.extend(left.into_iter().map(|one| one.what));
                }
            }
            Ok(Drift::Refused { refusal, secrets }) => {
                if self.is_current(action, secrets, state, change) {
                    self.findings.extend(refusal_findings(&refusal.problems));
                }
            }
            Ok(Drift::SecretGone(because)) => self.notices.push(because),
            Err(error) => self.incomplete.push(format!(
                "the action could not be looked at again: {}",
                chain(&error)
            )),
        }
    }

    /// Whether the change still is what should hold: differing from what should hold *now* is no
    /// violation of an earlier change.
    fn is_current(
        &mut self,
        action: &Action,
        secrets: Vec<SecretVersion>,
        state: &BindingState,
        change: &Change,
    ) -> bool {
        let desired = DesiredAction::new(action, secrets);
        let current = desired.change_id(&state.organization) == change.id;
        if !current {
            self.notices.push(
                "what should hold has moved on since: whether the action still is as it was bound \
                 was not looked at"
                    .into(),
            );
        }
        current
    }

    async fn at_role(&mut self, world: &World, manifest: &Manifest, action: &Action) {
        let Some(integration) = manifest.integration_of(action) else {
            return;
        };
        let stack = stack(&world.config);
        let Some(desired) = DesiredRole::of(manifest, &integration.role, &stack) else {
            return;
        };
        match world.roles.observe(&integration.role).await {
            Ok(observed) => {
                self.findings
                    .extend(role_drift(&desired, &observed, &action.function));
            }
            Err(error) => self.incomplete.push(format!(
                "the role {} could not be looked at again: {error}",
                integration.role
            )),
        }
    }
}

/// The stack, as far as roles need to know it.
pub(crate) fn stack(config: &Config) -> Stack {
    Stack {
        name: config.stack.clone(),
        partition: config.partition.clone(),
        account: config.account.clone(),
        boundary: config.boundary_arn.clone(),
    }
}

/// Ends a change with a verdict: evidence, then event, then state.
///
/// # Errors
/// What a redelivery can help: it begins again and finds its own evidence.
pub(crate) async fn conclude(
    world: &World,
    state: &mut Versioned<BindingState>,
    manifest: Option<&Manifest>,
    mut change: Change,
    end: End,
    judged: &Judged,
) -> Result<Answer, Failure> {
    let now = world.now();
    let Judgement {
        verdict: _,
        records,
        principals,
        compliance_audit,
        notices,
    } = &judged.judgement;
    let mut body = Body::new(&state.value, &change, end.clone());
    body.notices.extend(notices.iter().cloned());
    body.audit = Audit {
        interval: judged.interval.map(|interval| interval.to_string()),
        records: records.clone(),
        principals: principals.clone(),
        compliance_audit: compliance_audit.clone(),
    };
    let evidence = world.store.append_evidence(&mut state.value, &body).await?;
    let is_unit = !state.value.credentials.is_empty() || !change.previous_credentials.is_empty();
    let told: Vec<Detail> = if is_unit {
        let told = details(world, &state.value, &change).into_iter();
        told.map(|(_, detail)| detail).collect()
    } else {
        vec![detail(world, &state.value, manifest, &change)]
    };
    let mut said = String::new();
    for mut detail in told {
        detail.principals.clone_from(principals);
        detail.notices.clone_from(&body.notices);
        detail.evidence = Some(evidence.clone());
        let (detail_type, words) = ended(&mut detail, &end, is_unit);
        said = words;
        world.emit(detail_type, detail).await?;
    }
    change.phase = Phase::Ended { end, at: now };
    let change_id = change.id.clone();
    state.value.change = Some(change);
    world.store.save(state).await?;
    let mut notices = body.notices;
    notices.insert(0, format!("{said}; evidence: {evidence}"));
    Ok(answer(Some(change_id), notices))
}

/// The event that tells of an end, and the end in words.
fn ended(detail: &mut Detail, end: &End, is_unit: bool) -> (EventType, String) {
    let of_unit = |unit: EventType, action: EventType| if is_unit { unit } else { action };
    match end {
        End::Verified => (EventType::ChangeVerified, "verified".into()),
        End::Violated { findings } => {
            detail.findings.clone_from(findings);
            let what: Vec<&str> = findings.iter().map(|one| one.what.as_str()).collect();
            let what = what.join("; ");
            detail.reason = Some(what.clone());
            (EventType::ChangeViolated, format!("violated: {what}"))
        }
        End::Unverified { missing } => {
            let missing = missing.join("; ");
            detail.reason = Some(missing.clone());
            (
                EventType::ChangeUnverified,
                format!("unverified: {missing}"),
            )
        }
        // Ends without a verdict: the change did not come to be.
        End::Failed { because } => {
            detail.reason = Some(because.clone());
            (
                of_unit(EventType::CredentialRebindFailed, EventType::RebindFailed),
                format!("failed: {because}"),
            )
        }
        End::RolledBack { because } => {
            detail.reason = Some(because.clone());
            (
                of_unit(
                    EventType::CredentialRebindFailed,
                    EventType::RebindRolledBack,
                ),
                format!("rolled back: {because}"),
            )
        }
        End::Split { standing } => {
            let standing = standing.join("; ");
            detail.reason = Some(standing.clone());
            (EventType::CredentialSplit, format!("split: {standing}"))
        }
    }
}

fn detail(
    world: &World,
    state: &BindingState,
    manifest: Option<&Manifest>,
    change: &Change,
) -> Detail {
    let mut detail = world.detail();
    detail.change_id = Some(change.id.clone());
    detail.organization_id = Some(state.organization.clone());
    detail.key = Some(state.key.clone());
    detail.action_id.clone_from(&state.action_id);
    detail.integration_id.clone_from(&state.integration_id);
    detail.function_arn.clone_from(&state.function);
    detail.secrets.clone_from(&change.secrets);
    detail.role_arn = manifest.and_then(|manifest| {
        let integration = manifest.integration_of(manifest.action(&state.key)?)?;
        let role = DesiredRole::of(manifest, &integration.role, &stack(&world.config))?;
        Some(role.arn.to_string())
    });
    detail
}
