//! `POST /oauth/token`, bearer tokens, and what a caller is permitted.
//!
//! Basic authorization and a form: official SDKs. Error bodies: observed at the live login host by a
//! third-party Go client's tests, and terraform-provider-genesyscloud (provider.go) for the rate limit.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::json;
use url::form_urlencoded;

use crate::error::ApiError;
use crate::oauth_clients::{ClientState, OAuthClient};
use crate::request::Reply;
use crate::routes::Needs;
use crate::switches::{InactiveClient, RefusedAddress};
use crate::world::World;

/// The caller's IP address is not among those allowed (published swagger: declared for 401 on every operation).
const ADDRESS_REFUSED: &str = "ip.not.authorized";

/// An issued token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    value: secrecy::SecretString,
    pub(crate) client_id: String,
    until: Timestamp,
}

/// What a token request carries.
pub(crate) struct TokenRequest<'a> {
    pub(crate) authorization: Option<&'a str>,
    pub(crate) query: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

impl TokenRequest<'_> {
    /// A form field; one client was seen to send `grant_type` in the query, and it worked.
    fn field(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.body)
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .chain(self.query.iter().cloned())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Client id and secret, from the Basic header or from the form.
    fn credentials(&self) -> Option<(String, String)> {
        let Some(header) = self.authorization else {
            return Some((self.field("client_id")?, self.field("client_secret")?));
        };
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    }
}

fn invalid_client(status: StatusCode, description: &str) -> ApiError {
    ApiError::oauth(status, "invalid_client", description)
}

impl OAuthClient {
    fn accepts(&self, secret: &str, now: Timestamp) -> bool {
        self.secret.expose_secret() == secret
            || self
                .old_secret
                .as_ref()
                .is_some_and(|(old, until)| now < *until && old.expose_secret() == secret)
    }
}

impl World {
    /// Answers a token request; with the id of the client that asked, where it is known.
    pub(crate) fn issue_token(
        &mut self,
        request: &TokenRequest<'_>,
    ) -> (Result<Reply, ApiError>, Option<String>) {
        let Some((id, secret)) = request.credentials() else {
            let missing = ApiError::oauth(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "client credentials are missing or malformed",
            );
            return (Err(missing), None);
        };
        if self.oauth.client(&id).is_none() {
            let unknown = invalid_client(StatusCode::BAD_REQUEST, "client not found");
            return (Err(unknown), None);
        }
        let answer = self.token_for(&id, &secret, request.field("grant_type").as_deref());
        (answer, Some(id))
    }

    fn token_for(
        &mut self,
        id: &str,
        secret: &str,
        grant: Option<&str>,
    ) -> Result<Reply, ApiError> {
        let now = self.now();
        self.limits.count_token_request(id, now)?;
        let inactive_status = match self.switches.inactive_client {
            InactiveClient::BadRequest => StatusCode::BAD_REQUEST,
            InactiveClient::Unauthorized => StatusCode::UNAUTHORIZED,
        };
        let client = self
            .oauth
            .client(id)
            .ok_or_else(|| invalid_client(StatusCode::BAD_REQUEST, "client not found"))?;
        if !client.accepts(secret, now) {
            return Err(invalid_client(
                StatusCode::UNAUTHORIZED,
                "authentication failed",
            ));
        }
        if client.address_refused && self.switches.refused_address == RefusedAddress::SignIn {
            return Err(ApiError::oauth(
                StatusCode::UNAUTHORIZED,
                ADDRESS_REFUSED,
                "The IP address of the request is not allowed for this client.",
            ));
        }
        match client.state {
            ClientState::Active => {}
            ClientState::Inactive | ClientState::Disabled => {
                return Err(invalid_client(
                    inactive_status,
                    "Access tokens cannot be created",
                ));
            }
        }
        if grant != Some("client_credentials") || client.grant != "CLIENT-CREDENTIALS" {
            return Err(ApiError::oauth(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "the grant type is missing or not allowed for this client",
            ));
        }
        let seconds = client.validity_seconds;
        let value = self.ids.secret();
        let until = now
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap_or(Timestamp::MAX);
        self.oauth.tokens.retain(|token| token.until > now);
        self.oauth.tokens.push(Token {
            value: value.clone(),
            client_id: id.to_owned(),
            until,
        });
        Ok(Reply::ok(json!({
            "access_token": value.expose_secret(),
            "token_type": "bearer",
            "expires_in": seconds,
        })))
    }

    /// The token and the client behind an Authorization header.
    pub(crate) fn authenticate(
        &self,
        authorization: Option<&str>,
    ) -> Result<(String, String), ApiError> {
        let token = authorization
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty())
            .ok_or_else(|| {
                ApiError::new(
                    StatusCode::UNAUTHORIZED,
                    "authentication.required",
                    "No authentication bearer token specified in authorization header.",
                )
            })?;
        let now = self.now();
        self.oauth
            .tokens
            .iter()
            .find(|known| known.value.expose_secret() == token && known.until > now)
            .filter(|known| {
                self.oauth
                    .client(&known.client_id)
                    .is_some_and(|client| client.state != ClientState::Disabled)
            })
            .map(|known| (token.to_owned(), known.client_id.clone()))
            .ok_or_else(|| {
                ApiError::new(
                    StatusCode::UNAUTHORIZED,
                    "bad.credentials",
                    "Invalid login credentials.",
                )
            })
            .and_then(|(token, client)| self.admit_address(token, client))
    }

    fn admit_address(
        &self,
        token: String,
        client_id: String,
    ) -> Result<(String, String), ApiError> {
        let client = self.oauth.client(&client_id);
        if client.is_some_and(|client| client.address_refused)
            && self.switches.refused_address == RefusedAddress::Api
        {
            return Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                ADDRESS_REFUSED,
                "The IP address of the request is not allowed.",
            ));
        }
        Ok((token, client_id))
    }

    /// Refuses a caller who lacks what the operation needs.
    pub(crate) fn permit(&self, caller: &str, needs: Needs) -> Result<(), ApiError> {
        let holds = |name: &&str| self.oauth.holds(caller, name);
        match needs {
            Needs::Nothing => Ok(()),
            Needs::All(names) => {
                let missing: Vec<&str> =
                    names.iter().filter(|name| !holds(name)).copied().collect();
                if missing.is_empty() {
                    return Ok(());
                }
                let list = format!("[{}]", missing.join(", "));
                Err(ApiError::new(
                    StatusCode::FORBIDDEN,
                    "missing.permissions",
                    format!("Unable to perform the requested action. You are missing the following permission(s): {list}"),
                )
                .with_param("permissions", list))
            }
            Needs::Any(names) if names.iter().any(holds) => Ok(()),
            Needs::Any(names) => {
                let list = format!("[{}]", names.join(", "));
                Err(ApiError::new(
                    StatusCode::FORBIDDEN,
                    "missing.any.permissions",
                    format!("Unable to perform the requested action. You must have at least one of the following permissions assigned: {list}"),
                )
                .with_param("permissions", list))
            }
        }
    }

    /// Ends every token of a client at once.
    pub(crate) fn revoke_tokens(&mut self, client_id: &str) {
        self.oauth
            .tokens
            .retain(|token| token.client_id != client_id);
    }
}
