//! Whether a client may be reset: what is decided from reads after [`plan`](super::plan), before the
//! only call of a rotation that can't be undone.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{FORCE_TAG, Labels, PENDING, Pair, RotationRefusal, RotationTarget, Strategy};
use crate::arn::SecretArn;
use crate::ids::ClientId;

/// Refuses a reset that would lock somebody out: us, or whoever else signs in with the client.
///
/// # Errors
/// We are signed in with the client, or another secret names it.
pub fn guard(
    target: &RotationTarget,
    signed_in: &ClientId,
    others: &[(SecretArn, Pair)],
) -> Result<(), RotationRefusal> {
    if target.rotates == *signed_in {
        return Err(RotationRefusal::Lockout {
            client: target.rotates.clone(),
            single: target.strategy == Strategy::Single,
        });
    }
    let names = |pair: &Pair| {
        pair.client == target.rotates || pair.alternate.as_ref() == Some(&target.rotates)
    };
    match others.iter().find(|(_, pair)| names(pair)) {
        Some((secret, _)) => Err(RotationRefusal::NamedElsewhere {
            client: target.rotates.clone(),
            secret: Box::new(secret.clone()),
        }),
        None => Ok(()),
    }
}

/// The value of another secret that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherSecret {
    /// It names these clients.
    Names(Pair),
    /// It has the right shape, and its ids are not those of clients.
    WithoutIds,
    /// It has another shape.
    Malformed {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It is deleted or has no current version.
    Gone,
    /// It exists and can't be read, now or later.
    Unreadable {
        /// Why not.
        because: String,
    },
}

impl OtherSecret {
    /// The clients that it names, if any. What can't be read may name the client that would be reset.
    ///
    /// # Errors
    /// What it names is not known.
    pub fn clients(
        self,
        client: &ClientId,
        secret: &SecretArn,
    ) -> Result<Option<Pair>, RotationRefusal> {
        let because = match self {
            Self::Names(pair) => return Ok(Some(pair)),
            Self::Gone => return Ok(None),
            Self::WithoutIds => {
                "its client_id or alternate_client_id is not the id of an OAuth client".to_owned()
            }
            Self::Malformed { problem } => format!("it {problem}"),
            Self::Unreadable { because } => because,
        };
        Err(RotationRefusal::OtherUnreadable {
            client: client.clone(),
            secret: Box::new(secret.clone()),
            because,
        })
    }
}

/// Refuses to reset a client while it is not known which secrets the accepted manifests name.
/// `unreadable` says which of them can't be read, and why.
///
/// # Errors
/// One can't be read.
pub fn ensure_all_known(
    client: &ClientId,
    unreadable: Option<String>,
) -> Result<(), RotationRefusal> {
    match unreadable {
        Some(because) => Err(RotationRefusal::ManifestUnreadable {
            client: Some(client.clone()),
            because,
        }),
        None => Ok(()),
    }
}

/// What the platform says of an OAuth client. What it does not say is no reason to refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservedClient<'a> {
    /// How it signs in.
    pub grant_type: Option<&'a str>,
    /// Whether it may.
    pub state: Option<&'a str>,
}

/// Refuses a client that can't sign in with client credentials: it is not worth a reset.
///
/// # Errors
/// There is no such client, or it can't.
pub fn ensure_fit(
    client: &ClientId,
    observed: Option<ObservedClient<'_>>,
) -> Result<(), RotationRefusal> {
    let Some(observed) = observed else {
        return Err(RotationRefusal::NoSuchClient {
            client: client.clone(),
        });
    };
    let because = match (observed.grant_type, observed.state) {
        (Some("CLIENT-CREDENTIALS") | None, Some("active") | None) => return Ok(()),
        (Some("CLIENT-CREDENTIALS") | None, Some(state)) => format!("its state is {state}"),
        (Some(other), _) => format!("its grant type is {other}, not CLIENT-CREDENTIALS"),
    };
    Err(RotationRefusal::Unfit {
        client: client.clone(),
        because,
    })
}

/// What the secret's tags say of forcing a reset although the client may be in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// Nothing.
    No,
    /// It is forced until then. It expires, in case it is forgotten.
    Until(Timestamp),
    /// It was forced until then.
    Expired(Timestamp),
    /// What the tag says is not a moment.
    Malformed,
}

impl Force {
    /// What the tags say.
    #[must_use]
    pub fn of(tags: &BTreeMap<String, String>, now: Timestamp) -> Self {
        match tags.get(FORCE_TAG).map(|text| text.parse::<Timestamp>()) {
            None => Self::No,
            Some(Err(_)) => Self::Malformed,
            Some(Ok(until)) if until > now => Self::Until(until),
            Some(Ok(until)) => Self::Expired(until),
        }
    }

    /// Until when the reset is forced.
    #[must_use]
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Until(until) => Some(until),
            Self::No | Self::Expired(_) | Self::Malformed => None,
        }
    }

    /// What a person who set the tag should know.
    #[must_use]
    pub fn notice(self) -> Option<String> {
        match self {
            Self::No | Self::Until(_) => None,
            Self::Expired(until) => Some(format!("the tag {FORCE_TAG} expired at {until}")),
            Self::Malformed => Some(format!(
                "the tag {FORCE_TAG} is not a timestamp with an offset"
            )),
        }
    }

    /// Lets a refusal because of use pass where the reset is forced; answers the notice of it.
    ///
    /// # Errors
    /// The refusal, where the reset is not forced.
    pub fn overrule(
        self,
        unused: Result<(), RotationRefusal>,
    ) -> Result<Option<String>, RotationRefusal> {
        match (unused, self) {
            (Ok(()), _) => Ok(None),
            (Err(refusal), Self::Until(_)) => {
                Ok(Some(format!("the reset was forced although {refusal}")))
            }
            (Err(refusal), Self::No | Self::Expired(_) | Self::Malformed) => Err(refusal),
        }
    }
}

/// Refuses a version that does not carry AWSPENDING, or no longer: another rotation may have begun.
///
/// # Errors
/// Another version carries it, or none.
pub fn ensure_pending(labels: &Labels, token: &str) -> Result<(), RotationRefusal> {
    let of_token = labels.versions.get(token);
    if of_token.is_some_and(|labels| labels.contains(PENDING)) {
        return Ok(());
    }
    Err(RotationRefusal::NotPending {
        pending: labels.pending().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::super::CURRENT;
    use super::*;

    const SECRET: &str =
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/other-AbCdEf";

    fn client(id: &str) -> ClientId {
        id.parse().unwrap()
    }

    fn secret() -> SecretArn {
        SECRET.parse().unwrap()
    }

    fn pair(client_id: &str, alternate: Option<&str>) -> Pair {
        Pair {
            client: client(client_id),
            alternate: alternate.map(client),
        }
    }

    #[test]
    fn another_secret_that_cannot_be_read_may_name_the_client() {
        let clients = |seen: OtherSecret| seen.clients(&client("b"), &secret());
        let other = pair("c", Some("d"));
        assert_eq!(
            clients(OtherSecret::Names(other.clone())),
            Ok(Some(other.clone()))
        );
        assert_eq!(clients(OtherSecret::Gone), Ok(None));
        for (seen, expected) in [
            (OtherSecret::WithoutIds, "is not the id of an OAuth client"),
            (
                OtherSecret::Malformed {
                    problem: "is empty",
                },
                "it is empty",
            ),
            (
                OtherSecret::Unreadable {
                    because: "denied".to_owned(),
                },
                "denied",
            ),
        ] {
            match clients(seen) {
                Err(RotationRefusal::OtherUnreadable {
                    client: of,
                    secret: whose,
                    because,
                }) => {
                    assert_eq!((of, *whose), (client("b"), secret()));
                    assert!(because.contains(expected), "{because}");
                }
                other => panic!("{expected}: {other:?}"),
            }
        }
    }

    #[test]
    fn while_a_manifest_cannot_be_read_no_client_is_reset() {
        assert_eq!(ensure_all_known(&client("b"), None), Ok(()));
        let unreadable = ensure_all_known(&client("b"), Some("org-2: denied".to_owned()));
        assert_eq!(
            unreadable,
            Err(RotationRefusal::ManifestUnreadable {
                client: Some(client("b")),
                because: "org-2: denied".to_owned(),
            })
        );
    }

    #[test]
    fn a_client_that_can_not_sign_in_is_not_worth_a_reset() {
        let fit = |grant_type, state| {
            let observed = ObservedClient { grant_type, state };
            ensure_fit(&client("b"), Some(observed))
        };
        let credentials = Some("CLIENT-CREDENTIALS");
        for (grant_type, state) in [
            (credentials, Some("active")),
            (None, Some("active")),
            (credentials, None),
            (None, None),
        ] {
            assert_eq!(fit(grant_type, state), Ok(()), "{grant_type:?} {state:?}");
        }
        for (grant_type, state, expected) in [
            (Some("CODE"), Some("active"), "grant type is CODE"),
            (Some("CODE"), Some("inactive"), "grant type is CODE"),
            (credentials, Some("inactive"), "state is inactive"),
            (None, Some("inactive"), "state is inactive"),
        ] {
            match fit(grant_type, state) {
                Err(RotationRefusal::Unfit { because, .. }) => {
                    assert!(because.contains(expected), "{because}");
                }
                other => panic!("{grant_type:?} {state:?}: {other:?}"),
            }
        }
        assert_eq!(
            ensure_fit(&client("b"), None),
            Err(RotationRefusal::NoSuchClient {
                client: client("b")
            })
        );
    }

    #[test]
    fn a_reset_is_forced_until_the_tag_expires() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let force = |text: Option<&str>| {
            let tags = text.map(|text| (FORCE_TAG.to_owned(), text.to_owned()));
            Force::of(&tags.into_iter().collect(), now)
        };
        let later = "2026-01-01T00:00:01Z".parse().unwrap();
        assert_eq!(force(None), Force::No);
        assert_eq!(force(Some("2026-01-01T00:00:01Z")), Force::Until(later));
        assert_eq!(force(Some("2026-01-01T00:00:00Z")), Force::Expired(now));
        assert_eq!(force(Some("tomorrow")), Force::Malformed);

        let refused = || Err(RotationRefusal::NotTested);
        let notice = Force::Until(later).overrule(refused()).unwrap();
        let notice = notice.unwrap();
        assert!(
            notice.contains(&RotationRefusal::NotTested.to_string()),
            "{notice}"
        );
        for not_forced in [Force::No, Force::Expired(now), Force::Malformed] {
            assert_eq!(not_forced.overrule(refused()).map(drop), refused());
            assert_eq!(not_forced.overrule(Ok(())), Ok(None));
            assert_eq!(not_forced.until(), None);
        }
        assert_eq!(Force::Until(later).overrule(Ok(())), Ok(None));
        assert_eq!(Force::Until(later).until(), Some(later));
        assert!(Force::Expired(now).notice().unwrap().contains("expired"));
        assert!(Force::Malformed.notice().unwrap().contains("offset"));
        assert_eq!(Force::No.notice().or(Force::Until(later).notice()), None);
    }

    #[test]
    fn a_version_that_lost_its_label_meanwhile_is_not_rotated_on() {
        let labels = |pending: &str| Labels {
            rotation_enabled: true,
            versions: [("v1", CURRENT), (pending, PENDING)]
                .map(|(version, label)| (version.to_owned(), [label.to_owned()].into()))
                .into(),
        };
        assert_eq!(ensure_pending(&labels("v2"), "v2"), Ok(()));
        let moved = |pending: Option<&str>| {
            Err(RotationRefusal::NotPending {
                pending: pending.map(str::to_owned),
            })
        };
        assert_eq!(ensure_pending(&labels("v3"), "v2"), moved(Some("v3")));
        assert_eq!(ensure_pending(&labels("v3"), "v1"), moved(Some("v3")));
        assert_eq!(ensure_pending(&Labels::default(), "v2"), moved(None));
    }
}
