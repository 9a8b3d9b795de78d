//! What a sweep emits, and what is remembered of it.

use lockstep_domain::compliance::SweepChanges;
use lockstep_domain::event::ComplianceFinding;
use lockstep_domain::finding::Finding;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::{CheckResult, Cleared, PreviousSweep, Row};
use lockstep_domain::manifest::Mode;

use super::organization::Swept;
use crate::runtime::Failure;
use crate::services::Compliance;

/// Emits what is new, still open for long, and cleared since the last sweep, then records the sweep.
/// A partial sweep, or one in mode `plan`, emits and records nothing.
pub(super) async fn remember(
    world: &Compliance,
    swept: &mut Swept,
    sweep: PreviousSweep,
    evidence: Option<&str>,
) -> Result<(), Failure> {
    if swept.mode == Mode::Plan {
        return Ok(());
    }
    let Some((mut remembered, changes)) = swept.remembered.take() else {
        return Ok(());
    };
    let news = News {
        world,
        swept,
        evidence,
        // A sweep that is interrupted and repeated emits the same event.
        occurrence: remembered.value.occurrence(),
    };
    news.emit(&changes).await?;
    remembered.value.remember(changes, sweep, swept.audited);
    world.sweeps.save(&mut remembered).await?;
    Ok(())
}

/// The events of one sweep.
struct News<'a> {
    world: &'a Compliance,
    swept: &'a Swept,
    evidence: Option<&'a str>,
    occurrence: String,
}

impl News<'_> {
    async fn emit(&self, changes: &SweepChanges) -> Result<(), Failure> {
        for row in &changes.new {
            self.finding(row, row.what.clone()).await?;
        }
        for row in &changes.reminders {
            let reason = match row.since {
                Some(since) => format!("still open since {since}: {}", row.what),
                None => format!("still open: {}", row.what),
            };
            self.finding(row, reason).await?;
        }
        for row in &changes.excepted {
            if let CheckResult::Excepted(exception) = &row.result {
                let reason = format!(
                    "excepted until {} by {}: {} on {}: {}",
                    exception.expires, exception.owner, row.check, row.resource, exception.reason
                );
                self.send(row.key.as_ref(), None, reason).await?;
            }
        }
        for Cleared { id, since: _ } in &changes.cleared {
            let reason = format!("resolved: {} on {}", id.check, id.resource);
            self.send(None, None, reason).await?;
        }
        Ok(())
    }

    async fn finding(&self, row: &Row, reason: String) -> Result<(), Failure> {
        self.send(row.key.as_ref(), row.finding(), reason).await
    }

    async fn send(
        &self,
        key: Option<&Key>,
        finding: Option<Finding>,
        reason: String,
    ) -> Result<(), Failure> {
        let mut header = self.world.header();
        header.occurrence = Some(self.occurrence.clone());
        header.organization_id = Some(self.swept.organization.clone());
        header.key = key.cloned();
        let body = ComplianceFinding {
            findings: finding.into_iter().collect(),
            reason: Some(reason),
            evidence: self.evidence.map(str::to_owned),
            ..ComplianceFinding::default()
        };
        self.world.emit(header, body).await?;
        Ok(())
    }
}
