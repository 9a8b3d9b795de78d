//! Which of the functions it is.

/// The function whose edge it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// `provision-role`.
    Provision,
    /// `rebind-action`.
    Rebind,
    /// `verify-change`.
    Verify,
    /// `check-compliance`.
    Compliance,
    /// `rotate-client`, which no queue is before.
    Rotate,
}
