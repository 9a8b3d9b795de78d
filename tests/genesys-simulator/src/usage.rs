//! How often each OAuth client called, and the queries about it.
//!
//! Official Python SDK 269.0.0 (ClientPublicApiUsage, ApiUsageRow): rows by client, template URI, verb and date. The help pages on API usage say that it is computed by whole days of UTC, without the current
//! one; whether the API behind them does so too is not documented, so both are switches. Calls of the login
//! host are no API calls and do not count.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::switches::{Switches, UsageCurrentDay, UsageInterval};
use crate::usage_query::{Metric, day_of, start_of};

/// A query is told to run this many times before it is told to be complete.
const POLLS: u32 = 2;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// All calls by second, and the queries that were submitted. It outlives a reset of the call log.
#[derive(Debug, Default, Clone)]
pub(crate) struct Usage {
    counted: BTreeMap<Counted, Counts>,
    pub(crate) queries: Vec<Query>,
    /// How long after a call it shows in results.
    pub(crate) delay: SignedDuration,
    /// Whether queries end as failed.
    pub(crate) fails: bool,
}

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counted {
    pub(crate) client_id: String,
    /// Whole seconds since 1970.
    pub(crate) second: i64,
    pub(crate) template: String,
    pub(crate) method: String,
}

/// How often, and with which answers. A call whose answer was lost counts as a request alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) status200: u64,
    pub(crate) status300: u64,
    pub(crate) status400: u64,
    pub(crate) status500: u64,
    /// Also among `status400`.
    pub(crate) status429: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.status200 += other.status200;
        self.status300 += other.status300;
        self.status400 += other.status400;
        self.status500 += other.status500;
        self.status429 += other.status429;
    }
}

/// What rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dimension {
    Client,
    Organization,
    Template,
    Method,
    /// What a request was made on.
    Platform,
}

/// The length of a row's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Granularity {
    Day,
    Week,
    Month,
}

/// By which operations a query was submitted, and only by which its result is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    /// `/api/v2/oauth/clients/{clientId}/usage/...`
    Query,
    /// `/api/v2/usage/client/{clientId}/aggregates/query/jobs/...`
    Job,
}

/// A submitted query.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) generation: Generation,
    pub(crate) asked: Asked,
    pub(crate) polls: u32,
}

/// What a query asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) from: Timestamp,
    /// Not part of the interval itself.
    pub(crate) to: Timestamp,
    pub(crate) granularity: Option<Granularity>,
    pub(crate) group_by: Vec<Dimension>,
    /// None is all of them.
    pub(crate) metrics: Vec<Metric>,
}

/// One row of the result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group {
    pub(crate) date: Option<Date>,
    pub(crate) template: Option<String>,
    pub(crate) method: Option<String>,
}

impl Usage {
    /// A call of a known client arrived.
    pub(crate) fn request(&mut self, counted: Counted) {
        self.counted.entry(counted).or_default().requests += 1;
    }

    /// It was answered.
    pub(crate) fn answered(&mut self, counted: Counted, status: u16) {
        let counts = self.counted.entry(counted).or_default();
        match status {
            200..=299 => counts.status200 += 1,
            300..=399 => counts.status300 += 1,
            400..=499 => counts.status400 += 1,
            _ => counts.status500 += 1,
        }
        counts.status429 += u64::from(status == 429);
    }

    /// A submitted query of a client.
    pub(crate) fn query(
        &mut self,
        client_id: &str,
        id: &str,
        generation: Generation,
    ) -> Option<&mut Query> {
        self.queries.iter_mut().find(|query| {
            query.id == id && query.client_id == client_id && query.generation == generation
        })
    }

    /// Moves everything counted so far into the past, as if so many days had passed since.
    pub(crate) fn age(&mut self, days: i64) {
        let seconds = days.saturating_mul(SECONDS_PER_DAY);
        let aged = std::mem::take(&mut self.counted).into_iter();
        self.counted = aged
            .map(|(mut counted, counts)| {
                counted.second = counted.second.saturating_sub(seconds);
                (counted, counts)
            })
            .collect();
    }

    /// Counts requests that nobody made, all answered well.
    pub(crate) fn plant(&mut self, counted: Counted, requests: u64) {
        let counts = self.counted.entry(counted).or_default();
        counts.requests += requests;
        counts.status200 += requests;
    }

    /// The rows of a query, as far as they show now.
    pub(crate) fn rows(
        &self,
        query: &Query,
        now: Timestamp,
        switches: &Switches,
    ) -> Vec<(Group, Counts)> {
        let (from, to) = query.asked.interval(switches);
        let shown_until = self.shown_until(now, switches);
        let mut rows: BTreeMap<Group, Counts> = BTreeMap::new();
        for (counted, counts) in &self.counted {
            let at = counted.second;
            let is_asked = counted.client_id == query.client_id && (from..to).contains(&at);
            if is_asked && at < shown_until {
                rows.entry(query.asked.group(counted))
                    .or_default()
                    .add(*counts);
            }
        }
        rows.into_iter().collect()
    }

    /// The second from which on calls do not show yet.
    fn shown_until(&self, now: Timestamp, switches: &Switches) -> i64 {
        let delayed = now.checked_sub(self.delay).unwrap_or(Timestamp::MIN);
        // A call of this very second shows where there is no delay.
        let delayed = delayed.as_second() + i64::from(self.delay.is_zero());
        match switches.usage_current_day {
            UsageCurrentDay::Shown => delayed,
            UsageCurrentDay::Hidden => delayed.min(second_of(day_of(now))),
        }
    }
}

impl Query {
    /// Counts a poll; whether the query is still running.
    pub(crate) fn is_running(&mut self) -> bool {
        self.polls += 1;
        self.polls <= POLLS
    }
}

impl Asked {
    /// First second, and the first one after; whole days by switch.
    fn interval(&self, switches: &Switches) -> (i64, i64) {
        let (from, to) = (self.from.as_second(), self.to.as_second());
        match switches.usage_interval {
            UsageInterval::Exact => (from, to),
            UsageInterval::WholeDays => {
                let last = day_of(Timestamp::from_second(to - 1).unwrap_or(self.to));
                let end = last.checked_add(1.day()).unwrap_or(last);
                (second_of(day_of(self.from)), second_of(end))
            }
        }
    }

    pub(crate) fn has(&self, dimension: Dimension) -> bool {
        self.group_by.contains(&dimension)
    }

    fn group(&self, counted: &Counted) -> Group {
        let has = |dimension| self.has(dimension);
        let day = day_of(Timestamp::from_second(counted.second).unwrap_or(self.from));
        Group {
            date: self.granularity.map(|granularity| granularity.begin(day)),
            template: has(Dimension::Template).then(|| counted.template.clone()),
            method: has(Dimension::Method).then(|| counted.method.clone()),
        }
    }
}

impl Granularity {
    /// The first day of the time that a day is in; weeks begin on Monday.
    fn begin(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let back = i64::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(back.days()).unwrap_or(day)
            }
            Self::Month => day.first_of_month(),
        }
    }
}

fn second_of(day: Date) -> i64 {
    start_of(day).as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn counted(when: &str) -> Counted {
        Counted {
            client_id: "c".to_owned(),
            second: at(when).as_second(),
            template: "/api/v2/organizations/me".to_owned(),
            method: "GET".to_owned(),
        }
    }

    fn query(from: &str, to: &str) -> Query {
        Query {
            id: "q".to_owned(),
            client_id: "c".to_owned(),
            generation: Generation::Query,
            asked: Asked {
                from: at(from),
                to: at(to),
                granularity: None,
                group_by: Vec::new(),
                metrics: Vec::new(),
            },
            polls: 0,
        }
    }

    fn used() -> Usage {
        let mut usage = Usage::default();
        for when in ["2026-05-01T23:59:59Z", "2026-05-02T09:00:00Z"] {
            usage.request(counted(when));
            usage.answered(counted(when), 429);
        }
        usage
    }

    fn requests(usage: &Usage, query: &Query, switches: &Switches) -> u64 {
        let rows = usage.rows(query, at("2026-05-02T10:00:00Z"), switches);
        rows.iter().map(|(_, counts)| counts.requests).sum()
    }

    #[test]
    fn an_interval_inside_a_day_counts_that_part_or_the_whole_day() {
        let (usage, mut switches) = (used(), Switches::default());
        let part = query("2026-05-02T08:00:00Z", "2026-05-02T09:00:00Z");
        assert_eq!(requests(&usage, &part, &switches), 0, "the end is not part");
        switches.usage_interval = UsageInterval::WholeDays;
        assert_eq!(requests(&usage, &part, &switches), 1);
    }

    #[test]
    fn usage_shows_late_and_the_current_day_may_not_show_at_all() {
        let (mut usage, mut switches) = (used(), Switches::default());
        let all = query("2026-05-01T00:00:00Z", "2026-05-03T00:00:00Z");
        assert_eq!(requests(&usage, &all, &switches), 2);
        usage.delay = SignedDuration::from_hours(2);
        assert_eq!(requests(&usage, &all, &switches), 1);
        usage.delay = SignedDuration::ZERO;
        switches.usage_current_day = UsageCurrentDay::Hidden;
        assert_eq!(requests(&usage, &all, &switches), 1);
    }

    #[test]
    fn rows_are_grouped_by_time_and_dimension() {
        let mut asked = query("2026-05-01T00:00:00Z", "2026-05-03T00:00:00Z");
        asked.asked.granularity = Some(Granularity::Week);
        asked.asked.group_by = vec![Dimension::Method];
        let rows = used().rows(&asked, at("2026-05-03T00:00:00Z"), &Switches::default());
        let [(group, counts)] = rows.as_slice() else {
            panic!("one row: {rows:?}");
        };
        assert_eq!(group.date, Some("2026-04-27".parse().unwrap()));
        assert_eq!(
            (group.method.as_deref(), &group.template),
            (Some("GET"), &None)
        );
        assert_eq!(
            (counts.requests, counts.status400, counts.status429),
            (2, 2, 2)
        );
        asked.asked.granularity = Some(Granularity::Month);
        assert_eq!(
            used()
                .rows(&asked, at("2026-05-03T00:00:00Z"), &Switches::default())
                .len(),
            1
        );
    }
}
