//! The stage of the simulation: everything in this process, on virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::pin::pin;
use std::time::Duration;

use aws_simulator::Principal;
use aws_simulator::services::lambda::{Body, Ended as Ran, Function};
use aws_simulator::services::secrets::Rotation;
use aws_simulator::services::sqs::{Delivery, Queue};
use genesys_simulator::{PlantedUse, Simulator, UsageSettings};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::translate::{InProcess, answer, function_of, heard, pick, target};
use super::{Answer, Aws, Does, Error, Heard, Options, Places, Stage};
use crate::canary::Pace;
use crate::functions::Name;
use crate::house::{ORGANIZATION, arn_of_secret, put_secret};
use crate::stand::{ACCOUNT, Judged, Setup, Simulation, on_virtual_time};

/// How long somebody waits for what is to come: longer than any message of a queue is tried.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// The longest time between two polls.
const POLL: Duration = Duration::from_secs(60);

/// The secret with the pair of clients that Lockstep signs in with.
const CLIENT: &str = "genesys/lockstep-client";

/// The role of the functions for trials.
const EXECUTION_ROLE: &str = "TargetExecutionRole";

/// The queues before the functions, by the template's outputs.
const QUEUES: [&str; 4] = [
    "ProvisionQueueUrl",
    "RebindQueueUrl",
    "VerifyQueueUrl",
    "ComplianceQueueUrl",
];

/// Plays a story on virtual time.
///
/// # Errors
/// What it can't go on after.
pub fn play(story: impl AsyncFnOnce() -> Result<(), Error> + Send) -> Result<(), Error> {
    on_virtual_time(1, story)
}

/// Everything in this process.
pub struct InMemory {
    pub(super) simulation: Simulation,
    /// Clients of its AWS, as the operator.
    pub aws: Aws,
    places: Places,
}

impl Deref for InMemory {
    type Target = Simulation;

    fn deref(&self) -> &Simulation {
        &self.simulation
    }
}

impl InMemory {
    /// A stage like this, with what every stage has.
    pub(crate) async fn set_up(mut setup: Setup) -> Result<Self, Error> {
        let operator = format!("arn:aws:iam::{ACCOUNT}:user/operator");
        let mut parameters = BTreeMap::from([
            // By name and by version or alias.
            ("AllowedFunctionArns".to_owned(), target("Target*")),
            ("StateRepairers".to_owned(), operator),
        ]);
        parameters.extend(setup.parameters);
        setup.parameters = parameters;
        let simulation = Simulation::new(&setup);
        let places = Places {
            account: ACCOUNT.to_owned(),
            organization: ORGANIZATION.to_owned(),
            api_url: "https://api.mypurecloud.com".to_owned(),
            login_url: "https://login.mypurecloud.com".to_owned(),
            client_secret: arn_of_secret(CLIENT),
            echo: target("Target"),
            manifests: simulation.bucket("ManifestBucket"),
            states: simulation.bucket("StateBucket"),
            evidence: simulation.bucket("EvidenceBucket"),
        };
        let stage = Self {
            aws: Aws::of(&simulation.operator()),
            simulation,
            places,
        };
        stage.put_client();
        stage.called_yesterday(&stage.genesys.client().id)?;
        stage.make_execution_role().await?;
        stage.make_function("Target", Does::Echo).await?;
        Ok(stage)
    }

    /// Does something while AWS goes on working.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.step(None) => {}
            }
        }
    }

    /// Does something with a queue, given the template's output with its address.
    fn with_queue<T>(&self, queue: &str, work: impl FnOnce(&mut Queue) -> T) -> Result<T, Error> {
        let name = self.queue_name(queue)?;
        let mut state = self.account.state();
        let queue = state.services.sqs.queue_mut(&name);
        Ok(work(queue.ok_or_else(|| format!("no queue {name}"))?))
    }

    fn queue_name(&self, queue: &str) -> Result<String, Error> {
        let url = self.output(queue)?;
        let name = url.rsplit('/').next();
        Ok(name.unwrap_or_default().to_owned())
    }

    /// An organization that Lockstep has worked in for a while: without calls of its own that show it
    /// can't tell whether a client is unused, and rotates none.
    pub(super) fn called_yesterday(&self, client: &str) -> Result<(), Error> {
        let planted = PlantedUse {
            client_id: client.to_owned(),
            days_ago: 1,
            method: "GET".to_owned(),
            template: "/api/v2/organizations/me".to_owned(),
            requests: 1,
        };
        Ok(self.genesys.set_usage(&UsageSettings {
            planted: vec![planted],
            ..UsageSettings::default()
        })?)
    }

    /// The role of the functions for trials, which may read what is called `prod/…`.
    async fn make_execution_role(&self) -> Result<(), Error> {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }]});
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
            "Resource": format!("arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:prod/*"),
        }]});
        let iam = &self.aws.iam;
        let create = iam.create_role().role_name(EXECUTION_ROLE);
        let create = create.assume_role_policy_document(trust.to_string());
        create.send().await?;
        let put = iam.put_role_policy().role_name(EXECUTION_ROLE);
        let put = put
            .policy_name("read-secrets")
            .policy_document(policy.to_string());
        put.send().await?;
        Ok(())
    }

    /// The secret with the pair of clients that Lockstep signs in with, its rotation switched on.
    fn put_client(&self) {
        let client = self.genesys.client();
        let value = json!({
            "client_id": client.id,
            "client_secret": client.secret.expose_secret(),
            "alternate_client_id": self.genesys.alternate_client().id,
        });
        put_secret(&self.account, CLIENT, &value.to_string());
        let now = self.clock.now();
        let mut state = self.account.state();
        let found = state.services.secrets.find(CLIENT, now).cloned();
        let mut secret = found.expect("it was put there");
        secret.rotation = Some(Rotation {
            function: self.function(Name::Rotate).arn().to_owned(),
            rules: Some(json!({"AutomaticallyAfterDays": 30})),
        });
        state.services.secrets.put(secret);
    }
}

impl Stage for InMemory {
    type Http = InProcess;

    async fn open(options: Options) -> Result<Self, Error> {
        let setup = Setup {
            judged: Judged::Everything,
            parameters: options.parameters,
            genesys_events: options.genesys_events,
            logs: true,
            ..Setup::of(1)
        };
        Self::set_up(setup).await
    }

    async fn stop(self) {
        let violations = self.simulation.genesys.violations();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }

    fn places(&self) -> &Places {
        &self.places
    }

    fn aws(&self) -> &Aws {
        &self.aws
    }

    fn organization(&self) -> &Simulator {
        &self.simulation.genesys
    }

    fn http(&self) -> InProcess {
        InProcess(self.genesys.wire())
    }

    fn pace(&self) -> Pace {
        Pace::AtEachChange(self.faults.written())
    }

    fn time(&self) -> Timestamp {
        self.clock.now()
    }

    async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let end = self.clock.now() + PATIENCE;
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if self.clock.now() >= end {
                let hours = PATIENCE.as_secs() / 3600;
                return Err(format!("{what} did not come within {hours} hours").into());
            }
            // Nobody wakes a story when nothing is due: what it waits for may be a matter of time alone.
            self.step(Some(end.min(self.clock.now() + POLL))).await;
        }
    }

    async fn heard_from(&self, from: usize) -> Result<Vec<Heard>, Error> {
        Ok(self.events_from(from).into_iter().map(heard).collect())
    }

    async fn invoke(&self, function: &str, event: &Value) -> Result<Answer, Error> {
        let function = function_of(function)?;
        let ended = self.simulation.invoke(function, event.clone()).await;
        Ok(answer(ended))
    }

    fn output(&self, name: &str) -> Result<&str, Error> {
        let output = self.stack().outputs.get(name);
        Ok(output.ok_or_else(|| format!("the template has no output {name}"))?)
    }

    fn function_name(&self, function: &str) -> Result<&str, Error> {
        Ok(self.function(function_of(function)?).deployed_name())
    }

    async fn quiet(&self) -> Result<(), Error> {
        loop {
            let is_quiet = self.settle(PATIENCE).await;
            // Genesys Cloud sends its events in the background.
            self.during(self.genesys.drained()).await;
            if is_quiet && self.settle(Duration::ZERO).await {
                break;
            }
            if !is_quiet {
                return Err("it does not come to rest".into());
            }
        }
        let mut left = Vec::new();
        for queue in QUEUES {
            let count = self.messages(queue).await?;
            if count > 0 {
                left.push(format!("{queue}: {count}"));
            }
        }
        match left.is_empty() {
            true => Ok(()),
            false => Err(format!("the queues are never empty: {}", left.join(", ")).into()),
        }
    }

    async fn messages(&self, queue: &str) -> Result<u64, Error> {
        let count = self.with_queue(queue, |queue| queue.messages().len())?;
        Ok(u64::try_from(count)?)
    }

    async fn lose_messages(&self, queue: &str) -> Result<(), Error> {
        self.with_queue(queue, Queue::purge)
    }

    async fn hide_for(&self, queue: &str, time: Duration) -> Result<(), Error> {
        let seconds = u32::try_from(time.as_secs())?;
        self.with_queue(queue, |queue| queue.visibility_timeout = seconds)
    }

    async fn send(&self, queue: &str, body: &str) -> Result<(), Error> {
        let sent = self.account.deliver(Delivery {
            sender: Principal::user(ACCOUNT, "operator"),
            queue: self.queue_name(queue)?,
            body: body.to_owned(),
            group: None,
            deduplication_id: None,
        });
        sent.map(drop).map_err(|error| format!("{error:?}").into())
    }

    async fn set_awake(&self, function: &str, awake: bool) -> Result<(), Error> {
        let name = function_of(function)?;
        match awake {
            true => self.simulation.resume(name),
            false => self.simulation.pause(name),
        }
        Ok(())
    }

    fn crash(&self, function: &str) -> Result<usize, Error> {
        Ok(self.function(function_of(function)?).crash())
    }

    async fn function_logs(&self, function: &str) -> Result<Vec<String>, Error> {
        Ok(self.function(function_of(function)?).logged())
    }

    async fn make_function(&self, name: &str, does: Does) -> Result<String, Error> {
        self.account.state().services.lambda.put(Function {
            name: name.to_owned(),
            role: format!("arn:aws:iam::{ACCOUNT}:role/{EXECUTION_ROLE}"),
            timeout: 10,
            memory: 128,
            environment: BTreeMap::new(),
            qualifiers: BTreeMap::new(),
            policy: None,
            body: match does {
                Does::Echo => Body::immediate(|invocation| Ran::Returned(invocation.payload)),
                Does::Pick => Body::immediate(pick),
            },
        });
        Ok(target(name))
    }

    async fn role_names(&self) -> Result<Vec<String>, Error> {
        let state = self.account.state();
        let names: BTreeSet<String> = state
            .services
            .iam
            .roles()
            .map(|role| role.name.clone())
            .collect();
        Ok(names.into_iter().collect())
    }
}
