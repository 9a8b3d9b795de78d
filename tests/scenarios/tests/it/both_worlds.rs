//! One story gives the same events and the same calls of Genesys Cloud on the deployed stack and in the
//! simulation.

use genesys_simulator::Call;
use jiff::Timestamp;
use serde_json::Value;
use simulation::story::{ActionText, Error, InMemory, Options, Stage, World, play};

use scenarios::Deployed;

/// What came of one part of the story.
#[derive(Debug, PartialEq)]
struct Part {
    /// Who was at work.
    function: &'static str,
    /// Lockstep's events, in order, without what every world has of its own.
    events: Vec<String>,
    /// The calls of Genesys Cloud: method, route and status, as [`in_order`] has them.
    calls: Vec<String>,
}

/// The story, played once.
struct Playing<S: Stage> {
    world: World<S>,
    /// What every world has of its own, and what stands for it.
    names: Vec<(String, &'static str)>,
    parts: Vec<Part>,
    /// The events that were seen.
    seen: usize,
}

/// A manifest is uploaded, its secret rotates, both to the verdict, and a sweep looks at everything.
/// Functions are at work one after the other, so that each call is known to be whose.
async fn parts<S: Stage>() -> Result<Vec<Part>, Error> {
    // What the stack sets shorter than the template's defaults: nothing local has to settle.
    let options = Options {
        genesys_events: false,
        ..Options::default()
    };
    let options = options
        .parameter("SettleSeconds", "0")
        .parameter("GenesysSettleSeconds", "0")
        .parameter("VerifyDelaySeconds", "1")
        .parameter("VerifyWindowSeconds", "1");
    let world = World::<S>::with(options).await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
    let manifest = world.manifest().action(orders);
    let mut playing = Playing {
        names: names(&world, &secret),
        world,
        parts: Vec::new(),
        seen: 0,
    };
    let stack = &playing.world.stack;
    stack.set_awake("verify-change", false).await?;
    playing.world.upload(&manifest).await?;
    playing.change().await?;
    let stack = &playing.world.stack;
    stack.set_awake("verify-change", false).await?;
    stack.rotate(&secret, "second").await?;
    playing.change().await?;
    playing.world.sweep("apply").await?;
    playing.world.quiet().await?;
    playing.ends("check-compliance").await?;
    playing.world.stack.stop().await;
    Ok(playing.parts)
}

impl<S: Stage> Playing<S> {
    /// A change is made while nobody judges, and then judged.
    async fn change(&mut self) -> Result<(), Error> {
        let stack = &self.world.stack;
        let is_made = async || Ok((stack.messages(VERIFY_QUEUE).await? > 0).then_some(()));
        stack.until("a change to judge", is_made).await?;
        let is_idle = async || Ok((stack.messages("RebindQueueUrl").await? == 0).then_some(()));
        stack.until("the end of rebind-action", is_idle).await?;
        self.ends("rebind-action").await?;
        self.world.stack.set_awake("verify-change", true).await?;
        self.world
            .expect("Change Verified", "orders", self.seen)
            .await?;
        self.world.quiet().await?;
        self.ends("verify-change").await
    }

    /// Takes down what came since the part before.
    async fn ends(&mut self, function: &'static str) -> Result<(), Error> {
        let heard = self.world.stack.heard().await?;
        let new = heard.iter().skip(self.seen);
        let new = new.filter(|event| event.source == "lockstep");
        let events = new.map(|event| {
            let detail = plain(&event.detail, &self.names);
            format!("{}: {detail:#}", event.detail_type)
        });
        let organization = self.world.stack.organization();
        self.parts.push(Part {
            function,
            events: events.collect(),
            calls: in_order(organization.calls()),
        });
        self.seen = heard.len();
        organization.reset_calls();
        Ok(())
    }
}

const VERIFY_QUEUE: &str = "VerifyQueueUrl";

fn names<S: Stage>(world: &World<S>, secret: &str) -> Vec<(String, &'static str)> {
    let (places, organization) = (world.stack.places(), world.stack.organization());
    let names = [
        (secret, "SECRET"),
        (&places.echo, "FUNCTION"),
        (&places.evidence, "EVIDENCE"),
        (&places.organization, "ORGANIZATION"),
        (&places.account, "ACCOUNT"),
        (&organization.client().id, "CLIENT"),
        (&organization.alternate_client().id, "ALTERNATE"),
    ];
    let names = names.into_iter();
    names.map(|(own, name)| (own.to_owned(), name)).collect()
}

/// The calls in their order, but for reads between two other calls: those are sent side by side, so they are
/// sorted. Each is there once: how often a state is read that is waited for depends on the time it takes.
fn in_order(calls: Vec<Call>) -> Vec<String> {
    let calls = calls.into_iter().map(|call| {
        let (route, status) = (call.route.unwrap_or(call.path), call.status);
        format!("{} {route} {}", call.method, status.unwrap_or_default())
    });
    let mut calls: Vec<String> = calls.collect();
    for side_by_side in calls.chunk_by_mut(|one, next| is_read(one) && is_read(next)) {
        side_by_side.sort();
    }
    calls.dedup_by(|one, before| one == before && is_read(one));
    calls
}

fn is_read(call: &str) -> bool {
    call.starts_with("GET ")
}

/// A detail without what is another one each time: names of a world, times, ids and digests.
fn plain(detail: &Value, names: &[(String, &str)]) -> Value {
    match detail {
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, member)| (name.clone(), plain(member, names)))
                .collect()
        }
        Value::Array(entries) => entries.iter().map(|entry| plain(entry, names)).collect(),
        Value::String(text) => plain_text(text, names).into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => detail.clone(),
    }
}

fn plain_text(text: &str, names: &[(String, &str)]) -> String {
    if text.parse::<Timestamp>().is_ok() {
        return "TIME".to_owned();
    }
    let mut text = text.to_owned();
    for (own, name) in names {
        text = text.replace(own, name);
    }
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let words = text.split_inclusive(|letter| !is_of_word(letter));
    words
        .map(|word| {
            let id = word.trim_end_matches(|letter| !is_of_word(letter));
            let digits = id.chars().filter(char::is_ascii_digit).count();
            // No word of a language, and no number that a person counts.
            match id.len() >= 8 && digits >= 2 {
                true => word.replace(id, "ID"),
                false => word.to_owned(),
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_story_gives_the_same_events_and_calls_on_the_stack_and_in_the_simulation()
-> Result<(), Error> {
    let simulated = tokio::task::spawn_blocking(|| {
        let mut parts = Vec::new();
        play(async || {
            parts = self::parts::<InMemory>().await?;
            Ok(())
        })?;
        Ok::<_, Error>(parts)
    });
    let deployed = parts::<Deployed>().await?;
    let simulated = simulated.await??;
    assert!(simulated.iter().all(|part| !part.calls.is_empty()));
    for (number, (simulated, deployed)) in simulated.iter().zip(&deployed).enumerate() {
        let function = simulated.function;
        assert_eq!(simulated, deployed, "part {number}: {function}");
    }
    assert_eq!(simulated.len(), deployed.len());
    Ok(())
}
