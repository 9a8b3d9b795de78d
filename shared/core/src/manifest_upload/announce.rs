//! Events about what was accepted and is not managed: what can't be read, and what the stack's
//! parameters no longer allow.

use lockstep_domain::event::{Header, ManifestRefused};
use lockstep_domain::manifest::Dropped;
use lockstep_domain::problem::Problem;
use tracing::warn;

use crate::runtime::Failure;
use crate::services::Base;
use crate::store::{Accepted, Manifests};

/// Every accepted manifest, with an event for what of them can't be read, and for what the stack
/// does not allow any more: that it is not managed must not pass in silence.
///
/// # Errors
/// S3 did not answer, or EventBridge did not accept an event.
pub async fn current(world: &Base) -> Result<Manifests, Failure> {
    let manifests = world.store.accepted().await?;
    announce_unreadable(world, &manifests).await?;
    for (object, problems) in &manifests.refused {
        let reason = format!(
            "the stack's parameters no longer allow the accepted manifest {object}: Lockstep does \
             not manage its bindings"
        );
        let body = refused(problems.clone(), reason);
        let wrong = ("no longer allowed", problems);
        let wrong = Some((&wrong, world.header(), body.into()));
        world.emit_change(&uncovered(object), wrong).await?;
    }
    for accepted in &manifests.current {
        announce_dropped(world, accepted).await?;
    }
    Ok(manifests)
}

/// Emits *Object Unreadable* for each accepted copy that can't be read.
///
/// # Errors
/// The bus did not take an event.
pub async fn announce_unreadable(world: &Base, manifests: &Manifests) -> Result<(), Failure> {
    for copy in &manifests.unreadable {
        match copy.error.unreadable() {
            Some(object) => world.announce_unreadable(&object).await?,
            None => warn!(error = %copy.error, "an accepted manifest cannot be read"),
        }
    }
    Ok(())
}

/// What remembers what of an accepted manifest the stack's parameters do not cover.
fn uncovered(object: &str) -> (&'static str, &str) {
    ("uncovered", object)
}

async fn announce_dropped(world: &Base, accepted: &Accepted) -> Result<(), Failure> {
    let subject = uncovered(&accepted.object);
    if accepted.dropped.is_empty() {
        world.emit_change::<_, ()>(&subject, None).await?;
        return Ok(());
    }
    let problems = accepted.dropped.iter().flat_map(|one| &one.problems);
    let problems: Vec<Problem> = problems.cloned().collect();
    let wrong = ("dropped", &accepted.version_id, &problems);
    let reason = format!(
        "the stack's parameters no longer allow some entries of {}: Lockstep does not manage them, \
         and their resources stay unchanged",
        accepted.object
    );
    let body = refused(problems.clone(), reason);
    let wrong = Some((&wrong, header(world, accepted), body.into()));
    world.emit_change(&subject, wrong).await?;
    Ok(())
}

/// Says of one trigger that it was about an entry that is dropped, and that nothing is done.
///
/// # Errors
/// The bus did not take the event.
pub async fn announce_ignored(
    world: &Base,
    accepted: &Accepted,
    dropped: &Dropped,
    trigger_id: &str,
) -> Result<String, Failure> {
    let name = match &dropped.key {
        Some(key) => key.to_string(),
        None => dropped.secrets.iter().map(ToString::to_string).collect(),
    };
    let reason = format!(
        "Lockstep did nothing for {name}: the stack's parameters no longer allow it, so Lockstep \
         does not manage it"
    );
    let organization = &accepted.manifest.organization.id;
    let of = ("ignored", organization, &name, trigger_id);
    let mut header = header(world, accepted);
    header.key.clone_from(&dropped.key);
    let body = refused(dropped.problems.clone(), reason.clone());
    world.emit_once(&of, header, body).await?;
    Ok(reason)
}

fn header(world: &Base, accepted: &Accepted) -> Header {
    let mut header = world.header();
    header.organization_id = Some(accepted.manifest.organization.id.clone());
    header
}

fn refused(errors: Vec<Problem>, reason: String) -> ManifestRefused {
    ManifestRefused {
        errors,
        reason: Some(reason),
        ..ManifestRefused::default()
    }
}
