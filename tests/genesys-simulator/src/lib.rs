//! A simulator of Genesys Cloud for tests and the local stack.
//!
//! An HTTP server on loopback, or no more than a value in the caller's process ([`in_process`]), with the real
//! paths, models and refusals of the parts that Lockstep uses: token, organization, integrations, credentials,
//! data actions with their drafts, OAuth clients, audits. It acts as the platform's AWS account too: a test of a Lambda action really assumes the role and invokes the
//! function. What is not documented about the platform is a switch ([`switches`]); what goes wrong in the
//! world is a [`Fault`]. See the crate's README for the control API.

mod action_contract;
mod action_model;
mod actions;
mod answer;
mod audit_log;
mod audit_query;
mod audit_record;
mod audits;
mod auth_action;
mod aws;
mod calls;
mod compare;
mod control;
mod credentials;
mod drafts;
mod error;
mod events;
mod faults;
mod handles;
mod ids;
mod in_process;
mod integration_config;
mod integration_deletion;
mod integration_types;
mod integrations;
mod invoke;
mod json_path;
mod json_schema;
mod judged;
mod lambda;
mod limits;
mod oauth;
mod oauth_clients;
mod oauth_usage;
mod organization;
mod paging;
mod request;
mod roles;
mod routes;
mod run;
mod server;
mod settings;
mod static_actions;
mod steps;
pub mod switches;
mod token;
mod translate;
mod upstream;
mod usage;
mod usage_jobs;
mod usage_query;
mod velocity;
mod web_service;
mod wire;
mod world;

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use clock::Clock;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use crate::audit_log::{AuditAction, AuditStatus, EntityType};
pub use crate::audit_record::Deed;
use crate::aws::Aws;
pub use crate::calls::Call;
use crate::events::Outbox;
pub use crate::faults::{Fault, FaultKind};
pub use crate::handles::Snapshot;
use crate::ids::Ids;
pub use crate::in_process::{Answered, Inside, WebServices, Wire};
use crate::judged::{Judge, Verdict};
pub use crate::judged::{Judged, contract};
use crate::server::{Shared, router};
pub use crate::settings::{
    AuditSettings, ClientSettings, ClockSettings, IntegrationSettings, PermissionSettings,
    PlantedRecord, PlantedUse, RateLimitSettings, UsageSettings,
};
pub use crate::wire::Cut;
use crate::wire::{Cuttable, Cutter};
use crate::world::World;

/// The organization to simulate, and where.
#[derive(Debug, Clone)]
pub struct Config {
    /// The organization's id, a UUID; it is the external id in AWS trust policies.
    pub organization_id: String,
    /// The organization's name.
    pub organization_name: String,
    /// The AWS side; without it no action can run.
    pub aws: Option<AwsSide>,
    /// The port on loopback; 0 takes a free one. A simulator without a socket has none.
    pub port: u16,
    /// The suffix of the organization's EventBridge source; with it, and an AWS side, audits are published.
    pub event_source_suffix: Option<String>,
    /// What is held against the contract.
    pub judged: Judged,
}

/// Where AWS is, and who the platform is there.
#[derive(Debug, Clone)]
pub struct AwsSide {
    /// The endpoint of the local AWS.
    pub endpoint_url: String,
    /// The region of its STS and EventBridge; a function's own region stands in its ARN.
    pub region: String,
    /// The platform's AWS account, `765628985471` in commercial regions.
    pub genesys_account: String,
    /// The account that the organization's event source is offered to.
    pub customer_account: String,
}

/// Where a simulator without a socket is said to be: no client refuses it, and a request that went astray would
/// end on loopback.
const IN_PROCESS: &str = "https://genesys.localhost";

/// An OAuth client of the organization, whose role has all permissions.
#[derive(Debug, Clone)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// The secret it began with.
    pub secret: SecretString,
}

/// A running simulator. It ends with [`Simulator::stop`], or when it is dropped.
///
/// Every exchange is judged by the [`contract`]. A violation is printed at once, and where there is any, the end
/// of the simulator is a panic that says all of them.
#[derive(Debug)]
pub struct Simulator {
    url: String,
    organization_id: String,
    client: Client,
    other_client: Client,
    alternate_client: Client,
    shared: Shared,
    stop: watch::Sender<bool>,
    /// None where it has no socket.
    server: Option<JoinHandle<io::Result<()>>>,
    verdict: Verdict,
}

/// Every operation that the simulator has: verb and route template.
#[must_use]
pub fn operations() -> Vec<(&'static str, &'static str)> {
    routes::ROUTES
        .iter()
        .map(|route| (route.method, route.template))
        .collect()
}

/// Starts a simulator on loopback. The first time on a machine it waits for its judge, see [`contract`].
///
/// # Errors
/// The port cannot be bound, or there is no contract to be judged by.
pub async fn start(config: Config) -> io::Result<Simulator> {
    #[expect(
        clippy::disallowed_methods,
        reason = "it has sockets, and so is in no simulation"
    )]
    tokio::task::spawn_blocking(|| contract(&show))
        .await
        .map_err(io::Error::other)?
        .map_err(io::Error::other)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let aws = config.aws.clone().map(|side| Aws::new(side, None));
    let mut world = World::new(
        config.organization_id.clone(),
        config.organization_name.clone(),
        Ids::random(),
        Clock::system(),
    );
    world.aws = aws;
    let mut simulator = Simulator::of(config, world, url)?;
    let mut ended = simulator.shared.stopped.clone();
    let service = router(simulator.shared.clone()).into_make_service_with_connect_info::<Cutter>();
    simulator.server = Some(tokio::spawn(async move {
        axum::serve(Cuttable(listener), service)
            .with_graceful_shutdown(async move {
                // An error means that the simulator was dropped, which ends it too.
                let _ = ended.changed().await;
            })
            .await
    }));
    Ok(simulator)
}

/// Makes a simulator that has no socket: its [`Wire`] takes the requests. The first time on a machine this
/// blocks, see [`contract`].
///
/// # Errors
/// There is no contract to be judged by.
pub fn in_process(config: Config, inside: Inside) -> io::Result<Simulator> {
    let mut world = World::new(
        config.organization_id.clone(),
        config.organization_name.clone(),
        Ids::seeded(inside.seed),
        inside.clock,
    );
    let side = config.aws.clone();
    world.aws = side.map(|side| Aws::new(side, inside.aws));
    world.web_services = inside.web_services;
    Simulator::of(config, world, IN_PROCESS.to_owned())
}

/// Shows the progress of an installation, which takes a minute or more.
fn show(progress: &str) {
    eprintln!("{progress}");
}

impl Simulator {
    /// Without a server yet.
    fn of(config: Config, mut world: World, url: String) -> io::Result<Self> {
        let contract = contract(&show).map_err(io::Error::other)?;
        let judge = Arc::new(Judge::new(contract, config.judged));
        if let (Some(aws), Some(suffix)) = (&world.aws, config.event_source_suffix) {
            let source = events::source_name(&config.organization_id, &suffix);
            world.audit.bus = Some(Outbox::open(aws, source));
        }
        let seeded = |index: usize| {
            let client = &world.oauth.clients[index];
            Client {
                id: client.id.clone(),
                secret: client.secret.clone(),
            }
        };
        let [client, other_client, alternate_client] = [0, 1, 2].map(seeded);
        let (stop, stopped) = watch::channel(false);
        Ok(Self {
            url,
            organization_id: config.organization_id,
            client,
            other_client,
            alternate_client,
            shared: Shared {
                world: Arc::new(Mutex::new(world)),
                stopped,
                judge: Arc::clone(&judge),
            },
            stop,
            server: None,
            verdict: Verdict::of(judge),
        })
    }
}
