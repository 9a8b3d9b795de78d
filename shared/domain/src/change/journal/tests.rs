//! The journal as a state machine: generated histories of a change, with crashes at every point,
//! against a model that knows what was really done.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::change::{End, Phase};
use crate::ids::OrganizationId;
use crate::plan::{ObjectKind, Verb};
use crate::verdict::Expected;

/// What happens when a step is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    /// It is done, and recorded.
    Applied,
    /// It takes effect, and the answer is lost.
    DoneAnswerLost,
    /// It takes no effect, and the answer is lost.
    LostAnswerLost,
    /// Somebody else had written first.
    Conflict,
    /// It is refused.
    Denied,
    /// The run is cut off before the call.
    CrashBefore,
    /// The run is cut off after the call took effect, before that is recorded.
    CrashAfter,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let happening = prop_oneof![
        4 => Just(Happening::Applied),
        1 => Just(Happening::DoneAnswerLost),
        1 => Just(Happening::LostAnswerLost),
        1 => Just(Happening::Conflict),
        1 => Just(Happening::Denied),
        1 => Just(Happening::CrashBefore),
        1 => Just(Happening::CrashAfter),
    ];
    prop::collection::vec(happening, 0..24)
}

/// What is really there: the objects of the plan's steps that exist or were changed, and how often
/// each step was carried out.
struct Model {
    plan: Vec<Step>,
    effects: Vec<u32>,
}

impl Model {
    fn new(subject: Subject) -> Self {
        let key: Key = "orders".parse().unwrap();
        let step = |object, verb, id: Option<&str>| Step {
            id: id.map(str::to_owned),
            ..Step::new(object, verb, &key, "it differs")
        };
        let plan = match subject {
            Subject::Action => vec![
                step(ObjectKind::Integration, Verb::Create, None),
                step(ObjectKind::Credential, Verb::Create, None),
                step(ObjectKind::IntegrationConfig, Verb::Update, Some("int")),
                step(ObjectKind::Draft, Verb::Update, Some("act")),
                step(ObjectKind::Draft, Verb::Test, Some("act")),
                step(ObjectKind::Draft, Verb::Publish, Some("act")),
            ],
            Subject::CredentialSet => vec![
                step(ObjectKind::Credential, Verb::Create, None),
                step(ObjectKind::IntegrationConfig, Verb::Update, Some("int")),
                step(ObjectKind::Action, Verb::Test, Some("act")),
                // Two of one kind: only the id tells them apart.
                step(ObjectKind::Credential, Verb::Revoke, Some("old-1")),
                step(ObjectKind::Credential, Verb::Revoke, Some("old-2")),
            ],
        };
        let effects = vec![0; plan.len()];
        Self { plan, effects }
    }

    /// The id of the object that a step is about, as it is observed.
    fn id_of(step: &Step) -> String {
        let made = || format!("{}-1", step.object.as_str());
        step.id.clone().unwrap_or_else(made)
    }

    /// What is not done yet. Tests are run as long as anything written may follow them.
    fn rest(&self) -> Vec<Step> {
        let undone = |index: usize| self.effects[index] == 0;
        let steps = self.plan.iter().enumerate();
        let rest = steps.filter(|(index, _)| undone(*index));
        rest.map(|(_, step)| step.clone()).collect()
    }

    fn carry_out(&mut self, step: &Step) {
        let index = self.plan.iter().position(|one| one.is(step)).unwrap();
        self.effects[index] += 1;
    }
}

/// A binding, the copy of its state that is stored, and the model.
struct Run {
    state: BindingState,
    stored: BindingState,
    model: Model,
    now: Timestamp,
    client: ClientId,
    desired: DesiredId,
}

impl Run {
    fn new(subject: Subject) -> Self {
        let organization: OrganizationId = "org-1".parse().unwrap();
        let key: Key = match subject {
            Subject::Action => "orders".parse().unwrap(),
            Subject::CredentialSet => Key::of_secret(
                &"arn:aws:secretsmanager:us-east-1:123456789012:secret:erp-AbCdEf"
                    .parse()
                    .unwrap(),
            ),
        };
        let desired = ChangeId::of(&organization, &key, &"desired");
        let state = BindingState::new(organization, key);
        assert_eq!(state.subject, subject);
        Self {
            stored: state.clone(),
            state,
            model: Model::new(subject),
            now: Timestamp::from_second(1000).unwrap(),
            client: "client-1".parse().unwrap(),
            desired: desired.into(),
        }
    }

    fn tick(&mut self) -> Timestamp {
        self.now += jiff::SignedDuration::from_secs(1);
        self.now
    }

    fn save(&mut self) {
        let json = serde_json::to_vec(&self.state).unwrap();
        self.stored = BindingState::read(&json).unwrap();
        assert_eq!(self.stored, self.state, "what is stored is read back whole");
    }

    /// Begins or continues the change with what is not done yet, and saves that.
    fn record(&mut self) {
        let at = self.tick();
        let client = self.client.clone();
        let writer = Writer {
            client: &client,
            at,
        };
        let rest = self.model.rest();
        match &self.state.change {
            None => {
                let before = match self.state.subject {
                    Subject::Action => Before::Action(None),
                    Subject::CredentialSet => Before::CredentialSet(BTreeMap::new()),
                };
                let opening = Opening {
                    id: self.desired.current.clone(),
                    attempt: 1,
                    reason: None,
                    secrets: vec![],
                    before,
                    steps: rest.clone(),
                    notices: vec![],
                };
                self.state.begin(opening, writer);
            }
            Some(_) => {
                let continuation = Continuation {
                    desired: &self.desired,
                    steps: rest.clone(),
                    notices: &["once".into()],
                    replaces_tested: false,
                    made: &|step| Some(Model::id_of(step)),
                };
                self.state.go_on(continuation, writer).unwrap();
            }
        }
        let pending = self.change().steps.iter().filter(|one| one.is_pending());
        let pending: Vec<Step> = pending.cloned().collect();
        assert_eq!(pending, rest, "what is recorded as to be done is the plan");
        self.save();
    }

    fn change(&self) -> &Change {
        self.state.change.as_ref().unwrap()
    }

    /// Takes one step. Answers whether the run goes on with the next.
    fn take(&mut self, step: &Step, happening: Happening) -> bool {
        let at = self.tick();
        if self.state.journal().unwrap().about_to_send(step, at) {
            self.save();
        }
        let at = self.tick();
        let client = self.client.clone();
        let writer = Writer {
            client: &client,
            at,
        };
        let fails = |run: &mut Self, kind: FailureKind| {
            let mut journal = run.state.journal().unwrap();
            journal.failed(step, kind, "no".into(), at);
            journal.skip_rest("a step before it failed");
            run.save();
            false
        };
        match happening {
            Happening::Applied => {
                self.model.carry_out(step);
                let id = Model::id_of(step);
                self.state.journal().unwrap().applied(step, id, writer);
                if step.writes() {
                    self.save();
                }
                true
            }
            Happening::DoneAnswerLost if step.writes() => {
                self.model.carry_out(step);
                fails(self, FailureKind::AnswerLost)
            }
            Happening::DoneAnswerLost | Happening::LostAnswerLost => {
                fails(self, FailureKind::AnswerLost)
            }
            Happening::Conflict => fails(self, FailureKind::Conflict),
            Happening::Denied => fails(self, "denied".into()),
            Happening::CrashBefore => {
                self.state = self.stored.clone();
                false
            }
            Happening::CrashAfter => {
                self.model.carry_out(step);
                self.state = self.stored.clone();
                false
            }
        }
    }

    /// One run after the other until everything is done.
    fn play(&mut self, happenings: &[Happening]) {
        let mut happenings = happenings.iter().copied();
        loop {
            self.record();
            self.invariants();
            let rest = self.model.rest();
            let mut done = true;
            for step in &rest {
                done = self.take(step, happenings.next().unwrap_or(Happening::Applied));
                self.invariants();
                if !done {
                    break;
                }
            }
            if done {
                return;
            }
        }
    }

    /// What holds at every moment, whatever happened.
    fn invariants(&self) {
        let change = self.change();
        assert!(self.state.held.is_none());
        let notices = change.notices.iter().filter(|one| *one == "once").count();
        assert!(notices <= 1, "{:?}", change.notices);
        for step in &change.steps {
            let done = step.is_done();
            let exists = self.model.plan.iter().zip(&self.model.effects);
            let of = exists.filter(|(one, _)| one.may_be(step));
            let effects: u32 = of.map(|(_, effects)| effects).sum();
            assert!(
                !done || effects > 0,
                "recorded as done and never was: {step:?}"
            );
        }
        assert_eq!(
            change.applied_at.is_none(),
            change.expected.is_empty()
                && !change.steps.iter().any(|one| one.is_done() && one.writes()),
        );
    }

    /// What holds when everything is done.
    fn finished(&self) {
        let change = self.change();
        let writes = self.model.plan.iter().filter(|step| step.writes());
        for step in writes {
            let recorded = change.steps.iter().filter(|one| one.may_be(step));
            assert_eq!(recorded.filter(|one| one.is_done()).count(), 1, "{step:?}");
            let wanted = expected(self.state.subject, step, &Model::id_of(step));
            if let Some(wanted) = wanted {
                let found: Vec<&Expected> = change
                    .expected
                    .iter()
                    .filter(|one| **one == wanted)
                    .collect();
                assert_eq!(found.len(), 1, "{step:?}: {:?}", change.expected);
            }
        }
        let wrote = self.model.plan.iter().filter(|step| step.writes());
        let wanted = wrote
            .filter_map(|one| expected(self.state.subject, one, ""))
            .count();
        assert_eq!(change.expected.len(), wanted, "{:?}", change.expected);
        assert!(change.steps.iter().all(|one| !one.is_pending()));
        assert_eq!(change.in_doubt_since(), None, "{:?}", change.steps);
        assert_eq!(change.phase, Phase::Applying);
    }
}

proptest! {
    #[test]
    fn whatever_interrupts_a_change_its_record_has_each_finished_step_once_and_nothing_else(
        of_set in any::<bool>(),
        happenings in happenings(),
    ) {
        let subject = if of_set { Subject::CredentialSet } else { Subject::Action };
        let mut run = Run::new(subject);
        run.play(&happenings);
        run.finished();
    }

    #[test]
    fn a_create_that_may_have_taken_effect_is_in_doubt_and_no_other_is(happening in happenings()) {
        let mut run = Run::new(Subject::Action);
        run.record();
        let create = run.model.rest()[0].clone();
        let happening = happening.first().copied().unwrap_or(Happening::Applied);
        run.take(&create, happening);
        let in_doubt = run.change().in_doubt_since().is_some();
        // A crash leaves the mark that was saved before the call.
        let lost = match happening {
            Happening::DoneAnswerLost | Happening::LostAnswerLost | Happening::CrashBefore | Happening::CrashAfter => true,
            Happening::Applied | Happening::Conflict | Happening::Denied => false,
        };
        prop_assert_eq!(in_doubt, lost);
    }
}

#[test]
fn a_set_that_begins_again_counts_upwards_and_is_held_no_more() {
    let mut run = Run::new(Subject::CredentialSet);
    run.record();
    let first = run.change().number();
    let now = run.now;
    run.state.hold("its test failed".into(), now).unwrap();
    let held = run.state.held.clone().unwrap();
    assert_eq!(held.desired, Some(run.desired.current.clone()));
    run.state.change.as_mut().unwrap().end(
        End::RolledBack {
            because: "its test failed".into(),
        },
        now,
    );
    let ended = run.state.change.take();
    run.state.change = ended;
    let client = run.client.clone();
    let opening = Opening {
        id: run.desired.current.clone(),
        attempt: 2,
        reason: Some("by hand".into()),
        secrets: vec![],
        before: Before::CredentialSet(BTreeMap::new()),
        steps: vec![],
        notices: vec![],
    };
    let writer = Writer {
        client: &client,
        at: now,
    };
    run.state.begin(opening, writer);
    assert!(run.change().number() > first);
    assert_eq!(run.change().attempt, 2);
    assert_eq!(run.state.held, None);
}

#[test]
fn a_test_that_is_about_something_else_now_is_forgotten_and_its_troubles_too() {
    let mut run = Run::new(Subject::CredentialSet);
    run.record();
    let now = run.now;
    let mut journal = run.state.journal().unwrap();
    journal.tested(TestRecord {
        at: now,
        on_draft: false,
        passed: false,
        operations: vec![],
        problem: Some("401".into()),
        denial: None,
    });
    journal.trouble(&"erp".parse().unwrap(), "401");
    journal.trouble(&"erp".parse().unwrap(), "401");
    assert_eq!(run.state.unhealthy().as_deref(), Some("erp: 401"));
    for (replaces_tested, forgotten) in [(false, false), (true, true)] {
        let continuation = Continuation {
            desired: &run.desired.clone(),
            steps: vec![],
            notices: &[],
            replaces_tested,
            made: &|_| None,
        };
        let client = run.client.clone();
        let writer = Writer {
            client: &client,
            at: now,
        };
        run.state.go_on(continuation, writer).unwrap();
        assert_eq!(run.change().test.is_none(), forgotten);
        assert_eq!(run.state.unhealthy().is_none(), forgotten);
    }
}

#[test]
fn an_outcome_without_a_recorded_step_is_recorded_all_the_same() {
    let mut run = Run::new(Subject::Action);
    run.record();
    let recorded = run.change().steps.len();
    let key: Key = "orders".parse().unwrap();
    let discard = Step {
        id: Some("act".into()),
        ..Step::new(ObjectKind::Draft, Verb::Discard, &key, "its test failed")
    };
    let client = run.client.clone();
    let writer = Writer {
        client: &client,
        at: run.now,
    };
    let mut journal = run.state.journal().unwrap();
    journal.skip_rest("a live test failed");
    journal.applied(&discard, "act".into(), writer);
    let last = run.change().steps.last().unwrap();
    assert_eq!(last.outcome, Some(Outcome::Applied));
    assert_eq!(run.change().steps.len(), recorded + 1);
    assert_eq!(run.change().expected.len(), 1);
}

#[test]
fn nothing_is_recorded_without_a_change() {
    let mut state = Run::new(Subject::Action).state;
    assert_eq!(state.journal().unwrap_err(), NoChange);
    assert_eq!(
        state.hold("no".into(), Timestamp::UNIX_EPOCH),
        Err(NoChange)
    );
}
