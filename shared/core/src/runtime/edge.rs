//! What is special to each function's queue: how long its messages are tried, and which event says
//! that one was given up.

use lockstep_domain::change::Subject;
use lockstep_domain::compliance::Check;
use lockstep_domain::credentials::credential_set_of;
use lockstep_domain::digest::Digest;
use lockstep_domain::event::{
    Body, ChangeUnverified, ClientRotationFailed, ComplianceFinding, CredentialRebindFailed,
    Header, RebindFailed, RoleProvisioningFailed,
};
use lockstep_domain::finding::Finding;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::budget::{BUDGET, Limits};
use super::{Delivery, Failure};
use crate::aws::AwsError;
use crate::config::Config;
use crate::services::{Base, Edge, Recorded};

impl Edge {
    /// How long, and how often, its messages are tried.
    #[must_use]
    pub fn limits(self, config: &Config) -> Limits {
        match self {
            Self::Verify => Limits {
                // Until the deadline a missing audit record is no failure.
                budget: config.verify_deadline + BUDGET,
                backstop: 120,
            },
            Self::Provision | Self::Rebind | Self::Compliance | Self::Rotate => Limits {
                budget: BUDGET,
                backstop: 60,
            },
        }
    }

    /// The event that says that a message could not be handled.
    async fn failed(
        self,
        base: &Base,
        delivery: &Delivery,
        named: &Header,
        reason: String,
    ) -> Body {
        let reason = Some(reason);
        match self {
            Self::Provision => RoleProvisioningFailed {
                reason,
                ..RoleProvisioningFailed::default()
            }
            .into(),
            Self::Rebind if names_credential(base, named).await => CredentialRebindFailed {
                reason,
                ..CredentialRebindFailed::default()
            }
            .into(),
            Self::Rebind => RebindFailed {
                reason,
                ..RebindFailed::default()
            }
            .into(),
            Self::Verify => ChangeUnverified {
                reason,
                ..ChangeUnverified::default()
            }
            .into(),
            // A sweep that does not take place is a finding: those who subscribe to findings that
            // failed get it as one.
            Self::Compliance => ComplianceFinding {
                findings: reason
                    .iter()
                    .map(|reason| Finding::failed(Check::Sweep, &delivery.queue_arn, reason))
                    .collect(),
                reason,
                ..ComplianceFinding::default()
            }
            .into(),
            Self::Rotate => ClientRotationFailed {
                reason,
                ..ClientRotationFailed::default()
            }
            .into(),
        }
    }

    /// What is known of a message before it is handled. One whose limits are used up may have been
    /// given up; or every delivery of it crashes, which nothing but a mark of its begin shows.
    pub(super) async fn standing(self, base: &Base, delivery: &Delivery) -> Standing {
        if !self.is_late(base, delivery) {
            return Standing::Open;
        }
        if base.was_emitted(&Occasion::gave_up(delivery)).await {
            return Standing::Closed(Closed::GivenUp);
        }
        let before = delivery.received.saturating_sub(1);
        match crashed(base, delivery, before).await {
            Ok(true) => return Standing::Closed(Closed::Crashed),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "Lockstep could not read whether the previous delivery \
                                        crashed");
            }
        }
        mark(base, &Occasion::began(delivery, delivery.received)).await;
        Standing::Open
    }

    /// Remembers that a delivery of a message that is late did not crash.
    pub(super) async fn ended(self, base: &Base, delivery: &Delivery) {
        if self.is_late(base, delivery) {
            mark(base, &Occasion::ended(delivery, delivery.received)).await;
        }
    }

    fn is_late(self, base: &Base, delivery: &Delivery) -> bool {
        let limits = self.limits(&base.config);
        limits.are_used_up(delivery.received, delivery.age(base.now()))
    }

    /// Emits that a message goes to the dead-letter queue. Unless that is remembered, the next
    /// delivery does not know it.
    ///
    /// # Errors
    /// The bus did not take the event.
    pub(super) async fn give_up(
        self,
        base: &Base,
        delivery: &Delivery,
        failure: &Failure,
    ) -> Result<Recorded, AwsError> {
        tracing::error!(
            message_id = delivery.message_id,
            received = delivery.received,
            error = %failure,
            "Lockstep gives the message up; it goes to the dead-letter queue"
        );
        // Nothing that differs from one delivery to the next: the event's id is made of it.
        let header = named_in(base, delivery);
        let reason = format!(
            "{}. The message goes to the dead-letter queue: fix the cause, then redrive the \
             message",
            failure.reason()
        );
        let failed = self.failed(base, delivery, &header, reason).await;
        base.emit_once(&Occasion::gave_up(delivery), header, failed)
            .await
    }

    /// Says, once a message, what has to be repaired before it can be handled. Where the bus does
    /// not take the event, the next receive tries again.
    pub(super) async fn say_what_to_repair(
        self,
        base: &Base,
        delivery: &Delivery,
        failure: &Failure,
    ) {
        let said = match failure {
            Failure::Permanent {
                object: Some(object),
                ..
            } => base.announce_unreadable(object).await,
            Failure::Permanent { object: None, .. } => {
                let header = named_in(base, delivery);
                let reason = format!(
                    "{failure}. Lockstep retries the message until it is {} min old; then it goes \
                     to the dead-letter queue",
                    self.limits(&base.config).budget.as_secs() / 60
                );
                let failed = self.failed(base, delivery, &header, reason).await;
                base.emit_once(&Occasion::to_repair(delivery), header, failed)
                    .await
                    .map(drop)
            }
            Failure::Retry { .. } | Failure::Later { .. } => Ok(()),
        };
        if let Err(error) = said {
            tracing::warn!(%error, "the event about a required repair could not be emitted yet");
        }
    }
}

/// The header of an event about what a message names.
fn named_in(base: &Base, delivery: &Delivery) -> Header {
    let mut header = base.header();
    header.organization_id = named(&delivery.body, "organization");
    header.key = named(&delivery.body, "key");
    header.change_id = named(&delivery.body, "change_id");
    header
}

/// Whether the key that a message names is that of credentials. A credential's own key looks like
/// an action's: only the manifest distinguishes them, and if it cannot be read the key counts as an
/// action's.
async fn names_credential(base: &Base, named: &Header) -> bool {
    let (Some(organization), Some(key)) = (&named.organization_id, &named.key) else {
        return false;
    };
    if Subject::of(key) == Subject::CredentialSet {
        return true;
    }
    let Ok(manifests) = base.store.accepted().await else {
        return false;
    };
    manifests.of(organization).is_some_and(|accepted| {
        let manifest = &accepted.manifest;
        manifest.action(key).is_none() && credential_set_of(manifest, key).is_some()
    })
}

fn named<T: DeserializeOwned>(body: &Value, name: &str) -> Option<T> {
    serde_json::from_value(body.get(name)?.clone()).ok()
}

/// What is known of a message before it is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing that keeps it from being handled.
    Open,
    /// It is not handled any more.
    Closed(Closed),
}

/// Why a message is not handled any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// It was given up, and only comes back until the queue moves it.
    GivenUp,
    /// It is late, and its delivery before began and never ended.
    Crashed,
}

/// Whether a delivery of a message began and did not end.
async fn crashed(base: &Base, delivery: &Delivery, received: u32) -> Result<bool, AwsError> {
    let marked =
        async |occasion: Occasion<'_>| base.store.was_emitted(&Digest::of(&occasion)).await;
    Ok(marked(Occasion::began(delivery, received)).await?
        && !marked(Occasion::ended(delivery, received)).await?)
}

async fn mark(base: &Base, occasion: &Occasion<'_>) {
    if let Err(error) = base.store.mark_emitted(&Digest::of(occasion)).await {
        tracing::warn!(%error, what = occasion.what, "a delivery could not be recorded");
    }
}

/// Of what there is one event, or one mark, however often the message comes.
#[derive(Debug, Serialize)]
struct Occasion<'a> {
    queue: &'a str,
    message_id: &'a str,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<u32>,
}

impl<'a> Occasion<'a> {
    fn of(delivery: &'a Delivery, what: &'static str) -> Self {
        Self {
            queue: &delivery.queue_arn,
            message_id: &delivery.message_id,
            what,
            received: None,
        }
    }

    fn began(delivery: &'a Delivery, received: u32) -> Self {
        Self {
            received: Some(received),
            ..Self::of(delivery, "began")
        }
    }

    fn ended(delivery: &'a Delivery, received: u32) -> Self {
        Self {
            received: Some(received),
            ..Self::of(delivery, "ended")
        }
    }

    fn gave_up(delivery: &'a Delivery) -> Self {
        Self::of(delivery, "gave up")
    }

    fn to_repair(delivery: &'a Delivery) -> Self {
        Self::of(delivery, "to repair")
    }
}
