//! What AWS does by itself: carries events to queues, wakes functions, repeats what failed, drives
//! rotations and fires schedules. When, in which order and how often is decided by the seed, within
//! what AWS allows and what the template says.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use aws_simulator::services::sqs::{self, Delivery};
use aws_simulator::{Account, Notification, Principal, PrincipalKind, RotationJob};
use clock::Clock;
use jiff::Timestamp;
use serde_json::{Value, json};
use stack_template::{EventSourceMapping, Queue, Stack};
use tokio::task::JoinSet;

use crate::faults::Faults;
use crate::functions::{Deployed, Ended, Name};

/// How long EventBridge takes to bring an event to a target. It gives no bound; half a second is
/// usual (EventBridge user guide, "What is Amazon EventBridge?").
const EVENT_DELAY_MS: std::ops::Range<u64> = 20..2_000;

/// How often Secrets Manager tries a rotation, and the time between (Secrets Manager user guide,
/// "Troubleshoot AWS Secrets Manager rotation": it "retries the entire rotation process multiple
/// times", without figures).
const ROTATION_TRIES: u32 = 4;
const ROTATION_PAUSE: Duration = Duration::from_secs(60);

/// How AWS behaves where it promises little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// One event in so many is delivered twice; none where 0.
    pub twice_in: u32,
    /// Events may overtake each other.
    pub reordered: bool,
}

/// One invocation that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoked {
    /// Which function.
    pub function: Name,
    /// When it ended.
    pub at: Timestamp,
    /// How.
    pub ended: Ended,
}

/// Something that is due.
enum Due {
    /// An event reaches a target.
    Delivery {
        rule: String,
        target: Target,
        event: Value,
    },
    /// A rotation is tried, for the nth time.
    Rotation { job: RotationJob, tries: u32 },
}

enum Target {
    /// By its name.
    Queue(String),
    Function(Name),
}

/// What a task of an invocation came to.
struct Finished {
    function: Name,
    /// The mapping that started it.
    mapping: Option<usize>,
    /// The rotation it was, and which try.
    rotation: Option<(RotationJob, u32)>,
    ended: Ended,
}

/// AWS at work around the deployed stack.
pub struct Driver {
    account: Account,
    clock: Clock,
    faults: Arc<Faults>,
    stack: Stack,
    functions: BTreeMap<Name, Rc<Deployed>>,
    rng: RefCell<fastrand::Rng>,
    weather: Cell<Weather>,
    due: RefCell<BTreeMap<(Timestamp, u64), Due>>,
    numbered: Cell<u64>,
    /// Invocations under way, by mapping.
    busy: RefCell<BTreeMap<usize, u32>>,
    running: RefCell<JoinSet<Finished>>,
    invoked: RefCell<Vec<Invoked>>,
    /// Mappings that are switched off.
    paused: RefCell<BTreeSet<Name>>,
}

impl Driver {
    pub(crate) fn new(
        account: Account,
        clock: Clock,
        faults: Arc<Faults>,
        stack: Stack,
        functions: BTreeMap<Name, Rc<Deployed>>,
        seed: u64,
    ) -> Self {
        Self {
            account,
            clock,
            faults,
            stack,
            functions,
            rng: RefCell::new(fastrand::Rng::with_seed(seed)),
            weather: Cell::default(),
            due: RefCell::default(),
            numbered: Cell::default(),
            busy: RefCell::default(),
            running: RefCell::default(),
            invoked: RefCell::default(),
            paused: RefCell::default(),
        }
    }

    /// How AWS behaves from now on.
    pub fn set_weather(&self, weather: Weather) {
        self.weather.set(weather);
    }

    /// A function.
    #[must_use]
    pub fn function(&self, name: Name) -> &Rc<Deployed> {
        &self.functions[&name]
    }

    /// The deployed template.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Every invocation that ended so far.
    #[must_use]
    pub fn invoked(&self) -> Vec<Invoked> {
        self.invoked.borrow().clone()
    }

    /// A function's queue wakes it no more until [`Self::resume`].
    pub fn pause(&self, function: Name) {
        self.paused.borrow_mut().insert(function);
    }

    /// Its queue wakes it again.
    pub fn resume(&self, function: Name) {
        self.paused.borrow_mut().remove(&function);
    }

    /// Fires a schedule of the template once, by its logical id.
    ///
    /// # Panics
    /// The template has no such schedule.
    pub fn fire(&self, schedule: &str) {
        let found = self.stack.schedules.iter().find(|one| one.id == schedule);
        let schedule = found.unwrap_or_else(|| panic!("the template has no schedule {schedule}"));
        let target = self.target(&schedule.target);
        let target = target.unwrap_or_else(|| panic!("{} has an unknown target", schedule.id));
        let event = serde_json::from_str(&schedule.input).expect("a schedule's input is JSON");
        let rule = schedule.role.clone();
        self.add(
            Duration::ZERO,
            Due::Delivery {
                rule,
                target,
                event,
            },
        );
    }

    /// Invokes a function directly and waits for its end, while everything else goes on.
    pub async fn invoke(&self, function: Name, payload: Value) -> Ended {
        let invocation = Rc::clone(&self.functions[&function]).invoke(payload, self.request_id());
        let ended = tokio::task::spawn_local(invocation);
        while !ended.is_finished() {
            self.step(None).await;
        }
        let ended = ended.await.expect("an invocation does not panic");
        self.record(function, &ended);
        ended
    }

    /// Lets AWS work until there is nothing to do any more, or so much time has passed. Answers
    /// whether there is nothing to do.
    pub async fn settle(&self, within: Duration) -> bool {
        let end = self.clock.now() + within;
        loop {
            self.start_what_is_due();
            if self.is_quiet() {
                return true;
            }
            if self.clock.now() >= end {
                return false;
            }
            self.step(None).await;
        }
    }

    /// Lets AWS work for so much time.
    pub async fn pass(&self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            self.step(Some(end)).await;
        }
    }

    /// Starts what is due, then waits for whatever happens next, no longer than `until`.
    async fn step(&self, until: Option<Timestamp>) {
        self.start_what_is_due();
        let next = self.next_moment().into_iter().chain(until).min();
        let wait = next.map(|at| Duration::try_from(at.duration_since(self.clock.now())));
        let wait = wait.map(Result::unwrap_or_default);
        let sleep = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let finished = poll_fn(
            |context| match self.running.borrow_mut().poll_join_next(context) {
                Poll::Ready(Some(finished)) => Poll::Ready(finished),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            },
        );
        let finished = tokio::select! {
            biased;
            finished = finished => Some(finished),
            () = self.faults.progress.notified() => None,
            () = sleep => None,
        };
        if let Some(finished) = finished {
            let finished = finished.expect("an invocation does not panic");
            if let Some(mapping) = finished.mapping {
                *self.busy.borrow_mut().entry(mapping).or_default() -= 1;
            }
            self.record(finished.function, &finished.ended);
            if let Some((job, tries)) = finished.rotation {
                self.end_rotation(job, tries, matches!(finished.ended, Ended::Returned(_)));
            }
        }
    }

    fn end_rotation(&self, job: RotationJob, tries: u32, succeeded: bool) {
        if succeeded || job.trial || tries >= ROTATION_TRIES {
            self.account.end_rotation(&job, succeeded);
        } else {
            let tries = tries + 1;
            self.add(ROTATION_PAUSE, Due::Rotation { job, tries });
        }
    }

    fn record(&self, function: Name, ended: &Ended) {
        self.invoked.borrow_mut().push(Invoked {
            function,
            at: self.clock.now(),
            ended: ended.clone(),
        });
    }

    fn is_quiet(&self) -> bool {
        self.running.borrow().is_empty()
            && self.due.borrow().is_empty()
            && self.next_message().is_none()
    }

    /// When something is due next.
    fn next_moment(&self) -> Option<Timestamp> {
        let due = self.due.borrow().keys().next().map(|(at, _)| *at);
        [due, self.next_message()].into_iter().flatten().min()
    }

    /// When a message can be received next whose function is free for it.
    fn next_message(&self) -> Option<Timestamp> {
        let state = self.account.state();
        let mappings = self.stack.mappings.iter().enumerate();
        mappings
            .filter(|(number, mapping)| self.has_room(*number, mapping))
            .filter_map(|(_, mapping)| {
                let queue = self.queue(&mapping.queue)?;
                next_receivable(state.services.sqs.queue(&queue.name)?)
            })
            .min()
    }

    fn has_room(&self, number: usize, mapping: &EventSourceMapping) -> bool {
        let busy = self.busy.borrow().get(&number).copied().unwrap_or_default();
        let is_paused = self
            .name_of(&mapping.function)
            .is_some_and(|name| self.paused.borrow().contains(&name));
        // Lambda scales a mapping from five (Lambda developer guide, "Using Lambda with Amazon SQS").
        !is_paused && busy < mapping.maximum_concurrency.unwrap_or(5)
    }

    fn start_what_is_due(&self) {
        self.take_notifications();
        loop {
            let now = self.clock.now();
            let first = self.due.borrow().keys().next().copied();
            let Some(key) = first.filter(|(at, _)| *at <= now) else {
                break;
            };
            let due = self.due.borrow_mut().remove(&key);
            match due {
                Some(Due::Delivery {
                    rule,
                    target,
                    event,
                }) => {
                    self.deliver(&rule, target, event);
                }
                Some(Due::Rotation { job, tries }) => self.rotate(job, tries),
                None => {}
            }
            self.take_notifications();
        }
        self.receive();
    }

    /// What AWS was asked to do since.
    fn take_notifications(&self) {
        for notification in self.account.take_notifications() {
            match notification {
                Notification::Event { bus, event, .. } => self.route(&bus, &event),
                Notification::Rotation(job) => {
                    self.add(Duration::from_millis(500), Due::Rotation { job, tries: 1 });
                }
                Notification::Invocation(invocation) => {
                    if let Some(name) = self.name_of(&invocation.function) {
                        let event = serde_json::from_slice(&invocation.payload).unwrap_or_default();
                        let target = Target::Function(name);
                        let rule = String::new();
                        self.add(
                            Duration::ZERO,
                            Due::Delivery {
                                rule,
                                target,
                                event,
                            },
                        );
                    }
                }
            }
        }
    }

    /// An event goes to the targets of every rule of its bus that matches.
    fn route(&self, bus: &str, event: &Value) {
        for rule in &self.stack.rules {
            let on_bus = rule.bus == bus || rule.bus.ends_with(&format!("/{bus}"));
            if !on_bus || !rule.pattern.matches(event) {
                continue;
            }
            for target in &rule.targets {
                for _ in 0..self.copies() {
                    let Some(target) = self.target(&target.arn) else {
                        continue;
                    };
                    let delay = self.event_delay();
                    let (rule, event) = (rule.arn.clone(), event.clone());
                    self.add(
                        delay,
                        Due::Delivery {
                            rule,
                            target,
                            event,
                        },
                    );
                }
            }
        }
    }

    fn copies(&self) -> u32 {
        let twice_in = self.weather.get().twice_in;
        let twice = twice_in > 0 && self.rng.borrow_mut().u32(0..twice_in) == 0;
        1 + u32::from(twice)
    }

    fn event_delay(&self) -> Duration {
        let reordered = self.weather.get().reordered;
        let ms = match reordered {
            true => self.rng.borrow_mut().u64(EVENT_DELAY_MS),
            false => EVENT_DELAY_MS.start,
        };
        Duration::from_millis(ms)
    }

    fn add(&self, after: Duration, due: Due) {
        self.numbered.set(self.numbered.get() + 1);
        let key = (self.clock.now() + after, self.numbered.get());
        self.due.borrow_mut().insert(key, due);
    }

    fn target(&self, arn: &str) -> Option<Target> {
        if let Some(queue) = self.stack.queues.iter().find(|queue| queue.arn == arn) {
            return Some(Target::Queue(queue.name.clone()));
        }
        self.name_of(arn).map(Target::Function)
    }

    fn name_of(&self, arn: &str) -> Option<Name> {
        let mut functions = self.functions.iter();
        functions
            .find(|(_, function)| function.arn() == arn)
            .map(|(name, _)| *name)
    }

    fn queue(&self, arn: &str) -> Option<&Queue> {
        self.stack.queues.iter().find(|queue| queue.arn == arn)
    }

    fn deliver(&self, rule: &str, target: Target, event: Value) {
        match target {
            Target::Function(name) => self.start(name, event),
            Target::Queue(queue) => {
                let sent = self.account.deliver(Delivery {
                    sender: self.sender(rule),
                    queue,
                    body: event.to_string(),
                    group: None,
                    deduplication_id: None,
                });
                // A rule that may not send would lose every event.
                sent.expect("the template lets its rules and schedules send to their queues");
            }
        }
    }

    /// EventBridge on behalf of a rule, or Scheduler in its role.
    fn sender(&self, rule: &str) -> Principal {
        let account = &self.stack.place.account;
        match rule.split_once(":role/") {
            Some((_, role)) => Principal::role(account, role, "scheduler"),
            None => Principal {
                account: account.clone(),
                kind: PrincipalKind::Service {
                    name: "events.amazonaws.com".to_owned(),
                    source_arn: Some(rule.to_owned()),
                },
            },
        }
    }

    fn start(&self, name: Name, payload: Value) {
        let invocation = Rc::clone(&self.functions[&name]).invoke(payload, self.request_id());
        self.running.borrow_mut().spawn_local(async move {
            Finished {
                function: name,
                mapping: None,
                rotation: None,
                ended: invocation.await,
            }
        });
    }

    fn request_id(&self) -> String {
        self.numbered.set(self.numbered.get() + 1);
        format!("request-{}", self.numbered.get())
    }

    /// Receives what is visible, as long as functions are free for it.
    fn receive(&self) {
        for (number, mapping) in self.stack.mappings.iter().enumerate() {
            let (Some(queue), Some(name)) =
                (self.queue(&mapping.queue), self.name_of(&mapping.function))
            else {
                continue;
            };
            while self.has_room(number, mapping) && self.is_visible(queue) {
                if !self.start_batch(number, mapping, queue, name) {
                    break;
                }
            }
        }
    }

    fn is_visible(&self, queue: &Queue) -> bool {
        let state = self.account.state();
        let held = state.services.sqs.queue(&queue.name);
        let next = held.and_then(next_receivable);
        next.is_some_and(|at| at <= self.clock.now())
    }

    /// Starts a function with what its queue gives. Lambda's poller works in the function's role.
    fn start_batch(
        &self,
        number: usize,
        mapping: &EventSourceMapping,
        queue: &Queue,
        name: Name,
    ) -> bool {
        let role = self.functions[&name].principal();
        let most = usize::try_from(mapping.batch_size).unwrap_or(usize::MAX);
        let given = self.account.poll(&role, &queue.name, most);
        let given = given.expect("the template lets the function's poller receive");
        if given.is_empty() {
            return false;
        }
        let (messages, records): (Vec<_>, Vec<_>) = given.into_iter().unzip();
        let payload = json!({ "Records": records });
        let invocation = Rc::clone(&self.functions[&name]).invoke(payload, self.request_id());
        let (account, queue) = (self.account.clone(), queue.name.clone());
        *self.busy.borrow_mut().entry(number).or_default() += 1;
        self.running.borrow_mut().spawn_local(async move {
            let ended = invocation.await;
            if let Ended::Returned(answer) = &ended {
                // What was not handled comes back.
                for message in messages.iter().filter(|one| !is_failed(answer, &one.id)) {
                    let deleted = account.acknowledge(&role, &queue, message);
                    deleted.expect("the template lets the function's poller delete");
                }
            }
            Finished {
                function: name,
                mapping: Some(number),
                rotation: None,
                ended,
            }
        });
        true
    }

    /// Secrets Manager calls the function four times, and begins again where one call fails.
    fn rotate(&self, job: RotationJob, tries: u32) {
        let Some(name) = self.name_of(&job.function) else {
            return;
        };
        let steps: &[&str] = match job.trial {
            true => &["testSecret"],
            false => &["createSecret", "setSecret", "testSecret", "finishSecret"],
        };
        let function = Rc::clone(&self.functions[&name]);
        let calls: Vec<(String, Value)> = steps
            .iter()
            .map(|step| {
                let event = json!({
                    "SecretId": job.secret, "ClientRequestToken": job.token, "Step": step,
                });
                (self.request_id(), event)
            })
            .collect();
        self.running.borrow_mut().spawn_local(async move {
            let mut ended = Ended::CutOff;
            for (request_id, event) in calls {
                ended = Rc::clone(&function).invoke(event, request_id).await;
                if !matches!(ended, Ended::Returned(_)) {
                    break;
                }
            }
            Finished {
                function: name,
                mapping: None,
                rotation: Some((job, tries)),
                ended,
            }
        });
    }
}

/// When a message of a queue can be received next. In a FIFO queue the first one of a group keeps the
/// others of it back.
fn next_receivable(queue: &sqs::Queue) -> Option<Timestamp> {
    let mut groups = BTreeSet::new();
    let messages = queue.messages().iter();
    messages
        .filter(|message| !queue.is_fifo() || groups.insert(&message.group))
        .map(|message| message.visible_from)
        .min()
}

/// The environment of those who are no function: no planned fault is theirs.
pub(crate) const OUTSIDE: &str = "outside";

/// Whether a batch's answer reports this message as not handled.
fn is_failed(answer: &Value, id: &str) -> bool {
    let failed = answer["batchItemFailures"].as_array();
    let mut failed = failed.into_iter().flatten();
    failed.any(|one| one["itemIdentifier"] == id)
}
