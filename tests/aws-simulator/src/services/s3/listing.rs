//! Listings, page by page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::store::Version;
use crate::exchange::{Exchange, Handled};
use crate::protocol::xml::Element;
use crate::{Context, Response, ServiceError, context};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// What every listing is asked: which bucket, below what, how much.
struct Page {
    bucket: String,
    prefix: String,
    asked: usize,
    most: usize,
}

fn page(exchange: &Exchange<'_>, action: &str) -> Result<Page, ServiceError> {
    let request = exchange.request;
    let prefix = request.query_value("prefix");
    let max_keys = request.query_value("max-keys");
    let keys = Context::new()
        .with_some(context::S3_PREFIX, prefix.clone())
        .with_some(context::S3_MAX_KEYS, max_keys.clone());
    let asked = exchange.authorize_s3(action, keys)?;
    let max_keys = match max_keys.map(|text| text.parse::<usize>()) {
        None => 1000,
        Some(Ok(number)) => number,
        Some(Err(_)) => {
            let message = "Provided max-keys not an integer or within integer range";
            return Err(ServiceError::bad_request("InvalidArgument", message));
        }
    };
    // S3 API reference, `ListObjectsV2`: never more than 1,000.
    let max_keys = max_keys.min(1000);
    Ok(Page {
        bucket: asked.bucket,
        prefix: prefix.unwrap_or_default(),
        asked: max_keys,
        most: max_keys.min(exchange.state.services.s3.page),
    })
}

pub(super) fn objects(exchange: &mut Exchange<'_>) -> Handled {
    let page = page(exchange, "s3:ListBucket")?;
    let request = exchange.request;
    let token = request.query_value("continuation-token");
    let start_after = request.query_value("start-after");
    let after = match &token {
        Some(token) => Some(read_token(token)?),
        None => start_after.clone(),
    };
    let bucket = exchange.state.services.s3.bucket(&page.bucket);
    let mut listed: Vec<(&str, &Version)> = bucket
        .into_iter()
        .flat_map(|bucket| {
            bucket
                .keys()
                .filter_map(|key| Some((key, bucket.object(key)?)))
        })
        .filter(|(key, _)| key.starts_with(&page.prefix))
        .filter(|(key, _)| after.as_deref().is_none_or(|after| *key > after))
        .collect();
    let is_truncated = listed.len() > page.most;
    listed.truncate(page.most);
    let next = listed.last().filter(|_| is_truncated);
    let next = next.map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
    let body = Element::new("ListBucketResult")
        .attribute("xmlns", NAMESPACE)
        .text("Name", &page.bucket)
        .text("Prefix", &page.prefix)
        .some_text("StartAfter", start_after)
        .some_text("ContinuationToken", token)
        .some_text("NextContinuationToken", next)
        .text("KeyCount", listed.len().to_string())
        .text("MaxKeys", page.asked.to_string())
        .text("IsTruncated", is_truncated.to_string())
        .children(listed.iter().map(|(key, version)| {
            described("Contents", key, version).text("StorageClass", "STANDARD")
        }));
    Ok(Response::new(200).with_body("application/xml", body.document()))
}

fn described(name: &str, key: &str, version: &Version) -> Element {
    let element = Element::new(name)
        .text("Key", key)
        .text("LastModified", written(version.at))
        .text("ETag", format!("\"{}\"", version.etag))
        .text("Size", version.body.len().to_string());
    match &version.crc32 {
        Some(_) => element
            .text("ChecksumAlgorithm", "CRC32")
            .text("ChecksumType", "FULL_OBJECT"),
        None => element,
    }
}

fn read_token(token: &str) -> Result<String, ServiceError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            let message = "The continuation token provided is incorrect";
            ServiceError::bad_request("InvalidArgument", message)
        })
}

/// Versions and markers, by key and the newest first (S3 user guide, "Listing objects in a
/// versioning-enabled bucket").
pub(super) fn versions(exchange: &mut Exchange<'_>) -> Handled {
    let page = page(exchange, "s3:ListBucketVersions")?;
    let request = exchange.request;
    let key_marker = request.query_value("key-marker").unwrap_or_default();
    let version_marker = request.query_value("version-id-marker").unwrap_or_default();
    let bucket = exchange.state.services.s3.bucket(&page.bucket);
    let mut entries: Vec<(&str, &Version, bool)> = Vec::new();
    for (key, versions) in bucket.into_iter().flat_map(|bucket| &bucket.objects) {
        if key.starts_with(&page.prefix) {
            let newest_first = versions.iter().rev().enumerate();
            entries.extend(newest_first.map(|(at, version)| (key.as_str(), version, at == 0)));
        }
    }
    if !key_marker.is_empty() {
        let same = |(key, version, _): &(&str, &Version, bool)| {
            *key == key_marker && version.id == version_marker
        };
        let at = entries.iter().position(same).map(|at| at + 1);
        let after = entries
            .iter()
            .position(|(key, ..)| *key > key_marker.as_str());
        let at = at.or(after).unwrap_or(entries.len());
        entries.drain(..at);
    }
    let is_truncated = entries.len() > page.most;
    entries.truncate(page.most);
    let next = entries.last().filter(|_| is_truncated);
    let body = Element::new("ListVersionsResult")
        .attribute("xmlns", NAMESPACE)
        .text("Name", &page.bucket)
        .text("Prefix", &page.prefix)
        .text("KeyMarker", &key_marker)
        .text("VersionIdMarker", &version_marker)
        .some_text("NextKeyMarker", next.map(|(key, ..)| key))
        .some_text(
            "NextVersionIdMarker",
            next.map(|(_, version, _)| &version.id),
        )
        .text("MaxKeys", page.asked.to_string())
        .text("IsTruncated", is_truncated.to_string())
        .children(entries.iter().map(|(key, version, is_latest)| {
            let element = match version.is_marker {
                true => Element::new("DeleteMarker")
                    .text("Key", key)
                    .text("LastModified", written(version.at)),
                false => described("Version", key, version).text("StorageClass", "STANDARD"),
            };
            element
                .text("VersionId", &version.id)
                .text("IsLatest", is_latest.to_string())
        }));
    Ok(Response::new(200).with_body("application/xml", body.document()))
}
