//! Listens on Lockstep's bus, and to what may wake it, so that a story can be told and tested.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::aws::{ACCOUNT, Aws};
use crate::error::Error;
use crate::ministack::REGION;
use crate::readable::{problems, summary};

/// The queue that all that is heard goes through.
const QUEUE: &str = "lockstep-sandbox-watch";

/// How long what was emitted may take to be heard.
const PATIENCE: Duration = Duration::from_secs(120);

/// One event that was heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Its `source`: `lockstep`, an AWS service, or Genesys Cloud's event source.
    pub source: String,
    /// Its detail type.
    pub detail_type: String,
    /// Its detail.
    pub detail: Value,
    /// When it was heard.
    pub at: Instant,
}

/// Hears from the moment it is made until it is dropped.
#[derive(Debug)]
pub struct Watch {
    sqs: aws_sdk_sqs::Client,
    queue: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    count: watch::Receiver<usize>,
    marks: AtomicU64,
    marked: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

/// What comes through the queue.
enum Message {
    Event(Heard),
    /// What was emitted before this number was given has been heard.
    Mark(u64),
}

impl Watch {
    /// Makes a queue and the rules that lead to it, and begins to listen.
    ///
    /// # Errors
    /// Where they cannot be made.
    pub async fn start(aws: &Aws, bus: &str, partner_bus: Option<&str>) -> Result<Self, Error> {
        let queue = make_queue(aws).await?;
        if let Some(partner_bus) = partner_bus {
            rule(
                aws,
                partner_bus,
                json!({"source": [{"prefix": "aws.partner/"}]}),
            )
            .await?;
        }
        rule(aws, bus, json!({"source": ["lockstep"]})).await?;
        let triggers = json!({"source": ["aws.secretsmanager", "aws.s3"]});
        rule(aws, "default", triggers).await?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (tell, count) = watch::channel(0);
        let (mark, marked) = watch::channel(0);
        let listener = Listener {
            sqs: aws.sqs.clone(),
            queue: queue.clone(),
            heard: Arc::clone(&heard),
            tell,
            mark,
        };
        Ok(Self {
            sqs: aws.sqs.clone(),
            queue,
            heard,
            count,
            marks: AtomicU64::new(0),
            marked,
            task: tokio::spawn(listener.listen()),
        })
    }

    /// Everything heard, in order; Lockstep's own events and those of secrets that were emitted
    /// before this call are waited for. Those of buckets and of Genesys Cloud are delivered in the
    /// background, and may come later.
    ///
    /// # Errors
    /// Where it does not come.
    pub async fn heard(&self) -> Result<Vec<Heard>, Error> {
        self.catch_up().await?;
        Ok(self.so_far())
    }

    /// Waits until a mark has come through the queue: the local bus hands an event to its queues
    /// before it answers, and a queue keeps its order.
    async fn catch_up(&self) -> Result<(), Error> {
        let mark = self.marks.fetch_add(1, Ordering::Relaxed) + 1;
        self.sqs
            .send_message()
            .queue_url(&self.queue)
            .message_body(json!({"mark": mark}).to_string())
            .send()
            .await
            .map_err(|error| Error::aws("SendMessage", error))?;
        let mut marked = self.marked.clone();
        let come = timeout(PATIENCE, marked.wait_for(|come| *come >= mark)).await;
        match come {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Error::new(
                "the local AWS has stopped, so no more events arrive",
            )),
            Err(_) => Err(Error::new(format!(
                "the events so far did not arrive within {PATIENCE:?}"
            ))),
        }
    }

    fn so_far(&self) -> Vec<Heard> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The first event after `from` events that the test accepts, waiting for it if need be.
    ///
    /// # Errors
    /// Where it does not come in time; the error names what came instead.
    pub async fn wait_for(
        &self,
        what: &str,
        from: usize,
        patience: Duration,
        accepts: impl Fn(&Heard) -> bool,
    ) -> Result<Heard, Error> {
        let deadline = Instant::now() + patience;
        let mut count = self.count.clone();
        loop {
            count.borrow_and_update();
            let heard = self.so_far();
            if let Some(found) = heard.iter().skip(from).find(|event| accepts(event)) {
                return Ok(found.clone());
            }
            let more = timeout_at(deadline, count.changed()).await;
            if !matches!(more, Ok(Ok(()))) {
                let came: String = heard.iter().skip(from).map(short).collect();
                let came = if came.is_empty() {
                    " none".to_owned()
                } else {
                    came
                };
                return Err(Error::new(format!(
                    "{what} did not arrive within {patience:?}; events since then:{came}"
                )));
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn short(event: &Heard) -> String {
    let key = event.detail.get("key").and_then(Value::as_str);
    let key = key.map(|key| format!(" ({key})")).unwrap_or_default();
    let mut line = format!(
        "\n    | {}{key}",
        summary(&event.detail_type, &event.detail)
    );
    for problem in problems(&event.detail) {
        line.push_str(&format!("\n    |   {problem}"));
    }
    line
}

async fn make_queue(aws: &Aws) -> Result<String, Error> {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn(),
        }],
    });
    let made = aws
        .sqs
        .create_queue()
        .queue_name(QUEUE)
        .attributes(QueueAttributeName::Policy, policy.to_string())
        .send()
        .await
        .map_err(|error| Error::aws("CreateQueue", error))?;
    made.queue_url()
        .map(str::to_owned)
        .ok_or_else(|| Error::new("CreateQueue returned no address"))
}

fn queue_arn() -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}")
}

async fn rule(aws: &Aws, bus: &str, pattern: Value) -> Result<(), Error> {
    aws.eventbridge
        .put_rule()
        .name(QUEUE)
        .event_bus_name(bus)
        .event_pattern(pattern.to_string())
        .send()
        .await
        .map_err(|error| Error::aws("PutRule", error))?;
    let target = Target::builder()
        .id("watch")
        .arn(queue_arn())
        .build()
        .map_err(|error| Error::aws("PutTargets", error))?;
    aws.eventbridge
        .put_targets()
        .rule(QUEUE)
        .event_bus_name(bus)
        .targets(target)
        .send()
        .await
        .map_err(|error| Error::aws("PutTargets", error))?;
    Ok(())
}

struct Listener {
    sqs: aws_sdk_sqs::Client,
    queue: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    tell: watch::Sender<usize>,
    mark: watch::Sender<u64>,
}

impl Listener {
    async fn listen(self) {
        loop {
            let answer = self
                .sqs
                .receive_message()
                .queue_url(&self.queue)
                .max_number_of_messages(10)
                .wait_time_seconds(20)
                .send()
                .await;
            // The local AWS is gone: whoever waits sees the senders closed.
            let Ok(answer) = answer else { return };
            for message in answer.messages() {
                if let Some(message) = message.body().and_then(parse) {
                    self.take(message);
                }
                if let Some(handle) = message.receipt_handle() {
                    let deleted = self
                        .sqs
                        .delete_message()
                        .queue_url(&self.queue)
                        .receipt_handle(handle);
                    let _ = deleted.send().await;
                }
            }
        }
    }

    fn take(&self, message: Message) {
        match message {
            Message::Event(event) => {
                let mut all = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(event);
                let _ = self.tell.send(all.len());
            }
            Message::Mark(mark) => {
                self.mark.send_if_modified(|last| {
                    let later = mark > *last;
                    *last = mark.max(*last);
                    later
                });
            }
        }
    }
}

fn parse(body: &str) -> Option<Message> {
    let mut event: Value = serde_json::from_str(body).ok()?;
    if let Some(mark) = event.get("mark") {
        return mark.as_u64().map(Message::Mark);
    }
    Some(Message::Event(Heard {
        source: event.get("source")?.as_str()?.to_owned(),
        detail_type: event.get("detail-type")?.as_str()?.to_owned(),
        detail: event.get_mut("detail")?.take(),
        at: Instant::now(),
    }))
}
