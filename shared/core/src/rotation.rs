//! Carries the steps of a rotation out: Secrets Manager calls, Genesys Cloud resets.
//! `lockstep_domain::rotation` decides what a step has to do; this module does it. Before the
//! first write to the world the rotation is recorded, with a lease: Secrets Manager may deliver a
//! step twice, and two resets at once would leave a dead secret under AWSPENDING.
//!
//! **Who retries.** Secrets Manager: it repeats a rotation of which a step failed, with the same
//! token, several times. So every failure is an error to it. What can pass (Genesys Cloud or AWS
//! unreachable, a lease, a secret that has not settled) is an error and nothing more; that a
//! rotation was given up over it is seen by the function's alarm, and by whoever looks for an old
//! AWSPENDING. What can't pass is announced as *Client Rotation Failed*, once for each reason.

mod create;
mod events;
mod finish;
mod named;
mod repair;
mod test_secret;
mod trial;
mod usage;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::manifest::Manifest;
use lockstep_domain::rotation::{
    self, CURRENT, Pair, Pending, Plan, RotationRefusal, RotationState, RotationTarget,
    STRATEGY_TAG, Seen,
};
use serde_json::json;

use crate::aws::{AwsError, GenesysClient, SecretError, SecretMetadata, StoredClient};
use crate::genesys::SessionError;
use crate::manifest_upload;
use crate::response::Answer;
use crate::runtime::{Deadline, Failure};
use crate::services::Rotate;
use crate::store::{Manifests, StoreError, Versioned};
use crate::trigger::StepRequest;

pub use repair::{RepairReport, repair};

/// Kept beyond an invocation's own deadline, after which Lambda has ended it for sure.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// Why a step was not done.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It must not be done.
    Refused(RotationRefusal),
    /// It could not be done.
    Failed(Failure),
}

impl From<RotationRefusal> for Trouble {
    fn from(refusal: RotationRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<AwsError> for Trouble {
    fn from(error: AwsError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// A failure to sign in.
fn of_session(error: &SessionError) -> Failure {
    let text = crate::runtime::chain(error);
    if error.is_transient() {
        Failure::retry("sign_in", text)
    } else {
        Failure::permanent("sign_in", text)
    }
}

fn of_genesys(error: &genesys_cloud::Error) -> Failure {
    if error.is_transient() {
        Failure::retry("genesys", error)
    } else {
        Failure::permanent("genesys", error)
    }
}

/// One step of one rotation, with all that was read for it.
pub(crate) struct Rotating<'a> {
    pub(crate) world: &'a Rotate,
    pub(crate) request: &'a StepRequest,
    pub(crate) deadline: Deadline,
    pub(crate) metadata: SecretMetadata,
    pub(crate) manifests: &'a Manifests,
    pub(crate) manifest: &'a Manifest,
    pub(crate) current: Option<StoredClient>,
    pub(crate) pending: Option<StoredClient>,
    pub(crate) state: Versioned<RotationState>,
    /// Whether the lease is ours.
    pub(crate) claimed: bool,
}

/// Carries one step out.
///
/// # Errors
/// It was not done. See the module for who retries.
pub async fn step(
    world: &Rotate,
    request: &StepRequest,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    let done = attempt(world, request, deadline).await;
    if let Err(failure) = &done
        && let Some(object) = failure.object()
    {
        world.announce_unreadable(object).await?;
    }
    done
}

async fn attempt(
    world: &Rotate,
    request: &StepRequest,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    let manifests = world.store.accepted().await?;
    let Some(metadata) = world.secrets.metadata(&request.secret).await? else {
        let message = format!("the secret {} does not exist or is deleted", request.secret);
        return Err(Failure::permanent("not_found", message));
    };
    let manifest = match named::naming(&manifests, &request.secret) {
        Ok(manifest) => manifest,
        Err(refusal) => {
            if matches!(refusal, RotationRefusal::ManifestUnreadable { .. }) {
                manifest_upload::announce_unreadable(world, &manifests).await?;
            }
            return Err(events::nowhere(world, request, &metadata, &refusal).await);
        }
    };
    let mut rotating =
        Rotating::new(world, request, deadline, metadata, &manifests, manifest).await?;
    let done = rotating.work().await;
    rotating.end(done).await
}

/// The ids in a value; `None` where they are none.
pub(crate) fn pair(client: &GenesysClient) -> Option<Pair> {
    let alternate = match &client.alternate_client_id {
        Some(id) => Some(id.parse().ok()?),
        None => None,
    };
    Some(Pair {
        client: client.client_id.parse().ok()?,
        alternate,
    })
}

impl<'a> Rotating<'a> {
    pub(crate) async fn new(
        world: &'a Rotate,
        request: &'a StepRequest,
        deadline: Deadline,
        metadata: SecretMetadata,
        manifests: &'a Manifests,
        manifest: &'a Manifest,
    ) -> Result<Self, Failure> {
        let organization = &manifest.organization.id;
        let state = world.rotations.load(organization, &request.secret).await?;
        Ok(Self {
            world,
            request,
            deadline,
            metadata,
            manifests,
            manifest,
            current: None,
            pending: None,
            state,
            claimed: false,
        })
    }

    /// Reads, decides, and does it; answers what was done.
    pub(crate) async fn work(&mut self) -> Result<String, Trouble> {
        let request = self.request;
        if self.is_current() {
            return self.announce(request.token.as_str()).await;
        }
        self.announce_earlier().await?;
        let pending = self.read().await?;
        let current = self
            .current
            .as_ref()
            .and_then(|stored| pair(&stored.client));
        let seen = Seen {
            labels: &self.metadata.labels,
            token: self.request.token.as_str(),
            step: self.request.step,
            current: current.as_ref(),
            pending: &pending,
            single: self.metadata.tags.get(STRATEGY_TAG).map(String::as_str) == Some("single"),
        };
        match rotation::plan(&seen, self.state.value.rotation.as_ref())? {
            Plan::Announce => self.announce(request.token.as_str()).await,
            Plan::Done => Ok(match self.request.step {
                rotation::RotationStep::Create => "the value is already stored".to_owned(),
                rotation::RotationStep::Set
                | rotation::RotationStep::Test
                | rotation::RotationStep::Finish => {
                    "nothing to set: the reset already set the secret in Genesys Cloud".to_owned()
                }
            }),
            Plan::Reset(target) => self.reset(&target).await,
            Plan::Try(target) => self.prove(&target).await,
            Plan::Trial(target) => self.try_current(&target).await,
            Plan::Move { from, target } => self.finish(&from, &target).await,
        }
    }

    fn is_current(&self) -> bool {
        let labels = self
            .metadata
            .labels
            .versions
            .get(self.request.token.as_str());
        self.metadata.labels.rotation_enabled
            && labels.is_some_and(|labels| labels.contains(CURRENT))
    }

    /// Reads both values, each by its version, so that value and version belong together.
    async fn read(&mut self) -> Result<Pending, Trouble> {
        let (secrets, secret) = (&self.world.client_secrets, &self.request.secret);
        let labels = &self.metadata.labels;
        if let Some(version) = labels.current() {
            self.current = readable(secrets.client_of_version(secret, version).await)?.flatten();
        }
        if !labels.versions.contains_key(self.request.token.as_str()) {
            return Ok(Pending::Empty);
        }
        let found = secrets
            .client_of_version(secret, self.request.token.as_str())
            .await;
        Ok(match readable(found)? {
            None => Pending::Unreadable,
            Some(None) => Pending::Empty,
            Some(Some(stored)) if self.current.as_ref().is_some_and(|it| it.equals(&stored)) => {
                Pending::Current
            }
            Some(Some(stored)) => match pair(&stored.client) {
                None => Pending::Unreadable,
                Some(pair) => {
                    self.pending = Some(stored);
                    Pending::Value(pair)
                }
            },
        })
    }

    /// Takes the rotation on, recorded, before anything is written to the world.
    pub(crate) async fn claim(
        &mut self,
        target: &RotationTarget,
        actor: &lockstep_domain::ids::ClientId,
    ) -> Result<(), Trouble> {
        let now = self.world.now();
        let lease = now
            .saturating_add(signed(self.deadline.remaining() + LEASE_MARGIN))
            .unwrap_or(Timestamp::MAX);
        let current = self.metadata.labels.current().unwrap_or_default();
        let claimed = self.state.value.claim(
            self.request.token.as_str(),
            current,
            target,
            actor,
            now,
            lease,
        );
        if let Err(busy) = claimed {
            let wait = busy.until.duration_since(now);
            let wait = Duration::try_from(wait).unwrap_or_default();
            let why = "another invocation is working on a rotation of this secret";
            return Err(Failure::later(wait + Duration::from_secs(1), why).into());
        }
        self.save().await?;
        self.claimed = true;
        Ok(())
    }

    pub(crate) async fn save(&mut self) -> Result<(), Trouble> {
        Ok(self.world.rotations.save(&mut self.state).await?)
    }

    /// Changes what is recorded of this rotation.
    pub(crate) fn record(&mut self, change: impl FnOnce(&mut rotation::Rotation)) {
        let request = self.request;
        self.record_of(request.token.as_str(), change);
    }

    /// Changes what is recorded of the rotation of a token.
    pub(crate) fn record_of(&mut self, token: &str, change: impl FnOnce(&mut rotation::Rotation)) {
        if let Some(known) = self.state.value.of_mut(token) {
            change(known);
        }
    }

    /// Emits a failure, releases the lease, and answers.
    pub(crate) async fn end(mut self, done: Result<String, Trouble>) -> Result<Answer, Failure> {
        let emitted = match &done {
            Ok(_) => Ok(false),
            Err(trouble) => self.emit_failure(trouble).await,
        };
        // The emitted failure is saved with it.
        self.claimed |= matches!(emitted, Ok(true));
        self.give_back().await;
        emitted?;
        match done {
            Ok(done) => Ok(self.answer(&done)),
            Err(Trouble::Refused(refusal)) => Err(events::failure(self.request, &refusal)),
            Err(Trouble::Failed(failure)) => Err(failure),
        }
    }

    /// Gives the lease back, and saves what was noted since.
    pub(crate) async fn give_back(&mut self) {
        if !self.claimed {
            return;
        }
        self.state.value.release(self.request.token.as_str());
        self.claimed = false;
        if let Err(error) = self.world.rotations.save(&mut self.state).await {
            // The lease expires, and a failure is emitted twice rather than never.
            tracing::warn!(%error, "the end of the rotation could not be recorded");
        }
    }

    fn answer(&self, done: &str) -> Answer {
        Answer::Report(json!({
            "secret": self.request.secret,
            "version_id": self.request.token,
            "step": self.request.step,
            "done": done,
        }))
    }

    /// Waits for a moment, where the invocation has the time; else it is too early.
    pub(crate) async fn wait_until(&self, moment: Timestamp, what: &str) -> Result<(), Trouble> {
        /// What has to be left for what comes after.
        const NEEDED: Duration = Duration::from_secs(20);
        let wait = moment.duration_since(self.world.now());
        let Ok(wait) = Duration::try_from(wait) else {
            // It has passed.
            return Ok(());
        };
        if wait + NEEDED > self.deadline.remaining() {
            return Err(Failure::later(wait, what).into());
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// A value that is there and not of the right shape is `None`; quoting it would be a leak.
fn readable<T>(found: Result<T, SecretError>) -> Result<Option<T>, Trouble> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(SecretError::Shape { .. }) => Ok(None),
        Err(SecretError::Aws(error)) => Err(error.into()),
    }
}

pub(crate) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
