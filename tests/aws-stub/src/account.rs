//! A few objects, secrets and events in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::{Reply, Seen, Stub, decoded};

#[derive(Clone, Debug)]
struct Object {
    bytes: Vec<u8>,
    version: u64,
}

type Labels = BTreeMap<String, BTreeSet<&'static str>>;

/// A role, as far as it is read before something goes live under it. It has no policy but its own.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its trust policy.
    pub trust: Value,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its inline policy `lockstep-invoke`.
    pub invoke: Value,
}

#[derive(Debug, Default)]
struct Inside {
    objects: BTreeMap<String, Object>,
    versions: u64,
    /// By ARN, the labels of each version.
    secrets: BTreeMap<String, Labels>,
    names: BTreeMap<String, String>,
    /// The current values, by ARN.
    values: BTreeMap<String, Value>,
    roles: BTreeMap<String, Role>,
    iam_is_down: bool,
    denied: Vec<String>,
    busy: Vec<String>,
    events: Vec<Value>,
    messages: Vec<Value>,
    bus_is_down: bool,
    s3_is_down: bool,
}

/// S3, Secrets Manager, EventBridge, SQS and IAM, as far as tests need them. A secret and a role are
/// there where a test put them; IAM makes none.
#[derive(Clone, Debug)]
pub struct Account {
    /// The server.
    pub stub: Stub,
    inside: Arc<Mutex<Inside>>,
}

impl Account {
    /// An empty one.
    pub async fn start() -> Self {
        let inside: Arc<Mutex<Inside>> = Arc::default();
        let served = Arc::clone(&inside);
        let stub = Stub::start(move |seen| served.lock().unwrap().answer(seen)).await;
        Self { stub, inside }
    }

    /// Puts an object, `bucket/key`, as somebody else would; answers its version.
    pub fn put(&self, object: &str, bytes: impl Into<Vec<u8>>) -> String {
        let mut inside = self.inside.lock().unwrap();
        inside.put(object, bytes.into()).to_string()
    }

    /// An object's bytes.
    #[must_use]
    pub fn object(&self, object: &str) -> Option<Vec<u8>> {
        let inside = self.inside.lock().unwrap();
        Some(inside.objects.get(object)?.bytes.clone())
    }

    /// The objects below a prefix of `bucket/key`.
    #[must_use]
    pub fn objects(&self, prefix: &str) -> Vec<String> {
        let inside = self.inside.lock().unwrap();
        let keys = inside.objects.keys();
        keys.filter(|key| key.starts_with(prefix))
            .cloned()
            .collect()
    }

    /// Deletes an object.
    pub fn delete(&self, object: &str) {
        self.inside.lock().unwrap().objects.remove(object);
    }

    /// A secret, and its current version, whose id is filled up to the length of one. The version
    /// that was current before becomes AWSPREVIOUS.
    pub fn secret(&self, arn: &str, version: &str) {
        let mut inside = self.inside.lock().unwrap();
        let labels = inside.secrets.entry(arn.to_owned()).or_default();
        let version = format!("{version:0>36}");
        if labels
            .get(&version)
            .is_some_and(|of| of.contains("AWSCURRENT"))
        {
            return;
        }
        labels.retain(|_, of| of.remove("AWSCURRENT"));
        for of in labels.values_mut() {
            *of = BTreeSet::from(["AWSPREVIOUS"]);
        }
        labels.insert(version, BTreeSet::from(["AWSCURRENT"]));
    }

    /// What is in the current version of a secret.
    pub fn value(&self, arn: &str, value: Value) {
        let mut inside = self.inside.lock().unwrap();
        inside.values.insert(arn.to_owned(), value);
    }

    /// A role.
    pub fn role(&self, name: &str, role: Role) {
        let mut inside = self.inside.lock().unwrap();
        inside.roles.insert(name.to_owned(), role);
    }

    /// Whether IAM answers nothing.
    pub fn iam_is_down(&self, down: bool) {
        self.inside.lock().unwrap().iam_is_down = down;
    }

    /// Lets a secret be found by its name too.
    pub fn named(&self, name: &str, arn: &str) {
        let mut inside = self.inside.lock().unwrap();
        inside.names.insert(name.to_owned(), arn.to_owned());
    }

    /// Whatever names this, an ARN or an object as `bucket/key`, is denied from now on.
    pub fn deny(&self, what: &str) {
        self.inside.lock().unwrap().denied.push(what.to_owned());
    }

    /// Whatever names this answers from now on that there are too many requests.
    pub fn busy(&self, what: &str) {
        self.inside.lock().unwrap().busy.push(what.to_owned());
    }

    /// What is denied no longer.
    pub fn allow(&self, what: &str) {
        self.inside.lock().unwrap().denied.retain(|one| one != what);
    }

    /// Whether the bus takes no events.
    pub fn bus_is_down(&self, down: bool) {
        self.inside.lock().unwrap().bus_is_down = down;
    }

    /// Whether S3 answers nothing but 503.
    pub fn s3_is_down(&self, down: bool) {
        self.inside.lock().unwrap().s3_is_down = down;
    }

    /// The events that the bus took since this was asked last: detail type and detail.
    #[must_use]
    pub fn events(&self) -> Vec<(String, Value)> {
        let events = std::mem::take(&mut self.inside.lock().unwrap().events);
        let event = |entry: Value| {
            let kind = entry["DetailType"].as_str().unwrap().to_owned();
            let detail = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            (kind, detail)
        };
        events.into_iter().map(event).collect()
    }

    /// The bodies of the messages that were sent since this was asked last.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        std::mem::take(&mut self.inside.lock().unwrap().messages)
    }
}

impl Inside {
    fn put(&mut self, object: &str, bytes: Vec<u8>) -> u64 {
        self.versions += 1;
        let version = self.versions;
        let stored = Object { bytes, version };
        self.objects.insert(object.to_owned(), stored);
        version
    }

    fn answer(&mut self, seen: &Seen) -> Reply {
        let body: Value = serde_json::from_str(&seen.body).unwrap_or_default();
        match seen.operation.as_str() {
            "DescribeSecret" => self.describe(body["SecretId"].as_str().unwrap_or_default()),
            "GetSecretValue" => self.read(body["SecretId"].as_str().unwrap_or_default()),
            "PutEvents" if self.bus_is_down => {
                json_error(400, "AccessDeniedException", "events:PutEvents")
            }
            "PutEvents" => {
                let entries = body["Entries"].as_array().cloned().unwrap_or_default();
                let results: Vec<Value> = entries.iter().map(|_| json!({"EventId": "1"})).collect();
                self.events.extend(entries);
                Reply::ok(json!({"FailedEntryCount": 0, "Entries": results}).to_string())
            }
            "SendMessage" => {
                let text = body["MessageBody"].as_str().unwrap_or_default();
                self.messages.push(serde_json::from_str(text).unwrap());
                Reply::ok(json!({"MessageId": "1"}).to_string())
            }
            "ChangeMessageVisibility" => Reply::ok("{}"),
            "GetRole" | "GetRolePolicy" | "ListRolePolicies" | "ListAttachedRolePolicies" => {
                self.iam(seen)
            }
            "" if self.s3_is_down => xml_error(503, "SlowDown"),
            "" => self.s3(seen),
            _ => xml_error(403, "AccessDenied"),
        }
    }

    /// Found by ARN and by name.
    fn describe(&self, id: &str) -> Reply {
        let by_name = self.secrets.keys().find(|arn| name_of(arn) == Some(id));
        let arn = self.names.get(id).or(by_name).map_or(id, String::as_str);
        if self.denied.iter().any(|one| one == arn || one == id) {
            return json_error(
                400,
                "AccessDeniedException",
                "secretsmanager:DescribeSecret",
            );
        }
        if self.busy.iter().any(|one| one == arn) {
            return json_error(400, "ThrottlingException", "Rate exceeded");
        }
        let Some(labels) = self.secrets.get(arn) else {
            return json_error(400, "ResourceNotFoundException", "no such secret");
        };
        let described = json!({
            "ARN": arn,
            "Name": name_of(arn),
            "VersionIdsToStages": labels,
        });
        Reply::ok(described.to_string())
    }

    fn read(&self, arn: &str) -> Reply {
        let current = self.secrets.get(arn).and_then(|labels| {
            let mut labels = labels.iter();
            labels.find(|(_, of)| of.contains("AWSCURRENT"))
        });
        let (Some((version, stages)), Some(value)) = (current, self.values.get(arn)) else {
            return json_error(400, "ResourceNotFoundException", "no such value");
        };
        let read = json!({
            "ARN": arn, "Name": name_of(arn), "VersionId": version, "VersionStages": stages,
            "SecretString": value.to_string(),
        });
        Reply::ok(read.to_string())
    }

    fn iam(&self, seen: &Seen) -> Reply {
        if self.iam_is_down {
            return xml_error(503, "ServiceUnavailable");
        }
        let name = seen.value("RoleName").unwrap_or_default();
        let Some(role) = self.roles.get(&name) else {
            return xml_error(404, "NoSuchEntity");
        };
        let operation = seen.operation.as_str();
        let result = match operation {
            "GetRole" => described(&name, role),
            "GetRolePolicy" => format!(
                "<RoleName>{name}</RoleName><PolicyName>lockstep-invoke</PolicyName>\
                 <PolicyDocument>{}</PolicyDocument>",
                role.invoke
            ),
            "ListRolePolicies" => "<PolicyNames><member>lockstep-invoke</member></PolicyNames>\
                 <IsTruncated>false</IsTruncated>"
                .to_owned(),
            _ => "<AttachedPolicies/><IsTruncated>false</IsTruncated>".to_owned(),
        };
        Reply::ok(format!(
            "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
        ))
    }

    fn s3(&mut self, seen: &Seen) -> Reply {
        let path = decoded(seen.path.trim_start_matches('/'));
        if self.denied.contains(&path) {
            return xml_error(403, "AccessDenied");
        }
        if self.busy.contains(&path) {
            return xml_error(503, "SlowDown");
        }
        if seen.method == "GET" && seen.value("list-type").is_some() {
            let prefix = seen.value("prefix").unwrap_or_default();
            return self.list(path.trim_end_matches('/'), &prefix);
        }
        let found = self.objects.get(&path).cloned();
        let fits = match (seen.condition.as_deref(), &found) {
            (None, _) | (Some("*"), None) => true,
            (Some("*"), Some(_)) | (Some(_), None) => false,
            (Some(tag), Some(object)) => tag == etag(object),
        };
        match (seen.method.as_str(), found) {
            ("GET", Some(object)) => Reply::ok(object.bytes.clone())
                .with("etag", etag(&object))
                .with("x-amz-version-id", object.version.to_string()),
            ("GET", None) => xml_error(404, "NoSuchKey"),
            ("PUT", _) if !fits => xml_error(412, "PreconditionFailed"),
            ("PUT", _) => {
                let bytes = unchunked(&seen.body);
                let version = self.put(&path, bytes);
                let object = &self.objects[&path];
                Reply::ok("")
                    .with("etag", etag(object))
                    .with("x-amz-version-id", version.to_string())
            }
            (_, _) => xml_error(405, "MethodNotAllowed"),
        }
    }

    fn list(&self, bucket: &str, prefix: &str) -> Reply {
        let within = format!("{bucket}/");
        let keys = self.objects.keys().filter_map(|key| {
            let key = key.strip_prefix(&within)?;
            key.starts_with(prefix).then_some(key)
        });
        let entries: Vec<String> = keys
            .map(|key| format!("<Contents><Key>{key}</Key></Contents>"))
            .collect();
        Reply::ok(format!(
            "<ListBucketResult><Name>{bucket}</Name><KeyCount>{}</KeyCount>{}<IsTruncated>false</IsTruncated></ListBucketResult>",
            entries.len(),
            entries.concat()
        ))
    }
}

/// A secret's name: the end of its ARN without the hyphen and the six random characters.
fn name_of(arn: &str) -> Option<&str> {
    let (_, end) = arn.split_once(":secret:")?;
    end.get(..end.len().checked_sub(7)?)
}

/// As GetRole answers (IAM API reference, `Role`).
fn described(name: &str, role: &Role) -> String {
    let boundary = role.boundary.as_ref().map(|arn| {
        format!(
            "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
             <PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
        )
    });
    format!(
        "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA1</RoleId>\
         <Arn>arn:aws:iam::123456789012:role/{name}</Arn>\
         <CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>{}</Role>",
        role.trust,
        boundary.unwrap_or_default()
    )
}

fn etag(object: &Object) -> String {
    format!("\"{}\"", object.version)
}

/// The content of an upload in one signed or unsigned chunk (S3 user guide, "Using
/// aws-chunked content encoding").
fn unchunked(body: &str) -> Vec<u8> {
    let chunk = body.split_once("\r\n").and_then(|(head, rest)| {
        let size = head.split(';').next()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        rest.as_bytes().get(..size)
    });
    chunk.unwrap_or(body.as_bytes()).to_vec()
}

fn json_error(status: u16, code: &str, message: &str) -> Reply {
    Reply::new(
        status,
        json!({"__type": code, "message": message}).to_string(),
    )
}

fn xml_error(status: u16, code: &str) -> Reply {
    // S3's form and IAM's, one inside the other.
    Reply::new(
        status,
        if matches!(code, "NoSuchEntity" | "ServiceUnavailable") {
            format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>{code}</Message></Error></ErrorResponse>"
            )
        } else {
            format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>")
        },
    )
}
