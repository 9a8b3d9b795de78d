//! Whether anybody still uses the client that is about to be reset, as far as the platform shows.

use std::time::Duration;

use futures_util::future::join3;
use genesys_cloud::{ErrorKind, OAuthClient};
use jiff::civil::Date;
use lockstep_domain::ids::ClientId;
use lockstep_domain::rotation::{self, LONGEST_TOKEN, RotationRefusal, Unknown, Use};

use super::{Rotating, Trouble, of_genesys};
use crate::genesys::Session;

impl Rotating<'_> {
    /// Whether anyone but Lockstep used the client after AWSCURRENT had moved away from it and consumers had had
    /// time to follow.
    ///
    /// # Errors
    /// The platform did not answer, and may later.
    pub(super) async fn unused(
        &self,
        session: &Session,
        id: &ClientId,
        client: &OAuthClient,
    ) -> Result<Result<(), RotationRefusal>, Trouble> {
        match self.judge_use(session, id, client).await {
            Ok(()) => Ok(Ok(())),
            Err(Trouble::Refused(refusal)) => Ok(Err(refusal)),
            Err(Trouble::Failed(failure)) => Err(failure.into()),
        }
    }

    async fn judge_use(
        &self,
        session: &Session,
        id: &ClientId,
        client: &OAuthClient,
    ) -> Result<(), Trouble> {
        let token_life = client
            .access_token_validity_seconds
            .map_or(LONGEST_TOKEN, Duration::from_secs);
        let left = self.state.value.previous_client.as_ref();
        let grace = self.world.config.client_grace;
        let window = rotation::window(id, left, grace, token_life, self.world.now())?;
        let today = window.today();
        let (uses, own, late) = join3(
            counted(session, id, window.first, window.last),
            own_use_shows(session, id, window.last),
            counted(session, id, today, today),
        )
        .await;
        let mut uses = uses?;
        rotation::ensure_shown(id, own?, window)?;
        // The current day may not show at all, so its silence decides nothing; but use that shows is use.
        uses.extend(late.unwrap_or_default());
        rotation::ensure_unused(id, &uses, &self.state.value.own_calls, window)?;
        Ok(())
    }
}

/// Whether what a client of ours did on a day shows. Both clients of our own pair are asked for: either may have
/// been current on that day.
async fn own_use_shows(session: &Session, judged: &ClientId, day: Date) -> Result<bool, Trouble> {
    let own = session.own_clients.iter().filter(|own| *own != judged);
    for own in own {
        let rows = counted(session, own, day, day).await?;
        if rows.iter().any(|row| row.requests > 0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the platform counted of a client. What can't be read is not "unused".
async fn counted(
    session: &Session,
    client: &ClientId,
    first: Date,
    last: Date,
) -> Result<Vec<Use>, Trouble> {
    let rows = session
        .genesys
        .client_usage(client.as_str(), first, last)
        .await;
    let error = match rows {
        Ok(rows) => return Ok(rows.into_iter().map(of_row).collect()),
        Err(error) => error,
    };
    let said = error.to_string();
    let because = match error.kind() {
        ErrorKind::Denied { .. } => Unknown::Denied { said },
        ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::FunctionDenied
        | ErrorKind::Unauthorized
        | ErrorKind::BadRequest { .. } => Unknown::Rejected { said },
        // Without a status the platform was reached and says that the query failed.
        ErrorKind::Unavailable if error.status().is_none() => Unknown::Unanswered { said },
        ErrorKind::OutOfTime => Unknown::Unanswered { said },
        ErrorKind::Unavailable
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Transport(_)
        | ErrorKind::Garbled => return Err(of_genesys(&error).into()),
    };
    Err(RotationRefusal::UseUnknown {
        client: client.clone(),
        because,
    }
    .into())
}

fn of_row(row: genesys_cloud::UsageRow) -> Use {
    Use {
        requests: row.calls(),
        method: row.http_method.unwrap_or_else(|| "?".to_owned()),
        template: row.template_uri.unwrap_or_else(|| "?".to_owned()),
        date: row.date,
    }
}
