//! Guards: limits that a plan must satisfy before it is applied. Each refuses as a whole.
//!
//! The limit on how many bindings change at once applies where a person approves a change: at
//! acceptance of a manifest and for a request by hand. A rotation is approved by nobody, so it is
//! never limited, whatever triggers it.

use std::collections::BTreeSet;

use crate::change::{BindingState, DesiredId, SecretVersion};
use crate::ids::{Key, OrganizationId};
use crate::problem::Problem;

/// How the desired state of a binding differs from the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Not at all, or it was tried and is held.
    Nothing,
    /// In the versions of its secrets only: a rotation.
    VersionsOnly,
    /// In what the manifest says.
    Manifest,
}

/// How a desired state differs from what `state` recorded last. `at_versions` answers the id that
/// the desired state would have at other versions of the same secrets, or none where they are
/// versions of other secrets.
pub fn difference(
    state: &BindingState,
    desired: &DesiredId,
    at_versions: impl FnOnce(&[SecretVersion]) -> Option<DesiredId>,
) -> Difference {
    if state.has_met(desired) {
        return Difference::Nothing;
    }
    let Some(change) = &state.change else {
        return Difference::Manifest;
    };
    let recorded = at_versions(&change.secrets);
    if recorded.is_some_and(|recorded| change.reaches(&recorded)) {
        Difference::VersionsOnly
    } else {
        Difference::Manifest
    }
}

/// Who approves a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Whoever uploads a manifest.
    Upload,
    /// Whoever invokes a function by hand.
    Request,
}

/// The bindings of one organization that somebody is about to change, and the limit the manifest
/// sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlastRadius {
    /// The organization.
    pub organization: OrganizationId,
    /// Bindings whose desired state differs from the recorded one in more than secret versions.
    pub changing: BTreeSet<Key>,
    /// `organization.max_changes`.
    pub max_changes: u32,
}

impl BlastRadius {
    /// Refuses to change more bindings at once than the manifest allows.
    ///
    /// # Errors
    /// One problem that says how many, which, and what to change.
    pub fn check(&self, approval: Approval) -> Result<(), Problem> {
        let Self {
            organization,
            changing,
            max_changes,
        } = self;
        let count = changing.len();
        if u32::try_from(count).is_ok_and(|count| count <= *max_changes) {
            return Ok(());
        }
        let fix = match approval {
            Approval::Upload => format!(
                "If all of them should change, set organization.max_changes to {count} or more in \
                 the same file and upload it again. Otherwise upload the change in parts of at \
                 most {max_changes} bindings."
            ),
            Approval::Request => format!(
                "Repeat the request in parts, with at most {max_changes} of them as \"keys\". Or \
                 set organization.max_changes to {count} or more in the manifest and upload it."
            ),
        };
        Err(Problem::new(
            "organization.max_changes",
            format!(
                "{count} bindings of organization {organization} would change; \
                 organization.max_changes allows {max_changes} at once: {}",
                listed(changing)
            ),
            fix,
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
        assert_eq!(radius(0, 0).check(Approval::Upload), Ok(()));
        assert_eq!(radius(3, 3).check(Approval::Request), Ok(()));
    }

    #[test]
    fn one_more_is_refused_with_the_number_to_write() {
        let problem = radius(4, 3).check(Approval::Upload).unwrap_err();
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
        assert!(
            problem
                .fix
                .contains("max_changes to 4 or more in the same file")
        );
        let problem = radius(4, 3).check(Approval::Request).unwrap_err();
        assert!(problem.fix.contains("max_changes to 4 or more"));
        assert!(problem.fix.contains("at most 3 of them as \"keys\""));
    }

    #[test]
    fn no_changes_at_all_may_be_allowed() {
        assert!(radius(1, 0).check(Approval::Upload).is_err());
    }

    #[test]
    fn a_long_list_is_cut() {
        let problem = radius(40, 25).check(Approval::Upload).unwrap_err();
        assert!(problem.problem.ends_with("action-19, ..."));
    }

    fn id(text: &str) -> DesiredId {
        let (organization, key) = ("org-1".parse().unwrap(), "orders".parse().unwrap());
        crate::change::ChangeId::of(&organization, &key, &text).into()
    }

    fn recorded(id: DesiredId) -> BindingState {
        let mut state = BindingState::new("org-1".parse().unwrap(), "orders".parse().unwrap());
        let versions = vec![SecretVersion {
            name: "DB".into(),
            arn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
                .parse()
                .unwrap(),
            version_id: "v1".into(),
        }];
        let now = jiff::Timestamp::UNIX_EPOCH;
        state.change = Some(crate::change::Change::begin(
            id.current, 1, versions, None, now,
        ));
        state
    }

    #[test]
    fn a_rotation_differs_in_versions_only() {
        let state = recorded(id("as today, at v1"));
        let differs = |desired: &str, at_recorded: &str| {
            difference(&state, &id(desired), |versions| {
                assert_eq!(versions[0].version_id, "v1");
                Some(id(at_recorded))
            })
        };
        assert_eq!(
            differs("as today, at v2", "as today, at v1"),
            Difference::VersionsOnly
        );
        assert_eq!(
            differs("otherwise, at v2", "otherwise, at v1"),
            Difference::Manifest
        );
        assert_eq!(
            differs("as today, at v1", "as today, at v1"),
            Difference::Nothing
        );
        let other_secrets = difference(&state, &id("other secrets"), |_| None);
        assert_eq!(other_secrets, Difference::Manifest);
    }

    #[test]
    fn a_binding_without_a_record_is_a_change_and_a_held_one_is_none() {
        let mut state = BindingState::new("org-1".parse().unwrap(), "orders".parse().unwrap());
        let desired = id("new");
        assert_eq!(difference(&state, &desired, |_| None), Difference::Manifest);
        state.held = Some(crate::change::Held {
            change_id: desired.current.clone(),
            desired: Some(desired.current.clone()),
            since: jiff::Timestamp::UNIX_EPOCH,
            because: "its test failed".into(),
        });
        assert_eq!(difference(&state, &desired, |_| None), Difference::Nothing);
    }
}
