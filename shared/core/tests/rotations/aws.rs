//! A small AWS: as much of Secrets Manager, S3 and EventBridge as rotating a client needs, and what no emulator does
//! on demand: a secret that can't be read, or only later.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_eventbridge::config::Credentials;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// What reading a secret comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Works,
    Denied,
    Throttled,
    /// Scheduled for deletion.
    Deleted,
}

pub struct Secret {
    pub reading: Reading,
    /// Value and labels of each version.
    pub versions: BTreeMap<String, (Option<String>, BTreeSet<String>)>,
}

#[derive(Default)]
pub struct Held {
    pub secrets: BTreeMap<String, Secret>,
    /// Objects by bucket and key.
    pub objects: BTreeMap<String, Vec<u8>>,
    /// Types and details of the events, in order.
    pub events: Vec<(String, Value)>,
}

#[derive(Clone, Default)]
pub struct Aws(Arc<Mutex<Held>>);

impl Aws {
    pub fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap()
    }

    /// Makes a secret with one version that is current.
    pub fn secret(&self, arn: &str, value: &Value) {
        let labels = BTreeSet::from(["AWSCURRENT".to_owned()]);
        let versions = BTreeMap::from([("v".repeat(36), (Some(value.to_string()), labels))]);
        let secret = Secret {
            reading: Reading::Works,
            versions,
        };
        self.held().secrets.insert(arn.to_owned(), secret);
    }

    pub fn read_as(&self, arn: &str, reading: Reading) {
        self.held().secrets.get_mut(arn).unwrap().reading = reading;
    }

    /// Stages a version as Secrets Manager does when a rotation or a trial begins.
    pub fn begin(&self, arn: &str, token: &str, value: Option<String>) {
        let labels = BTreeSet::from(["AWSPENDING".to_owned()]);
        let mut held = self.held();
        let secret = held.secrets.get_mut(arn).unwrap();
        secret.versions.insert(token.to_owned(), (value, labels));
    }

    /// The value under a label.
    pub fn value(&self, arn: &str, label: &str) -> Option<String> {
        let held = self.held();
        let mut versions = held.secrets[arn].versions.values();
        let (value, _) = versions.find(|(_, labels)| labels.contains(label))?;
        value.clone()
    }

    pub async fn serve(&self) -> SdkConfig {
        let router = Router::new().fallback(answer).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(format!("http://{address}"))
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .load()
            .await
    }
}

async fn answer(State(aws): State<Aws>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let target = head.headers.get("x-amz-target");
    match target.and_then(|target| target.to_str().ok()) {
        Some(target) => {
            let body: Value = serde_json::from_slice(&body).unwrap();
            let (_, operation) = target.split_once('.').unwrap();
            if target.starts_with("AWSEvents.") {
                return put_events(&aws, &body);
            }
            secrets_manager(&aws, operation, &body)
        }
        None => s3(&aws, &head.method, &head.uri, &head.headers, &body),
    }
}

fn put_events(aws: &Aws, body: &Value) -> Response {
    let entries = body["Entries"].as_array().unwrap();
    for entry in entries {
        let detail = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        let kind = entry["DetailType"].as_str().unwrap().to_owned();
        aws.held().events.push((kind, detail));
    }
    let taken: Vec<Value> = entries.iter().map(|_| json!({"EventId": "1"})).collect();
    axum::Json(json!({"FailedEntryCount": 0, "Entries": taken})).into_response()
}

fn refusal(code: &str, message: &str) -> Response {
    let body = json!({"__type": code, "message": message});
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}

/// Secrets Manager API reference: DescribeSecret, GetSecretValue, PutSecretValue, UpdateSecretVersionStage,
/// ListSecretVersionIds.
fn secrets_manager(aws: &Aws, operation: &str, body: &Value) -> Response {
    let arn = body["SecretId"].as_str().unwrap();
    let mut held = aws.held();
    let Some(secret) = held.secrets.get_mut(arn) else {
        return refusal("ResourceNotFoundException", "there is no such secret");
    };
    match (secret.reading, operation) {
        (Reading::Throttled, _) => return refusal("ThrottlingException", "slow down"),
        (Reading::Denied, "GetSecretValue") => {
            return refusal("AccessDeniedException", "not authorized");
        }
        (Reading::Deleted, "GetSecretValue") => {
            return refusal("InvalidRequestException", "it was marked for deletion");
        }
        (Reading::Works | Reading::Denied | Reading::Deleted, _) => {}
    }
    let stages = |labels: &BTreeSet<String>| json!(labels);
    let answer = match operation {
        "DescribeSecret" => {
            let versions: BTreeMap<&String, Value> = secret
                .versions
                .iter()
                .map(|(id, (_, labels))| (id, stages(labels)))
                .collect();
            let mut answer =
                json!({"ARN": arn, "RotationEnabled": true, "VersionIdsToStages": versions});
            if secret.reading == Reading::Deleted {
                answer["DeletedDate"] = json!(1_700_000_000);
            }
            answer
        }
        "GetSecretValue" => {
            let found = match body["VersionId"].as_str() {
                Some(id) => secret.versions.get_key_value(id),
                None => secret
                    .versions
                    .iter()
                    .find(|(_, (_, labels))| labels.contains("AWSCURRENT")),
            };
            let Some((id, (Some(value), labels))) = found else {
                return refusal("ResourceNotFoundException", "it has no value");
            };
            json!({"ARN": arn, "VersionId": id, "SecretString": value, "VersionStages": stages(labels),
                "CreatedDate": 1_700_000_000})
        }
        "PutSecretValue" => {
            let token = body["ClientRequestToken"].as_str().unwrap();
            let value = body["SecretString"].as_str().unwrap().to_owned();
            secret.versions.get_mut(token).unwrap().0 = Some(value);
            json!({"ARN": arn, "VersionId": token})
        }
        "UpdateSecretVersionStage" => {
            let label = body["VersionStage"].as_str().unwrap();
            if let Some(from) = body["RemoveFromVersionId"].as_str() {
                secret.versions.get_mut(from).unwrap().1.remove(label);
            }
            if let Some(to) = body["MoveToVersionId"].as_str() {
                let labels = &mut secret.versions.get_mut(to).unwrap().1;
                labels.insert(label.to_owned());
                labels.remove("AWSPENDING");
            }
            json!({"ARN": arn})
        }
        "ListSecretVersionIds" => {
            let versions: Vec<Value> = secret
                .versions
                .iter()
                .map(|(id, (_, labels))| {
                    json!({"VersionId": id, "VersionStages": stages(labels), "CreatedDate": 1_700_000_000})
                })
                .collect();
            json!({"ARN": arn, "Versions": versions})
        }
        other => panic!("nothing should ask for {other}"),
    };
    axum::Json(answer).into_response()
}

/// As with S3, of the content: what was planted has one too.
fn etag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// S3 API reference: ListObjectsV2, GetObject, PutObject with `If-Match` and `If-None-Match`.
fn s3(aws: &Aws, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
    let mut held = aws.held();
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let path = uri.path().trim_matches('/').to_owned();
    if query.contains_key("list-type") {
        let prefix = format!("{path}/{}", query.get("prefix").map_or("", String::as_str));
        let keys: String = held
            .objects
            .keys()
            .filter(|key| key.starts_with(&prefix))
            .map(|key| {
                let (_, key) = key.split_once('/').unwrap();
                format!("<Contents><Key>{key}</Key></Contents>")
            })
            .collect();
        let count = keys.matches("<Key>").count();
        let xml = format!(
            "<ListBucketResult><KeyCount>{count}</KeyCount><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>"
        );
        return xml.into_response();
    }
    if *method == Method::PUT {
        let known = held.objects.get(&path).map(|bytes| etag(bytes));
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let fails = (header("if-none-match").is_some() && known.is_some())
            || header("if-match").is_some_and(|etag| known.as_deref() != Some(etag));
        if fails {
            let xml = "<Error><Code>PreconditionFailed</Code></Error>";
            return (StatusCode::PRECONDITION_FAILED, xml).into_response();
        }
        held.objects.insert(path, body.to_vec());
        return ([("etag", etag(body))], "").into_response();
    }
    match held.objects.get(&path) {
        Some(bytes) => ([("etag", etag(bytes))], bytes.clone()).into_response(),
        None => {
            let xml = "<Error><Code>NoSuchKey</Code></Error>";
            (StatusCode::NOT_FOUND, xml).into_response()
        }
    }
}
