//! What the story comes to under settings: verified, but for those listed here.

use super::settings::{Row, Switch};

/// The end of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Proved.
    Verified,
    /// The proof did not come: "no record" is never "fine".
    Unverified,
}

impl End {
    /// The event that reports it.
    pub fn event(self) -> &'static str {
        match self {
            Self::Verified => "Change Verified",
            Self::Unverified => "Change Unverified",
        }
    }
}

/// Settings whose end is another than verified, and why.
const OTHERWISE: [(&str, &str, End, &str); 1] = [(
    "audit_delay",
    "never",
    End::Unverified,
    "no record ever shows, so nothing proves the change",
)];

/// What a change comes to under the settings of a row.
pub fn end_of(all: &[Switch], row: &Row) -> End {
    let found = OTHERWISE
        .iter()
        .find(|(name, value, _, _)| row.value(all, name) == *value);
    found.map_or(End::Verified, |(_, _, end, _)| *end)
}
