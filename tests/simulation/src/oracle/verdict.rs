//! Whether one verdict is right: whose deed, in which window and on what; and which call kept it from
//! being proved.

use std::collections::BTreeSet;

use genesys_simulator::{AuditAction, AuditStatus, Deed};
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::compliance::Check;
use serde_json::Value;

use super::truth::{Invocation, Truth};
use crate::evidence::Record;
use crate::house::{Action, House};

/// The window of an audit query reaches beyond the moment at which it was asked, since clocks differ.
/// What was done in that time may or may not be in the answer.
pub(super) const UNSURE: SignedDuration = SignedDuration::from_secs(4);

/// The verdict of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Verified,
    Violated,
    Unverified,
}

impl Verdict {
    pub(super) const ALL: [Self; 3] = [Self::Verified, Self::Violated, Self::Unverified];

    /// None where the change came to no verdict.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let verdict = &record.value["body"]["verdict"];
        match verdict.as_str() {
            Some("verified") => Some(Self::Verified),
            Some(_) => None,
            None if verdict.get("violated").is_some() => Some(Self::Violated),
            None if verdict.get("unverified").is_some() => Some(Self::Unverified),
            None => None,
        }
    }

    pub(super) fn event(self) -> &'static str {
        match self {
            Self::Verified => "Change Verified",
            Self::Violated => "Change Violated",
            Self::Unverified => "Change Unverified",
        }
    }
}

/// What a record says that its verdict is about.
pub(super) struct Covered<'r> {
    pub(super) record: &'r Record,
    entities: BTreeSet<&'r str>,
    /// The window that the audit log was asked about.
    window: Option<(Timestamp, Timestamp)>,
    /// When it was recorded.
    pub(super) at: Timestamp,
}

impl<'r> Covered<'r> {
    pub(super) fn of(record: &'r Record) -> Self {
        let body = &record.value["body"];
        let credentials = body["credentials"].as_object();
        let of_credentials = credentials.into_iter().flat_map(|all| all.values());
        let of_credentials = of_credentials.map(|bound| &bound["integration_id"]);
        let entities = [&body["action_id"], &body["integration_id"]]
            .into_iter()
            .chain(of_credentials)
            .filter_map(Value::as_str)
            .collect();
        let interval = body["audit"]["interval"].as_str();
        let window = interval
            .and_then(|interval| interval.split_once('/'))
            .map(|(from, to)| (moment(from), moment(to)));
        Self {
            record,
            entities,
            window,
            at: moment(record.value["at"].as_str().unwrap_or_default()),
        }
    }

    fn body(&self) -> &'r Value {
        &self.record.value["body"]
    }

    pub(super) fn is_about(&self, deed: &Deed) -> bool {
        self.entities.contains(deed.entity_id.as_str())
    }

    /// Whether a deed may be in the answer. Records have whole seconds.
    fn may_know(&self, deed: &Deed) -> bool {
        self.is_about(deed)
            && self.window.is_some_and(|(from, to)| {
                from.as_second() <= deed.at.as_second() && deed.at.as_second() <= to.as_second()
            })
    }

    /// Whether a deed was in the answer, where there was one. The window ends about when the platform
    /// was asked: for many changes at once, some time before each verdict is recorded.
    fn must_know(&self, deed: &Deed) -> bool {
        let is_past = |(_, to): (Timestamp, Timestamp)| {
            let shown = deed.shown_from;
            deed.at <= to - UNSURE && shown.is_some_and(|from| from <= to.min(self.at) - UNSURE)
        };
        self.may_know(deed) && self.window.is_some_and(is_past)
    }
}

pub(super) fn moment(text: &str) -> Timestamp {
    text.parse().expect("evidence has moments")
}

/// Why a verdict is wrong. `earlier` are the records before it.
pub(super) fn fault(
    verdict: Verdict,
    covered: &Covered<'_>,
    earlier: &[Covered<'_>],
    truth: &Truth,
) -> Option<String> {
    let invocation = truth.invocation(&covered.record.uri);
    let misplaced = misplaced(covered, truth);
    misplaced.or_else(|| match verdict {
        Verdict::Verified => unproved(covered, truth, invocation.as_ref()),
        Verdict::Violated => unfounded(covered, earlier, truth, invocation.as_ref())
            .or_else(|| unnamed(covered, truth, invocation.as_ref())),
        Verdict::Unverified => {
            let invocation = invocation?;
            let early = early(covered, truth);
            early
                .or_else(|| readable(covered, truth, &invocation))
                .or_else(|| {
                    let stranger = stranger(covered, truth, Some(&invocation));
                    stranger.map(|deed| format!("it could be seen that a stranger did {deed:?}"))
                })
        }
    })
}

/// Why the window is not the change's: it begins with the record that the change made of itself before its
/// first write.
fn misplaced(covered: &Covered<'_>, truth: &Truth) -> Option<String> {
    let opened = moment(covered.body()["window_from"].as_str().unwrap_or_default());
    if !truth.is_recorded(&covered.record.key, opened) {
        return Some(format!("nothing was recorded at {opened}"));
    }
    let (from, _) = covered.window?;
    let is_early = from < opened - UNSURE;
    is_early.then(|| format!("its window begins at {from}, and the change at {opened}"))
}

/// Something that a stranger did in the window, and that was in the platform's answer.
fn stranger<'t>(
    covered: &Covered<'_>,
    truth: &'t Truth,
    invocation: Option<&Invocation<'_>>,
) -> Option<&'t Deed> {
    let was_answered =
        |deed: &Deed| invocation.is_none_or(|invocation| invocation.is_answered(&deed.entity_id));
    let mut deeds = truth.deeds.iter();
    deeds.find(|deed| !truth.is_ours(deed) && covered.must_know(deed) && was_answered(deed))
}

/// Why *Verified* is wrong.
fn unproved(
    covered: &Covered<'_>,
    truth: &Truth,
    invocation: Option<&Invocation<'_>>,
) -> Option<String> {
    if let Some(deed) = stranger(covered, truth, None) {
        return Some(format!("a stranger made a change in its time: {deed:?}"));
    }
    let unanswered = invocation.and_then(|invocation| {
        let mut entities = covered.entities.iter();
        entities.find(|entity| !invocation.is_answered(entity))
    });
    if let Some(entity) = unanswered {
        return Some(format!("nobody answered what was done to {entity}"));
    }
    unlisted(covered, truth).or_else(|| never_written(covered, truth))
}

/// Why *Verified* is wrong although nobody touched the action: all the time that Lockstep observed again, it
/// read the role as somebody else had overwritten it. The role of an action that the manifest names no more, or
/// with another function, is not the change's.
pub(super) fn overlooked(
    verdict: Verdict,
    covered: &Covered<'_>,
    house: &House,
    truth: &Truth,
) -> Option<String> {
    let function = covered.body()["function"].as_str()?;
    let is_named = |action: &Action| {
        action.key == covered.record.key.as_str() && action.function() == function
    };
    let invocation = truth.invocation(&covered.record.uri)?;
    let is_overlooked = verdict == Verdict::Verified
        && house.actions.iter().any(is_named)
        && truth.shows_only_role_overwritten(invocation.invoked, invocation.at);
    is_overlooked.then(|| "its role was overwritten when it was observed again".to_owned())
}

/// A deed of the window that the evidence does not list.
fn unlisted(covered: &Covered<'_>, truth: &Truth) -> Option<String> {
    let listed = covered.body()["audit"]["records"].as_array();
    let listed: BTreeSet<&str> = listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut known = truth.deeds.iter().filter(|deed| covered.must_know(deed));
    let missing = known.find(|deed| !listed.contains(deed.record_id.as_str()));
    missing.map(|deed| format!("its evidence does not list {deed:?}"))
}

/// A write that the evidence claims, of something that Lockstep never wrote to by then.
fn never_written(covered: &Covered<'_>, truth: &Truth) -> Option<String> {
    // The platform audits no credential.
    let is_audited = |one: &&Value| {
        let entries = one["any_of"].as_array();
        entries
            .into_iter()
            .flatten()
            .any(|entry| entry["entity_type"] != "Credential")
    };
    let mut claimed = expected(covered)
        .filter(is_audited)
        .filter_map(|one| one["entity_id"].as_str());
    let missing = claimed.find(|id| {
        !truth.deeds.iter().any(|deed| {
            deed.entity_id == *id
                && truth.is_ours(deed)
                && deed.status == AuditStatus::Success
                && deed.at <= covered.at
        })
    });
    missing.map(|id| format!("Lockstep wrote nothing to {id}"))
}

fn expected<'r>(covered: &Covered<'r>) -> impl Iterator<Item = &'r Value> {
    let expected = covered.body()["expected"].as_array();
    expected.into_iter().flatten()
}

/// A finding of *Violated* that nothing is behind.
fn unfounded(
    covered: &Covered<'_>,
    earlier: &[Covered<'_>],
    truth: &Truth,
    invocation: Option<&Invocation<'_>>,
) -> Option<String> {
    let was_judged = |finding: &Value| {
        let same = |one: &&Covered<'_>| one.body()["change_id"] == covered.body()["change_id"];
        let mut before = earlier.iter().filter(same);
        before.any(|one| findings(one).any(|known| known == finding))
    };
    let mut new = findings(covered).filter(|finding| !was_judged(finding));
    let unfounded = new.find(|finding| !is_founded(finding, covered, truth, invocation));
    unfounded.map(|finding| format!("nothing is behind {finding}"))
}

fn findings<'r>(covered: &Covered<'r>) -> impl Iterator<Item = &'r Value> {
    let findings = covered.body()["verdict"]["violated"]["findings"].as_array();
    findings.into_iter().flatten()
}

fn is_founded(
    finding: &Value,
    covered: &Covered<'_>,
    truth: &Truth,
    invocation: Option<&Invocation<'_>>,
) -> bool {
    let text = |name: &str| finding[name].as_str().unwrap_or_default();
    let (id, resource) = (text("id"), text("resource"));
    let names = |deed: &&Deed| covered.may_know(deed) && text("what").contains(&deed.record_id);
    let named = truth.deeds.iter().find(names);
    if id == Check::Principal.id() {
        return named.is_some_and(|deed| !truth.is_ours(deed));
    }
    if id == Check::WriteFailed.id() {
        return named
            .is_some_and(|deed| truth.is_ours(deed) && deed.status != AuditStatus::Success);
    }
    if id == Check::Unplanned.id() {
        // Nobody but Lockstep has its client here, and it plans whatever it removes.
        return false;
    }
    // What was published over a stranger's change; its record is named.
    if id == Check::ActionDrift.id() && named.is_some_and(|deed| !truth.is_ours(deed)) {
        return true;
    }
    // What is not as it should be, by the second observation.
    let (from, to) = invocation.map_or((Timestamp::MIN, covered.at), |invocation| {
        (invocation.invoked, invocation.at)
    });
    if resource.contains(":role/") {
        return truth.shows_role_overwritten(from, to);
    }
    let mut entities = covered.entities.iter();
    entities.any(|entity| {
        let is_it = !resource.starts_with("genesys:") || resource.ends_with(entity);
        is_it && truth.shows_changed(entity, from, to)
    })
}

/// A stranger's deed that *Violated* does not name.
fn unnamed(
    covered: &Covered<'_>,
    truth: &Truth,
    invocation: Option<&Invocation<'_>>,
) -> Option<String> {
    let is_named = |deed: &Deed| {
        findings(covered).any(|finding| {
            let what = finding["what"].as_str().unwrap_or_default();
            what.contains(&deed.record_id)
        })
    };
    let counts = |deed: &&Deed| {
        !truth.is_ours(deed)
            && deed.action != AuditAction::Execute
            && covered.must_know(deed)
            && invocation.is_none_or(|invocation| invocation.is_answered(&deed.entity_id))
    };
    let mut strangers = truth.deeds.iter().filter(counts);
    let unnamed = strangers.find(|deed| !is_named(deed));
    unnamed.map(|deed| format!("no finding names {deed:?}"))
}

/// Why *Unverified* comes too early.
fn early(covered: &Covered<'_>, truth: &Truth) -> Option<String> {
    let action = covered.body()["action_id"].as_str()?;
    let written = truth.last_write(action, covered.at)?;
    let is_early = covered.at < written + truth.deadline - UNSURE;
    is_early
        .then(|| format!("Lockstep wrote to {action} at {written}, and its deadline is not over"))
}

/// Something that *Unverified* says is missing, although nothing kept it from being read.
fn readable(covered: &Covered<'_>, truth: &Truth, invocation: &Invocation<'_>) -> Option<String> {
    let missing = covered.body()["verdict"]["unverified"]["missing"].as_array();
    let mut missing = missing.into_iter().flatten().filter_map(Value::as_str);
    let readable = missing.find(|text| !is_missing(text, covered, truth, invocation));
    readable.map(|text| format!("it could be read: {text:?}"))
}

/// Whether what a text says is missing could not be read: the records of what it names were not answered,
/// or not shown yet; or another call that it speaks of got no good answer.
fn is_missing(
    text: &str,
    covered: &Covered<'_>,
    truth: &Truth,
    invocation: &Invocation<'_>,
) -> bool {
    let expected = expected(covered).filter_map(|one| one["entity_id"].as_str());
    let mut named = covered
        .entities
        .iter()
        .copied()
        .chain(expected)
        .filter(|id| text.contains(id))
        .peekable();
    if named.peek().is_none() {
        return invocation.is_disturbed();
    }
    named.any(|id| {
        let is_hidden = |deed: &Deed| {
            deed.entity_id == id
                && truth.is_ours(deed)
                && deed.shown_from.is_none_or(|from| from > invocation.invoked)
        };
        let unread = invocation.unanswered();
        truth.deeds.iter().any(is_hidden)
            || (!invocation.is_answered(id) && invocation.is_disturbed())
            || unread.iter().any(|call| call.contains(id))
    })
}
