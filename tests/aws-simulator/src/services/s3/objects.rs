//! Reading, writing and deleting objects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

use super::store::Version;
use super::{Asked, place};
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::{Context, Effect, Response, ServiceError, context};

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

fn no_such_key() -> ServiceError {
    ServiceError::new(404, "NoSuchKey", "The specified key does not exist.")
}

pub(super) fn get(exchange: &mut Exchange<'_>) -> Handled {
    let (asked, response) = match read(exchange)? {
        Found::Version(asked, version) => {
            let response = describe(exchange, &asked, &version);
            (version, response)
        }
        Found::Marker(response) => {
            let error = no_such_key().answer(exchange.call.service, &exchange.call.request_id);
            return Ok(with_body_of(response, &error));
        }
    };
    Ok(response.with_body(&asked.content_type, asked.body))
}

/// As `GetObject`, without a body: also where it is an error, so there is no code (S3 API
/// reference, `HeadObject`).
pub(super) fn head(exchange: &mut Exchange<'_>) -> Handled {
    match read(exchange) {
        Ok(Found::Version(asked, version)) => {
            let length = version.body.len().to_string();
            let response = describe(exchange, &asked, &version);
            Ok(response
                .with("content-type", version.content_type)
                .with("content-length", length))
        }
        Ok(Found::Marker(response)) => Ok(response),
        Err(Rejection::Refused(error)) => Ok(Response::new(error.status)),
        Err(unsupported) => Err(unsupported),
    }
}

fn with_body_of(mut response: Response, error: &Response) -> Response {
    response.body = error.body.clone();
    response.with("content-type", "application/xml")
}

enum Found {
    Version(Asked, Version),
    /// The object is deleted: 404, with the marker's headers.
    Marker(Response),
}

fn read(exchange: &Exchange<'_>) -> Result<Found, Rejection> {
    let version_id = exchange.request.query_value("versionId");
    // S3 user guide, "Required permissions for Amazon S3 API operations".
    let action = match version_id {
        Some(_) => "s3:GetObjectVersion",
        None => "s3:GetObject",
    };
    let keys = Context::new().with_some(context::S3_VERSION_ID, version_id.as_deref());
    let asked = exchange.authorize_s3(action, keys)?;
    let bucket = exchange.state.services.s3.bucket(&asked.bucket);
    let versions = bucket.map_or(&[][..], |bucket| bucket.versions(&asked.key));
    let Some(id) = version_id else {
        return match versions.last() {
            Some(marker) if marker.is_marker => {
                may_list(exchange, &asked)?;
                Ok(Found::Marker(marked(404, marker)))
            }
            Some(version) => Ok(Found::Version(asked, version.clone())),
            None => {
                may_list(exchange, &asked)?;
                Err(no_such_key().into())
            }
        };
    };
    match versions.iter().find(|version| version.id == id) {
        Some(marker) if marker.is_marker => {
            let message = "The specified method is not allowed against this resource.";
            Err(ServiceError::new(405, "MethodNotAllowed", message).into())
        }
        Some(version) => Ok(Found::Version(asked, version.clone())),
        None => {
            let message = "The specified version does not exist.";
            Err(ServiceError::new(404, "NoSuchVersion", message).into())
        }
    }
}

/// Who may not list the bucket does not learn that an object is missing: 403 instead of 404 (S3 API
/// reference, `GetObject`, "Permissions").
fn may_list(exchange: &Exchange<'_>, asked: &Asked) -> Result<(), ServiceError> {
    let arn = exchange.bucket_arn(&asked.bucket);
    exchange.authorize_on("s3:ListBucket", &asked.bucket, &arn, Context::new())
}

fn marked(status: u16, marker: &Version) -> Response {
    Response::new(status)
        .with("x-amz-delete-marker", "true")
        .with("x-amz-version-id", &marker.id)
}

fn describe(exchange: &Exchange<'_>, asked: &Asked, version: &Version) -> Response {
    let bucket = exchange.state.services.s3.bucket(&asked.bucket);
    let is_versioned = bucket.is_some_and(|bucket| bucket.versioned);
    let at = DateTimePrinter::new().timestamp_to_rfc9110_string(&version.at);
    let wants_checksum = exchange.request.header("x-amz-checksum-mode") == Some("ENABLED");
    let checksum = version.crc32.as_ref().filter(|_| wants_checksum);
    let retained = version.retained_until;
    Response::new(200)
        .with("accept-ranges", "bytes")
        .with("etag", quoted(&version.etag))
        .with("last-modified", at.unwrap())
        .with("x-amz-server-side-encryption", "AES256")
        .with_some(
            "x-amz-version-id",
            is_versioned.then_some(version.id.as_str()),
        )
        .with_some("x-amz-checksum-crc32", checksum.map(String::as_str))
        .with_some("x-amz-checksum-type", checksum.map(|_| "FULL_OBJECT"))
        .with_some("x-amz-object-lock-mode", retained.map(|_| "GOVERNANCE"))
        .with_some(
            "x-amz-object-lock-retain-until-date",
            retained.map(|until| until.to_string()),
        )
}

/// What a conditional write asks for (S3 user guide, "How to prevent object overwrites with
/// conditional writes").
enum Condition {
    Absent,
    Unchanged(String),
    Always,
}

fn condition(exchange: &Exchange<'_>) -> Result<Condition, ServiceError> {
    let request = exchange.request;
    match (request.header("if-match"), request.header("if-none-match")) {
        (None, None) => Ok(Condition::Always),
        (None, Some("*")) => Ok(Condition::Absent),
        (Some(etag), None) => Ok(Condition::Unchanged(etag.trim_matches('"').to_owned())),
        (_, _) => Err(ServiceError::new(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        )),
    }
}

fn check(condition: &Condition, current: Option<&Version>) -> Result<(), ServiceError> {
    let failed = || {
        let message = "At least one of the pre-conditions you specified did not hold";
        ServiceError::new(412, "PreconditionFailed", message)
    };
    match (condition, current) {
        (Condition::Always, _) | (Condition::Absent, None) => Ok(()),
        (Condition::Absent, Some(_)) => Err(failed()),
        // The same page, "Conditional write behavior": 404 where there is nothing to compare with.
        (Condition::Unchanged(_), None) => Err(no_such_key()),
        (Condition::Unchanged(etag), Some(current)) if *etag == current.etag => Ok(()),
        (Condition::Unchanged(_), Some(_)) => Err(failed()),
    }
}

pub(super) fn put(exchange: &mut Exchange<'_>) -> Handled {
    let request = exchange.request;
    let keys = Context::new()
        .with_some(context::S3_IF_MATCH, request.header("if-match"))
        .with_some(context::S3_IF_NONE_MATCH, request.header("if-none-match"));
    let asked = exchange.authorize_s3("s3:PutObject", keys)?;
    let condition = condition(exchange)?;
    if let Condition::Unchanged(_) = condition {
        // S3 user guide, same page: `If-Match` needs the permission to read as well.
        exchange.authorize_s3("s3:GetObject", Context::new())?;
    }
    // S3 user guide, "Naming Amazon S3 objects".
    if asked.key.len() > 1024 {
        let message = "Your key is too long";
        return Err(ServiceError::bad_request("KeyTooLongError", message).into());
    }
    let crc32 = checksum(exchange)?;
    let Some(bucket) = exchange.state.services.s3.bucket_mut(&asked.bucket) else {
        return Err(no_such_key().into());
    };
    check(&condition, bucket.object(&asked.key))?;
    let id = match bucket.versioned {
        true => exchange.state.ids.alphanumeric(32),
        false => "null".to_owned(),
    };
    let mut version = Version::new(id.clone(), exchange.now, request.body.clone());
    if let Some(content_type) = request.header("content-type") {
        content_type.clone_into(&mut version.content_type);
    }
    version.crc32.clone_from(&crc32);
    let (etag, size) = (version.etag.clone(), version.body.len());
    bucket.add(&asked.key, version);
    let version_id = bucket.versioned.then_some(id);
    exchange.record(Effect::ObjectPut {
        bucket: asked.bucket.clone(),
        key: asked.key.clone(),
        version_id: version_id.clone(),
        etag: etag.clone(),
    });
    let mut object = json!({"etag": etag, "key": asked.key, "size": size});
    if let Some(id) = &version_id {
        object["version-id"] = id.as_str().into();
    }
    notify(
        exchange,
        &asked.bucket,
        "Object Created",
        object,
        &json!({"reason": "PutObject"}),
    );
    Ok(Response::new(200)
        .with("etag", quoted(&etag))
        .with("x-amz-server-side-encryption", "AES256")
        .with_some("x-amz-version-id", version_id)
        .with_some("x-amz-checksum-crc32", crc32.clone())
        .with_some("x-amz-checksum-type", crc32.map(|_| "FULL_OBJECT")))
}

/// The checksum of the request, if it is the body's. A bucket that retains wants one (S3 API
/// reference, `PutObject`, "Content-MD5").
fn checksum(exchange: &Exchange<'_>) -> Result<Option<String>, Rejection> {
    let request = exchange.request;
    let (bucket, _) = place(request);
    let retains = exchange.state.services.s3.bucket(&bucket);
    let retains = retains.is_some_and(|bucket| bucket.retention.is_some());
    let given = request.header("x-amz-checksum-crc32");
    let algorithm = request.header("x-amz-sdk-checksum-algorithm");
    if let Some(algorithm) = algorithm.filter(|name| !name.eq_ignore_ascii_case("CRC32")) {
        return Err(Rejection::unsupported(format!(
            "s3: the checksum {algorithm}"
        )));
    }
    match given {
        Some(given) => {
            let actual = crc32fast::hash(&request.body).to_be_bytes();
            if STANDARD.encode(actual) != given {
                let message = "The CRC32 you specified did not match the calculated checksum.";
                return Err(ServiceError::bad_request("BadDigest", message).into());
            }
            Ok(Some(given.to_owned()))
        }
        None if retains && request.header("content-md5").is_none() => {
            let message = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters";
            Err(ServiceError::bad_request("InvalidRequest", message).into())
        }
        None => Ok(None),
    }
}

pub(super) fn delete(exchange: &mut Exchange<'_>) -> Handled {
    let version_id = exchange.request.query_value("versionId");
    match version_id {
        Some(id) => delete_version(exchange, &id),
        None => delete_current(exchange),
    }
}

fn delete_current(exchange: &mut Exchange<'_>) -> Handled {
    let asked = exchange.authorize_s3("s3:DeleteObject", Context::new())?;
    let id = exchange.state.ids.alphanumeric(32);
    let Some(bucket) = exchange.state.services.s3.bucket_mut(&asked.bucket) else {
        return Err(no_such_key().into());
    };
    let response = Response::new(204);
    if !bucket.versioned {
        bucket.remove(&asked.key, "null");
        deleted(exchange, &asked, None, "Permanently Deleted");
        return Ok(response);
    }
    bucket.add(&asked.key, Version::marker(id.clone(), exchange.now));
    deleted(exchange, &asked, Some(id.clone()), "Delete Marker Created");
    Ok(response
        .with("x-amz-delete-marker", "true")
        .with("x-amz-version-id", id))
}

fn delete_version(exchange: &mut Exchange<'_>, id: &str) -> Handled {
    let keys = Context::new().with(context::S3_VERSION_ID, id);
    let asked = exchange.authorize_s3("s3:DeleteObjectVersion", keys)?;
    let bypass = exchange.request.header("x-amz-bypass-governance-retention");
    if bypass == Some("true") {
        exchange.authorize_s3("s3:BypassGovernanceRetention", Context::new())?;
    }
    let now = exchange.now;
    let Some(bucket) = exchange.state.services.s3.bucket_mut(&asked.bucket) else {
        return Err(no_such_key().into());
    };
    let version = bucket
        .versions(&asked.key)
        .iter()
        .find(|version| version.id == id);
    let is_marker = version.is_some_and(|version| version.is_marker);
    let retained = version.and_then(|version| version.retained_until);
    if retained.is_some_and(|until| until > now) && bypass != Some("true") {
        let message = "Access Denied because object protected by object lock.";
        return Err(ServiceError::new(403, "AccessDenied", message).into());
    }
    bucket.remove(&asked.key, id);
    deleted(exchange, &asked, Some(id.to_owned()), "Permanently Deleted");
    let marker = is_marker.then_some("true");
    Ok(Response::new(204)
        .with_some("x-amz-delete-marker", marker)
        .with("x-amz-version-id", id))
}

fn deleted(exchange: &mut Exchange<'_>, asked: &Asked, version_id: Option<String>, kind: &str) {
    let mut object = json!({"key": asked.key});
    if let Some(id) = &version_id {
        object["version-id"] = id.as_str().into();
    }
    exchange.record(Effect::ObjectDeleted {
        bucket: asked.bucket.clone(),
        key: asked.key.clone(),
        version_id,
    });
    let how = json!({"reason": "DeleteObject", "deletion-type": kind});
    notify(exchange, &asked.bucket, "Object Deleted", object, &how);
}

/// An event on the default bus (S3 user guide, "EventBridge event message structure").
fn notify(exchange: &mut Exchange<'_>, bucket: &str, kind: &str, mut object: Value, how: &Value) {
    let known = exchange.state.services.s3.bucket(bucket);
    if !known.is_some_and(|bucket| bucket.event_bridge) {
        return;
    }
    let (now, call) = (exchange.now, exchange.call);
    let sequencer = format!("{:08X}{:08X}", now.as_second(), call.sequence);
    object["sequencer"] = sequencer.into();
    let mut detail = json!({
        "version": "0",
        "bucket": {"name": bucket},
        "object": object,
        "request-id": call.request_id,
        "requester": call.principal.account,
        "source-ip-address": "192.0.2.1",
    });
    if let (Some(detail), Some(how)) = (detail.as_object_mut(), how.as_object()) {
        detail.extend(how.clone());
    }
    let resources = [exchange.bucket_arn(bucket)];
    let event = exchange
        .state
        .event(now, "aws.s3", kind, &resources, detail);
    exchange.state.emit(now, event);
}
