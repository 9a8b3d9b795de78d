//! Handing bindings on to `rebind-action`: one message each, in order within an integration; for
//! integration credentials one message for all that carry values of one secret.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use lockstep::aws::{AwsError, message_group};
use lockstep::reconcile::role::Report;
use lockstep::runtime::Failure;
use lockstep::world::World;
use lockstep_domain::arn::RoleName;
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::Key;
use lockstep_domain::intent::RebindMessage;

use crate::scope::{Concern, Scope};

/// Messages that are sent at the same time.
const AT_ONCE: usize = 16;

/// Hands on the bindings whose role is right; answers notices about those whose role is not.
///
/// The message names binding and nothing else: versions and plans are read where they are used.
///
/// # Errors
/// The queue did not take one. Those already sent are told apart by their deduplication id when
/// this is done again.
pub async fn hand_on(
    world: &World,
    scope: &Scope<'_>,
    roles: &BTreeMap<RoleName, Report>,
    concern: &Concern<'_>,
    trigger_id: &str,
) -> Result<Vec<String>, Failure> {
    let mut ready = Vec::new();
    let mut notices = Vec::new();
    for key in &scope.keys {
        let integration = scope
            .manifest
            .action(key)
            .and_then(|action| scope.manifest.integration_of(action));
        match integration {
            Some(integration) if roles.get(&integration.role).is_some_and(Report::is_right) => {
                ready.push((key, integration));
            }
            Some(integration) => notices.push(format!(
                "{key} was not handed on: its role {} is not right",
                integration.role
            )),
            None => notices.push(format!("{key} was not handed on: it has no integration")),
        }
    }
    for some in ready.chunks(AT_ONCE) {
        try_join_all(some.iter().map(|(key, integration)| {
            send(world, scope, key, &integration.key, concern, trigger_id)
        }))
        .await?;
    }
    // Credentials that carry values need no role.
    for some in scope.units.chunks(AT_ONCE) {
        try_join_all(some.iter().map(|unit| {
            let key = unit.first_key();
            send(world, scope, key, &unit.key, concern, trigger_id)
        }))
        .await?;
    }
    Ok(notices)
}

/// `within` is what one message after another is handled of: an integration, or a secret.
async fn send(
    world: &World,
    scope: &Scope<'_>,
    key: &Key,
    within: &Key,
    concern: &Concern<'_>,
    trigger_id: &str,
) -> Result<(), AwsError> {
    let organization = &scope.manifest.organization.id;
    let message = RebindMessage {
        organization: organization.clone(),
        key: key.clone(),
        retry: concern.retry,
        reason: Some(concern.occasion.clone()),
    };
    let group = message_group(organization, within);
    // Five deliveries of one trigger are one message; two triggers are two, and the second finds
    // nothing to do.
    let once = Digest::of(&(organization, key, trigger_id));
    world.queues.rebind(&message, &group, once.as_str()).await
}
