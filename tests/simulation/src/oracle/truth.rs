//! What truly happened: what the platform's own history holds, AWS's, and what became of each call of the
//! functions.

use std::collections::BTreeMap;

use aws_simulator::{Effect, Origin, Principal};
use genesys_simulator::{AuditAction, AuditStatus, Deed};
use jiff::{SignedDuration, Timestamp};

use crate::faults::{About, Made};
use crate::functions::Name;
use crate::house::{ORGANIZATION, ROLE};
use crate::stand::Simulation;

/// For how long failures of the platform keep a client from calling it (`breaker.rs` of
/// `genesys-cloud`: 30 seconds, and then one call that may fail again).
const KEPT_OFF: SignedDuration = SignedDuration::from_secs(60);

/// How long a change may take to be recorded, when S3 has to be asked again.
const RECORDED_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// What the template sets for the function that gives verdicts.
const DEADLINE: &str = "LOCKSTEP_VERIFY_DEADLINE_SECONDS";

/// What truly happened.
pub(super) struct Truth {
    pub(super) deeds: Vec<Deed>,
    /// Lockstep's client.
    ours: String,
    /// Every change of the role: when, and whether Lockstep made it.
    role: Vec<(Timestamp, bool)>,
    /// How late IAM shows a change.
    late: SignedDuration,
    /// When Lockstep recorded what, by the object's key.
    recorded: Vec<(Timestamp, String)>,
    /// How long a change waits for its verdict.
    pub(super) deadline: SignedDuration,
    made: Vec<Made>,
}

impl Truth {
    pub(super) fn of(simulation: &Simulation) -> Self {
        let operator = Principal::user(&simulation.stack().place.account, "operator");
        let history = simulation.account.history();
        let of_the_role = |effect: &Effect| {
            let Effect::RoleChanged { role, .. } = effect else {
                return false;
            };
            role.ends_with(ROLE)
        };
        let role = history.iter().filter(|change| of_the_role(&change.effect));
        let late = simulation
            .account
            .with_state(|state| state.services.iam.lateness.reads);
        let recorded = history.iter().filter_map(|change| {
            let Effect::ObjectPut { key, .. } = &change.effect else {
                return None;
            };
            Some((change.at, key.clone()))
        });
        let verify = simulation.stack().function(Name::Verify.logical_id());
        let deadline = verify.and_then(|one| one.environment.get(DEADLINE)?.parse().ok());
        Self {
            recorded: recorded.collect(),
            deadline: SignedDuration::from_secs(deadline.expect("the template has a deadline")),
            role: role
                .map(|change| (change.at, change.principal != operator))
                .collect(),
            late,
            deeds: simulation.genesys.deeds(),
            ours: simulation.genesys.client().id.clone(),
            made: simulation.faults.made(),
        }
    }

    pub(super) fn is_ours(&self, deed: &Deed) -> bool {
        deed.client_id.as_deref() == Some(self.ours.as_str())
    }

    /// Whether Lockstep recorded something of a binding right after this moment.
    pub(super) fn is_recorded(&self, key: &str, at: Timestamp) -> bool {
        let object = format!("state/{ORGANIZATION}/{key}.json");
        let mut recorded = self.recorded.iter();
        recorded.any(|(put, of)| *of == object && at <= *put && *put <= at + RECORDED_WITHIN)
    }

    /// When Lockstep wrote to something for the last time before this moment.
    pub(super) fn last_write(&self, entity: &str, before: Timestamp) -> Option<Timestamp> {
        let is_write = |deed: &&Deed| {
            deed.entity_id == entity
                && self.is_ours(deed)
                && deed.action != AuditAction::Execute
                && deed.status == AuditStatus::Success
                && deed.at <= before
        };
        let writes = self.deeds.iter().filter(is_write);
        writes.map(|deed| deed.at).max()
    }

    /// Whether somebody reads the role as another has overwritten it, at some time of these.
    pub(super) fn shows_role_overwritten(&self, from: Timestamp, to: Timestamp) -> bool {
        let changes = self.role.iter().enumerate();
        changes
            .filter(|(_, (_, ours))| !ours)
            .any(|(number, (at, _))| {
                let mut after = self.role.iter().skip(number + 1);
                let repaired = after.find(|(_, ours)| *ours).map(|(at, _)| *at);
                *at <= to && repaired.is_none_or(|repaired| from <= repaired + self.late)
            })
    }

    /// Whether nobody can read the role but as another has overwritten it, at any time of these.
    pub(super) fn shows_only_role_overwritten(&self, from: Timestamp, to: Timestamp) -> bool {
        let before = self.role.iter().rev().find(|(at, _)| *at <= to);
        before.is_some_and(|(at, ours)| !ours && *at + self.late <= from)
    }

    /// Whether somebody else changed this, and Lockstep has not written to it since, at some time of these.
    pub(super) fn shows_changed(&self, entity: &str, from: Timestamp, to: Timestamp) -> bool {
        let of_it = |deed: &&Deed| deed.entity_id == entity && deed.status == AuditStatus::Success;
        let deeds: Vec<&Deed> = self.deeds.iter().filter(of_it).collect();
        deeds.iter().enumerate().any(|(number, deed)| {
            let mut after = deeds.iter().skip(number + 1);
            let repaired = after.find(|later| self.is_ours(later));
            !self.is_ours(deed)
                && deed.at <= to
                && repaired.is_none_or(|repaired| from <= repaired.at)
        })
    }

    /// The invocation that recorded this object; none where it was recorded before the calls were counted.
    pub(super) fn invocation(&self, uri: &str) -> Option<Invocation<'_>> {
        let object = uri.strip_prefix("s3://").unwrap_or(uri);
        let is_it = |made: &Made| {
            made.site.operation == "s3:PutObject"
                && made.site.resource == object
                && made.status.is_some_and(|status| status < 300)
        };
        let end = self.made.iter().position(is_it)?;
        let last = &self.made[end];
        Some(Invocation {
            origin: &last.origin,
            invoked: last.invoked,
            at: last.at,
            before: &self.made[..end],
        })
    }
}

/// The invocation of a function that gave a verdict, up to the verdict.
pub(super) struct Invocation<'t> {
    origin: &'t Origin,
    /// When it began.
    pub(super) invoked: Timestamp,
    /// When the verdict was recorded.
    pub(super) at: Timestamp,
    /// Every call of a function before.
    before: &'t [Made],
}

impl<'t> Invocation<'t> {
    /// Its calls.
    fn calls(&self) -> impl DoubleEndedIterator<Item = &'t Made> {
        let (origin, invoked) = (self.origin.clone(), self.invoked);
        let calls = self.before.iter();
        calls.filter(move |made| made.origin == origin && made.invoked == invoked)
    }

    /// Whether the platform answered what was done to something.
    pub(super) fn is_answered(&self, entity: &str) -> bool {
        let queries: Vec<&Made> = self
            .calls()
            .filter(|made| made.site.operation.contains("/audits/query"))
            .collect();
        let asked = queries.iter().rposition(|made| match &made.about {
            Some(About::Entity(asked)) => asked == entity,
            Some(About::Everything) => true,
            None => false,
        });
        let Some(asked) = asked else { return false };
        // The results of a query that runs in the background follow it.
        let results = queries[asked + 1..]
            .iter()
            .take_while(|made| made.about.is_none());
        let last = results.last().unwrap_or(&queries[asked]);
        is_good(last)
    }

    /// Whether a call went wrong that would explain why so little was asked: one of the invocation, or one
    /// before it after which the client kept off the platform.
    pub(super) fn is_disturbed(&self) -> bool {
        let mut before = self.before.iter().rev();
        let kept_off = before.any(|made| {
            made.origin == *self.origin && made.at + KEPT_OFF >= self.invoked && !is_good(made)
        });
        kept_off || !self.unanswered().is_empty()
    }

    /// What it called that gave no good answer, also not when it was called again.
    pub(super) fn unanswered(&self) -> Vec<String> {
        let mut last: BTreeMap<_, bool> = BTreeMap::new();
        for made in self.calls() {
            last.insert((&made.site, &made.about), is_good(made));
        }
        let bad = last.into_iter().filter(|(_, good)| !good);
        bad.map(|((site, _), _)| format!("{} {}", site.operation, site.resource))
            .collect()
    }
}

/// Whether the caller got what it can go on with. That something does not exist is an answer.
fn is_good(made: &Made) -> bool {
    made.wrong.is_none()
        && made
            .status
            .is_some_and(|status| status < 400 || status == 404)
}
