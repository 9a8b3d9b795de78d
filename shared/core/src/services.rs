//! What each function reaches: one struct a function, with no more adapters than its IAM policy
//! allows. It is made once per warm environment.
//!
//! What several functions share is in a struct of its own, to which theirs dereference, so that shared
//! code says how much it needs: [`Base`] to read what is accepted and to emit events, [`Observer`] to
//! observe bindings in AWS, [`Binder`] to work at Genesys Cloud and to record it. A test compares the
//! fields with the policies of `template.yaml`, in both directions.

mod base;
mod edge;

use std::ops::Deref;

use lockstep_domain::manifest::Manifest;

use crate::aws;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::genesys::{Session, SessionError, Sessions};
use crate::outside::Outside;
use crate::store::{
    EvidenceLog, Objects, Reports, RoleMarkWriter, RoleMarks, Rotations, StateWriter, States,
    Sweeps, Uploads,
};

pub use base::{Base, Recorded};
pub use edge::Edge;

/// What the Lambda edge needs of a function's services.
pub trait Services: Sized {
    /// Which function it is.
    const EDGE: Edge;

    /// From a configuration, through the given ways out; an SDK's configuration alone means HTTPS to
    /// Genesys Cloud and the system's clock.
    fn new(config: Config, outside: impl Into<Outside>) -> Self;

    /// What every function has.
    fn base(&self) -> &Base;

    /// The queue that its messages come from, if it has one.
    fn queue(&self) -> Option<&aws::OwnQueue>;

    /// Its sessions with Genesys Cloud, if it signs in.
    fn sessions(&self) -> Option<&Sessions>;
}

/// To observe bindings in AWS, as a function behind a queue does.
pub struct Observer {
    base: Base,
    /// IAM roles.
    pub roles: aws::Roles,
    /// The state of bindings.
    pub states: States,
    queue: aws::OwnQueue,
}

/// To work on bindings at Genesys Cloud, and to record it.
pub struct Binder {
    observer: Observer,
    /// Who we are signed in as, for as long as the environment is warm.
    pub sessions: Sessions,
    /// The OAuth clients that secrets hold.
    pub client_secrets: aws::ClientSecrets,
    /// Writes the state of bindings.
    pub state_writer: StateWriter,
    /// The records of what was done.
    pub evidence: EvidenceLog,
}

/// What `provision-role` reaches.
pub struct Provision {
    observer: Observer,
    /// Writes roles.
    pub role_writer: aws::RoleWriter,
    /// Writes when roles were changed.
    pub role_mark_writer: RoleMarkWriter,
    /// The uploaded manifests.
    pub uploads: Uploads,
    /// The queue of `rebind-action`.
    pub rebind_queue: aws::RebindQueue,
}

/// What `rebind-action` reaches.
pub struct Rebind {
    binder: Binder,
    /// The secrets whose values integration credentials carry.
    pub credential_secrets: aws::CredentialSecrets,
    /// Functions that actions call.
    pub functions: aws::Functions,
    /// When roles were changed.
    pub role_marks: RoleMarks,
    /// The queue of `verify-change`.
    pub verify_queue: aws::VerifyQueue,
}

/// What `verify-change` reaches.
pub struct Verify {
    binder: Binder,
}

/// What `check-compliance` reaches.
pub struct Compliance {
    binder: Binder,
    /// States and resource policies of the functions that actions call.
    pub functions: aws::FunctionSettings,
    /// The versions of secrets.
    pub secret_versions: aws::SecretVersions,
    /// The resource policies of secrets.
    pub secret_policies: aws::SecretPolicies,
    /// KMS, for the keys of secrets.
    pub keys: aws::Keys,
    /// When roles were changed.
    pub role_marks: RoleMarks,
    /// What is remembered of sweeps.
    pub sweeps: Sweeps,
    /// The reports of sweeps.
    pub reports: Reports,
    /// The queue of `rebind-action`.
    pub rebind_queue: aws::RebindQueue,
    /// Whether bindings wait in it.
    pub waiting_bindings: aws::WaitingBindings,
}

/// What `rotate-client` reaches.
pub struct Rotate {
    base: Base,
    /// Who we are signed in as, for as long as the environment is warm.
    pub sessions: Sessions,
    /// The OAuth clients that secrets hold.
    pub client_secrets: aws::ClientSecrets,
    /// Writes the secrets of OAuth clients.
    pub client_secret_writer: aws::ClientSecretWriter,
    /// The versions of secrets.
    pub secret_versions: aws::SecretVersions,
    /// What is remembered of rotations.
    pub rotations: Rotations,
    /// The records of what was done.
    pub evidence: EvidenceLog,
}

/// Makes a struct dereference to the smaller one that it contains.
macro_rules! extends {
    ($($larger:ident.$field:ident: $smaller:ident),+ $(,)?) => {
        $(impl Deref for $larger {
            type Target = $smaller;

            fn deref(&self) -> &$smaller {
                &self.$field
            }
        })+
    };
}

extends! {
    Observer.base: Base,
    Binder.observer: Observer,
    Provision.observer: Observer,
    Rebind.binder: Binder,
    Verify.binder: Binder,
    Compliance.binder: Binder,
    Rotate.base: Base,
}

impl Observer {
    fn new(base: Base, outside: &Outside, objects: &Objects) -> Self {
        Self {
            roles: aws::Roles::new(&outside.aws),
            states: States::new(objects),
            queue: aws::OwnQueue::new(&outside.aws, &base.config),
            base,
        }
    }
}

impl Binder {
    fn new(base: Base, outside: &Outside, objects: &Objects) -> Self {
        Self {
            sessions: Sessions::new(outside.client_settings(base.config.requests)),
            observer: Observer::new(base, outside, objects),
            client_secrets: aws::ClientSecrets::new(&outside.aws),
            state_writer: StateWriter::new(objects),
            evidence: EvidenceLog::new(objects),
        }
    }

    /// Signs in to the manifest's organization and confirms that it is the one.
    ///
    /// # Errors
    /// See [`SessionError`]. Nothing is written by this.
    pub async fn sign_in(
        &self,
        manifest: &Manifest,
        deadline: Deadline,
    ) -> Result<Session, SessionError> {
        let signed_in =
            self.sessions
                .sign_in(&self.client_secrets, &self.metrics, manifest, deadline);
        signed_in.await
    }
}

impl Rotate {
    /// Signs in to the manifest's organization and confirms that it is the one.
    ///
    /// # Errors
    /// See [`SessionError`]. Nothing is written by this.
    pub async fn sign_in(
        &self,
        manifest: &Manifest,
        deadline: Deadline,
    ) -> Result<Session, SessionError> {
        let signed_in =
            self.sessions
                .sign_in(&self.client_secrets, &self.metrics, manifest, deadline);
        signed_in.await
    }
}

impl Services for Provision {
    const EDGE: Edge = Edge::Provision;

    fn new(config: Config, outside: impl Into<Outside>) -> Self {
        let (outside, objects, base) = basis(config, outside);
        Self {
            role_writer: aws::RoleWriter::new(&outside.aws),
            role_mark_writer: RoleMarkWriter::new(&objects),
            uploads: Uploads::new(&base.store),
            rebind_queue: aws::RebindQueue::new(&outside.aws, &base.config),
            observer: Observer::new(base, &outside, &objects),
        }
    }

    fn base(&self) -> &Base {
        self
    }

    fn queue(&self) -> Option<&aws::OwnQueue> {
        Some(&self.queue)
    }

    fn sessions(&self) -> Option<&Sessions> {
        None
    }
}

impl Services for Rebind {
    const EDGE: Edge = Edge::Rebind;

    fn new(config: Config, outside: impl Into<Outside>) -> Self {
        let (outside, objects, base) = basis(config, outside);
        Self {
            credential_secrets: aws::CredentialSecrets::new(&outside.aws),
            functions: aws::Functions::new(&outside.aws),
            role_marks: RoleMarks::new(&objects),
            verify_queue: aws::VerifyQueue::new(&outside.aws, &base.config),
            binder: Binder::new(base, &outside, &objects),
        }
    }

    fn base(&self) -> &Base {
        self
    }

    fn queue(&self) -> Option<&aws::OwnQueue> {
        Some(&self.queue)
    }

    fn sessions(&self) -> Option<&Sessions> {
        Some(&self.sessions)
    }
}

impl Services for Verify {
    const EDGE: Edge = Edge::Verify;

    fn new(config: Config, outside: impl Into<Outside>) -> Self {
        let (outside, objects, base) = basis(config, outside);
        Self {
            binder: Binder::new(base, &outside, &objects),
        }
    }

    fn base(&self) -> &Base {
        self
    }

    fn queue(&self) -> Option<&aws::OwnQueue> {
        Some(&self.queue)
    }

    fn sessions(&self) -> Option<&Sessions> {
        Some(&self.sessions)
    }
}

impl Services for Compliance {
    const EDGE: Edge = Edge::Compliance;

    fn new(config: Config, outside: impl Into<Outside>) -> Self {
        let (outside, objects, base) = basis(config, outside);
        Self {
            functions: aws::FunctionSettings::new(&outside.aws),
            secret_versions: aws::SecretVersions::new(&outside.aws),
            secret_policies: aws::SecretPolicies::new(&outside.aws),
            keys: aws::Keys::new(&outside.aws),
            role_marks: RoleMarks::new(&objects),
            sweeps: Sweeps::new(&objects),
            reports: Reports::new(&objects),
            rebind_queue: aws::RebindQueue::new(&outside.aws, &base.config),
            waiting_bindings: aws::WaitingBindings::new(&outside.aws, &base.config),
            binder: Binder::new(base, &outside, &objects),
        }
    }

    fn base(&self) -> &Base {
        self
    }

    fn queue(&self) -> Option<&aws::OwnQueue> {
        Some(&self.queue)
    }

    fn sessions(&self) -> Option<&Sessions> {
        Some(&self.sessions)
    }
}

impl Services for Rotate {
    const EDGE: Edge = Edge::Rotate;

    fn new(config: Config, outside: impl Into<Outside>) -> Self {
        let (outside, objects, base) = basis(config, outside);
        Self {
            sessions: Sessions::new(outside.client_settings(base.config.requests)),
            client_secrets: aws::ClientSecrets::new(&outside.aws),
            client_secret_writer: aws::ClientSecretWriter::new(&outside.aws),
            secret_versions: aws::SecretVersions::new(&outside.aws),
            rotations: Rotations::new(&objects),
            evidence: EvidenceLog::new(&objects),
            base,
        }
    }

    fn base(&self) -> &Base {
        self
    }

    fn queue(&self) -> Option<&aws::OwnQueue> {
        None
    }

    fn sessions(&self) -> Option<&Sessions> {
        Some(&self.sessions)
    }
}

/// What every function's services begin with.
fn basis(config: Config, outside: impl Into<Outside>) -> (Outside, Objects, Base) {
    let outside = outside.into();
    let objects = Objects::new(&outside, &config);
    let base = Base::new(config, &outside, &objects);
    (outside, objects, base)
}
