//! Which operation of which service a request is.

use http::Request;
use http::header::AUTHORIZATION;

use crate::model::{Contract, Location, OperationModel, Protocol, Service};
use crate::report::{Operation, shown};
use crate::uri;

/// A request that names an operation.
pub(crate) struct Found<'c> {
    pub(crate) service: &'c Service,
    pub(crate) operation: Operation,
    pub(crate) model: &'c OperationModel,
}

/// Why a request names none.
pub(crate) struct Unknown {
    /// The service, where that is known.
    pub(crate) service: String,
    pub(crate) place: &'static str,
    pub(crate) what: String,
    pub(crate) contract: String,
}

impl Contract {
    pub(crate) fn identify<B>(
        &self,
        request: &Request<B>,
        body: &[u8],
    ) -> Result<Found<'_>, Unknown> {
        let (name, service) = self.service(request)?;
        let unknown = |place, what: String| Unknown {
            service: name.clone(),
            place,
            what,
            contract: "others".to_owned(),
        };
        let operation = match service.protocol {
            Protocol::Json => {
                let target = header(request, "x-amz-target").unwrap_or_default();
                let named = target.split_once('.').map(|(prefix, operation)| {
                    (Some(prefix) == service.target.as_deref()).then_some(operation)
                });
                let what = format!("the target {}", shown(target));
                named
                    .flatten()
                    .ok_or_else(|| unknown("header x-amz-target", what))?
                    .to_owned()
            }
            Protocol::Query => url::form_urlencoded::parse(body)
                .find(|(name, _)| name == "Action")
                .map(|(_, action)| action.into_owned())
                .ok_or_else(|| unknown("body", "no Action".to_owned()))?,
            Protocol::RestJson | Protocol::RestXml => service
                .by_address(request)
                .ok_or_else(|| {
                    let what = format!("no operation has this address with {}", request.method());
                    unknown("path", what)
                })?
                .to_owned(),
        };
        let Some(model) = service.operations.get(&operation) else {
            let what = format!("no operation {}", shown(&operation));
            return Err(unknown("operation", what));
        };
        Ok(Found {
            service,
            operation: Operation {
                service: name,
                name: operation,
            },
            model,
        })
    }

    /// The service in the scope of the signature: the same behind every endpoint
    /// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
    fn service<B>(&self, request: &Request<B>) -> Result<(String, &Service), Unknown> {
        let signature = header(request, AUTHORIZATION.as_str());
        let scope = signature
            .and_then(|signature| signature.split("Credential=").nth(1))
            .and_then(|credential| credential.split(',').next())
            .and_then(|credential| credential.rsplit('/').nth(1));
        let Some(scope) = scope else {
            return Err(Unknown {
                service: "unknown".to_owned(),
                place: "header authorization",
                what: "no scope of a signature".to_owned(),
                contract: "Signature Version 4".to_owned(),
            });
        };
        let mut services = self.services.iter();
        let found = services.find(|(_, service)| service.signing == scope);
        let (name, service) = found.ok_or_else(|| {
            let known: Vec<&str> = self.services.keys().map(String::as_str).collect();
            Unknown {
                service: "unknown".to_owned(),
                place: "header authorization",
                what: format!("the service {}", shown(scope)),
                contract: known.join(", "),
            }
        })?;
        Ok((name.clone(), service))
    }
}

impl Service {
    /// The operation with this verb and address. Several may share a path: the one that more of the request
    /// belongs to is meant.
    fn by_address<B>(&self, request: &Request<B>) -> Option<&str> {
        let path = uri::path(request);
        let query = uri::query(request);
        let fits = |model: &OperationModel| {
            model.method == request.method().as_str()
                && uri::labels(&model.uri, &path).is_some()
                && uri::fixed(&model.uri).all(|(name, value)| {
                    query
                        .iter()
                        .any(|(sent, with)| sent == name && value.is_none_or(|value| value == with))
                })
        };
        let candidates = self.operations.iter().filter(|(_, model)| fits(model));
        candidates
            .max_by_key(|(_, model)| self.nearness(model, request, &query))
            .map(|(name, _)| name.as_str())
    }

    /// First, no required parameter or header is missing; then, how many say that this operation is meant.
    fn nearness<B>(
        &self,
        model: &OperationModel,
        request: &Request<B>,
        query: &[(String, String)],
    ) -> (std::cmp::Reverse<usize>, usize) {
        let fixed = uri::fixed(&model.uri).count();
        let Some(structure) = self.structure(model.input.as_ref()) else {
            return (std::cmp::Reverse(0), fixed);
        };
        let is_there = |location: Location, name: &str| match location {
            Location::Querystring => query.iter().any(|(sent, _)| sent == name),
            Location::Header => request.headers().contains_key(name),
            Location::Uri | Location::Headers | Location::StatusCode => true,
        };
        let mut missing = 0;
        let mut met = fixed;
        for location in [Location::Querystring, Location::Header] {
            for (name, member) in structure.located(location) {
                if structure.is_required(name) {
                    let found = is_there(location, member.wire(name));
                    missing += usize::from(!found);
                    met += usize::from(found);
                }
            }
        }
        (std::cmp::Reverse(missing), met)
    }
}

pub(crate) fn header<'r, B>(request: &'r Request<B>, name: &str) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}
