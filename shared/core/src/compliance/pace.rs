//! How many requests a sweep makes: fewer while a rotation waits for its share.

use crate::services::Compliance;

/// Allows the sweep its share of the requests to Genesys Cloud as of now: a tenth while a binding waits
/// in the queue, else half (the template has the figures). Where that can't be read, the smaller one.
pub(super) async fn pace(world: &Compliance) {
    let share = world.config.requests;
    let (Some(with), Some(without)) = (share.per_minute, share.per_minute_without_bindings) else {
        return;
    };
    let allowed = match world.waiting_bindings.exist().await {
        Ok(false) => without,
        Ok(true) => with,
        Err(error) => {
            tracing::warn!(%error, "Lockstep could not read whether a binding waits in the queue");
            with
        }
    };
    world.sessions.allow_per_minute(allowed).await;
}
