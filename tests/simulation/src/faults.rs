//! What goes wrong at which call, and a record of every call.
//!
//! Every call of every function is counted in the order in which it was sent. A [`Fault`] names one of
//! them and what happens to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use aws_simulator::Origin;
use clock::Clock;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use crate::fault::{Call, Fault, Kind, Site, Struck, Which};
use crate::trouble::Trouble;

/// A call that a fault waits for.
#[derive(Debug)]
struct Awaited {
    function: String,
    operation: String,
    /// How many of these calls pass before.
    pass: usize,
    kind: Kind,
}

/// What a query asks the audit log about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// One entity.
    Entity(String),
    /// Everything that is audited.
    Everything,
}

/// A call that a function is about to make.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    /// Over whose connection.
    pub(crate) origin: Origin,
    /// Where it goes.
    pub(crate) site: Site,
    /// What it asks the audit log about.
    pub(crate) about: Option<About>,
}

/// A call that was sent: its number, and what happens to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) number: u64,
    pub(crate) kind: Option<Kind>,
}

/// A call of a function, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) at: Timestamp,
    /// Over whose connection.
    pub(crate) origin: Origin,
    /// When the invocation began that made it.
    pub(crate) invoked: Timestamp,
    pub(crate) site: Site,
    /// What it asks the audit log about.
    pub(crate) about: Option<About>,
    /// What went wrong on the way.
    pub(crate) wrong: Option<Kind>,
    /// The status that was answered at the other end.
    pub(crate) status: Option<u16>,
}

#[derive(Debug, Default)]
struct Inside {
    /// The calls of the functions so far.
    calls: Vec<Made>,
    /// How many of them went where.
    sites: BTreeMap<Site, u64>,
    planned: BTreeSet<Fault>,
    awaited: Vec<Awaited>,
    /// Requests on their way whose fate is decided, by the account's numbers.
    decided: BTreeMap<u64, Sent>,
    crashed: BTreeSet<Origin>,
    struck: Vec<Struck>,
    /// When the invocation under way began, by execution environment.
    invoked: BTreeMap<Origin, Timestamp>,
    /// Each with its end.
    troubles: Vec<(Trouble, Timestamp)>,
}

/// The plan of faults, and a record of every call.
#[derive(Debug)]
pub struct Faults {
    clock: Clock,
    inside: Mutex<Inside>,
    crash: Notify,
    /// Rung at each call: something may have changed.
    pub(crate) progress: Notify,
    /// Counts the writes of functions that calls of actions and sign-in depend on.
    written: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            inside: Mutex::default(),
            crash: Notify::new(),
            progress: Notify::new(),
            written: watch::Sender::default(),
        }
    }

    /// From now on and for so long, every call of a function that this covers goes wrong.
    pub fn begin(&self, trouble: Trouble, time: Duration) {
        let until = self.clock.now() + time;
        self.lock().troubles.push((trouble, until));
    }

    /// When the last trouble is over; none where there was none.
    #[must_use]
    pub fn troubled_until(&self) -> Option<Timestamp> {
        self.lock().troubles.iter().map(|(_, until)| *until).max()
    }

    /// Plans a fault. Calls are counted from the beginning; those that were made already are past.
    pub fn plan(&self, fault: Fault) {
        self.lock().planned.insert(fault);
    }

    /// Plans a fault for an operation that a function calls, after so many of these calls from now on.
    pub fn plan_call(&self, function: &str, operation: &str, after: usize, kind: Kind) {
        self.lock().awaited.push(Awaited {
            function: function.to_owned(),
            operation: operation.to_owned(),
            pass: after,
            kind,
        });
    }

    /// Where every call of a function went so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Site> {
        let inside = self.lock();
        inside.calls.iter().map(|made| made.site.clone()).collect()
    }

    /// Every call of a function so far, in order, with what came of it.
    pub(crate) fn made(&self) -> Vec<Made> {
        self.lock().calls.clone()
    }

    /// The planned faults that have happened.
    #[must_use]
    pub fn struck(&self) -> Vec<Struck> {
        self.lock().struck.clone()
    }

    /// Forgets the calls so far: those that come are counted from the beginning.
    pub(crate) fn forget(&self) {
        let mut inside = self.lock();
        inside.calls.clear();
        inside.sites.clear();
    }

    /// An invocation begins in an execution environment.
    pub(crate) fn begins(&self, origin: &Origin) {
        let now = self.clock.now();
        self.lock().invoked.insert(origin.clone(), now);
    }

    /// Changes after each write of a function that calls of actions and sign-in depend on.
    #[must_use]
    pub fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// A function wrote what calls of actions and sign-in depend on.
    pub(crate) fn wrote(&self) {
        self.written.send_modify(|count| *count += 1);
    }

    /// Ends when the process over whose connections `origin` calls is to end.
    pub(crate) async fn crash_of(&self, origin: &Origin) {
        loop {
            let rung = self.crash.notified();
            if self.lock().crashed.remove(origin) {
                return;
            }
            rung.await;
        }
    }

    /// Counts a call and says what happens to it.
    pub(crate) fn decide(&self, sending: Sending) -> Sent {
        let now = self.clock.now();
        let mut inside = self.lock();
        let Sending {
            origin,
            site,
            about,
        } = sending;
        let number = u64::try_from(inside.calls.len() + 1).unwrap_or(u64::MAX);
        let count = inside.sites.entry(site.clone()).or_default();
        *count += 1;
        let call = Call {
            site: site.clone(),
            nth: *count,
        };
        let kind = inside.strike(number, call).or_else(|| {
            let mut troubles = inside.troubles.iter().filter(|(_, until)| now < *until);
            troubles.find_map(|(trouble, _)| trouble.befalls(&site, number))
        });
        let invoked = inside.invoked.get(&origin).copied().unwrap_or(now);
        inside.calls.push(Made {
            at: now,
            origin,
            invoked,
            site,
            about,
            wrong: kind,
            status: None,
        });
        Sent { number, kind }
    }

    /// A request to AWS is on its way.
    pub(crate) fn on_its_way(&self, sequence: u64, sent: Sent) {
        self.lock().decided.insert(sequence, sent);
    }

    /// A request to AWS has arrived.
    pub(crate) fn arrived(&self, sequence: u64) -> Option<Sent> {
        self.lock().decided.remove(&sequence)
    }

    /// The other end answers a call.
    pub(crate) fn answered(&self, sent: Sent, status: u16) {
        let mut inside = self.lock();
        let index = usize::try_from(sent.number - 1).unwrap_or(usize::MAX);
        if let Some(made) = inside.calls.get_mut(index) {
            made.status = Some(status);
        }
    }

    /// Ends the process over whose connections `origin` calls.
    pub(crate) fn crash(&self, origin: &Origin) {
        self.lock().crashed.insert(origin.clone());
        self.crash.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().expect("no test panics in here")
    }
}

impl Inside {
    /// Takes the fault that was planned for this call.
    fn strike(&mut self, number: u64, call: Call) -> Option<Kind> {
        let planned = self.planned.iter().find(|fault| match &fault.which {
            Which::Number(planned) => *planned == number,
            Which::Call(planned) => *planned == call,
        });
        let planned = planned.cloned();
        if let Some(fault) = &planned {
            self.planned.remove(fault);
        }
        let awaited = take(&mut self.awaited, &call.site).map(|kind| Fault {
            which: Which::Number(number),
            kind,
        });
        let fault = planned.or(awaited)?;
        let kind = fault.kind;
        self.struck.push(Struck {
            fault,
            number,
            call,
        });
        Some(kind)
    }
}

/// Takes the fault that waits for this call, and counts the call for the others.
fn take(awaited: &mut Vec<Awaited>, site: &Site) -> Option<Kind> {
    let mut found = None;
    let of_this_call =
        |one: &Awaited| one.function == site.function && one.operation == site.operation;
    for (index, one) in awaited
        .iter_mut()
        .enumerate()
        .filter(|(_, one)| of_this_call(one))
    {
        match one.pass.checked_sub(1) {
            Some(pass) => one.pass = pass,
            None => found = found.or(Some(index)),
        }
    }
    found.map(|index| awaited.remove(index).kind)
}
