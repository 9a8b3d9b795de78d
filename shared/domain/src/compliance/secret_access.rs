//! The checks of a secret's rotation schedule and of its resource policy.

use jiff::Timestamp;
use serde_json::Value;

use super::{Check, ObservedSecret, passed_unless};
use crate::arn::SecretArn;
use crate::ledger::Row;
use crate::manifest::RotationDirectives;
use crate::policy::Document;
use crate::role::Seen;

/// The action that reads a secret, in lower case.
const READ: &str = "secretsmanager:getsecretvalue";

/// Whether the secret is rotated where the manifest limits its age, and whether its last scheduled
/// rotation took place.
#[must_use]
pub fn schedule_checks(
    secret: &SecretArn,
    directives: Option<&RotationDirectives>,
    observed: &ObservedSecret,
    now: Timestamp,
) -> Vec<Row> {
    let resource = secret.to_string();
    let limit = directives.and_then(|directives| directives.max_age_days);
    let enabled = observed.labels.rotation_enabled;
    let required = limit.map(|days| match enabled {
        true => Row::passed(Check::SecretRotation, &resource),
        false => {
            let what =
                format!("automatic rotation is off, and the manifest allows an age of {days} days");
            Row::failed(Check::SecretRotation, &resource, what).advise(format!(
                "Enable it: aws secretsmanager rotate-secret --secret-id {secret} \
                 --rotation-lambda-arn ROTATION_FUNCTION --rotation-rules \
                 AutomaticallyAfterDays={days}."
            ))
        }
    });
    let missed = enabled.then(|| missed(&resource, observed.next_rotation, now));
    required.into_iter().chain(missed).collect()
}

/// "If rotation is unsuccessful, this date may be in the past" (Secrets Manager API reference,
/// `DescribeSecret`, `NextRotationDate`).
fn missed(resource: &str, next: Option<Timestamp>, now: Timestamp) -> Row {
    const CHECK: Check = Check::RotationMissed;
    match next {
        None => Row::not_evaluated(
            CHECK,
            resource,
            "Secrets Manager shows no date of the next rotation",
        ),
        Some(next) if next < now => {
            let what = format!("it should have been rotated by {next}, and was not");
            Row::failed(CHECK, resource, what)
        }
        Some(_) => Row::passed(CHECK, resource),
    }
}

/// Whether the resource policy lets anybody outside the account read the secret.
#[must_use]
pub fn reader_checks(secret: &SecretArn, account: &str, policy: &Seen<Option<Value>>) -> Vec<Row> {
    const CHECK: Check = Check::SecretReaders;
    let resource = secret.to_string();
    let policy = match policy {
        Seen::Read(policy) => policy,
        Seen::Unread { because } => return vec![Row::not_evaluated(CHECK, resource, because)],
    };
    match policy.as_ref().map(Document::of) {
        None => vec![Row::passed(CHECK, resource)],
        Some(Err(error)) => vec![Row::not_evaluated(CHECK, resource, error.to_string())],
        Some(Ok(document)) => {
            let found = document.outsiders(READ, account).into_iter();
            let failed = |who| Row::failed(CHECK, &resource, format!("{who} may read it"));
            passed_unless(CHECK, &resource, found.map(|one| failed(one.who)).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::ledger::CheckResult;
    use crate::manifest::KmsDirective;
    use crate::rotation::Labels;

    fn secret() -> SecretArn {
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
            .parse()
            .unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn observed(rotation_enabled: bool, next: Option<&str>) -> ObservedSecret {
        ObservedSecret {
            labels: Labels {
                rotation_enabled,
                versions: BTreeMap::new(),
            },
            made: BTreeMap::new(),
            key: None,
            next_rotation: next.map(at),
        }
    }

    fn limited() -> RotationDirectives {
        RotationDirectives {
            max_age_days: Some(30),
            kms: KmsDirective::Any,
            kms_rotation_required: false,
        }
    }

    fn schedule(
        directives: Option<&RotationDirectives>,
        observed: &ObservedSecret,
    ) -> Vec<(&'static str, CheckResult)> {
        let now = at("2026-02-01T00:00:00Z");
        let rows = schedule_checks(&secret(), directives, observed, now);
        rows.into_iter()
            .map(|row| (row.check.id(), row.result))
            .collect()
    }

    #[test]
    fn a_limited_age_requires_rotation() {
        let off = schedule(Some(&limited()), &observed(false, None));
        assert_eq!(off, [("LS-SECRET-ROTATION", CheckResult::Failed)]);
        let on = schedule(
            Some(&limited()),
            &observed(true, Some("2026-02-02T00:00:00Z")),
        );
        assert!(
            on.iter().all(|(_, result)| *result == CheckResult::Passed),
            "{on:?}"
        );
        assert_eq!(on.len(), 2);
        assert_eq!(
            schedule(None, &observed(false, None)),
            [],
            "nothing is required"
        );
    }

    #[test]
    fn a_rotation_that_did_not_take_place_is_found_and_an_unknown_date_is_not_passed() {
        let late = schedule(None, &observed(true, Some("2026-01-31T00:00:00Z")));
        assert_eq!(late, [("LS-ROTATION-MISSED", CheckResult::Failed)]);
        let unknown = schedule(None, &observed(true, None));
        assert_eq!(unknown, [("LS-ROTATION-MISSED", CheckResult::NotEvaluated)]);
    }

    #[test]
    fn only_a_policy_that_lets_nobody_else_read_passes() {
        let of = |policy| reader_checks(&secret(), "123456789012", &policy).remove(0);
        let allow = |principal: Value| {
            Seen::Read(Some(json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": principal,
                "Action": "secretsmanager:GetSecretValue", "Resource": "*",
            }]})))
        };
        assert_eq!(of(Seen::Read(None)).result, CheckResult::Passed);
        let own = allow(json!({"AWS": "arn:aws:iam::123456789012:role/reader"}));
        assert_eq!(of(own).result, CheckResult::Passed);
        let other = of(allow(json!({"AWS": "111122223333"})));
        assert_eq!(other.result, CheckResult::Failed);
        assert_eq!(other.what, "111122223333 may read it");
        let unread = of(Seen::Unread {
            because: "secretsmanager:GetResourcePolicy was denied".into(),
        });
        assert_eq!(unread.result, CheckResult::NotEvaluated);
        assert_eq!(
            of(Seen::Read(Some(json!("?")))).result,
            CheckResult::NotEvaluated
        );
    }
}
