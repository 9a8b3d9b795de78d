//! What is particular to the end of a run over an action: the live test of what is published, and
//! the draft that its test rejected.

use lockstep_domain::change::{BindingState, Change, End, Phase};
use lockstep_domain::event::{ActionIds, BindingIds};
use lockstep_domain::ids::{ActionId, Key};
use lockstep_domain::manifest::{LiveTest, Manifest};
use lockstep_domain::plan::{FailureKind, ObjectKind, Step, Verb};
use lockstep_domain::rebind::RebindStep;

use super::{ActionRun, DataAction, Observation, RebindError};
use crate::reconcile::Report;
use crate::reconcile::kind::EventAbout;
use crate::reconcile::live_test::Trial;
use crate::runtime::chain;
use crate::services::Rebind;

impl DataAction<'_> {
    /// What an event about the action is about, whatever its latest change is.
    pub(super) fn event(
        &self,
        world: &Rebind,
        manifest: &Manifest,
        state: &BindingState,
    ) -> EventAbout {
        let mut header = world.header();
        header.organization_id = Some(manifest.organization.id.clone());
        header.key = Some(self.action.key.clone());
        EventAbout {
            key: self.action.key.clone(),
            header,
            ids: BindingIds::Action(ActionIds {
                action_id: state.action_id.clone(),
                integration_id: state.integration_id.clone(),
                role_arn: None,
                function_arn: Some(self.action.function.clone()),
            }),
        }
    }
}

impl ActionRun<'_, '_> {
    /// Tests the published action, unless its draft was tested.
    pub(super) async fn test_published(&mut self, bound: &Observation) -> Result<(), RebindError> {
        let test = self.kind.action.test.as_ref().filter(|test| test.safe);
        let (Some(test), Some(action)) = (test, bound.action()) else {
            return Ok(());
        };
        if self.change()?.test.is_some() {
            return Ok(());
        }
        self.release_lease().await;
        self.change_mut()?.phase = Phase::Testing;
        self.save().await?;
        self.test(&action.id, test).await
    }

    async fn test(&mut self, id: &ActionId, test: &LiveTest) -> Result<(), RebindError> {
        let record = self.try_out(Trial::Published, id, test).await?;
        let step = Step {
            id: Some(id.to_string()),
            ..test_step(&self.kind.action.key)
        };
        let writer = self.writer();
        let problem = record.problem.clone();
        let mut journal = self.journal()?;
        match problem {
            None => journal.applied(&step, id.to_string(), writer),
            Some(problem) => {
                journal.failed(&step, FailureKind::TestFailed, problem, writer.at);
            }
        }
        journal.tested(record);
        Ok(())
    }

    /// The draft was rejected by its test, and what is live still works: discard the draft.
    pub(super) async fn roll_back(&mut self, because: String) -> Result<Report, RebindError> {
        if let Some(id) = self.state.value.action_id.clone() {
            let discard = RebindStep::DiscardDraft {
                key: self.kind.action.key.clone(),
                id: id.clone(),
                reason: "its live test failed, and the live binding still works".into(),
            };
            self.session.genesys.delete_draft(id.as_str()).await?;
            let writer = self.writer();
            let mut journal = self.journal()?;
            journal.skip_rest("the live test failed");
            journal.applied(&discard.describe(), id.to_string(), writer);
        }
        self.hold(because.clone())?;
        self.end(End::RolledBack { because }).await
    }

    /// A change under way cannot be completed.
    pub(super) async fn end_failed(&mut self, error: &RebindError) -> Result<Report, RebindError> {
        let mut because = chain(error);
        if self
            .state
            .value
            .change
            .as_ref()
            .is_some_and(Change::is_live)
        {
            because.push_str("; the action was already changed, see `steps`");
        }
        self.end(End::Failed { because }).await
    }
}

fn test_step(key: &Key) -> Step {
    Step::new(
        ObjectKind::Action,
        Verb::Test,
        key,
        "the manifest's live test",
    )
}
