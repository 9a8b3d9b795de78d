//! Whether somebody still uses the client that is about to be reset.
//!
//! The platform counts by client, route and verb, by days at the finest (official Python SDK 269.0.0,
//! `ClientPublicApiUsage`, `ApiUsageRow`), and computes use by whole days of UTC (help pages on API usage). So
//! whole days are judged: those that begin after everybody had time to move on and the last token that the
//! client could have issued before has expired, up to yesterday. Use on earlier days is use of what was current
//! then, or of a token from that time, and says nothing about who would lose access now.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::{PreviousClient, RotationRefusal, Unknown};
use crate::ids::ClientId;

/// The most days that are judged.
pub const MOST_DAYS: i64 = 7;

/// The longest life of an access token of a client, in seconds (official Python SDK 269.0.0,
/// `OAuthClient.access_token_validity_seconds`: between 5 minutes and 48 hours).
pub const LONGEST_TOKEN: Duration = Duration::from_hours(48);

/// One row of what the platform counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The HTTP verb.
    pub method: String,
    /// The route's template.
    pub template: String,
    /// How many requests.
    pub requests: u64,
    /// The day in UTC, where the platform says.
    pub date: Option<Date>,
}

/// A call that Lockstep made with a client to try it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCall {
    /// The client.
    pub client: ClientId,
    /// The HTTP verb.
    pub method: String,
    /// The route's template.
    pub template: String,
    /// How many.
    pub count: u64,
    /// When.
    pub at: Timestamp,
}

/// The days in which nobody may have used a client: whole days of UTC, both ends part of it. There is at least
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub first: Date,
    /// The last day: yesterday.
    pub last: Date,
}

impl Window {
    /// Today: not over yet, so that its use proves use and its silence proves nothing.
    #[must_use]
    pub fn today(&self) -> Date {
        after(self.last, 1)
    }
}

/// The days to judge: from the first that begins after AWSCURRENT moved away from the client, consumers had `grace` to follow,
/// and tokens of `token_life` have expired; to yesterday; at most [`MOST_DAYS`]. Where it is not known since when
/// the client is unused, the last [`MOST_DAYS`].
///
/// # Errors
/// There is no such day yet, with the first date on which there is one.
pub fn window(
    client: &ClientId,
    left: Option<&PreviousClient>,
    grace: Duration,
    token_life: Duration,
    now: Timestamp,
) -> Result<Window, RotationRefusal> {
    let last = after(day_of(now), -1);
    let earliest = after(last, 1 - MOST_DAYS);
    let Some(left) = left.filter(|left| left.client == *client) else {
        return Ok(Window {
            first: earliest,
            last,
        });
    };
    let wait = SignedDuration::try_from(grace.saturating_add(token_life));
    let quiet = left
        .since
        .saturating_add(wait.unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX);
    // The day of that moment began before it or with it.
    let first = after(day_of(quiet), 1);
    if first > last {
        return Err(RotationRefusal::TooEarly {
            client: client.clone(),
            since: left.since,
            possible_from: after(first, 1),
        });
    }
    Ok(Window {
        first: first.max(earliest),
        last,
    })
}

/// Refuses to judge from what the platform counts while what we did ourselves on the last day of a
/// window does not show: neither would what somebody else did, and an empty answer means nothing.
///
/// # Errors
/// It does not show.
pub fn ensure_shown(
    client: &ClientId,
    own_use_shows: bool,
    window: Window,
) -> Result<(), RotationRefusal> {
    if own_use_shows {
        return Ok(());
    }
    Err(RotationRefusal::UseUnknown {
        client: client.clone(),
        because: Unknown::OwnUseMissing { day: window.last },
    })
}

/// Refuses a client that was used in a window, today included. What Lockstep itself did to test the
/// client does not count.
///
/// # Errors
/// What it was used for, how much, and from when on that use is out of sight.
pub fn ensure_unused(
    client: &ClientId,
    uses: &[Use],
    own: &[OwnCall],
    window: Window,
) -> Result<(), RotationRefusal> {
    let mut own_counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for call in own {
        if call.client == *client && day_of(call.at) >= window.first {
            *own_counts
                .entry(route(&call.method, &call.template))
                .or_default() += call.count;
        }
    }
    let mut totals: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut latest = None;
    for one in uses {
        let route = route(&one.method, &one.template);
        let mut count = one.requests;
        if let Some(ours) = own_counts.get_mut(&route) {
            let subtracted = count.min(*ours);
            count -= subtracted;
            *ours -= subtracted;
        }
        if count > 0 {
            *totals.entry(route).or_default() += count;
            latest = latest.max(Some(one.date.unwrap_or(window.last)));
        }
    }
    let Some(latest) = latest else {
        return Ok(());
    };
    let uses = totals
        .into_iter()
        .map(|((method, template), count)| {
            let times = if count == 1 { "request" } else { "requests" };
            format!("{count} {times} {method} {template}")
        })
        .collect();
    Err(RotationRefusal::InUse {
        client: client.clone(),
        uses,
        latest,
        // The day after the last window that still holds it.
        possible_from: after(latest, MOST_DAYS + 1),
    })
}

/// The same route whether or not it is written with the API's prefix, or a slash before it.
fn route(method: &str, template: &str) -> (String, String) {
    let template = template.trim_start_matches('/');
    let template = template.strip_prefix("api/v2/").unwrap_or(template);
    (method.to_ascii_uppercase(), format!("/{template}"))
}

/// The day of UTC that a moment is in.
fn day_of(at: Timestamp) -> Date {
    at.to_zoned_datetime(TimeZone::UTC).date()
}

/// So many days later; the end of time stays the end of time.
fn after(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const GRACE: Duration = Duration::from_secs(300);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn client(id: &str) -> ClientId {
        id.parse().unwrap()
    }

    fn left(since: &str) -> PreviousClient {
        PreviousClient {
            client: client("a"),
            since: at(since),
        }
    }

    fn window_of(since: &str, token_life: Duration, now: &str) -> Result<Window, RotationRefusal> {
        window(&client("a"), Some(&left(since)), GRACE, token_life, at(now))
    }

    fn used(requests: u64, date: &str) -> Use {
        Use {
            method: "GET".into(),
            template: "api/v2/organizations/me".into(),
            requests,
            date: Some(day(date)),
        }
    }

    fn own(count: u64, when: &str) -> OwnCall {
        OwnCall {
            client: client("a"),
            method: "get".into(),
            template: "/organizations/me".into(),
            count,
            at: at(when),
        }
    }

    fn verdict(uses: &[Use], own: &[OwnCall]) -> Result<(), RotationRefusal> {
        let window = Window {
            first: day("2026-03-08"),
            last: day("2026-03-09"),
        };
        ensure_unused(&client("a"), uses, own, window)
    }

    #[test]
    fn silence_means_nothing_while_our_own_use_does_not_show() {
        let day = "2026-01-05".parse().unwrap();
        let window = Window {
            first: day,
            last: day,
        };
        let client: ClientId = "b".parse().unwrap();
        assert_eq!(ensure_shown(&client, true, window), Ok(()));
        let because = Unknown::OwnUseMissing { day };
        let refused = RotationRefusal::UseUnknown {
            client: client.clone(),
            because,
        };
        assert_eq!(ensure_shown(&client, false, window), Err(refused));
    }

    #[test]
    fn the_window_is_whole_days_after_grace_and_tokens_up_to_yesterday() {
        let since = "2026-03-01T10:00:00Z";
        let expected = Window {
            first: day("2026-03-03"),
            last: day("2026-03-05"),
        };
        let found = window_of(since, 24 * HOUR, "2026-03-06T00:00:01Z");
        assert_eq!(found, Ok(expected));
        assert_eq!(expected.today(), day("2026-03-06"));
    }

    #[test]
    fn a_client_can_be_rotated_on_the_third_day_with_tokens_of_a_day_and_on_the_fourth_with_two() {
        let since = "2026-03-01T10:00:00Z";
        for (token_life, too_early, possible) in [
            (24 * HOUR, "2026-03-03", "2026-03-04"),
            (48 * HOUR, "2026-03-04", "2026-03-05"),
        ] {
            let refused = window_of(since, token_life, &format!("{too_early}T23:59:59Z"));
            let expected = RotationRefusal::TooEarly {
                client: client("a"),
                since: at(since),
                possible_from: day(possible),
            };
            assert_eq!(refused, Err(expected));
            let found = window_of(since, token_life, &format!("{possible}T00:00:00Z")).unwrap();
            assert_eq!(found.first, found.last, "one whole day");
        }
        let refusal = window_of(since, 24 * HOUR, "2026-03-01T10:00:01Z").unwrap_err();
        assert!(refusal.to_string().contains("2026-03-04"), "{refusal}");
        assert!(refusal.fix().contains("2026-03-04"), "{}", refusal.fix());
    }

    #[test]
    fn at_most_seven_days_are_judged_and_these_where_it_is_not_known_since_when() {
        let expected = Window {
            first: day("2026-03-03"),
            last: day("2026-03-09"),
        };
        let now = "2026-03-10T12:00:00Z";
        assert_eq!(window_of("2024-01-01T00:00:00Z", HOUR, now), Ok(expected));
        let other = left("2026-03-10T11:59:00Z");
        for left in [None, Some(&other)] {
            let found = window(&client("b"), left, GRACE, 48 * HOUR, at(now));
            assert_eq!(found, Ok(expected));
        }
    }

    #[test]
    fn nobody_used_it() {
        assert_eq!(verdict(&[], &[]), Ok(()));
        assert_eq!(verdict(&[used(0, "2026-03-08")], &[]), Ok(()));
    }

    #[test]
    fn a_refusal_names_the_use_and_the_date_from_which_it_no_longer_counts() {
        let refusal = verdict(&[used(2, "2026-03-08"), used(3, "2026-03-09")], &[]).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "a is still in use: 5 requests GET /organizations/me; last use on 2026-03-09"
        );
        assert!(refusal.fix().contains("2026-03-17"), "{}", refusal.fix());
    }

    #[test]
    fn our_own_calls_do_not_count_and_nothing_else_is_taken_off() {
        let ours = own(2, "2026-03-09T00:00:00Z");
        let uses = |requests| [used(requests, "2026-03-09")];
        assert_eq!(verdict(&uses(2), std::slice::from_ref(&ours)), Ok(()));
        assert!(verdict(&uses(3), std::slice::from_ref(&ours)).is_err());
        let earlier = own(2, "2026-03-07T23:00:00Z");
        assert!(verdict(&uses(2), &[earlier]).is_err());
        let mut others = ours;
        others.client = client("b");
        assert!(verdict(&uses(2), &[others]).is_err());
    }
}
