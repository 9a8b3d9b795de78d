//! The story: a first provisioning, then a rotation, each to its end; with what makes the platform
//! show what the switches are about.

use genesys_simulator::{AuditSettings, Client, RateLimitSettings};
use scenarios::{ActionText, Error, ManifestText, Options, World};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::crew::Job;
use crate::ends::End;
use crate::settings::{Row, Switch};

/// What happens in a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A first provisioning and a rotation, and what the settings that are not the default need to show.
    Whole,
    /// The same, and everything that any switch needs to show.
    Provoked,
    /// A rotation of what was provisioned under the defaults.
    Rotation,
}

/// What makes the platform show what a switch is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provocation {
    /// Another writer comes in between reading and writing an action.
    Conflict,
    /// The rate limit is used up in the middle.
    Throttled,
    /// The secret of Lockstep's own client is reset before the rotation.
    ClientReset,
}

/// Which switches need which provocation.
const NEEDS: [(&str, Provocation); 4] = [
    ("stale_action_version", Provocation::Conflict),
    ("rate_limit_answer", Provocation::Throttled),
    ("old_client_secret", Provocation::ClientReset),
    ("tokens_after_reset", Provocation::ClientReset),
];

/// Switches for what is the same for a platform's whole life, which Lockstep reads once and keeps.
const LASTING: [&str; 2] = ["role_slot", "role_credential_type"];

/// The switch about events.
const EVENTS: &str = "event_delivery";

/// More requests than any story makes.
const PLENTY: u32 = 1_000_000;
/// The route that an untested action is changed by.
const PATCH_ROUTE: &str = "/integrations/actions/{actionId}";

/// The bindings of a story: one with a live test, and one that is changed in place.
struct Cast {
    tested: Binding,
    plain: Binding,
}

#[derive(Clone)]
struct Binding {
    key: String,
    secret: String,
}

/// A world, and what stands in it.
pub struct Stage {
    world: World,
    stories: usize,
    /// Provisioned under the defaults, for stories that only rotate.
    base: Option<Cast>,
    /// Lockstep's client with its current secret.
    own: Client,
    /// The settings of what is the same for a platform's whole life.
    lasting: Vec<String>,
}

impl Stage {
    /// A fresh world for stories with this end.
    pub async fn start(end: End) -> Result<Self, Error> {
        let deadline = match end {
            End::Verified => "100",
            End::Unverified => "10",
        };
        let options = Options::default().parameter("VerifyDeadlineSeconds", deadline);
        let world = World::with(options).await?;
        let own = world.stack.genesys.client().clone();
        let stage = Self {
            world,
            stories: 0,
            base: None,
            own,
            lasting: Vec::new(),
        };
        stage.allow(PLENTY)?;
        Ok(stage)
    }

    /// How many stories were told here.
    pub fn stories(&self) -> usize {
        self.stories
    }

    /// Ends the world.
    ///
    /// # Errors
    /// Where its simulator has something to complain of: it does so with a panic at its end.
    pub async fn stop(self) -> Result<(), Error> {
        let ended = tokio::spawn(self.world.stack.stop()).await;
        ended.map_err(|panicked| format!("the world complained at its end: {panicked}").into())
    }

    /// Tells a story.
    pub async fn tell(&mut self, all: &[Switch], job: &Job) -> Result<(), Error> {
        self.stories += 1;
        self.last(all, &job.row).await?;
        self.publish(job.kind == Kind::Provoked || job.row.value(all, EVENTS) != "once")?;
        let provocations = provocations(all, job);
        let cast = match (job.kind, self.base.take()) {
            (Kind::Rotation, Some(base)) => base,
            (Kind::Rotation, None) => {
                self.set(all, &Row::defaults(all))?;
                self.provision(true, End::Verified).await?
            }
            (Kind::Whole | Kind::Provoked, base) => {
                self.base = base;
                self.set(all, &job.row)?;
                let with_plain = provocations.contains(&Provocation::Conflict);
                let provisioned = self.provision(with_plain, job.end).await;
                provisioned.map_err(|error| format!("at the first provisioning: {error}"))?
            }
        };
        self.set(all, &job.row)?;
        let rotated = self.rotate(&cast, &provocations, all, job).await;
        rotated.map_err(|error| format!("at the rotation: {error}"))?;
        let against = self.world.stack.genesys.violations();
        if !against.is_empty() {
            return Err(format!("against the contract: {}", against.join("\n")).into());
        }
        if job.kind == Kind::Rotation {
            self.base = Some(cast);
        }
        Ok(())
    }

    /// Makes Lockstep forget what it keeps of the platform where that is another one now: with a new
    /// client secret it begins a new session.
    async fn last(&mut self, all: &[Switch], row: &Row) -> Result<(), Error> {
        let lasting = LASTING.map(|name| row.value(all, name).to_owned()).to_vec();
        if self.stories > 1 && lasting != self.lasting {
            self.reset_client().await?;
        }
        self.lasting = lasting;
        Ok(())
    }

    fn set(&self, all: &[Switch], row: &Row) -> Result<(), Error> {
        for (name, value) in row.settings(all) {
            self.world.stack.genesys.set_switch(name, value)?;
        }
        Ok(())
    }

    /// Whether audit records arrive as events. The second look that they cause takes much of a story's
    /// time, and is part of the stories in which everything is provoked.
    fn publish(&self, events: bool) -> Result<(), Error> {
        Ok(self.world.stack.genesys.set_audits(&AuditSettings {
            events: Some(events),
            ..AuditSettings::default()
        })?)
    }

    fn allow(&self, requests: u32) -> Result<(), Error> {
        Ok(self
            .world
            .stack
            .genesys
            .set_rate_limit(&RateLimitSettings {
                allowed: Some(requests),
                window_seconds: Some(1.0),
                tokens_allowed: Some(PLENTY),
            })?)
    }

    async fn binding(&self, what: &str) -> Result<Binding, Error> {
        let key = format!("{what}-{}", self.stories);
        let name = format!("prod/{key}");
        let secret = self.world.stack.make_secret(&name, "first").await?;
        Ok(Binding { key, secret })
    }

    /// New integration, role, credential and actions, up to the verdict.
    async fn provision(&self, with_plain: bool, end: End) -> Result<Cast, Error> {
        let world = &self.world;
        let number = self.stories;
        let tested = self.binding("tested").await?;
        let plain = self.binding("plain").await?;
        let action = |binding: &Binding| {
            let secrets = [binding.secret.as_str()];
            ActionText::new(&binding.key, &world.echo(), &secrets)
                .with("integration", json!(format!("integration-{number}")))
        };
        let mut manifest: ManifestText = world.manifest().with(
            "integrations",
            json!([{
                "key": format!("integration-{number}"),
                "name": format!("AWS Lambda {number}"),
                "role": format!("GenesysActions{number}"),
            }]),
        );
        manifest = manifest.action(action(&tested).tested());
        if with_plain {
            manifest = manifest.action(action(&plain));
        }
        let from = world.upload(&manifest).await?;
        self.ends(&tested, from, end, None).await?;
        if with_plain {
            self.ends(&plain, from, end, None).await?;
        }
        Ok(Cast { tested, plain })
    }

    async fn rotate(
        &mut self,
        cast: &Cast,
        provocations: &[Provocation],
        all: &[Switch],
        job: &Job,
    ) -> Result<(), Error> {
        if provocations.contains(&Provocation::ClientReset) {
            self.reset_client().await?;
        }
        let rival = if provocations.contains(&Provocation::Conflict) {
            Some(Rival::prepare(&self.world, &self.own, &cast.plain.key).await?)
        } else {
            None
        };
        let throttled = provocations.contains(&Provocation::Throttled);
        let world = &self.world;
        world.stack.genesys.reset_calls();
        if throttled {
            self.allow(0)?;
        }
        let from = world.stack.now().await?;
        let tested = world.stack.rotate(&cast.tested.secret, "second").await?;
        if throttled {
            world.answered(429).await?;
            self.allow(PLENTY)?;
        }
        let tested = self.ends(&cast.tested, from, job.end, Some(&tested));
        let Some(rival) = rival else {
            return tested.await;
        };
        tested.await?;
        let from = world.stack.now().await?;
        world.fault(
            "PATCH",
            PATCH_ROUTE,
            json!({"latency_ms": 1500, "times": 1}),
        )?;
        let plain = world.stack.rotate(&cast.plain.secret, "second").await?;
        world.call_after(0, "PATCH", PATCH_ROUTE).await?;
        rival.write().await?;
        self.ends(&cast.plain, from, job.end, Some(&plain)).await?;
        let status = job.row.value(all, "stale_action_version").parse().ok();
        let calls = world.calls_of("PATCH", PATCH_ROUTE);
        if !calls.iter().any(|call| call.status == status) {
            return Err(format!("no stale version was refused with {status:?}: {calls:#?}").into());
        }
        Ok(())
    }

    /// A change ends as it must; of a rotation: with this version live and tested.
    async fn ends(
        &self,
        binding: &Binding,
        from: usize,
        end: End,
        version: Option<&str>,
    ) -> Result<(), Error> {
        let world = &self.world;
        let key = binding.key.as_str();
        let (event, detail) = world.ending(key, from).await?;
        if event != end.event() {
            return Err(format!("{key}: {event} instead of {}: {detail:#}", end.event()).into());
        }
        let told = world.story_of(key, from).await?;
        if told != ["Data Action Rebound", end.event()] {
            return Err(format!("{key}: this was told: {told:?}").into());
        }
        let Some(version) = version else {
            return Ok(());
        };
        let bound = world.bound_version(key).await?;
        if bound != version {
            return Err(format!("{key} is bound to {bound}, not to {version}").into());
        }
        let change = world.state(key).await?["change"].take();
        let tested = &change["test"]["passed"];
        if key.starts_with("tested") && tested != true {
            return Err(format!("{key}: the live test did not pass: {change:#}").into());
        }
        Ok(())
    }

    /// As an administrator does it: a new secret, and into Secrets Manager with it.
    async fn reset_client(&mut self) -> Result<(), Error> {
        let world = &self.world;
        let path = format!("/api/v2/oauth/clients/{}/secret", self.own.id);
        let other = world.stack.genesys.other_client();
        let answer = world.genesys(other, "POST", &path, None).await?;
        let secret = answer["secret"].as_str().ok_or("no secret in the answer")?;
        let value = json!({"client_id": self.own.id, "client_secret": secret});
        let arn = &world.stack.aws_endpoints().client_secret_arn;
        world.stack.rotate(arn, &value.to_string()).await?;
        self.own.secret = SecretString::from(secret);
        Ok(())
    }
}

fn provocations(all: &[Switch], job: &Job) -> Vec<Provocation> {
    let changed = job.row.changed(all);
    NEEDS
        .iter()
        .filter(|(switch, _)| {
            job.kind == Kind::Provoked || changed.iter().any(|(name, _)| name == switch)
        })
        .map(|(_, provocation)| *provocation)
        .collect()
}

/// Another writer that signs in as Lockstep's own client, as a second run of Lockstep would.
struct Rival {
    url: String,
    token: String,
    body: Value,
}

impl Rival {
    async fn prepare(world: &World, own: &Client, key: &str) -> Result<Self, Error> {
        let id = world.action_id(key).await?;
        let action = world.action(&id).await?;
        Ok(Self {
            url: format!(
                "{}/api/v2/integrations/actions/{id}",
                world.stack.genesys.api_url()
            ),
            token: world.token(own).await?,
            // A new version of the same.
            body: json!({"version": action["version"], "category": action["category"]}),
        })
    }

    async fn write(&self) -> Result<(), Error> {
        let answer = reqwest::Client::new()
            .patch(&self.url)
            .bearer_auth(&self.token)
            .json(&self.body)
            .send()
            .await?;
        answer.error_for_status()?;
        Ok(())
    }
}
