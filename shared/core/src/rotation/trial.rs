//! testSecret alone, where nobody rotates: `aws secretsmanager rotate-secret --no-rotate-immediately`.
//!
//! It passes where the client in AWSCURRENT signs in and nothing that can be seen beforehand would stop a
//! rotation; else it says what is wrong. Nothing is reset, stored or recorded.

use lockstep_domain::rotation::{Refusal, Strategy, Turn};

use super::test_secret::{SignedIn, compare, signs_in};
use super::{Rotating, Trouble};

impl Rotating<'_> {
    pub(super) async fn try_current(&self, turn: &Turn) -> Result<String, Trouble> {
        let Some(stored) = &self.current else {
            return Err(Refusal::CurrentUnreadable.into());
        };
        match signs_in(self, &stored.client).await? {
            SignedIn::Yes => {}
            SignedIn::AddressRefused => {
                return Err(Refusal::AddressRefused {
                    client: turn.leaves.clone(),
                }
                .into());
            }
            SignedIn::Refused(_) => {
                return Err(Refusal::CurrentRefused {
                    client: turn.leaves.clone(),
                }
                .into());
            }
        }
        let session = self.session().await?;
        self.may_be_reset(&session, turn).await?;
        if turn.strategy == Strategy::Pair {
            compare(&session, turn).await?;
        }
        Ok(format!(
            "trial rotation: {} signs in with AWSCURRENT, and {} can be rotated; nothing was \
             changed",
            turn.leaves, turn.rotates
        ))
    }
}
