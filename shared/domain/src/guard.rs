//! Guards: limits that a plan must satisfy before it is applied. Each refuses as a whole.

use std::collections::BTreeSet;

use crate::ids::{Key, OrganizationId};
use crate::problem::Problem;

/// The bindings of one organization that a trigger is about to change, and the limit the manifest
/// sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlastRadius {
    /// The organization.
    pub organization: OrganizationId,
    /// Bindings whose desired state differs from the recorded one.
    pub changing: BTreeSet<Key>,
    /// `organization.max_changes`.
    pub max_changes: u32,
}

impl BlastRadius {
    /// Refuses a plan that would change more bindings than the manifest allows one trigger.
    ///
    /// # Errors
    /// One problem that says how many, which, and what to change.
    pub fn check(&self) -> Result<(), Problem> {
        let Self {
            organization,
            changing,
            max_changes,
        } = self;
        let count = changing.len();
        if u32::try_from(count).is_ok_and(|count| count <= *max_changes) {
            return Ok(());
        }
        Err(Problem::new(
            "organization.max_changes",
            format!(
                "{count} bindings of organization {organization} would change, and one trigger may change {max_changes}: {}",
                listed(changing)
            ),
            format!(
                "If all of them are meant to change, set organization.max_changes to {count} or more in the manifest and upload it. To go on in parts, invoke provision-role by hand with \"keys\" that name at most {max_changes} of them."
            ),
        ))
    }
}

/// A reader wants to see which, but not a page of them.
fn listed(keys: &BTreeSet<Key>) -> String {
    const MOST: usize = 20;
    let mut text = keys
        .iter()
        .take(MOST)
        .map(Key::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if keys.len() > MOST {
        text.push_str(", ...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn radius(count: usize, max_changes: u32) -> BlastRadius {
        BlastRadius {
            organization: "org-1".parse().unwrap(),
            changing: (0..count)
                .map(|n| format!("action-{n:02}").parse().unwrap())
                .collect(),
            max_changes,
        }
    }

    #[test]
    fn as_many_changes_as_the_manifest_allows_pass() {
        assert_eq!(radius(0, 0).check(), Ok(()));
        assert_eq!(radius(3, 3).check(), Ok(()));
    }

    #[test]
    fn one_more_is_refused_with_the_number_to_write() {
        let problem = radius(4, 3).check().unwrap_err();
        assert_eq!(problem.at, "organization.max_changes");
        assert!(
            problem
                .problem
                .starts_with("4 bindings of organization org-1 would change")
        );
        assert!(
            problem
                .problem
                .contains("action-00, action-01, action-02, action-03")
        );
        assert!(problem.fix.contains("max_changes to 4 or more"));
    }

    #[test]
    fn no_changes_at_all_may_be_allowed() {
        assert!(radius(1, 0).check().is_err());
    }

    #[test]
    fn a_long_list_is_cut() {
        let problem = radius(40, 25).check().unwrap_err();
        assert!(problem.problem.ends_with("action-19, ..."));
    }
}
