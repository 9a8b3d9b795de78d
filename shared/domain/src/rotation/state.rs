//! What is remembered of the rotations of one secret. Never a secret.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Force, Head, OwnCall, RotationTarget, Strategy};
use crate::arn::SecretArn;
use crate::digest::Digest;
use crate::ids::{ClientId, OrganizationId};

/// The layout of a [`RotationState`].
const SCHEMA: u32 = 1;

/// Own calls that are remembered; the oldest are forgotten first, which can only make a later
/// rotation more careful.
const MOST_OWN_CALLS: usize = 64;

/// What Lockstep remembers of the rotations of one secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationState {
    /// The layout of this object.
    pub schema: u32,
    /// The organization.
    pub organization: OrganizationId,
    /// The secret.
    pub secret: SecretArn,
    /// The rotation under way, or the latest one.
    pub rotation: Option<Rotation>,
    /// The one before it.
    pub last: Option<Ended>,
    /// The client that AWSCURRENT last moved away from.
    #[serde(rename = "left")]
    pub previous_client: Option<PreviousClient>,
    /// Calls that we made to try clients.
    #[serde(default)]
    pub own_calls: Vec<OwnCall>,
    /// The end of the chain of evidence.
    pub evidence: Option<Head>,
    /// The failure that was emitted last, so that a repeated one is emitted once.
    #[serde(default, rename = "told")]
    pub emitted_failure: Option<EmittedFailure>,
}

/// One rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// Secrets Manager's token, which is the new version's id.
    pub token: String,
    /// The version that was current when it began.
    pub current_version: String,
    /// How it goes about it.
    pub strategy: Strategy,
    /// The client that will be current.
    pub client: ClientId,
    /// The previous client; the same one where there is only one.
    pub leaves: ClientId,
    /// The client that acted.
    pub actor: ClientId,
    /// When it was recorded.
    pub begun_at: Timestamp,
    /// Until when nobody else may work on it.
    pub lease_until: Option<Timestamp>,
    /// When the latest reset was begun.
    pub resetting_at: Option<Timestamp>,
    /// How many resets were begun.
    pub resets: u32,
    /// When the new secret was made.
    pub reset_at: Option<Timestamp>,
    /// When it was tested.
    pub tested_at: Option<Timestamp>,
    /// When the move of the label was begun.
    pub moving_at: Option<Timestamp>,
    /// When the label was seen moved.
    pub moved_at: Option<Timestamp>,
    /// Whether *Client Rotated* was emitted.
    pub announced: bool,
    /// Until when the tag forced it, where it was forced.
    pub forced_until: Option<Timestamp>,
    /// What a reader should know.
    #[serde(default)]
    pub notices: Vec<String>,
}

/// A failure that was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmittedFailure {
    /// Of its words.
    pub digest: Digest,
    /// When.
    pub at: Timestamp,
}

/// A rotation that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its token.
    pub token: String,
    /// The client that it was to make current.
    pub client: ClientId,
    /// When it began.
    pub begun_at: Timestamp,
    /// When its label moved; `None` where it was given up.
    pub moved_at: Option<Timestamp>,
}

/// A client that is no longer current.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousClient {
    /// Which.
    pub client: ClientId,
    /// Since when.
    pub since: Timestamp,
}

/// Somebody else is at work until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// The end of their lease.
    pub until: Timestamp,
}

impl RotationState {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(organization: OrganizationId, secret: SecretArn) -> Self {
        Self {
            schema: SCHEMA,
            organization,
            secret,
            rotation: None,
            last: None,
            previous_client: None,
            own_calls: Vec::new(),
            evidence: None,
            emitted_failure: None,
        }
    }

    /// Why the object can't be acted on, if it can't.
    #[must_use]
    pub fn problem(&self, organization: &OrganizationId, secret: &SecretArn) -> Option<String> {
        if self.schema != SCHEMA {
            let schema = self.schema;
            return Some(format!(
                "its schema is {schema}; this function reads {SCHEMA}"
            ));
        }
        (self.organization != *organization || self.secret != *secret).then(|| {
            format!(
                "it is the record of {} in {}",
                self.secret, self.organization
            )
        })
    }

    /// The rotation of a token, if it is the latest.
    #[must_use]
    pub fn of(&self, token: &str) -> Option<&Rotation> {
        self.rotation.as_ref().filter(|one| one.token == token)
    }

    /// The same, to change it.
    pub fn of_mut(&mut self, token: &str) -> Option<&mut Rotation> {
        self.rotation.as_mut().filter(|one| one.token == token)
    }

    /// Until when somebody works on any rotation of the secret: two resets at once would leave a
    /// dead secret under AWSPENDING.
    ///
    /// # Errors
    /// Somebody does.
    pub fn is_free(&self, now: Timestamp) -> Result<(), Busy> {
        match self.rotation.as_ref().and_then(|one| one.lease_until) {
            Some(until) => match until.cmp(&now) {
                Ordering::Greater => Err(Busy { until }),
                Ordering::Equal | Ordering::Less => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Takes the rotation of a token on until `lease_until`, beginning it if it is new. A rotation
    /// of another token is over then.
    ///
    /// # Errors
    /// Somebody else works on it.
    pub fn claim(
        &mut self,
        token: &str,
        current_version: &str,
        target: &RotationTarget,
        actor: &ClientId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<(), Busy> {
        self.is_free(now)?;
        if let Some(known) = self.of_mut(token) {
            known.lease_until = Some(lease_until);
            known.actor = actor.clone();
            return Ok(());
        }
        let begun = Rotation {
            token: token.to_owned(),
            current_version: current_version.to_owned(),
            strategy: target.strategy,
            client: target.rotates.clone(),
            leaves: target.leaves.clone(),
            actor: actor.clone(),
            begun_at: now,
            lease_until: Some(lease_until),
            resetting_at: None,
            resets: 0,
            reset_at: None,
            tested_at: None,
            moving_at: None,
            moved_at: None,
            announced: false,
            forced_until: None,
            notices: Vec::new(),
        };
        if let Some(before) = self.rotation.replace(begun) {
            self.last = Some(Ended {
                token: before.token,
                client: before.client,
                begun_at: before.begun_at,
                moved_at: before.moved_at,
            });
        }
        Ok(())
    }

    /// Notes, before it is sent, that the rotation of a token resets its client.
    pub fn begin_reset(&mut self, token: &str, now: Timestamp, force: Force, notices: Vec<String>) {
        if let Some(known) = self.of_mut(token) {
            known.resetting_at = Some(now);
            known.resets += 1;
            known.forced_until = force.until();
            known.notices = notices;
        }
    }

    /// Notes, before it is sent, that the label moves to the version of a token.
    pub fn begin_move(&mut self, token: &str, target: &RotationTarget, now: Timestamp) {
        if let Some(known) = self.of_mut(token) {
            known.moving_at = Some(now);
        }
        if target.strategy == Strategy::Pair {
            // From when it was begun: use in between is use of the client that was current.
            self.previous_client = Some(PreviousClient {
                client: target.leaves.clone(),
                since: now,
            });
        }
    }

    /// The rotation to the current version, where its event was not emitted: its run died before.
    #[must_use]
    pub fn unannounced(&self, current: Option<&str>) -> Option<&Rotation> {
        self.of(current?).filter(|known| !known.announced)
    }

    /// Gives the lease of a token back.
    pub fn release(&mut self, token: &str) {
        if let Some(known) = self.of_mut(token) {
            known.lease_until = None;
        }
    }

    /// Remembers a call of our own.
    pub fn note_call(&mut self, call: OwnCall) {
        self.own_calls.push(call);
        let surplus = self.own_calls.len().saturating_sub(MOST_OWN_CALLS);
        self.own_calls.drain(..surplus);
    }
}

impl Rotation {
    /// Notes that the label has moved; answers whether that was not known. Where the run that moved it
    /// did not live to say so, the moment it began is the best that is known, and the more careful one
    /// for a pair; for a single client the gap ends only now.
    pub fn saw_moved(&mut self, now: Timestamp) -> bool {
        if self.moved_at.is_some() {
            return false;
        }
        self.moved_at = Some(match self.strategy {
            Strategy::Pair => self.moving_at.unwrap_or(now),
            Strategy::Single => now,
        });
        true
    }

    /// For how many seconds no secret of the client worked; `None` for a pair, which has no gap,
    /// and while it is not over.
    #[must_use]
    pub fn gap_seconds(&self) -> Option<u64> {
        let from = match self.strategy {
            Strategy::Pair => None,
            Strategy::Single => self.reset_at,
        }?;
        let gap = self.moved_at?.duration_since(from).as_secs_f64().ceil();
        // Rounded up: less than a second is a gap too.
        Some(if gap <= 1.0 { 1 } else { gap as u64 })
    }
}
