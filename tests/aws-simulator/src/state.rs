//! Everything that an account holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::ids::Ids;
use crate::principal::Keys;
use crate::services::Services;
use crate::services::sqs::Lineage;
use crate::throttle::Throttles;
use crate::{Authorizer, Call, Effect, History, Notification, Origin, Outbox};

/// Which account this is, and its seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The account's id.
    pub account: String,
    /// Its only region.
    pub region: String,
    /// Its partition.
    pub partition: String,
    /// Ids come from it.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: "123456789012".into(),
            region: "us-east-1".into(),
            partition: "aws".into(),
            seed: 0,
        }
    }
}

impl Settings {
    /// The ARN of something of this account and region.
    #[must_use]
    pub fn arn(&self, service: &str, rest: &str) -> String {
        let Self {
            account,
            region,
            partition,
            ..
        } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{rest}")
    }
}

/// Everything that an account holds.
#[derive(Clone)]
pub struct State {
    /// Which account this is.
    pub settings: Settings,
    /// The services and what they hold.
    pub services: Services,
    pub(crate) ids: Ids,
    pub(crate) keys: Keys,
    pub(crate) history: History,
    pub(crate) outbox: Outbox,
    pub(crate) throttles: Throttles,
    pub(crate) authorizer: Arc<dyn Authorizer>,
    pub(crate) lineages: BTreeMap<Origin, Lineage>,
    pub(crate) sequence: u64,
    pub(crate) unsupported: Vec<String>,
}

impl State {
    pub(crate) fn new(settings: Settings, authorizer: Arc<dyn Authorizer>) -> Self {
        Self {
            services: Services::default(),
            ids: Ids::seeded(settings.seed),
            keys: Keys::default(),
            history: History::default(),
            outbox: Outbox::default(),
            throttles: Throttles::default(),
            authorizer,
            lineages: BTreeMap::new(),
            sequence: 0,
            unsupported: Vec::new(),
            settings,
        }
    }

    /// Writes a change down.
    pub(crate) fn record(&mut self, now: Timestamp, call: Option<&Call>, effect: Effect) {
        self.history.add(now, call, &self.settings.account, effect);
    }

    /// An event as a rule's target gets it (EventBridge user guide, "AWS service event metadata").
    pub(crate) fn event(
        &mut self,
        at: Timestamp,
        source: &str,
        detail_type: &str,
        resources: &[String],
        detail: Value,
    ) -> Value {
        json!({
            "version": "0",
            "id": self.ids.uuid(),
            "detail-type": detail_type,
            "source": source,
            "account": self.settings.account,
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": self.settings.region,
            "resources": resources,
            "detail": detail,
        })
    }

    /// Sends an event of one of AWS's services to the default bus.
    pub(crate) fn emit(&mut self, now: Timestamp, event: Value) {
        self.outbox.add(Notification::Event {
            bus: "default".into(),
            at: now,
            event,
        });
    }
}
