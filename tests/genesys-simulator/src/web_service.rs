//! A run of an action that calls a web service: a real HTTP request, to loopback only.
//!
//! Help pages: the credential types (basic authentication is sent with every request, fields of a
//! user-defined one are `credentials.<name>` in templates, those of an authentication's answer
//! `authResponse.<name>`; the authentication is sent once), the request configuration (GET sends no body;
//! URL, headers and body are templates), and that a test hides authorization. How long the answer of an
//! authentication is kept is a switch; that a refused one is asked for once more is assumed.

use std::fmt;
use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use crate::action_model::{ActionConfig, Revision};
use crate::actions::Action;
use crate::auth_action;
use crate::credentials::Credential;
use crate::error::ApiError;
use crate::in_process::WebServices;
use crate::integration_types::{BASIC_AUTH, USER_DEFINED_OAUTH};
use crate::run::{self, Input, Kept, third_party};
use crate::steps::Run;
use crate::switches::{AuthResponse, UpstreamRefusal};
use crate::translate;
use crate::upstream::{Answer, Call, local, told};
use crate::velocity::{Found, follow, render};
use crate::world::World;

/// What stands in a test's report where a credential was.
const HIDDEN: &str = "*****";

/// What the request needs besides the action.
pub(crate) struct Setting {
    integration_id: String,
    /// None where the integration has none; an error where it refers to one that is gone.
    credential: Result<Option<Credential>, String>,
    /// The action that authenticates first, where there is one and it is not this one.
    auth: Option<Revision>,
    kept: Option<KeptAnswer>,
    services: Option<Arc<dyn WebServices>>,
}

/// What an authentication gave, and with which credential.
#[derive(Clone)]
pub(crate) struct KeptAnswer {
    credential: (String, Timestamp),
    answer: Value,
}

impl fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptAnswer").finish_non_exhaustive()
    }
}

/// The setting of a run with the credentials in these slots.
pub(crate) fn setting(world: &World, action: &Action, slots: &[(String, String)]) -> Setting {
    let integration_id = action.integration_id.clone();
    let credential = slots
        .first()
        .map(|(slot, id)| {
            let found = world.credential(id).cloned();
            found.map_err(|_| format!("the credential in {slot} does not exist"))
        })
        .transpose();
    let needs_auth = |credential: &Credential| credential.type_name == USER_DEFINED_OAUTH;
    let auth = credential
        .as_ref()
        .ok()
        .and_then(Option::as_ref)
        .filter(|credential| needs_auth(credential) && !auth_action::is_one(&action.id))
        .and_then(|_| world.action(&auth_action::id_of(&integration_id)).ok())
        .and_then(|action| action.published.clone());
    Setting {
        kept: world.auth_answers.get(&integration_id).cloned(),
        integration_id,
        credential,
        auth,
        services: world.web_services.clone(),
    }
}

/// What templates may refer to.
struct Context<'a> {
    input: &'a Input,
    credential: Option<&'a Credential>,
    auth: Option<&'a Value>,
    services: Option<&'a dyn WebServices>,
}

impl Context<'_> {
    fn look_up(&self, path: &str) -> Option<Found> {
        if let Some(name) = path.strip_prefix("credentials.") {
            let value = self.credential?.field(name)?;
            return Some(Found::Text(value.expose_secret().to_owned()));
        }
        if let Some(path) = path.strip_prefix("authResponse.") {
            return follow(self.auth?, path).cloned().map(Found::Json);
        }
        self.input.look_up(path)
    }

    fn resolved(&self, template: &str) -> String {
        render(template, &|path| self.look_up(path))
    }

    /// The same, as a test may show it.
    fn shown(&self, path: &str) -> Option<Found> {
        let is_secret = path.starts_with("credentials.") || path.starts_with("authResponse.");
        let found = self.look_up(path)?;
        Some(if is_secret {
            Found::Text(HIDDEN.to_owned())
        } else {
            found
        })
    }

    /// The body; GET has none.
    fn body(config: &ActionConfig, look_up: &dyn Fn(&str) -> Option<Found>) -> Option<String> {
        (method(config) != "GET").then(|| render(&config.request_template, look_up))
    }

    /// The request with everything resolved. A header of the action stands over one that comes by itself.
    fn call(&self, setting: &run::Setting, config: &ActionConfig, url: Url) -> Call {
        let mut headers: Vec<(String, String)> = config
            .headers
            .iter()
            .map(|(name, template)| (name.clone(), self.resolved(template)))
            .collect();
        let mut add = |name: &str, value: String| {
            let is_given = config
                .headers
                .iter()
                .any(|(given, _)| given.eq_ignore_ascii_case(name));
            if !is_given {
                headers.push((name.to_owned(), value));
            }
        };
        if let Some(basic) = self
            .credential
            .filter(|credential| credential.type_name == BASIC_AUTH)
        {
            let field = |name| basic.field(name).map_or("", |value| value.expose_secret());
            let pair = format!("{}:{}", field("userName"), field("password"));
            add("authorization", format!("Basic {}", STANDARD.encode(pair)));
        }
        let body = Self::body(config, &|path| self.look_up(path));
        if body.is_some() {
            add("content-type", "application/json".to_owned());
        }
        Call {
            method: method(config).to_owned(),
            url,
            headers,
            body,
            timeout: setting.timeout(),
        }
    }
}

fn method(config: &ActionConfig) -> &str {
    config.request_type.as_deref().unwrap_or("POST")
}

impl Setting {
    /// The steps; with what is kept of an authentication.
    pub(crate) async fn perform(
        &self,
        run: &mut Run,
        setting: &run::Setting,
        input: &Input,
    ) -> (Result<Value, ApiError>, Kept) {
        let credential = match self.credential.as_ref() {
            Ok(credential) => credential.as_ref(),
            Err(problem) => {
                let error = invalid_credentials(problem);
                let outcome = run.step("Read credentials", Err(error), |()| json!({}));
                return (outcome.map(|()| Value::Null), Kept::Nothing);
            }
        };
        let mut context = Context {
            input,
            credential,
            auth: None,
            services: self.services.as_deref(),
        };
        let (Some(auth), Some(credential)) = (&self.auth, credential) else {
            let answer = send(run, setting, &context).await;
            return (finish(run, setting, answer), Kept::Nothing);
        };
        if let Some(kept) = self.still_good(credential, setting) {
            context.auth = Some(&kept.answer);
            match send(run, setting, &context).await {
                Answer::Refused(..) => {}
                answer @ (Answer::Success(_) | Answer::Failed(_)) => {
                    return (finish(run, setting, answer), Kept::Nothing);
                }
            }
            context.auth = None;
        }
        let authenticated = authenticate(setting, auth, &context).await;
        let answer = match run.step("Authenticate", authenticated, |_| json!({})) {
            Ok(answer) => answer,
            Err(error) => {
                return (Err(error), Kept::NoAnswer(self.integration_id.clone()));
            }
        };
        context.auth = Some(&answer);
        let sent = send(run, setting, &context).await;
        let kept = match &sent {
            Answer::Refused(..) => Kept::NoAnswer(self.integration_id.clone()),
            Answer::Success(_) | Answer::Failed(_) => Kept::Answer(
                self.integration_id.clone(),
                KeptAnswer {
                    credential: (credential.id.clone(), credential.modified),
                    answer: answer.clone(),
                },
            ),
        };
        (finish(run, setting, sent), kept)
    }

    fn still_good(&self, credential: &Credential, setting: &run::Setting) -> Option<&KeptAnswer> {
        self.kept
            .as_ref()
            .filter(|kept| match setting.switches.auth_response {
                AuthResponse::Credential => {
                    kept.credential.0 == credential.id && kept.credential.1 == credential.modified
                }
                AuthResponse::Refusal => true,
            })
    }
}

/// Resolves the templates and sends the request, each a step.
async fn send(run: &mut Run, setting: &run::Setting, context: &Context<'_>) -> Answer {
    let config = &setting.revision.config;
    let shown = |path: &str| context.shown(path);
    let template = config.request_url_template.as_deref().unwrap_or_default();
    let url = local(&context.resolved(template));
    let url = match run.step(
        "Resolve request URL",
        url,
        |_| json!({"requestUrl": render(template, &shown)}),
    ) {
        Ok(url) => url,
        Err(error) => return Answer::Failed(error),
    };
    let noted = run.step(
        "Resolve request template",
        Ok(()),
        |()| json!({"requestBody": Context::body(config, &shown)}),
    );
    if let Err(error) = noted {
        return Answer::Failed(error);
    }
    let answer = context
        .call(setting, config, url)
        .exchange(context.services)
        .await;
    let told = match &answer {
        Answer::Success(raw) => Ok(raw.clone()),
        Answer::Refused(status, body) => Err(refusal(*status, body, setting)),
        Answer::Failed(error) => Err(error.clone()),
    };
    match run.step("Send request", told, |raw| json!({"responseBody": raw})) {
        Ok(_) | Err(_) => answer,
    }
}

fn finish(run: &mut Run, setting: &run::Setting, answer: Answer) -> Result<Value, ApiError> {
    match answer {
        Answer::Success(raw) => setting.translated(run, &raw),
        Answer::Refused(status, body) => Err(refusal(status, &body, setting)),
        Answer::Failed(error) => Err(error),
    }
}

/// Runs the authentication action with the same credential.
async fn authenticate(
    setting: &run::Setting,
    auth: &Revision,
    context: &Context<'_>,
) -> Result<Value, ApiError> {
    let config = &auth.config;
    let template = config.request_url_template.as_deref().unwrap_or_default();
    let url = local(&context.resolved(template))?;
    match context
        .call(setting, config, url)
        .exchange(context.services)
        .await
    {
        Answer::Success(raw) => translate::result(config, &raw).map_err(run::invalid_substitution),
        Answer::Refused(status, body) => {
            Err(invalid_credentials(&told(status, &body)).with_detail("ACTION.AUTHENTICATION"))
        }
        Answer::Failed(error) => Err(error),
    }
}

fn refusal(status: u16, body: &str, setting: &run::Setting) -> ApiError {
    match setting.switches.upstream_refusal {
        UpstreamRefusal::InvalidCredentials => invalid_credentials(&told(status, body)),
        UpstreamRefusal::BadRequest => third_party(&told(status, body)),
    }
}

fn invalid_credentials(problem: &str) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "invalid.credentials",
        format!("There was an issue validating the credentials. {problem}"),
    )
}
