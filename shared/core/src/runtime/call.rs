//! What Lambda was invoked with, cut into single calls.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use jiff::Timestamp;
use lockstep_domain::problem::Problem;
use serde::Deserialize;
use serde_json::Value;

use super::Context;

/// One SQS record.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The message's id.
    pub message_id: String,
    /// The handle of this delivery of it.
    pub receipt_handle: String,
    /// The queue's ARN.
    pub queue_arn: String,
    /// The body; where it is not JSON, the text as it is.
    pub body: Value,
    /// How often it was received, this time included.
    pub received: u32,
    /// When it was sent, where the queue said so. A redrive sends it again.
    pub sent: Option<Timestamp>,
}

impl Delivery {
    /// How long ago it was sent.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Duration {
        let age = self.sent.map(|sent| now.duration_since(sent));
        age.and_then(|age| Duration::try_from(age).ok())
            .unwrap_or_default()
    }
}

/// A record of a batch that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The message's id, where there is one.
    pub message_id: Option<String>,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What Lambda was invoked with.
#[derive(Clone, Debug, PartialEq)]
pub enum Invocation {
    /// A batch from a queue.
    Queue(Vec<Result<Delivery, Unreadable>>),
    /// A direct call.
    Direct(Value),
}

impl Invocation {
    /// A payload with SQS records alone is a batch, all else a direct call. The records say whose
    /// they are, not the type: `aws_lambda_events` takes a notification of S3 for a batch of SQS,
    /// too.
    #[must_use]
    pub fn from_payload(payload: Value) -> Self {
        let is_sqs = |record: &Value| record["eventSource"] == "aws:sqs";
        match payload.get("Records").and_then(Value::as_array) {
            Some(records) if !records.is_empty() && records.iter().all(is_sqs) => {
                Self::Queue(records.iter().map(delivery).collect())
            }
            Some(_) | None => Self::Direct(payload),
        }
    }
}

/// One record, each for itself: one that can't be read does not keep the others.
fn delivery(record: &Value) -> Result<Delivery, Unreadable> {
    let unreadable = |problem: String| Unreadable {
        message_id: record["messageId"]
            .as_str()
            .filter(|id| !id.is_empty())
            .map(str::to_owned),
        problem: Problem::new(
            "Records",
            problem,
            "Send the message to the queue: only SQS creates such records.",
        ),
    };
    let message = SqsMessage::deserialize(record)
        .map_err(|error| unreadable(format!("this is not a record of SQS: {error}")))?;
    // AWS sends each of them (Lambda developer guide, "Using Lambda with Amazon SQS"); the type
    // leaves all of them optional.
    let id = |name: &str, id: Option<String>| {
        id.filter(|id| !id.is_empty())
            .ok_or_else(|| unreadable(format!("a record of SQS has no {name}")))
    };
    let attributes = message.attributes;
    let number = |name: &str| attributes.get(name)?.parse::<i64>().ok();
    let received = number("ApproximateReceiveCount").and_then(|count| count.try_into().ok());
    let sent = number("SentTimestamp").and_then(|at| Timestamp::from_millisecond(at).ok());
    let body = message.body.unwrap_or_default();
    Ok(Delivery {
        message_id: id("messageId", message.message_id)?,
        receipt_handle: id("receiptHandle", message.receipt_handle)?,
        queue_arn: id("eventSourceARN", message.event_source_arn)?,
        body: serde_json::from_str(&body).unwrap_or(Value::String(body)),
        received: received.unwrap_or(1),
        sent,
    })
}

/// What a handler gets: one message, or one direct call.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// A message from a queue.
    Queue(Delivery),
    /// A direct call.
    Direct(Value),
}

impl Call {
    /// What was sent.
    #[must_use]
    pub fn body(&self) -> &Value {
        match self {
            Self::Queue(delivery) => &delivery.body,
            Self::Direct(body) => body,
        }
    }

    /// The message, where it came from a queue.
    #[must_use]
    pub fn delivery(&self) -> Option<&Delivery> {
        match self {
            Self::Queue(delivery) => Some(delivery),
            Self::Direct(_) => None,
        }
    }

    /// An id of what woke us, the same on every delivery of it: EventBridge's event id, else the
    /// message's id, else the request's.
    #[must_use]
    pub fn trigger_id<'a>(&'a self, context: &'a Context) -> &'a str {
        let envelope = self.body();
        let event = envelope
            .get("detail-type")
            .and_then(|_| envelope.get("id"))
            .and_then(Value::as_str)
            .filter(|id| !id.is_empty());
        match (event, self) {
            (Some(id), _) => id,
            (None, Self::Queue(delivery)) => &delivery.message_id,
            (None, Self::Direct(_)) => &context.request_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Deadline;
    use serde_json::json;
    use std::time::Duration;

    fn record(id: &str, queue: &str, body: &str) -> Value {
        json!({
            "messageId": id,
            "receiptHandle": format!("handle-{id}"),
            "body": body,
            "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1545082649183"},
            "messageAttributes": {},
            "md5OfBody": "x",
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:{queue}"),
            "awsRegion": "us-east-1"
        })
    }

    fn context() -> Context {
        Context {
            request_id: "request-1".into(),
            deadline: Deadline::after(Duration::from_secs(5)),
        }
    }

    #[test]
    fn a_batch_is_distinguished_from_a_direct_call_by_its_records() {
        let payload =
            json!({"Records": [record("1", "q", r#"{"a": 1}"#), record("2", "q", "text")]});
        let Invocation::Queue(deliveries) = Invocation::from_payload(payload) else {
            panic!("not a batch");
        };
        let [Ok(first), Ok(second)] = deliveries.as_slice() else {
            panic!("not readable: {deliveries:?}");
        };
        assert_eq!(first.body, json!({"a": 1}));
        assert_eq!(first.received, 3);
        let now = "2018-12-18T10:00:00Z".parse().unwrap();
        assert_eq!(first.age(now).as_secs(), 44_550);
        assert_eq!(second.body, json!("text"));
        for payload in [json!({"mode": "plan"}), json!({"Records": []}), json!(null)] {
            let invocation = Invocation::from_payload(payload.clone());
            assert_eq!(invocation, Invocation::Direct(payload));
        }
    }

    #[test]
    fn a_notification_of_s3_is_no_batch_of_a_queue() {
        let notification = json!({"Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "b"}, "object": {"key": "manifests/acme.yaml"}},
        }]});
        let mixed = json!({"Records": [record("1", "q", "{}"), notification["Records"][0]]});
        for payload in [notification, mixed] {
            let invocation = Invocation::from_payload(payload.clone());
            assert_eq!(invocation, Invocation::Direct(payload));
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_does_not_keep_the_others() {
        let mut records = vec![record("good", "q", "{}")];
        for (member, value) in [
            ("messageId", json!("")),
            ("messageId", json!(null)),
            ("receiptHandle", json!("")),
            ("eventSourceARN", json!("")),
            ("attributes", json!({"ApproximateReceiveCount": 3})),
            ("body", json!({"a": 1})),
        ] {
            let mut broken = record("broken", "q", "{}");
            broken[member] = value;
            records.push(broken);
        }
        let Invocation::Queue(deliveries) = Invocation::from_payload(json!({"Records": records}))
        else {
            panic!("not a batch");
        };
        assert!(deliveries[0].is_ok());
        let ids: Vec<Option<&str>> = deliveries[1..]
            .iter()
            .map(|broken| broken.as_ref().unwrap_err().message_id.as_deref())
            .collect();
        let broken = Some("broken");
        assert_eq!(ids, [None, None, broken, broken, broken, broken]);
    }

    #[test]
    fn a_trigger_keeps_its_id_over_deliveries() {
        let envelope = r#"{"id": "event-1", "detail-type": "x", "source": "y", "detail": {}}"#;
        let context = context();
        let nameless = r#"{"id": "", "detail-type": "x", "source": "y", "detail": {}}"#;
        for (body, id) in [
            (envelope, "event-1"),
            (nameless, "m"),
            (r#"{"id": "not-an-envelope"}"#, "m"),
        ] {
            let Invocation::Queue(mut deliveries) =
                Invocation::from_payload(json!({"Records": [record("m", "q", body)]}))
            else {
                panic!("not a batch");
            };
            let call = Call::Queue(deliveries.remove(0).unwrap());
            assert_eq!(call.trigger_id(&context), id);
        }
        let call = Call::Direct(json!({"mode": "plan"}));
        assert_eq!(call.trigger_id(&context), "request-1");
    }
}
