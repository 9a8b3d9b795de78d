use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_simulator::services::s3::Bucket;
use aws_simulator::{
    Access, Account, After, Authorizer, Before, BoxFuture, Call, Decision, ErrorAnswer, Failure,
    Origin, Principal, Rate, Request, Response, Service, State, Wire,
};

use crate::world::{ACCOUNT, account, account_with, code, sdk};

/// Breaks the first request or its answer.
struct Once(Mutex<(Option<Before>, Option<After>)>);

impl Once {
    fn before(before: Before) -> Arc<Self> {
        Arc::new(Self(Mutex::new((Some(before), None))))
    }

    fn after(after: After) -> Arc<Self> {
        Arc::new(Self(Mutex::new((None, Some(after)))))
    }
}

impl Wire for Once {
    fn before<'a>(&'a self, _: &'a Call, _: &'a Request) -> BoxFuture<'a, Before> {
        let taken = self.0.lock().unwrap().0.take();
        Box::pin(std::future::ready(taken.unwrap_or(Before::Proceed)))
    }

    fn after<'a>(&'a self, _: &'a Call, _: &'a Request, _: &'a Response) -> BoxFuture<'a, After> {
        let taken = self.0.lock().unwrap().1.take();
        Box::pin(std::future::ready(taken.unwrap_or(After::Deliver)))
    }
}

fn bucket() -> (Account, Client) {
    let account = account();
    account.state().services.s3.put("b", Bucket::versioned());
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(10));
    let sdk = sdk(&account)
        .into_builder()
        .timeout_config(timeouts.build())
        .build();
    (account, Client::new(&sdk))
}

fn put(client: &Client) -> aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder {
    let body = ByteStream::from_static(b"{\"a\":1}");
    client.put_object().bucket("b").key("k").body(body)
}

fn versions(account: &Account) -> usize {
    let state = account.state();
    state.services.s3.bucket("b").unwrap().versions("k").len()
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_it_took_effect_is_sent_again_and_took_effect_once() {
    let answer = |status, code: &str| Failure::Answer(ErrorAnswer::new(status, code, "later"));
    for failure in [
        answer(503, "SlowDown"),
        answer(500, "InternalError"),
        Failure::Reset,
        Failure::Refused,
        Failure::Timeout,
        Failure::Raw(Response::new(502).with_body("text/html", "<html>")),
    ] {
        let (account, client) = bucket();
        account.set_wire(Once::before(Before::Fail(failure.clone())));
        put(&client).send().await.unwrap();
        assert_eq!(versions(&account), 1, "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_it_took_effect_took_effect_twice() {
    for failure in [Failure::Reset, Failure::Timeout] {
        let (account, client) = bucket();
        account.set_wire(Once::after(After::Fail(failure.clone())));
        put(&client).send().await.unwrap();
        assert_eq!(versions(&account), 2, "{failure:?}");
        let (account, client) = bucket();
        account.set_wire(Once::after(After::Fail(failure)));
        let repeated = put(&client).if_none_match("*").send().await;
        assert_eq!(code(repeated), ("PreconditionFailed".into(), 412));
        assert_eq!(versions(&account), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_takes_effect_and_never_answers() {
    let (account, client) = bucket();
    account.set_wire(Once::after(After::Fail(Failure::Hang)));
    let crashed = tokio::time::timeout(Duration::from_secs(1), put(&client).send()).await;
    assert!(crashed.is_err());
    assert_eq!(versions(&account), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_can_break_off_be_cut_and_be_another() {
    for (after, is_noticed) in [
        (After::Cut { keep: 3 }, true),
        (After::Truncate { keep: 3 }, true),
        (
            After::Replace {
                body: b"<html>".to_vec(),
            },
            true,
        ),
        (After::Deliver, false),
    ] {
        let (account, client) = bucket();
        put(&client).send().await.unwrap();
        account.set_wire(Once::after(after.clone()));
        let answer = client
            .get_object()
            .bucket("b")
            .key("k")
            .send()
            .await
            .unwrap();
        let read = answer.body.collect().await;
        assert_eq!(read.is_err(), is_noticed, "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wire_sees_who_asks_what_of_which_resource_in_order() {
    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);
    impl Wire for Seen {
        fn before<'a>(&'a self, call: &'a Call, _: &'a Request) -> BoxFuture<'a, Before> {
            let line = format!(
                "{} {}/{} {} {:?}",
                call.sequence,
                call.origin.function,
                call.origin.environment,
                call.operation,
                call.resources
            );
            self.0.lock().unwrap().push(line);
            Box::pin(std::future::ready(Before::Proceed))
        }
    }
    let (account, client) = bucket();
    let seen = Arc::new(Seen::default());
    account.set_wire(seen.clone());
    put(&client).send().await.unwrap();
    client.list_objects_v2().bucket("b").send().await.unwrap();
    assert_eq!(
        *seen.0.lock().unwrap(),
        [
            "1 tester/1 PutObject [\"b/k\"]",
            "2 tester/1 ListObjectsV2 [\"b\"]"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn two_accounts_of_one_seed_give_the_same_answers() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (_account, client) = bucket();
        let written = put(&client).send().await.unwrap();
        ids.push(written.version_id().unwrap().to_owned());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test(start_paused = true)]
async fn a_service_takes_only_so_many_requests() {
    let (account, client) = bucket();
    let rate = Rate {
        per_second: 0.1,
        burst: 1.0,
    };
    account.throttle(Service::S3, Some(rate));
    put(&client).send().await.unwrap();
    let refused = put(&client).send().await;
    assert_eq!(code(refused), ("SlowDown".into(), 503));
    account.throttle(Service::S3, None);
    put(&client).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_denial_says_who_may_not_do_what_and_hides_what_is_missing() {
    struct NoListing;
    impl Authorizer for NoListing {
        fn decide(&self, _: &State, access: &Access<'_>) -> Decision {
            match access.action {
                "s3:ListBucket" => Decision::Deny {
                    because: "because no identity-based policy allows the s3:ListBucket action"
                        .into(),
                },
                _ => Decision::Allow,
            }
        }
    }
    let account = account_with(NoListing);
    account.state().services.s3.put("b", Bucket::versioned());
    let client = Client::new(&sdk(&account));
    let missing = client.get_object().bucket("b").key("k").send().await;
    let error = missing.unwrap_err();
    let message = error
        .as_service_error()
        .unwrap()
        .meta()
        .message()
        .unwrap()
        .to_owned();
    assert_eq!(
        message,
        "User: arn:aws:sts::123456789012:assumed-role/tester/a is not authorized to perform: \
         s3:ListBucket on resource: arn:aws:s3:::b because no identity-based policy allows the \
         s3:ListBucket action"
    );
    assert_eq!(code::<(), _>(Err(error)), ("AccessDenied".into(), 403));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_access_key_is_refused() {
    let (account, _client) = bucket();
    let other = aws_sdk_s3::config::Credentials::new("AKIAOTHER", "x", None, None, "test");
    let sdk = account.anonymous_config("us-east-1".into(), Origin::default());
    let config = aws_sdk_s3::config::Builder::from(&sdk)
        .credentials_provider(other)
        .build();
    let refused = put(&Client::from_conf(config)).send().await;
    assert_eq!(code(refused), ("InvalidAccessKeyId".into(), 403));
}

#[tokio::test(start_paused = true)]
#[should_panic(
    expected = "the in-memory AWS was asked for what it does not know: the operation iam:ListUsers"
)]
async fn an_operation_that_is_not_known_fails_the_test() {
    let account = account();
    let sdk = account.sdk_config(Principal::root(ACCOUNT), Origin::default());
    let answer = aws_sdk_iam::Client::new(&sdk).list_users().send().await;
    assert_eq!(account.gaps(), ["the operation iam:ListUsers"]);
    assert!(matches!(answer, Err(SdkError::ServiceError(_))));
}
