//! A manifest that was accepted before, read again under the bounds and rules of today.
//!
//! An upload is accepted as a whole or refused as a whole. What was accepted is bound, and secrets
//! rotate whatever a deployment changed, so here one entry never takes the others with it: what a
//! template *bound* no longer covers is dropped, entry by entry, and a rule that is newer than the
//! manifest is a notice. Dropped is not removed: nothing of it is revoked.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::{Problems, Weight, sorted};
use super::place::{Place, Step};
use super::read::checked;
use super::{Bounds, Manifest, wire};
use crate::arn::SecretArn;
use crate::ids::Key;
use crate::problem::Problem;

/// What an accepted manifest means today.
#[derive(Debug, Clone, PartialEq)]
pub struct Reread {
    /// What the bounds still cover.
    pub manifest: Manifest,
    /// What they do not.
    pub dropped: Vec<Dropped>,
    /// What an upload would be refused for today.
    pub notices: Vec<Problem>,
}

/// An entry that no bound of the template covers any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its key; none for a secret of `rotated_clients`, and where the key itself is not well-formed.
    pub key: Option<Key>,
    /// The secrets whose changes it would follow.
    pub secrets: Vec<SecretArn>,
    /// Why.
    pub problems: Vec<Problem>,
}

/// Where an entry is. Ordered as they are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Integration(usize),
    Action(usize),
    Credential(usize),
    RotatedClient(usize),
}

impl Entry {
    /// The entry that a place is in.
    fn at(place: &Place) -> Option<Self> {
        match place.steps() {
            [Step::Key(list), Step::Index(index), ..] => match list.as_str() {
                "integrations" => Some(Self::Integration(*index)),
                "actions" => Some(Self::Action(*index)),
                "credentials" => Some(Self::Credential(*index)),
                _ => None,
            },
            [
                Step::Key(organization),
                Step::Key(list),
                Step::Index(index),
                ..,
            ] if organization == "organization" && list == "rotated_clients" => {
                Some(Self::RotatedClient(*index))
            }
            _ => None,
        }
    }
}

/// Reads a manifest that was accepted before.
///
/// # Errors
/// The text cannot be read, or the organization itself is not covered: nothing of it is managed.
pub fn read_accepted(
    text: &str,
    bounds: &Bounds,
    others: &[Manifest],
) -> Result<Reread, Vec<Problem>> {
    checked(text, bounds, others, |mut file, problems| {
        let Broken {
            whole,
            entries,
            notices,
        } = Broken::of(problems);
        if !whole.is_empty() {
            return Err(sorted(whole));
        }
        let entries = with_what_belongs(&file, entries);
        let dropped = entries
            .iter()
            .filter_map(|(entry, problems)| drop_entry(&mut file, *entry, problems))
            .collect();
        close(&mut file);
        let manifest = file.resolve(bounds).ok_or_else(|| {
            let fix = "Upload the manifest again: the events of the upload name the problems.";
            vec![Problem::new(
                "",
                "the accepted manifest can no longer be read",
                fix,
            )]
        })?;
        let stays = |entry: &Option<Entry>| entry.is_none_or(|one| !entries.contains_key(&one));
        let notices = notices.into_iter().filter(|(entry, _)| stays(entry));
        Ok(Reread {
            manifest,
            dropped,
            notices: sorted(notices.map(|(_, problem)| problem).collect()),
        })
    })
}

/// The secrets with OAuth clients that a text names, whatever rules it breaks; `None` where it does not have the
/// form of a manifest, so that not all of them are known.
#[must_use]
pub fn clients_named_in(text: &str, bounds: &Bounds) -> Option<Vec<SecretArn>> {
    let organization = checked(text, bounds, &[], |file, _| Ok(file.organization));
    let organization = organization.ok().flatten()?;
    let mut named = vec![organization.client_secret?];
    for rotated in organization
        .rotated_clients
        .into_iter()
        .flat_map(|list| list.0)
    {
        named.push(rotated?);
    }
    Some(named)
}

/// What is broken, by what it means.
struct Broken {
    whole: Vec<Problem>,
    entries: BTreeMap<Entry, Vec<Problem>>,
    notices: Vec<(Option<Entry>, Problem)>,
}

impl Broken {
    fn of(problems: Problems<'_>) -> Self {
        let mut broken = Self {
            whole: Vec::new(),
            entries: BTreeMap::new(),
            notices: Vec::new(),
        };
        for found in problems.into_found() {
            let entry = Entry::at(&found.place);
            match (found.weight, entry) {
                (Weight::Form, _) | (Weight::Bound, None) => broken.whole.push(found.problem),
                (Weight::Bound, Some(entry)) => {
                    broken.entries.entry(entry).or_default().push(found.problem);
                }
                (Weight::Upload, entry) => broken.notices.push((entry, found.problem)),
            }
        }
        broken
    }
}

/// An integration takes its actions and credentials with it: there is nothing they could be of.
fn with_what_belongs(
    file: &wire::Manifest,
    mut entries: BTreeMap<Entry, Vec<Problem>>,
) -> BTreeMap<Entry, Vec<Problem>> {
    let integrations = file.integrations.iter().flat_map(wire::List::present);
    let dropped: BTreeSet<&Key> = integrations
        .filter(|(index, _)| entries.contains_key(&Entry::Integration(*index)))
        .filter_map(|(_, one)| one.key.as_ref())
        .collect();
    let actions = file.actions.iter().flat_map(wire::List::present);
    let actions = actions.map(|(at, one)| (Entry::Action(at), "actions", at, &one.integration));
    let credentials = file.credentials.iter().flat_map(wire::List::present);
    let credentials =
        credentials.map(|(at, one)| (Entry::Credential(at), "credentials", at, &one.integration));
    for (entry, list, at, integration) in actions.chain(credentials) {
        if let Some(key) = integration
            && dropped.contains(key)
        {
            entries.entry(entry).or_default().push(Problem::new(
                format!("{list}[{at}].integration"),
                format!("its integration `{key}` is not managed, so neither is this entry"),
                format!("Correct the problem of the integration `{key}`."),
            ));
        }
    }
    entries
}

/// Takes an entry out of the file, leaving a hole.
fn drop_entry(file: &mut wire::Manifest, entry: Entry, problems: &[Problem]) -> Option<Dropped> {
    let (key, secrets) = match entry {
        Entry::Integration(index) => {
            let one = take(file.integrations.as_mut(), index)?;
            (one.key, Vec::new())
        }
        Entry::Action(index) => {
            let one = take(file.actions.as_mut(), index)?;
            let secrets = one.secret_references();
            let secrets = secrets.filter_map(|(_, secret)| secret.arn.clone());
            (one.key.clone(), secrets.collect())
        }
        Entry::Credential(index) => {
            let one = take(file.credentials.as_mut(), index)?;
            (one.key, one.secret.into_iter().collect())
        }
        Entry::RotatedClient(index) => {
            let organization = file.organization.as_mut()?;
            let secret = take(organization.rotated_clients.as_mut(), index)?;
            (None, vec![secret])
        }
    };
    Some(Dropped {
        key,
        secrets,
        problems: problems.to_vec(),
    })
}

fn take<T>(list: Option<&mut wire::List<T>>, index: usize) -> Option<T> {
    list?.0.get_mut(index)?.take()
}

/// Closes the holes that were left.
fn close(file: &mut wire::Manifest) {
    fn close_list<T>(list: Option<&mut wire::List<T>>) {
        if let Some(list) = list {
            list.0.retain(Option::is_some);
        }
    }
    close_list(file.integrations.as_mut());
    close_list(file.actions.as_mut());
    close_list(file.credentials.as_mut());
    if let Some(organization) = file.organization.as_mut() {
        close_list(organization.rotated_clients.as_mut());
    }
}
