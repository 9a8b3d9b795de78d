//! Test and execute: one run of an action, step by step, told as the platform tells it.
//!
//! Test answers 200 with `TestExecutionResult`, also when it failed; execute answers the result, or an error
//! with a code of the published swagger. The real names of the steps are not documented.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::action_model::Revision;
use crate::actions::Action;
use crate::audit_log::{AuditAction, EntityType, Subject};
use crate::error::ApiError;
use crate::integration_types::{LAMBDA, WEB_SERVICES};
use crate::integrations::{Integration, Reported};
use crate::request::{Reply, Request};
use crate::routes::RunKind;
use crate::steps::Run;
use crate::switches::{ConfigReachesFlows, InputCheck, Switches};
use crate::translate;
use crate::velocity::Found;
use crate::web_service::KeptAnswer;
use crate::world::{Session, World};
use crate::{lambda, web_service};

/// What the platform itself adds to the input of a run, besides `rawRequest`. An input of such a name takes
/// its place, and the action fails (help page "Add contracts to custom actions for integrations").
const OWN_INPUTS: [&str; 2] = ["orgId", "integrationId"];
/// The input as it was sent. It can be overwritten too.
const RAW_REQUEST: &str = "rawRequest";
/// The platform's limit where the action sets none.
const DEFAULT_TIMEOUT_SECONDS: u64 = 60;

/// Everything a run needs, copied out of the world so that it is not locked while others work.
pub(crate) struct Setting {
    pub(crate) revision: Revision,
    integration: Result<(), String>,
    target: Target,
    pub(crate) switches: Switches,
}

/// Whom the action calls.
enum Target {
    Lambda(Box<lambda::Setting>),
    WebService(Box<web_service::Setting>),
    Other,
}

/// What the caller sent: as JSON, and as it was written.
pub(crate) struct Input {
    value: Value,
    raw: String,
}

/// The action's revision that this kind of run uses now.
fn revision<'a>(
    world: &'a World,
    action: &'a Action,
    kind: RunKind,
) -> Result<&'a Revision, ApiError> {
    match kind {
        RunKind::TestDraft => action.draft(),
        RunKind::TestPublished => action.published(),
        RunKind::Execute => {
            let current = action.published()?;
            Ok(action
                .before
                .as_ref()
                .filter(|(_, since)| is_late(world, *since))
                .map_or(current, |(before, _)| before))
        }
    }
}

/// Whether a change of then does not reach flows yet.
fn is_late(world: &World, since: Timestamp) -> bool {
    world.switches.config_reaches_flows == ConfigReachesFlows::Delayed
        && world.now().duration_since(since) < world.activation
}

/// The credentials of the integration that this kind of run uses now, by slot.
fn slots<'a>(world: &World, integration: &'a Integration, kind: RunKind) -> &'a [(String, String)] {
    match (&integration.before, kind) {
        (Some((before, since)), RunKind::Execute) if is_late(world, *since) => &before.credentials,
        (_, RunKind::TestPublished | RunKind::TestDraft | RunKind::Execute) => {
            &integration.config.credentials
        }
    }
}

fn setting(world: &World, request: &Request, kind: RunKind) -> Result<Setting, ApiError> {
    let action = world.action(request.param("actionId"))?;
    let integration = world.integration(&action.integration_id)?;
    let reported = integration.reported(world.now(), world.activation);
    let target = match integration.kind.id {
        LAMBDA => Target::Lambda(Box::new(lambda::setting(world, integration))),
        WEB_SERVICES => {
            let slots = slots(world, integration, kind);
            Target::WebService(Box::new(web_service::setting(world, action, slots)))
        }
        _ => Target::Other,
    };
    Ok(Setting {
        revision: revision(world, action, kind)?.clone(),
        integration: match reported {
            Reported::Active => Ok(()),
            Reported::Activating
            | Reported::Inactive
            | Reported::Deactivating
            | Reported::Error => Err(format!(
                "The integration {} is not active: {}",
                integration.config.name,
                reported.text()
            )),
        },
        target,
        switches: world.switches.clone(),
    })
}

/// Runs an action and answers as `kind` does.
pub(crate) async fn run(
    world: &Mutex<World>,
    request: &Request,
    kind: RunKind,
) -> Result<Reply, ApiError> {
    let lock = || world.lock().unwrap_or_else(PoisonError::into_inner);
    request.query_flag("flatten")?;
    let setting = setting(&lock(), request, kind)?;
    let input = Input {
        value: request.json()?,
        raw: String::from_utf8_lossy(&request.body).into_owned(),
    };
    let mut run = Run::default();
    let (outcome, kept) = perform(&mut run, &setting, &input).await;
    let mut world = lock();
    match kept {
        Kept::Nothing => {}
        Kept::Session(arn, session) => {
            world.sessions.insert(arn, session);
        }
        Kept::Answer(integration, answer) => {
            world.auth_answers.insert(integration, answer);
        }
        Kept::NoAnswer(integration) => {
            world.auth_answers.remove(&integration);
        }
    }
    let id = request.param("actionId");
    let subject = Subject::new(EntityType::Action, id, &setting.revision.name);
    world.audit(request, subject, AuditAction::Execute, Vec::new());
    match kind {
        RunKind::TestPublished | RunKind::TestDraft => {
            let names = setting.switches.operation_names;
            Ok(Reply::ok(run.told(
                &outcome,
                &request.correlation_id,
                names,
            )))
        }
        RunKind::Execute => outcome.map(Reply::ok),
    }
}

/// What a run leaves for later ones.
pub(crate) enum Kept {
    Nothing,
    /// An assumed session, by role.
    Session(String, Session),
    /// What an authentication gave, by integration.
    Answer(String, KeptAnswer),
    /// An authentication that is worth nothing any more.
    NoAnswer(String),
}

/// The steps; with what is kept for later runs.
async fn perform(
    run: &mut Run,
    setting: &Setting,
    input: &Input,
) -> (Result<Value, ApiError>, Kept) {
    if let Err(error) = begin(run, setting, input) {
        return (Err(error), Kept::Nothing);
    }
    match &setting.target {
        Target::Lambda(lambda) => lambda.perform(run, setting, input).await,
        Target::WebService(service) => service.perform(run, setting, input).await,
        Target::Other => {
            let refused = ApiError::bad_request(
                "The simulator runs only actions that invoke AWS Lambda or call web services.",
            );
            let outcome = run.step("Resolve request URL", Err(refused), |()| json!({}));
            (outcome.map(|()| Value::Null), Kept::Nothing)
        }
    }
}

fn begin(run: &mut Run, setting: &Setting, input: &Input) -> Result<(), ApiError> {
    run.step("Validate input", check_input(setting, &input.value), |()| {
        input.value.clone()
    })?;
    let active = setting.integration.clone().map_err(ApiError::bad_request);
    run.step("Check integration", active, |()| json!({}))
}

fn check_input(setting: &Setting, input: &Value) -> Result<(), ApiError> {
    let Value::Object(given) = input else {
        return Err(invalid_schema("The input is not an object."));
    };
    if setting.switches.input_check == InputCheck::Schema {
        let checked = setting.revision.contract.check_input(input);
        checked.map_err(|problem| invalid_schema(&problem))?;
    }
    let lost = OWN_INPUTS.iter().find(|name| given.contains_key(**name));
    match lost {
        Some(name) => Err(ApiError::bad_request(format!(
            "The input {name} overwrites a property of the same name that the action needs."
        ))
        .with_detail("ACTION.PROCESSING")),
        None => Ok(()),
    }
}

fn invalid_schema(problem: &str) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "invalid.schema",
        format!("There was an issue validating the schema. {problem}"),
    )
}

impl Input {
    /// A reference to the input; none where a path leads elsewhere. The case of letters does not matter:
    /// exports of real organizations write `$Input.name`, and names otherwise than their contract.
    pub(crate) fn look_up(&self, path: &str) -> Option<Found> {
        let (root, names) = path.split_once('.').unwrap_or((path, ""));
        if !root.eq_ignore_ascii_case("input") {
            return None;
        }
        let mut value = &self.value;
        for name in names.split('.').filter(|name| !name.is_empty()) {
            match member(value, name) {
                Some(found) => value = found,
                None if names.eq_ignore_ascii_case(RAW_REQUEST) => {
                    return Some(Found::Text(self.raw.clone()));
                }
                None => return None,
            }
        }
        Some(Found::Json(value.clone()))
    }
}

/// A member by its name, or else by its name whatever the case.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?;
    members.get(name).or_else(|| {
        members
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, found)| found)
    })
}

impl Setting {
    pub(crate) fn timeout(&self) -> Duration {
        let seconds = self
            .revision
            .config
            .timeout_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .unwrap_or(DEFAULT_TIMEOUT_SECONDS);
        Duration::from_secs(seconds)
    }

    /// The last step: the result that is made of an answer.
    pub(crate) fn translated(&self, run: &mut Run, raw: &str) -> Result<Value, ApiError> {
        let result = translate::result(&self.revision.config, raw).map_err(invalid_substitution);
        run.step("Translate response", result, Clone::clone)
    }
}

pub(crate) fn invalid_substitution(problem: String) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "invalid.substitution",
        format!("There was an issue substituting a value in one of the templates. {problem}"),
    )
}

pub(crate) fn timed_out() -> ApiError {
    ApiError::new(
        StatusCode::GATEWAY_TIMEOUT,
        "request.timeout",
        "The request timed out.",
    )
}

pub(crate) fn third_party(why: &str) -> ApiError {
    ApiError::bad_request(format!(
        "The 3rd party indicated an issue with the request. {why}"
    ))
}
