//! One seed, one run: every byte of every request and answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_simulator::services::s3::Bucket;
use aws_simulator::services::sqs::Queue;
use aws_simulator::{
    Account, Before, BoxFuture, Call, Clock, ErrorAnswer, Failure, Observer, Origin, Principal,
    Request, Response, Settings, Wire,
};

use crate::sqs::{receive, url};
use crate::world::{ACCOUNT, start};

/// Every exchange, whole.
#[derive(Default)]
struct Tape(Mutex<Vec<String>>);

impl Observer for Tape {
    fn observe(&self, call: &Call, request: &Request, response: &Response) {
        let (sent, received) = (&request.headers, &response.headers);
        let (asked, answered) = (&request.body, &response.body);
        let line = format!(
            "{} {request:?} {sent:?} {asked:?} {response:?} {received:?} {answered:?}",
            call.at
        );
        self.0.lock().unwrap().push(line);
    }
}

/// Fails every third request.
struct Thirds;

impl Wire for Thirds {
    fn before<'a>(&'a self, call: &'a Call, _: &'a Request) -> BoxFuture<'a, Before> {
        let before = match call.sequence % 3 {
            0 => Before::Fail(Failure::Answer(ErrorAnswer::new(503, "SlowDown", "later"))),
            _ => Before::Proceed,
        };
        Box::pin(std::future::ready(before))
    }
}

/// A few calls of each kind, with retries and their random waits.
async fn run(seed: u64) -> Vec<String> {
    fastrand::seed(seed);
    let settings = Settings {
        seed,
        ..Settings::default()
    };
    let account = Account::new(settings, Clock::starting_at(start()));
    let tape = Arc::new(Tape::default());
    account.add_observer(tape.clone());
    account.set_wire(Arc::new(Thirds));
    account.with_state(|state| {
        state.services.s3.put("b", Bucket::versioned());
        state.services.sqs.put(Queue::new("q"));
    });
    let sdk = account.sdk_config(Principal::root(ACCOUNT), Origin::new("tester", "1"));
    let s3 = aws_sdk_s3::Client::new(&sdk);
    let sqs = aws_sdk_sqs::Client::new(&sdk);
    let secrets = aws_sdk_secretsmanager::Client::new(&sdk);
    for round in 0..5 {
        let body = ByteStream::from(vec![round]);
        s3.put_object()
            .bucket("b")
            .key("k")
            .body(body)
            .send()
            .await
            .unwrap();
        s3.get_object().bucket("b").key("k").send().await.unwrap();
        let sent = sqs.send_message().queue_url(url("q")).message_body("x");
        sent.send().await.unwrap();
        receive(&sqs, "q").await;
        let name = format!("s{round}");
        secrets
            .create_secret()
            .name(name)
            .secret_string("x")
            .send()
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    std::mem::take(&mut tape.0.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_the_same_bytes_and_another_gives_others() {
    let (first, second, other) = (run(7).await, run(7).await, run(8).await);
    assert_eq!(first.len(), 25);
    assert_eq!(first, second);
    assert_ne!(first, other);
}
