//! Everything the simulated organization holds. Handlers change it under one lock.

use std::collections::HashMap;
use std::sync::Arc;

use clock::Clock;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::actions::Action;
use crate::audit_log::AuditLog;
use crate::aws::Aws;
use crate::calls::Calls;
use crate::credentials::Credential;
use crate::error::ApiError;
use crate::faults::Fault;
use crate::ids::Ids;
use crate::in_process::WebServices;
use crate::integrations::Integration;
use crate::limits::Limits;
use crate::oauth_clients::OAuthState;
use crate::request::Request;
use crate::routes::Handle;
use crate::switches::Switches;
use crate::web_service::KeptAnswer;

/// How long an integration takes to become active or inactive, unless set otherwise.
const ACTIVATION: SignedDuration = SignedDuration::from_millis(200);

/// The simulated organization and what the control API has set.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) organization_id: String,
    pub(crate) organization_name: String,
    pub(crate) aws: Option<Aws>,
    pub(crate) web_services: Option<Arc<dyn WebServices>>,
    pub(crate) ids: Ids,
    clock: Clock,
    pub(crate) switches: Switches,
    pub(crate) activation: SignedDuration,
    /// How far the simulated clock runs ahead of the given one.
    pub(crate) ahead: SignedDuration,
    pub(crate) oauth: OAuthState,
    pub(crate) integrations: Vec<Integration>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) actions: Vec<Action>,
    pub(crate) audit: AuditLog,
    pub(crate) limits: Limits,
    pub(crate) faults: Vec<Fault>,
    pub(crate) calls: Calls,
    /// AWS sessions that were assumed and kept, by role ARN.
    pub(crate) sessions: HashMap<String, Session>,
    /// What custom authentication actions gave, by integration.
    pub(crate) auth_answers: HashMap<String, KeptAnswer>,
    /// Requests that a fault has done later.
    pub(crate) late: Vec<Late>,
}

/// A request that was found good and is not done yet.
#[derive(Debug, Clone)]
pub(crate) struct Late {
    pub(crate) due: Timestamp,
    pub(crate) handle: Handle,
    pub(crate) request: Request,
}

/// Temporary AWS credentials, as AssumeRole gave them.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: SecretString,
    pub(crate) session_token: SecretString,
    pub(crate) until: Timestamp,
}

impl World {
    pub(crate) fn new(
        organization_id: String,
        organization_name: String,
        mut ids: Ids,
        clock: Clock,
    ) -> Self {
        Self {
            oauth: OAuthState::seeded(clock.now(), &mut ids),
            organization_id,
            organization_name,
            aws: None,
            web_services: None,
            ids,
            clock,
            switches: Switches::default(),
            activation: ACTIVATION,
            ahead: SignedDuration::ZERO,
            integrations: Vec::new(),
            credentials: Vec::new(),
            actions: Vec::new(),
            audit: AuditLog::default(),
            limits: Limits::default(),
            faults: Vec::new(),
            calls: Calls::default(),
            sessions: HashMap::new(),
            auth_answers: HashMap::new(),
            late: Vec::new(),
        }
    }

    /// This world's own surroundings, with what another one held.
    pub(crate) fn holding(&self, other: &Self) -> Self {
        let mut held = other.clone();
        held.clock = self.clock;
        held.aws.clone_from(&self.aws);
        held.web_services.clone_from(&self.web_services);
        held.audit.bus.clone_from(&self.audit.bus);
        held
    }

    /// The simulated time.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        now.checked_add(self.ahead).unwrap_or(now)
    }

    /// Does the late requests whose time has come, before anybody sees the world without them.
    pub(crate) fn catch_up(&mut self) {
        let now = self.now();
        let due: Vec<Late> = self.late.extract_if(.., |late| late.due <= now).collect();
        for late in due {
            if let Err(refused) = (late.handle)(self, &late.request) {
                tracing::debug!(?refused, "a late request was refused");
            }
        }
    }

    pub(crate) fn integration(&self, id: &str) -> Result<&Integration, ApiError> {
        self.integrations
            .iter()
            .find(|integration| integration.id == id)
            .ok_or_else(ApiError::no_integration)
    }

    pub(crate) fn integration_mut(&mut self, id: &str) -> Result<&mut Integration, ApiError> {
        self.integrations
            .iter_mut()
            .find(|integration| integration.id == id)
            .ok_or_else(ApiError::no_integration)
    }

    pub(crate) fn action(&self, id: &str) -> Result<&Action, ApiError> {
        self.actions
            .iter()
            .find(|action| action.id == id)
            .ok_or_else(|| ApiError::no_action(id))
    }

    pub(crate) fn action_mut(&mut self, id: &str) -> Result<&mut Action, ApiError> {
        self.actions
            .iter_mut()
            .find(|action| action.id == id)
            .ok_or_else(|| ApiError::no_action(id))
    }

    pub(crate) fn credential(&self, id: &str) -> Result<&Credential, ApiError> {
        self.credentials
            .iter()
            .find(|credential| credential.id == id)
            .ok_or_else(ApiError::no_credential)
    }
}

/// A time as the platform writes it: UTC, milliseconds.
pub(crate) fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
