//! Each binding's chain: secret version, role, credential, action, test, audit.

use std::collections::BTreeMap;

use lockstep_domain::ledger::{
    AuditSeen, BindingChain, BoundSecret, CheckResult, Counts, Ledger, Row, TestSeen, VerdictKind,
};

use super::findings::tally;
use super::timeline::verdict_title;
use crate::text::{Visible, moment, short};

/// The worst result of the checks on one resource, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worst {
    Passed,
    Excepted,
    NotEvaluated,
    Failed,
}

impl Worst {
    fn of(result: &CheckResult) -> Self {
        match result {
            CheckResult::Passed => Self::Passed,
            CheckResult::Excepted(_) => Self::Excepted,
            CheckResult::NotEvaluated => Self::NotEvaluated,
            CheckResult::Failed => Self::Failed,
        }
    }
}

/// The worst result of each resource.
pub(super) fn worst_by_resource(ledger: &Ledger) -> BTreeMap<&str, Worst> {
    let mut worst: BTreeMap<&str, Worst> = BTreeMap::new();
    for row in &ledger.rows {
        let result = Worst::of(&row.result);
        let known = worst.entry(&row.resource).or_insert(result);
        *known = result.max(*known);
    }
    worst
}

/// One binding.
pub(super) struct Binding<'a> {
    chain: &'a BindingChain,
    counts: Counts,
    pub(super) links: [Link; 6],
}

/// One link of a chain.
pub(super) struct Link {
    pub(super) title: &'static str,
    pub(super) state: State,
    /// The state in words.
    pub(super) said: String,
    /// What the link is.
    pub(super) what: Option<String>,
}

/// Whether a link holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Holds,
    Broken,
    Unknown,
    /// The binding has no such link, or an exception covers what is wrong with it.
    None,
}

impl State {
    /// As a class of the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Unknown => "unknown",
            Self::None => "none",
        }
    }
}

impl<'a> Binding<'a> {
    pub(super) fn new(
        chain: &'a BindingChain,
        rows: &[&Row],
        worst: &BTreeMap<&str, Worst>,
    ) -> Self {
        let of =
            |resource: Option<String>| resource.and_then(|one| worst.get(one.as_str()).copied());
        let credential = match (&chain.credential_id, &chain.integration_id) {
            (Some(id), _) => Some(format!("genesys:credential/{id}")),
            (None, Some(id)) => Some(format!("genesys:integration/{id}")),
            (None, None) => None,
        };
        let credential_name = match (&chain.credential_id, &chain.integration_id) {
            (Some(id), _) => Some(id.to_string()),
            (None, Some(id)) => Some(id.to_string()),
            (None, None) => None,
        };
        let action = chain.action_id.as_ref();
        let function = chain
            .function
            .as_ref()
            .map(|arn| short(&arn.to_string()).to_owned());
        Self {
            chain,
            counts: Counts::of(rows.iter().copied()),
            links: [
                secrets(&chain.secrets),
                checked(
                    "Role",
                    chain.role.as_deref().map(|arn| short(arn).to_owned()),
                    of(chain.role.clone()),
                ),
                checked("Credential", credential_name, of(credential)),
                checked(
                    "Action",
                    function.or(action.map(|id| id.to_string())),
                    of(action.map(|id| format!("genesys:action/{id}"))),
                ),
                test(chain.test.as_ref()),
                audit(chain),
            ],
        }
    }

    pub(super) fn key(&self) -> &'a str {
        self.chain.key.as_str()
    }

    /// Whether every row passed and every link that there is holds.
    pub(super) fn is_sound(&self) -> bool {
        let checked = self.counts.failed + self.counts.not_evaluated + self.counts.excepted == 0;
        let held = self.links.iter().all(|link| match link.state {
            State::Holds | State::None => true,
            State::Broken | State::Unknown => false,
        });
        checked && held
    }

    /// The overall state, as a class of the style sheet.
    pub(super) fn class(&self) -> &'static str {
        let any = |state| self.links.iter().any(|link| link.state == state);
        if self.counts.failed > 0 || any(State::Broken) {
            "failed"
        } else if self.counts.not_evaluated > 0 || any(State::Unknown) {
            "open"
        } else if self.counts.excepted > 0 {
            "excepted"
        } else {
            "passed"
        }
    }

    /// The overall state in words.
    pub(super) fn result(&self) -> &'static str {
        match self.class() {
            "failed" => "Failed",
            "open" => "Not proved",
            "excepted" => "Excepted",
            _ => "Sound",
        }
    }

    /// The results of its own checks, and the links that fail for another reason.
    pub(super) fn tally(&self) -> String {
        let mut text = tally(&self.counts);
        let states = [
            (self.counts.failed, State::Broken, "failed"),
            (self.counts.not_evaluated, State::Unknown, "not proved"),
        ];
        for (count, state, word) in states {
            let links = self.links.iter().filter(|link| link.state == state);
            let titles: Vec<&str> = links.map(|link| link.title).collect();
            if count == 0 && !titles.is_empty() {
                text.push_str(&format!(", {word}: {}", titles.join(", ").to_lowercase()));
            }
        }
        text
    }

    pub(super) fn evidence(&self) -> Option<Visible<'a>> {
        let audit = self.chain.audit.as_ref()?;
        audit.evidence.as_deref().map(Visible)
    }
}

fn secrets(secrets: &[BoundSecret]) -> Link {
    let stale = |one: &&BoundSecret| {
        one.current
            .as_ref()
            .is_some_and(|current| *current != one.version_id)
    };
    let state = if secrets.is_empty() {
        State::None
    } else if secrets.iter().any(|one| stale(&one)) {
        State::Broken
    } else if secrets.iter().any(|one| one.current.is_none()) {
        State::Unknown
    } else {
        State::Holds
    };
    let shown = secrets.iter().find(stale).or(secrets.first());
    let version = shown.map_or("", |one| one.version_id.get(..8).unwrap_or(&one.version_id));
    let said = match state {
        State::None => "none".to_owned(),
        State::Broken => format!("{version}… is bound and not current"),
        State::Unknown => format!("{version}… is bound; current one unknown"),
        State::Holds if secrets.len() > 1 => format!("all {} current", secrets.len()),
        State::Holds => format!("{version}… is current"),
    };
    Link {
        title: "Secret version",
        state,
        said,
        what: shown.map(|one| short(&one.arn.to_string()).to_owned()),
    }
}

/// A link that is as good as the checks on its resource.
fn checked(title: &'static str, what: Option<String>, worst: Option<Worst>) -> Link {
    let (state, said) = match (&what, worst) {
        (None, _) => (State::None, "none"),
        (Some(_), None) => (State::Unknown, "not checked"),
        (Some(_), Some(Worst::Failed)) => (State::Broken, "failed"),
        (Some(_), Some(Worst::NotEvaluated)) => (State::Unknown, "not evaluated"),
        (Some(_), Some(Worst::Excepted)) => (State::None, "excepted"),
        (Some(_), Some(Worst::Passed)) => (State::Holds, "as required"),
    };
    Link {
        title,
        state,
        said: said.to_owned(),
        what,
    }
}

fn test(test: Option<&TestSeen>) -> Link {
    let (state, said) = match test {
        None => (State::None, "none".to_owned()),
        Some(test) if test.passed => (State::Holds, format!("passed on {}", moment(test.at))),
        Some(test) => (State::Broken, format!("failed on {}", moment(test.at))),
    };
    Link {
        title: "Test",
        state,
        said,
        what: test
            .and_then(|test| test.problem.as_deref())
            .map(str::to_owned),
    }
}

fn audit(chain: &BindingChain) -> Link {
    let (state, said) = match (&chain.audit, &chain.change_id) {
        (Some(audit), _) => (
            verdict_state(audit),
            format!("{} on {}", verdict_title(audit.verdict), moment(audit.at)),
        ),
        (None, Some(_)) => (State::Unknown, "verdict pending".to_owned()),
        (None, None) => (State::Unknown, "never applied".to_owned()),
    };
    let principal = chain
        .audit
        .as_ref()
        .and_then(|audit| audit.principals.first());
    Link {
        title: "Audit",
        state,
        said,
        what: principal.map(|one| one.name.as_deref().unwrap_or(&one.id).to_owned()),
    }
}

fn verdict_state(audit: &AuditSeen) -> State {
    match audit.verdict {
        VerdictKind::Verified => State::Holds,
        VerdictKind::Violated | VerdictKind::Failed | VerdictKind::Split => State::Broken,
        VerdictKind::Unverified | VerdictKind::RolledBack => State::Unknown,
    }
}
