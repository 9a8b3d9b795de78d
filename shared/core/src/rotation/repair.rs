//! Completes or abandons interrupted rotations, whose version is still under AWSPENDING.
//!
//! While a version that is not current has AWSPENDING, Secrets Manager begins no other rotation
//! (API reference, `RotateSecret`). One without a value is given up: its label is taken off. One
//! with a value is tried; if it works the rotation is finished, and if it surely does not, it is
//! given up. A value that may be someone's, or that may still work, is kept and reported.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::InvalidVersionId;
use lockstep_domain::manifest::{Manifest, Mode};
use lockstep_domain::plan::Outcome;
use lockstep_domain::rotation::{
    self, RepairRequest, RepairStep, RepairVerb, RotationRefusal, RotationStep, Stuck,
};
use serde::Serialize;

use super::{Rotating, Trouble, named};
use crate::aws::SecretMetadata;
use crate::manifest_upload;
use crate::runtime::{Deadline, Failure};
use crate::services::Rotate;
use crate::store::Manifests;
use crate::trigger::StepRequest;

/// What was found and done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RepairReport {
    /// Whether the plan was carried out.
    pub mode: Mode,
    /// The plan, with outcomes where it was carried out.
    pub steps: Vec<RepairStep>,
    /// What a reader should know.
    pub notices: Vec<String>,
}

/// Examines the secrets of all clients, and completes or abandons stuck rotations.
///
/// # Errors
/// Lockstep's own state could not be read. What is wrong with one secret is said, and the others
/// are repaired.
pub async fn repair(
    world: &Rotate,
    request: &RepairRequest,
    deadline: Deadline,
) -> Result<RepairReport, Failure> {
    let manifests = match request.mode {
        Mode::Apply => Box::pin(manifest_upload::current(world)).await?,
        Mode::Plan => world.store.accepted().await?,
    };
    let mut report = RepairReport {
        mode: request.mode,
        steps: Vec::new(),
        notices: not_checked(request, &manifests),
    };
    for accepted in &manifests.current {
        let manifest = &accepted.manifest;
        // The stricter of both modes wins.
        let mode = match (request.mode, manifest.organization.mode) {
            (Mode::Apply, Mode::Apply) => Mode::Apply,
            (Mode::Plan, _) | (_, Mode::Plan) => Mode::Plan,
        };
        let asked = |secret: &&SecretArn| request.secret.as_ref().is_none_or(|one| one == *secret);
        for secret in manifest.client_secrets().filter(asked) {
            let repairer = Repairer {
                world,
                manifests: &manifests,
                manifest,
                secret,
                mode,
                after: request
                    .stuck_after_minutes
                    .unwrap_or(world.config.stuck_after_minutes),
                deadline,
            };
            match Box::pin(repairer.repair(&mut report)).await {
                Ok(()) => {}
                Err(failure) => {
                    if let (Mode::Apply, Some(object)) = (mode, failure.object()) {
                        world.announce_unreadable(object).await?;
                    }
                    let notice = format!("{secret} was not inspected: {failure}");
                    report.notices.push(notice);
                }
            }
        }
    }
    Ok(report)
}

/// What was asked for and can't be checked: what an unreadable manifest names, and what the stack's
/// parameters do not cover.
fn not_checked(request: &RepairRequest, manifests: &Manifests) -> Vec<String> {
    let asked = |secret: &SecretArn| request.secret.as_ref().is_none_or(|one| one == secret);
    let notice = |secret: &SecretArn, refusal: RotationRefusal| {
        format!("{secret} was not inspected: {refusal}. {}", refusal.fix())
    };
    let copies = manifests.unreadable.iter().map(|copy| {
        let (organization, error) = (&copy.organization, &copy.error);
        format!("the clients of the organization {organization} were not inspected: {error}")
    });
    let uncovered = named::uncovered(manifests);
    let is_uncovered = |secret: &SecretArn| uncovered.iter().any(|one| one.secret == secret);
    let of_none = request
        .secret
        .as_ref()
        .filter(|secret| !is_uncovered(secret));
    let of_none =
        of_none.and_then(|secret| Some((secret, named::naming(manifests, secret).err()?)));
    let of_none = of_none.map(|(secret, refusal)| notice(secret, refusal));
    let uncovered = uncovered.iter().filter(|one| asked(one.secret));
    let uncovered = uncovered.map(|one| notice(one.secret, one.refusal()));
    copies.chain(uncovered).chain(of_none).collect()
}

struct Repairer<'a> {
    world: &'a Rotate,
    manifests: &'a Manifests,
    manifest: &'a Manifest,
    secret: &'a SecretArn,
    mode: Mode,
    after: u32,
    deadline: Deadline,
}

impl Repairer<'_> {
    async fn repair(&self, report: &mut RepairReport) -> Result<(), Failure> {
        let Some(metadata) = self.world.secrets.metadata(self.secret).await? else {
            let gone = format!("{} does not exist, or was deleted", self.secret);
            report.notices.push(gone);
            return Ok(());
        };
        self.unannounced(&metadata, report).await?;
        let made = self.world.secret_versions.made(self.secret).await?;
        let Some(stuck) = rotation::stuck(&metadata.labels, &made, self.world.now(), self.after)
        else {
            return Ok(());
        };
        let organization = &self.manifest.organization.id;
        let state = self.world.rotations.load(organization, self.secret).await?;
        if let Err(busy) = state.value.is_free(self.world.now()) {
            let until = busy.until;
            let busy = format!(
                "a rotation of {} is running, until {until} at the latest",
                self.secret
            );
            report.notices.push(busy);
            return Ok(());
        }
        let value = self
            .world
            .client_secrets
            .client_of_version(self.secret, &stuck.version_id);
        let step = match value.await {
            Ok(None) => self.discard(&stuck).await,
            // A value of another shape is somebody's: the step says so when it is tried.
            Ok(Some(_)) | Err(crate::aws::SecretError::Shape { .. }) => {
                self.finish(metadata, &stuck).await?
            }
            Err(crate::aws::SecretError::Aws(error)) => return Err(error.into()),
        };
        report.steps.push(step);
        Ok(())
    }

    /// A label that moved just before its run died.
    async fn unannounced(
        &self,
        metadata: &SecretMetadata,
        report: &mut RepairReport,
    ) -> Result<(), Failure> {
        let Some(current) = metadata.labels.current() else {
            return Ok(());
        };
        let organization = &self.manifest.organization.id;
        let state = self.world.rotations.load(organization, self.secret).await?;
        let unannounced = state.value.unannounced(Some(current));
        if unannounced.is_none() || state.value.is_free(self.world.now()).is_err() {
            return Ok(());
        }
        let why = "it became current, but no event was emitted";
        let mut step = RepairStep::new(self.secret, current, RepairVerb::Announce, why);
        if self.mode == Mode::Apply {
            let request = self.request(current, RotationStep::Finish)?;
            let done = self.run(metadata.clone(), &request).await;
            step.outcome = Some(outcome(done));
        }
        report.steps.push(step);
        Ok(())
    }

    async fn discard(&self, stuck: &Stuck) -> RepairStep {
        let why = format!("no value has been stored since {}", stuck.since);
        let mut step = RepairStep::new(self.secret, &stuck.version_id, RepairVerb::Discard, why);
        if self.mode == Mode::Apply {
            step.outcome = Some(self.take_off(stuck).await);
        }
        step
    }

    async fn take_off(&self, stuck: &Stuck) -> Outcome {
        let writer = &self.world.client_secret_writer;
        match writer.remove_pending(self.secret, &stuck.version_id).await {
            Ok(()) => Outcome::Applied,
            Err(error) => Outcome::failed(error.kind.as_str(), error.to_string()),
        }
    }

    async fn finish(&self, metadata: SecretMetadata, stuck: &Stuck) -> Result<RepairStep, Failure> {
        let why = format!(
            "its value is stored, but the rotation has not continued since {}",
            stuck.since
        );
        let mut step = RepairStep::new(self.secret, &stuck.version_id, RepairVerb::Finish, why);
        if self.mode != Mode::Apply {
            return Ok(step);
        }
        let organization = &self.manifest.organization.id;
        let state = self.world.rotations.load(organization, self.secret).await?;
        let strategy = state
            .value
            .of(&stuck.version_id)
            .map(|known| known.strategy);
        let request = self.request(&stuck.version_id, RotationStep::Test)?;
        let mut done = self.run(metadata.clone(), &request).await;
        if done.is_ok() {
            let request = self.request(&stuck.version_id, RotationStep::Finish)?;
            done = self.run(metadata, &request).await;
        }
        step.outcome = Some(match done {
            Err(Trouble::Refused(refusal)) if rotation::may_be_given_up(&refusal, strategy) => {
                step.verb = RepairVerb::Discard;
                step.reason = format!("{}; {refusal}", step.reason);
                self.take_off(stuck).await
            }
            done => outcome(done),
        });
        Ok(step)
    }

    fn request(&self, version_id: &str, step: RotationStep) -> Result<StepRequest, Failure> {
        let token = version_id.parse().map_err(|problem: InvalidVersionId| {
            let message = format!(
                "AWSPENDING is on a version whose id {problem}. Remove the label manually: aws \
                 secretsmanager update-secret-version-stage --version-stage AWSPENDING \
                 --remove-from-version-id"
            );
            Failure::permanent("bad_version_id", message)
        })?;
        Ok(StepRequest {
            secret: self.secret.clone(),
            token,
            step,
            rotation_token: None,
        })
    }

    /// One step as Secrets Manager would ask for it. Its failure emits no event: the report says
    /// what became of it.
    async fn run(
        &self,
        metadata: SecretMetadata,
        request: &StepRequest,
    ) -> Result<String, Trouble> {
        let mut rotating = Rotating::new(
            self.world,
            request,
            self.deadline,
            metadata,
            self.manifests,
            self.manifest,
        )
        .await?;
        let done = rotating.work().await;
        rotating.give_back().await;
        done
    }
}

fn outcome(done: Result<String, Trouble>) -> Outcome {
    match done {
        Ok(_) => Outcome::Applied,
        Err(Trouble::Refused(refusal)) => {
            Outcome::failed(refusal.kind(), format!("{refusal}. {}", refusal.fix()))
        }
        Err(Trouble::Failed(failure)) => Outcome::failed(failure.kind(), failure.to_string()),
    }
}
