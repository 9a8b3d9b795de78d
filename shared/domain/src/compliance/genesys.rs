//! The checks of what else there is at Genesys Cloud: integrations that report an error, open drafts,
//! and actions that no binding names but that use a managed role or function.

use std::collections::BTreeSet;

use super::{Check, Resources};
use crate::ids::{ActionId, IntegrationId};
use crate::ledger::{CheckResult, Row};
use crate::rebind::{DraftSeen, Reported};

/// What an observation shows of a binding besides what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenBeside {
    /// The state that the integration reports; none where there is no such integration.
    pub reported: Option<Reported>,
    /// Whether the action has an unpublished draft.
    pub draft: DraftSeen,
}

impl SeenBeside {
    /// Of an observation that did not look.
    pub const NOTHING: Self = Self {
        reported: None,
        draft: DraftSeen::NotRead,
    };
}

/// Whether the integration reports an error, and whether a draft is open that Lockstep did not make.
/// `found` are the rows of what differs: a draft of Lockstep's own is among them.
#[must_use]
pub fn beside_checks(
    seen: SeenBeside,
    resources: &Resources,
    found: &[Row],
    under_way: bool,
) -> Vec<Row> {
    vec![
        reports(seen.reported, &resources.integration),
        draft(seen.draft, &resources.action, found, under_way),
    ]
}

fn reports(reported: Option<Reported>, integration: &str) -> Row {
    const CHECK: Check = Check::IntegrationError;
    match reported {
        Some(Reported::Error) => Row::failed(CHECK, integration, "it reports ERROR"),
        Some(
            Reported::Active | Reported::Activating | Reported::Inactive | Reported::Deactivating,
        ) => Row::passed(CHECK, integration),
        Some(Reported::Unknown) => Row::not_evaluated(
            CHECK,
            integration,
            "it reports no state that Lockstep knows",
        ),
        None => Row::not_evaluated(CHECK, integration, "Lockstep did not find the integration"),
    }
}

fn draft(draft: DraftSeen, action: &str, found: &[Row], under_way: bool) -> Row {
    const CHECK: Check = Check::DraftOpen;
    let is_ours = found
        .iter()
        .any(|row| row.check == Check::DraftLeft && row.result == CheckResult::Failed);
    match draft {
        DraftSeen::NotRead => Row::not_evaluated(CHECK, action, "its draft was not read"),
        DraftSeen::Exists if under_way => {
            Row::not_evaluated(CHECK, action, "a change is being applied")
        }
        DraftSeen::Exists if !is_ours => Row::failed(CHECK, action, "it has an unpublished draft"),
        DraftSeen::Exists | DraftSeen::Nothing => Row::passed(CHECK, action),
    }
}

/// What is managed, as far as Lockstep knows its ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// Integrations.
    pub integrations: BTreeSet<IntegrationId>,
    /// Actions.
    pub actions: BTreeSet<ActionId>,
    /// Names of actions whose ids are not known yet.
    pub names: BTreeSet<String>,
    /// The ARNs of functions that actions call.
    pub functions: BTreeSet<String>,
}

/// An action as the organization lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationAction {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The integration that it belongs to.
    pub integration: Option<String>,
    /// What it calls: of an action of a Lambda integration, the function's ARN. None where the listing
    /// has no configurations.
    pub calls: Option<String>,
}

/// Actions that no binding names but that use a managed role or a managed function. `listed` are the
/// custom actions of the organization.
#[must_use]
pub fn unmanaged_actions(managed: &Managed, listed: &[OrganizationAction]) -> Vec<Row> {
    const CHECK: Check = Check::ActionUnmanaged;
    let unmanaged: Vec<&OrganizationAction> = listed
        .iter()
        .filter(|one| !managed.names_action(one))
        .collect();
    let mut rows = Vec::new();
    for id in &managed.integrations {
        let inside = |one: &&&OrganizationAction| one.integration.as_deref() == Some(id.as_str());
        let inside: Vec<_> = unmanaged.iter().filter(inside).collect();
        if inside.is_empty() {
            rows.push(Row::passed(CHECK, format!("genesys:integration/{id}")));
        }
        rows.extend(inside.into_iter().map(|one| {
            let what = format!(
                "the action {:?} belongs to the managed integration {id} and so uses its role",
                one.name
            );
            Row::failed(CHECK, format!("genesys:action/{}", one.id), what)
        }));
    }
    let mut unknown = 0;
    for one in unmanaged.iter().filter(|one| !managed.holds(one)) {
        match &one.calls {
            Some(function) if managed.functions.contains(function) => {
                let integration = one.integration.as_deref().unwrap_or("unknown");
                let what = format!(
                    "the action {:?} calls the managed function {function} through the \
                     integration {integration}",
                    one.name
                );
                rows.push(Row::failed(
                    CHECK,
                    format!("genesys:action/{}", one.id),
                    what,
                ));
            }
            Some(_) => {}
            None => unknown += 1,
        }
    }
    if unknown > 0 {
        let because = format!(
            "Genesys Cloud listed {unknown} actions without their configuration, so Lockstep does \
             not know what they call"
        );
        rows.push(Row::not_evaluated(CHECK, "genesys:actions", because));
    }
    rows
}

impl Managed {
    fn names_action(&self, one: &OrganizationAction) -> bool {
        self.actions.iter().any(|id| id.as_str() == one.id)
            || (self.holds(one) && self.names.contains(&one.name))
    }

    fn holds(&self, one: &OrganizationAction) -> bool {
        let integration = one.integration.as_deref();
        integration.is_some_and(|id| self.integrations.iter().any(|known| known.as_str() == id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";

    fn managed() -> Managed {
        Managed {
            integrations: BTreeSet::from(["int-1".parse().unwrap()]),
            actions: BTreeSet::from(["act-1".parse().unwrap()]),
            names: BTreeSet::from(["Not bound yet".to_owned()]),
            functions: BTreeSet::from([ORDERS.to_owned()]),
        }
    }

    fn action(id: &str, name: &str, integration: &str, calls: Option<&str>) -> OrganizationAction {
        OrganizationAction {
            id: id.into(),
            name: name.into(),
            integration: Some(integration.into()),
            calls: calls.map(str::to_owned),
        }
    }

    fn results(listed: &[OrganizationAction]) -> Vec<(String, CheckResult)> {
        let rows = unmanaged_actions(&managed(), listed);
        rows.into_iter()
            .map(|row| (row.resource, row.result))
            .collect()
    }

    #[test]
    fn managed_actions_and_those_that_use_nothing_managed_pass() {
        let listed = [
            action("act-1", "Orders", "int-1", Some(ORDERS)),
            action("act-2", "Not bound yet", "int-1", Some(ORDERS)),
            action("act-3", "Weather", "int-9", Some("https://example.com")),
        ];
        let passed = ("genesys:integration/int-1".to_owned(), CheckResult::Passed);
        assert_eq!(results(&listed), [passed]);
    }

    #[test]
    fn an_action_that_uses_a_managed_role_or_function_is_found_by_its_id() {
        let inside = action("act-7", "Theirs", "int-1", Some("https://example.com"));
        let beside = action("act-8", "Not bound yet", "int-9", Some(ORDERS));
        let found = results(&[inside, beside]);
        let failed = |id: &str| (format!("genesys:action/{id}"), CheckResult::Failed);
        assert_eq!(found, [failed("act-7"), failed("act-8")]);
    }

    #[test]
    fn what_an_action_without_configuration_calls_is_not_evaluated() {
        let found = results(&[action("act-9", "Unknown", "int-9", None)]);
        assert_eq!(found[1].1, CheckResult::NotEvaluated, "{found:?}");
    }

    fn beside(seen: SeenBeside, found: &[Row], under_way: bool) -> [CheckResult; 2] {
        let resources = Resources {
            integration: "genesys:integration/int-1".into(),
            action: "genesys:action/act-1".into(),
        };
        let rows = beside_checks(seen, &resources, found, under_way);
        [rows[0].result.clone(), rows[1].result.clone()]
    }

    #[test]
    fn an_integration_that_reports_an_error_fails_and_one_that_reports_nothing_does_not_pass() {
        let reported = |reported| {
            let seen = SeenBeside {
                reported,
                draft: DraftSeen::Nothing,
            };
            beside(seen, &[], false)[0].clone()
        };
        assert_eq!(reported(Some(Reported::Active)), CheckResult::Passed);
        assert_eq!(reported(Some(Reported::Error)), CheckResult::Failed);
        assert_eq!(reported(Some(Reported::Unknown)), CheckResult::NotEvaluated);
        assert_eq!(reported(None), CheckResult::NotEvaluated);
    }

    #[test]
    fn a_draft_is_found_unless_lockstep_made_it() {
        let draft = |found: &[Row], under_way| {
            let seen = SeenBeside {
                reported: None,
                draft: DraftSeen::Exists,
            };
            beside(seen, found, under_way)[1].clone()
        };
        assert_eq!(draft(&[], false), CheckResult::Failed);
        assert_eq!(draft(&[], true), CheckResult::NotEvaluated);
        let ours = Row::failed(Check::DraftLeft, "genesys:action/act-1", "ours");
        assert_eq!(draft(&[ours], false), CheckResult::Passed);
        let nothing = beside(SeenBeside::NOTHING, &[], false);
        assert_eq!(nothing[1], CheckResult::NotEvaluated, "nobody looked");
    }
}
