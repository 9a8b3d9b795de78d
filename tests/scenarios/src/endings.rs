//! How a change ended, whatever the end.

use genesys_simulator::Client;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use crate::world::{Error, PATIENCE, World};

/// The events with which the change of a binding ends.
const ENDS: [&str; 5] = [
    "Change Verified",
    "Change Violated",
    "Change Unverified",
    "Rebind Failed",
    "Rebind Rolled Back",
];

/// Events after which no change comes, told of no binding.
const STOPS: [&str; 3] = [
    "Manifest Refused",
    "Plan Refused",
    "Role Provisioning Failed",
];

/// Between two looks at what nobody tells of.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

impl World {
    /// Waits for the event with which a binding's change ends, heard since `from`, or for one after
    /// which it can't; answers its detail type and detail.
    ///
    /// # Errors
    /// Where none comes; with what came instead.
    pub async fn ending(&self, key: &str, from: usize) -> Result<(String, Value), Error> {
        let what = format!("the end of {key}'s change");
        let heard = self
            .stack
            .wait_for(&what, from, PATIENCE, |event| {
                let name = event.detail_type.as_str();
                event.source == "lockstep"
                    && (STOPS.contains(&name)
                        || (event.detail["key"] == key && ENDS.contains(&name)))
            })
            .await?;
        Ok((heard.detail_type, heard.detail))
    }

    /// Waits until Genesys Cloud has answered a call with a status.
    ///
    /// # Errors
    /// Where that does not come.
    pub async fn answered(&self, status: u16) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        let is_there = || {
            let calls = self.stack.genesys.calls();
            calls.iter().any(|call| call.status == Some(status))
        };
        while !is_there() {
            if Instant::now() > deadline {
                return Err(format!("nothing was answered with {status}").into());
            }
            // The log of calls is read, not listened to.
            sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    /// A token of a client of the organization.
    ///
    /// # Errors
    /// Where the client can't sign in.
    pub async fn token(&self, client: &Client) -> Result<String, Error> {
        let answer: Value = reqwest::Client::new()
            .post(format!("{}/oauth/token", self.stack.genesys.login_url()))
            .basic_auth(&client.id, Some(client.secret.expose_secret()))
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let token = answer["access_token"].as_str();
        Ok(token.ok_or("the answer has no token")?.to_owned())
    }
}
