//! Which event says how a change went, and what it says of the change.

use super::{Detail, EventType};
use crate::change::{Change, End, Subject};

impl EventType {
    /// Says that what a change is about is bound, and whether it works.
    pub fn of_bound(subject: Subject, healthy: bool) -> Self {
        match (subject, healthy) {
            (Subject::Action, true) => Self::DataActionRebound,
            (Subject::Action, false) => Self::DataActionUnhealthy,
            (Subject::CredentialSet, true) => Self::CredentialRebound,
            (Subject::CredentialSet, false) => Self::CredentialUnhealthy,
        }
    }

    /// Says that nothing could be bound.
    pub fn of_failure(subject: Subject) -> Self {
        match subject {
            Subject::Action => Self::RebindFailed,
            Subject::CredentialSet => Self::CredentialRebindFailed,
        }
    }

    /// Says how a change ended.
    pub fn of_end(subject: Subject, end: &End) -> Self {
        match end {
            End::Verified => Self::ChangeVerified,
            End::Violated { .. } => Self::ChangeViolated,
            End::Unverified { .. } => Self::ChangeUnverified,
            End::Failed { .. } => Self::of_failure(subject),
            End::RolledBack { .. } => match subject {
                Subject::Action => Self::RebindRolledBack,
                Subject::CredentialSet => Self::CredentialRebindFailed,
            },
            End::Split { .. } => Self::CredentialSplit,
        }
    }
}

impl Detail {
    /// Says which change the event is about, and what that one binds.
    pub fn about(&mut self, change: &Change) {
        self.change_id = Some(change.id.clone());
        self.sequence = Some(change.number());
        self.secrets.clone_from(&change.secrets);
        self.notices.clone_from(&change.notices);
    }
}
