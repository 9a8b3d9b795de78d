//! Listings, page by page.

use serde::Deserialize;
use serde_json::{Value, json};

use super::invalid_parameter;
use super::metadata::{by_creation, described};
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read, seconds};
use crate::{Context, ServiceError};

/// Cuts a page out of everything; the token is where the next one begins.
fn page(
    entries: Vec<Value>,
    most: Option<usize>,
    token: Option<&str>,
) -> Result<(Vec<Value>, Option<String>), ServiceError> {
    let most = most.unwrap_or(100);
    if !(1..=100).contains(&most) {
        return Err(invalid_parameter("MaxResults must be 1-100."));
    }
    let from = match token.map(|token| token.parse::<usize>()) {
        None => 0,
        Some(Ok(from)) if from <= entries.len() => from,
        Some(_) => {
            let message = "The provided pagination token is invalid.";
            return Err(ServiceError::bad_request(
                "InvalidNextTokenException",
                message,
            ));
        }
    };
    let total = entries.len();
    let shown: Vec<Value> = entries.into_iter().skip(from).take(most).collect();
    let next = from + shown.len();
    Ok((shown, (next < total).then(|| next.to_string())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct VersionsRequest {
    secret_id: String,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    include_deprecated: bool,
}

pub(super) fn versions(exchange: &mut Exchange<'_>) -> Handled {
    let request: VersionsRequest = read(exchange.call, exchange.request)?;
    let secret = exchange.secret("ListSecretVersionIds", &request.secret_id, Context::new())?;
    let key = secret.customer_key().unwrap_or("DefaultEncryptionKey");
    let mut versions: Vec<_> = secret
        .versions
        .iter()
        .filter(|(_, version)| request.include_deprecated || !version.labels.is_empty())
        .collect();
    versions.sort_by_key(|(id, version)| (version.created, *id));
    let entries = versions.into_iter().map(|(id, version)| {
        let mut entry = json!({
            "CreatedDate": seconds(version.created),
            "KmsKeyIds": [key],
            "VersionId": id,
        });
        if !version.labels.is_empty() {
            entry["VersionStages"] = json!(version.labels);
        }
        entry
    });
    let token = request.next_token.as_deref();
    let (shown, next) = page(entries.collect(), request.max_results, token)?;
    let mut body = json!({"ARN": secret.arn, "Name": secret.name, "Versions": shown});
    if let Some(next) = next {
        body["NextToken"] = next.into();
    }
    Ok(answer(exchange.call, &body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct SecretsRequest {
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    include_planned_deletion: bool,
}

pub(super) fn secrets(exchange: &mut Exchange<'_>) -> Handled {
    let request: SecretsRequest = read(exchange.call, exchange.request)?;
    exchange.authorize("secretsmanager:ListSecrets", "*", Context::new(), None)?;
    let mut secrets: Vec<_> = exchange
        .state
        .services
        .secrets
        .all(exchange.now)
        .filter(|secret| request.include_planned_deletion || secret.deletion.is_none())
        .collect();
    secrets.sort_by_key(|secret| by_creation(secret));
    let now = exchange.now;
    let entries = secrets
        .into_iter()
        .map(|secret| described(secret, "SecretVersionsToStages", now));
    let token = request.next_token.as_deref();
    let (shown, next) = page(entries.collect(), request.max_results, token)?;
    let mut body = json!({"SecretList": shown});
    if let Some(next) = next {
        body["NextToken"] = next.into();
    }
    Ok(answer(exchange.call, &body))
}
