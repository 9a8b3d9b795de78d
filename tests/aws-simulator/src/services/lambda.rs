//! Lambda: configurations of functions, and invoking one whose body a test gives.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::unknown;
use crate::error::Rejection;
use crate::exchange::{Answer, Exchange};
use crate::protocol::json::answer;
use crate::{
    AsyncInvocation, BoxFuture, Call, Context, Effect, Notification, Request, Response,
    ServiceError, context,
};

/// Payloads (Lambda API reference, `Invoke`): 6 MB where somebody waits, 1 MB where not.
const LARGEST: usize = 6 * 1024 * 1024;
const LARGEST_ASYNC: usize = 1024 * 1024;

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The function returned this.
    Returned(Vec<u8>),
    /// The function failed: `X-Amz-Function-Error` and what it says.
    Failed(Value),
}

/// An invocation that somebody waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The function's ARN, with the qualifier that was asked for.
    pub function: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// The client context, decoded.
    pub client_context: Option<Value>,
    /// The request's id.
    pub request_id: String,
}

/// What a function does.
#[derive(Clone)]
pub struct Body(Arc<dyn Fn(Invocation) -> BoxFuture<'static, Ended> + Send + Sync>);

impl Body {
    /// A body that may await, and call AWS.
    pub fn new(
        run: impl Fn(Invocation) -> BoxFuture<'static, Ended> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(run))
    }

    /// A body that answers at once.
    pub fn immediate(run: impl Fn(Invocation) -> Ended + Send + Sync + 'static) -> Self {
        Self::new(move |invocation| Box::pin(std::future::ready(run(invocation))))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The ARN of its execution role.
    pub role: String,
    /// Its timeout in seconds.
    pub timeout: u16,
    /// Its memory in MB.
    pub memory: u16,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Its versions and aliases besides `$LATEST`, each with the version it leads to.
    pub qualifiers: BTreeMap<String, String>,
    /// Its resource policy.
    pub policy: Option<Value>,
    /// What it does.
    pub body: Body,
}

/// The functions of the account.
#[derive(Clone, Debug, Default)]
pub struct Lambda {
    functions: BTreeMap<String, Function>,
}

impl Lambda {
    /// Adds a function, or replaces the one of this name.
    ///
    /// # Panics
    /// Its environment has more than 4 KB, which Lambda does not take (Lambda developer guide,
    /// "Lambda quotas").
    pub fn put(&mut self, function: Function) {
        let variables = serde_json::to_string(&function.environment).unwrap();
        assert!(
            variables.len() <= 4096,
            "the environment of {} has {} bytes, and Lambda takes 4096",
            function.name,
            variables.len()
        );
        self.functions.insert(function.name.clone(), function);
    }

    /// A function by its name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }

    /// Deletes a function.
    pub fn remove(&mut self, name: &str) {
        self.functions.remove(name);
    }
}

const ROOT: &str = "/2015-03-31/functions/";

pub(crate) fn identify(request: &Request) -> (String, Vec<String>) {
    let rest = request.path.strip_prefix(ROOT).unwrap_or_default();
    let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
    let operation = match (request.method.as_str(), rest) {
        ("GET", "configuration") => "GetFunctionConfiguration".to_owned(),
        ("GET", "") => "GetFunction".to_owned(),
        ("GET", "policy") => "GetPolicy".to_owned(),
        ("POST", "invocations") => "Invoke".to_owned(),
        (method, rest) => format!("{method} {rest}"),
    };
    (operation, vec![name])
}

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Result<Answer, Rejection> {
    match exchange.call.operation.as_str() {
        "GetFunctionConfiguration" => {
            let target = Target::of(exchange, "lambda:GetFunctionConfiguration")?;
            let body = configuration(&target);
            Ok(answer(exchange.call, &body).into())
        }
        "GetFunction" => {
            let target = Target::of(exchange, "lambda:GetFunction")?;
            let body = json!({
                "Configuration": configuration(&target),
                "Code": {"RepositoryType": "S3"},
            });
            Ok(answer(exchange.call, &body).into())
        }
        "GetPolicy" => {
            let target = Target::of(exchange, "lambda:GetPolicy")?;
            // As a text within the answer (botocore's model, `GetPolicyResponse`).
            let Some(policy) = &target.function.policy else {
                let message = "The resource you requested does not exist.";
                return Err(ServiceError::new(404, "ResourceNotFoundException", message).into());
            };
            let body = json!({"Policy": policy.to_string(), "RevisionId": "1"});
            Ok(answer(exchange.call, &body).into())
        }
        "Invoke" => invoke(exchange),
        _ => Err(unknown(exchange)),
    }
}

/// The function and version that a request is about.
struct Target {
    function: Function,
    arn: String,
    version: String,
}

impl Target {
    fn of(exchange: &Exchange<'_>, action: &str) -> Result<Self, Rejection> {
        let named = exchange.call.resources.first().cloned().unwrap_or_default();
        let (name, inner) = split(&named);
        let qualifier = exchange.request.query_value("Qualifier").or(inner);
        let settings = &exchange.state.settings;
        let mut arn = settings.arn("lambda", &format!("function:{name}"));
        if let Some(qualifier) = &qualifier {
            arn = format!("{arn}:{qualifier}");
        }
        let function = exchange.state.services.lambda.function(&name);
        let policy = function.and_then(|function| function.policy.as_ref());
        let keys = Context::new().with(context::LAMBDA_FUNCTION_ARN, &arn);
        exchange.authorize(action, &arn, keys, policy)?;
        let missing = || {
            let message = format!("Function not found: {arn}");
            ServiceError::new(404, "ResourceNotFoundException", message)
        };
        let function = function.ok_or_else(missing)?.clone();
        let version = match qualifier.as_deref() {
            None | Some("$LATEST") => "$LATEST".to_owned(),
            Some(other) => function.qualifiers.get(other).ok_or_else(missing)?.clone(),
        };
        Ok(Self {
            function,
            arn,
            version,
        })
    }
}

/// A name, a partial or a full ARN, each with or without a qualifier (Lambda API reference,
/// `Invoke`, `FunctionName`).
fn split(named: &str) -> (String, Option<String>) {
    let rest = match named.find("function:") {
        Some(at) => &named[at + "function:".len()..],
        None => named,
    };
    match rest.split_once(':') {
        Some((name, qualifier)) => (name.to_owned(), Some(qualifier.to_owned())),
        None => (rest.to_owned(), None),
    }
}

fn configuration(target: &Target) -> Value {
    let Function {
        name,
        role,
        timeout,
        memory,
        environment,
        ..
    } = &target.function;
    let mut body = json!({
        "Architectures": ["x86_64"],
        "FunctionArn": target.arn,
        "FunctionName": name,
        "Handler": "bootstrap",
        "LastUpdateStatus": "Successful",
        "MemorySize": memory,
        "PackageType": "Zip",
        "Role": role,
        "Runtime": "provided.al2023",
        "State": "Active",
        "Timeout": timeout,
        "Version": target.version,
    });
    if !environment.is_empty() {
        body["Environment"] = json!({"Variables": environment});
    }
    body
}

fn invoke(exchange: &mut Exchange<'_>) -> Result<Answer, Rejection> {
    let request = exchange.request;
    let kind = request
        .header("x-amz-invocation-type")
        .unwrap_or("RequestResponse");
    let target = Target::of(exchange, "lambda:InvokeFunction")?;
    let payload = request.body.to_vec();
    let most = if kind == "Event" {
        LARGEST_ASYNC
    } else {
        LARGEST
    };
    if payload.len() > most {
        let message = format!(
            "{} byte payload is too large for {kind} invocations",
            payload.len()
        );
        return Err(ServiceError::new(413, "RequestTooLargeException", message).into());
    }
    if !payload.is_empty() && serde_json::from_slice::<Value>(&payload).is_err() {
        let message = "Could not parse request body into json";
        return Err(ServiceError::bad_request("InvalidRequestContentException", message).into());
    }
    let function = target.arn.clone();
    match kind {
        "DryRun" => Ok(Response::new(204).into()),
        "Event" => {
            exchange.record(Effect::FunctionInvoked {
                function: function.clone(),
            });
            exchange
                .state
                .outbox
                .add(Notification::Invocation(AsyncInvocation {
                    function,
                    at: exchange.now,
                    payload,
                }));
            Ok(Response::new(202).into())
        }
        "RequestResponse" => {
            exchange.record(Effect::FunctionInvoked {
                function: function.clone(),
            });
            let invocation = Invocation {
                function,
                payload,
                client_context: client_context(request)?,
                request_id: exchange.call.request_id.clone(),
            };
            Ok(Answer::Later(run(
                target,
                exchange.call.clone(),
                invocation,
            )))
        }
        other => Err(Rejection::unsupported(format!(
            "the invocation type {other}"
        ))),
    }
}

fn client_context(request: &Request) -> Result<Option<Value>, ServiceError> {
    let Some(header) = request.header("x-amz-client-context") else {
        return Ok(None);
    };
    let bytes = STANDARD.decode(header).ok();
    let context = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match context {
        Some(context) if header.len() <= 3583 => Ok(Some(context)),
        Some(_) | None => Err(ServiceError::bad_request(
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
        )),
    }
}

fn run(target: Target, call: Call, invocation: Invocation) -> BoxFuture<'static, Response> {
    Box::pin(async move {
        let ended = (target.function.body.0)(invocation).await;
        let response = Response::new(200).with("x-amz-executed-version", target.version);
        match ended {
            Ended::Returned(payload) => response.with_body("application/json", payload),
            Ended::Failed(problem) => {
                let failed = answer(&call, &problem);
                response
                    .with("x-amz-function-error", "Unhandled")
                    .with_body("application/json", failed.body)
            }
        }
    })
}
