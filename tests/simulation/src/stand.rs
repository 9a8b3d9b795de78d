//! Setting everything up.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use aws_simulator::{Account, Credentials, EvaluatePolicies, Judging, Origin, Principal, Settings};
use clock::Clock;
use genesys_simulator::{AwsSide, Config, Inside, Simulator, in_process};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::json;
use stack_template::Place;

use crate::aws::Disturbed;
use crate::deploy::{create, deployed};
use crate::driver::Driver;
use crate::faults::Faults;
use crate::functions::{Deployed, Name, Surroundings};
use crate::genesys::Platform;
use crate::house::{Action, House, ORGANIZATION, put_secret, value_of};
use crate::trail::Trail;
use crate::web_services::WebServices;

/// Everything that AWS and Genesys Cloud hold at some moment, when nothing is under way: histories that
/// begin alike need their beginning once. No execution environment is warm after it.
pub struct Snapshot {
    at: Timestamp,
    seed: u64,
    account: aws_simulator::State,
    genesys: genesys_simulator::Snapshot,
    web_services: WebServices,
}

/// The account that Genesys Cloud calls from.
const GENESYS_ACCOUNT: &str = "765628985471";
/// The account that everything is deployed to.
pub const ACCOUNT: &str = "123456789012";

/// When every history begins.
const BEGIN: &str = "2026-03-02T08:00:00Z";

/// The deployed stack in its account, beside the organization.
pub struct Simulation {
    /// The account.
    pub account: Account,
    /// The organization.
    pub genesys: Simulator,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// The time.
    pub clock: Clock,
    /// The web services that actions call.
    pub web_services: WebServices,
    driver: Driver,
    seed: u64,
}

impl Deref for Simulation {
    type Target = Driver;

    fn deref(&self) -> &Driver {
        &self.driver
    }
}

/// Requests that change nothing, one for each function.
const QUESTIONS: [(Name, &str); 5] = [
    (Name::Provision, r#"{"mode": "plan"}"#),
    (Name::Rebind, r#"{"mode": "plan"}"#),
    (Name::Verify, "{}"),
    (Name::Compliance, r#"{"mode": "plan"}"#),
    (Name::Rotate, r#"{"repair": true, "mode": "plan"}"#),
];

/// The stack of a thread that runs a story. The SDK's futures are deep, and without optimization more
/// than a test's thread has by default.
const STACK: usize = 64 * 1024 * 1024;

/// Whether what is said to AWS and to Genesys Cloud, and what they answer, is compared with their
/// official models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judged {
    /// All of it.
    Everything,
    /// What is said to Genesys Cloud and what it answers, where another run judges the same exchanges
    /// with AWS.
    GenesysCloud,
    /// Nothing, where another run judges the same exchanges.
    #[default]
    Nothing,
}

/// Runs a story in a simulation of its own, on a thread of its own.
///
/// # Panics
/// As the story does.
pub fn run<T: Send>(
    seed: u64,
    judged: Judged,
    story: impl AsyncFnOnce(&Simulation) -> T + Send,
) -> T {
    on_virtual_time(seed, async || {
        let simulation = Simulation::new(&Setup {
            judged,
            ..Setup::of(seed)
        });
        story(&simulation).await
    })
}

/// Runs a story that begins where a snapshot was taken, on a thread of its own. What happens next follows
/// from the seed.
///
/// # Panics
/// As the story does.
pub fn run_from<T: Send>(
    snapshot: &Snapshot,
    seed: u64,
    judged: Judged,
    story: impl AsyncFnOnce(&Simulation) -> T + Send,
) -> T {
    on_virtual_time(seed, async || {
        let mut simulation = Simulation::new(&Setup {
            judged,
            begin: snapshot.at,
            driver_seed: seed,
            ..Setup::of(snapshot.seed)
        });
        simulation.account.restore(snapshot.account.clone());
        simulation.genesys.restore(&snapshot.genesys);
        simulation.web_services.restore(&snapshot.web_services);
        story(&simulation).await
    })
}

/// Runs something on virtual time, on a thread of its own.
pub(crate) fn on_virtual_time<T: Send>(seed: u64, work: impl AsyncFnOnce() -> T + Send) -> T {
    let played = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, || play(seed, work));
        thread.expect("a thread for the story").join()
    });
    played.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn play<T>(seed: u64, work: impl AsyncFnOnce() -> T) -> T {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime needs nothing");
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, work())
}

/// What a simulation is like.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The accounts, their ids and their secrets follow from it.
    pub(crate) seed: u64,
    /// What happens when, and in which order, follows from it.
    pub(crate) driver_seed: u64,
    /// When it begins.
    pub(crate) begin: Timestamp,
    /// What is compared with the official models.
    pub(crate) judged: Judged,
    /// Parameters of the template, besides those of every simulation.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Whether Genesys Cloud publishes its audit events to the account.
    pub(crate) genesys_events: bool,
    /// Whether what the functions log is kept.
    pub(crate) logs: bool,
}

impl Setup {
    /// What has this seed, and nothing beside the usual.
    pub(crate) fn of(seed: u64) -> Self {
        Self {
            seed,
            driver_seed: seed,
            begin: BEGIN.parse().expect("a moment"),
            judged: Judged::Nothing,
            parameters: BTreeMap::new(),
            genesys_events: false,
            logs: false,
        }
    }
}

/// The parameter of the template that needs a trail.
const TRIGGERS: &str = "CloudTrailTriggers";

/// The suffix of the organization's partner event source.
const EVENT_SOURCE_SUFFIX: &str = "lockstep";

/// The organization's partner event source, and the bus of the same name.
pub(crate) fn event_source() -> String {
    format!("aws.partner/genesys.com/cloud/{ORGANIZATION}/{EVENT_SOURCE_SUFFIX}")
}

impl Simulation {
    /// The stack, deployed to an account in which nothing else is.
    pub(crate) fn new(setup: &Setup) -> Self {
        let (seed, judged) = (setup.seed, setup.judged);
        let clock = Clock::starting_at(setup.begin);
        let place = Place {
            account: ACCOUNT.to_owned(),
            region: "us-east-1".to_owned(),
            partition: "aws".to_owned(),
            stack: "lockstep".to_owned(),
        };
        let settings = Settings {
            account: place.account.clone(),
            region: place.region.clone(),
            partition: place.partition.clone(),
            seed,
        };
        let policies = Arc::new(EvaluatePolicies::default());
        let account = Account::authorized_by(settings, clock, policies);
        let faults = Arc::new(Faults::new(clock));
        account.set_judging(match judged {
            Judged::Everything => Judging::Everything,
            Judged::GenesysCloud | Judged::Nothing => Judging::Nothing,
        });
        let has_trail = setup
            .parameters
            .get(TRIGGERS)
            .is_some_and(|on| on == "true");
        let trail = has_trail.then(Arc::<Trail>::default);
        account.set_wire(Arc::new(Disturbed {
            faults: Arc::clone(&faults),
            trail: trail.clone(),
        }));
        let stack = deployed(place.clone(), setup);
        create(&account, &stack);
        if setup.genesys_events {
            account.state().services.events.put_bus(event_source());
        }
        let web_services = WebServices::default();
        let genesys = organization(&account, clock, setup, &web_services);
        let platform = Platform {
            wire: genesys.wire(),
            faults: Arc::clone(&faults),
        };
        let around = Surroundings {
            place,
            account: account.clone(),
            platform,
            clock,
            faults: Arc::clone(&faults),
            logs: setup.logs,
        };
        let functions: BTreeMap<Name, Rc<Deployed>> = Name::ALL
            .into_iter()
            .map(|name| {
                let function = stack.function(name.logical_id());
                let function = function.expect("the template has the function").clone();
                let deployed = Deployed::new(name, function, around.clone());
                (name, Rc::new(deployed))
            })
            .collect();
        let driver = Driver::new(
            account.clone(),
            clock,
            Arc::clone(&faults),
            trail,
            stack,
            functions,
            setup.driver_seed,
        );
        Self {
            account,
            genesys,
            faults,
            clock,
            web_services,
            driver,
            seed,
        }
    }

    /// What AWS and Genesys Cloud hold now.
    ///
    /// # Panics
    /// Something is under way, which a snapshot does not hold.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        assert!(self.is_quiet(), "a snapshot is taken at rest");
        Snapshot {
            at: self.clock.now(),
            seed: self.seed,
            account: self.account.snapshot(),
            genesys: self.genesys.snapshot(),
            web_services: self.web_services.snapshot(),
        }
    }

    /// Has every function read everything and change nothing: each has a warm execution environment after
    /// it, and no call is counted.
    pub(crate) async fn warm_up(&self) {
        for (name, request) in QUESTIONS {
            let request = serde_json::from_str(request).expect("a request is JSON");
            self.invoke(name, request).await;
        }
        self.faults.forget();
    }

    /// Clients that act as the person who runs the account: nothing goes wrong for them.
    #[must_use]
    pub fn operator(&self) -> aws_config::SdkConfig {
        let account = &self.stack().place.account;
        self.account
            .sdk_config(Principal::user(account, "operator"), Origin::default())
    }

    /// Puts what a house needs into the account, without its manifest.
    pub fn furnish(&self, house: &House) {
        let client = self.genesys.client();
        let own = json!({
            "client_id": client.id, "client_secret": client.secret.expose_secret(),
        });
        let (one, other) = (self.genesys.other_client(), self.genesys.alternate_client());
        let pair = json!({
            "client_id": one.id, "client_secret": one.secret.expose_secret(),
            "alternate_client_id": other.id,
        });
        house.furnish(&self.account, &own, &pair);
    }

    /// Puts the secret of one more action into the account.
    pub fn furnish_action(&self, action: &Action) {
        put_secret(
            &self.account,
            &action.secret_name(),
            &value_of(&action.key, 1),
        );
    }

    /// Puts the functions that a house calls now into the account.
    pub fn furnish_functions(&self, house: &House) {
        house.furnish_functions(&self.account);
    }
}

fn organization(
    account: &Account,
    clock: Clock,
    setup: &Setup,
    web_services: &WebServices,
) -> Simulator {
    let platform = Principal::root(GENESYS_ACCOUNT);
    // The simulator signs as its account, with the account's number as its key.
    account.add_credentials(Credentials {
        access_key_id: GENESYS_ACCOUNT.to_owned(),
        principal: platform.clone(),
        session_token: None,
        until: None,
    });
    let sdk = account.sdk_config(platform, Origin::default());
    let config = Config {
        organization_id: ORGANIZATION.to_owned(),
        organization_name: "Example".to_owned(),
        aws: Some(AwsSide {
            endpoint_url: String::new(),
            region: "us-east-1".to_owned(),
            genesys_account: GENESYS_ACCOUNT.to_owned(),
            customer_account: ACCOUNT.to_owned(),
        }),
        port: 0,
        event_source_suffix: setup.genesys_events.then(|| EVENT_SOURCE_SUFFIX.to_owned()),
        judged: match setup.judged {
            Judged::Everything | Judged::GenesysCloud => genesys_simulator::Judged::Everything,
            Judged::Nothing => genesys_simulator::Judged::Nothing,
        },
    };
    let inside = Inside {
        clock,
        seed: setup.seed,
        aws: Some(sdk),
        web_services: Some(Arc::new(web_services.clone())),
    };
    in_process(config, inside).expect("a simulator needs its judge, and nothing else")
}
