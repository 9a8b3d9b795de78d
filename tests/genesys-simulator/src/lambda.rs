//! A run of an action that invokes AWS Lambda: assume the role, invoke, read the answer.

use axum::http::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::error::ApiError;
use crate::integration_types::ARN_SLOT;
use crate::integrations::Integration;
use crate::invoke::{FunctionArn, InvokeError, assume, invoke};
use crate::run::{self, Input, Kept, third_party, timed_out};
use crate::steps::Run;
use crate::switches::{AwsSession, FunctionDenied, RequestHeaders, Switches};
use crate::velocity::render;
use crate::world::{Session, World};

/// What the platform's AWS side needs.
pub(crate) struct Setting {
    role_arn: Option<SecretString>,
    kept: Option<Session>,
    aws: Option<Aws>,
    organization_id: String,
    now: Timestamp,
}

pub(crate) fn setting(world: &World, integration: &Integration) -> Setting {
    let role_arn = integration
        .credential_in(ARN_SLOT)
        .and_then(|id| world.credential(id).ok())
        .and_then(|credential| credential.field("ARN"))
        .cloned();
    let kept = role_arn
        .as_ref()
        .filter(|_| world.switches.aws_session == AwsSession::Kept)
        .and_then(|arn| world.sessions.get(arn.expose_secret()))
        .filter(|session| session.until > world.now())
        .cloned();
    Setting {
        role_arn,
        kept,
        aws: world.aws.clone(),
        organization_id: world.organization_id.clone(),
        now: world.now(),
    }
}

/// The function to call and what it is sent.
struct Prepared {
    function: FunctionArn,
    payload: String,
}

fn prepare(run: &mut Run, setting: &run::Setting, input: &Input) -> Result<Prepared, ApiError> {
    let function = resolve_function(setting, input);
    let function = run.step(
        "Resolve request URL",
        function,
        |function| json!({"requestUrl": function.unqualified}),
    )?;
    let template = &setting.revision.config.request_template;
    let payload = render(template, &|path| input.look_up(path));
    let payload = run.step(
        "Resolve request template",
        Ok(payload),
        |payload| json!({"requestBody": payload}),
    )?;
    Ok(Prepared { function, payload })
}

fn resolve_function(setting: &run::Setting, input: &Input) -> Result<FunctionArn, ApiError> {
    let template = setting
        .revision
        .config
        .request_url_template
        .as_deref()
        .unwrap_or_default();
    let url = render(template, &|path| input.look_up(path));
    FunctionArn::parse(&url).ok_or_else(|| {
        ApiError::bad_request(format!("The request URL is no Lambda function ARN: {url}"))
    })
}

/// What AWS refused: the same answer for a missing function, a policy that does not allow the call, and a trust
/// policy with another account or external id (help page "Data action returns a 403 error").
fn denied(switches: &Switches, refusal: ApiError) -> ApiError {
    match switches.function_denied {
        FunctionDenied::BadRequest => refusal,
        FunctionDenied::Forbidden => {
            ApiError::new(StatusCode::FORBIDDEN, "not.authorized", refusal.message)
        }
    }
}

impl Setting {
    /// The steps; with the session that was assumed, so that it can be kept.
    pub(crate) async fn perform(
        &self,
        run: &mut Run,
        setting: &run::Setting,
        input: &Input,
    ) -> (Result<Value, ApiError>, Kept) {
        let prepared = match prepare(run, setting, input) {
            Ok(prepared) => prepared,
            Err(error) => return (Err(error), Kept::Nothing),
        };
        let assumed = match &self.kept {
            Some(session) => Ok(session.clone()),
            None => self.assume_role(&setting.switches).await,
        };
        let session = match run.step("Assume role", assumed, |_| json!({})) {
            Ok(session) => session,
            Err(error) => return (Err(error), Kept::Nothing),
        };
        let outcome = self.finish(run, setting, &session, prepared).await;
        let kept = match &self.role_arn {
            Some(arn) => Kept::Session(arn.expose_secret().to_owned(), session),
            None => Kept::Nothing,
        };
        (outcome, kept)
    }

    async fn assume_role(&self, switches: &Switches) -> Result<Session, ApiError> {
        let invalid = |problem: &str| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "invalid.credentials",
                format!("The credentials of the integration are invalid: {problem}"),
            )
        };
        let role = self
            .role_arn
            .as_ref()
            .ok_or_else(|| invalid("it has no role ARN"))?;
        let aws = self
            .aws
            .as_ref()
            .ok_or_else(|| invalid("this simulator has no AWS side"))?;
        assume(aws, role.expose_secret(), &self.organization_id, self.now)
            .await
            .map_err(|problem| denied(switches, invalid(&problem)))
    }

    async fn finish(
        &self,
        run: &mut Run,
        setting: &run::Setting,
        session: &Session,
        prepared: Prepared,
    ) -> Result<Value, ApiError> {
        let answer = self.call(setting, session, prepared).await;
        let raw = run.step(
            "Invoke Lambda function",
            answer,
            |raw| json!({"responseBody": raw}),
        )?;
        setting.translated(run, &raw)
    }

    async fn call(
        &self,
        setting: &run::Setting,
        session: &Session,
        prepared: Prepared,
    ) -> Result<String, ApiError> {
        let Some(aws) = &self.aws else {
            return Err(ApiError::bad_request("This simulator has no AWS side."));
        };
        let headers = (setting.switches.request_headers == RequestHeaders::ClientContext)
            .then_some(setting.revision.config.headers.as_slice());
        invoke(
            aws,
            session,
            &prepared.function,
            prepared.payload,
            headers,
            setting.timeout(),
        )
        .await
        .map_err(|problem| match problem {
            InvokeError::Refused(why) => denied(&setting.switches, third_party(&why)),
            InvokeError::Function(why) => third_party(&why),
            InvokeError::TimedOut => timed_out(),
        })
    }
}
