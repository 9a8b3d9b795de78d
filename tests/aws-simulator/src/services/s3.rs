//! S3: objects, their versions, conditional writes, listings and object lock.

mod listing;
mod objects;
mod store;

use percent_encoding::percent_decode_str;

use super::unknown;
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::{Context, Request, ServiceError};

pub(crate) use store::hex;
pub use store::{Bucket, Retention, S3, Version};

/// Bucket and key of a request: the bucket is the first label of the host, or of the path (S3 user
/// guide, "Virtual hosting of buckets").
fn place(request: &Request) -> (String, String) {
    let bucket = request.host.split_once(".s3.");
    let path = request.path.strip_prefix('/').unwrap_or(&request.path);
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    match bucket {
        Some((bucket, _)) => (bucket.to_owned(), decoded(path)),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (decoded(bucket), decoded(key))
        }
    }
}

pub(crate) fn identify(request: &Request) -> (String, Vec<String>) {
    let (bucket, key) = place(request);
    let has = |name: &str| request.query().iter().any(|(key, _)| key == name);
    let of_object = !key.is_empty();
    let operation = match request.method.as_str() {
        "GET" if of_object => "GetObject",
        "HEAD" if of_object => "HeadObject",
        "PUT" if of_object && request.header("x-amz-copy-source").is_none() => "PutObject",
        "DELETE" if of_object => "DeleteObject",
        "GET" if request.query_value("list-type").as_deref() == Some("2") => "ListObjectsV2",
        "GET" if has("versions") => "ListObjectVersions",
        other => {
            return (
                format!("{other} {}?{}", request.path, request.raw_query),
                vec![bucket],
            );
        }
    };
    let resource = match of_object {
        true => format!("{bucket}/{key}"),
        false => bucket,
    };
    (operation.to_owned(), vec![resource])
}

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Handled {
    known_parameters(exchange)?;
    match exchange.call.operation.as_str() {
        "GetObject" => objects::get(exchange),
        "HeadObject" => objects::head(exchange),
        "PutObject" => objects::put(exchange),
        "DeleteObject" => objects::delete(exchange),
        "ListObjectsV2" => listing::objects(exchange),
        "ListObjectVersions" => listing::versions(exchange),
        _ => Err(unknown(exchange)),
    }
}

/// Refuses headers and parameters that change what is asked for and are not known here.
fn known_parameters(exchange: &Exchange<'_>) -> Result<(), Rejection> {
    let operation = exchange.call.operation.as_str();
    let mut headers = vec![
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-user-agent",
    ];
    let mut parameters = vec!["x-id"];
    match operation {
        "GetObject" | "HeadObject" => {
            headers.push("x-amz-checksum-mode");
            parameters.push("versionId");
        }
        "PutObject" => headers.extend([
            "content-md5",
            "if-match",
            "if-none-match",
            "x-amz-checksum-crc32",
            "x-amz-sdk-checksum-algorithm",
        ]),
        "DeleteObject" => {
            headers.push("x-amz-bypass-governance-retention");
            parameters.push("versionId");
        }
        "ListObjectsV2" => parameters.extend([
            "list-type",
            "prefix",
            "max-keys",
            "continuation-token",
            "start-after",
        ]),
        "ListObjectVersions" => {
            parameters.extend([
                "versions",
                "prefix",
                "max-keys",
                "key-marker",
                "version-id-marker",
            ]);
        }
        _ => return Err(unknown(exchange)),
    }
    let matters =
        |name: &str| name.starts_with("x-amz-") || name.starts_with("if-") || name == "range";
    let request = exchange.request;
    let header = request
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .find(|name| matters(name) && !headers.contains(name));
    let query = request.query();
    let parameter = query
        .iter()
        .map(|(name, _)| name.as_str())
        .find(|name| !parameters.contains(name));
    match header.or(parameter) {
        Some(name) => Err(Rejection::unsupported(format!(
            "s3:{operation} with {name}"
        ))),
        None => Ok(()),
    }
}

/// The bucket of a request and its key, after the authorizer was asked.
struct Asked {
    bucket: String,
    key: String,
}

impl Exchange<'_> {
    fn bucket_arn(&self, bucket: &str) -> String {
        format!("arn:{}:s3:::{bucket}", self.state.settings.partition)
    }

    /// Asks for an action on the request's object, or on its bucket where it names none.
    fn authorize_s3(&self, action: &str, keys: Context) -> Result<Asked, ServiceError> {
        let (bucket, key) = place(self.request);
        let mut arn = self.bucket_arn(&bucket);
        if !key.is_empty() {
            arn = format!("{arn}/{key}");
        }
        self.authorize_on(action, &bucket, &arn, keys)?;
        Ok(Asked { bucket, key })
    }

    fn authorize_on(
        &self,
        action: &str,
        bucket: &str,
        arn: &str,
        keys: Context,
    ) -> Result<(), ServiceError> {
        let known = self.state.services.s3.bucket(bucket).ok_or_else(|| {
            ServiceError::new(404, "NoSuchBucket", "The specified bucket does not exist")
        })?;
        self.authorize(action, arn, keys, known.policy.as_ref())
    }
}
