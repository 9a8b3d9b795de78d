//! How AWS writes times.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::model::Format;

/// The last second that a four-digit year has: a larger number counts something else than seconds.
const LAST_SECOND: f64 = 253_402_300_799.0;

impl Format {
    /// Whether a text is a time in this form.
    pub(crate) fn is_met(self, text: &str) -> bool {
        match self {
            Self::Seconds => text.parse().is_ok_and(is_seconds),
            Self::Iso8601 => is_iso8601(text),
            Self::HttpDate => is_http_date(text),
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Seconds => "a time in seconds since 1970",
            Self::Iso8601 => "a time such as 2026-01-31T23:59:59Z",
            Self::HttpDate => "a time such as Sat, 31 Jan 2026 23:59:59 GMT",
        }
    }
}

/// Whether a number is a time in seconds. Milliseconds of our days lie after the year 9999.
pub(crate) fn is_seconds(number: f64) -> bool {
    number.is_finite() && number <= LAST_SECOND
}

/// Smithy, `date-time` (https://smithy.io/2.0/spec/protocol-traits.html): UTC, with or without fractions.
fn is_iso8601(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T')
        && text.ends_with('Z')
        && text.parse::<Timestamp>().is_ok()
}

/// Smithy, `http-date`: the IMF-fixdate of RFC 9110, section 5.6.7.
fn is_http_date(text: &str) -> bool {
    text.len() == "Sat, 31 Jan 2026 23:59:59 GMT".len()
        && text.ends_with(" GMT")
        && rfc2822::DateTimeParser::new().parse_timestamp(text).is_ok()
}
