//! Whether the value under AWSPENDING is good: what is decided from an attempt to sign in with it, and
//! from what the platform says of both clients.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Grant, Rotation, RotationRefusal, RotationTarget, missing};
use crate::ids::ClientId;

/// For how many settle times of Genesys Cloud a refused sign-in may still be one that has not
/// settled: with the usual 10 s for a minute.
const STILL_SETTLING: u32 = 6;

/// How Genesys Cloud answered an attempt to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// Accepted, into the right organization.
    Accepted,
    /// Id or secret were refused.
    Refused,
    /// The function's IP address was refused, which says nothing about the secret.
    AddressRefused,
}

/// What an attempt to sign in with a new secret proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It works.
    Works,
    /// Nothing yet: the reset may not have taken effect everywhere.
    Settling,
}

/// When the secret under AWSPENDING was made: as recorded; else as late as its version, which may be
/// older than its value, and the begin of the reset allow; else now.
#[must_use]
pub fn reset_at(recorded: Option<&Rotation>, made: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let recorded_at = recorded.and_then(|known| known.reset_at);
    let begun = recorded.and_then(|known| known.resetting_at);
    recorded_at.or_else(|| made.max(begun)).unwrap_or(now)
}

/// What an attempt to sign in with the secret under AWSPENDING proves, which counts as settled at
/// `settled`. Where the address is refused, nothing is given up, and waiting does not help.
///
/// # Errors
/// It does not sign in.
pub fn judge_pending(
    client: &ClientId,
    signed_in: SignIn,
    settled: Timestamp,
    settle: Duration,
    now: Timestamp,
) -> Result<Proof, RotationRefusal> {
    match signed_in {
        SignIn::Accepted => Ok(Proof::Works),
        SignIn::AddressRefused => Err(RotationRefusal::AddressRefused {
            client: client.clone(),
        }),
        SignIn::Refused => {
            let patience = SignedDuration::try_from(settle.saturating_mul(STILL_SETTLING));
            let patience = patience.unwrap_or(SignedDuration::MAX);
            if now < settled.saturating_add(patience).unwrap_or(settled) {
                return Ok(Proof::Settling);
            }
            Err(RotationRefusal::SignInRefused {
                client: client.clone(),
            })
        }
    }
}

/// Refuses a trial whose secret in AWSCURRENT does not sign in.
///
/// # Errors
/// Why it does not.
pub fn ensure_current_signs_in(
    client: &ClientId,
    signed_in: SignIn,
) -> Result<(), RotationRefusal> {
    let client = client.clone();
    match signed_in {
        SignIn::Accepted => Ok(()),
        SignIn::AddressRefused => Err(RotationRefusal::AddressRefused { client }),
        SignIn::Refused => Err(RotationRefusal::CurrentRefused { client }),
    }
}

/// Refuses a client that may do less than the one that it replaces.
///
/// # Errors
/// What it lacks.
pub fn ensure_granted(
    target: &RotationTarget,
    current: &BTreeSet<Grant>,
    candidate: &BTreeSet<Grant>,
) -> Result<(), RotationRefusal> {
    let missing = missing(current, candidate);
    if missing.is_empty() {
        return Ok(());
    }
    Err(RotationRefusal::Lacks {
        client: target.rotates.clone(),
        missing,
    })
}

/// That the tokens of the two clients are valid for different times, in seconds, which consumers that
/// cache them may not expect.
#[must_use]
pub fn token_lives(
    target: &RotationTarget,
    current: Option<u64>,
    candidate: Option<u64>,
) -> Option<String> {
    let (old, new) = (current?, candidate?);
    (old != new).then(|| {
        format!(
            "access tokens of {} are valid for {new} s, those of {} for {old} s: set the same \
             token duration for both clients",
            target.rotates, target.leaves
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Pair, RotationState, target_of};
    use super::*;

    fn client(id: &str) -> ClientId {
        id.parse().unwrap()
    }

    fn target() -> RotationTarget {
        let current = Pair {
            client: client("a"),
            alternate: Some(client("b")),
        };
        target_of(&current, false).unwrap()
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_secret_counts_as_made_no_earlier_than_what_is_known_of_it() {
        let secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/a-AbCdEf";
        let mut state = RotationState::new("org-1".parse().unwrap(), secret.parse().unwrap());
        let began = second(10);
        let claimed = state.claim("v2", "v1", &target(), &client("a"), began, second(70));
        claimed.unwrap();
        let mut known = state.rotation.unwrap();
        let now = second(100);
        assert_eq!(reset_at(None, None, now), now);
        assert_eq!(reset_at(None, Some(second(50)), now), second(50));
        assert_eq!(reset_at(Some(&known), None, now), now);
        known.resetting_at = Some(second(60));
        assert_eq!(reset_at(Some(&known), Some(second(50)), now), second(60));
        assert_eq!(reset_at(Some(&known), Some(second(65)), now), second(65));
        known.reset_at = Some(second(61));
        assert_eq!(reset_at(Some(&known), Some(second(65)), now), second(61));
    }

    #[test]
    fn a_refused_sign_in_proves_nothing_until_the_reset_has_surely_settled() {
        let judged = |signed_in, now| {
            let settle = Duration::from_secs(10);
            judge_pending(&client("b"), signed_in, second(100), settle, second(now))
        };
        assert_eq!(judged(SignIn::Accepted, 100), Ok(Proof::Works));
        assert_eq!(judged(SignIn::Refused, 159), Ok(Proof::Settling));
        let refused = judged(SignIn::Refused, 160).unwrap_err();
        assert_eq!(refused.kind(), "sign_in_refused");
        let address = judged(SignIn::AddressRefused, 100).unwrap_err();
        assert_eq!(address.kind(), "address_refused");
    }

    #[test]
    fn a_trial_names_why_the_current_client_does_not_sign_in() {
        let kind = |signed_in| {
            ensure_current_signs_in(&client("a"), signed_in).map_err(|refusal| refusal.kind())
        };
        assert_eq!(kind(SignIn::Accepted), Ok(()));
        assert_eq!(kind(SignIn::Refused), Err("current_refused"));
        assert_eq!(kind(SignIn::AddressRefused), Err("address_refused"));
    }

    #[test]
    fn a_client_with_fewer_grants_is_refused_with_what_it_lacks() {
        let grant = |permission: &str| Grant {
            permission: permission.to_owned(),
            division: "1".to_owned(),
            conditions: None,
        };
        let (view, edit) = (grant("routing:queue:view"), grant("routing:queue:edit"));
        let both = BTreeSet::from([view.clone(), edit]);
        let one = BTreeSet::from([view]);
        assert_eq!(ensure_granted(&target(), &one, &both), Ok(()));
        match ensure_granted(&target(), &both, &one) {
            Err(RotationRefusal::Lacks {
                client: of,
                missing,
            }) => {
                assert_eq!(of, client("b"));
                assert_eq!(missing.len(), 1, "{missing:?}");
                assert!(missing[0].contains("routing:queue:edit"), "{missing:?}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn different_token_durations_are_noted_with_both() {
        assert_eq!(token_lives(&target(), Some(300), Some(300)), None);
        assert_eq!(token_lives(&target(), None, Some(300)), None);
        assert_eq!(token_lives(&target(), Some(300), None), None);
        let notice = token_lives(&target(), Some(300), Some(600)).unwrap();
        let expected = "tokens of b are valid for 600 s, those of a for 300 s";
        assert!(notice.contains(expected), "{notice}");
    }
}
