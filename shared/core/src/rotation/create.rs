//! createSecret: the other client gets a fresh secret, and it is stored under AWSPENDING.

use std::time::Duration;

use genesys_cloud::OAuthClient;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::ClientId;
use lockstep_domain::rotation::{
    self, Force, ObservedClient, OtherSecret, Pair, RotationRefusal, RotationTarget, Strategy,
};

use super::{Rotating, Trouble, named, of_genesys, of_session, pair};
use crate::aws::{GenesysClient, SecretError};
use crate::genesys::Session;
use crate::manifest_upload;
use crate::runtime::Failure;

/// A reset is not begun with less time left: what it makes has to be stored.
const TO_RESET_AND_STORE: Duration = Duration::from_secs(15);

impl Rotating<'_> {
    /// Resets the target client and stores its new secret.
    pub(super) async fn reset(&mut self, target: &RotationTarget) -> Result<String, Trouble> {
        let session = self.session().await?;
        self.claim(target, &session.client_id).await?;
        let client = self.may_be_reset(&session, target).await?;
        let force = Force::of(&self.metadata.tags, self.world.now());
        let mut notices = Vec::from_iter(force.notice());
        if target.strategy == Strategy::Pair {
            let unused = self.unused(&session, &target.rotates, &client).await?;
            notices.extend(force.overrule(unused)?);
        }
        if self.deadline.remaining() < TO_RESET_AND_STORE {
            return Err(Failure::retry(
                "out_of_time",
                "the invocation has too little time for a reset",
            )
            .into());
        }
        self.still_pending().await?;
        let (now, token) = (self.world.now(), self.request.token.as_str());
        self.state.value.begin_reset(token, now, force, notices);
        self.save().await?;
        let fresh = session
            .genesys
            .reset_oauth_client_secret(target.rotates.as_str())
            .await
            .map_err(|error| of_reset(&error))?;
        let reset_at = self.world.now();
        self.store(target, fresh).await?;
        self.record(|known| known.reset_at = Some(reset_at));
        self.save().await?;
        Ok(format!(
            "{} has a new secret, stored under AWSPENDING",
            target.rotates
        ))
    }

    pub(super) async fn session(&self) -> Result<Session, Trouble> {
        self.world
            .sign_in(self.manifest, self.deadline)
            .await
            .map_err(|error| of_session(&error).into())
    }

    /// Refuses where a reset would lock somebody out, or the client is not worth one; answers the client.
    pub(super) async fn may_be_reset(
        &self,
        session: &Session,
        target: &RotationTarget,
    ) -> Result<OAuthClient, Trouble> {
        rotation::guard(target, &session.client_id, &[])?;
        let others = self.others(&target.rotates).await?;
        rotation::guard(target, &session.client_id, &others)?;
        let known = rotation::ensure_all_known(&target.rotates, named::unreadable(self.manifests));
        if let Err(unknown) = known {
            manifest_upload::announce_unreadable(self.world, self.manifests).await?;
            return Err(unknown.into());
        }
        let found = session.genesys.get_oauth_client(target.rotates.as_str());
        let found = found.await.map_err(|error| of_genesys(&error))?;
        let observed = found.as_ref().map(|client| ObservedClient {
            grant_type: client.authorized_grant_type.as_deref(),
            state: client.state.as_deref(),
        });
        rotation::ensure_fit(&target.rotates, observed)?;
        // One that does not exist was just refused.
        found.ok_or_else(|| {
            let client = target.rotates.clone();
            RotationRefusal::NoSuchClient { client }.into()
        })
    }

    /// The clients in all other secrets that manifests name. One that can't be read may name the client that
    /// would be reset, so it is not passed over.
    async fn others(&self, client: &ClientId) -> Result<Vec<(SecretArn, Pair)>, Trouble> {
        let mut others = Vec::new();
        let secrets = named::all(self.manifests);
        for secret in secrets.filter(|secret| **secret != self.request.secret) {
            let other = self.other(secret).await?;
            if let Some(pair) = other.clients(client, secret)? {
                others.push((secret.clone(), pair));
            }
        }
        Ok(others)
    }

    /// What the value of another secret is.
    async fn other(&self, secret: &SecretArn) -> Result<OtherSecret, Trouble> {
        let error = match self.world.client_secrets.genesys_client(secret).await {
            Ok(found) => {
                return Ok(pair(&found).map_or(OtherSecret::WithoutIds, OtherSecret::Names));
            }
            Err(SecretError::Shape { problem, .. }) => {
                return Ok(OtherSecret::Malformed { problem });
            }
            Err(SecretError::Aws(error)) => error,
        };
        if error.is_not_found() {
            return Ok(OtherSecret::Gone);
        }
        // The value of a secret that is scheduled for deletion is refused like a malformed request (Secrets
        // Manager API reference, `GetSecretValue`, `InvalidRequestException`): its metadata says it.
        match self.world.secrets.metadata(secret).await {
            Ok(None) => Ok(OtherSecret::Gone),
            Ok(Some(_)) | Err(_) if error.is_transient() => Err(error.into()),
            Err(later) if later.is_transient() => Err(later.into()),
            Ok(Some(_)) | Err(_) => Ok(OtherSecret::Unreadable {
                because: error.to_string(),
            }),
        }
    }

    /// Another rotation may have begun while we looked around.
    async fn still_pending(&self) -> Result<(), Trouble> {
        let metadata = self.world.secrets.metadata(&self.request.secret).await?;
        let labels = metadata.unwrap_or_default().labels;
        Ok(rotation::ensure_pending(
            &labels,
            self.request.token.as_str(),
        )?)
    }

    async fn store(&self, target: &RotationTarget, fresh: OAuthClient) -> Result<(), Trouble> {
        let (Some(current), Some(client_secret)) = (&self.current, fresh.secret) else {
            let message = "Genesys Cloud did not return the new secret after the reset";
            return Err(Failure::retry("no_secret", message).into());
        };
        let value = current.with(&GenesysClient {
            client_id: target.rotates.to_string(),
            client_secret,
            alternate_client_id: match target.strategy {
                Strategy::Pair => Some(target.leaves.to_string()),
                Strategy::Single => None,
            },
        });
        // serde's own words quote what they stumble over.
        let value = value.map_err(|_| RotationRefusal::CurrentUnreadable)?;
        let StepParts {
            secret,
            token,
            proof,
        } = self.parts();
        self.world
            .client_secret_writer
            .put_pending(secret, token, &value, proof)
            .await?;
        Ok(())
    }

    fn parts(&self) -> StepParts<'_> {
        StepParts {
            secret: &self.request.secret,
            token: self.request.token.as_str(),
            proof: self.request.rotation_token.as_ref(),
        }
    }
}

struct StepParts<'r> {
    secret: &'r SecretArn,
    token: &'r str,
    proof: Option<&'r secrecy::SecretString>,
}

/// A reset whose answer was lost ended the old secret, and nobody knows the new one: the step has to
/// be done again, which resets again.
fn of_reset(error: &genesys_cloud::Error) -> Failure {
    if error.applied_unknown() {
        return Failure::retry("answer_lost", error);
    }
    match error.code() {
        Some("bad.client.role") => Failure::permanent(
            "roles_missing",
            format!(
                "{error}; to reset a client, Lockstep's client needs all of its roles: grant them \
                 to the client that Lockstep signs in with"
            ),
        ),
        Some(_) | None => of_genesys(error),
    }
}
