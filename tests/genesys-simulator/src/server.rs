//! One way in for every request: log, fault, limits, permission, handler, answer.

use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use jiff::SignedDuration;
use tokio::sync::watch;
use url::form_urlencoded;

use crate::answer::{Outgoing, written};
use crate::audit_log::{AuditStatus, Subject};
use crate::calls::Call;
use crate::control;
use crate::error::ApiError;
use crate::faults::{self, Fault, FaultKind};
use crate::judged::{Judge, Place};
use crate::limits::Usage;
use crate::request::{Reply, ReplyBody, Request};
use crate::routes::{Found, Handler, Route, find};
use crate::run::run;
use crate::switches::{FailedWritesAudited, RateLimitHeaders};
use crate::token::TokenRequest;
use crate::wire::Cutter;
use crate::world::{Late, World};

/// `request.bytes.max` of the limits page.
const MAX_BODY: usize = 512_000;
/// How much of a body that is too large is read, so that its sender sees the refusal.
const MAX_READ: usize = 16_000_000;
const CONTROL: &str = "/_control/";
const ACTIONS: &str = "/api/v2/integrations/actions";
const TOKEN: &str = "/oauth/token";

/// What every request sees.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) world: Arc<Mutex<World>>,
    /// Changes when the simulator stops, so that no planted wait holds it up.
    pub(crate) stopped: watch::Receiver<bool>,
    /// Holds every exchange against the contract.
    pub(crate) judge: Arc<Judge>,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.catch_up();
        world
    }
}

pub(crate) fn router(shared: Shared) -> Router {
    Router::new().fallback(received).with_state(shared)
}

/// The parts of a request that are kept while it is answered.
struct Incoming {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    correlation_id: String,
    call: usize,
}

async fn received(
    State(shared): State<Shared>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    request: HttpRequest,
) -> Response {
    answer(shared, cutter, request).await
}

pub(crate) async fn answer(shared: Shared, cutter: Cutter, request: HttpRequest) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let method = head.method.as_str().to_owned();
    let raw_query = head.uri.query().unwrap_or_default().to_owned();
    if let Some(name) = path.strip_prefix(CONTROL) {
        let body = to_bytes(body, MAX_BODY).await;
        return control::answer(&shared, &method, name, body.ok().as_deref());
    }
    let found = find(&method, &path);
    let correlation_id = shared.lock().ids.id();
    let call = log(&shared, &method, &path, &raw_query, &found, &correlation_id);
    let incoming = Incoming {
        method,
        path,
        query: form_urlencoded::parse(raw_query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
        headers: head.headers,
        correlation_id,
        call,
    };
    let fault = match &found {
        Found::Route(route, _) => {
            faults::take(&mut shared.lock().faults, route.method, route.template)
        }
        Found::WrongVerb | Found::Nothing => None,
    };
    let mut stopped = shared.stopped.clone();
    tokio::select! {
        // In this order, so that nothing is left to chance.
        biased;
        _ = stopped.changed() => {
            cutter.reset();
            Response::new(Body::empty())
        }
        response = respond(&shared, &incoming, found, body, fault, &cutter) => response,
    }
}

fn log(
    shared: &Shared,
    method: &str,
    path: &str,
    query: &str,
    found: &Found,
    correlation_id: &str,
) -> usize {
    let mut world = shared.lock();
    let call = Call {
        at: world.now(),
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        route: match found {
            Found::Route(route, _) => Some(route.template.to_owned()),
            Found::WrongVerb | Found::Nothing => None,
        },
        status: None,
        client_id: None,
        correlation_id: correlation_id.to_owned(),
    };
    world.calls.add(call)
}

async fn respond(
    shared: &Shared,
    incoming: &Incoming,
    found: Found,
    body: Body,
    fault: Option<Fault>,
    cutter: &Cutter,
) -> Response {
    // The body is read first: an answer before the end of a large one would look like a broken connection.
    let body = read_body(body).await;
    let at = place(incoming, &found);
    if let Ok(body) = &body {
        let kind = header(&incoming.headers, CONTENT_TYPE);
        shared.judge.request(at, &incoming.query, kind, body);
    }
    if let Some(fault) = &fault {
        tokio::time::sleep(fault.latency()).await;
    }
    match fault.as_ref().and_then(|fault| fault.kind) {
        Some(FaultKind::Reset) => {
            cutter.reset();
            return Response::new(Body::empty());
        }
        Some(FaultKind::Timeout) => return pending().await,
        Some(FaultKind::AppliedLater { after_ms }) => {
            let after = SignedDuration::from_millis(i64::from(after_ms));
            defer(shared, incoming, &found, &body, after);
            if fault.as_ref().is_none_or(|fault| fault.status.is_none()) {
                return pending().await;
            }
        }
        Some(
            FaultKind::Truncate
            | FaultKind::Garbage
            | FaultKind::AppliedThenLost
            | FaultKind::AppliedThenTimeout,
        )
        | None => {}
    }
    let is_token = at.route == TOKEN;
    let planted = fault
        .as_ref()
        .and_then(|fault| planted(fault, incoming, is_token));
    let is_planted = planted.is_some();
    let outgoing = match planted {
        Some(outgoing) => outgoing,
        None => real(shared, incoming, found, body).await,
    };
    let encoded = outgoing.body.encoded();
    let status = outgoing.status.as_u16();
    // A planted body is the tester's, and a planted status may be what no contract has.
    let is_ours = !is_planted
        || (fault.as_ref().is_some_and(|fault| fault.body.is_none())
            && shared.judge.declares(at, status));
    if is_ours {
        shared
            .judge
            .answer(at, status, encoded.kind, &encoded.bytes);
    }
    match fault.as_ref().and_then(|fault| fault.kind) {
        Some(FaultKind::AppliedThenLost) => {
            cutter.reset();
            return Response::new(Body::empty());
        }
        Some(FaultKind::AppliedThenTimeout) => return pending().await,
        Some(
            FaultKind::Reset
            | FaultKind::Timeout
            | FaultKind::Truncate
            | FaultKind::Garbage
            | FaultKind::AppliedLater { .. },
        )
        | None => {}
    }
    shared.lock().calls.answered(incoming.call, status);
    tracing::debug!(
        method = incoming.method,
        path = incoming.path,
        status,
        correlation_id = incoming.correlation_id,
        "answered"
    );
    let id = &incoming.correlation_id;
    written(&outgoing, encoded, id, fault.as_ref(), cutter)
}

/// Keeps a request for later, if it is one that would be done now.
fn defer(
    shared: &Shared,
    incoming: &Incoming,
    found: &Found,
    body: &Result<Vec<u8>, ApiError>,
    after: SignedDuration,
) {
    let Found::Route(route, params) = found else {
        return;
    };
    let Handler::World(handle) = route.handler else {
        return;
    };
    let Ok((caller, _)) = admit(shared, incoming) else {
        return;
    };
    let Ok(request) = prepared(incoming, params.clone(), body.clone(), caller) else {
        return;
    };
    let mut world = shared.lock();
    if world.permit(&request.caller, route.needs).is_ok() {
        let due = world.now() + after;
        world.late.push(Late {
            due,
            handle,
            request,
        });
    }
}

/// Where the judge looks an exchange up.
fn place<'a>(incoming: &'a Incoming, found: &Found) -> Place<'a> {
    Place {
        method: &incoming.method,
        route: match found {
            Found::Route(route, _) => route.template,
            Found::WrongVerb | Found::Nothing => &incoming.path,
        },
    }
}

/// The answer that a fault gives instead of the real one.
fn planted(fault: &Fault, incoming: &Incoming, is_token: bool) -> Option<Outgoing> {
    let status = StatusCode::from_u16(fault.status?).ok()?;
    let body = fault.body.clone().unwrap_or_else(|| {
        let code = match status.as_u16() {
            429 => "too.many.requests.retry.after",
            503 => "service.unavailable",
            504 => "request.timeout",
            500..=599 => "internal.server.error",
            401 => "bad.credentials",
            403 => "not.authorized",
            404 => "not.found",
            409 => "request.conflict",
            _ => "bad.request",
        };
        let error = if is_token {
            ApiError::oauth(status, code, "A planted fault.")
        } else {
            ApiError::new(status, code, "A planted fault.")
        };
        error.body(&incoming.correlation_id)
    });
    Some(Outgoing {
        status,
        body: ReplyBody::Json(body),
        usage: None,
        retry_after: None,
    })
}

async fn real(
    shared: &Shared,
    incoming: &Incoming,
    found: Found,
    body: Result<Vec<u8>, ApiError>,
) -> Outgoing {
    let id = incoming.correlation_id.as_str();
    let (route, params) = match found {
        Found::Route(route, params) => (route, params),
        Found::WrongVerb => {
            let error = ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method not allowed",
                "The request method is not allowed for this resource",
            );
            return Outgoing::of(Err(error), None, id);
        }
        Found::Nothing => return Outgoing::of(Err(ApiError::not_found()), None, id),
    };
    let handler = match route.handler {
        Handler::Token => {
            let answer = match body {
                Ok(body) => token(shared, incoming, &body),
                // The login host has no other status and no other form for a request that it cannot read.
                Err(error) => Err(ApiError::oauth(
                    StatusCode::BAD_REQUEST,
                    "invalid_request",
                    error.message,
                )),
            };
            return Outgoing::of(answer, None, id);
        }
        Handler::World(_) | Handler::Run(_) => route.handler,
    };
    let (caller, usage) = match admit(shared, incoming) {
        Ok(admitted) => admitted,
        Err((error, usage)) => return Outgoing::of(Err(*error), usage, id),
    };
    let request = match prepared(incoming, params, body, caller) {
        Ok(request) => request,
        Err(error) => return Outgoing::of(Err(error), usage, id),
    };
    let permitted = shared.lock().permit(&request.caller, route.needs);
    let answer = match (permitted, handler) {
        (Err(error), _) => Err(error),
        (Ok(()), Handler::World(handle)) => handle(&mut shared.lock(), &request),
        (Ok(()), Handler::Run(kind)) => run(&shared.world, &request, kind).await,
        (Ok(()), Handler::Token) => Err(ApiError::not_found()),
    };
    // Not what is refused before the service of the actions sees it: a missing permission.
    let answer = match answer {
        Err(error)
            if route.template.starts_with(ACTIONS) && error.status != StatusCode::FORBIDDEN =>
        {
            Err(error.of_actions())
        }
        other => other,
    };
    if let Err(error) = &answer {
        audit_failure(&mut shared.lock(), route, &request, error);
    }
    Outgoing::of(answer, usage, id)
}

/// The body, or why it is none. What is too large is read on, but not kept.
async fn read_body(mut body: Body) -> Result<Vec<u8>, ApiError> {
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(frame) = frame else {
            let broken =
                "The request could not be understood by the server: its body is broken off.";
            return Err(ApiError::bad_request(broken));
        };
        if let Some(bytes) = frame.data_ref() {
            read += bytes.len();
            if read <= MAX_BODY {
                kept.extend_from_slice(bytes);
            } else if read > MAX_READ {
                break;
            }
        }
    }
    if read <= MAX_BODY {
        return Ok(kept);
    }
    Err(ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "request.entity.too.large",
        format!("The request is over the size limit. Maximum bytes: {MAX_BODY}"),
    )
    .with_param("maximum", MAX_BODY.to_string()))
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn token(shared: &Shared, incoming: &Incoming, body: &[u8]) -> Result<Reply, ApiError> {
    let request = TokenRequest {
        authorization: header(&incoming.headers, AUTHORIZATION),
        query: &incoming.query,
        body,
    };
    let mut world = shared.lock();
    let (answer, client_id) = world.issue_token(&request);
    if let Some(client_id) = client_id {
        world.calls.made_by(incoming.call, &client_id);
    }
    answer
}

/// Why a call goes no further, and how much of the rate limit is used where answers say it.
type NotAdmitted = (Box<ApiError>, Option<Usage>);

/// Who calls, and how much of the rate limit is used where answers say it; or why the call goes no further.
fn admit(shared: &Shared, incoming: &Incoming) -> Result<(String, Option<Usage>), NotAdmitted> {
    let mut world = shared.lock();
    let (token, caller) = world
        .authenticate(header(&incoming.headers, AUTHORIZATION))
        .map_err(|error| (Box::new(error), None))?;
    world.calls.made_by(incoming.call, &caller);
    let now = world.now();
    let (usage, refusal) = world.limits.count(&token, now);
    let shown = match world.switches.rate_limit_headers {
        RateLimitHeaders::Sent => Some(usage),
        RateLimitHeaders::Absent => None,
    };
    match refusal {
        None => Ok((caller, shown)),
        Some(error) => Err((Box::new(error), shown)),
    }
}

fn prepared(
    incoming: &Incoming,
    params: Vec<(&'static str, String)>,
    body: Result<Vec<u8>, ApiError>,
    caller: String,
) -> Result<Request, ApiError> {
    let body = body?;
    let is_json = header(&incoming.headers, CONTENT_TYPE)
        .is_none_or(|kind| kind.to_ascii_lowercase().contains("json"));
    if !body.is_empty() && !is_json {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported.media.type",
            "Unsupported Media Type - Unsupported or incorrect media type, such as an incorrect Content-Type value in the header.",
        ));
    }
    Ok(Request {
        params,
        query: incoming.query.clone(),
        body,
        caller,
        correlation_id: incoming.correlation_id.clone(),
    })
}

/// Records a refused write of a thing that exists, where the platform would.
fn audit_failure(world: &mut World, route: &Route, request: &Request, error: &ApiError) {
    let Some((entity_type, action)) = route.audited else {
        return;
    };
    let is_invalid = error.status == StatusCode::BAD_REQUEST && !error.is_conflict;
    let is_recorded = match world.switches.failed_writes_audited {
        FailedWritesAudited::Never => false,
        FailedWritesAudited::Validation => is_invalid,
        FailedWritesAudited::All => error.status.is_client_error(),
    };
    let Some((_, id)) = request.params.first() else {
        return;
    };
    if let (true, Some(name)) = (is_recorded, world.name_of(entity_type, id)) {
        let subject = Subject::new(entity_type, id, &name);
        world.audit_as(request, subject, action, AuditStatus::Failure, Vec::new());
    }
}
