//! The chains and the timeline of the sample.

use jiff::{SignedDuration, Timestamp, ToSpan as _};
use lockstep_domain::change::{ChangeId, SecretVersion};
use lockstep_domain::event::{Principal, PrincipalKind};
use lockstep_domain::ledger::{
    AuditSeen, BindingChain, BoundSecret, Happening, Moment, TestSeen, VerdictKind,
};

use crate::rows::{action_id, integration_id, key, role, secret, uuid};
use crate::{ACCOUNT, ORGANIZATION, REGION, started};

fn change(action: usize) -> ChangeId {
    ChangeId::of(
        &ORGANIZATION.parse().unwrap(),
        &key(action),
        &version(action),
    )
}

fn version(action: usize) -> String {
    uuid(&format!("version {action}"))
}

fn applied_at(action: usize) -> Timestamp {
    let minutes = i64::try_from(action).unwrap() * 137 % 40_000 + 41;
    started() - SignedDuration::from_mins(minutes)
}

fn verdict(action: usize) -> Option<VerdictKind> {
    match action % 100 {
        7 => Some(VerdictKind::Violated),
        15 => None,
        31 => Some(VerdictKind::RolledBack),
        _ => Some(VerdictKind::Verified),
    }
}

/// The chains of so many actions.
pub(crate) fn of(actions: usize) -> Vec<BindingChain> {
    let mut chains: Vec<_> = (0..actions).map(chain).collect();
    chains.sort_by(|a, b| a.key.cmp(&b.key));
    chains
}

fn chain(action: usize) -> BindingChain {
    let function = format!(
        "arn:aws:lambda:{REGION}:{ACCOUNT}:function:genesys-{}",
        key(action)
    );
    let bound = version(action);
    BindingChain {
        key: key(action),
        secrets: vec![BoundSecret {
            name: "API".to_owned(),
            arn: secret(action).parse().unwrap(),
            current: Some(match action % 100 {
                4 => uuid("a newer version"),
                _ => bound.clone(),
            }),
            version_id: bound,
        }],
        role: Some(role(action)),
        integration_id: Some(integration_id(action).parse().unwrap()),
        credential_id: None,
        action_id: Some(action_id(action).parse().unwrap()),
        function: Some(function.parse().unwrap()),
        change_id: Some(change(action)),
        applied_at: Some(applied_at(action)),
        test: (action % 3 != 2).then(|| TestSeen {
            at: applied_at(action),
            passed: action % 100 != 9,
            on_draft: true,
            problem: (action % 100 == 9).then(|| "DatabaseUnavailable".to_owned()),
        }),
        audit: verdict(action).map(|verdict| AuditSeen {
            verdict,
            at: applied_at(action) + 4.minutes(),
            records: vec![uuid(&format!("record {action}"))],
            principals: vec![Principal {
                kind: PrincipalKind::Client,
                id: uuid("the client"),
                name: Some("Lockstep".to_owned()),
            }],
            evidence: Some(format!(
                "s3://lockstep-evidence/evidence/8c3f6a52/{}/000000000031.json",
                key(action)
            )),
        }),
    }
}

/// The moments of the newest changes of so many actions.
pub(crate) fn timeline(actions: usize) -> Vec<Moment> {
    let mut moments: Vec<_> = (0..actions).flat_map(moments).collect();
    moments.sort();
    moments
}

fn moments(action: usize) -> Vec<Moment> {
    let moment = |at, happening| Moment {
        at,
        key: key(action),
        change_id: change(action),
        attempt: 1,
        happening,
    };
    let applied = applied_at(action);
    let opened = Happening::Opened {
        secrets: vec![SecretVersion {
            name: "API".to_owned(),
            arn: secret(action).parse().unwrap(),
            version_id: version(action),
        }],
        reason: None,
    };
    let mut moments = vec![
        moment(applied - 6.seconds(), opened),
        moment(applied, Happening::Applied),
    ];
    if let Some(verdict) = verdict(action) {
        let because = match verdict {
            VerdictKind::Violated => {
                Some("a user who is not authorized changed the action".to_owned())
            }
            VerdictKind::RolledBack => Some("the live test of the new version failed".to_owned()),
            VerdictKind::Verified
            | VerdictKind::Unverified
            | VerdictKind::Failed
            | VerdictKind::Split => None,
        };
        moments.push(moment(
            applied + 4.minutes(),
            Happening::Ended {
                verdict,
                because,
                evidence: None,
            },
        ));
    }
    moments
}
