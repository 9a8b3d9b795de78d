use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_simulator::services::s3::{Bucket, Retention};
use aws_simulator::{Account, Effect, Notification};

use crate::world::{account, code, sdk};

const BUCKET: &str = "state";

fn with_bucket(bucket: Bucket) -> (Account, Client) {
    let account = account();
    account.state().services.s3.put(BUCKET, bucket);
    let client = Client::new(&sdk(&account));
    (account, client)
}

fn put(
    client: &Client,
    key: &str,
    body: &str,
) -> aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder {
    let body = ByteStream::from(body.as_bytes().to_vec());
    client.put_object().bucket(BUCKET).key(key).body(body)
}

async fn content(client: &Client, key: &str) -> String {
    let answer = client
        .get_object()
        .bucket(BUCKET)
        .key(key)
        .send()
        .await
        .unwrap();
    let bytes = answer.body.collect().await.unwrap().to_vec();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_object_is_read_as_it_was_written() {
    let (_account, client) = with_bucket(Bucket::versioned());
    let written = put(&client, "a/b c+ü.json", "text").content_type("application/json");
    let written = written.send().await.unwrap();
    let read = client
        .get_object()
        .bucket(BUCKET)
        .key("a/b c+ü.json")
        .send()
        .await
        .unwrap();
    assert_eq!(read.e_tag(), written.e_tag());
    // MD5 of `text`.
    assert_eq!(read.e_tag(), Some("\"1cb251ec0d568de6a929b520c4aed8d1\""));
    assert_eq!(read.version_id(), written.version_id());
    assert_eq!(read.content_type(), Some("application/json"));
    assert_eq!(read.checksum_crc32(), written.checksum_crc32());
    assert!(written.checksum_crc32().is_some());
    assert_eq!(read.body.collect().await.unwrap().to_vec(), b"text");
    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("a/b c+ü.json")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length(), Some(4));
}

#[tokio::test(start_paused = true)]
async fn a_write_depends_on_its_condition() {
    let (_account, client) = with_bucket(Bucket::versioned());
    let failed = ("PreconditionFailed".to_owned(), 412);
    let missing = put(&client, "a", "1").if_match("\"x\"").send().await;
    assert_eq!(code(missing), ("NoSuchKey".into(), 404));
    let first = put(&client, "a", "1")
        .if_none_match("*")
        .send()
        .await
        .unwrap();
    let second = put(&client, "a", "2").if_none_match("*").send().await;
    assert_eq!(code(second), failed);
    let etag = first.e_tag().unwrap();
    put(&client, "a", "2").if_match(etag).send().await.unwrap();
    let stale = put(&client, "a", "3").if_match(etag).send().await;
    assert_eq!(code(stale), failed);
    assert_eq!(content(&client, "a").await, "2");
    client
        .delete_object()
        .bucket(BUCKET)
        .key("a")
        .send()
        .await
        .unwrap();
    let deleted = put(&client, "a", "3").if_match(etag).send().await;
    assert_eq!(code(deleted), ("NoSuchKey".into(), 404));
    put(&client, "a", "4")
        .if_none_match("*")
        .send()
        .await
        .unwrap();
    assert_eq!(content(&client, "a").await, "4");
    let other = put(&client, "a", "5").if_none_match("\"x\"").send().await;
    assert_eq!(code(other), ("NotImplemented".into(), 501));
}

#[tokio::test(start_paused = true)]
async fn versions_stay_below_a_marker_and_can_be_read_and_deleted() {
    let (_account, client) = with_bucket(Bucket::versioned());
    let first = put(&client, "a", "1").send().await.unwrap();
    put(&client, "a", "2").send().await.unwrap();
    let marker = client
        .delete_object()
        .bucket(BUCKET)
        .key("a")
        .send()
        .await
        .unwrap();
    assert_eq!(marker.delete_marker(), Some(true));
    let gone = client.get_object().bucket(BUCKET).key("a").send().await;
    assert_eq!(code(gone), ("NoSuchKey".into(), 404));
    let id = first.version_id().unwrap();
    let get = |id: &str| {
        client
            .get_object()
            .bucket(BUCKET)
            .key("a")
            .version_id(id)
            .send()
    };
    let old = get(id).await.unwrap().body.collect().await.unwrap();
    assert_eq!(old.to_vec(), b"1");
    let of_marker = get(marker.version_id().unwrap()).await;
    assert_eq!(code(of_marker), ("MethodNotAllowed".into(), 405));
    assert_eq!(code(get("never").await), ("NoSuchVersion".into(), 404));
    let listed = client
        .list_object_versions()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.versions().len(), 2);
    assert_eq!(listed.delete_markers().len(), 1);
    assert_eq!(listed.delete_markers()[0].is_latest(), Some(true));
    let unmark = client.delete_object().bucket(BUCKET).key("a");
    unmark
        .version_id(marker.version_id().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(content(&client, "a").await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_listing_goes_on_with_its_token_in_the_order_of_bytes() {
    let (account, client) = with_bucket(Bucket::versioned());
    for key in ["p/b", "p/a", "p/ü", "q/c", "p/B"] {
        put(&client, key, "").send().await.unwrap();
    }
    client
        .delete_object()
        .bucket(BUCKET)
        .key("p/a")
        .send()
        .await
        .unwrap();
    account.state().services.s3.page = 2;
    let mut seen = Vec::new();
    let mut token = None;
    loop {
        let page = client.list_objects_v2().bucket(BUCKET).prefix("p/");
        let page = page.set_continuation_token(token).send().await.unwrap();
        assert_eq!(page.key_count(), i32::try_from(page.contents().len()).ok());
        seen.extend(
            page.contents()
                .iter()
                .map(|one| one.key().unwrap().to_owned()),
        );
        token = page.next_continuation_token().map(str::to_owned);
        assert_eq!(page.is_truncated(), Some(token.is_some()));
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["p/B", "p/b", "p/ü"]);
    let wrong = client
        .list_objects_v2()
        .bucket(BUCKET)
        .continuation_token("!");
    assert_eq!(code(wrong.send().await), ("InvalidArgument".into(), 400));
    let versions = client
        .list_object_versions()
        .bucket(BUCKET)
        .max_keys(2)
        .send()
        .await
        .unwrap();
    let next = versions.next_key_marker().unwrap();
    let rest = client
        .list_object_versions()
        .bucket(BUCKET)
        .key_marker(next);
    let rest = rest.version_id_marker(versions.next_version_id_marker().unwrap());
    account.state().services.s3.page = 1000;
    let rest = rest.send().await.unwrap();
    let of = |page: &aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput| {
        page.versions().len() + page.delete_markers().len()
    };
    assert_eq!(of(&versions) + of(&rest), 6);
}

#[tokio::test(start_paused = true)]
async fn what_is_retained_can_be_hidden_but_not_deleted() {
    let mut bucket = Bucket::versioned();
    bucket.retention = Some(Retention {
        governance_days: 400,
    });
    let (_account, client) = with_bucket(bucket);
    let written = put(&client, "evidence/a", "1").send().await.unwrap();
    let delete = || client.delete_object().bucket(BUCKET).key("evidence/a");
    delete().send().await.unwrap();
    let id = written.version_id().unwrap();
    let refused = delete().version_id(id).send().await;
    assert_eq!(code(refused), ("AccessDenied".into(), 403));
    tokio::time::advance(std::time::Duration::from_secs(401 * 86_400)).await;
    delete().version_id(id).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_missing_is_not_an_object_that_is() {
    let (_account, client) = with_bucket(Bucket::default());
    let other = client.get_object().bucket("other").key("a").send().await;
    assert_eq!(code(other), ("NoSuchBucket".into(), 404));
    let object = client.head_object().bucket(BUCKET).key("a").send().await;
    assert_eq!(code(object), ("NotFound".into(), 404));
}

#[tokio::test(start_paused = true)]
async fn writes_are_in_the_history_and_on_the_default_bus() {
    let mut bucket = Bucket::versioned();
    bucket.event_bridge = true;
    let (account, client) = with_bucket(bucket);
    let written = put(&client, "manifests/a.yaml", "1").send().await.unwrap();
    let history = account.history();
    assert!(matches!(
        &history[0].effect,
        Effect::ObjectPut { key, version_id, .. }
            if key == "manifests/a.yaml" && version_id.as_deref() == written.version_id()
    ));
    assert_eq!(history[0].origin.function, "tester");
    let notifications = account.take_notifications();
    let [Notification::Event { bus, event, .. }] = notifications.as_slice() else {
        panic!("{notifications:?}");
    };
    assert_eq!(bus, "default");
    assert_eq!(event["detail-type"], "Object Created");
    assert_eq!(event["detail"]["object"]["key"], "manifests/a.yaml");
    assert_eq!(event["detail"]["reason"], "PutObject");
    assert_eq!(event["time"], "2026-11-27T09:00:00Z");
    assert!(account.take_notifications().is_empty());
}
