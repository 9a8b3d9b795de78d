//! The demo: a secret rotates, and the Data Action follows, proved by the audit log.

mod record;
mod report;
mod scene;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::error::Error;
use crate::place;
use crate::progress::{Mark, Progress, took};
use crate::readable::{fields, problems, short, summary};
use crate::stack::{Options, Stack, start};
use crate::watch::Heard;
use record::{audit_lines, test_steps};
use scene::Scene;

const MANIFEST: &str = include_str!("demo.yaml");
const KEY: &str = "order-lookup";
const SECRET_NAME: &str = "prod/db-creds";

/// How long one step of the demo may take. Each takes a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// The verdict waits for audit records until their deadline.
const PROOF_PATIENCE: Duration = Duration::from_secs(150);

/// Events with which the demo fails.
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

/// The content of `target/sandbox/summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// `Verified`, or the event with which the demo failed.
    pub verdict: String,
    /// The id of the change that the rotation caused.
    pub change_id: Option<String>,
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// The path of the evidence on this machine.
    pub evidence: Option<PathBuf>,
    /// The path of the compliance report on this machine.
    pub report: Option<PathBuf>,
}

/// One step of the demo.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// `ok`, or what went wrong.
    pub outcome: String,
    /// When it ended, in ms since the demo began.
    pub at_ms: u128,
    /// How long it took, in ms.
    pub took_ms: u128,
}

/// Runs the demo and shows it; writes `target/sandbox/summary.json`, also after a failure.
pub async fn run(progress: &Progress) -> Summary {
    let mut story = Story {
        progress: progress.clone(),
        began: Instant::now(),
        rotation_to_proof: None,
        summary: Summary {
            verdict: "none".to_owned(),
            change_id: None,
            steps: Vec::new(),
            evidence: None,
            report: None,
        },
    };
    // An earlier demo may have left one.
    let path = summary_path().inspect(|path| {
        let _ = fs::remove_file(path);
    });
    let ended = story.run().await;
    progress.say("");
    if let Err(error) = &ended {
        progress.result("Failed", &error.to_string());
    }
    let written = path.and_then(|path| write(&path, &story.summary).map(|()| path));
    story.show_results(&written);
    story.summary
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
    rotation_to_proof: Option<Duration>,
    summary: Summary,
}

impl Story {
    async fn run(&mut self) -> Result<(), Error> {
        let options = Options {
            progress: self.progress.clone(),
            ..Options::silent()
        };
        self.progress
            .heading("Start a local AWS and a simulated Genesys Cloud");
        let before = Instant::now();
        let stack = start(options).await;
        let stack = self.step(Scene::SetUp, before, stack, |_| {
            "Lockstep is deployed and ready".to_owned()
        })?;
        let ended = self.run_on(&stack).await;
        if ended.is_err() {
            let kept = stack.kept("ministack.log");
            self.progress.say("");
            self.progress
                .result("Logs", &format!("{} has the functions' logs", shown(&kept)));
        }
        let before = Instant::now();
        let violations = stack.end().await;
        let kept = if violations.is_empty() {
            Ok(())
        } else {
            "ContractViolated".clone_into(&mut self.summary.verdict);
            Err(Error::new(format!(
                "requests or responses do not match the official SDK:\n  {}",
                violations.join("\n  ")
            )))
        };
        let kept = self.step(Scene::ContractKept, before, kept, |()| {
            "all requests and responses match the official SDK".to_owned()
        });
        ended.and(kept)
    }

    async fn run_on(&mut self, stack: &Stack) -> Result<(), Error> {
        self.progress
            .heading("Upload a manifest: one Data Action that uses one secret");
        let secret = stack
            .make_secret(SECRET_NAME, r#"{"password": "the-first-one"}"#)
            .await?;
        stack
            .put_manifest("sandbox", &manifest(stack, &secret))
            .await?;
        for (scene, event) in [
            (Scene::ManifestAccepted, "Manifest Accepted"),
            (Scene::RoleProvisioned, "Role Provisioned"),
            (Scene::ActionBound, "Data Action Rebound"),
            (Scene::BindingProved, "Change Verified"),
        ] {
            self.expect(stack, scene, event, 0, |_| true).await?;
        }
        self.progress.heading(&format!(
            "Rotate the secret {SECRET_NAME}, without touching a console"
        ));
        self.rotate(stack, &secret).await
    }

    async fn rotate(&mut self, stack: &Stack, secret: &str) -> Result<(), Error> {
        let from = stack.now().await?;
        let rotated = Instant::now();
        let version = stack
            .rotate(secret, r#"{"password": "the-second-one"}"#)
            .await?;
        let of_version = |detail: &Value| detail["versionId"] == version.as_str();
        self.expect(
            stack,
            Scene::Received,
            "Secret Label Updated",
            from,
            of_version,
        )
        .await?;
        self.expect(stack, Scene::Planned, "Role Provisioned", from, |_| true)
            .await?;
        let binds_version = |detail: &Value| {
            detail["secrets"].as_array().is_some_and(|secrets| {
                secrets
                    .iter()
                    .any(|one| one["version_id"] == version.as_str())
            })
        };
        let rebound = self
            .expect(
                stack,
                Scene::Applied,
                "Data Action Rebound",
                from,
                binds_version,
            )
            .await?;
        let change = rebound.detail["change_id"].as_str().map(str::to_owned);
        self.summary.change_id.clone_from(&change);
        self.test(stack).await?;
        let of_change = |detail: &Value| detail["change_id"].as_str() == change.as_deref();
        let verified = self
            .expect(stack, Scene::Proved, "Change Verified", from, of_change)
            .await?;
        self.rotation_to_proof = Some(verified.at.saturating_duration_since(rotated));
        self.keep_evidence(stack, &verified).await?;
        "Verified".clone_into(&mut self.summary.verdict);
        self.check(stack).await
    }

    /// The steps of the change and the result of its live test, as Lockstep's state has them.
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
                fields(&change["test"]).join(", ")
            ))),
            None => Err(Error::new("the change was bound without its live test")),
        });
        let change = self.step(Scene::Tested, before, passed, |change| {
            let passed = test_steps(change).filter(|(_, passed)| *passed).count();
            format!(
                "{passed} of {} steps passed on the draft",
                test_steps(change).count()
            )
        })?;
        let steps = change["steps"].as_array().into_iter().flatten();
        self.progress.details(steps.map(|step| {
            let text = |name: &str| step[name].as_str().unwrap_or_default();
            format!(
                "{} {}: {} ({})",
                text("verb"),
                text("kind"),
                text("reason"),
                text("outcome")
            )
        }));
        self.progress
            .details(test_steps(&change).map(|(name, passed)| {
                format!("test: {name} {}", if passed { "passed" } else { "failed" })
            }));
        Ok(())
    }

    async fn keep_evidence(&mut self, stack: &Stack, verified: &Heard) -> Result<(), Error> {
        let uri = verified.detail["evidence"]
            .as_str()
            .ok_or_else(|| Error::new("the event Change Verified names no evidence"))?;
        let evidence = stack
            .evidence(uri)
            .await?
            .ok_or_else(|| Error::new(format!("there is no evidence at {uri}")))?;
        let path = place::sandbox()?.join("evidence.json");
        write(&path, &evidence)?;
        self.progress.details([format!("a copy of {uri}")]);
        self.progress.details(audit_lines(&evidence));
        self.summary.evidence = Some(path);
        Ok(())
    }

    /// Waits for an event, or for one that ends the story badly.
    async fn expect(
        &mut self,
        stack: &Stack,
        scene: Scene,
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
            let mut lines = vec![summary(&heard.detail_type, &heard.detail)];
            lines.extend(problems(&heard.detail));
            Err(Error::new(lines.join("\n  ")))
        });
        let heard = self.step(scene, before, heard, |heard| {
            summary(&heard.detail_type, &heard.detail)
        })?;
        self.progress.details(fields(&heard.detail));
        Ok(heard)
    }

    /// Records and shows how a step ended.
    fn step<T>(
        &mut self,
        scene: Scene,
        before: Instant,
        result: Result<T, Error>,
        describe: impl FnOnce(&T) -> String,
    ) -> Result<T, Error> {
        let (at, took_time) = (self.began.elapsed(), before.elapsed());
        let (mark, text, outcome) = match &result {
            Ok(done) => (Mark::Ok, describe(done), "ok".to_owned()),
            Err(error) => {
                let outcome = error.to_string();
                let first = outcome.lines().next().unwrap_or_default();
                (Mark::Failed, first.to_owned(), outcome)
            }
        };
        self.progress
            .named_step(mark, scene.title(), &text, took_time);
        self.summary.steps.push(Step {
            name: scene.name().to_owned(),
            outcome,
            at_ms: at.as_millis(),
            took_ms: took_time.as_millis(),
        });
        result
    }

    /// Shows where everything is; the verdict is the last line.
    fn show_results(&self, written: &Result<PathBuf, Error>) {
        let progress = &self.progress;
        if let Some(change) = &self.summary.change_id {
            progress.result("Change", short(change));
        }
        if let Some(evidence) = &self.summary.evidence {
            progress.result("Evidence", &shown(evidence));
        }
        if let Some(report) = &self.summary.report {
            progress.result("Report", &shown(report));
        }
        match written {
            Ok(path) => progress.result("Summary", &shown(path)),
            Err(error) => progress.result("Summary", &error.to_string()),
        }
        let verdict = &self.summary.verdict;
        let after = self
            .rotation_to_proof
            .map(|time| format!(", {} after the rotation", took(time)))
            .unwrap_or_default();
        progress.verdict(verdict == "Verified", &format!("{verdict}{after}"));
    }
}

/// A path as short as it is from here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here)
        .unwrap_or(path)
        .display()
        .to_string()
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
