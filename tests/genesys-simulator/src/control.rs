//! The control API under `/_control/`, on loopback only, without a token.
//!
//! A wrong input is a 400 that says what is wrong; nothing is half applied.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::server::Shared;
use crate::world::World;

/// What there is, as `GET /_control/` lists it.
const OPERATIONS: &[&str] = &[
    "GET calls",
    "POST reset-calls",
    "POST faults",
    "POST reset-faults",
    "GET audits",
    "POST audits",
    "POST audits/record",
    "GET switches",
    "POST switches",
    "POST permissions",
    "POST rate-limit",
    "POST integrations",
    "POST clients",
    "POST usage",
    "POST clock",
];

/// A refusal: status and reason.
type Refusal = (StatusCode, String);

pub(crate) fn answer(shared: &Shared, method: &str, name: &str, body: Option<&[u8]>) -> Response {
    let result = match body {
        Some(body) => perform(&mut shared.lock(), method, name, body),
        None => Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            "the input is too large".to_owned(),
        )),
    };
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err((status, problem)) => (status, json!({"error": problem})),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn perform(world: &mut World, method: &str, name: &str, body: &[u8]) -> Result<Value, Refusal> {
    match (method, name) {
        ("GET", "") => return Ok(json!(OPERATIONS)),
        ("GET", "calls") => return Ok(json!(world.calls.all())),
        ("POST", "reset-calls") => world.calls.reset(),
        ("POST", "faults") => world.plant_fault(input(body)?).map_err(bad)?,
        ("POST", "reset-faults") => world.faults.clear(),
        ("GET", "audits") => return Ok(records(world)),
        ("POST", "audits") => world.set_audits(&input(body)?).map_err(bad)?,
        ("POST", "audits/record") => {
            let id = world.plant_record(input(body)?);
            return Ok(json!({"id": id}));
        }
        ("GET", "switches") => return Ok(world.switches.describe()),
        ("POST", "switches") => {
            world.set_switches(&input(body)?).map_err(bad)?;
            return Ok(world.switches.describe());
        }
        ("POST", "permissions") => world.set_permissions(input(body)?).map_err(bad)?,
        ("POST", "rate-limit") => world.set_rate_limit(&input(body)?).map_err(bad)?,
        ("POST", "integrations") => world.set_integrations(&input(body)?).map_err(bad)?,
        ("POST", "clients") => world.set_client(&input(body)?).map_err(bad)?,
        ("POST", "usage") => world.set_usage(&input(body)?).map_err(bad)?,
        ("POST", "clock") => world.advance(&input(body)?).map_err(bad)?,
        _ => return Err(unknown(method, name)),
    }
    Ok(json!({"ok": true}))
}

fn unknown(method: &str, name: &str) -> Refusal {
    let exists = OPERATIONS.iter().any(|operation| {
        operation
            .split_once(' ')
            .is_some_and(|(_, known)| known == name)
    });
    let status = if exists {
        StatusCode::METHOD_NOT_ALLOWED
    } else {
        StatusCode::NOT_FOUND
    };
    let problem = format!(
        "there is no {method} /_control/{name}; there are: {}",
        OPERATIONS.join(", ")
    );
    (status, problem)
}

fn bad(problem: String) -> Refusal {
    (StatusCode::BAD_REQUEST, problem)
}

fn input<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|problem| bad(problem.to_string()))
}

/// All records, visible or not.
fn records(world: &World) -> Value {
    world
        .audit
        .records
        .iter()
        .map(|record| record.rendered(&world.organization_id, true, &world.switches))
        .collect()
}
