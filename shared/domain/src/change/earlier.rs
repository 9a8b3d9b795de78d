//! Whether a binding can return to what was live before.

use super::Change;
use crate::arn::SecretArn;
use crate::binding::DesiredAction;
use crate::manifest::Overlap;

/// Whether what was live before a change would still work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// It works: the change is not about the secrets.
    Works,
    /// It does not, or there was none.
    Gone,
    /// It works as long as each of these versions of secrets does.
    While(Vec<(SecretArn, String)>),
}

impl Earlier {
    /// What an action was before a change.
    pub fn action(change: &Change, desired: &DesiredAction) -> Self {
        let Some(previous) = &change.previous else {
            return Self::Gone;
        };
        if previous.secrets == desired.secrets {
            return Self::Works;
        }
        if !desired.old_version_still_works {
            return Self::Gone;
        }
        let versions = previous.secrets.iter();
        let versions = versions.map(|one| (one.arn.clone(), one.version_id.clone()));
        Self::While(versions.collect())
    }

    /// What the credentials of a secret were before a change, given how each of them is rotated.
    pub fn credential_set(
        change: &Change,
        secret: &SecretArn,
        overlaps: impl IntoIterator<Item = Overlap>,
    ) -> Self {
        let mut overlaps = overlaps.into_iter();
        if !overlaps.all(|overlap| overlap == Overlap::Alternating) {
            return Self::Gone;
        }
        let bound = change.previous_credentials.values();
        let bound = bound.filter_map(|one| one.bound.as_ref());
        let versions = bound.map(|bound| (secret.clone(), bound.version_id.clone()));
        Self::While(versions.collect())
    }
}

/// What a failed live test, or a step that cannot be carried out, leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Return to what was live before: it works.
    GoBack,
    /// Keep, or make live, what was tested: it has at least the current version of the secret, and
    /// no earlier binding works.
    Keep {
        /// Why there is no way back.
        because: String,
    },
}

impl AfterFailure {
    /// What the failed test of a draft leads to.
    pub fn of_draft(earlier_works: bool) -> Self {
        if earlier_works {
            Self::GoBack
        } else {
            Self::Keep {
                because: "the previous binding no longer works".into(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::change::{
        BoundCredential, ChangeId, PreviousAction, PreviousCredential, SecretVersion,
    };
    use crate::digest::Digest;

    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf";

    fn versions(version: &str) -> Vec<SecretVersion> {
        vec![SecretVersion {
            name: "DB".into(),
            arn: SECRET.parse().unwrap(),
            version_id: version.into(),
        }]
    }

    fn change() -> Change {
        Change::begin(ChangeId("a".into()), 1, vec![], None, Timestamp::UNIX_EPOCH)
    }

    fn desired(version: &str, old_version_still_works: bool) -> DesiredAction {
        DesiredAction {
            secrets: versions(version),
            old_version_still_works,
            ..crate::rebind::tests::desired(version)
        }
    }

    #[test]
    fn an_action_can_return_to_versions_that_still_work_and_to_nothing_else() {
        let mut change = change();
        assert_eq!(
            Earlier::action(&change, &desired("v2", true)),
            Earlier::Gone
        );
        change.previous = Some(PreviousAction {
            function: None,
            digest: Digest::of(&"before"),
            version: 1,
            secrets: versions("v1"),
        });
        let earlier =
            |version, still_works| Earlier::action(&change, &desired(version, still_works));
        assert_eq!(earlier("v1", false), Earlier::Works, "no rotation");
        assert_eq!(earlier("v2", false), Earlier::Gone);
        let v1 = (SECRET.parse().unwrap(), "v1".to_owned());
        assert_eq!(earlier("v2", true), Earlier::While(vec![v1]));
    }

    #[test]
    fn one_credential_whose_old_values_die_at_once_keeps_the_whole_set_from_returning() {
        let secret: SecretArn = SECRET.parse().unwrap();
        let mut change = change();
        let bound = BoundCredential {
            integration_id: "int-1".parse().unwrap(),
            slot: "basicAuth".into(),
            credential_id: "cred-1".parse().unwrap(),
            name: "one".into(),
            modified_date: None,
            version_id: "v1".into(),
            recipe: Digest::of(&"recipe"),
            fingerprint: None,
        };
        let previous = |bound: Option<BoundCredential>| PreviousCredential {
            integration_id: "int-1".parse().unwrap(),
            slot: "basicAuth".into(),
            credential_id: Some("cred-1".parse().unwrap()),
            bound,
        };
        change.previous_credentials = BTreeMap::from([
            ("erp".parse().unwrap(), previous(Some(bound))),
            ("crm".parse().unwrap(), previous(None)),
        ]);
        let of = |overlaps: [Overlap; 2]| Earlier::credential_set(&change, &secret, overlaps);
        assert_eq!(of([Overlap::Alternating, Overlap::None]), Earlier::Gone);
        let v1 = (secret.clone(), "v1".to_owned());
        assert_eq!(of([Overlap::Alternating; 2]), Earlier::While(vec![v1]));
    }
}
