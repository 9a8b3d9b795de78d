//! What is special to each function's queue: how long its messages are tried, and which event says
//! that one was given up.

use std::time::Duration;

use lockstep_domain::credentials::unit_of;
use lockstep_domain::event::{Detail, EventType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::budget::{BUDGET, FEWEST_RECEIVES};
use super::{Delivery, Failure};
use crate::aws::AwsError;
use crate::config::Config;
use crate::world::World;

/// The function whose edge it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// `provision-role`.
    Provision,
    /// `rebind-action`.
    Rebind,
    /// `verify-change`.
    Verify,
    /// `check-compliance`.
    Compliance,
    /// `rotate-client`, which no queue is before.
    Rotate,
}

impl Edge {
    /// How long a message is tried, from when it was sent.
    #[must_use]
    pub fn budget(self, config: &Config) -> Duration {
        match self {
            // Until then a missing audit record is no failure.
            Self::Verify => config.verify_deadline + BUDGET,
            Self::Provision | Self::Rebind | Self::Compliance | Self::Rotate => BUDGET,
        }
    }

    /// The event that says that a message could not be handled.
    async fn failed(self, world: &World, named: &Detail) -> EventType {
        match self {
            Self::Provision => EventType::RoleProvisioningFailed,
            Self::Rebind if names_credential(world, named).await => {
                EventType::CredentialRebindFailed
            }
            Self::Rebind => EventType::RebindFailed,
            Self::Verify => EventType::ChangeUnverified,
            Self::Compliance => EventType::ComplianceFinding,
            Self::Rotate => EventType::ClientRotationFailed,
        }
    }

    /// Whether the message was given up, and only comes back until the queue moves it.
    pub(super) async fn was_given_up(self, world: &World, delivery: &Delivery) -> bool {
        let may_be = delivery.received > FEWEST_RECEIVES
            && delivery.age(world.now()) >= self.budget(&world.config);
        may_be && world.was_emitted(&Occasion::gave_up(delivery)).await
    }

    /// Says that a message goes to the dead-letter queue.
    ///
    /// # Errors
    /// The bus did not take the event.
    pub(super) async fn give_up(
        self,
        world: &World,
        delivery: &Delivery,
        failure: &Failure,
    ) -> Result<(), AwsError> {
        let mut detail = self.detail(world, delivery);
        detail.reason = Some(format!(
            "{failure}. It was tried {} times; the message goes to the dead-letter queue: repair the cause, then redrive it",
            delivery.received
        ));
        let failed = self.failed(world, &detail).await;
        world
            .emit_once(&Occasion::gave_up(delivery), failed, detail)
            .await
    }

    /// Says, once a message, what has to be repaired before it can be handled. Where the bus does
    /// not take the event, the next receive tries again.
    pub(super) async fn say_what_to_repair(
        self,
        world: &World,
        delivery: &Delivery,
        failure: &Failure,
    ) {
        let said = match failure {
            Failure::Permanent {
                object: Some(object),
                ..
            } => world.announce_unreadable(object).await,
            Failure::Permanent { object: None, .. } => {
                let mut detail = self.detail(world, delivery);
                detail.reason = Some(format!(
                    "{failure}. It is tried until {} min after it was asked for; then the message goes to the dead-letter queue",
                    self.budget(&world.config).as_secs() / 60
                ));
                let failed = self.failed(world, &detail).await;
                world
                    .emit_once(&Occasion::to_repair(delivery), failed, detail)
                    .await
            }
            Failure::Retry { .. } | Failure::Later { .. } => Ok(()),
        };
        if let Err(error) = said {
            tracing::warn!(%error, "what has to be repaired is no event yet");
        }
    }

    /// What the message names.
    fn detail(self, world: &World, delivery: &Delivery) -> Detail {
        let mut detail = world.detail();
        detail.organization_id = named(&delivery.body, "organization");
        detail.key = named(&delivery.body, "key");
        detail.change_id = named(&delivery.body, "change_id");
        detail
    }
}

/// Whether the key that a message names is that of credentials. A credential's own key looks like an
/// action's: only the manifest tells them apart, and where it can't be read the key counts as an
/// action's.
async fn names_credential(world: &World, named: &Detail) -> bool {
    let (Some(organization), Some(key)) = (&named.organization_id, &named.key) else {
        return false;
    };
    if key.is_of_secret() {
        return true;
    }
    let Ok(manifests) = world.store.accepted().await else {
        return false;
    };
    manifests.of(organization).is_some_and(|accepted| {
        let manifest = &accepted.manifest;
        manifest.action(key).is_none() && unit_of(manifest, key).is_some()
    })
}

fn named<T: DeserializeOwned>(body: &Value, name: &str) -> Option<T> {
    serde_json::from_value(body.get(name)?.clone()).ok()
}

/// Of what there is one event, however often the message comes.
#[derive(Debug, Serialize)]
struct Occasion<'a> {
    queue: &'a str,
    message_id: &'a str,
    what: &'static str,
}

impl<'a> Occasion<'a> {
    fn of(delivery: &'a Delivery, what: &'static str) -> Self {
        Self {
            queue: &delivery.queue_arn,
            message_id: &delivery.message_id,
            what,
        }
    }

    fn gave_up(delivery: &'a Delivery) -> Self {
        Self::of(delivery, "gave up")
    }

    fn to_repair(delivery: &'a Delivery) -> Self {
        Self::of(delivery, "to repair")
    }
}
