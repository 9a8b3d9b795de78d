//! Audit records as EventBridge partner events, sent as the platform's AWS account.
//!
//! Envelope, source name and the literal placeholders of the detail type: official blueprint
//! aws-eventbridge-oauth-client-delete and the developer center blog of 2022-07-29. Best effort: what can't
//! be sent is logged and forgotten, since the audit API stays the authority.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::DisplayErrorContext;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutPartnerEventsRequestEntry;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::aws::Aws;
use crate::world::written;

/// The literal detail type of audit events.
const DETAIL_TYPE: &str = "v2.audits.entitytype.{id}.entityid.{id}";

/// One event to send.
#[derive(Debug, Clone)]
pub(crate) struct PartnerEvent {
    pub(crate) topic: String,
    pub(crate) at: Timestamp,
    /// How long to wait before sending.
    pub(crate) after: SignedDuration,
    pub(crate) body: Value,
    pub(crate) correlation_id: String,
}

impl PartnerEvent {
    fn detail(&self) -> Value {
        json!({
            "topicName": self.topic,
            "version": "2",
            "eventBody": self.body,
            "metadata": {"CorrelationId": self.correlation_id},
            "timestamp": written(self.at),
        })
    }
}

/// The name of an organization's event source, which is also the name of the bus it is associated with.
pub(crate) fn source_name(organization_id: &str, suffix: &str) -> String {
    format!("aws.partner/genesys.com/cloud/{organization_id}/{suffix}")
}

/// Takes the events that are to be sent, and knows how many are not sent yet.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    events: UnboundedSender<PartnerEvent>,
    open: watch::Sender<usize>,
}

impl Outbox {
    /// Offers the source, and sends events until the last outbox is gone.
    pub(crate) fn open(aws: &Aws, source: String) -> Self {
        let (events, taken) = unbounded_channel();
        // The source is what has to be made first.
        let open = watch::Sender::new(1);
        let bus = Bus {
            partner: aws.eventbridge(),
            customer: aws.customer_account().to_owned(),
            source,
        };
        tokio::spawn(publish(bus, taken, open.clone()));
        Self { events, open }
    }

    pub(crate) fn send(&self, event: PartnerEvent) {
        self.open.send_modify(|open| *open += 1);
        if self.events.send(event).is_err() {
            // The runtime ends, and nothing is sent any more.
            ended(&self.open);
        }
    }

    /// Waits until all events are sent, the delayed ones too.
    pub(crate) async fn drained(&self) {
        // It has a sender here: it never closes.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }
}

fn ended(open: &watch::Sender<usize>) {
    open.send_modify(|open| *open = open.saturating_sub(1));
}

async fn publish(
    bus: Bus,
    mut events: UnboundedReceiver<PartnerEvent>,
    open: watch::Sender<usize>,
) {
    bus.create_source().await;
    ended(&open);
    while let Some(event) = events.recv().await {
        let (bus, open) = (bus.clone(), open.clone());
        // Each by itself, so that a delayed one holds up no other.
        tokio::spawn(async move {
            if let Ok(wait) = event.after.try_into() {
                tokio::time::sleep(wait).await;
            }
            bus.send(&event).await;
            ended(&open);
        });
    }
}

/// The way from the platform's account to the customer's bus.
#[derive(Clone)]
struct Bus {
    partner: Client,
    customer: String,
    source: String,
}

impl Bus {
    /// Offers the source to the customer's account, who then makes a bus for it.
    async fn create_source(&self) {
        let created = self
            .partner
            .create_partner_event_source()
            .name(&self.source)
            .account(&self.customer)
            .send()
            .await;
        if let Err(problem) = created {
            let problem = DisplayErrorContext(&problem).to_string();
            tracing::warn!(
                source = self.source,
                problem,
                "the partner event source was not created"
            );
        }
    }

    async fn send(&self, event: &PartnerEvent) {
        let entry = PutPartnerEventsRequestEntry::builder()
            .source(&self.source)
            .detail_type(DETAIL_TYPE)
            .detail(event.detail().to_string())
            .time(DateTime::from_millis(event.at.as_millisecond()))
            .build();
        let sent = self
            .partner
            .put_partner_events()
            .entries(entry)
            .send()
            .await;
        let problem = match sent {
            Ok(answer) if answer.failed_entry_count() == 0 => return,
            Ok(_) => "refused".to_owned(),
            Err(problem) => DisplayErrorContext(&problem).to_string(),
        };
        tracing::warn!(
            topic = event.topic,
            problem,
            "the partner event was not sent"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_names_the_concrete_topic_and_carries_the_record() {
        let event = PartnerEvent {
            topic: "v2.audits.entitytype.Action.entityid.custom_-_1".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            after: SignedDuration::ZERO,
            body: json!({"action": "Update"}),
            correlation_id: "c-1".to_owned(),
        };
        let detail = event.detail();
        assert_eq!(
            detail["topicName"],
            "v2.audits.entitytype.Action.entityid.custom_-_1"
        );
        assert_eq!(detail["version"], "2");
        assert_eq!(detail["eventBody"]["action"], "Update");
        assert_eq!(detail["timestamp"], "1970-01-01T00:00:00.000Z");
        assert_eq!(detail["metadata"]["CorrelationId"], "c-1");
    }
}
