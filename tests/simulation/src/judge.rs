//! What must hold when everything has come to rest, whatever went wrong on the way.
//!
//! Judged by what is true in the simulators, not by what Lockstep remembers of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_simulator::{Effect, Origin};
use genesys_cloud::{ClientCredentials, Endpoints, Genesys, IntegrationFilter, Settings};
use lockstep_domain::ids::Key;
use serde_json::Value;

use crate::driver::OUTSIDE;
use crate::genesys::Platform;
use crate::house::{Action, House, ORGANIZATION, PLANTED};
use crate::stand::Simulation;

/// Until the end of an invocation of `rebind-action`, and a minute.
const LONGEST_LEASE: Duration = Duration::from_secs(6 * 60);

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem(pub String);

impl Simulation {
    /// Everything that does not hold of a house that is managed.
    pub async fn problems(&self, house: &House) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.judge_organization(house, &mut problems).await;
        self.judge_states(house, &mut problems);
        self.judge_credential(house, &mut problems);
        self.judge_pair(house, &mut problems).await;
        self.judge_queues(&mut problems);
        self.judge_chains(&mut problems);
        self.judge_verdicts(house, &mut problems);
        self.judge_secrecy(&mut problems);
        problems.extend(self.genesys.violations().into_iter().map(Problem));
        problems
    }

    /// A person at the organization.
    pub(crate) fn person(&self) -> Genesys {
        let client = self.genesys.client();
        self.signed_in(ClientCredentials {
            client_id: client.id.clone(),
            client_secret: client.secret.clone(),
        })
    }

    /// A client whose requests nothing disturbs.
    pub(crate) fn signed_in(&self, credentials: ClientCredentials) -> Genesys {
        let platform = Platform {
            wire: self.genesys.wire(),
            faults: Arc::clone(&self.faults),
        };
        let settings = Settings {
            clock: self.clock,
            transport: Some(Arc::new(
                platform.connection(Origin::new("person", OUTSIDE)),
            )),
            ..Settings::default()
        };
        let url = |url: String| url.parse().expect("a URL");
        let endpoints = Endpoints {
            api: url(self.genesys.api_url()),
            login: url(self.genesys.login_url()),
        };
        Genesys::new(endpoints, credentials, settings).expect("valid settings")
    }

    async fn judge_organization(&self, house: &House, problems: &mut Vec<Problem>) {
        let genesys = self.person();
        let all = IntegrationFilter::default();
        let integrations = genesys.list_integrations(&all).await;
        let integrations = integrations.expect("a reader may read");
        let named: Vec<_> = integrations
            .iter()
            .filter(|one| one.name.as_deref() == Some(House::integration()))
            .collect();
        let [integration] = named.as_slice() else {
            let found = named.len();
            return problems.push(Problem(format!("{found} integrations of the name")));
        };
        let mut used = BTreeSet::new();
        for one in &integrations {
            let config = genesys.get_integration_config(&one.id).await;
            let config = config.expect("a reader may read").expect("it exists");
            used.extend(config.credentials.into_values().map(|one| one.id));
        }
        let credentials = genesys.list_credentials().await;
        for credential in credentials.expect("a reader may read") {
            let name = credential.name.unwrap_or_default();
            if name.starts_with("Lockstep ") && !used.contains(&credential.id) {
                problems.push(Problem(format!("the credential {name:?} is orphaned")));
            }
        }
        for action in &house.actions {
            self.judge_action(&genesys, &integration.id, action, problems)
                .await;
        }
    }

    async fn judge_action(
        &self,
        genesys: &Genesys,
        integration: &str,
        action: &Action,
        problems: &mut Vec<Problem>,
    ) {
        let key = &action.key;
        let named = genesys
            .custom_actions_named(&action.name(), integration)
            .await;
        let named = named.expect("a reader may read");
        let [found] = named.as_slice() else {
            let found = named.len();
            return problems.push(Problem(format!("{key}: {found} actions of the name")));
        };
        let (seen, request, draft) = tokio::join!(
            genesys.get_action(&found.id),
            genesys.action_template(&found.id, genesys_cloud::Template::Request),
            genesys.get_draft(&found.id),
        );
        let seen = seen.expect("a reader may read").expect("it exists");
        let config = seen.config.unwrap_or_default();
        if action.broken && self.is_held_with_an_event(key) {
            return;
        }
        let url = config.request.unwrap_or_default().request_url_template;
        if url.as_deref() != Some(action.function().as_str()) {
            problems.push(Problem(format!("{key}: it calls {url:?}")));
        }
        let template = request.expect("a reader may read").unwrap_or_default();
        let current = self.current_version(action);
        if action.delivered && !template.contains(&current) {
            problems.push(Problem(format!(
                "{key}: it is not bound to {current}: {template}"
            )));
        }
        if draft.expect("a reader may read").is_some() {
            problems.push(Problem(format!("{key}: a draft remains")));
        }
    }

    /// Whether what should hold was tried and rejected, and an event says so.
    fn is_held_with_an_event(&self, key: &str) -> bool {
        let state = self.stored(&format!("state/{ORGANIZATION}/{key}.json"));
        let is_held = state.is_some_and(|state| !state["held"].is_null());
        let history = self.account.history();
        let mut events = history.iter().filter_map(|one| emitted(&one.effect));
        is_held
            && events.any(|event| {
                let kind = event["detail-type"].as_str().unwrap_or_default();
                let of_an_action = ["Rebind Rolled Back", "Data Action Unhealthy"];
                let of_a_set = ["Credential Rebind Failed", "Credential Unhealthy"];
                (of_an_action.contains(&kind) && event["detail"]["key"] == key)
                    || (of_a_set.contains(&kind) && key.starts_with("_secret"))
            })
    }

    /// The version of an action's secret that is current.
    #[must_use]
    pub fn current_version(&self, action: &Action) -> String {
        self.current_of(&action.secret())
    }

    fn current_of(&self, secret: &str) -> String {
        self.account.with_state(|state| {
            let found = state.services.secrets.find(secret, self.clock.now());
            let found = found.expect("the secret exists");
            let version = found.holder("AWSCURRENT").expect("a current version");
            version.to_owned()
        })
    }

    /// A JSON object of the state bucket.
    #[must_use]
    pub fn stored(&self, key: &str) -> Option<Value> {
        let state = self.account.state();
        let bucket = state.services.s3.bucket(&self.bucket("StateBucket"))?;
        serde_json::from_slice(&bucket.object(key)?.body).ok()
    }

    /// The name of a bucket, by its logical id.
    #[must_use]
    pub fn bucket(&self, id: &str) -> String {
        let bucket = self.stack().bucket(id);
        bucket.expect("the template has the bucket").name.clone()
    }

    fn judge_states(&self, house: &House, problems: &mut Vec<Problem>) {
        for action in &house.actions {
            let key = &action.key;
            let Some(state) = self.stored(&format!("state/{ORGANIZATION}/{key}.json")) else {
                problems.push(Problem(format!("{key}: it has no state")));
                continue;
            };
            if !(action.broken && self.is_held_with_an_event(key)) {
                judge_end(house, key, &state, problems);
            }
        }
        let record = self.stored(&format!("state/{ORGANIZATION}/_integration_prod.json"));
        if let Some(record) = record.filter(|record| !record["lease"].is_null()) {
            let until = record["lease"]["until"].as_str();
            let until: Option<jiff::Timestamp> = until.and_then(|until| until.parse().ok());
            // One that could not be released ends at its time.
            if until.is_none_or(|until| until > self.clock.now() + LONGEST_LEASE) {
                problems.push(Problem(format!("a lease is held: {}", record["lease"])));
            }
        }
    }

    /// The credential carries the values of the version that is current.
    fn judge_credential(&self, house: &House, problems: &mut Vec<Problem>) {
        if !house.credential {
            return;
        }
        let secret = House::credential_secret();
        let key = Key::of_secret(&secret.parse().expect("an ARN"));
        let Some(state) = self.stored(&format!("state/{ORGANIZATION}/{key}.json")) else {
            return problems.push(Problem("the credential has no state".to_owned()));
        };
        if house.credential_broken && self.is_held_with_an_event(key.as_str()) {
            return;
        }
        let bound = &state["credentials"]["basic"]["version_id"];
        let current = self.current_of(&secret);
        if bound != current.as_str() {
            problems.push(Problem(format!(
                "the credential carries {bound}, not {current}"
            )));
        }
        judge_end(house, "the credential", &state, problems);
    }

    /// Whoever reads the pair's secret can sign in with it, and no rotation is stuck.
    async fn judge_pair(&self, house: &House, problems: &mut Vec<Problem>) {
        if !house.pair {
            return;
        }
        let secret = House::pair_secret();
        let is_pending = self.account.with_state(|state| {
            let found = state.services.secrets.find(&secret, self.clock.now());
            let found = found.expect("the secret exists");
            let pending = found.holder("AWSPENDING");
            pending.is_some() && pending != found.holder("AWSCURRENT")
        });
        let client = self.signed_in(self.holder_of_the_pair());
        if let Err(error) = client.sign_in().await {
            problems.push(Problem(format!(
                "the current client can't sign in: {error}"
            )));
        }
        if is_pending {
            problems.push(Problem("a rotation of the pair is stuck".to_owned()));
        }
    }

    /// A message that was given up has an event of its failure, about the same binding.
    fn judge_queues(&self, problems: &mut Vec<Problem>) {
        let history = self.account.history();
        let events: Vec<&Value> = history
            .iter()
            .filter_map(|one| emitted(&one.effect))
            .collect();
        for change in &history {
            let Effect::MessageDied { message_id, .. } = &change.effect else {
                continue;
            };
            let body = history.iter().find_map(|one| sent(&one.effect, message_id));
            let body: Value = body
                .and_then(|body| serde_json::from_str(body).ok())
                .unwrap_or_default();
            if !events.iter().any(|event| says_failed(event, &body["key"])) {
                problems.push(Problem(format!("a message died in silence: {body}")));
            }
        }
    }

    /// No planted value stands anywhere but in its secret.
    fn judge_secrecy(&self, problems: &mut Vec<Problem>) {
        let state = self.account.state();
        for bucket in &self.stack().buckets {
            let Some(held) = state.services.s3.bucket(&bucket.name) else {
                continue;
            };
            for key in held.keys() {
                let body = held.object(key).map(|object| object.body.clone());
                let text =
                    String::from_utf8_lossy(body.as_deref().unwrap_or_default()).into_owned();
                if text.contains(PLANTED) {
                    problems.push(Problem(format!(
                        "a secret value is in {}/{key}",
                        bucket.name
                    )));
                }
            }
        }
        drop(state);
        for change in self.account.history() {
            let text = match (&change.effect, emitted(&change.effect)) {
                (_, Some(event)) => event.to_string(),
                (Effect::MessageSent { body, .. }, _) => body.clone(),
                (_, None) => continue,
            };
            if text.contains(PLANTED) {
                problems.push(Problem(format!("a secret value was sent: {text}")));
            }
        }
    }
}

/// The latest change of a binding is verified; whether another verdict is right, the oracle says.
fn judge_end(house: &House, what: &str, state: &Value, problems: &mut Vec<Problem>) {
    let phase = &state["change"]["phase"];
    let end = &phase["ended"]["end"];
    let is_violated = end.get("violated").is_some();
    let is_unverified = end.get("unverified").is_some() && house.unaudited;
    if end != "verified" && !is_violated && !is_unverified {
        problems.push(Problem(format!(
            "{what}: the verdict is not there: {phase}"
        )));
    }
}

/// An event of Lockstep's that the bus took.
pub(crate) fn emitted(effect: &Effect) -> Option<&Value> {
    if let Effect::EventPut { event, .. } = effect
        && event["source"] == "lockstep"
    {
        return Some(event);
    }
    None
}

/// The body of a message, where this is its sending.
fn sent<'e>(effect: &'e Effect, id: &str) -> Option<&'e str> {
    if let Effect::MessageSent {
        message_id, body, ..
    } = effect
        && message_id == id
    {
        return Some(body);
    }
    None
}

/// Whether an event says that something failed, of the binding of this key where there is one.
fn says_failed(event: &Value, key: &Value) -> bool {
    const FAILURES: [&str; 8] = [
        "Role Provisioning Failed",
        "Rebind Failed",
        "Credential Rebind Failed",
        "Change Unverified",
        "Compliance Finding",
        "Object Unreadable",
        "Manifest Refused",
        "Plan Refused",
    ];
    let kind = event["detail-type"].as_str().unwrap_or_default();
    FAILURES.contains(&kind) && (key.is_null() || event["detail"]["key"] == *key)
}
