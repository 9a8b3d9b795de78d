//! The simulator before its judge: every exchange is held against the contract of the official SDK.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use genesys_contract::{Contract, Error, Exchanges, Violation};

use crate::operations;

/// Violations that are kept, each once; one wrong model can make thousands.
const KEPT: usize = 200;

/// What a simulator holds against the contract of the official SDK. Its own answers always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Judged {
    /// Requests and answers: wherever the client is meant to know the API.
    #[default]
    Everything,
    /// Answers only: for a client that sends wrong requests on purpose.
    AnswersOnly,
    /// Nothing, and no figures: for many runs of what another run judges.
    Nothing,
}

/// The contract of every operation that the simulator has. Blocks: the first time on a machine the official
/// SDK is installed, which takes a minute or more; `say` receives the progress.
///
/// # Errors
/// The SDK cannot be installed, or does not have an operation of the simulator.
pub fn contract(say: &dyn Fn(&str)) -> Result<&'static Contract, &'static Error> {
    static CONTRACT: OnceLock<Result<Contract, Error>> = OnceLock::new();
    CONTRACT
        .get_or_init(|| Contract::of(&operations(), say))
        .as_ref()
}

/// Where an exchange belongs: verb and route template, or the path where there is no operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) method: &'a str,
    pub(crate) route: &'a str,
}

/// Judges one simulator's exchanges.
#[derive(Debug)]
pub(crate) struct Judge {
    contract: &'static Contract,
    judged: Judged,
    exchanges: Exchanges,
    found: Mutex<Vec<String>>,
}

impl Judge {
    pub(crate) fn new(contract: &'static Contract, judged: Judged) -> Self {
        Self {
            contract,
            judged,
            exchanges: Exchanges::new(&operations()),
            found: Mutex::default(),
        }
    }

    pub(crate) fn request(
        &self,
        at: Place<'_>,
        query: &[(String, String)],
        content_type: Option<&str>,
        body: &[u8],
    ) {
        match self.judged {
            Judged::Everything => {
                let Place { method, route } = at;
                let contract = self.contract;
                self.note(contract.judge_request(method, route, query, content_type, body));
            }
            Judged::AnswersOnly | Judged::Nothing => {}
        }
    }

    /// Judges an answer, which ends the exchange.
    pub(crate) fn answer(
        &self,
        at: Place<'_>,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
    ) {
        if self.judged == Judged::Nothing {
            return;
        }
        let Place { method, route } = at;
        self.exchanges.judged(method, route);
        let contract = self.contract;
        self.note(contract.judge_answer(method, route, status, content_type, body));
    }

    /// Whether the operation declares this status.
    pub(crate) fn declares(&self, at: Place<'_>, status: u16) -> bool {
        self.contract.declares(at.method, at.route, status)
    }

    fn note(&self, violations: Vec<Violation>) {
        if violations.is_empty() {
            return;
        }
        self.exchanges.violated(violations.len());
        let mut found = self.lock();
        for violation in violations {
            let text = violation.to_string();
            if found.len() < KEPT && !found.contains(&text) {
                eprintln!("contract: {text}");
                found.push(text);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pronounced when a simulator ends: its figures are left, and violations are a panic.
#[derive(Debug)]
pub(crate) struct Verdict {
    judge: Arc<Judge>,
    /// Violations are told instead of panicking with them.
    is_lenient: bool,
}

impl Verdict {
    pub(crate) fn of(judge: Arc<Judge>) -> Self {
        Self {
            judge,
            is_lenient: false,
        }
    }

    pub(crate) fn be_lenient(&mut self) {
        self.is_lenient = true;
    }

    pub(crate) fn found(&self) -> Vec<String> {
        self.judge.lock().clone()
    }

    /// The violations, which are no panic then.
    pub(crate) fn taken(self) -> Vec<String> {
        // They are the caller's to count from here on.
        self.judge.exchanges.forgive();
        mem::take(&mut *self.judge.lock())
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        let found = self.found();
        let is_panic = !found.is_empty() && !self.is_lenient && !thread::panicking();
        // What ends in a panic is told by it; the figures are of what goes on.
        let has_figures = self.judge.judged != Judged::Nothing;
        if has_figures
            && !is_panic
            && let Err(error) = self.judge.exchanges.leave()
        {
            eprintln!("contract: the figures cannot be left: {error}");
        }
        if found.is_empty() || thread::panicking() {
            return;
        }
        let told = format!(
            "the contract of the official SDK was violated:\n  {}",
            found.join("\n  ")
        );
        assert!(!is_panic, "{told}");
        eprintln!("{told}");
    }
}
