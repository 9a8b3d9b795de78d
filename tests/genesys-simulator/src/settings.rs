//! What tests and the sandbox may set: the inputs of the control API, and what each does to the world.
//!
//! Every input is checked and refused with a reason; nothing is half applied.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::audit_log::{AuditAction, AuditStatus, EntityType};
use crate::audit_record::Record;
use crate::faults::Fault;
use crate::roles::Role;
use crate::usage::Counted;
use crate::world::World;

/// Ten years: enough for every window, and far from the end of time.
const MOST_SECONDS: f64 = 315_360_000.0;

/// How the audit trail shows itself. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSettings {
    /// How long after a change its record shows in queries. Also ends an earlier `never`.
    pub delay_seconds: Option<f64>,
    /// No record is ever shown.
    pub never: Option<bool>,
    /// Whether records are published as partner events.
    pub events: Option<bool>,
    /// How long after a change its event is published.
    pub event_delay_seconds: Option<f64>,
}

/// A record of something that nobody did over this API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantedRecord {
    /// What was changed.
    pub entity_type: EntityType,
    /// Its id.
    pub entity_id: String,
    /// Its name; default: the name of the thing with that id.
    pub entity_name: Option<String>,
    /// What was done.
    pub action: AuditAction,
    /// The client that did it.
    pub client_id: Option<String>,
    /// The user who did it.
    pub user_id: Option<String>,
    /// How it ended; default SUCCESS.
    #[serde(default)]
    pub status: AuditStatus,
    /// When; default now.
    pub at: Option<Timestamp>,
}

impl PlantedRecord {
    /// A successful update of an action by a client.
    #[must_use]
    pub fn action_updated(action_id: String, client_id: String, at: Timestamp) -> Self {
        Self {
            entity_type: EntityType::Action,
            entity_id: action_id,
            entity_name: None,
            action: AuditAction::Update,
            client_id: Some(client_id),
            user_id: None,
            status: AuditStatus::Success,
            at: Some(at),
        }
    }
}

/// The permissions of a client, replacing those it had: it reads as if it had one role with just these.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionSettings {
    /// Whose.
    pub client_id: String,
    /// All that it holds from now on.
    pub permissions: Vec<String>,
}

/// The rate limits; setting them begins new windows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSettings {
    /// Requests per token and window; default as it is.
    pub allowed: Option<u32>,
    /// Length of the window; default as it is.
    pub window_seconds: Option<f64>,
    /// Token requests per client and minute; default as it is.
    pub tokens_allowed: Option<u32>,
}

/// How integrations change their state.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationSettings {
    /// How long activating and deactivating take.
    pub activation_seconds: Option<f64>,
    /// Which integration `in_error` is about.
    pub integration_id: Option<String>,
    /// Whether it reports ERROR.
    pub in_error: Option<bool>,
}

/// The tokens of a client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSettings {
    /// Whose.
    pub client_id: String,
    /// The life of tokens issued from now on; unlike over the API, any number of seconds.
    pub access_token_validity_seconds: Option<i64>,
    /// End all its tokens now.
    #[serde(default)]
    pub revoke_tokens: bool,
    /// Whether its allowed IP addresses leave every caller out from now on; default as it is.
    #[serde(default)]
    pub address_refused: Option<bool>,
}

/// How the usage of clients shows. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageSettings {
    /// How long after a call it shows in results.
    pub delay_seconds: Option<f64>,
    /// Whether queries end as failed.
    pub fails: Option<bool>,
    /// Moves all use so far into the past, as if so many days had passed since.
    #[serde(default)]
    pub age_days: Option<u32>,
    /// Use that nobody made, added after the rest was aged.
    #[serde(default)]
    pub planted: Vec<PlantedUse>,
}

/// Use of a client on an earlier day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantedUse {
    /// Whose.
    pub client_id: String,
    /// How many days ago; 1 is yesterday (UTC).
    pub days_ago: u32,
    /// The operation's verb and route, such as `GET` and `/api/v2/organizations/me`.
    pub method: String,
    /// The route's template.
    pub template: String,
    /// How many requests.
    pub requests: u64,
}

/// The simulated clock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockSettings {
    /// How far the clock jumps ahead.
    pub advance_seconds: f64,
}

fn duration(name: &str, seconds: f64) -> Result<SignedDuration, String> {
    if !(0.0..=MOST_SECONDS).contains(&seconds) {
        return Err(format!(
            "`{name}` must be between 0 and {MOST_SECONDS} seconds"
        ));
    }
    SignedDuration::try_from_secs_f64(seconds).map_err(|problem| format!("`{name}`: {problem}"))
}

fn optional(name: &str, seconds: Option<f64>) -> Result<Option<SignedDuration>, String> {
    seconds.map(|seconds| duration(name, seconds)).transpose()
}

impl World {
    pub(crate) fn plant_fault(&mut self, fault: Fault) -> Result<(), String> {
        if let Some(problem) = fault.problem() {
            return Err(problem);
        }
        self.faults.push(fault);
        Ok(())
    }

    pub(crate) fn set_audits(&mut self, settings: &AuditSettings) -> Result<(), String> {
        let delay = optional("delay_seconds", settings.delay_seconds)?;
        let event_delay = optional("event_delay_seconds", settings.event_delay_seconds)?;
        if let Some(delay) = delay {
            self.audit.delay = delay;
            self.audit.never = false;
        }
        self.audit.never = settings.never.unwrap_or(self.audit.never);
        self.audit.publish = settings.events.unwrap_or(self.audit.publish);
        self.audit.event_delay = event_delay.unwrap_or(self.audit.event_delay);
        Ok(())
    }

    /// Plants a record and gives its id.
    pub(crate) fn plant_record(&mut self, planted: PlantedRecord) -> String {
        let known = self.name_of(planted.entity_type, &planted.entity_id);
        let (id, transaction_id) = (self.ids.id(), self.ids.id());
        self.record(Record {
            id: id.clone(),
            at: planted.at.unwrap_or_else(|| self.now()),
            client_id: planted.client_id,
            user_id: planted.user_id,
            entity_type: planted.entity_type,
            entity_id: planted.entity_id,
            entity_name: planted.entity_name.or(known).unwrap_or_default(),
            action: planted.action,
            status: planted.status,
            transaction_id,
            changes: Vec::new(),
        });
        id
    }

    pub(crate) fn set_permissions(&mut self, settings: PermissionSettings) -> Result<(), String> {
        let role = Role::new(self.ids.id(), "Planted", settings.permissions);
        let client = self
            .oauth
            .client_mut(&settings.client_id)
            .ok_or_else(|| format!("there is no client {}", settings.client_id))?;
        client.planted_role = Some(role.id.clone());
        self.oauth.roles.push(role);
        Ok(())
    }

    pub(crate) fn set_rate_limit(&mut self, settings: &RateLimitSettings) -> Result<(), String> {
        let window = optional("window_seconds", settings.window_seconds)?;
        if window.is_some_and(|window| window.is_zero()) {
            return Err("`window_seconds` must be more than 0".to_owned());
        }
        self.limits.set(
            settings.allowed.unwrap_or(self.limits.allowed),
            window.unwrap_or(self.limits.window),
            settings
                .tokens_allowed
                .unwrap_or(self.limits.tokens_allowed),
        );
        Ok(())
    }

    pub(crate) fn set_integrations(
        &mut self,
        settings: &IntegrationSettings,
    ) -> Result<(), String> {
        let activation = optional("activation_seconds", settings.activation_seconds)?;
        match (&settings.integration_id, settings.in_error) {
            (Some(id), Some(in_error)) => {
                self.integration_mut(id)
                    .map_err(|_| format!("there is no integration {id}"))?
                    .in_error = in_error;
            }
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => {
                return Err("`integration_id` and `in_error` go together".to_owned());
            }
        }
        self.activation = activation.unwrap_or(self.activation);
        Ok(())
    }

    pub(crate) fn set_client(&mut self, settings: &ClientSettings) -> Result<(), String> {
        let client = self
            .oauth
            .client_mut(&settings.client_id)
            .ok_or_else(|| format!("there is no client {}", settings.client_id))?;
        if let Some(seconds) = settings.access_token_validity_seconds {
            if !(1..=38_880_000).contains(&seconds) {
                return Err(
                    "`access_token_validity_seconds` must be between 1 and 38880000".to_owned(),
                );
            }
            client.validity_seconds = seconds;
        }
        client.address_refused = settings.address_refused.unwrap_or(client.address_refused);
        if settings.revoke_tokens {
            self.revoke_tokens(&settings.client_id);
        }
        Ok(())
    }

    pub(crate) fn set_usage(&mut self, settings: &UsageSettings) -> Result<(), String> {
        let delay = optional("delay_seconds", settings.delay_seconds)?;
        for planted in &settings.planted {
            self.oauth
                .client(&planted.client_id)
                .ok_or_else(|| format!("there is no client {}", planted.client_id))?;
        }
        let now = self.now();
        let usage = &mut self.calls.usage;
        usage.delay = delay.unwrap_or(usage.delay);
        usage.fails = settings.fails.unwrap_or(usage.fails);
        usage.age(i64::from(settings.age_days.unwrap_or_default()));
        for planted in &settings.planted {
            let ago = SignedDuration::from_hours(24 * i64::from(planted.days_ago));
            let counted = Counted {
                client_id: planted.client_id.clone(),
                second: now.saturating_sub(ago).unwrap_or(now).as_second(),
                template: planted.template.clone(),
                method: planted.method.clone(),
            };
            usage.plant(counted, planted.requests);
        }
        Ok(())
    }

    pub(crate) fn advance(&mut self, settings: &ClockSettings) -> Result<(), String> {
        let ahead = self
            .ahead
            .checked_add(duration("advance_seconds", settings.advance_seconds)?)
            .filter(|ahead| ahead.as_secs_f64() <= MOST_SECONDS)
            .ok_or("the clock is too far ahead")?;
        self.ahead = ahead;
        Ok(())
    }

    /// Sets several switches, all or none.
    pub(crate) fn set_switches(&mut self, wanted: &Value) -> Result<(), String> {
        let Value::Object(wanted) = wanted else {
            return Err("give an object of switch names and values".to_owned());
        };
        let mut switches = self.switches.clone();
        for (name, value) in wanted {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    return Err(format!("the value of switch `{name}` must be a text"));
                }
            };
            switches.set(name, &text)?;
        }
        self.limits.answer = switches.rate_limit_answer;
        self.switches = switches;
        Ok(())
    }
}
