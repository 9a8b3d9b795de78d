//! Signing in: one token for all, replaced before it ends.

use secrecy::{ExposeSecret, SecretString};

use crate::client::{Genesys, under};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::operation::SIGN_IN;
use crate::retry::Attempts;
use crate::token::TokenAnswer;

impl Genesys {
    /// A token that works, and is not the one the platform just refused. However many ask at once, one
    /// sign-in serves them all.
    pub(crate) async fn token(
        &self,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, Error> {
        let tokens = &self.inner.tokens;
        let seen = tokens.sign_ins_ended();
        let mut state = match self.time_left(&SIGN_IN)? {
            None => tokens.state.lock().await,
            Some(left) => tokio::time::timeout(left, tokens.state.lock())
                .await
                .map_err(|_| {
                    let message = "another sign-in was under way until the deadline";
                    Error::new(ErrorKind::OutOfTime, SIGN_IN.name, message)
                })?,
        };
        if let Some(refused) = refused {
            state.discard(refused);
        }
        if let Some(token) = state.fresh(Now::read()) {
            return Ok(token);
        }
        if let Some(refusal) = state.refusal_since(seen) {
            return Err(refusal);
        }
        let old = state.usable(Now::read());
        let ended = self.fetch_token(old.is_some()).await;
        tokens.record(&mut state, &ended, self.inner.settings.refresh_margin);
        match (ended, old) {
            (Ok(_), _) => {
                // The limit is counted per token.
                self.inner.pacing.forget();
            }
            // The old one has some time left: enough for this call.
            (Err(error), Some(old)) if error.is_transient() => {
                tracing::warn!(%error, "no new token yet, going on with the old one");
                return Ok(old);
            }
            (Err(error), _) => return Err(error),
        }
        state.usable(Now::read()).ok_or_else(|| {
            Error::new(
                ErrorKind::Garbled,
                SIGN_IN.name,
                "the token had ended before it arrived",
            )
        })
    }

    /// Signs in, with retries unless there is still a token to go on with.
    async fn fetch_token(&self, once: bool) -> Result<TokenAnswer, Error> {
        let inner = &*self.inner;
        let mut attempts = Attempts::new(
            &SIGN_IN,
            &inner.settings,
            &inner.stats,
            &inner.login_breaker,
            self.deadline(),
        );
        loop {
            match self.token_exchange().await {
                Ok(token) => return Ok(token),
                Err(error) if once => return Err(error),
                Err(error) => attempts.after(error).await?,
            }
        }
    }

    /// Client credentials by HTTP Basic, the grant as a form: official SDKs, `get_client_credentials_token`.
    async fn token_exchange(&self) -> Result<TokenAnswer, Error> {
        let inner = &*self.inner;
        let credentials = &inner.credentials;
        let url = under(&inner.endpoints.login, ["oauth", "token"]);
        let builder = inner
            .http
            .post(url)
            .basic_auth(
                &credentials.client_id,
                Some(credentials.client_secret.expose_secret()),
            )
            .form(&[("grant_type", "client_credentials")]);
        let answer = self
            .guarded_exchange(&SIGN_IN, &inner.login_breaker, builder)
            .await?;
        if !answer.is_success() {
            let host = inner.endpoints.login.host_str().unwrap_or_default();
            return Err(answer.to_token_error(&SIGN_IN, host, &[&credentials.client_secret]));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| answer.garbled(&SIGN_IN, &error.to_string()))
    }
}
