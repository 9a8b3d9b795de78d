//! STS: who one is.

use super::unknown;
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::protocol::query::{self, Form};
use crate::protocol::xml::Element;

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Handled {
    match exchange.call.operation.as_str() {
        "GetCallerIdentity" => caller_identity(exchange),
        _ => Err(unknown(exchange)),
    }
}

/// Needs no permission (STS API reference, `GetCallerIdentity`).
fn caller_identity(exchange: &Exchange<'_>) -> Handled {
    known(exchange, &[])?;
    let principal = &exchange.call.principal;
    let result = Element::new("GetCallerIdentityResult")
        .text("Arn", principal.arn(&exchange.state.settings.partition))
        .text("UserId", "AIDAINMEMORY")
        .text("Account", &principal.account);
    let call = exchange.call;
    Ok(query::answer(
        call.service,
        &call.operation,
        &call.request_id,
        Some(result),
    ))
}

/// The form of a request that has no members but these.
fn known(exchange: &Exchange<'_>, members: &[&str]) -> Result<Form, Rejection> {
    let form = Form::of(exchange.request);
    match form.besides(members).first() {
        None => Ok(form),
        Some(member) => {
            let operation = &exchange.call.operation;
            let problem = format!("sts:{operation} with {member}");
            Err(Rejection::unsupported(problem))
        }
    }
}
