//! The checks of a role's trust policy by meaning: each says what exactly is too wide.

use super::{Check, passed_unless};
use crate::ledger::Row;
use crate::policy::{Document, TrustProblems};
use crate::role::{DesiredRole, PresentRole};

const ALL: [Check; 3] = [
    Check::TrustPrincipal,
    Check::TrustExternalId,
    Check::TrustActions,
];

pub(super) fn trust_rows(desired: &DesiredRole, present: &PresentRole) -> Vec<Row> {
    let arn = present.arn.to_string();
    let document = match Document::of(&present.trust) {
        Ok(document) => document,
        // That it differs is the finding of another check; what it allows is not known.
        Err(error) => {
            let because = error.to_string();
            return ALL
                .map(|check| Row::not_evaluated(check, &arn, &because))
                .into();
        }
    };
    let TrustProblems {
        principals,
        external_id,
        actions,
    } = document.trust_problems(&desired.genesys_account, desired.organization.as_str());
    ALL.into_iter()
        .zip([principals, external_id, actions])
        .flat_map(|(check, problems)| {
            let failed = |problem| Row::failed(check, &arn, problem);
            passed_unless(check, &arn, problems.into_iter().map(failed).collect())
        })
        .collect()
}
