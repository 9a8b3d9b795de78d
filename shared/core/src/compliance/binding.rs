//! The checks of one binding.

use jiff::Timestamp;
use lockstep_domain::change::{BindingState, Change, SecretVersion};
use lockstep_domain::compliance::{
    Check, Resources, SeenBeside, beside_checks, drift_rows, of_check, passed_unless, refusal_rows,
    stale_secrets,
};
use lockstep_domain::intent::Look;
use lockstep_domain::ledger::{CheckResult, Row};
use lockstep_domain::manifest::{Action, Manifest};

use super::state_checks::{StateChecks, resource, unread};
use super::sweep::{Seen, of_binding};
use crate::genesys::Session;
use crate::reconcile::action::{Drift, current_versions, drift};
use crate::runtime::chain;
use crate::services::Compliance;

/// What is looked at of an action and its integration.
const AT_GENESYS: [Check; 9] = [
    Check::IntegrationMissing,
    Check::IntegrationDisabled,
    Check::IntegrationError,
    Check::Credential,
    Check::ActionMissing,
    Check::ActionDrift,
    Check::CredentialLeft,
    Check::DraftLeft,
    Check::DraftOpen,
];

/// Those of them that compare with what should hold.
const DRIFT: [Check; 7] = [
    Check::IntegrationMissing,
    Check::IntegrationDisabled,
    Check::Credential,
    Check::ActionMissing,
    Check::ActionDrift,
    Check::CredentialLeft,
    Check::DraftLeft,
];

/// One binding, and what is needed to check it.
pub(super) struct Binding<'a> {
    pub(super) world: &'a Compliance,
    pub(super) manifest: &'a Manifest,
    pub(super) action: &'a Action,
    pub(super) session: Result<&'a Session, &'a str>,
    pub(super) state: &'a BindingState,
    pub(super) now: Timestamp,
}

/// Every check of a binding whose state could not be read.
pub(super) fn unread_binding(resource: &str, because: &str) -> Vec<Row> {
    let secrets = [Check::SecretDeleted, Check::SecretStale];
    let looks = secrets.into_iter().chain(AT_GENESYS);
    let mut rows = unread(resource, because);
    rows.extend(looks.map(|check| Row::not_evaluated(check, resource, because)));
    rows
}

impl Binding<'_> {
    /// Every check of this binding but those of its role and of the audit log.
    pub(super) async fn look(&self) -> Seen {
        let (mut rows, current) = self.secrets().await;
        let stale = rows
            .iter()
            .any(|row| row.check == Check::SecretStale && row.result == CheckResult::Failed);
        rows.extend(self.at_genesys(stale).await);
        let remembered = StateChecks {
            world: self.world,
            state: self.state,
            resource: &self.resource(),
            now: self.now,
        };
        rows.extend(remembered.rows());
        rows.push(remembered.tested());
        let (evidence, records) = remembered.evidence().await;
        rows.push(evidence);
        Seen {
            rows: of_binding(rows, &self.action.key),
            records,
            current,
        }
    }

    fn resource(&self) -> String {
        resource(self.manifest, &self.action.key)
    }

    fn resources(&self) -> Resources {
        Resources::of(self.state, &self.action.integration)
    }

    async fn secrets(&self) -> (Vec<Row>, Vec<SecretVersion>) {
        let of = self.resource();
        let unread = |because: &str| {
            [Check::SecretDeleted, Check::SecretStale]
                .map(|check| Row::not_evaluated(check, &of, because))
                .into()
        };
        match current_versions(self.world, self.action).await {
            Err(error) => (unread(&chain(&error)), Vec::new()),
            Ok(Err(gone)) => {
                let rows = vec![
                    Row::failed(Check::SecretDeleted, &of, &gone),
                    Row::not_evaluated(Check::SecretStale, &of, &gone),
                ];
                (rows, Vec::new())
            }
            Ok(Ok(current)) => {
                let change = self.state.change.as_ref();
                let bound = change.map(|change| change.secrets.as_slice());
                let mut rows = stale_secrets(bound.unwrap_or_default(), &current);
                rows.push(Row::passed(Check::SecretDeleted, &of));
                (rows, current)
            }
        }
    }

    async fn at_genesys(&self, stale: bool) -> Vec<Row> {
        let session = match self.session {
            Ok(session) => session,
            Err(because) => return self.unseen(because),
        };
        match drift(
            self.world,
            session,
            self.manifest,
            self.action,
            self.state,
            Look::Full,
        )
        .await
        {
            Ok(Drift::Steps { steps, beside, .. }) => {
                self.explained(&drift_rows(&steps), beside, stale)
            }
            Ok(Drift::Refused {
                refusal, beside, ..
            }) => self.explained(&refusal_rows(&refusal, &self.resources()), beside, stale),
            Ok(Drift::SecretGone(because)) => self.unseen(&because),
            Err(error) => self.unseen(&chain(&error)),
        }
    }

    fn unseen(&self, because: &str) -> Vec<Row> {
        let resources = self.resources();
        AT_GENESYS
            .map(|check| Row::not_evaluated(check, resource_of(check, &resources), because))
            .into()
    }

    /// The rows of each check. A difference that a newer secret version or a change under way explains
    /// says nothing about drift.
    fn explained(&self, found: &[Row], beside: SeenBeside, stale: bool) -> Vec<Row> {
        let change = self.state.change.as_ref();
        let under_way = change.is_some_and(Change::is_under_way);
        let resources = self.resources();
        let of = |check: Check| {
            let mine = of_check(found, check);
            let of_change = matches!(
                check,
                Check::ActionDrift | Check::CredentialLeft | Check::DraftLeft
            );
            let because = if mine.is_empty() {
                None
            } else if stale && check == Check::ActionDrift {
                Some("its secret has a newer version")
            } else if under_way && of_change {
                Some("a change is being applied")
            } else {
                None
            };
            let resource = resource_of(check, &resources);
            match because {
                Some(because) => vec![Row::not_evaluated(check, resource, because)],
                None => passed_unless(check, resource, mine),
            }
        };
        let mut rows: Vec<Row> = DRIFT.into_iter().flat_map(of).collect();
        rows.extend(beside_checks(beside, &resources, found, under_way));
        rows
    }
}

/// What a check of [`AT_GENESYS`] is about.
fn resource_of(check: Check, resources: &Resources) -> &str {
    let of_action = matches!(
        check,
        Check::ActionMissing | Check::ActionDrift | Check::DraftLeft | Check::DraftOpen
    );
    if of_action {
        &resources.action
    } else {
        &resources.integration
    }
}
