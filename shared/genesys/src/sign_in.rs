//! Signing in: one token for all, replaced before it ends.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::client::Genesys;
use crate::error::{Error, ErrorKind};
use crate::operation::SIGN_IN;
use crate::request::{secret_value, under, unwritable};
use crate::retry::Attempts;
use crate::settings::ClientCredentials;
use crate::token::TokenAnswer;
use crate::transport::Body;

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
                    let message = "another sign-in did not finish before the deadline";
                    Error::new(ErrorKind::OutOfTime, SIGN_IN.name, message)
                })?,
        };
        if let Some(refused) = refused {
            state.discard(refused);
        }
        if let Some(token) = state.fresh(self.now()) {
            return Ok(token);
        }
        if let Some(refusal) = state.refusal_since(seen) {
            return Err(refusal);
        }
        let old = state.usable(self.now());
        let ended = self.fetch_token(old.is_some()).await;
        let margin = self.inner.settings.refresh_margin;
        tokens.record(&mut state, &ended, margin, self.now());
        match (ended, old) {
            (Ok(_), _) => {
                // The limit is counted per token.
                self.inner.pacing.forget();
            }
            // The old one has some time left: enough for this call.
            (Err(error), Some(old)) if error.is_transient() => {
                tracing::warn!(%error, "no new token yet; continuing with the old one");
                return Ok(old);
            }
            (Err(error), _) => return Err(error),
        }
        state.usable(self.now()).ok_or_else(|| {
            Error::new(
                ErrorKind::Garbled,
                SIGN_IN.name,
                "the token had expired before it arrived",
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
        let sent = grant(&url, credentials, &inner.user_agent)?;
        let answer = self
            .guarded_exchange(&SIGN_IN, &inner.login_breaker, sent)
            .await?;
        if !answer.is_success() {
            let host = inner.endpoints.login.host_str().unwrap_or_default();
            return Err(answer.to_token_error(&SIGN_IN, host, &[&credentials.client_secret]));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| answer.garbled(&SIGN_IN, &error.to_string()))
    }
}

/// The client's id and secret by HTTP Basic (RFC 7617), the grant as a form.
fn grant(
    url: &Url,
    credentials: &ClientCredentials,
    user_agent: &HeaderValue,
) -> Result<http::Request<Body>, Error> {
    let pair = format!(
        "{}:{}",
        credentials.client_id,
        credentials.client_secret.expose_secret()
    );
    let authorization = secret_value(&SIGN_IN, &format!("Basic {}", STANDARD.encode(pair)))?;
    let sent = http::Request::builder()
        .method(SIGN_IN.method.clone())
        .uri(url.as_str())
        .header(AUTHORIZATION, authorization)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(USER_AGENT, user_agent)
        .body(Body::from(b"grant_type=client_credentials".to_vec()));
    sent.map_err(|error| unwritable(&SIGN_IN, &error))
}
