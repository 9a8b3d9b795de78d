//! A session with one Genesys Cloud organization: signed in, and sure that it is the right one.
//!
//! The client (its token, its breaker, its pacing) lives as long as the warm environment. The
//! secret it signs in with is read at every invocation, so a rotated client secret is used at once.

mod role_slot;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use genesys_cloud::{
    Action, ActionFilter, ClientCredentials, Endpoints, Genesys, IntegrationType, Settings,
};
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::{ActionId, ClientId, OrganizationId};
use lockstep_domain::manifest::Manifest;
use secrecy::ExposeSecret as _;
use tokio::sync::{Mutex, OnceCell};

pub(crate) use self::role_slot::RoleSlot;
use crate::aws::{ClientSecrets, SecretError};
use crate::deadline::Deadline;
use crate::telemetry::Metrics;

/// Who we are at Genesys Cloud, confirmed.
#[derive(Clone)]
pub struct Session {
    /// The client, bounded by the invocation's deadline.
    pub genesys: Genesys,
    /// The OAuth client we act as.
    pub client_id: ClientId,
    /// Every client that is ours: the one we act as, and the other one of its pair. A rotation
    /// changes their places, and what either did was done by us.
    pub own_clients: BTreeSet<ClientId>,
    /// The credential slot that takes a role, once it was read: it is the platform's, and does not
    /// change while an environment is warm.
    pub(crate) role_slot: Arc<OnceCell<RoleSlot>>,
    /// The types of integrations that were read; they are the platform's too.
    pub(crate) types: Types,
    /// Actions that were read all at once for many bindings, with their configs.
    pub(crate) listed: Arc<BTreeMap<ActionId, Action>>,
}

/// Types of integrations, by their ids.
pub(crate) type Types = Arc<Mutex<BTreeMap<String, IntegrationType>>>;

impl Session {
    /// The same session, with these actions read all at once. One that the list lacks is read for
    /// itself.
    ///
    /// # Errors
    /// The actions could not be listed.
    pub(crate) async fn with_actions(
        &self,
        ids: impl IntoIterator<Item = ActionId>,
    ) -> Result<Self, genesys_cloud::Error> {
        let filter = ActionFilter {
            ids: ids.into_iter().map(|id| id.to_string()).collect(),
            include_config: true,
            ..ActionFilter::default()
        };
        let listed = self.genesys.list_actions(&filter).await?.into_iter();
        let listed = listed.filter_map(|action| Some((action.id.parse().ok()?, action)));
        Ok(Self {
            listed: Arc::new(listed.collect()),
            ..self.clone()
        })
    }

    /// One published action with its config; `None` where there is none.
    ///
    /// # Errors
    /// It could not be read.
    pub(crate) async fn action(
        &self,
        id: &ActionId,
    ) -> Result<Option<Action>, genesys_cloud::Error> {
        match self.listed.get(id) {
            Some(listed) => Ok(Some(listed.clone())),
            None => self.genesys.get_action(id.as_str()).await,
        }
    }

    /// The same session, bounded by another deadline.
    pub(crate) fn until(&self, deadline: Deadline) -> Self {
        Self {
            genesys: self.genesys.with_deadline(deadline.instant()),
            ..self.clone()
        }
    }

    /// The credential slot of an integration that takes a role; read once per environment.
    ///
    /// # Errors
    /// The integration type could not be read.
    pub(crate) async fn role_slot(&self) -> Result<&RoleSlot, genesys_cloud::Error> {
        let read = || RoleSlot::read(&self.genesys);
        self.role_slot.get_or_try_init(read).await
    }

    /// A type of integrations; read once per environment.
    ///
    /// # Errors
    /// It could not be read.
    pub(crate) async fn integration_type(
        &self,
        id: &str,
    ) -> Result<Option<IntegrationType>, genesys_cloud::Error> {
        let mut types = self.types.lock().await;
        if let Some(known) = types.get(id) {
            return Ok(Some(known.clone()));
        }
        let read = self.genesys.integration_type(id).await?;
        if let Some(kind) = &read {
            types.insert(id.to_owned(), kind.clone());
        }
        Ok(read)
    }
}

/// Why there is no session. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The client's secret could not be read, or is not of the right shape.
    #[error("the OAuth client's secret could not be used")]
    Secret(#[from] SecretError),
    /// The client's id is not one.
    #[error("the secret's client_id is not an id")]
    ClientId,
    /// Genesys Cloud refused, or did not answer.
    #[error("sign-in to Genesys Cloud failed")]
    Genesys(#[from] genesys_cloud::Error),
    /// The client belongs to another organization than the manifest names.
    #[error(
        "the OAuth client belongs to the organization {found}, but the manifest is for {expected}; \
         correct `organization.id` or `organization.client_secret`"
    )]
    WrongOrganization {
        /// The manifest's.
        expected: OrganizationId,
        /// The answer of `/organizations/me`.
        found: String,
    },
}

impl SessionError {
    /// Whether the same call may succeed later without a repair.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Secret(error) => error.is_transient(),
            Self::Genesys(error) => error.is_transient(),
            Self::ClientId | Self::WrongOrganization { .. } => false,
        }
    }
}

/// The clients of the warm environment, one per organization and credential, each confirmed to
/// belong to its organization.
#[derive(Debug)]
pub struct Sessions {
    settings: Settings,
    per_minute: AtomicU32,
    confirmed: Mutex<BTreeMap<OrganizationId, Confirmed>>,
}

#[derive(Debug)]
struct Confirmed {
    /// Of endpoints, client id and secret; the secret itself is not kept here.
    credentials: Digest,
    genesys: Genesys,
    pub(crate) role_slot: Arc<OnceCell<RoleSlot>>,
    types: Types,
}

impl Sessions {
    /// None yet; clients are made with these settings.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            per_minute: AtomicU32::new(settings.requests_per_minute),
            settings,
            confirmed: Mutex::default(),
        }
    }

    /// How a client is made.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            requests_per_minute: self.per_minute.load(Ordering::Relaxed),
            ..self.settings.clone()
        }
    }

    /// Allows each client this many requests a minute from now on.
    pub(crate) async fn allow_per_minute(&self, requests: u32) {
        if self.per_minute.swap(requests, Ordering::Relaxed) == requests {
            return;
        }
        for confirmed in self.confirmed.lock().await.values() {
            confirmed.genesys.allow_per_minute(requests);
        }
    }

    /// Signs in to the manifest's organization and confirms that it is the one.
    ///
    /// # Errors
    /// See [`SessionError`]. Nothing is written by this.
    pub(crate) async fn sign_in(
        &self,
        secrets: &ClientSecrets,
        metrics: &Metrics,
        manifest: &Manifest,
        deadline: Deadline,
    ) -> Result<Session, SessionError> {
        let organization = &manifest.organization;
        let secret = secrets.genesys_client(&organization.client_secret).await?;
        let id = |text: &str| text.parse::<ClientId>().map_err(|_| SessionError::ClientId);
        let client_id = id(&secret.client_id)?;
        let mut own_clients = BTreeSet::from([client_id.clone()]);
        if let Some(alternate) = &secret.alternate_client_id {
            own_clients.insert(id(alternate)?);
        }
        let credentials = Digest::of(&(
            organization.api_url.as_str(),
            organization.login_url.as_str(),
            &secret.client_id,
            secret.client_secret.expose_secret(),
        ));
        let mut sessions = self.confirmed.lock().await;
        if let Some(known) = sessions.get(&organization.id)
            && known.credentials == credentials
        {
            return Ok(Session {
                genesys: known.genesys.with_deadline(deadline.instant()),
                client_id,
                own_clients,
                role_slot: Arc::clone(&known.role_slot),
                types: Arc::clone(&known.types),
                listed: Arc::default(),
            });
        }
        let genesys = Genesys::new(
            Endpoints {
                api: organization.api_url.clone(),
                login: organization.login_url.clone(),
            },
            ClientCredentials {
                client_id: secret.client_id,
                client_secret: secret.client_secret,
            },
            self.settings(),
        )?;
        let confirmed = confirm(&genesys.with_deadline(deadline.instant()), &organization.id).await;
        // A client that is not kept takes its counts with it.
        metrics.genesys(&genesys.take_stats());
        confirmed?;
        let session = Session {
            genesys: genesys.with_deadline(deadline.instant()),
            client_id,
            own_clients,
            role_slot: Arc::default(),
            types: Types::default(),
            listed: Arc::default(),
        };
        sessions.insert(
            organization.id.clone(),
            Confirmed {
                credentials,
                genesys,
                role_slot: Arc::clone(&session.role_slot),
                types: Arc::clone(&session.types),
            },
        );
        Ok(session)
    }

    /// What each client did since the last call.
    pub async fn take_stats(&self) -> Vec<genesys_cloud::Stats> {
        let sessions = self.confirmed.lock().await;
        sessions
            .values()
            .map(|confirmed| confirmed.genesys.take_stats())
            .collect()
    }
}

async fn confirm(genesys: &Genesys, expected: &OrganizationId) -> Result<(), SessionError> {
    let found = genesys.organization_me().await?.id;
    if found == expected.as_str() {
        return Ok(());
    }
    Err(SessionError::WrongOrganization {
        expected: expected.clone(),
        found,
    })
}
