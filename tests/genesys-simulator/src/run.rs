//! Test and execute: one run of an action, step by step, told as the platform tells it.
//!
//! Test answers 200 with `TestExecutionResult`, also when it failed; execute answers the result, or an error
//! with a code of the published swagger. The real names of the steps are not documented.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::AwsSide;
use crate::action_model::Revision;
use crate::audit_log::{AuditAction, EntityType, Subject};
use crate::error::ApiError;
use crate::integration_types::{ARN_SLOT, LAMBDA};
use crate::integrations::Reported;
use crate::invoke::{FunctionArn, InvokeError, assume, invoke};
use crate::request::{Reply, Request};
use crate::routes::RunKind;
use crate::switches::{AwsSession, ConfigReachesFlows, InputCheck, RequestHeaders, Switches};
use crate::translate;
use crate::velocity::{Found, follow, render};
use crate::world::{Session, World};

/// The platform's limit where the action sets none.
const DEFAULT_TIMEOUT_SECONDS: u64 = 60;

/// Everything a run needs, copied out of the world so that it is not locked while AWS works.
struct Setting {
    revision: Revision,
    integration: Result<(), String>,
    is_lambda: bool,
    role_arn: Option<SecretString>,
    kept: Option<Session>,
    aws: Option<AwsSide>,
    organization_id: String,
    switches: Switches,
}

/// What the caller sent: as JSON, and as it was written.
struct Input {
    value: Value,
    raw: String,
}

/// One finished step.
struct Step {
    name: &'static str,
    outcome: Result<Value, ApiError>,
}

/// The steps of a run so far.
#[derive(Default)]
struct Run {
    steps: Vec<Step>,
}

impl Run {
    /// Notes a step and hands on what it gave.
    fn step<T>(
        &mut self,
        name: &'static str,
        outcome: Result<T, ApiError>,
        shown: impl Fn(&T) -> Value,
    ) -> Result<T, ApiError> {
        self.steps.push(Step {
            name,
            outcome: outcome.as_ref().map(shown).map_err(Clone::clone),
        });
        outcome
    }

    fn told(&self, outcome: &Result<Value, ApiError>, correlation_id: &str) -> Value {
        let operations: Vec<Value> = self
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| {
                let mut told = json!({
                    "step": index + 1,
                    "name": step.name,
                    "success": step.outcome.is_ok(),
                });
                match &step.outcome {
                    Ok(result) => told["result"] = result.clone(),
                    Err(error) => told["error"] = error.body(correlation_id),
                }
                told
            })
            .collect();
        let mut told = json!({"operations": operations, "success": outcome.is_ok()});
        match outcome {
            Ok(result) => told["finalResult"] = result.clone(),
            Err(error) => told["error"] = error.body(correlation_id),
        }
        told
    }
}

fn setting(world: &World, request: &Request, kind: RunKind) -> Result<Setting, ApiError> {
    let action = world.action(request.param("actionId"))?;
    let now = world.now();
    let revision = match kind {
        RunKind::TestDraft => action.draft()?,
        RunKind::TestPublished => action.published()?,
        RunKind::Execute => {
            let current = action.published()?;
            let is_late = world.switches.config_reaches_flows == ConfigReachesFlows::Delayed;
            action
                .before
                .as_ref()
                .filter(|(_, since)| is_late && now.duration_since(*since) < world.activation)
                .map_or(current, |(before, _)| before)
        }
    };
    let integration = world.integration(&action.integration_id)?;
    let reported = integration.reported(now, world.activation);
    let role_arn = integration
        .credential_in(ARN_SLOT)
        .and_then(|id| world.credential(id).ok())
        .and_then(|credential| credential.field("ARN"))
        .cloned();
    let kept = role_arn
        .as_ref()
        .filter(|_| world.switches.aws_session == AwsSession::Kept)
        .and_then(|arn| world.sessions.get(arn.expose_secret()))
        .filter(|session| session.until > now)
        .cloned();
    Ok(Setting {
        revision: revision.clone(),
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
        is_lambda: integration.kind.id == LAMBDA,
        role_arn,
        kept,
        aws: world.aws.clone(),
        organization_id: world.organization_id.clone(),
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
    let (outcome, session) = perform(&mut run, &setting, &input).await;
    let mut world = lock();
    if let (Some(session), Some(arn)) = (session, &setting.role_arn) {
        world
            .sessions
            .insert(arn.expose_secret().to_owned(), session);
    }
    let id = request.param("actionId");
    let subject = Subject::new(EntityType::Action, id, &setting.revision.name);
    world.audit(request, subject, AuditAction::Execute, Vec::new());
    match kind {
        RunKind::TestPublished | RunKind::TestDraft => {
            Ok(Reply::ok(run.told(&outcome, &request.correlation_id)))
        }
        RunKind::Execute => outcome.map(Reply::ok),
    }
}

/// The steps; with the session that was assumed, so that it can be kept.
async fn perform(
    run: &mut Run,
    setting: &Setting,
    input: &Input,
) -> (Result<Value, ApiError>, Option<Session>) {
    let prepared = match prepare(run, setting, input) {
        Ok(prepared) => prepared,
        Err(error) => return (Err(error), None),
    };
    let assumed = match &setting.kept {
        Some(session) => Ok(session.clone()),
        None => assume_role(setting).await,
    };
    let session = match run.step("Assume role", assumed, |_| json!({})) {
        Ok(session) => session,
        Err(error) => return (Err(error), None),
    };
    let outcome = finish(run, setting, &session, prepared).await;
    (outcome, Some(session))
}

/// The function to call and what it is sent.
struct Prepared {
    function: FunctionArn,
    payload: String,
}

fn prepare(run: &mut Run, setting: &Setting, input: &Input) -> Result<Prepared, ApiError> {
    run.step("Validate input", check_input(setting, &input.value), |()| {
        input.value.clone()
    })?;
    let active = setting.integration.clone().map_err(ApiError::bad_request);
    run.step("Check integration", active, |()| json!({}))?;
    let function = resolve_function(setting, input);
    let function = run.step(
        "Resolve request URL",
        function,
        |function| json!({"requestUrl": function.unqualified}),
    )?;
    let payload = payload(&setting.revision, input);
    let payload = run.step(
        "Resolve request template",
        Ok(payload),
        |payload| json!({"requestBody": payload}),
    )?;
    Ok(Prepared { function, payload })
}

fn check_input(setting: &Setting, input: &Value) -> Result<(), ApiError> {
    if !input.is_object() {
        return Err(invalid_schema("The input is not an object."));
    }
    if setting.switches.input_check == InputCheck::Lenient {
        return Ok(());
    }
    let schema = jsonschema::validator_for(&setting.revision.contract.input)
        .map_err(|problem| invalid_schema(&problem.to_string()))?;
    schema
        .validate(input)
        .map_err(|problem| invalid_schema(&problem.to_string()))
}

fn invalid_schema(problem: &str) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "invalid.schema",
        format!("There was an issue validating the schema. {problem}"),
    )
}

fn look_up(input: &Input, path: &str) -> Option<Found> {
    match path {
        "input.rawRequest" => Some(Found::Text(input.raw.clone())),
        "input" => Some(Found::Json(input.value.clone())),
        path => follow(&input.value, path.strip_prefix("input.")?)
            .cloned()
            .map(Found::Json),
    }
}

fn resolve_function(setting: &Setting, input: &Input) -> Result<FunctionArn, ApiError> {
    if !setting.is_lambda {
        return Err(ApiError::bad_request(
            "The simulator runs only actions that invoke AWS Lambda.",
        ));
    }
    let template = setting
        .revision
        .config
        .request_url_template
        .as_deref()
        .unwrap_or_default();
    let url = render(template, &|path| look_up(input, path));
    FunctionArn::parse(&url).ok_or_else(|| {
        ApiError::bad_request(format!("The request URL is no Lambda function ARN: {url}"))
    })
}

/// Without a request template the input itself is sent.
fn payload(revision: &Revision, input: &Input) -> String {
    revision.config.request_template.as_ref().map_or_else(
        || input.raw.clone(),
        |template| render(template, &|path| look_up(input, path)),
    )
}

async fn assume_role(setting: &Setting) -> Result<Session, ApiError> {
    let invalid = |problem: &str| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid.credentials",
            format!("The credentials of the integration are invalid: {problem}"),
        )
    };
    let role = setting
        .role_arn
        .as_ref()
        .ok_or_else(|| invalid("it has no role ARN"))?;
    let aws = setting
        .aws
        .as_ref()
        .ok_or_else(|| invalid("this simulator has no AWS side"))?;
    assume(aws, role.expose_secret(), &setting.organization_id)
        .await
        .map_err(|problem| invalid(&problem))
}

async fn finish(
    run: &mut Run,
    setting: &Setting,
    session: &Session,
    prepared: Prepared,
) -> Result<Value, ApiError> {
    let answer = call(setting, session, prepared).await;
    let raw = run.step(
        "Invoke Lambda function",
        answer,
        |raw| json!({"responseBody": raw}),
    )?;
    let result = translate::result(&setting.revision.config, &raw).map_err(|problem| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid.substitution",
            format!("There was an issue substituting a value in one of the templates. {problem}"),
        )
    });
    run.step("Translate response", result, Clone::clone)
}

async fn call(
    setting: &Setting,
    session: &Session,
    prepared: Prepared,
) -> Result<String, ApiError> {
    let Some(aws) = &setting.aws else {
        return Err(ApiError::bad_request("This simulator has no AWS side."));
    };
    let config = &setting.revision.config;
    let seconds = config
        .timeout_seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    let headers = (setting.switches.request_headers == RequestHeaders::ClientContext)
        .then_some(config.headers.as_slice());
    invoke(
        aws,
        session,
        &prepared.function,
        prepared.payload,
        headers,
        Duration::from_secs(seconds),
    )
    .await
    .map_err(|problem| match problem {
        InvokeError::Refused(why) => third_party(&why),
        InvokeError::Function(why) => third_party(&why),
        InvokeError::TimedOut => ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "request.timeout",
            "The request timed out.",
        ),
    })
}

fn third_party(why: &str) -> ApiError {
    ApiError::bad_request(format!(
        "The 3rd party indicated an issue with the request. {why}"
    ))
}
