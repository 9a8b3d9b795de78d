//! Emits that a rotation cannot continue: what failed, on whose side, whether the old credential
//! still works, and what to do next.

use lockstep_domain::change::SecretVersion;
use lockstep_domain::digest::Digest;
use lockstep_domain::event::{ClientRotationFailed, Principal, PrincipalKind};
use lockstep_domain::problem::Problem;
use lockstep_domain::rotation::{EmittedFailure, RotationRefusal, Strategy};

use super::{Rotating, Trouble, pair};
use crate::aws::SecretMetadata;
use crate::runtime::Failure;
use crate::services::Base;
use crate::trigger::StepRequest;

/// The failure as Secrets Manager gets it.
pub(super) fn failure(request: &StepRequest, refusal: &RotationRefusal) -> Failure {
    Failure::permanent(
        refusal.kind(),
        format!(
            "{} of {} was refused: {refusal}. {}",
            request.step.as_str(),
            request.secret,
            refusal.fix()
        ),
    )
}

/// Announces that no current manifest names the secret. There is no organization, hence no memory:
/// it is emitted at every try, under one id.
pub(super) async fn nowhere(
    world: &Base,
    request: &StepRequest,
    metadata: &SecretMetadata,
    refusal: &RotationRefusal,
) -> Failure {
    let mut header = world.header();
    header.occurrence = Some(request.token.to_string());
    if let RotationRefusal::NotCovered { organization, .. } = refusal {
        header.organization_id.clone_from(organization);
    }
    let body = ClientRotationFailed {
        notices: vec![side(refusal.side().as_str()), old_works(None)],
        ..failed(request, metadata, &refusal.to_string(), refusal.fix())
    };
    match world.emit(header, body).await {
        Ok(()) => failure(request, refusal),
        Err(error) => error.into(),
    }
}

fn failed(
    request: &StepRequest,
    metadata: &SecretMetadata,
    problem: &str,
    fix: String,
) -> ClientRotationFailed {
    let current = metadata.labels.current().map(|version_id| SecretVersion {
        name: "client".to_owned(),
        arn: request.secret.clone(),
        version_id: version_id.to_owned(),
    });
    ClientRotationFailed {
        secrets: current.into_iter().collect(),
        errors: vec![Problem::new(request.step.as_str(), problem, fix)],
        reason: Some(format!(
            "{} of the rotation of {}: {problem}",
            request.step.as_str(),
            request.secret
        )),
        ..ClientRotationFailed::default()
    }
}

fn side(of: &str) -> String {
    format!("where to look: {of}")
}

fn old_works(client: Option<&str>) -> String {
    match client {
        Some(client) => format!(
            "the rotation did not change the current version, with the client \
                                 {client}"
        ),
        None => "the rotation did not change the current version".to_owned(),
    }
}

impl Rotating<'_> {
    /// Announces a failure that can't pass, once for each reason; answers whether it did.
    pub(super) async fn emit_failure(&mut self, trouble: &Trouble) -> Result<bool, Failure> {
        let (problem, fix, of) = match trouble {
            Trouble::Refused(refusal) => {
                (refusal.to_string(), refusal.fix(), refusal.side().as_str())
            }
            Trouble::Failed(Failure::Permanent { message, .. }) => (
                message.clone(),
                "Correct the cause. Secrets Manager retries automatically for some time; after \
                 that, \
                 run: aws secretsmanager rotate-secret."
                    .to_owned(),
                "the error message",
            ),
            Trouble::Failed(Failure::Retry { .. } | Failure::Later { .. }) => return Ok(false),
        };
        let request = self.request;
        let digest = Digest::of(&(&request.token, request.step, &problem));
        let emitted_before = self.state.value.emitted_failure.as_ref();
        if emitted_before.is_some_and(|failure| failure.digest == digest) {
            return Ok(false);
        }
        let mut header = self.world.header();
        // Secrets Manager repeats a rotation under its token; another rotation is another failure.
        header.occurrence = Some(request.token.to_string());
        header.organization_id = Some(self.manifest.organization.id.clone());
        let current = self
            .current
            .as_ref()
            .and_then(|stored| pair(&stored.client));
        if let Some(known) = self.state.value.of(request.token.as_str()) {
            header.actor = Principal {
                kind: PrincipalKind::Client,
                id: known.actor.to_string(),
                name: None,
            };
        }
        let body = ClientRotationFailed {
            client_id: current.map(|pair| pair.client),
            notices: vec![side(of), self.what_still_works()],
            ..failed(request, &self.metadata, &problem, fix)
        };
        self.world.emit(header, body).await?;
        let at = self.world.now();
        self.state.value.emitted_failure = Some(EmittedFailure { digest, at });
        // Whoever holds the lease must not find the object changed under its hands.
        Ok(self.claimed || self.state.value.is_free(at).is_ok())
    }

    fn what_still_works(&self) -> String {
        let known = self.state.value.of(self.request.token.as_str());
        let reset = known.is_some_and(|known| {
            known.strategy == Strategy::Single && known.resetting_at.is_some()
        });
        if reset {
            return "the current version may not work since the reset: the client has only one \
                    secret, and the new one is under AWSPENDING if it was stored"
                .to_owned();
        }
        let current = self.current.as_ref();
        old_works(current.map(|stored| stored.client.client_id.as_str()))
    }
}
