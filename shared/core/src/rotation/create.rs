//! createSecret: the other client gets a fresh secret, and it is stored under AWSPENDING.

use std::time::Duration;

use genesys_cloud::OAuthClient;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::ClientId;
use lockstep_domain::rotation::{
    self, FORCE_TAG, PENDING, Pair, Refusal, Strategy, Turn, Use, Window,
};

use super::{Rotating, Trouble, clients_of, of_genesys, of_session, pair};
use crate::aws::GenesysClient;
use crate::genesys::{Session, sign_in};
use crate::runtime::Failure;

/// A reset is not begun with less time left: what it makes has to be stored.
const TO_RESET_AND_STORE: Duration = Duration::from_secs(15);

impl Rotating<'_> {
    /// Resets the client whose turn it is and stores its new secret.
    pub(super) async fn reset(&mut self, turn: &Turn) -> Result<String, Trouble> {
        let session = self.session().await?;
        self.claim(turn, &session.client_id).await?;
        let (others, mut notices) = self.others().await;
        rotation::guard(turn, &session.client_id, &others)?;
        fit(&session, &turn.rotates).await?;
        let forced = self.forced(&mut notices);
        if turn.strategy == Strategy::Pair {
            match self.unused(&session, &turn.rotates).await {
                Ok(()) => {}
                Err(Trouble::Refused(refusal)) if forced.is_some() => {
                    notices.push(format!("forced although {refusal}"));
                }
                Err(trouble) => return Err(trouble),
            }
        }
        if self.deadline.remaining() < TO_RESET_AND_STORE {
            return Err(
                Failure::retry("out_of_time", "too little time is left for a reset").into(),
            );
        }
        self.still_pending().await?;
        let now = self.world.now();
        self.record(|known| {
            known.resetting_at = Some(now);
            known.resets += 1;
            known.forced_until = forced;
            known.notices = notices;
        });
        self.save().await?;
        let fresh = session
            .genesys
            .reset_oauth_client_secret(turn.rotates.as_str())
            .await
            .map_err(|error| of_reset(&error))?;
        let reset_at = self.world.now();
        self.store(turn, fresh).await?;
        self.record(|known| known.reset_at = Some(reset_at));
        self.save().await?;
        Ok(format!(
            "{} has a fresh secret, stored under AWSPENDING",
            turn.rotates
        ))
    }

    pub(super) async fn session(&self) -> Result<Session, Trouble> {
        sign_in(self.world, self.manifest, self.deadline)
            .await
            .map_err(|error| of_session(&error).into())
    }

    /// The clients in all other secrets that manifests name, as far as they can be read.
    async fn others(&self) -> (Vec<(SecretArn, Pair)>, Vec<String>) {
        let (mut others, mut notices) = (Vec::new(), Vec::new());
        let all = self.manifests.in_force.iter();
        let secrets = all.flat_map(|accepted| clients_of(&accepted.manifest));
        for secret in secrets.filter(|secret| **secret != self.request.secret) {
            let found = self.world.secrets.genesys_client(secret).await;
            match found.as_ref().map(pair) {
                Ok(Some(pair)) => others.push((secret.clone(), pair)),
                Ok(None) | Err(_) => notices.push(format!(
                    "{secret} could not be read: whether it names the same client is not known"
                )),
            }
        }
        (others, notices)
    }

    /// Until when the secret's tag forces the reset. It lapses by itself, so that nobody forgets it.
    fn forced(&self, notices: &mut Vec<String>) -> Option<Timestamp> {
        let text = self.look.tags.get(FORCE_TAG)?;
        match text.parse::<Timestamp>() {
            Ok(until) if until > self.world.now() => Some(until),
            Ok(until) => {
                notices.push(format!("the tag {FORCE_TAG} ended at {until}"));
                None
            }
            Err(_) => {
                notices.push(format!("the tag {FORCE_TAG} is not a time with its offset"));
                None
            }
        }
    }

    /// Refuses where anybody but us used the client since it was left.
    async fn unused(&self, session: &Session, client: &ClientId) -> Result<(), Trouble> {
        let left = self.state.value.left.as_ref();
        let grace = self.world.config.client_grace;
        let window = |now| rotation::window(client, left, grace, now);
        let mut seen = window(self.world.now());
        if let Err(from) = seen {
            // One second more: there has to be something to look at.
            let from = from.saturating_add(SECOND).unwrap_or(from);
            let what = "the client was left a moment ago: who had read it may still use it";
            self.wait_until(from, what).await?;
            seen = window(self.world.now());
        }
        let mut window = seen.map_err(|_| Failure::retry("too_early", "the clock went back"))?;
        // The platform counts whole seconds, and the end is not part of an interval.
        window.to = window.to.saturating_add(SECOND).unwrap_or(window.to);
        // What we did ourselves a moment ago has to show. If it does not, neither would what
        // somebody else did, and an empty answer means nothing.
        let (uses, control) = futures_util::future::join(
            counted(session, client, window),
            counted(session, &session.client_id, window),
        )
        .await;
        let (uses, control) = (uses?, control?);
        if control.iter().all(|one| one.requests == 0) {
            return Err(Refusal::UseUnknown {
                client: client.clone(),
                because: format!(
                    "the platform does not show yet what Lockstep's own client did since {}",
                    window.from
                ),
            }
            .into());
        }
        let own = &self.state.value.own_calls;
        rotation::judge(client, &uses, own, window, left)?;
        Ok(())
    }

    /// Another rotation may have begun while we looked around.
    async fn still_pending(&self) -> Result<(), Trouble> {
        let look = self.world.secrets.look(&self.request.secret).await?;
        let labels = look.unwrap_or_default().labels;
        let of_token = labels.versions.get(&self.request.token);
        if of_token.is_some_and(|labels| labels.contains(PENDING)) {
            return Ok(());
        }
        Err(Refusal::NotPending {
            pending: labels.pending().map(str::to_owned),
        }
        .into())
    }

    async fn store(&self, turn: &Turn, fresh: OAuthClient) -> Result<(), Trouble> {
        let (Some(current), Some(client_secret)) = (&self.current, fresh.secret) else {
            let message = "Genesys Cloud answered the reset without the new secret";
            return Err(Failure::retry("no_secret", message).into());
        };
        let value = current.with(&GenesysClient {
            client_id: turn.rotates.to_string(),
            client_secret,
            alternate_client_id: match turn.strategy {
                Strategy::Pair => Some(turn.leaves.to_string()),
                Strategy::Single => None,
            },
        });
        let StepParts {
            secret,
            token,
            proof,
        } = self.parts();
        self.world
            .secrets
            .put_pending(secret, token, &value, proof)
            .await?;
        Ok(())
    }

    fn parts(&self) -> StepParts<'_> {
        StepParts {
            secret: &self.request.secret,
            token: &self.request.token,
            proof: self.request.rotation_token.as_ref(),
        }
    }
}

struct StepParts<'r> {
    secret: &'r SecretArn,
    token: &'r str,
    proof: Option<&'r secrecy::SecretString>,
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

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
                "{error}; a client can be reset only by one that has all of its roles: give them to the client that Lockstep signs in with"
            ),
        ),
        Some(_) | None => of_genesys(error),
    }
}

/// A client that can't sign in by itself is not worth a reset.
async fn fit(session: &Session, id: &ClientId) -> Result<(), Trouble> {
    let found = session.genesys.get_oauth_client(id.as_str()).await;
    let Some(client) = found.map_err(|error| of_genesys(&error))? else {
        return Err(Refusal::NoSuchClient { client: id.clone() }.into());
    };
    let unfit = |because: String| {
        Err(Refusal::Unfit {
            client: id.clone(),
            because,
        }
        .into())
    };
    match client.authorized_grant_type.as_deref() {
        Some("CLIENT-CREDENTIALS") | None => {}
        Some(other) => return unfit(format!("its grant is {other}, not CLIENT-CREDENTIALS")),
    }
    match client.state.as_deref() {
        Some("active") | None => Ok(()),
        Some(other) => unfit(format!("it is {other}")),
    }
}

/// What the platform counted of a client. What can't be read is not "unused".
async fn counted(
    session: &Session,
    client: &ClientId,
    window: Window,
) -> Result<Vec<Use>, Trouble> {
    let rows = session
        .genesys
        .client_usage(client.as_str(), window.from, window.to)
        .await;
    match rows {
        Ok(rows) => Ok(rows.into_iter().map(of_row).collect()),
        // Without a status the platform was reached and says that the query failed.
        Err(error) if error.is_transient() && error.status().is_some() => {
            Err(of_genesys(&error).into())
        }
        Err(error) => Err(Refusal::UseUnknown {
            client: client.clone(),
            because: error.to_string(),
        }
        .into()),
    }
}

fn of_row(row: genesys_cloud::UsageRow) -> Use {
    Use {
        requests: row.calls(),
        user: row.user_id.filter(|id| !id.is_empty()),
        method: row.http_method.unwrap_or_else(|| "?".to_owned()),
        template: row.template_uri.unwrap_or_else(|| "?".to_owned()),
        date: row.date,
    }
}
