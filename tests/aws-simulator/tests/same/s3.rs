//! Conditions, versions and lists of S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;

use crate::case::{Case, answer};
use crate::world::{Kind, World};

const WRITES: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html";
const PUT: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html";
const GET: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html";
const HEAD: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html";
const LIST: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html";
const MARKERS: &str = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html";
const KEY: &str = "state/a.json";

/// A client, and a bucket with one object.
async fn with_object(world: &World) -> (Client, String, Versioned) {
    let (s3, bucket) = (world.s3(), world.bucket().await);
    let first = put(&s3, &bucket, "one").send().await.expect("an object");
    let first = Versioned {
        etag: first.e_tag.expect("an ETag"),
        version: first.version_id.expect("a version"),
    };
    (s3, bucket, first)
}

struct Versioned {
    etag: String,
    version: String,
}

fn put(s3: &Client, bucket: &str, body: &'static str) -> PutObjectFluentBuilder {
    let put = s3.put_object().bucket(bucket).key(KEY);
    put.body(ByteStream::from_static(body.as_bytes()))
}

async fn read(s3: &Client, bucket: &str, version: Option<String>) -> String {
    let get = s3.get_object().bucket(bucket).key(KEY);
    let got = get.set_version_id(version).send().await;
    match got {
        Ok(got) => {
            let bytes = got.body.collect().await.expect("a body").into_bytes();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Err(_) => answer(&got),
    }
}

async fn delete(s3: &Client, bucket: &str) -> String {
    let deleted = s3.delete_object().bucket(bucket).key(KEY).send().await;
    deleted.expect("a marker").version_id.expect("its version")
}

pub const CASES: &[Case] = &[
    Case {
        done: "`PutObject` with `If-None-Match: *`, no object",
        aws: "done",
        source: WRITES,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket) = (world.s3(), world.bucket().await);
                answer(&put(&s3, &bucket, "one").if_none_match("*").send().await)
            })
        },
    },
    Case {
        done: "`PutObject` with `If-None-Match: *`, an object",
        aws: "412 PreconditionFailed",
        source: WRITES,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket, _) = with_object(&world).await;
                answer(&put(&s3, &bucket, "two").if_none_match("*").send().await)
            })
        },
    },
    Case {
        done: "`PutObject` with `If-None-Match: *`, a delete marker",
        aws: "done",
        source: WRITES,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket, _) = with_object(&world).await;
                delete(&s3, &bucket).await;
                answer(&put(&s3, &bucket, "two").if_none_match("*").send().await)
            })
        },
    },
    Case {
        done: "`PutObject` with the right `If-Match`",
        aws: "done",
        source: WRITES,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket, first) = with_object(&world).await;
                answer(&put(&s3, &bucket, "two").if_match(first.etag).send().await)
            })
        },
    },
    Case {
        done: "`PutObject` with the `If-Match` of the version before, and what is read then",
        aws: "412 PreconditionFailed, two",
        source: WRITES,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket, first) = with_object(&world).await;
                let second = put(&s3, &bucket, "two").send().await;
                second.expect("a second version");
                let third = put(&s3, &bucket, "three").if_match(first.etag);
                let third = answer(&third.send().await);
                format!("{third}, {}", read(&s3, &bucket, None).await)
            })
        },
    },
    Case {
        done: "`PutObject` with `If-Match`, no object",
        aws: "404 NoSuchKey",
        source: WRITES,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket) = (world.s3(), world.bucket().await);
                answer(&put(&s3, &bucket, "one").if_match("\"0123\"").send().await)
            })
        },
    },
    Case {
        done: "`PutObject` with `If-Match`, a delete marker",
        aws: "404 NoSuchKey",
        source: WRITES,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket, first) = with_object(&world).await;
                delete(&s3, &bucket).await;
                answer(&put(&s3, &bucket, "two").if_match(first.etag).send().await)
            })
        },
    },
    Case {
        done: "`PutObject` to a bucket that does not exist",
        aws: "404 NoSuchBucket",
        source: PUT,
        differs: &[],
        run: |world| {
            Box::pin(async move { answer(&put(&world.s3(), "same-nowhere", "one").send().await) })
        },
    },
    Case {
        done: "`GetObject` of the version before",
        aws: "one",
        source: GET,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket, first) = with_object(&world).await;
                let second = put(&s3, &bucket, "two").send().await;
                second.expect("a second version");
                read(&s3, &bucket, Some(first.version)).await
            })
        },
    },
    Case {
        done: "`GetObject` after `DeleteObject`, and of the version before that",
        aws: "404 NoSuchKey, one",
        source: MARKERS,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket, first) = with_object(&world).await;
                delete(&s3, &bucket).await;
                let now = read(&s3, &bucket, None).await;
                let before = read(&s3, &bucket, Some(first.version)).await;
                format!("{now}, {before}")
            })
        },
    },
    Case {
        done: "`GetObject` of a delete marker by its version",
        aws: "405 MethodNotAllowed",
        source: MARKERS,
        differs: &[(Kind::Moto, "404 NoSuchVersion")],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket, _) = with_object(&world).await;
                let marker = delete(&s3, &bucket).await;
                read(&s3, &bucket, Some(marker)).await
            })
        },
    },
    Case {
        done: "`HeadObject`, no object",
        aws: "404 NotFound",
        source: HEAD,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let head = world.s3().head_object().bucket(world.bucket().await);
                answer(&head.key(KEY).send().await)
            })
        },
    },
    Case {
        done: "`ListObjectsV2` by two: keys and whether there are more, page by page",
        aws: "B a true, b false",
        source: LIST,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket) = (world.s3(), world.bucket().await);
                for key in ["b", "a", "B"] {
                    let put = s3.put_object().bucket(&bucket).key(key).send().await;
                    put.expect("an object");
                }
                let (mut seen, mut token) = (Vec::new(), None);
                loop {
                    let list = s3.list_objects_v2().bucket(&bucket).max_keys(2);
                    let page = list.set_continuation_token(token).send().await;
                    let page = page.expect("a page");
                    let keys: Vec<&str> =
                        page.contents().iter().filter_map(|one| one.key()).collect();
                    let more = page.is_truncated().unwrap_or_default();
                    seen.push(format!("{} {more}", keys.join(" ")));
                    token = page.next_continuation_token;
                    if token.is_none() {
                        return seen.join(", ");
                    }
                }
            })
        },
    },
    Case {
        done: "`ListObjectVersions` of a deleted object: versions, latest first, and markers",
        aws: "2 versions, true order, 1 marker",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html",
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (s3, bucket, first) = with_object(&world).await;
                let second = put(&s3, &bucket, "two").send().await.expect("another");
                delete(&s3, &bucket).await;
                let listed = s3.list_object_versions().bucket(bucket).send().await;
                let listed = listed.expect("a list");
                let ids: Vec<_> = listed
                    .versions()
                    .iter()
                    .map(|one| one.version_id())
                    .collect();
                let in_order = ids == [second.version_id(), Some(first.version.as_str())];
                let (versions, markers) = (ids.len(), listed.delete_markers().len());
                format!("{versions} versions, {in_order} order, {markers} marker")
            })
        },
    },
];
