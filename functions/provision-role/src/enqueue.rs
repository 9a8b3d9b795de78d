//! Handing bindings on to `rebind-action`: one message each; for integration credentials one message
//! for all that carry values of one secret.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use lockstep::aws::{AwsError, message_group};
use lockstep::reconcile::role::Report;
use lockstep::services::Provision;
use lockstep_domain::arn::RoleName;
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::intent::{OverviewMessage, RebindMessage};

use crate::scope::{Concern, Scope};

/// The keys in one message: a message of SQS has room for 256 KiB (quotas of Amazon SQS before the
/// larger ones of 2025).
const MOST_BYTES: usize = 200 * 1024;

/// Messages that are sent at the same time.
const AT_ONCE: usize = 16;

/// Hands on those bindings and secrets of the scope that are `wanted`, but for the actions that are
/// looked at `at_once`. A role that is not right stops
/// none of them: a rotation needs nothing of the role but what it had yesterday, and `rebind-action`
/// itself asks IAM before it puts a new pair of role and function live.
///
/// The message names binding and nothing else: versions and plans are read where they are used.
///
/// # Errors
/// The queue did not take one. Those already sent are recognized by their deduplication id when
/// this is done again.
pub async fn enqueue(
    world: &Provision,
    scope: &Scope<'_>,
    wanted: impl Fn(&Key) -> bool,
    at_once: &BTreeSet<Key>,
    roles: &BTreeMap<RoleName, Report>,
    concern: &Concern<'_>,
    trigger_id: &str,
) -> Result<(), AwsError> {
    let keys = scope.keys.iter();
    let keys = keys.filter(|key| wanted(key) && !at_once.contains(key));
    let of_actions = keys.filter_map(|key| {
        let action = scope.manifest.action(key)?;
        let integration = scope.manifest.integration_of(action)?;
        Some(Handed {
            key,
            binding: key,
            role_is_right: roles.get(&integration.role).is_some_and(Report::is_right),
        })
    });
    // Credentials that carry values need no role.
    let credential_sets = scope.credential_sets.iter();
    let credential_sets = credential_sets.filter(|set| wanted(set.first_key()));
    let of_sets = credential_sets.map(|set| Handed {
        key: set.first_key(),
        binding: &set.key,
        role_is_right: true,
    });
    let handed: Vec<Handed<'_>> = of_actions.chain(of_sets).collect();
    for some in handed.chunks(AT_ONCE) {
        try_join_all(
            some.iter()
                .map(|one| send(world, scope, one, concern, trigger_id)),
        )
        .await?;
    }
    Ok(())
}

/// Asks for one look at many actions, whose desired state is the one that was met.
///
/// # Errors
/// The queue did not take it.
pub async fn enqueue_overview(
    world: &Provision,
    scope: &Scope<'_>,
    keys: &BTreeSet<Key>,
    concern: &Concern<'_>,
    trigger_id: &str,
) -> Result<(), AwsError> {
    let organization = &scope.manifest.organization.id;
    for keys in in_messages(keys) {
        let once = Digest::of(&(organization, &keys, trigger_id));
        let message = OverviewMessage {
            organization: organization.clone(),
            keys,
            reason: Some(concern.occasion.clone()),
        };
        let group = organization.as_str();
        let queue = &world.rebind_queue;
        queue.send_overview(&message, group, once.as_str()).await?;
    }
    Ok(())
}

/// As many keys together as a message may hold; nearly always all of them.
fn in_messages(keys: &BTreeSet<Key>) -> Vec<Vec<Key>> {
    let mut messages: Vec<Vec<Key>> = Vec::new();
    let mut bytes = MOST_BYTES;
    for key in keys {
        // With its quotes and comma.
        bytes += key.as_str().len() + 3;
        if bytes > MOST_BYTES {
            messages.push(Vec::new());
            bytes = 0;
        }
        if let Some(message) = messages.last_mut() {
            message.push(key.clone());
        }
    }
    messages
}

/// A binding that is handed on.
struct Handed<'a> {
    key: &'a Key,
    /// The message group, so that messages about it are handled in order: an action, or the
    /// credentials of a secret.
    binding: &'a Key,
    role_is_right: bool,
}

impl Handed<'_> {
    /// Five deliveries of one trigger are one message; two triggers are two, and the second finds
    /// nothing to do. A delivery that made the role right is another one than those before it:
    /// `rebind-action` may have refused their messages because of the role.
    fn once(&self, organization: &OrganizationId, trigger_id: &str) -> Digest {
        Digest::of(&(organization, self.key, trigger_id, self.role_is_right))
    }
}

async fn send(
    world: &Provision,
    scope: &Scope<'_>,
    handed: &Handed<'_>,
    concern: &Concern<'_>,
    trigger_id: &str,
) -> Result<(), AwsError> {
    let organization = &scope.manifest.organization.id;
    let message = RebindMessage {
        organization: organization.clone(),
        key: handed.key.clone(),
        retry: concern.retry,
        reason: Some(concern.occasion.clone()),
        look: concern.look,
    };
    let group = message_group(organization, handed.binding);
    let once = handed.once(organization, trigger_id);
    world
        .rebind_queue
        .send(&message, &group, once.as_str())
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: usize, length: usize) -> BTreeSet<Key> {
        let keys = (0..count).map(|number| format!("{number:0>length$}").parse().unwrap());
        keys.collect()
    }

    #[test]
    fn keys_are_in_one_message_as_far_as_it_has_room() {
        assert!(in_messages(&BTreeSet::new()).is_empty());
        assert_eq!(in_messages(&keys(5_000, 20)).len(), 1);
        let many = keys(2_000, 256);
        let messages = in_messages(&many);
        assert_eq!(messages.len(), 3);
        assert!(messages.iter().flatten().eq(&many));
        for message in messages {
            assert!(serde_json::to_string(&message).unwrap().len() <= MOST_BYTES + 300);
        }
    }
}
