//! Listens on Lockstep's bus, and to what may wake it, so that a story can be told and tested.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::aws::{ACCOUNT, Aws};
use crate::error::Error;
use crate::ministack::REGION;

/// The queue that all that is heard goes through.
const QUEUE: &str = "lockstep-sandbox-watch";

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
    heard: Arc<Mutex<Vec<Heard>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
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
        let task = tokio::spawn(listen(aws.sqs.clone(), queue, Arc::clone(&heard), tell));
        Ok(Self { heard, count, task })
    }

    /// Everything heard so far, in order.
    pub fn heard(&self) -> Vec<Heard> {
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
            let heard = self.heard();
            if let Some(found) = heard.iter().skip(from).find(|event| accepts(event)) {
                return Ok(found.clone());
            }
            let more = timeout_at(deadline, count.changed()).await;
            if !matches!(more, Ok(Ok(()))) {
                let came: String = heard.iter().skip(from).map(short).collect();
                let came = if came.is_empty() {
                    " nothing".to_owned()
                } else {
                    came
                };
                return Err(Error::new(format!(
                    "{what} did not come within {} s; what came:{came}",
                    patience.as_secs()
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
    let reason = event.detail.get("reason").and_then(Value::as_str);
    let key = event.detail.get("key").and_then(Value::as_str);
    let text = |part: Option<&str>| part.map(|part| format!(" ({part})")).unwrap_or_default();
    let mut line = format!("\n    | {}{}{}", event.detail_type, text(key), text(reason));
    for list in ["errors", "findings", "notices"] {
        if let Some(found) = event.detail.get(list).filter(|found| !found.is_null()) {
            line.push_str(&format!("\n    |   {list}: {found}"));
        }
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
        .ok_or_else(|| Error::new("CreateQueue answered no address"))
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

async fn listen(
    sqs: aws_sdk_sqs::Client,
    queue: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    tell: watch::Sender<usize>,
) {
    loop {
        let answer = sqs
            .receive_message()
            .queue_url(&queue)
            .max_number_of_messages(10)
            .wait_time_seconds(20)
            .send()
            .await;
        // The local AWS is gone: whoever waits sees the sender closed.
        let Ok(answer) = answer else { return };
        for message in answer.messages() {
            let event = message.body().and_then(parse);
            if let Some(event) = event {
                let mut all = heard.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(event);
                let _ = tell.send(all.len());
            }
            if let Some(handle) = message.receipt_handle() {
                let deleted = sqs
                    .delete_message()
                    .queue_url(&queue)
                    .receipt_handle(handle);
                let _ = deleted.send().await;
            }
        }
    }
}

fn parse(body: &str) -> Option<Heard> {
    let mut event: Value = serde_json::from_str(body).ok()?;
    Some(Heard {
        source: event.get("source")?.as_str()?.to_owned(),
        detail_type: event.get("detail-type")?.as_str()?.to_owned(),
        detail: event.get_mut("detail")?.take(),
        at: Instant::now(),
    })
}
