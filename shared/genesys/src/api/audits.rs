//! Audits: who did what. The service mapping says what is audited at all; read it, don't assume.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::audit_records::{AuditRecord, ServiceMapping};
use super::interval;
use crate::client::Genesys;
use crate::de::or_default;
use crate::error::{Error, ErrorKind};
use crate::operation::{self, Operation};
use crate::paging::{Identified, Pages, unfinished};

/// The largest page of the asynchronous query's results (official Python SDK 269.0.0, `AuditApi`). For the
/// realtime query none is documented; other tools ask it for as many.
const AUDIT_PAGE: u32 = 500;
/// The longest interval of one realtime query: over several days it was seen to time out.
const REALTIME_PIECE: SignedDuration = SignedDuration::from_hours(24);
/// Polls grow up to this many times the first wait.
const SLOWEST_POLL: u32 = 10;
/// Without a deadline an asynchronous query is given up after this many polls.
const MOST_POLLS: u32 = 60;

/// A question to the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditQuery {
    /// From this moment, rounded down to the second.
    pub from: Timestamp,
    /// To this moment, rounded up to the second.
    pub to: Timestamp,
    /// Of this service, such as `Integrations`. The platform is said to demand one.
    pub service: Option<String>,
    /// All of these.
    pub filters: Vec<AuditFilter>,
}

/// One condition of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditFilter {
    /// What is compared.
    pub property: AuditProperty,
    /// With what.
    pub value: String,
}

/// What a query can filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum AuditProperty {
    /// The user who acted.
    UserId,
    /// The organization that acted as a trustee.
    TrusteeOrganizationId,
    /// The OAuth client that acted.
    ClientId,
    /// What was done.
    Action,
    /// To what kind of thing.
    EntityType,
    /// To which thing.
    EntityId,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct QueryBody<'a> {
    interval: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[AuditFilter]>::is_empty")]
    filters: &'a [AuditFilter],
    sort: [Sort; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    page_number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_size: Option<u32>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sort {
    name: &'static str,
    sort_order: &'static str,
}

#[derive(Debug, Deserialize)]
struct QueryStatus {
    id: String,
    state: Option<QueryState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
enum QueryState {
    Waiting,
    Succeeded,
    GivenUp,
}

/// The states of the official Python SDK 269.0.0, `AuditQueryExecutionStatusResponse`. Other tools compare them
/// without regard to case. A state that is not known is waited out.
impl From<String> for QueryState {
    fn from(text: String) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "succeeded" => Self::Succeeded,
            "failed" | "cancelled" => Self::GivenUp,
            _ => Self::Waiting,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    #[serde(deserialize_with = "or_default")]
    entities: Vec<AuditRecord>,
    cursor: Option<String>,
    /// The address of the next page; a tool that reads them all takes the cursor from here.
    next_uri: Option<String>,
}

impl Results {
    /// The cursor of the next page, where there is one.
    fn next(&self) -> Option<String> {
        let given = self.cursor.clone().filter(|next| !next.is_empty());
        given.or_else(|| {
            let (_, query) = self.next_uri.as_deref()?.split_once('?')?;
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            let (_, next) = pairs.find(|(name, next)| name == "cursor" && !next.is_empty())?;
            Some(next.into_owned())
        })
    }
}

impl AuditQuery {
    /// The platform is said to take a filter by action only beside one by entity type.
    fn check(&self, operation: &'static Operation) -> Result<(), Error> {
        let filters_by = |property| self.filters.iter().any(|one| one.property == property);
        if filters_by(AuditProperty::Action) && !filters_by(AuditProperty::EntityType) {
            let kind = ErrorKind::BadRequest {
                field: Some("filters".to_owned()),
            };
            let message = "a filter by Action also needs a filter by EntityType; nothing was sent";
            return Err(Error::new(kind, operation.name, message));
        }
        Ok(())
    }

    /// The same question in pieces of a day, the oldest first.
    fn days(&self) -> Vec<Self> {
        let mut days = Vec::new();
        let mut from = self.from;
        loop {
            let end = from.checked_add(REALTIME_PIECE).unwrap_or(self.to);
            let to = end.min(self.to);
            days.push(Self {
                from,
                to,
                ..self.clone()
            });
            if to >= self.to || to <= from {
                return days;
            }
            from = to;
        }
    }

    fn body(&self, page_number: Option<u32>) -> QueryBody<'_> {
        QueryBody {
            interval: interval(self.from, self.to),
            service_name: self.service.as_deref(),
            filters: &self.filters,
            // Oldest first, so that records that arrive while pages are read land at the end.
            sort: [Sort {
                name: "Timestamp",
                sort_order: "ascending",
            }],
            page_number,
            page_size: page_number.map(|_| AUDIT_PAGE),
        }
    }
}

impl Genesys {
    /// What the asynchronous query covers.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn audit_services(&self) -> Result<ServiceMapping, Error> {
        self.json(self.request(&operation::AUDIT_SERVICES, &[])?)
            .await
    }

    /// What the realtime query covers: fewer services, and only the last 14 days.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn audit_services_realtime(&self) -> Result<ServiceMapping, Error> {
        self.json(self.request(&operation::AUDIT_SERVICES_REALTIME, &[])?)
            .await
    }

    /// All records that the realtime query finds, each once, however many pages they take. A longer interval
    /// is asked for in pieces of a day. Records appear some time after the act: an empty answer is not proof
    /// of absence.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `BadRequest`, with nothing sent, for a filter by action without one by entity
    /// type. A page that fails fails the query.
    pub async fn query_audits_realtime(
        &self,
        query: &AuditQuery,
    ) -> Result<Vec<AuditRecord>, Error> {
        query.check(&operation::QUERY_AUDITS_REALTIME)?;
        let mut found = Vec::new();
        for day in query.days() {
            found.extend(self.audits_of_a_day(&day).await?);
        }
        Ok(each_once(found))
    }

    async fn audits_of_a_day(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, Error> {
        let mut pages = Pages::append_only(&operation::QUERY_AUDITS_REALTIME);
        loop {
            let request = self
                .request(&operation::QUERY_AUDITS_REALTIME, &[])?
                .query("expand", "user")
                .json(&query.body(Some(pages.number())))?;
            if pages.take(self.json(request).await?)? {
                return Ok(pages.into_found());
            }
        }
    }

    /// All records that the asynchronous query finds: submits it, waits until it is done, reads every page.
    /// At most 30 days at once.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `OutOfTime` where it is not done by the deadline, `Unavailable` where the
    /// platform gave it up, `BadRequest` with nothing sent as for the realtime query.
    pub async fn query_audits(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, Error> {
        query.check(&operation::SUBMIT_AUDIT_QUERY)?;
        let request = self
            .request(&operation::SUBMIT_AUDIT_QUERY, &[])?
            .json(&query.body(None))?;
        let submitted: QueryStatus = self.json(request).await?;
        self.wait_for_audit_query(submitted).await
    }

    async fn wait_for_audit_query(
        &self,
        mut query: QueryStatus,
    ) -> Result<Vec<AuditRecord>, Error> {
        let first = self.inner.settings.audit_poll;
        let mut wait = first;
        for _ in 0..MOST_POLLS {
            match query.state {
                Some(QueryState::Succeeded) => return self.audit_results(&query.id).await,
                Some(QueryState::GivenUp) => {
                    let why = "Genesys Cloud aborted the audit query";
                    return Err(unfinished(&operation::GET_AUDIT_QUERY, why));
                }
                Some(QueryState::Waiting) | None => {}
            }
            self.wait_for(&operation::GET_AUDIT_QUERY, "the audit query", wait)
                .await?;
            wait = (wait * 2).min(first * SLOWEST_POLL);
            query = self
                .json(self.request(&operation::GET_AUDIT_QUERY, &[&query.id])?)
                .await?;
        }
        Err(unfinished(
            &operation::GET_AUDIT_QUERY,
            "the audit query did not finish within the allowed number of polls",
        ))
    }

    async fn audit_results(&self, id: &str) -> Result<Vec<AuditRecord>, Error> {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let request = self
                .request(&operation::GET_AUDIT_RESULTS, &[id])?
                .query("pageSize", &AUDIT_PAGE.to_string())
                .query("expand", "user")
                .query_some("cursor", cursor.as_deref());
            let page: Results = self.json(request).await?;
            let next = page.next();
            found.extend(page.entities);
            if next.is_none() {
                return Ok(each_once(found));
            }
            if next == cursor {
                return Err(unfinished(
                    &operation::GET_AUDIT_RESULTS,
                    "the cursor of the results does not advance",
                ));
            }
            cursor = next;
        }
    }
}

/// Pieces meet in one second, and pages overlap where records arrive between them.
fn each_once(records: Vec<AuditRecord>) -> Vec<AuditRecord> {
    let mut seen = HashSet::new();
    let mut once = Vec::with_capacity(records.len());
    for record in records {
        if record
            .identity()
            .is_none_or(|id| seen.insert(id.to_owned()))
        {
            once.push(record);
        }
    }
    once
}
