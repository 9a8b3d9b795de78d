//! The end of a run: the live test of what is published, the announcement, the hand-over to
//! `verify-change`; or the record of why it could not be.

use lockstep_domain::change::{BindingState, End, Held, Phase, TestRecord};
use lockstep_domain::event::{Detail, EventType, Principal, PrincipalKind};
use lockstep_domain::evidence::Body;
use lockstep_domain::ids::ActionId;
use lockstep_domain::intent::VerifyMessage;
use lockstep_domain::manifest::{Action, LiveTest, Manifest};
use lockstep_domain::plan::{Outcome, Step, System, Verb};
use lockstep_domain::rebind::{ACTION, DRAFT, Found, RebindStep, expected};
use serde_json::Value;
use tracing::warn;

use super::{Ask, Binding, Look, RebindError, Report};
use crate::reconcile::live_test::Trial;
use crate::runtime::chain;
use crate::world::World;

impl Binding<'_> {
    /// Bound and read back: test what was not tested as a draft, announce, hand over.
    pub(super) async fn conclude(&mut self, bound: &Look) -> Result<Report, RebindError> {
        let Found::One(action) = &bound.observed.action else {
            return Err(RebindError::Incomplete {
                what: "the action that was just bound",
            });
        };
        // Also where nothing had to be written: an adopted action that was right already.
        self.state.value.function = Some(self.action.function.clone());
        self.state.value.bound.clone_from(&bound.desired.secrets);
        let test = self.action.test.as_ref().filter(|test| test.safe);
        if let Some(test) = test
            && self.change()?.test.is_none()
        {
            self.release_lease().await;
            self.change()?.phase = Phase::Testing;
            self.save().await?;
            self.test_published(&action.id, test).await?;
        }
        let failure = self
            .change()?
            .test
            .as_ref()
            .and_then(|test| test.problem.clone());
        self.announce(failure.clone(), action.version).await?;
        self.change()?.phase = Phase::Verifying {
            unhealthy: failure.is_some(),
        };
        if let Some(because) = failure {
            self.hold(because)?;
        }
        self.save().await?;
        self.finished()
    }

    async fn test_published(&mut self, id: &ActionId, test: &LiveTest) -> Result<(), RebindError> {
        let record = self.try_out(Trial::Published, id, test).await?;
        let step = tested(self.action, id, &record);
        let change = self.change()?;
        change.steps.push(step);
        change.test = Some(record);
        Ok(())
    }

    /// Before it is recorded as announced: a crash in between announces twice, never not at all.
    async fn announce(&mut self, failure: Option<String>, version: i64) -> Result<(), RebindError> {
        let mut detail = self.detail();
        detail.action_version = Some(version);
        let detail_type = match failure {
            None => EventType::DataActionRebound,
            Some(because) => {
                detail.reason = Some(because);
                EventType::DataActionUnhealthy
            }
        };
        self.world.emit(detail_type, detail).await?;
        let change = self.change()?;
        let message = VerifyMessage {
            change_id: change.id.clone(),
            attempt: change.attempt,
            organization: self.manifest.organization.id.clone(),
            key: self.action.key.clone(),
        };
        self.world
            .queues
            .verify(&message, self.world.config.verify_delay)
            .await?;
        Ok(())
    }

    /// The draft was rejected by its test, and what is live still works: throw the draft away.
    pub(super) async fn roll_back(&mut self, because: String) -> Result<Report, RebindError> {
        if let Some(id) = self.state.value.action_id.clone() {
            let discard = RebindStep::DiscardDraft {
                key: self.action.key.clone(),
                id: id.clone(),
                reason: "its live test failed, and the binding that is live still works".into(),
            };
            self.session.genesys.delete_draft(id.as_str()).await?;
            let change = self.change()?;
            for step in &mut change.steps {
                step.outcome.get_or_insert_with(|| Outcome::Skipped {
                    because: "the live test failed".into(),
                });
            }
            change
                .expected
                .extend(expected(&discard.describe(), id.as_str()));
            change.steps.push(Step {
                outcome: Some(Outcome::Applied),
                ..discard.describe()
            });
        }
        self.hold(because.clone())?;
        let end = End::RolledBack {
            because: because.clone(),
        };
        self.end(end, EventType::RebindRolledBack, because).await
    }

    /// A permanent failure: recorded where a change was under way, and announced in any case.
    pub(super) async fn fail(&mut self, error: &RebindError) -> Result<Report, RebindError> {
        let because = chain(error);
        warn!(
            kind = error.kind(),
            because, "the binding could not be bound"
        );
        let open = self
            .state
            .value
            .change
            .as_ref()
            .is_some_and(|change| matches!(change.phase, Phase::Applying | Phase::Testing));
        if open {
            let because = if self.is_live()? {
                format!("{because}; careful: the action was changed already, see the steps")
            } else {
                because
            };
            let end = End::Failed {
                because: because.clone(),
            };
            return self.end(end, EventType::RebindFailed, because).await;
        }
        let detail = Detail {
            actor: self.actor(),
            role_arn: Some(self.integration.role_arn.clone()),
            // The latest change is not the one that failed.
            ..detail(self.world, self.manifest, self.action, &self.state.value)
        };
        announce_failure(self.world, detail, self.ask, error).await
    }

    /// Whether calls use the new binding already.
    fn is_live(&mut self) -> Result<bool, RebindError> {
        let binds = |step: &Step| match (step.kind.as_str(), step.verb) {
            (ACTION, Verb::Create | Verb::Update) | (DRAFT, Verb::Publish) => {
                matches!(step.outcome, Some(Outcome::Applied | Outcome::AlreadyDone))
            }
            (_, _) => false,
        };
        Ok(self.change()?.steps.iter().any(binds))
    }

    async fn end(
        &mut self,
        end: End,
        event: EventType,
        because: String,
    ) -> Result<Report, RebindError> {
        let now = self.world.now();
        let change = self.change()?.clone();
        let body = Body::new(&self.state.value, &change, end.clone());
        let evidence = self
            .world
            .store
            .append_evidence(&mut self.state.value, &body)
            .await?;
        let mut detail = self.detail();
        detail.reason = Some(because);
        detail.evidence = Some(evidence);
        self.world.emit(event, detail).await?;
        self.change()?.end(end, now);
        self.save().await?;
        self.finished()
    }

    fn hold(&mut self, because: String) -> Result<(), RebindError> {
        let change = self.change()?;
        let held = Held {
            change_id: change.id.clone(),
            desired: change.desired.clone(),
            since: self.world.now(),
            because,
        };
        self.state.value.held = Some(held);
        Ok(())
    }

    fn finished(&mut self) -> Result<Report, RebindError> {
        let change = self.change()?;
        let mut notices = change.notices.clone();
        if let Phase::Ended { end, .. } = &change.phase
            && let End::Failed { because } | End::RolledBack { because } = end
        {
            notices.push(because.clone());
        }
        Ok(Report {
            change_id: Some(change.id.clone()),
            steps: change.steps.clone(),
            notices,
        })
    }

    fn detail(&self) -> Detail {
        let mut detail = detail(self.world, self.manifest, self.action, &self.state.value);
        detail.actor = self.actor();
        detail.role_arn = Some(self.integration.role_arn.clone());
        if let Some(change) = &self.state.value.change {
            detail.change_id = Some(change.id.clone());
            detail.sequence = Some(change.number());
            detail.secrets.clone_from(&change.secrets);
            detail.notices.clone_from(&change.notices);
        }
        detail
    }

    fn actor(&self) -> Principal {
        Principal {
            kind: PrincipalKind::Client,
            id: self.session.client_id.to_string(),
            name: None,
        }
    }
}

/// There is no session, and there will be none until somebody acts.
pub(super) async fn no_session(
    world: &World,
    manifest: &Manifest,
    action: &Action,
    ask: &Ask,
    state: &BindingState,
    error: &RebindError,
) -> Result<Report, RebindError> {
    let detail = detail(world, manifest, action, state);
    announce_failure(world, detail, ask, error).await
}

async fn announce_failure(
    world: &World,
    mut detail: Detail,
    ask: &Ask,
    error: &RebindError,
) -> Result<Report, RebindError> {
    let because = chain(error);
    detail.occurrence = Some(ask.trigger_id.clone());
    detail.reason = Some(because.clone());
    if let RebindError::Refused(refusal) = error {
        detail.errors.clone_from(&refusal.problems);
    }
    world.emit(EventType::RebindFailed, detail).await?;
    Ok(Report {
        notices: vec![because],
        ..Report::default()
    })
}

/// The detail of an event about a binding, whatever its latest change is.
fn detail(world: &World, manifest: &Manifest, action: &Action, state: &BindingState) -> Detail {
    let mut detail = world.detail();
    detail.organization_id = Some(manifest.organization.id.clone());
    detail.key = Some(action.key.clone());
    detail.function_arn = Some(action.function.clone());
    detail.action_id.clone_from(&state.action_id);
    detail.integration_id.clone_from(&state.integration_id);
    detail
}

fn tested(action: &Action, id: &ActionId, record: &TestRecord) -> Step {
    Step {
        system: System::Genesys,
        kind: ACTION.into(),
        id: Some(id.to_string()),
        key: action.key.clone(),
        verb: Verb::Test,
        old: Value::Null,
        new: Value::Null,
        reason: "the manifest's live test".into(),
        sent_at: None,
        outcome: Some(match &record.problem {
            None => Outcome::Applied,
            Some(problem) => Outcome::Failed {
                kind: "test_failed".into(),
                message: problem.clone(),
            },
        }),
    }
}
