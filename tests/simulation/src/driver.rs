//! What AWS does by itself: carries events to queues, wakes functions, repeats what failed, drives
//! rotations and fires schedules. When, in which order and how often is decided by the seed, within
//! what AWS allows and what the template says.

mod events;
mod polling;
mod rotation;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use aws_simulator::{Account, RotationJob};
use clock::Clock;
use jiff::Timestamp;
use serde_json::Value;
use stack_template::Stack;
use tokio::task::JoinSet;

use self::rotation::Rotating;
pub use self::rotation::{Rotations, Step, StepCall};
use crate::faults::Faults;
use crate::functions::{Deployed, Ended, Name};
use crate::trail::Trail;

/// How AWS behaves where it promises little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// One event in so many is delivered twice; none where 0.
    pub twice_in: u32,
    /// Events may overtake each other.
    pub reordered: bool,
}

/// An event that a bus of the account took.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The bus.
    pub bus: String,
    /// The event, as a target gets it.
    pub event: Value,
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
    /// The mapping that started it.
    mapping: Option<usize>,
    /// The rotation it was.
    rotation: Option<Rotating>,
    ended: Ended,
}

/// AWS at work around the deployed stack.
pub struct Driver {
    account: Account,
    clock: Clock,
    faults: Arc<Faults>,
    trail: Option<Arc<Trail>>,
    stack: Stack,
    functions: BTreeMap<Name, Rc<Deployed>>,
    rng: RefCell<fastrand::Rng>,
    weather: Cell<Weather>,
    due: RefCell<BTreeMap<(Timestamp, u64), Due>>,
    numbered: Cell<u64>,
    /// Invocations under way, by mapping.
    busy: RefCell<BTreeMap<usize, u32>>,
    running: RefCell<JoinSet<Finished>>,
    /// Mappings that are switched off.
    paused: RefCell<BTreeSet<Name>>,
    rotations: Cell<Rotations>,
    step_calls: RefCell<Vec<StepCall>>,
    /// The events that the buses took.
    events: RefCell<Vec<Taken>>,
    /// The detail types of events that get lost on their way to a bus.
    lost: RefCell<BTreeSet<String>>,
}

impl Driver {
    pub(crate) fn new(
        account: Account,
        clock: Clock,
        faults: Arc<Faults>,
        trail: Option<Arc<Trail>>,
        stack: Stack,
        functions: BTreeMap<Name, Rc<Deployed>>,
        seed: u64,
    ) -> Self {
        Self {
            account,
            clock,
            faults,
            trail,
            stack,
            functions,
            lost: RefCell::default(),
            rng: RefCell::new(fastrand::Rng::with_seed(seed)),
            weather: Cell::default(),
            due: RefCell::default(),
            numbered: Cell::default(),
            busy: RefCell::default(),
            running: RefCell::default(),
            paused: RefCell::default(),
            rotations: Cell::default(),
            step_calls: RefCell::default(),
            events: RefCell::default(),
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

    /// The events that the buses have taken, but for the first so many.
    #[must_use]
    pub fn events_from(&self, first: usize) -> Vec<Taken> {
        self.take_notifications();
        self.events.borrow().iter().skip(first).cloned().collect()
    }

    /// Events of this detail type get lost from now on.
    pub fn lose(&self, detail_type: &str) {
        self.lost.borrow_mut().insert(detail_type.to_owned());
    }

    /// A function's queue wakes it no more until [`Self::resume`].
    pub fn pause(&self, function: Name) {
        self.paused.borrow_mut().insert(function);
    }

    /// Its queue wakes it again.
    pub fn resume(&self, function: Name) {
        self.paused.borrow_mut().remove(&function);
    }

    /// Invokes a function directly and waits for its end, while everything else goes on.
    pub async fn invoke(&self, function: Name, payload: Value) -> Ended {
        let invocation = Rc::clone(&self.functions[&function]).invoke(payload, self.request_id());
        let ended = tokio::task::spawn_local(invocation);
        while !ended.is_finished() {
            self.step(None).await;
        }
        ended.await.expect("an invocation does not panic")
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
    pub(crate) async fn step(&self, until: Option<Timestamp>) {
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
            if let Some(rotating) = finished.rotation {
                self.end_rotation(rotating, matches!(finished.ended, Ended::Returned(_)));
            }
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.running.borrow().is_empty()
            && self.due.borrow().is_empty()
            && self.next_message().is_none()
    }

    /// When something is due next.
    fn next_moment(&self) -> Option<Timestamp> {
        let due = self.due.borrow().keys().next().map(|(at, _)| *at);
        [due, self.next_message()].into_iter().flatten().min()
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

    fn add(&self, after: Duration, due: Due) {
        self.numbered.set(self.numbered.get() + 1);
        let key = (self.clock.now() + after, self.numbered.get());
        self.due.borrow_mut().insert(key, due);
    }

    fn name_of(&self, arn: &str) -> Option<Name> {
        let mut functions = self.functions.iter();
        functions
            .find(|(_, function)| function.arn() == arn)
            .map(|(name, _)| *name)
    }

    fn start(&self, name: Name, payload: Value) {
        let invocation = Rc::clone(&self.functions[&name]).invoke(payload, self.request_id());
        self.running.borrow_mut().spawn_local(async move {
            Finished {
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
}

/// The environment of those who are no function: no planned fault is theirs.
pub(crate) const OUTSIDE: &str = "outside";
