//! Whether somebody still uses the client that is about to be reset.
//!
//! The platform counts by client, user, route and verb, by days at the finest (official Python SDK
//! 269.0.0, `ApiUsageClientQuery`, `ApiUsageRow`). Whether an interval that begins within a day
//! counts only its part of that day is not documented, so use on the day on which the client was
//! left is use: what can't be told apart is not explained away.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Left, Refusal};
use crate::ids::ClientId;

/// The longest look back, in days.
pub const MOST_DAYS: i64 = 90;

/// Where it is not known since when a client is unused.
const UNKNOWN_SINCE: SignedDuration = SignedDuration::from_hours(24);

/// One row of what the platform counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The user, where there is one; a client that signs in by itself has none.
    pub user: Option<String>,
    /// The HTTP verb.
    pub method: String,
    /// The route's template.
    pub template: String,
    /// How many requests.
    pub requests: u64,
    /// The day, where the platform says.
    pub date: Option<Timestamp>,
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

/// The time that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its begin.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// The time in which nobody may have used a client: since it was left and everybody had `grace` to
/// move on, or the last 24 hours where that is not known.
///
/// # Errors
/// The moment from which on there is something to look at.
pub fn window(
    client: &ClientId,
    left: Option<&Left>,
    grace: Duration,
    now: Timestamp,
) -> Result<Window, Timestamp> {
    let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX);
    let from = match left.filter(|left| left.client == *client) {
        Some(left) => left.since.saturating_add(grace).unwrap_or(Timestamp::MAX),
        None => now.saturating_sub(UNKNOWN_SINCE).unwrap_or(Timestamp::MIN),
    };
    if from >= now {
        return Err(from);
    }
    let earliest = now
        .saturating_sub(SignedDuration::from_hours(24 * MOST_DAYS))
        .unwrap_or(Timestamp::MIN);
    Ok(Window {
        from: from.max(earliest),
        to: now,
    })
}

/// Judges what was counted. What Lockstep itself did to try the client does not count.
///
/// # Errors
/// Who used it, and how much.
pub fn judge(
    client: &ClientId,
    uses: &[Use],
    own: &[OwnCall],
    window: Window,
    left: Option<&Left>,
) -> Result<(), Refusal> {
    let mut own_counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for call in own {
        if call.client == *client && call.at >= window.from {
            *own_counts
                .entry(route(&call.method, &call.template))
                .or_default() += call.count;
        }
    }
    let mut totals: BTreeMap<(String, String, Option<&str>), u64> = BTreeMap::new();
    let mut dates = Vec::new();
    for one in uses {
        let (method, template) = route(&one.method, &one.template);
        let mut count = one.requests;
        // We have no user.
        if one.user.is_none()
            && let Some(ours) = own_counts.get_mut(&(method.clone(), template.clone()))
        {
            let subtracted = count.min(*ours);
            count -= subtracted;
            *ours -= subtracted;
        }
        if count > 0 {
            *totals
                .entry((method, template, one.user.as_deref()))
                .or_default() += count;
            dates.extend(one.date);
        }
    }
    if totals.is_empty() {
        return Ok(());
    }
    let uses = totals
        .into_iter()
        .map(|((method, template, user), count)| {
            let who =
                user.map_or_else(|| "the client itself".to_owned(), |id| format!("user {id}"));
            let times = if count == 1 { "request" } else { "requests" };
            format!("{who} made {count} {times} {method} {template}")
        })
        .collect();
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let left_on = left
        .filter(|left| left.client == *client)
        .map(|left| day(left.since));
    Err(Refusal::InUse {
        client: client.clone(),
        uses,
        on_the_day_it_was_left: left_on.is_some_and(|on| dates.iter().any(|at| day(*at) == on)),
    })
}

/// The same route whether or not it is written with the API's prefix, or a slash before it.
fn route(method: &str, template: &str) -> (String, String) {
    let template = template.trim_start_matches('/');
    let template = template.strip_prefix("api/v2/").unwrap_or(template);
    (method.to_ascii_uppercase(), format!("/{template}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-10T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn client(id: &str) -> ClientId {
        id.parse().unwrap()
    }

    fn left(since: &str) -> Left {
        Left {
            client: client("a"),
            since: at(since),
        }
    }

    fn used(user: Option<&str>, requests: u64) -> Use {
        Use {
            user: user.map(str::to_owned),
            method: "GET".into(),
            template: "api/v2/organizations/me".into(),
            requests,
            date: Some(at("2026-03-08T00:00:00Z")),
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

    fn verdict(uses: &[Use], own: &[OwnCall]) -> Result<(), Refusal> {
        let left = left("2026-03-08T10:00:00Z");
        let window = window(&client("a"), Some(&left), Duration::ZERO, at(NOW)).unwrap();
        judge(&client("a"), uses, own, window, Some(&left))
    }

    #[test]
    fn the_window_begins_when_everybody_had_time_to_move_on() {
        let grace = Duration::from_secs(300);
        let of = |since: &str| window(&client("a"), Some(&left(since)), grace, at(NOW));
        let seen = of("2026-03-08T10:00:00Z").unwrap();
        assert_eq!((seen.from, seen.to), (at("2026-03-08T10:05:00Z"), at(NOW)));
        assert_eq!(of("2026-03-10T11:58:00Z"), Err(at("2026-03-10T12:03:00Z")));
        assert_eq!(
            of("2024-01-01T00:00:00Z").unwrap().from,
            at("2025-12-10T12:00:00Z")
        );
    }

    #[test]
    fn a_client_of_which_nothing_is_known_must_have_rested_for_a_day() {
        let other = left("2026-03-10T11:59:00Z");
        for left in [None, Some(&other)] {
            let seen = window(&client("b"), left, Duration::ZERO, at(NOW)).unwrap();
            assert_eq!(seen.from, at("2026-03-09T12:00:00Z"));
        }
    }

    #[test]
    fn nobody_used_it() {
        assert_eq!(verdict(&[], &[]), Ok(()));
        assert_eq!(verdict(&[used(None, 0)], &[]), Ok(()));
    }

    #[test]
    fn who_used_it_and_how_much_is_told() {
        let refusal = verdict(
            &[used(Some("u1"), 2), used(None, 1), used(Some("u1"), 3)],
            &[],
        );
        let refusal = refusal.unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "a is still in use: the client itself made 1 request GET /organizations/me; user u1 \
             made 5 requests GET /organizations/me"
        );
        assert!(refusal.fix().contains("whole days"), "{}", refusal.fix());
    }

    #[test]
    fn our_own_calls_do_not_count_and_nothing_else_is_taken_off() {
        let ours = own(2, "2026-03-09T00:00:00Z");
        assert_eq!(
            verdict(&[used(None, 2)], std::slice::from_ref(&ours)),
            Ok(())
        );
        assert!(verdict(&[used(None, 3)], std::slice::from_ref(&ours)).is_err());
        assert!(verdict(&[used(Some("u1"), 2)], std::slice::from_ref(&ours)).is_err());
        let earlier = own(2, "2026-03-07T00:00:00Z");
        assert!(verdict(&[used(None, 2)], &[earlier]).is_err());
        let mut others = ours;
        others.client = client("b");
        assert!(verdict(&[used(None, 2)], &[others]).is_err());
    }
}
