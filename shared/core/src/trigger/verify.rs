//! What `verify-change` is asked for.

use lockstep_domain::intent::{ReportedChange, VerifyIntent};
use lockstep_domain::request::parse;
use serde_json::Value;

use super::event_bridge::Event;
use super::{Parsed, Trigger, message};

/// The source of Genesys Cloud's events (official blueprint `oauth-client-audit`, its sample event).
const PARTNER: &str = "aws.partner/genesys.com/";

/// Parses what woke `verify-change`.
///
/// # Errors
/// Every mistake in it.
pub fn verify(body: &Value) -> Parsed<VerifyIntent> {
    if let Some(event) = Event::of(body)? {
        return Ok(reported(&event));
    }
    let intent = if body.get("change_id").is_some() {
        VerifyIntent::Change(message(body)?)
    } else {
        VerifyIntent::Window(parse(body)?)
    };
    Ok(Trigger::Wanted(intent))
}

fn reported(event: &Event) -> Trigger<VerifyIntent> {
    if !event.source().starts_with(PARTNER) {
        return event.unexpected();
    }
    match change(event) {
        Some(change) => Trigger::Wanted(VerifyIntent::Reported(change)),
        None => Trigger::ignored("the audit event has no organization, record or entity"),
    }
}

/// The source is `aws.partner/genesys.com/cloud/<organization>/<suffix>`; the body is the audit record
/// as official Python SDK 269.0.0 has it in `AuditTopicAuditLogMessage`.
fn change(event: &Event) -> Option<ReportedChange> {
    let (_, rest) = event.source().strip_prefix(PARTNER)?.split_once('/')?;
    let organization = rest.split('/').next()?.parse().ok()?;
    Some(ReportedChange {
        organization,
        audit_id: event.text("/eventBody/id")?.to_owned(),
        entity_type: event.text("/eventBody/entityType")?.to_owned(),
        entity_id: event.text("/eventBody/entity/id")?.to_owned(),
        at: event
            .text("/eventBody/eventTime")
            .and_then(|at| at.parse().ok()),
    })
}
