//! The simulator from Rust: the same things that the control API does, without HTTP.

use std::sync::MutexGuard;

use serde_json::json;

use crate::world::World;
use crate::{
    AuditSettings, Call, Client, ClientSettings, ClockSettings, Deed, Fault, IntegrationSettings,
    PermissionSettings, PlantedRecord, RateLimitSettings, Simulator, UsageSettings, Wire,
};

/// Everything that an organization held at some moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    client: Client,
    other_client: Client,
    alternate_client: Client,
    world: World,
}

impl Wire {
    /// The actions that flows can call: the id and the name of each.
    #[must_use]
    pub fn published_actions(&self) -> Vec<(String, String)> {
        let world = self.0.lock();
        let published = world.actions.iter().filter(|one| one.published.is_some());
        published
            .map(|action| (action.id.clone(), action.name().to_owned()))
            .collect()
    }
}

impl Simulator {
    /// The base of the API, without a path.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.url.clone()
    }

    /// The base of the login host: the same server, since official SDKs derive one from the other.
    #[must_use]
    pub fn login_url(&self) -> String {
        self.url.clone()
    }

    /// The organization's id.
    #[must_use]
    pub fn organization_id(&self) -> &str {
        &self.organization_id
    }

    /// The client that Lockstep signs in with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A second client with the same role, which no manifest authorizes.
    #[must_use]
    pub fn other_client(&self) -> &Client {
        &self.other_client
    }

    /// The client that Lockstep's takes turns with: the same role, another secret.
    #[must_use]
    pub fn alternate_client(&self) -> &Client {
        &self.alternate_client
    }

    /// The way to it without a socket, whether it has one or not.
    #[must_use]
    pub fn wire(&self) -> Wire {
        Wire(self.shared.clone())
    }

    /// Everything that the organization holds, to begin other histories from: see [`Self::restore`].
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            client: self.client.clone(),
            other_client: self.other_client.clone(),
            alternate_client: self.alternate_client.clone(),
            world: self.lock().clone(),
        }
    }

    /// Holds from now on what another simulator held, its clients included. The clock and the ways to
    /// AWS and to web services stay this one's.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.client = snapshot.client.clone();
        self.other_client = snapshot.other_client.clone();
        self.alternate_client = snapshot.alternate_client.clone();
        let mut world = self.lock();
        *world = world.holding(&snapshot.world);
    }

    /// Waits until every partner event is sent, the delayed ones too.
    pub async fn drained(&self) {
        let outbox = self.lock().audit.bus.clone();
        if let Some(outbox) = outbox {
            outbox.drained().await;
        }
    }

    /// Ends the simulator: open requests get a reset, and every connection is closed.
    ///
    /// # Panics
    /// The contract was violated.
    pub async fn stop(self) {
        let Self {
            stop,
            server,
            verdict,
            ..
        } = self;
        // Neither can fail in a way that matters: the server may have ended already.
        let _ = stop.send(true);
        if let Some(server) = server {
            let _ = server.await;
        }
        drop(verdict);
    }

    /// Ends the simulator as [`Simulator::stop`] does, and gives the violations of the contract instead of
    /// panicking with them.
    pub async fn end(self) -> Vec<String> {
        let Self {
            stop,
            server,
            verdict,
            ..
        } = self;
        let _ = stop.send(true);
        if let Some(server) = server {
            let _ = server.await;
        }
        verdict.taken()
    }

    /// The violations of the contract so far.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.verdict.found()
    }

    /// Has violations of the contract told when the simulator ends, instead of panicking with them: for one
    /// that people play with.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.verdict.be_lenient();
        self
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.shared.lock()
    }

    /// All calls since the start or the last reset.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.all().to_vec()
    }

    /// Everything of what the platform audits that was done so far, in order, also where no query
    /// shows it.
    #[must_use]
    pub fn deeds(&self) -> Vec<Deed> {
        let world = self.lock();
        let deed = |record| Deed::of(record, world.audit.shown_from(record, &world.switches));
        world.audit.records.iter().map(deed).collect()
    }

    /// The actions that flows can call: the id and the name of each.
    #[must_use]
    pub fn published_actions(&self) -> Vec<(String, String)> {
        self.wire().published_actions()
    }

    /// Forgets the calls so far.
    pub fn reset_calls(&self) {
        self.lock().calls.reset();
    }

    /// Plants a fault.
    ///
    /// # Errors
    /// What is wrong with it, such as a route that does not exist.
    pub fn add_fault(&self, fault: Fault) -> Result<(), String> {
        self.lock().plant_fault(fault)
    }

    /// Removes all faults.
    pub fn reset_faults(&self) {
        self.lock().faults.clear();
    }

    /// Sets a switch by its name; see [`crate::switches`].
    ///
    /// # Errors
    /// There is no such switch or value.
    pub fn set_switch(&self, name: &str, value: &str) -> Result<(), String> {
        self.lock().set_switches(&json!({name: value}))
    }

    /// Sets when audit records and events show.
    ///
    /// # Errors
    /// A negative or endless time.
    pub fn set_audits(&self, settings: &AuditSettings) -> Result<(), String> {
        self.lock().set_audits(settings)
    }

    /// Plants an audit record and gives its id.
    pub fn record_audit(&self, record: PlantedRecord) -> String {
        self.lock().plant_record(record)
    }

    /// The permissions of which an operation needs one, or all of an audit's; none for a route that does not exist.
    pub fn permissions_for(&self, method: &str, route: &str) -> &'static [&'static str] {
        let mut routes = crate::routes::ROUTES.iter();
        let found = routes.find(|one| (one.method, one.template) == (method, route));
        found.map_or(&[], |one| one.needs.names())
    }

    /// Replaces what a client is permitted.
    ///
    /// # Errors
    /// There is no such client.
    pub fn set_permissions(&self, settings: PermissionSettings) -> Result<(), String> {
        self.lock().set_permissions(settings)
    }

    /// Sets the rate limits.
    ///
    /// # Errors
    /// A window that is no time.
    pub fn set_rate_limit(&self, settings: &RateLimitSettings) -> Result<(), String> {
        self.lock().set_rate_limit(settings)
    }

    /// Sets how integrations change their state.
    ///
    /// # Errors
    /// There is no such integration, or a time is negative.
    pub fn set_integrations(&self, settings: &IntegrationSettings) -> Result<(), String> {
        self.lock().set_integrations(settings)
    }

    /// Sets the life of a client's tokens, or ends them.
    ///
    /// # Errors
    /// There is no such client.
    pub fn set_client(&self, settings: &ClientSettings) -> Result<(), String> {
        self.lock().set_client(settings)
    }

    /// Sets how the usage of clients shows.
    ///
    /// # Errors
    /// A negative or endless time.
    pub fn set_usage(&self, settings: &UsageSettings) -> Result<(), String> {
        self.lock().set_usage(settings)
    }

    /// Moves the simulated clock ahead.
    ///
    /// # Errors
    /// A negative time, or more than ten years in all.
    pub fn advance(&self, settings: &ClockSettings) -> Result<(), String> {
        self.lock().advance(settings)
    }
}
