//! Answers that are empty, cut, or not of AWS, byte for byte: each is an error that may pass, and
//! none reads as "nothing is there".

use aws_stub::{Reply, Seen, Stub};
use lockstep_domain::event::{Event, RoleProvisioned};

use super::{AwsError, Kind};
use crate::config::tests::config;
use crate::services::{Compliance, Services as _};
use crate::store::{Condition, StoreError};

const HTML: &str = "<html><head><title>Blocked</title></head><body>by policy</body></html>";

async fn world(answer: impl Fn(&Seen) -> Reply + Clone + Send + Sync + 'static) -> Compliance {
    let stub = Stub::start(answer).await;
    Compliance::new(config(), &stub.sdk)
}

async fn answering(reply: Reply) -> Compliance {
    world(move |_| reply.clone()).await
}

fn secret() -> lockstep_domain::arn::SecretArn {
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1B2c3"
        .parse()
        .unwrap()
}

fn role() -> lockstep_domain::arn::RoleName {
    "GenesysOrders".parse().unwrap()
}

/// Every read, and every write of which an answer is expected to say that it was made. Each with
/// its name, and its error.
async fn everything(world: &Compliance) -> Vec<(&'static str, Option<AwsError>)> {
    let bucket = "lockstep-state";
    let event = Event::new(world.header(), RoleProvisioned::default());
    let message = lockstep_domain::intent::RebindMessage {
        organization: "org-1".parse().unwrap(),
        key: "orders".parse().unwrap(),
        retry: false,
        reason: None,
        look: lockstep_domain::intent::Look::Full,
    };
    let etag = Condition::Absent;
    let stored = world
        .store
        .objects
        .put(bucket, "a", b"{}".to_vec(), etag)
        .await;
    vec![
        (
            "get",
            world.store.objects.get(bucket, "a", None).await.err(),
        ),
        (
            "exists",
            world.store.objects.exists(bucket, "a").await.err(),
        ),
        ("put", stored.err()),
        (
            "list",
            world.store.objects.list(bucket, "state/").await.err(),
        ),
        ("current", world.secrets.current(&secret()).await.err()),
        ("look", world.secrets.metadata(&secret()).await.err()),
        ("made", world.secret_versions.made(&secret()).await.err()),
        ("key", world.keys.describe("key").await.err()),
        ("role", world.roles.observe(&role()).await.err()),
        ("emit", world.bus.emit(&[event]).await.err()),
        (
            "rebind",
            world.rebind_queue.send(&message, "g", "d").await.err(),
        ),
    ]
}

async fn all_garbled(reply: Reply, but: &[&str]) {
    let said = format!("{reply:?}");
    let world = answering(reply).await;
    for (name, error) in everything(&world).await {
        if but.contains(&name) {
            continue;
        }
        let error = error.unwrap_or_else(|| panic!("{name} believed {said}"));
        assert_eq!(error.kind, Kind::Garbled, "{name}, {said}: {error}");
        assert!(error.is_transient(), "{name}: {error}");
    }
}

#[tokio::test]
async fn an_empty_answer_says_nothing() {
    all_garbled(Reply::ok(""), &[]).await;
    all_garbled(Reply::ok("{}"), &[]).await;
}

#[tokio::test]
async fn a_page_of_a_proxy_is_no_absence_and_no_missing_permission() {
    for status in [200, 403, 404, 407] {
        let page = Reply::new(status, HTML).with("content-type", "text/html");
        // What an object holds is not judged here, but where it is read.
        all_garbled(
            page,
            if status == 200 {
                &["get", "exists"]
            } else {
                &[]
            },
        )
        .await;
    }
    // Not even a 404 with nothing in it, which the SDK takes for S3's answer to HEAD.
    all_garbled(Reply::new(404, ""), &[]).await;
}

#[tokio::test]
async fn an_answer_that_was_cut_is_not_a_short_one() {
    let described = format!("{{\"ARN\": \"{}\", \"VersionIdsToSta", secret());
    let world = answering(Reply::ok(described)).await;
    let error = world.secrets.current(&secret()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Garbled, "{error}");

    let entry = "<Contents><Key>state/org-1/a.json</Key></Contents>";
    let whole = format!(
        "<ListBucketResult><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>{entry}</ListBucketResult>"
    );
    let listed = |text: &str| {
        let reply = Reply::ok(text);
        async move {
            let world = answering(reply).await;
            world.store.objects.list("lockstep-state", "state/").await
        }
    };
    assert_eq!(listed(&whole).await.unwrap(), ["state/org-1/a.json"]);
    for (end, _) in whole.char_indices().skip(1).step_by(5) {
        let error = listed(&whole[..end]).await.unwrap_err();
        assert_eq!(error.kind, Kind::Garbled, "{}: {error}", &whole[..end]);
    }
}

const ROLE: &str = "<GetRoleResponse><GetRoleResult><Role><Path>/</Path><Arn>arn:aws:iam::123456789012:role/GenesysOrders</Arn><RoleName>GenesysOrders</RoleName><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument><CreateDate>2026-01-01T00:00:00Z</CreateDate><RoleId>AROA1</RoleId></Role></GetRoleResult></GetRoleResponse>";
const NO_POLICY: &str = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>none</Message></Error></ErrorResponse>";

/// A role of which GetRole answers so, with no policies.
async fn role_answered(text: &str) -> Result<lockstep_domain::role::ObservedRole, AwsError> {
    let text = text.to_owned();
    let world = world(move |seen| match seen.operation.as_str() {
        "GetRole" => Reply::ok(text.clone()),
        "GetRolePolicy" => Reply::new(404, NO_POLICY),
        operation => Reply::ok(format!(
            "<{operation}Response><{operation}Result><IsTruncated>false</IsTruncated></{operation}Result></{operation}Response>"
        )),
    })
    .await;
    world.roles.observe(&role()).await
}

#[tokio::test]
async fn a_role_that_was_answered_by_half_is_neither_absent_nor_there() {
    role_answered(ROLE).await.unwrap();
    for end in (1..ROLE.len()).step_by(7) {
        let error = role_answered(&ROLE[..end]).await.unwrap_err();
        assert_eq!(error.kind, Kind::Garbled, "{}: {error}", &ROLE[..end]);
    }
    for member in ["RoleName", "AssumeRolePolicyDocument"] {
        let (open, close) = (format!("<{member}>"), format!("</{member}>"));
        let (before, rest) = ROLE.split_once(&open).unwrap();
        let (_, after) = rest.split_once(&close).unwrap();
        let error = role_answered(&format!("{before}{after}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Garbled, "{member}: {error}");
    }
}

fn page(count: usize, truncated: bool, token: Option<&str>) -> Reply {
    let token = token.map_or_else(String::new, |token| {
        format!("<NextContinuationToken>{token}</NextContinuationToken>")
    });
    Reply::ok(format!(
        "<ListBucketResult><KeyCount>{count}</KeyCount><IsTruncated>{truncated}</IsTruncated>{token}<Contents><Key>a</Key></Contents></ListBucketResult>"
    ))
}

#[tokio::test]
async fn a_listing_that_contradicts_itself_has_no_end() {
    for (reply, wrong) in [
        (page(2, false, None), "KeyCount is 2, with 1 entries"),
        (page(1, true, None), "has no token for the next page"),
        (page(1, true, Some("t")), "is that of an earlier page"),
    ] {
        let world = answering(reply).await;
        let error = world
            .store
            .objects
            .list("lockstep-state", "")
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Garbled, "{error}");
        assert!(error.to_string().contains(wrong), "{error}");
    }
    let versions = format!(
        "{{\"ARN\": \"{}\", \"Versions\": [], \"NextToken\": \"t\"}}",
        secret()
    );
    let world = answering(Reply::ok(versions)).await;
    let error = world.secret_versions.made(&secret()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Garbled, "{error}");
}

#[tokio::test]
async fn an_event_is_taken_where_the_bus_says_so_of_each() {
    for answer in [
        "{\"FailedEntryCount\": 0}",
        "{\"FailedEntryCount\": 0, \"Entries\": []}",
        "{\"FailedEntryCount\": 0, \"Entries\": [{}]}",
        "{\"FailedEntryCount\": 1, \"Entries\": [{\"EventId\": \"1\"}]}",
    ] {
        let world = answering(Reply::ok(answer)).await;
        let error = world
            .emit(world.header(), RoleProvisioned::default())
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Garbled, "{answer}: {error}");
    }
}

#[tokio::test]
async fn a_state_of_which_the_answer_is_garbled_is_not_an_empty_one() {
    let world = answering(Reply::new(404, HTML)).await;
    let organization = "org-1".parse().unwrap();
    let loaded = world
        .states
        .load(&organization, &"a".parse().unwrap())
        .await;
    match loaded {
        Err(StoreError::Aws(error)) => assert_eq!(error.kind, Kind::Garbled),
        other => panic!("a proxy's 404 was taken for {other:?}"),
    }
}
