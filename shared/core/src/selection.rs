//! Which bindings a request means.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::credentials::{CredentialSet, credential_sets};
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::manifest::{Action, Manifest};
use lockstep_domain::problem::Problem;

use crate::store::{Manifests, StoreError};

/// The selected bindings of one manifest.
#[derive(Clone, Debug)]
pub struct Selected<'m> {
    /// The accepted manifest.
    pub manifest: &'m Manifest,
    /// Some or all of its actions, in its order.
    pub actions: Vec<&'m Action>,
    /// The secrets of some or all of its credentials, each with all of its credentials: they move
    /// together.
    pub credential_sets: Vec<CredentialSet<'m>>,
}

/// What a request names; what it leaves out does not narrow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'n> {
    /// The organization.
    pub organization: Option<&'n OrganizationId>,
    /// The bindings.
    pub keys: Option<&'n [Key]>,
    /// A secret that the bindings use.
    pub secret: Option<&'n SecretArn>,
    /// Whether a person asks, who names the organization where there are several. The scheduler
    /// means all of them.
    pub by_hand: bool,
}

impl Named<'_> {
    /// Whether only some of a manifest's bindings may be selected.
    #[must_use]
    pub fn narrows(&self) -> bool {
        self.keys.is_some() || self.secret.is_some()
    }
}

/// The bindings meant, by manifest.
///
/// # Errors
/// Every name that no accepted manifest has, and an organization that should have been named.
pub fn select<'m>(
    manifests: &'m Manifests,
    named: Named<'_>,
) -> Result<Vec<Selected<'m>>, Vec<Problem>> {
    let chosen = chosen(manifests, named).map_err(|problem| vec![problem])?;
    let unknown = unknown(&chosen, named.keys.unwrap_or_default());
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let meant = |action: &&Action| {
        let uses = |secret: &SecretArn| action.secrets.iter().any(|one| one.arn == *secret);
        named.keys.is_none_or(|keys| keys.contains(&action.key)) && named.secret.is_none_or(uses)
    };
    let meant_set = |set: &CredentialSet<'_>| {
        let mut credentials = set.credentials.iter();
        let any_of = |keys: &[Key]| credentials.any(|one| keys.contains(&one.key));
        named.keys.is_none_or(any_of) && named.secret.is_none_or(|secret| set.secret == secret)
    };
    Ok(chosen
        .into_iter()
        .map(|manifest| Selected {
            manifest,
            actions: manifest.actions.iter().filter(meant).collect(),
            credential_sets: credential_sets(manifest)
                .into_iter()
                .filter(meant_set)
                .collect(),
        })
        .collect())
}

fn chosen<'m>(manifests: &'m Manifests, named: Named<'_>) -> Result<Vec<&'m Manifest>, Problem> {
    if let Some(organization) = named.organization {
        return match manifests.known(organization) {
            Ok(Some(accepted)) => Ok(vec![&accepted.manifest]),
            Ok(None) => Err(Problem::new(
                "event.organization",
                format!("organization {organization} has no accepted manifest"),
                with_refused(
                    format!("Upload one, or use one of: {}.", organizations(manifests)),
                    manifests,
                ),
            )),
            Err(error) => Err(unreadable(organization, &error)),
        };
    }
    let needs_one = named.keys.is_some() || named.by_hand;
    // What an unreadable copy binds is not known, so it may be what is meant.
    match (&manifests.current[..], &manifests.unreadable[..]) {
        ([], [copy]) if needs_one => Err(unreadable(&copy.organization, &copy.error)),
        (read, unread) if needs_one && read.len() + unread.len() > 1 => Err(Problem::new(
            "event.organization",
            "there are several accepted manifests, and the event names no organization",
            format!(
                "Set \"organization\" to one of: {}.",
                organizations(manifests)
            ),
        )),
        (_, _) => Ok(current(manifests).collect()),
    }
}

fn unreadable(organization: &OrganizationId, error: &StoreError) -> Problem {
    Problem::new(
        "event.organization",
        format!("the accepted manifest of organization {organization} cannot be read: {error}"),
        "Restore it with the command in the Object Unreadable event, or upload the manifest again, \
         then repeat the request.",
    )
}

fn unknown(chosen: &[&Manifest], keys: &[Key]) -> Vec<Problem> {
    let known: Vec<&str> = chosen
        .iter()
        .flat_map(|manifest| {
            let actions = manifest.actions.iter().map(|action| &action.key);
            actions.chain(manifest.credentials.iter().map(|one| &one.key))
        })
        .map(Key::as_str)
        .collect();
    keys.iter()
        .enumerate()
        .filter(|(_, key)| !known.contains(&key.as_str()))
        .map(|(index, key)| {
            Problem::new(
                format!("event.keys[{index}]"),
                format!("no accepted manifest has an action or a credential with the key {key}"),
                format!("Use keys of the manifest: {}.", known.join(", ")),
            )
        })
        .collect()
}

fn current(manifests: &Manifests) -> impl Iterator<Item = &Manifest> {
    manifests.current.iter().map(|accepted| &accepted.manifest)
}

fn organizations(manifests: &Manifests) -> String {
    let read = current(manifests).map(|manifest| manifest.organization.id.to_string());
    let unread = manifests.unreadable.iter();
    let unread = unread.map(|copy| format!("{} (unreadable)", copy.organization));
    let ids: Vec<String> = read.chain(unread).collect();
    if ids.is_empty() {
        "none".to_owned()
    } else {
        ids.join(", ")
    }
}

fn with_refused(mut fix: String, manifests: &Manifests) -> String {
    let objects: Vec<&str> = manifests
        .refused
        .iter()
        .map(|(object, _)| object.as_str())
        .collect();
    if !objects.is_empty() {
        fix.push_str(&format!(
            " Accepted, but no longer allowed by the stack's parameters: {}.",
            objects.join(", ")
        ));
    }
    fix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{arn, config};
    use crate::store::{Accepted, UnreadableCopy};

    fn id(organization: &str) -> OrganizationId {
        organization.parse().unwrap()
    }

    /// What is accepted, and what can't be read.
    fn manifests(current: &[&str], unreadable: &[&str]) -> Manifests {
        let accepted = |organization: &&str| {
            let text = format!(
                "version: 1\norganization:\n  id: {organization}\n  client_secret: \
                 {}\nintegrations: []\nactions: []\n",
                arn("genesys/client-a1B2c3")
            );
            Accepted {
                manifest: lockstep_domain::manifest::read(&text, &config().bounds, &[]).unwrap(),
                dropped: Vec::new(),
                notices: Vec::new(),
                object: format!("manifests/{organization}.yaml"),
                version_id: None,
                accepted_at: jiff::Timestamp::UNIX_EPOCH,
                text,
            }
        };
        let copy = |organization: &&str| UnreadableCopy {
            organization: id(organization),
            error: StoreError::Corrupt {
                object: format!("accepted/{organization}.json"),
                problem: "EOF while parsing".into(),
            },
        };
        Manifests {
            current: current.iter().map(accepted).collect(),
            unreadable: unreadable.iter().map(copy).collect(),
            ..Manifests::default()
        }
    }

    fn by_hand(manifests: &Manifests, organization: Option<&str>) -> Result<usize, String> {
        let organization = organization.map(id);
        let named = Named {
            organization: organization.as_ref(),
            by_hand: true,
            ..Named::default()
        };
        match select(manifests, named) {
            Ok(selected) => Ok(selected.len()),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn an_unreadable_copy_does_not_change_which_organization_a_call_by_hand_means() {
        let said = by_hand(&manifests(&["org-1"], &["org-2"]), None).unwrap_err();
        assert!(
            said.contains("to one of: org-1, org-2 (unreadable)"),
            "{said}"
        );
        assert_eq!(by_hand(&manifests(&["org-1"], &[]), None), Ok(1));
        assert_eq!(
            by_hand(&manifests(&["org-1"], &["org-2"]), Some("org-1")),
            Ok(1)
        );
    }

    #[test]
    fn an_organization_whose_copy_cannot_be_read_is_called_that() {
        let all = manifests(&["org-1"], &["org-2"]);
        let said = by_hand(&all, Some("org-2")).unwrap_err();
        assert!(said.contains("organization org-2 cannot be read"), "{said}");
        assert!(said.contains("EOF while parsing"), "{said}");
        let said = by_hand(&manifests(&[], &["org-2"]), None).unwrap_err();
        assert!(said.contains("organization org-2 cannot be read"), "{said}");
        let said = by_hand(&all, Some("org-3")).unwrap_err();
        assert!(
            said.contains("organization org-3 has no accepted manifest"),
            "{said}"
        );
    }

    #[test]
    fn the_schedule_means_every_organization_that_can_be_read() {
        let all = manifests(&["org-1"], &["org-2"]);
        let selected = select(&all, Named::default());
        assert_eq!(selected.unwrap().len(), 1);
    }
}
