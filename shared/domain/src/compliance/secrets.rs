//! The checks of a secret: is a rotation stuck, and is it as young and encrypted as the manifest
//! asks? Lockstep itself changes nothing: each finding has the command that corrects it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Check;
use crate::arn::SecretArn;
use crate::ledger::Row;
use crate::manifest::{KmsDirective, Manifest, RotationDirectives};
use crate::rotation::{Labels, stuck};

const SECONDS_OF_A_DAY: i64 = 86_400;

/// What was seen of a secret. Metadata only.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedSecret {
    /// The labels of its versions.
    pub labels: Labels,
    /// When each version was made.
    pub made: BTreeMap<String, Timestamp>,
    /// The key that encrypts it: none is the account's own, `aws/secretsmanager`.
    pub key: Option<String>,
    /// By when Secrets Manager rotates it next; none where it shows no such date.
    pub next_rotation: Option<Timestamp>,
}

/// What was seen of a KMS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedKey {
    /// Whether the customer manages it, and not AWS.
    pub is_customers: bool,
    /// Whether it can be used: enabled, and not about to be deleted.
    pub is_enabled: bool,
    /// Whether KMS rotates it.
    pub rotates: Rotates,
}

/// Whether KMS rotates a key automatically.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotates {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It can't: key material that was imported, an asymmetric key, one in a custom store (AWS KMS
    /// developer guide, "Rotate AWS KMS keys").
    Never,
    /// That could not be read.
    Unread {
        /// Why.
        because: String,
    },
}

/// The directives for each secret that a manifest names; none where it says nothing.
#[must_use]
pub fn directives(manifest: &Manifest) -> BTreeMap<&SecretArn, Option<&RotationDirectives>> {
    let mut all: BTreeMap<&SecretArn, Option<&RotationDirectives>> = BTreeMap::new();
    let bound = manifest.actions.iter().flat_map(|action| &action.secrets);
    let bound = bound.map(|secret| (&secret.arn, secret.rotation.as_ref()));
    let pushed = manifest.credentials.iter();
    let pushed = pushed.map(|one| (&one.secret, one.rotation.as_ref()));
    let clients = manifest.client_secrets().map(|secret| (secret, None));
    for (secret, said) in bound.chain(pushed).chain(clients) {
        let known = all.entry(secret).or_default();
        *known = known.or(said);
    }
    all
}

/// Whether a rotation of the secret is stuck. `holds_value` says whether the version under
/// AWSPENDING has a value, where that could be seen.
#[must_use]
pub fn pending_check(
    secret: &SecretArn,
    observed: &ObservedSecret,
    holds_value: Option<bool>,
    now: Timestamp,
    after_minutes: u32,
) -> Row {
    let resource = secret.to_string();
    let Some(stuck) = stuck(&observed.labels, &observed.made, now, after_minutes) else {
        return Row::passed(Check::PendingStuck, resource);
    };
    let value = match holds_value {
        Some(true) => "and has a value",
        Some(false) => "and is empty",
        None => "(Lockstep is not allowed to read whether it has a value)",
    };
    let since = stuck.since;
    let version = &stuck.version_id;
    let what = format!(
        "version {version} has had the label AWSPENDING since {since} {value}, but is not current"
    );
    Row::failed(Check::PendingStuck, resource, what).advise(format!(
        "See the log of the rotation function. To allow a new rotation, run: aws secretsmanager \
         update-secret-version-stage --secret-id {secret} --version-stage AWSPENDING \
         --remove-from-version-id {version}. rotate-client repairs the secrets of OAuth clients \
         automatically."
    ))
}

/// Whether the current version is as young as the manifest requires; `None` if it requires nothing.
#[must_use]
pub fn age_check(
    secret: &SecretArn,
    directives: &RotationDirectives,
    observed: &ObservedSecret,
    now: Timestamp,
) -> Option<Row> {
    let most = directives.max_age_days?;
    let made = observed
        .labels
        .current()
        .and_then(|id| observed.made.get(id));
    let resource = secret.to_string();
    let Some(made) = made else {
        let because = "the age of the current version is unknown";
        return Some(Row::not_evaluated(Check::SecretAge, resource, because));
    };
    let seconds = now.duration_since(*made).as_secs();
    if seconds <= i64::from(most) * SECONDS_OF_A_DAY {
        return Some(Row::passed(Check::SecretAge, resource));
    }
    let days = seconds / SECONDS_OF_A_DAY;
    let what = format!(
        "the current version was created at {made}, {days} days ago; the manifest allows {most} \
         days"
    );
    let advice = if observed.labels.rotation_enabled {
        format!(
            "Run aws secretsmanager rotate-secret --secret-id {secret}, and find out why the \
             rotation schedule did not."
        )
    } else {
        format!(
            "Automatic rotation is off. Enable it: aws secretsmanager rotate-secret --secret-id \
             {secret} --rotation-lambda-arn ROTATION_FUNCTION --rotation-rules \
             AutomaticallyAfterDays={most}."
        )
    };
    Some(Row::failed(Check::SecretAge, resource, what).advise(advice))
}

/// Whether the key that encrypts the secret is as the manifest requires; empty if it requires
/// nothing. `key` is the observed key, or why it could not be read; `None` for the AWS managed key.
#[must_use]
pub fn key_checks(
    secret: &SecretArn,
    directives: &RotationDirectives,
    observed: &ObservedSecret,
    key: Option<&Result<ObservedKey, String>>,
) -> Vec<Row> {
    let customers = match directives.kms {
        KmsDirective::Any => None,
        KmsDirective::CustomerManaged => Some(customers(secret, observed, key)),
    };
    let rotated = directives.kms_rotation_required.then(|| {
        // AWS rotates the account's own key each year.
        let is_accounts = observed.key.is_none() && directives.kms == KmsDirective::Any;
        match is_accounts {
            true => Row::passed(Check::KeyRotation, secret.to_string()),
            false => rotated(secret, observed, key),
        }
    });
    customers.into_iter().chain(rotated).collect()
}

fn customers(
    secret: &SecretArn,
    observed: &ObservedSecret,
    key: Option<&Result<ObservedKey, String>>,
) -> Row {
    let resource = secret.to_string();
    let failed = |what: String, advice: String| {
        Row::failed(Check::SecretKey, &resource, what).advise(advice)
    };
    let own_key = format!(
        "Run aws secretsmanager update-secret --secret-id {secret} --kms-key-id YOUR_KEY_ARN; \
         every reader of the secret needs kms:Decrypt on that key."
    );
    match (&observed.key, key) {
        (None, _) => failed(
            "it is encrypted with the AWS managed key aws/secretsmanager".into(),
            own_key,
        ),
        (Some(id), Some(Ok(seen))) if !seen.is_customers => failed(
            format!("its key {id} is managed by AWS, not by you"),
            own_key,
        ),
        (Some(id), Some(Ok(seen))) if !seen.is_enabled => failed(
            format!(
                "its key {id} is disabled or scheduled for deletion, so nobody can read the \
                     secret"
            ),
            format!(
                "Run aws kms cancel-key-deletion --key-id {id} and aws kms enable-key --key-id \
                     {id}."
            ),
        ),
        (Some(_), Some(Ok(_))) => Row::passed(Check::SecretKey, resource),
        (Some(_), Some(Err(because))) => Row::not_evaluated(Check::SecretKey, resource, because),
        (Some(_), None) => {
            Row::not_evaluated(Check::SecretKey, resource, "Lockstep did not read its key")
        }
    }
}

fn rotated(
    secret: &SecretArn,
    observed: &ObservedSecret,
    key: Option<&Result<ObservedKey, String>>,
) -> Row {
    let resource = secret.to_string();
    let not_evaluated = |because: &str| Row::not_evaluated(Check::KeyRotation, &resource, because);
    let (Some(id), Some(seen)) = (&observed.key, key) else {
        return not_evaluated(
            "it has no customer managed key; see the separate finding on its key",
        );
    };
    match seen.as_ref().map(|seen| &seen.rotates) {
        Ok(Rotates::Yes) => Row::passed(Check::KeyRotation, resource),
        Ok(Rotates::No) => {
            let what = format!("KMS does not rotate its key {id}");
            Row::failed(Check::KeyRotation, resource, what).advise(format!(
                "Run aws kms enable-key-rotation --key-id {id}. No binding changes: the key keeps \
                 its id, and KMS can still decrypt existing values."
            ))
        }
        Ok(Rotates::Never) => {
            let what = format!("KMS cannot rotate its key {id} automatically");
            Row::failed(Check::KeyRotation, resource, what).advise(
                "Use a symmetric key with key material generated by KMS, or rotate the key \
                 manually and remove `kms_rotation` from the manifest.",
            )
        }
        Ok(Rotates::Unread { because }) => not_evaluated(because),
        Err(because) => not_evaluated(because),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ledger::CheckResult;
    use crate::rotation::{CURRENT, PENDING};

    const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1";

    fn secret() -> SecretArn {
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
            .parse()
            .unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn observed(versions: &[(&str, &str, &str)]) -> ObservedSecret {
        let labels = |label: &str| BTreeSet::from([label.to_owned()]);
        ObservedSecret {
            labels: Labels {
                rotation_enabled: false,
                versions: versions
                    .iter()
                    .map(|(id, label, _)| ((*id).to_owned(), labels(label)))
                    .collect(),
            },
            made: versions
                .iter()
                .map(|(id, _, made)| ((*id).to_owned(), at(made)))
                .collect(),
            key: None,
            next_rotation: None,
        }
    }

    fn asked() -> RotationDirectives {
        RotationDirectives {
            max_age_days: Some(30),
            kms: KmsDirective::CustomerManaged,
            kms_rotation_required: true,
        }
    }

    fn only(row: &Row) -> (&CheckResult, String) {
        (&row.result, format!("{}; {}", row.what, row.fix()))
    }

    fn passed(row: &Row) -> bool {
        row.result == CheckResult::Passed
    }

    #[test]
    fn a_rotation_stuck_half_way_is_found_with_age_and_command() {
        let seen = observed(&[
            ("v1", CURRENT, "2026-01-01T00:00:00Z"),
            ("v2", PENDING, "2026-01-02T00:00:00Z"),
        ]);
        let check = |value, now| pending_check(&secret(), &seen, value, at(now), 1440);
        assert!(passed(&check(None, "2026-01-02T23:59:00Z")));
        let stuck = check(Some(false), "2026-01-03T00:00:00Z");
        let (status, said) = only(&stuck);
        assert_eq!(status, &CheckResult::Failed);
        assert!(
            said.contains("is empty") && said.contains("--remove-from-version-id v2"),
            "{said}"
        );
    }

    #[test]
    fn a_version_in_force_that_is_too_old_is_found_and_an_unknown_age_is_not_passed() {
        let seen = observed(&[("v1", CURRENT, "2026-01-01T00:00:00Z")]);
        let check = |now| age_check(&secret(), &asked(), &seen, at(now)).unwrap();
        assert!(passed(&check("2026-01-31T00:00:00Z")));
        let old = check("2026-02-01T00:00:00Z");
        let (_, said) = only(&old);
        assert!(
            said.contains("31 days ago") && said.contains("rotate-secret"),
            "{said}"
        );
        let unknown = age_check(
            &secret(),
            &asked(),
            &observed(&[]),
            at("2026-01-01T00:00:00Z"),
        );
        assert_eq!(only(&unknown.unwrap()).0, &CheckResult::NotEvaluated);
    }

    #[test]
    fn the_accounts_own_key_is_not_the_customers() {
        let seen = observed(&[]);
        let checks = key_checks(&secret(), &asked(), &seen, None);
        let (status, said) = only(&checks[0]);
        assert_eq!(status, &CheckResult::Failed);
        assert!(said.contains("--kms-key-id"), "{said}");
        assert_eq!(only(&checks[1]).0, &CheckResult::NotEvaluated);
    }

    #[test]
    fn any_key_that_is_rotated_will_do_where_no_other_is_asked_for() {
        let any = RotationDirectives {
            kms: KmsDirective::Any,
            ..asked()
        };
        let mut seen = observed(&[]);
        let accounts = key_checks(&secret(), &any, &seen, None);
        assert_eq!(accounts.len(), 1);
        assert!(passed(&accounts[0]), "{accounts:#?}");
        seen.key = Some(KEY.into());
        let key = ObservedKey {
            is_customers: true,
            is_enabled: true,
            rotates: Rotates::No,
        };
        let customers = key_checks(&secret(), &any, &seen, Some(&Ok(key)));
        let (status, said) = only(&customers[0]);
        assert_eq!(status, &CheckResult::Failed);
        assert!(said.contains("enable-key-rotation"), "{said}");
    }

    #[test]
    fn a_key_that_kms_does_not_rotate_is_found_with_the_command() {
        let mut seen = observed(&[]);
        seen.key = Some(KEY.into());
        let key = |is_customers, rotates| {
            let key = ObservedKey {
                is_customers,
                is_enabled: true,
                rotates,
            };
            key_checks(&secret(), &asked(), &seen, Some(&Ok(key)))
        };
        assert!(key(true, Rotates::Yes).iter().all(passed));
        let idle = key(true, Rotates::No);
        let (_, said) = only(&idle[1]);
        assert!(
            said.contains(&format!("enable-key-rotation --key-id {KEY}")),
            "{said}"
        );
        let foreign = key(false, Rotates::Yes);
        let (_, said) = only(&foreign[0]);
        assert!(said.contains("managed by AWS"), "{said}");
        let denied = Err("kms:DescribeKey is denied".to_owned());
        for check in key_checks(&secret(), &asked(), &seen, Some(&denied)) {
            assert_eq!(only(&check).0, &CheckResult::NotEvaluated);
        }
    }
}
