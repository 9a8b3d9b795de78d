//! Which operation a request is, and what it names.

use serde_json::Value;

use crate::protocol::query::Form;
use crate::services::{lambda, s3};
use crate::{Protocol, Request, Service};

/// What a request is, before anything is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identified {
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) resources: Vec<String>,
    pub(crate) access_key_id: String,
}

/// The members of JSON and query requests that name a resource.
const NAMES: [&str; 9] = [
    "SecretId",
    "KeyId",
    "QueueUrl",
    "QueueName",
    "RoleName",
    "RoleArn",
    "PolicyName",
    "PolicySourceArn",
    "Name",
];

/// Reads the credential scope, which names the key and the service (IAM user guide, "Signature
/// Version 4"), and the operation by the service's protocol.
pub(crate) fn identify(request: &Request) -> Result<Identified, String> {
    let (access_key_id, service) = scope(request)?;
    let (operation, resources) = match service.protocol() {
        Protocol::Json(_) => (target(request), names_in_json(request)),
        Protocol::Query => {
            let form = Form::of(request);
            let named = NAMES.iter().filter_map(|name| form.get(name));
            let operation = form.get("Action").unwrap_or_default().to_owned();
            (operation, named.map(str::to_owned).collect())
        }
        Protocol::RestXml => s3::identify(request),
        Protocol::RestJson => lambda::identify(request),
    };
    Ok(Identified {
        service,
        operation,
        resources,
        access_key_id,
    })
}

fn scope(request: &Request) -> Result<(String, Service), String> {
    let authorization = request.header("authorization").unwrap_or_default();
    let scope = authorization
        .split_once("Credential=")
        .and_then(|(_, rest)| rest.split(',').next())
        .ok_or_else(|| format!("a request to {} that is not signed", request.host))?;
    let parts: Vec<&str> = scope.split('/').collect();
    let [key, _, _, name, "aws4_request"] = parts.as_slice() else {
        return Err(format!("the credential scope {scope}"));
    };
    let service = Service::of_prefix(name).ok_or_else(|| format!("the service {name}"))?;
    Ok(((*key).to_owned(), service))
}

fn target(request: &Request) -> String {
    let target = request.header("x-amz-target").unwrap_or_default();
    let (_, operation) = target.rsplit_once('.').unwrap_or(("", target));
    operation.to_owned()
}

fn names_in_json(request: &Request) -> Vec<String> {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let named = NAMES.iter().filter_map(|name| body.get(name)?.as_str());
    let entries = body.get("Entries").and_then(Value::as_array);
    let buses = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("EventBusName")?.as_str());
    named.chain(buses).map(str::to_owned).collect()
}
