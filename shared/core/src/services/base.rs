//! What every function has, and the emission of events.

use std::collections::BTreeMap;
use std::sync::Mutex;

use clock::Clock;
use jiff::Timestamp;
use lockstep_domain::digest::Digest;
use lockstep_domain::event::{Body, Event, Header, ObjectUnreadable, Principal, PrincipalKind};
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::problem::Problem;
use serde::Serialize;

use crate::aws::{self, AwsError};
use crate::config::Config;
use crate::outside::Outside;
use crate::response::{Answer, Refused};
use crate::store::{Objects, Store, Unreadable};
use crate::telemetry::Metrics;

/// What every function has.
pub struct Base {
    /// How the stack configured this function.
    pub config: Config,
    /// The metadata of secrets.
    pub secrets: aws::Secrets,
    /// What is accepted, and what was emitted.
    pub store: Store,
    /// The stack's event bus.
    pub bus: aws::Bus,
    /// What this environment counts, flushed after each invocation.
    pub metrics: Metrics,
    /// What was wrong with each subject when this environment last compared it with what was emitted.
    compared: Compared,
    clock: Clock,
}

/// By subject, what was wrong with it; `None` where nothing was.
type Compared = Mutex<BTreeMap<Digest, Option<Digest>>>;

/// Whether it is recorded that an event was emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is: there is no other event of the same.
    Yes,
    /// It could not be stored: the event may be emitted again.
    No,
}

impl Base {
    pub(super) fn new(config: Config, outside: &Outside, objects: &Objects) -> Self {
        let aws = &outside.aws;
        Self {
            secrets: aws::Secrets::new(aws),
            store: Store::new(objects),
            bus: aws::Bus::new(aws, config.event_bus.clone()),
            metrics: Metrics::new(&config.function, outside.metrics),
            config,
            compared: Mutex::default(),
            clock: outside.clock,
        }
    }

    /// The present moment. Code that decides gets it as a value.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// This function, as the one who acts.
    #[must_use]
    pub fn actor(&self) -> Principal {
        Principal {
            kind: PrincipalKind::Function,
            id: self.config.function.clone(),
            name: None,
        }
    }

    /// The header of an event of now, by us; fill in what is known.
    #[must_use]
    pub fn header(&self) -> Header {
        Header::new(self.now(), self.actor())
    }

    /// Emits one event on the stack's bus.
    ///
    /// # Errors
    /// The bus did not take it.
    pub async fn emit(&self, header: Header, body: impl Into<Body>) -> Result<(), AwsError> {
        let event = Event::new(header, body);
        let header = &event.header;
        tracing::info!(
            detail_type = event.detail_type().as_str(),
            event_id = header.event_id,
            change_id = header.change_id.as_ref().map(tracing::field::display),
            key = header.key.as_ref().map(tracing::field::display),
            reason = event.body.reason(),
            "emitting an event"
        );
        self.bus.emit(&[event]).await
    }

    /// Emits one event, and remembers of what: there is one of it, however often it is found.
    ///
    /// # Errors
    /// The bus did not take it.
    pub async fn emit_once<T: Serialize + Sync>(
        &self,
        of: &T,
        mut header: Header,
        body: impl Into<Body>,
    ) -> Result<Recorded, AwsError> {
        if self.was_emitted(of).await {
            return Ok(Recorded::Yes);
        }
        // What is another occasion is another event, even if it says the same.
        let occurrence = || Digest::of(of).as_str().to_owned();
        header.occurrence.get_or_insert_with(occurrence);
        self.emit(header, body).await?;
        if let Err(error) = self.store.mark_emitted(&Digest::of(of)).await {
            tracing::warn!(%error, "the event may be emitted again");
            return Ok(Recorded::No);
        }
        Ok(Recorded::Yes)
    }

    /// Emits what is wrong with a subject, once for as long as the same is wrong; `None` where
    /// nothing is, so that the same is an event again when it returns. Of what did not change since the last
    /// call, a warm environment reads nothing.
    ///
    /// # Errors
    /// The bus did not take it.
    pub async fn emit_change<S: Serialize + Sync, W: Serialize + Sync>(
        &self,
        subject: &S,
        wrong: Option<(&W, Header, Body)>,
    ) -> Result<(), AwsError> {
        let subject = Digest::of(&("last", subject));
        let now = wrong.as_ref().map(|(wrong, ..)| Digest::of(wrong));
        if self.compared_with(&subject).is_some_and(|last| last == now) {
            return Ok(());
        }
        let mut last = match self.store.last_emitted(&subject).await {
            Ok(last) => last,
            Err(error) => {
                tracing::warn!(%error, "the record of the last emitted event could not be read");
                if let Some((_, header, body)) = wrong {
                    self.emit(header, body).await?;
                }
                return Ok(());
            }
        };
        if last.value.wrong != now {
            if let Some((_, mut header, body)) = wrong {
                last.value.times += 1;
                header.occurrence = Some(last.value.times.to_string());
                self.emit(header, body).await?;
            }
            last.value.wrong.clone_from(&now);
            if let Err(error) = self.store.remember_last(&subject, &mut last).await {
                tracing::warn!(%error, "the event may be emitted again");
                return Ok(());
            }
        }
        // A panic while it was locked would have ended the process.
        if let Ok(mut compared) = self.compared.lock() {
            compared.insert(subject, now);
        }
        Ok(())
    }

    /// What was wrong with a subject when this environment last compared it; `None` where it did not.
    fn compared_with(&self, subject: &Digest) -> Option<Option<Digest>> {
        self.compared.lock().ok()?.get(subject).cloned()
    }

    /// Whether there was an event of it. Where that can't be read there was none: an event twice
    /// is better than none.
    pub async fn was_emitted<T: Serialize + Sync>(&self, of: &T) -> bool {
        let read = self.store.was_emitted(&Digest::of(of)).await;
        read.unwrap_or_else(|error| {
            tracing::warn!(%error, "the record of emitted events could not be read");
            false
        })
    }

    /// Emits *Object Unreadable*, once for each version of the object; where the version can't be
    /// read, once a day: access may be granted and lost again.
    ///
    /// # Errors
    /// The bus did not take it.
    pub async fn announce_unreadable(&self, unreadable: &Unreadable) -> Result<(), AwsError> {
        self.announce_unreadable_on(unreadable, self.now()).await
    }

    pub(crate) async fn announce_unreadable_on(
        &self,
        unreadable: &Unreadable,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        let object = self.store.named(unreadable).await;
        let mut header = self.header();
        header.organization_id = unreadable.organization();
        let body = ObjectUnreadable {
            reason: Some(format!(
                "s3://{}/{}: {}. Everything that depends on the object waits until it is repaired",
                object.bucket, object.key, unreadable.problem
            )),
            object: Some(object.clone()),
            ..ObjectUnreadable::default()
        };
        let day = match object.version_id {
            Some(_) => None,
            None => Some(now.strftime("%F").to_string()),
        };
        header.occurrence.clone_from(&day);
        self.emit_once(&(&object, day), header, body).await?;
        Ok(())
    }

    /// Refuses as a whole: an event, whatever woke us, and the same errors as the answer. Nothing
    /// was written. `trigger_id` is equal in redeliveries of one trigger: two triggers that are
    /// refused for one reason are two events.
    ///
    /// # Errors
    /// The bus did not take the event.
    pub async fn refuse<B: Into<Body>>(
        &self,
        refused: impl FnOnce(Vec<Problem>) -> B,
        organization: Option<OrganizationId>,
        problems: Vec<Problem>,
        trigger_id: &str,
    ) -> Result<Answer, AwsError> {
        let mut header = self.header();
        header.occurrence = Some(trigger_id.to_owned());
        header.organization_id = organization;
        self.emit(header, refused(problems.clone())).await?;
        Ok(Refused::new(problems).into())
    }
}
