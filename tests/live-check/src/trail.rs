//! What the audit log tells about the things that were made, and how long it takes to tell it.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::reading::{AUDIT_VIEW, REALTIME, interval, looks_of_records, records};
use crate::survey::Survey;
use crate::wire::{NoAnswer, Wire};
use crate::writing::Trail;

const ASYNC: &str = "/api/v2/audits/query";
/// Polls of one asynchronous query.
const MOST_POLLS: u32 = 60;
/// A record that shows within so many seconds is as good as at once.
const PROMPT: u64 = 3;

/// Waits for the record of the action's removal, the last thing done to it, and reads what the
/// others say.
pub(crate) async fn follow(wire: &mut Wire, survey: &mut Survey, trail: &Trail) {
    let (Some(began), Some(action), Some(deleted)) =
        (trail.began, trail.action.as_deref(), trail.deleted)
    else {
        return;
    };
    let is_realtime = survey
        .facts
        .get("realtime_audits")
        .is_some_and(|fact| fact.value.as_deref() == Ok("all"));
    let mut log = Log {
        wire,
        is_realtime,
        from: began - SignedDuration::from_mins(5),
    };
    let limit = log.wire.patience().audits;
    loop {
        match log.of(survey, action, "of our own action").await {
            None => return,
            Some(found) if found.iter().any(is_removal) => break,
            Some(_) if deleted.elapsed() >= limit => {
                let how = "the record of the removal of an action";
                let how = format!("{how} had not appeared after {} s", limit.as_secs());
                survey.settle(
                    "audit_delay_measured",
                    format!("over {} s", limit.as_secs()),
                    how.as_str(),
                );
                return survey.settle("audit_delay", "never", how);
            }
            Some(_) => {}
        }
        let poll = log.wire.patience().poll;
        if let Err(why) = log.wire.wait(poll).await {
            return survey.gap("audit records".to_owned(), AUDIT_VIEW, &why);
        }
    }
    delay(survey, deleted, log.wire.patience().poll.as_secs());
    let settle = log.wire.patience().settle;
    if log.wire.wait(settle).await.is_err() {
        return;
    }
    let Some(found) = log.of(survey, action, "of our own action").await else {
        return;
    };
    looks_of_records(survey, &found);
    conclude(survey, trail, &found);
    if let Some(credential) = &trail.credential
        && let Some(found) = log.of(survey, credential, "of our own credential").await
    {
        let value = if found.is_empty() { "no" } else { "yes" };
        let how = "the records of our own credential";
        survey.settle("credential_audits", value, how);
    }
}

fn delay(survey: &mut Survey, deleted: Instant, poll: u64) {
    let seconds = deleted.elapsed().as_secs();
    let how = format!(
        "the record of the removal of an action appeared after {seconds} s, with a query every \
         {poll} s"
    );
    survey.settle("audit_delay_measured", format!("{seconds} s"), how.as_str());
    let value = if seconds <= PROMPT { "none" } else { "late" };
    survey.settle("audit_delay", value, how);
}

fn is_removal(record: &Value) -> bool {
    record["entityType"] == "Action" && record["action"] == "Delete"
}

/// The audit log, by the query that knows integrations.
struct Log<'a> {
    wire: &'a mut Wire,
    is_realtime: bool,
    from: Timestamp,
}

impl Log<'_> {
    /// The records of one thing; none where they could not be read.
    async fn of(&mut self, survey: &mut Survey, id: &str, variant: &str) -> Option<Vec<Value>> {
        let mut query = json!({
            "interval": interval(self.from, Timestamp::now()),
            "serviceName": "Integrations",
            "filters": [{"property": "EntityId", "value": id}],
        });
        if self.is_realtime {
            query["pageSize"] = json!(100);
            let ask = Ask::query_post(REALTIME, AUDIT_VIEW, query);
            let answer = survey.get(self.wire, variant, &ask).await?;
            return Some(records(&answer).to_vec());
        }
        self.asynchronous(survey, query, variant).await
    }

    async fn asynchronous(
        &mut self,
        survey: &mut Survey,
        query: Value,
        variant: &str,
    ) -> Option<Vec<Value>> {
        let ask = Ask::query_post(ASYNC, AUDIT_VIEW, query);
        let id = survey.get(self.wire, variant, &ask).await?.id()?;
        let poll = Ask::new(
            Method::GET,
            "/api/v2/audits/query/{transactionId}",
            AUDIT_VIEW,
        )
        .on(&id);
        for _ in 0..MOST_POLLS {
            let answer = survey.get(self.wire, "", &poll).await?;
            match answer.json()["state"].as_str().unwrap_or_default() {
                "Succeeded" => {
                    let ask = Ask::get("/api/v2/audits/query/{transactionId}/results", AUDIT_VIEW)
                        .on(&id)
                        .query("pageSize", "100");
                    let answer = survey.get(self.wire, variant, &ask).await?;
                    return Some(records(&answer).to_vec());
                }
                "Failed" | "Cancelled" => break,
                _ => {}
            }
            let pause = self.wire.patience().poll / 5;
            self.wire.wait(pause).await.ok()?;
        }
        let why = NoAnswer::Failed {
            why: "the audit query did not succeed".to_owned(),
            may_be_done: false,
        };
        survey.gap(poll.name(), AUDIT_VIEW, &why);
        None
    }
}

/// What the records of the action tell about publishing, running and failing.
fn conclude(survey: &mut Survey, trail: &Trail, found: &[Value]) {
    let count = |entity: &str, action: &str, status: &str| {
        found
            .iter()
            .filter(|record| {
                record["entityType"] == entity
                    && record["action"] == action
                    && (status.is_empty() || record["status"] == status)
            })
            .count()
    };
    if trail.published {
        let how = "the records after one publish";
        let by_action = count("Action", "Publish", "SUCCESS");
        let by_draft = count("ActionDraft", "Publish", "SUCCESS");
        let updates = count("Action", "Update", "SUCCESS");
        match (by_action, by_draft) {
            (1, 0) => survey.settle("publish_audited_as", "Publish", how),
            (0, 1) => survey.settle("publish_audited_as", "ActionDraft", how),
            (0, 0) if updates == trail.updates + 1 => {
                survey.settle("publish_audited_as", "Update", how);
            }
            _ => {
                let seen = format!(
                    "{by_action} Publish of the action, {by_draft} of the draft, {updates} updates \
                     after {}",
                    trail.updates
                );
                survey.unclear("publish_audited_as", seen, how);
            }
        }
    }
    if trail.ran {
        let ran = count("Action", "Execute", "") > 0;
        let how = "the records after two tests and an execution";
        survey.settle("execution_audits", if ran { "yes" } else { "no" }, how);
    }
    let drafted = count("ActionDraft", "Create", "") > 0;
    let how = "the records after a draft was created";
    survey.settle("draft_audits", if drafted { "yes" } else { "no" }, how);
    failures(survey, trail, count("Action", "Update", "FAILURE"));
}

fn failures(survey: &mut Survey, trail: &Trail, failed: usize) {
    let (invalid, stale) = (trail.invalid, trail.stale);
    let how = format!("{failed} FAILURE records after {invalid} invalid and {stale} stale changes");
    if invalid == 0 || stale == 0 {
        return survey.unclear("failed_writes_audited", "too few changes were refused", how);
    }
    match failed {
        0 => survey.settle("failed_writes_audited", "never", how),
        n if n == invalid => survey.settle("failed_writes_audited", "validation", how),
        n if n == invalid + stale => survey.settle("failed_writes_audited", "all", how),
        n => survey.unclear("failed_writes_audited", n.to_string(), how),
    }
}
