//! The main story, told while it happens: a secret rotates, and the Data Action follows, proved.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::error::Error;
use crate::place;
use crate::progress::{Progress, took};
use crate::stack::{Options, Stack, start};
use crate::watch::Heard;

const MANIFEST: &str = include_str!("demo.yaml");
const KEY: &str = "order-lookup";
const SECRET_NAME: &str = "prod/db-creds";

/// How long one step of the story may take. Each takes a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// The proof waits for audit records until their deadline.
const PROOF_PATIENCE: Duration = Duration::from_secs(150);

/// Events that end the story badly.
const BAD: [&str; 8] = [
    "Manifest Refused",
    "Plan Refused",
    "Role Provisioning Failed",
    "Rebind Failed",
    "Rebind Rolled Back",
    "Data Action Unhealthy",
    "Change Violated",
    "Change Unverified",
];

/// What `target/sandbox/summary.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// `Verified`, or what came instead.
    pub verdict: String,
    /// The change that the rotation caused.
    pub change_id: Option<String>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// Where the evidence is, on this machine.
    pub evidence: Option<PathBuf>,
}

/// One step of the story.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// `ok`, or what went wrong.
    pub outcome: String,
    /// When it was done, in ms since the story began.
    pub at_ms: u128,
    /// How long it took, in ms.
    pub took_ms: u128,
}

/// Tells the story; writes `target/sandbox/summary.json` whatever its end.
pub async fn tell(progress: &Progress) -> Summary {
    let mut story = Story {
        progress: progress.clone(),
        began: Instant::now(),
        summary: Summary {
            verdict: "none".to_owned(),
            change_id: None,
            steps: Vec::new(),
            evidence: None,
        },
    };
    // What an earlier story left is not ours.
    let written = summary_path().inspect(|path| {
        let _ = fs::remove_file(path);
    });
    if let Err(error) = story.run().await {
        progress.say(format!("\nFAILED: {error}"));
    }
    let summary = story.summary;
    if let Err(error) = written.and_then(|path| write(&path, &summary)) {
        progress.say(format!("{error}"));
    }
    summary
}

fn summary_path() -> Result<PathBuf, Error> {
    Ok(place::sandbox()?.join("summary.json"))
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::new(format!("cannot write {}: {error}", path.display())))?;
    fs::write(path, text)
        .map_err(|error| Error::io(format!("cannot write {}", path.display()), &error))
}

struct Story {
    progress: Progress,
    began: Instant,
    summary: Summary,
}

impl Story {
    async fn run(&mut self) -> Result<(), Error> {
        let options = Options {
            progress: self.progress.clone(),
            ..Options::silent()
        };
        self.progress
            .say("Setting up a local AWS and a local Genesys Cloud");
        let before = Instant::now();
        let stack = start(options).await;
        let stack = self.step("set up", before, stack)?;
        let told = self.tell_on(&stack).await;
        if told.is_err() {
            let kept = stack.kept("ministack.log");
            self.progress
                .say(format!("\nThe functions' logs are in {}", kept.display()));
        }
        let before = Instant::now();
        let violations = stack.end().await;
        let kept = if violations.is_empty() {
            Ok(())
        } else {
            "ContractViolated".clone_into(&mut self.summary.verdict);
            Err(Error::new(format!(
                "what crossed the wire is not what the official SDK has:\n  {}",
                violations.join("\n  ")
            )))
        };
        let kept = self.step("contract of the official SDK kept", before, kept);
        told.and(kept)
    }

    async fn tell_on(&mut self, stack: &Stack) -> Result<(), Error> {
        self.progress
            .say("\nA manifest is uploaded: one Data Action, bound to one secret");
        let secret = stack
            .make_secret(SECRET_NAME, r#"{"password": "the-first-one"}"#)
            .await?;
        stack
            .put_manifest("sandbox", &manifest(stack, &secret))
            .await?;
        self.expect(stack, "manifest accepted", "Manifest Accepted", 0, |_| true)
            .await?;
        for (name, event) in [
            ("role provisioned", "Role Provisioned"),
            ("action bound", "Data Action Rebound"),
            ("binding proved", "Change Verified"),
        ] {
            self.expect(stack, name, event, 0, |_| true).await?;
        }
        self.progress
            .say("\nThe secret rotates; nobody touches a console");
        self.rotate(stack, &secret).await
    }

    async fn rotate(&mut self, stack: &Stack, secret: &str) -> Result<(), Error> {
        let from = stack.now().await?;
        let rotated = Instant::now();
        let version = stack
            .rotate(secret, r#"{"password": "the-second-one"}"#)
            .await?;
        self.progress
            .say(format!("     {SECRET_NAME} has a new version, {version}"));
        let of_version = |detail: &Value| detail["versionId"] == version.as_str();
        self.expect(stack, "received", "Secret Label Updated", from, of_version)
            .await?;
        self.expect(stack, "planned", "Role Provisioned", from, |_| true)
            .await?;
        let binds_version = |detail: &Value| {
            detail["secrets"].as_array().is_some_and(|secrets| {
                secrets
                    .iter()
                    .any(|one| one["version_id"] == version.as_str())
            })
        };
        let rebound = self
            .expect(stack, "applied", "Data Action Rebound", from, binds_version)
            .await?;
        let change = rebound.detail["change_id"].as_str().map(str::to_owned);
        self.summary.change_id.clone_from(&change);
        self.test(stack).await?;
        let of_change = |detail: &Value| detail["change_id"].as_str() == change.as_deref();
        let verified = self
            .expect(stack, "proved", "Change Verified", from, of_change)
            .await?;
        self.progress.say(format!(
            "     from rotation to proof: {}",
            took(verified.at.saturating_duration_since(rotated))
        ));
        self.keep_evidence(stack, &verified).await?;
        "Verified".clone_into(&mut self.summary.verdict);
        Ok(())
    }

    /// What was done and what the live test answered, as Lockstep remembers it.
    async fn test(&mut self, stack: &Stack) -> Result<(), Error> {
        let before = Instant::now();
        let organization = stack.genesys.organization_id();
        let key = format!("state/{organization}/{KEY}.json");
        let state = stack.state_object(&key).await?;
        let state = state.ok_or_else(|| Error::new(format!("{key} is not in the state bucket")));
        let change = state.map(|state| state["change"].clone());
        let passed = change.and_then(|change| match change["test"]["passed"].as_bool() {
            Some(true) => Ok(change),
            Some(false) => Err(Error::new(format!(
                "the live test failed: {}",
                change["test"]
            ))),
            None => Err(Error::new("the change was bound without its live test")),
        });
        let change = self.step("tested", before, passed)?;
        for step in change["steps"].as_array().into_iter().flatten() {
            self.progress.say(format!(
                "     {} {}: {} ({})",
                plain(&step["verb"]),
                plain(&step["kind"]),
                plain(&step["reason"]),
                plain(&step["outcome"])
            ));
        }
        for operation in change["test"]["operations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let mark = if operation[1] == true {
                "passed"
            } else {
                "failed"
            };
            self.progress
                .say(format!("     test: {} {mark}", plain(&operation[0])));
        }
        Ok(())
    }

    async fn keep_evidence(&mut self, stack: &Stack, verified: &Heard) -> Result<(), Error> {
        let uri = verified.detail["evidence"]
            .as_str()
            .ok_or_else(|| Error::new("the proof names no evidence"))?;
        let evidence = stack
            .evidence(uri)
            .await?
            .ok_or_else(|| Error::new(format!("there is no evidence at {uri}")))?;
        let path = place::sandbox()?.join("evidence.json");
        write(&path, &evidence)?;
        for line in audit_lines(&evidence) {
            self.progress.say(format!("     {line}"));
        }
        self.progress
            .say(format!("\nevidence: {} (a copy of {uri})", path.display()));
        self.summary.evidence = Some(path);
        Ok(())
    }

    /// Waits for an event, or for one that ends the story badly.
    async fn expect(
        &mut self,
        stack: &Stack,
        name: &str,
        event: &str,
        from: usize,
        accepts: impl Fn(&Value) -> bool,
    ) -> Result<Heard, Error> {
        let before = Instant::now();
        let patience = if event == "Change Verified" {
            PROOF_PATIENCE
        } else {
            PATIENCE
        };
        let wanted = |heard: &Heard| {
            (heard.detail_type == event && accepts(&heard.detail))
                || BAD.contains(&heard.detail_type.as_str())
        };
        let heard = stack.watch.wait_for(event, from, patience, wanted).await;
        let heard = heard.and_then(|heard| {
            if heard.detail_type == event {
                return Ok(heard);
            }
            let verdict = heard.detail_type.strip_prefix("Change ");
            if let Some(verdict) = verdict {
                verdict.clone_into(&mut self.summary.verdict);
            }
            Err(Error::new(format!(
                "{}: {}",
                heard.detail_type,
                serde_json::to_string_pretty(&heard.detail).unwrap_or_default()
            )))
        });
        let heard = self.step(name, before, heard)?;
        self.progress.say(format!("     {}", describe(&heard)));
        Ok(heard)
    }

    /// Notes how a step ended.
    fn step<T>(
        &mut self,
        name: &str,
        before: Instant,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        let (at, took_time) = (self.began.elapsed(), before.elapsed());
        let mark = if result.is_ok() { "  ok" } else { "FAIL" };
        self.progress
            .say(format!("{mark} {name} ({})", took(took_time)));
        self.summary.steps.push(Step {
            name: name.to_owned(),
            outcome: match &result {
                Ok(_) => "ok".to_owned(),
                Err(error) => error.to_string(),
            },
            at_ms: at.as_millis(),
            took_ms: took_time.as_millis(),
        });
        result
    }
}

fn manifest(stack: &Stack, secret: &str) -> String {
    let endpoints = stack.aws_endpoints();
    MANIFEST
        .replace("@ORGANIZATION_ID@", stack.genesys.organization_id())
        .replace("@API_URL@", &stack.genesys.api_url())
        .replace("@LOGIN_URL@", &stack.genesys.login_url())
        .replace("@CLIENT_SECRET_ARN@", &endpoints.client_secret_arn)
        .replace("@FUNCTION_ARN@", &endpoints.target_function_arn)
        .replace("@SECRET_ARN@", secret)
}

/// An event in one line: what it names, without what every event has.
fn describe(heard: &Heard) -> String {
    const SHOWN: [&str; 9] = [
        "key",
        "action_id",
        "action_version",
        "role_arn",
        "function_arn",
        "secrets",
        "reason",
        "name",
        "labelUpdated",
    ];
    let parts: Vec<String> = SHOWN
        .iter()
        .filter_map(|name| Some((name, heard.detail.get(name)?)))
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{name}: {}", plain(value)))
        .collect();
    format!("{} {}", heard.detail_type, parts.join(", "))
}

fn plain(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

fn audit_lines(evidence: &Value) -> Vec<String> {
    find(evidence, "compliance_audit")
        .and_then(Value::as_array)
        .map(|lines| lines.iter().map(plain).collect())
        .unwrap_or_default()
}

/// The first field of this name, at whatever depth.
fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    if let Some(found) = value.get(name) {
        return Some(found);
    }
    let fields = value.as_object().into_iter().flat_map(|map| map.values());
    let items = value.as_array().into_iter().flatten();
    fields.chain(items).find_map(|inner| find(inner, name))
}
