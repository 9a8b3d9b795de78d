//! Delivery of secrets, and the templates that carry it.

use serde_json::{Value, json};

use crate::manifest::collect::Problems;
use crate::manifest::place::Place;
use crate::manifest::{Delivery, Overlap, SECRETS_PLACEHOLDER, wire};

/// The largest request body Genesys Cloud takes, in bytes (platform limit `request.bytes.max`).
const MAX_BODY: usize = 512_000;

pub(super) fn check(action: &wire::Action, at: &Place, problems: &mut Problems<'_>) {
    pin(action, at, problems);
    placeholder(action, at, problems);
    kept(action, at, problems);
    size(action, at, problems);
}

/// A function that reads a pinned version fails from the moment that version stops working, and
/// in a rotation of one user that is before we hear of it.
fn pin(action: &wire::Action, at: &Place, problems: &mut Problems<'_>) {
    if action.pin != Some(true) {
        return;
    }
    if action.resolved_delivery() == Delivery::None {
        problems.add(
            &at.key("pin"),
            "the function does not learn which version to read, because delivery is none",
            "Remove `pin`, or set delivery: envelope.",
        );
    }
    let single: Vec<String> = action
        .secret_references()
        .filter(|(_, secret)| secret.overlap.unwrap_or_default() == Overlap::None)
        .map(|(index, secret)| match &secret.name {
            Some(name) => name.to_string(),
            None => format!("secrets[{index}]"),
        })
        .collect();
    if !single.is_empty() {
        problems.add(
            &at.key("pin"),
            format!(
                "the old version of {} stops working when the secret rotates, so calls with `pin` \
                 would fail",
                single.join(", ")
            ),
            "Remove `pin`, or set overlap: alternating if the secret rotates between two users.",
        );
    }
}

fn placeholder(action: &wire::Action, at: &Place, problems: &mut Problems<'_>) {
    let Some(template) = action.request_template() else {
        return;
    };
    let times = template.matches(SECRETS_PLACEHOLDER).count();
    let has_secrets = action
        .secrets
        .as_ref()
        .is_some_and(|list| !list.0.is_empty());
    let (problem, fix) = match (action.resolved_delivery(), times) {
        (Delivery::Envelope, 0) if has_secrets => (
            format!("the template does not contain {SECRETS_PLACEHOLDER}"),
            format!(
                "Put {SECRETS_PLACEHOLDER} where the references to the secrets belong, such as \
                 {{\"input\": ${{input.rawRequest}}, \"secrets\": {SECRETS_PLACEHOLDER}}}."
            ),
        ),
        (Delivery::Envelope, 0 | 1) | (Delivery::None, 0) => return,
        (Delivery::Envelope, _) => (
            format!("the template contains {SECRETS_PLACEHOLDER} {times} times"),
            "Keep one occurrence.".to_owned(),
        ),
        (Delivery::None, _) => (
            format!("the template contains {SECRETS_PLACEHOLDER}, but delivery is none"),
            "Remove it, or set delivery: envelope.".to_owned(),
        ),
    };
    problems.add(&at.key("request").key("template"), problem, fix);
}

/// `delivery: none` leaves an adopted action's templates as they are, byte for byte.
fn kept(action: &wire::Action, at: &Place, problems: &mut Problems<'_>) {
    if !action.is_adopted() || action.resolved_delivery() == Delivery::Envelope {
        return;
    }
    for (field, given) in [
        ("request", action.request.is_some()),
        ("response", action.response.is_some()),
    ] {
        if given {
            problems.add(
                &at.key(field),
                format!("an adopted action with delivery: none keeps its templates, so `{field}` would have no effect"),
                format!("Remove `{field}`, or set delivery: envelope."),
            );
        }
    }
}

/// The body that would create the action, with the longest envelope it may come to carry.
fn size(action: &wire::Action, at: &Place, problems: &mut Problems<'_>) {
    let envelope: Value = action
        .secret_references()
        .filter_map(|(_, secret)| {
            let reference = json!({
                "arn": secret.arn.as_ref()?.to_string(),
                "version_id": "x".repeat(64),
            });
            Some((secret.name.as_ref()?.to_string(), reference))
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    let response = action.response.as_ref();
    let contract = action.contract.as_ref();
    let body = json!({
        "name": action.name,
        "category": action.category,
        "integrationId": "x".repeat(36),
        "secure": true,
        "contract": {
            "input": {"inputSchema": contract.and_then(|c| c.input.as_ref())},
            "output": {"successSchema": contract.and_then(|c| c.output.as_ref())},
        },
        "config": {
            "timeoutSeconds": 60,
            "request": {
                "requestUrlTemplate": action.function.as_ref().map(ToString::to_string),
                "requestTemplate": [action.request_template().cloned(), Some(envelope.to_string())],
                "requestType": "POST",
                "headers": {},
            },
            "response": {
                "successTemplate": response.and_then(|r| r.success_template.as_ref()),
                "translationMap": response.and_then(|r| r.translation_map.as_ref()),
                "translationMapDefaults": response.and_then(|r| r.translation_map_defaults.as_ref()),
            },
        },
    });
    let bytes = body.to_string().len();
    if bytes > MAX_BODY {
        problems.add(
            at,
            format!("the action has about {bytes} bytes; Genesys Cloud accepts at most {MAX_BODY}"),
            "Shorten its templates or its contract.",
        );
    }
}
