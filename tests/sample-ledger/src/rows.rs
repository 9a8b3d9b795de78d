//! The rows of the sample: what a sweep checks of each action, secret, role and integration.

use jiff::ToSpan as _;
use lockstep_domain::compliance::Check;
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::{CheckResult, Exception, ManifestPlace, Occurrence, Row};

use crate::{ACCOUNT, ORGANIZATION, REGION, started};

const SUBJECTS: [&str; 10] = [
    "order",
    "customer",
    "invoice",
    "appointment",
    "delivery",
    "loyalty",
    "claim",
    "policy",
    "callback",
    "outage",
];
const VERBS: [&str; 6] = ["lookup", "status", "create", "cancel", "verify", "notify"];

const OF_ACTION: [Check; 12] = [
    Check::ActionMissing,
    Check::ActionDrift,
    Check::DraftLeft,
    Check::SecretStale,
    Check::Principal,
    Check::WriteFailed,
    Check::Unplanned,
    Check::ChangeOpen,
    Check::Held,
    Check::Unhealthy,
    Check::ChangeEnd,
    Check::Evidence,
];
const OF_SECRET: [Check; 5] = [
    Check::SecretDeleted,
    Check::PendingStuck,
    Check::SecretAge,
    Check::SecretKey,
    Check::KeyRotation,
];
const OF_ROLE: [Check; 7] = [
    Check::RoleMissing,
    Check::RoleTrust,
    Check::RolePolicy,
    Check::RoleBoundary,
    Check::RoleForeign,
    Check::RoleLabels,
    Check::RoleUnbound,
];
const OF_INTEGRATION: [Check; 4] = [
    Check::IntegrationMissing,
    Check::IntegrationDisabled,
    Check::Credential,
    Check::CredentialLeft,
];
const OF_ORGANIZATION: [Check; 3] = [Check::SignIn, Check::Manifest, Check::Sweep];

/// How many actions share a role and an integration.
const SHARING: usize = 12;

/// The binding key of an action.
pub(crate) fn key(action: usize) -> Key {
    let subject = SUBJECTS[action % SUBJECTS.len()];
    let verb = VERBS[action / SUBJECTS.len() % VERBS.len()];
    let round = action / (SUBJECTS.len() * VERBS.len());
    let name = match round {
        0 => format!("{subject}-{verb}"),
        _ => format!("{subject}-{verb}-{}", round + 1),
    };
    name.parse().unwrap()
}

/// An id as the platforms give them, always the same one for the same name.
pub(crate) fn uuid(name: &str) -> String {
    let digest = Digest::of_bytes(name.as_bytes());
    let hex = digest.as_str();
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..32]
    )
}

pub(crate) fn action_id(action: usize) -> String {
    uuid(&format!("action {action}"))
}

pub(crate) fn integration_id(action: usize) -> String {
    uuid(&format!("integration {}", action / SHARING))
}

pub(crate) fn role(action: usize) -> String {
    format!(
        "arn:aws:iam::{ACCOUNT}:role/lockstep-contact-centre-{}",
        action / SHARING + 1
    )
}

pub(crate) fn secret(action: usize) -> String {
    let name = SUBJECTS[action % SUBJECTS.len()];
    format!(
        "arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/{name}-api-{}-Xa7Kq2",
        action / SUBJECTS.len() + 1
    )
}

/// The rows of so many actions.
pub(crate) fn of(actions: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for action in 0..actions {
        let resource = format!("genesys:action/{}", action_id(action));
        rows.extend(OF_ACTION.map(|check| row(check, &resource, action)));
        rows.extend(OF_SECRET.map(|check| row(check, &secret(action), action)));
        if action % SHARING == 0 {
            let integration = format!("genesys:integration/{}", integration_id(action));
            rows.extend(OF_ROLE.map(|check| row(check, &role(action), action)));
            rows.extend(OF_INTEGRATION.map(|check| row(check, &integration, action)));
        }
    }
    let organization = format!("genesys:organization/{ORGANIZATION}");
    rows.extend(OF_ORGANIZATION.map(|check| Row::passed(check, organization.clone())));
    rows
}

fn row(check: Check, resource: &str, action: usize) -> Row {
    let line = u32::try_from(12 + 9 * action).unwrap();
    let row = special(check, resource, action).unwrap_or_else(|| Row::passed(check, resource));
    Row {
        manifest: Some(ManifestPlace {
            at: format!("actions[{action}]"),
            line,
        }),
        ..row.of(&key(action))
    }
}

/// What did not pass: a few rows of every hundred actions.
fn special(check: Check, resource: &str, action: usize) -> Option<Row> {
    let failed = |what: &str| Row::failed(check, resource, what);
    let long_open = Some(started() - 52.hours());
    let new = Some(started());
    let row = match (check, action % 100) {
        (Check::RoleTrust, 12) => Row {
            since: new,
            ..failed("its trust policy also allows arn:aws:iam::444455556666:root")
        },
        (Check::SecretStale, 4) => Row {
            since: new,
            ..failed("version 61b0c2de is bound, but 9f4e77a1 is current")
        },
        (Check::Principal, 7) => Row {
            occurrence: Some(Occurrence {
                record: uuid("an audit record"),
                at: Some(started() - 25.minutes()),
            }),
            evidence: vec![uuid("an audit record")],
            ..failed("user 5d1e90c4 (Integrations Admin) changed the action's request template")
        },
        (Check::SecretAge, 0..3) => Row {
            since: long_open,
            ..failed("the current version is 112 days old; the manifest requires at most 90")
        }
        .advise(format!("Run `aws secretsmanager rotate-secret --secret-id {resource}`, and find out why it was not rotated.")),
        (Check::SecretAge, 3) => excepted(failed(
            "the current version is 240 days old; the manifest requires at most 90",
        )),
        (Check::KeyRotation, 20..26) => Row {
            since: long_open,
            ..Row::not_evaluated(check, resource, "kms:GetKeyRotationStatus was denied for the key of this secret")
        },
        (Check::RoleForeign, 24) => Row {
            since: new,
            ..Row::not_evaluated(check, resource, "its attached policies could not be read: the request timed out")
        },
        (Check::Unhealthy, 9) => Row {
            since: long_open,
            evidence: vec!["s3://lockstep-evidence/evidence/8c3f6a52/callback-lookup/000000000031.json".to_owned()],
            ..failed("the live test failed: the function answered with an error of type DatabaseUnavailable")
        },
        (Check::RoleLabels, 36) => Row {
            since: long_open,
            ..failed("its tags differ: lockstep:stack is missing")
        },
        _ => return None,
    };
    Some(row)
}

fn excepted(row: Row) -> Row {
    Row {
        result: CheckResult::Excepted(Exception {
            reason: "The supplier replaces this interface in January.".to_owned(),
            owner: "payments-platform@example.com".to_owned(),
            expires: "2027-01-31".parse().unwrap(),
        }),
        ..row
    }
}
