//! What S3 holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use md5::{Digest as _, Md5};
use serde_json::Value;

/// The default retention of a bucket with object lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How many days in `GOVERNANCE` mode, the only one that the template uses.
    pub governance_days: u32,
}

/// A bucket.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// Whether it keeps versions.
    pub versioned: bool,
    /// Object lock with a default retention.
    pub retention: Option<Retention>,
    /// Its policy.
    pub policy: Option<Value>,
    /// Whether its events go to EventBridge.
    pub event_bridge: bool,
    /// By key, each version, the newest last.
    pub(super) objects: BTreeMap<String, Vec<Version>>,
}

/// A version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its id; `null` in a bucket without versions.
    pub id: String,
    /// When it was written.
    pub at: Timestamp,
    /// Whether it marks the object as deleted.
    pub is_marker: bool,
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its content.
    pub body: Bytes,
    /// Its content type.
    pub content_type: String,
    /// The CRC-32 that it was sent with.
    pub crc32: Option<String>,
    /// Until when it can't be deleted.
    pub retained_until: Option<Timestamp>,
}

impl Version {
    /// An object's content. Its ETag is an MD5 (S3 API reference, `Object`, for objects in one part
    /// that are encrypted with SSE-S3), so equal content has an equal ETag.
    pub(super) fn new(id: String, at: Timestamp, body: Bytes) -> Self {
        Self {
            id,
            at,
            is_marker: false,
            etag: hex(&Md5::digest(&body)),
            body,
            content_type: "binary/octet-stream".into(),
            crc32: None,
            retained_until: None,
        }
    }

    pub(super) fn marker(id: String, at: Timestamp) -> Self {
        Self {
            is_marker: true,
            etag: String::new(),
            ..Self::new(id, at, Bytes::new())
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Bucket {
    /// A bucket with versions.
    #[must_use]
    pub fn versioned() -> Self {
        Self {
            versioned: true,
            ..Self::default()
        }
    }

    /// All versions of an object, the newest last.
    #[must_use]
    pub fn versions(&self, key: &str) -> &[Version] {
        self.objects.get(key).map_or(&[], Vec::as_slice)
    }

    /// The current content of an object.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<&Version> {
        self.versions(key)
            .last()
            .filter(|version| !version.is_marker)
    }

    /// The keys of the objects that are there, in the order of their bytes.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let keys = self.objects.keys().map(String::as_str);
        keys.filter(|key| self.object(key).is_some())
    }

    pub(super) fn add(&mut self, key: &str, mut version: Version) {
        if let Some(Retention { governance_days }) = self.retention
            && !version.is_marker
        {
            let days = SignedDuration::from_hours(i64::from(governance_days) * 24);
            version.retained_until = version.at.checked_add(days).ok();
        }
        let versions = self.objects.entry(key.to_owned()).or_default();
        if !self.versioned {
            versions.clear();
        }
        versions.push(version);
    }

    /// Removes one version; the others stay.
    pub(super) fn remove(&mut self, key: &str, id: &str) {
        if let Some(versions) = self.objects.get_mut(key) {
            versions.retain(|version| version.id != id);
            if versions.is_empty() {
                self.objects.remove(key);
            }
        }
    }
}

/// The buckets of the account.
#[derive(Clone, Debug)]
pub struct S3 {
    buckets: BTreeMap<String, Bucket>,
    /// The most entries of a page of a listing. S3 gives up to 1,000 and may give fewer (S3 API
    /// reference, `ListObjectsV2`, `MaxKeys`).
    pub page: usize,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            buckets: BTreeMap::new(),
            page: 1000,
        }
    }
}

impl S3 {
    /// Adds a bucket, or replaces the one of this name.
    pub fn put(&mut self, name: impl Into<String>, bucket: Bucket) {
        self.buckets.insert(name.into(), bucket);
    }

    /// A bucket by its name.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Option<&Bucket> {
        self.buckets.get(name)
    }

    /// A bucket by its name, to change its settings.
    pub fn bucket_mut(&mut self, name: &str) -> Option<&mut Bucket> {
        self.buckets.get_mut(name)
    }
}
