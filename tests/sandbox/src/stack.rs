//! One world: an emulator of AWS, a simulator of Genesys Cloud, and Lockstep deployed between them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use genesys_simulator::{AwsSide, Config, Judged, PlantedUse, Simulator, UsageSettings};
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::aws::{ACCOUNT, Aws};
use crate::boto::Boto;
use crate::deploy::{Outputs, deploy};
use crate::endpoints::{AwsEndpoints, Endpoints, GenesysEndpoints};
use crate::error::Error;
use crate::functions::{self, FUNCTIONS};
use crate::ministack::{Ministack, REGION};
use crate::place::RunFolder;
use crate::progress::Progress;
use crate::watch::Watch;
use crate::{python, rotate, target};

/// The name of the deployed stack.
pub const STACK_NAME: &str = "lockstep";

/// The simulated organization.
pub const ORGANIZATION_ID: &str = "3b2c9f0e-58a4-4c1d-9a57-0c6d1f4e8b21";

/// Genesys Cloud's AWS account in commercial regions.
pub const GENESYS_ACCOUNT: &str = "765628985471";

/// The secret with the client that Lockstep signs in with.
pub const CLIENT_SECRET_NAME: &str = "genesys/lockstep-client";

/// The deployed name of the function that rotates it.
pub(crate) const ROTATION_FUNCTION: &str = "lockstep-rotate-client";

/// The function for trials that every stack has.
pub const TARGET_FUNCTION: &str = "Target";

/// The suffix of the organization's partner event source.
const EVENT_SOURCE_SUFFIX: &str = "lockstep";

/// What a world should be like.
#[derive(Clone)]
pub struct Options {
    /// Template parameters other than the sandbox's own.
    pub parameters: BTreeMap<String, String>,
    /// Whether Genesys Cloud publishes its audit events to the account.
    pub genesys_events: bool,
    /// Where progress is told.
    pub progress: Progress,
}

impl Options {
    /// A world for a test: nothing is told.
    pub fn silent() -> Self {
        Self {
            parameters: BTreeMap::new(),
            genesys_events: true,
            progress: Progress::silent(),
        }
    }

    /// The same world with another template parameter.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }
}

/// A running world. Dropping it ends all of its processes.
#[derive(Debug)]
pub struct Stack {
    /// Clients of its AWS, as root.
    pub aws: Aws,
    /// Its Genesys Cloud.
    pub genesys: Simulator,
    pub(crate) watch: Watch,
    pub(crate) outputs: Outputs,
    pub(crate) boto: Boto,
    endpoints: Endpoints,
    ministack: Ministack,
    // Last, so that its files outlive who writes them.
    run: RunFolder,
}

/// Sets up what is missing, and starts a world.
///
/// # Errors
/// Where a part cannot be set up or started, with what to do about it.
pub async fn start(options: Options) -> Result<Stack, Error> {
    let progress = &options.progress;
    let python = python::interpreter(progress).await?;
    python::contract(progress).await?;
    let functions = functions::built(progress).await?;
    let run = RunFolder::new()?;
    let ministack = progress
        .during("Start the local AWS", Ministack::start(&python, &run))
        .await?;
    let aws = Aws::at(ministack.endpoint()).await;
    let boto = Boto::start(&python, ministack.endpoint())?;
    let genesys = progress
        .during(
            "Start the Genesys Cloud simulator",
            start_simulator(&aws, &ministack, options.genesys_events),
        )
        .await?;
    // People may end the world at any time; its violations are told then. In a test they are a
    // panic.
    let genesys = if progress.is_interactive() {
        genesys.lenient()
    } else {
        genesys
    };
    // Before there is anybody to be told: switching rotation on looks like a rotation here.
    let client_secret_arn = make_client_secret(&aws, &genesys).await?;
    let parameters = parameters(&genesys, &options);
    let outputs = progress
        .during(
            "Deploy template.yaml",
            deploy(&aws, &boto, STACK_NAME, functions, &parameters),
        )
        .await?;
    let partner_bus = options.genesys_events.then(event_source);
    let seeding = seed(&aws, &outputs, partner_bus.as_deref());
    let watch = progress
        .during("Create a function for actions to call", seeding)
        .await?;
    let endpoints = endpoints(&ministack, &genesys, &outputs, client_secret_arn)?;
    Ok(Stack {
        aws,
        boto,
        genesys,
        watch,
        outputs,
        endpoints,
        ministack,
        run,
    })
}

/// Starts a simulator alone, without an AWS account to call into. Violations of the contract are
/// told on standard error.
///
/// # Errors
/// Where the port is taken, or the simulator's judge cannot be set up.
pub async fn start_genesys(
    port: u16,
    progress: &Progress,
) -> Result<(Simulator, Endpoints), Error> {
    python::contract(progress).await?;
    let config = Config {
        organization_id: ORGANIZATION_ID.to_owned(),
        organization_name: "Sandbox".to_owned(),
        aws: None,
        port,
        event_source_suffix: None,
        judged: Judged::Everything,
    };
    let genesys = genesys_simulator::start(config).await.map_err(|error| {
        Error::io(format!("cannot start the simulator on port {port}"), &error)
            .fix("choose another --port, or 0 for any free one")
    })?;
    let endpoints = Endpoints {
        aws: None,
        genesys: genesys_endpoints(&genesys),
    };
    Ok((genesys.lenient(), endpoints))
}

async fn start_simulator(
    aws: &Aws,
    ministack: &Ministack,
    with_events: bool,
) -> Result<Simulator, Error> {
    let genesys = genesys_simulator::start(Config {
        organization_id: ORGANIZATION_ID.to_owned(),
        organization_name: "Sandbox".to_owned(),
        aws: Some(AwsSide {
            endpoint_url: ministack.endpoint().to_owned(),
            region: REGION.to_owned(),
            genesys_account: GENESYS_ACCOUNT.to_owned(),
            customer_account: ACCOUNT.to_owned(),
        }),
        port: 0,
        event_source_suffix: with_events.then(|| EVENT_SOURCE_SUFFIX.to_owned()),
        judged: Judged::Everything,
    })
    .await
    .map_err(|error| Error::io("cannot start the simulator", &error))?;
    called_yesterday(&genesys)?;
    if with_events {
        associate_event_source(aws).await?;
    }
    Ok(genesys)
}

/// An organization that Lockstep has worked in for a while: without calls of its own that show it
/// can't tell whether a client is unused, and rotates none.
fn called_yesterday(genesys: &Simulator) -> Result<(), Error> {
    let planted = PlantedUse {
        client_id: genesys.client().id.clone(),
        days_ago: 1,
        method: "GET".to_owned(),
        template: "/api/v2/organizations/me".to_owned(),
        requests: 1,
    };
    let usage = UsageSettings {
        planted: vec![planted],
        ..UsageSettings::default()
    };
    genesys.set_usage(&usage).map_err(Error::new)
}

fn event_source() -> String {
    format!("aws.partner/genesys.com/cloud/{ORGANIZATION_ID}/{EVENT_SOURCE_SUFFIX}")
}

/// Makes the bus of the partner event source, which is how an administrator accepts it.
async fn associate_event_source(aws: &Aws) -> Result<(), Error> {
    let began = Instant::now();
    loop {
        let made = aws
            .eventbridge
            .create_event_bus()
            .name(event_source())
            .event_source_name(event_source())
            .send()
            .await;
        match made {
            Ok(_) => return Ok(()),
            // The simulator offers the source soon after it has started.
            Err(_) if began.elapsed() < Duration::from_secs(10) => {
                sleep(Duration::from_millis(25)).await;
            }
            Err(error) => return Err(Error::aws("CreateEventBus", error)),
        }
    }
}

fn parameters(genesys: &Simulator, options: &Options) -> BTreeMap<String, String> {
    let api = genesys.api_url();
    let host = api.trim_start_matches("http://").to_owned();
    let mut parameters = BTreeMap::from(
        [
            ("OrganizationIds", ORGANIZATION_ID.to_owned()),
            // By name and by version or alias.
            (
                "AllowedFunctionArns",
                target::arn(&format!("{}*", target::PREFIX)),
            ),
            ("AllowedGenesysHosts", host),
            ("LocalStack", "true".to_owned()),
            ("StateRepairers", format!("arn:aws:iam::{ACCOUNT}:root")),
            // Nothing local takes minutes, or has to settle.
            ("VerifyDelaySeconds", "1".to_owned()),
            ("VerifyWindowSeconds", "1".to_owned()),
            ("VerifyDeadlineSeconds", "120".to_owned()),
            ("SettleSeconds", "0".to_owned()),
            ("GenesysSettleSeconds", "0".to_owned()),
            ("ClientGraceSeconds", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if options.genesys_events {
        parameters.insert("GenesysEventSource".to_owned(), event_source());
    }
    parameters.extend(options.parameters.clone());
    parameters
}

async fn seed(aws: &Aws, outputs: &Outputs, partner_bus: Option<&str>) -> Result<Watch, Error> {
    target::make_execution_role(aws).await?;
    target::make_function(aws, TARGET_FUNCTION, target::ECHO).await?;
    Watch::start(aws, output(outputs, "EventBusName")?, partner_bus).await
}

/// The secret with the pair of clients that Lockstep signs in with, its rotation switched on.
async fn make_client_secret(aws: &Aws, genesys: &Simulator) -> Result<String, Error> {
    let client = genesys.client();
    let value = json!({
        "client_id": client.id,
        "client_secret": client.secret.expose_secret(),
        "alternate_client_id": genesys.alternate_client().id,
    });
    let made = aws
        .secrets
        .create_secret()
        .name(CLIENT_SECRET_NAME)
        .secret_string(value.to_string())
        .send()
        .await
        .map_err(|error| Error::aws("CreateSecret", error))?;
    let arn = made
        .arn()
        .ok_or_else(|| Error::new("CreateSecret returned no ARN"))?;
    rotate::switch_on(aws, arn).await?;
    Ok(arn.to_owned())
}

pub(crate) fn output<'o>(outputs: &'o Outputs, name: &str) -> Result<&'o str, Error> {
    outputs
        .get(name)
        .map(String::as_str)
        .ok_or_else(|| Error::new(format!("template.yaml has no output {name}")))
}

fn endpoints(
    ministack: &Ministack,
    genesys: &Simulator,
    outputs: &Outputs,
    client_secret_arn: String,
) -> Result<Endpoints, Error> {
    let mut functions = BTreeMap::new();
    for function in FUNCTIONS {
        let deployed = output(outputs, &format!("{}Function", pascal(function)))?;
        functions.insert(function.to_owned(), deployed.to_owned());
    }
    let named = |name| output(outputs, name).map(str::to_owned);
    Ok(Endpoints {
        aws: Some(AwsEndpoints {
            aws_endpoint_url: ministack.endpoint().to_owned(),
            region: REGION.to_owned(),
            client_secret_arn,
            target_function_arn: target::arn(TARGET_FUNCTION),
            stack_name: STACK_NAME.to_owned(),
            event_bus: named("EventBusName")?,
            manifest_bucket: named("ManifestBucketName")?,
            state_bucket: named("StateBucketName")?,
            evidence_bucket: named("EvidenceBucketName")?,
            functions,
        }),
        genesys: genesys_endpoints(genesys),
    })
}

fn genesys_endpoints(genesys: &Simulator) -> GenesysEndpoints {
    let (client, other) = (genesys.client(), genesys.other_client());
    GenesysEndpoints {
        genesys_api_url: genesys.api_url(),
        genesys_login_url: genesys.login_url(),
        organization_id: genesys.organization_id().to_owned(),
        client_id: client.id.clone(),
        client_secret: client.secret.expose_secret().to_owned(),
        alternate_client_id: genesys.alternate_client().id.clone(),
        other_client_id: other.id.clone(),
        other_client_secret: other.secret.expose_secret().to_owned(),
    }
}

/// `provision-role` as the template writes it: `ProvisionRole`.
fn pascal(function: &str) -> String {
    function
        .split('-')
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            [first.to_uppercase(), rest.to_owned()]
        })
        .collect()
}

impl Stack {
    /// Where everything answers.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The AWS part of the endpoints.
    ///
    /// # Panics
    /// Never: a whole world has it.
    pub fn aws_endpoints(&self) -> &AwsEndpoints {
        self.endpoints
            .aws
            .as_ref()
            .expect("a whole world has its AWS part")
    }

    /// The deployed name of a function, given the name of its binary.
    ///
    /// # Errors
    /// Where there is no such function.
    pub fn function_name(&self, function: &str) -> Result<&str, Error> {
        deployed_name(self.aws_endpoints(), function)
    }

    /// An output of the deployed template.
    ///
    /// # Errors
    /// Where the template has no such output.
    pub fn output(&self, name: &str) -> Result<&str, Error> {
        output(&self.outputs, name)
    }

    /// The process of the local AWS, which leads the group of all that it started.
    pub fn process_id(&self) -> Option<u32> {
        self.ministack.process_id()
    }

    /// The log of the local AWS, with what the functions wrote.
    pub fn log(&self) -> &Path {
        self.ministack.log()
    }

    /// A file that is left when the world has ended.
    pub fn kept(&self, name: &str) -> PathBuf {
        self.run.path().join(name)
    }

    /// Ends everything, and waits until it is gone.
    ///
    /// # Panics
    /// What crossed the wire between Lockstep and Genesys Cloud violated the contract of the
    /// official SDK.
    pub async fn stop(self) {
        let violations = self.end().await;
        assert!(
            violations.is_empty(),
            "the contract of the official SDK was violated:\n  {}",
            violations.join("\n  ")
        );
    }

    /// Ends everything as [`Stack::stop`] does, and gives the violations of the contract.
    pub async fn end(self) -> Vec<String> {
        let Self {
            genesys,
            watch,
            ministack,
            run,
            ..
        } = self;
        drop(watch);
        let violations = genesys.end().await;
        ministack.stop().await;
        drop(run);
        violations
    }
}

/// The deployed name of a function, given the name of its binary.
///
/// # Errors
/// Where there is no such function; the error names those there are.
pub fn deployed_name<'e>(aws: &'e AwsEndpoints, function: &str) -> Result<&'e str, Error> {
    aws.functions
        .get(function)
        .map(String::as_str)
        .ok_or_else(|| {
            Error::new(format!("there is no function `{function}`"))
                .fix(format!("use one of {}", FUNCTIONS.join(", ")))
        })
}
