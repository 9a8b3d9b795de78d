//! The stack's own event bus.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use lockstep_domain::event::{Event, SOURCE};

use serde_json::{Map, Value, json};

use super::error::Kind;
use super::{AwsError, Connection, Service, garbled, refine};

const OPERATION: &str = "events:PutEvents";

/// Entries of one call (EventBridge API reference, `PutEvents`).
const BATCH: usize = 10;

/// An entry may have 256 KB (EventBridge API reference, `PutEvents`); room is left for the rest.
const LARGEST_DETAIL: usize = 240_000;

/// How many items of each list are kept in a detail that is too large.
const KEPT: usize = 25;

/// How often entries that the bus did not take are sent again at once.
const ROUNDS: usize = 3;

/// The stack's own event bus.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    name: String,
}

fn client(aws: &Connection) -> Client {
    let mut config = aws_sdk_eventbridge::config::Builder::from(&aws.sdk);
    config.set_retry_partition(aws.budget(Service::EventBridge));
    Client::from_conf(config.build())
}

impl Bus {
    /// The bus of this name.
    #[must_use]
    pub fn new(aws: &Connection, name: impl Into<String>) -> Self {
        Self {
            client: client(aws),
            name: name.into(),
        }
    }

    /// Emits events, in order within a batch. A bus may take some entries and not others: those
    /// are sent again, alone.
    ///
    /// # Errors
    /// The call failed, or an entry was not taken in the end. Some may have been: subscribers see
    /// an event twice rather than never.
    pub async fn emit(&self, events: &[Event]) -> Result<(), AwsError> {
        for batch in events.chunks(BATCH) {
            let mut waiting = Vec::with_capacity(batch.len());
            for event in batch {
                waiting.push(self.entry(event)?);
            }
            self.put(waiting).await?;
        }
        Ok(())
    }

    async fn put(&self, mut waiting: Vec<PutEventsRequestEntry>) -> Result<(), AwsError> {
        let mut last = None;
        for _ in 0..ROUNDS {
            let answer = self
                .client
                .put_events()
                .set_entries(Some(waiting.clone()))
                .send()
                .await
                .map_err(refine(OPERATION, self.name.as_str()))?;
            let results = self.one_each(&answer, waiting.len())?;
            last = results
                .iter()
                .find(|one| one.error_code().is_some())
                .cloned();
            if last.is_none() {
                return Ok(());
            }
            // Results are in the order of the entries.
            let refused = |index: usize| {
                results
                    .get(index)
                    .is_none_or(|result| result.error_code().is_some())
            };
            waiting = waiting
                .into_iter()
                .enumerate()
                .filter(|(index, _)| refused(*index))
                .map(|(_, entry)| entry)
                .collect();
        }
        Err(self.refused(last.as_ref()))
    }

    /// A result for each entry, an event's id or an error's code: an answer that says less has not
    /// said that the events were taken (EventBridge API reference, `PutEvents`).
    fn one_each<'a>(
        &self,
        answer: &'a PutEventsOutput,
        sent: usize,
    ) -> Result<&'a [PutEventsResultEntry], AwsError> {
        let results = answer.entries();
        let says = |one: &PutEventsResultEntry| {
            one.error_code().is_some() || one.event_id().is_some_and(|id| !id.is_empty())
        };
        let failed = results.iter().filter(|one| one.error_code().is_some());
        let counted = usize::try_from(answer.failed_entry_count()) == Ok(failed.count());
        if results.len() == sent && counted && results.iter().all(says) {
            return Ok(results);
        }
        let problem = format!("the response does not have a result for each of the {sent} entries");
        Err(garbled(OPERATION, self.name.as_str(), problem))
    }

    fn refused(&self, entry: Option<&PutEventsResultEntry>) -> AwsError {
        let code = entry
            .and_then(|entry| entry.error_code())
            .map(str::to_owned);
        // EventBridge API reference, `PutEventsResultEntry`: only these are about the entry.
        let kind = match code.as_deref() {
            Some("MalformedDetail" | "InvalidArgument") => Kind::Malformed,
            Some("NotAuthorizedForSourceException" | "NotAuthorizedForDetailTypeException") => {
                Kind::Denied {
                    permission: OPERATION.to_owned(),
                }
            }
            Some(_) | None => Kind::Transient,
        };
        AwsError {
            operation: OPERATION,
            resource: self.name.clone(),
            kind,
            code,
            message: entry
                .and_then(|entry| entry.error_message())
                .unwrap_or("EventBridge did not accept an event")
                .to_owned(),
        }
    }

    fn entry(&self, event: &Event) -> Result<PutEventsRequestEntry, AwsError> {
        let detail = detail_text(event).map_err(|error| AwsError {
            operation: OPERATION,
            resource: self.name.clone(),
            kind: Kind::Other,
            code: None,
            message: format!("the detail is not JSON: {error}"),
        })?;
        Ok(PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.detail_type().as_str())
            .detail(detail)
            .build())
    }
}

/// The detail as it is sent. One that is too large for the bus loses the ends of its lists and
/// says so: an event that cannot be sent is worse than a shortened one.
fn detail_text(event: &Event) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(event)?;
    if text.len() <= LARGEST_DETAIL {
        return Ok(text);
    }
    let mut detail: Map<String, Value> = serde_json::from_str(&text)?;
    let mut cut = 0;
    for list in detail.values_mut().filter_map(Value::as_array_mut) {
        cut += list.len().saturating_sub(KEPT);
        list.truncate(KEPT);
    }
    let notice = format!("this event was too large: {cut} items were cut from its lists");
    let notices = detail.entry("notices").or_insert_with(|| json!([]));
    if let Some(notices) = notices.as_array_mut() {
        notices.push(notice.into());
    }
    serde_json::to_string(&detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_domain::event::{Header, ManifestRefused, Principal, PrincipalKind};
    use lockstep_domain::problem::Problem;

    fn event(errors: usize) -> Event {
        let actor = Principal {
            kind: PrincipalKind::Function,
            id: "lockstep-provision-role".into(),
            name: None,
        };
        let header = Header::new("2026-01-01T00:00:00Z".parse().unwrap(), actor);
        let refused = ManifestRefused {
            errors: vec![Problem::new("x".repeat(200), "y".repeat(200), "z"); errors],
            ..ManifestRefused::default()
        };
        Event::new(header, refused)
    }

    #[test]
    fn a_detail_too_large_for_the_bus_is_shortened_and_says_so() {
        let text = detail_text(&event(1_000)).unwrap();
        assert!(text.len() <= LARGEST_DETAIL);
        let short: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(short["errors"].as_array().map(Vec::len), Some(KEPT));
        assert_eq!(
            short["notices"],
            json!(["this event was too large: 975 items were cut from its lists"])
        );
    }

    #[test]
    fn a_detail_that_fits_is_sent_as_it_is() {
        let event = event(100);
        let sent = detail_text(&event).unwrap();
        assert_eq!(sent, serde_json::to_string(&event).unwrap());
    }
}
