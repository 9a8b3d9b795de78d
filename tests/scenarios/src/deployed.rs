//! The local stack as what a story runs on.

use std::ops::Deref;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use genesys_simulator::Simulator;
use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgid};
use sandbox::Stack;
use sandbox::target::{ECHO, PREFIX};
use serde_json::Value;
use simulation::story::{Answer, Aws, Does, Error, Heard, Http, Options, Pace, Places, Stage};
use tokio::time::{Instant, sleep};

/// How long a story waits for an event. Far more than it takes: a machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at what nobody announces.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// The outputs of the template that name the queues before the functions.
const QUEUES: [&str; 4] = [
    "ProvisionQueueUrl",
    "RebindQueueUrl",
    "VerifyQueueUrl",
    "ComplianceQueueUrl",
];

/// An event may still be on its way from a bus to a queue, so one empty look proves nothing.
const EMPTY_LOOKS: u32 = 4;

/// Between two looks at the queues.
const BETWEEN_COUNTS: Duration = Duration::from_millis(100);

/// A function whose answer depends on the version of its first secret.
const PICK: &str = "def handler(event, context):\n    \
                    version = event['secrets']['SECRET_0']['version_id']\n    \
                    return {'ok': not version.startswith('bad')}\n";

/// A deployed local stack.
#[derive(Debug)]
pub struct Deployed {
    stack: Stack,
    clients: Aws,
    places: Places,
}

impl Deref for Deployed {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.stack
    }
}

impl Deployed {
    /// Ends it, and waits until it is gone.
    ///
    /// # Panics
    /// What crossed the wire between Lockstep and Genesys Cloud violated the contract of the official
    /// SDK.
    pub async fn stop(self) {
        self.stack.stop().await;
    }

    /// The queues that wake a function.
    async fn sources(&self, function: &str) -> Result<Vec<String>, Error> {
        let listed = self
            .stack
            .aws
            .lambda
            .list_event_source_mappings()
            .function_name(self.stack.function_name(function)?)
            .send()
            .await?;
        let listed = listed.event_source_mappings().iter();
        Ok(listed
            .filter_map(|one| one.uuid().map(str::to_owned))
            .collect())
    }
}

fn places(stack: &Stack) -> Places {
    let (aws, genesys) = (stack.aws_endpoints(), &stack.endpoints().genesys);
    Places {
        account: sandbox::aws::ACCOUNT.to_owned(),
        organization: genesys.organization_id.clone(),
        api_url: genesys.genesys_api_url.clone(),
        login_url: genesys.genesys_login_url.clone(),
        client_secret: aws.client_secret_arn.clone(),
        echo: aws.target_function_arn.clone(),
        manifests: aws.manifest_bucket.clone(),
        states: aws.state_bucket.clone(),
        evidence: aws.evidence_bucket.clone(),
    }
}

fn heard(event: sandbox::Heard) -> Heard {
    Heard {
        source: event.source,
        detail_type: event.detail_type,
        detail: event.detail,
    }
}

impl Stage for Deployed {
    type Http = Sockets;

    fn pace(&self) -> Pace {
        Pace::RoundAfterRound
    }

    async fn open(options: Options) -> Result<Self, Error> {
        let mut wanted = sandbox::Options::silent();
        wanted.parameters = options.parameters;
        wanted.genesys_events = options.genesys_events;
        let stack = sandbox::start(wanted).await?;
        Ok(Self {
            clients: Aws {
                iam: stack.aws.iam.clone(),
                s3: stack.aws.s3.clone(),
                secrets: stack.aws.secrets.clone(),
            },
            places: places(&stack),
            stack,
        })
    }

    async fn stop(self) {
        Self::stop(self).await;
    }

    fn places(&self) -> &Places {
        &self.places
    }

    fn aws(&self) -> &Aws {
        &self.clients
    }

    fn organization(&self) -> &Simulator {
        &self.stack.genesys
    }

    fn http(&self) -> Sockets {
        Sockets(reqwest::Client::new())
    }

    fn time(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                let seconds = PATIENCE.as_secs();
                return Err(format!("{what} did not come within {seconds} s").into());
            }
            // Nobody announces what is waited for.
            sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn heard_from(&self, from: usize) -> Result<Vec<Heard>, Error> {
        let all = self.stack.heard().await?;
        Ok(all.into_iter().skip(from).map(heard).collect())
    }

    async fn wait_for(
        &self,
        what: &str,
        from: usize,
        accepts: impl Fn(&Heard) -> bool,
    ) -> Result<Heard, Error> {
        let accepts = |event: &sandbox::Heard| accepts(&heard(event.clone()));
        let found = self.stack.wait_for(what, from, PATIENCE, accepts).await?;
        Ok(heard(found))
    }

    async fn invoke(&self, function: &str, event: &Value) -> Result<Answer, Error> {
        let sandbox::Answer { payload, failed } = self.stack.invoke(function, event).await?;
        Ok(Answer { payload, failed })
    }

    fn output(&self, name: &str) -> Result<&str, Error> {
        Ok(self.stack.output(name)?)
    }

    fn function_name(&self, function: &str) -> Result<&str, Error> {
        Ok(self.stack.function_name(function)?)
    }

    async fn quiet(&self) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        let mut empty = 0;
        while empty < EMPTY_LOOKS {
            let mut left = Vec::new();
            for queue in QUEUES {
                let count = self.messages(queue).await?;
                if count > 0 {
                    left.push(format!("{queue}: {count}"));
                }
            }
            empty = if left.is_empty() { empty + 1 } else { 0 };
            if Instant::now() > deadline {
                return Err(format!("the queues are never empty: {}", left.join(", ")).into());
            }
            // No queue reports that it is empty.
            sleep(BETWEEN_COUNTS).await;
        }
        Ok(())
    }

    async fn messages(&self, queue: &str) -> Result<u64, Error> {
        let answer = self
            .stack
            .aws
            .sqs
            .get_queue_attributes()
            .queue_url(self.stack.output(queue)?)
            .attribute_names(Attribute::All)
            .send()
            .await?;
        let count = |name: Attribute| {
            let text = answer.attributes()?.get(&name)?;
            text.parse::<u64>().ok()
        };
        let counts = [
            Attribute::ApproximateNumberOfMessages,
            Attribute::ApproximateNumberOfMessagesNotVisible,
            Attribute::ApproximateNumberOfMessagesDelayed,
        ];
        Ok(counts.into_iter().filter_map(count).sum())
    }

    async fn lose_messages(&self, queue: &str) -> Result<(), Error> {
        let url = self.stack.output(queue)?;
        self.stack
            .aws
            .sqs
            .purge_queue()
            .queue_url(url)
            .send()
            .await?;
        Ok(())
    }

    async fn hide_for(&self, queue: &str, time: Duration) -> Result<(), Error> {
        self.stack
            .aws
            .sqs
            .set_queue_attributes()
            .queue_url(self.stack.output(queue)?)
            .attributes(Attribute::VisibilityTimeout, time.as_secs().to_string())
            .send()
            .await?;
        Ok(())
    }

    async fn send(&self, queue: &str, body: &str) -> Result<(), Error> {
        self.stack
            .aws
            .sqs
            .send_message()
            .queue_url(self.stack.output(queue)?)
            .message_body(body)
            .send()
            .await?;
        Ok(())
    }

    async fn set_awake(&self, function: &str, awake: bool) -> Result<(), Error> {
        for source in self.sources(function).await? {
            self.stack
                .aws
                .lambda
                .update_event_source_mapping()
                .uuid(source)
                .enabled(awake)
                .send()
                .await?;
        }
        Ok(())
    }

    fn crash(&self, function: &str) -> Result<usize, Error> {
        let world = self
            .stack
            .process_id()
            .and_then(|id| i32::try_from(id).ok());
        let world = Pid::from_raw(world.ok_or("the local AWS does not run")?);
        let mut ended = 0;
        for entry in std::fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A process may end while we look.
            let command = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            let program = command.split(|byte| *byte == 0).next().unwrap_or_default();
            let process = Pid::from_raw(id);
            if program.ends_with(format!("/{function}").as_bytes())
                && getpgid(Some(process)) == Ok(world)
                && kill(process, Signal::SIGKILL).is_ok()
            {
                ended += 1;
            }
        }
        Ok(ended)
    }

    async fn function_logs(&self, function: &str) -> Result<Vec<String>, Error> {
        Ok(self.stack.function_logs(function).await?)
    }

    async fn make_function(&self, name: &str, does: Does) -> Result<String, Error> {
        assert!(name.starts_with(PREFIX), "{name} could not be bound");
        let code = match does {
            Does::Echo => ECHO,
            Does::Pick => PICK,
        };
        Ok(self.stack.make_target(name, code).await?)
    }

    async fn role_names(&self) -> Result<Vec<String>, Error> {
        let mut pages = self.clients.iam.list_roles().into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page?;
            names.extend(page.roles().iter().map(|role| role.role_name().to_owned()));
        }
        Ok(names)
    }
}

/// The way to an organization that listens on loopback.
#[derive(Clone, Debug)]
pub struct Sockets(reqwest::Client);

impl Http for Sockets {
    async fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Error> {
        let answer = self.0.execute(request.try_into()?).await?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = answer.headers().clone();
        }
        Ok(response.body(answer.bytes().await?.to_vec())?)
    }
}
