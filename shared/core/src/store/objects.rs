//! Objects of the stack's buckets: what the adapters of the store are made of.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use clock::Clock;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StoreError, Versioned};
use crate::aws::{AwsError, Kind, Pages, Service, WholeXml, refine, required};
use crate::config::Config;
use crate::outside::Outside;

/// The objects of the stack's buckets.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    client: Client,
    pub(super) config: Arc<Config>,
    clock: Clock,
}

/// What an object was when it was read.
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: String,
    pub(crate) version_id: Option<String>,
}

/// An object of a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) key: String,
    /// The ETag that a read of it has, while nobody writes it.
    pub(crate) etag: Option<String>,
}

/// On what a write depends.
#[derive(Clone, Copy)]
pub(crate) enum Condition<'e> {
    /// There is no such object.
    Absent,
    /// The object is the one with this ETag.
    Unchanged(&'e str),
    /// Nothing: the last writer wins.
    Always,
}

impl Objects {
    /// The buckets that the configuration names.
    pub(crate) fn new(outside: &Outside, config: &Config) -> Self {
        let aws = &outside.aws;
        // A local stack serves every bucket under one host name; AWS prefers one host a bucket.
        let local = aws.sdk.endpoint_url().is_some() || config.local_s3;
        let mut s3 = aws_sdk_s3::config::Builder::from(&aws.sdk)
            .force_path_style(local)
            .interceptor(WholeXml { or_nothing: true });
        s3.set_retry_partition(aws.budget(Service::S3));
        Self {
            client: Client::from_conf(s3.build()),
            config: Arc::new(config.clone()),
            clock: outside.clock,
        }
    }

    /// Reads a JSON object of the state bucket; `None` where there is none.
    ///
    /// # Errors
    /// S3 did not answer, or the object cannot be understood.
    pub(super) async fn read_json<T: DeserializeOwned>(
        &self,
        object: &str,
    ) -> Result<Option<Versioned<T>>, StoreError> {
        let bucket = &self.config.state_bucket;
        let Some(found) = self.get(bucket, object, None).await? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&found.bytes).map_err(|error| StoreError::Corrupt {
            object: object.to_owned(),
            problem: error.to_string(),
        })?;
        Ok(Some(Versioned {
            value,
            etag: Some(found.etag),
        }))
    }

    /// Writes a JSON object of the state bucket, unless somebody else wrote it since it was read.
    ///
    /// A response can be lost after the write was made; the SDK then retries and gets a conflict
    /// with itself. So after a conflict the object is read: if it is what was to be written, it is
    /// written.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], or S3 did not do it.
    pub(super) async fn write_json<T: Serialize>(
        &self,
        object: &str,
        versioned: &mut Versioned<T>,
    ) -> Result<(), StoreError> {
        let bytes = to_json(object, &versioned.value)?;
        let condition = match &versioned.etag {
            Some(etag) => Condition::Unchanged(etag),
            None => Condition::Absent,
        };
        let bucket = &self.config.state_bucket;
        let etag = match self.put(bucket, object, bytes.clone(), condition).await {
            Ok(etag) => etag,
            // "No such object" answers an `If-Match` for an object that somebody deleted.
            Err(error) if error.kind == Kind::Conflict || error.is_not_found() => {
                match self.get(bucket, object, None).await? {
                    Some(found) if found.bytes == bytes => found.etag,
                    Some(_) | None => {
                        return Err(StoreError::Conflict {
                            object: object.to_owned(),
                        });
                    }
                }
            }
            Err(error) => return Err(error.into()),
        };
        versioned.etag = Some(etag);
        Ok(())
    }

    /// Reads an object, at most `most` bytes of it and one more; `None` where there is none.
    pub(crate) async fn get(
        &self,
        bucket: &str,
        key: &str,
        most: Option<usize>,
    ) -> Result<Option<Object>, AwsError> {
        let uri = uri(bucket, key);
        let answer = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await;
        let mut answer = match answer.map_err(refine("s3:GetObject", uri.as_str())) {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let etag = required("s3:GetObject", &uri, "ETag", answer.e_tag)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.body.next().await {
            let chunk = chunk.map_err(|error| AwsError {
                operation: "s3:GetObject",
                resource: uri.clone(),
                kind: Kind::Transient,
                code: None,
                message: format!("the content of the object was truncated: {error}"),
            })?;
            bytes.extend_from_slice(&chunk);
            if let Some(most) = most
                && bytes.len() > most
            {
                bytes.truncate(most + 1);
                break;
            }
        }
        Ok(Some(Object {
            bytes,
            etag,
            version_id: answer.version_id,
        }))
    }

    /// Writes an object under a condition and answers its ETag.
    pub(crate) async fn put(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        condition: Condition<'_>,
    ) -> Result<String, AwsError> {
        let request = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/json")
            .body(ByteStream::from(bytes));
        let request = match condition {
            Condition::Absent => request.if_none_match("*"),
            Condition::Unchanged(etag) => request.if_match(etag),
            Condition::Always => request,
        };
        let answer = request.send().await;
        let uri = uri(bucket, key);
        let answer = answer.map_err(refine("s3:PutObject", uri.as_str()))?;
        required("s3:PutObject", &uri, "ETag", answer.e_tag)
    }

    /// Writes a file of some media type, over one that may be there.
    pub(super) async fn put_file(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<(), AwsError> {
        let request = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(media_type)
            .body(ByteStream::from(bytes));
        let answer = request.send().await;
        answer.map_err(refine("s3:PutObject", uri(bucket, key)))?;
        Ok(())
    }

    /// The keys of all objects below a prefix, sorted.
    pub(crate) async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, AwsError> {
        let listed = self.listing(bucket, prefix).await?;
        Ok(listed.into_iter().map(|object| object.key).collect())
    }

    /// All objects below a prefix, sorted by key. S3 shows every write that was answered before (S3
    /// user guide, "Amazon S3 data consistency model").
    pub(crate) async fn listing(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<Listed>, AwsError> {
        const OPERATION: &str = "s3:ListBucket";
        let of = uri(bucket, prefix);
        let mut pages = Pages::of(OPERATION, &of);
        let mut listed = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
            let page = request.set_continuation_token(token).send().await;
            let page = page.map_err(refine(OPERATION, of.as_str()))?;
            let objects = page.contents.unwrap_or_default();
            // S3 API reference, `ListObjectsV2`: both are always there.
            let (Some(truncated), Some(count)) = (page.is_truncated, page.key_count) else {
                return Err(pages.garbled("the response has no KeyCount or no IsTruncated"));
            };
            if usize::try_from(count) != Ok(objects.len()) {
                let problem = format!("KeyCount is {count}, with {} entries", objects.len());
                return Err(pages.garbled(problem));
            }
            for object in objects {
                listed.push(Listed {
                    key: required(OPERATION, &of, "Key", object.key)?,
                    etag: object.e_tag,
                });
            }
            token = pages.next(truncated, page.next_continuation_token)?;
            if token.is_none() {
                break;
            }
        }
        listed.sort();
        Ok(listed)
    }

    /// Whether an object is there. Not by HEAD, whose answer has no code and is so the same as that
    /// of a proxy that knows no such place.
    pub(crate) async fn exists(&self, bucket: &str, key: &str) -> Result<bool, AwsError> {
        Ok(self.get(bucket, key, Some(0)).await?.is_some())
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// An object as people and tools name it.
pub(super) fn uri(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}

pub(super) fn to_json<T: Serialize>(object: &str, value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec_pretty(value).map_err(|error| StoreError::Corrupt {
        object: object.to_owned(),
        problem: format!("the object could not be written as JSON: {error}"),
    })
}
