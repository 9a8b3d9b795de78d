//! Which entries a manifest gets: keys, and which action belongs to which integration.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::arn::FunctionArn;
use lockstep_domain::rebind::INTEGRATION_TYPE;

use super::sources::{Action, Credential, Integration, Sources};

/// The entries of a manifest.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) integrations: Vec<PlannedIntegration>,
    pub(super) actions: Vec<PlannedAction>,
    pub(super) credentials: Vec<PlannedCredential>,
    /// What gets no entry, and why.
    pub(super) skipped: Vec<String>,
}

#[derive(Debug)]
pub(super) struct PlannedIntegration {
    pub(super) key: String,
    pub(super) source: Integration,
}

impl PlannedIntegration {
    /// Whether it carries a role; `None` where its type is not known.
    pub(super) fn is_lambda(&self) -> Option<bool> {
        let of = self.source.integration_type.as_deref()?;
        Some(of == INTEGRATION_TYPE)
    }
}

#[derive(Debug)]
pub(super) struct PlannedAction {
    pub(super) key: String,
    /// The index of its integration.
    pub(super) integration: usize,
    pub(super) source: Action,
    /// The name in the file, where the console added something to it.
    pub(super) exported_as: Option<String>,
}

impl PlannedAction {
    /// The function that it invokes, if its URL is the ARN of one.
    pub(super) fn function(&self) -> Option<FunctionArn> {
        function(&self.source)
    }
}

#[derive(Debug)]
pub(super) struct PlannedCredential {
    pub(super) key: String,
    /// The index of its integration.
    pub(super) integration: usize,
    pub(super) slot: Option<String>,
    pub(super) credential_type: Option<String>,
    pub(super) fields: BTreeSet<String>,
    /// The keys of the actions that show whether it works.
    pub(super) tests: Vec<String>,
}

fn function(action: &Action) -> Option<FunctionArn> {
    action.request.url.as_deref()?.parse().ok()
}

/// Keys that no other entry has.
#[derive(Default)]
struct Keys(BTreeSet<String>);

impl Keys {
    /// A key like the name: lower case, with `-` between its words.
    fn of(&mut self, name: &str, otherwise: &str) -> String {
        const LONGEST: usize = 60;
        let mut slug = String::new();
        for character in name.chars() {
            match character.is_ascii_alphanumeric() {
                true => slug.push(character.to_ascii_lowercase()),
                false if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                false => {}
            }
        }
        slug.truncate(LONGEST);
        let slug = slug.trim_end_matches('-');
        let slug = match slug.is_empty() {
            true => otherwise,
            false => slug,
        };
        let numbered = (2_u32..).map(|number| format!("{slug}-{number}"));
        let key = std::iter::once(slug.to_owned())
            .chain(numbered)
            .find(|key| !self.0.contains(key))
            .unwrap_or_default();
        self.0.insert(key.clone());
        key
    }
}

/// The console adds to the name of an exported action when it was exported, as in ` - Exported 2022-08-01 @ 17:43`.
fn without_export_date(name: &str) -> &str {
    let mut name = name;
    while let Some((before, date)) = name.rsplit_once(" - Exported ") {
        let is_date = date.len() == 18
            && date.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                10 | 12 => byte == b' ',
                11 => byte == b'@',
                15 => byte == b':',
                _ => byte.is_ascii_digit(),
            });
        if !is_date {
            break;
        }
        name = before;
    }
    name
}

/// Makes the entries. `integration_name` is what an integration without a name is called.
pub(super) fn plan(sources: Sources, integration_name: Option<&str>) -> Plan {
    let mut plan = Plan {
        skipped: sources.skipped,
        ..Plan::default()
    };
    let mut keys = Keys::default();
    let mut integrations = merged(sources.integrations);
    let mut actions: Vec<(usize, Action)> = Vec::new();
    let mut ids = BTreeSet::new();
    for action in sources.actions {
        let is_new = action.id.as_ref().is_none_or(|id| ids.insert(id.clone()));
        if !is_new {
            continue;
        }
        if action
            .id
            .as_ref()
            .is_some_and(|id| id.starts_with("static"))
        {
            plan.skipped.push(format!(
                "{}: \"{}\" is a built-in action, which cannot be changed",
                action.from, action.name
            ));
            continue;
        }
        actions.push((integration_of(&action, &mut integrations), action));
    }
    for integration in &mut integrations {
        if integration.name.is_none() {
            integration.name = integration_name.map(str::to_owned);
        }
    }
    for source in integrations {
        let name = source
            .name
            .as_deref()
            .or(source.integration_type.as_deref());
        let key = keys.of(name.unwrap_or_default(), "integration");
        plan.integrations.push(PlannedIntegration { key, source });
    }
    let mut used: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (integration, mut source) in actions {
        used.entry(integration)
            .or_default()
            .extend(source.request.fields.iter().cloned());
        if source.signs_in {
            plan.skipped.push(format!(
                "{}: \"{}\" signs the integration in. It is no Data Action, so it has no entry; Lockstep keeps it as \
                 it is",
                source.from, source.name
            ));
            continue;
        }
        let name = match source.id {
            Some(_) => source.name.as_str(),
            None => without_export_date(&source.name),
        };
        let exported_as = (name != source.name).then(|| source.name.clone());
        source.name = name.to_owned();
        plan.actions.push(PlannedAction {
            key: keys.of(&source.name, "action"),
            integration,
            source,
            exported_as,
        });
    }
    plan.credentials = credentials(&plan, &sources.credentials, &used, &mut keys);
    plan
}

/// One integration for each id: the integration and its config may be in two files.
fn merged(given: Vec<Integration>) -> Vec<Integration> {
    let mut merged: Vec<Integration> = Vec::new();
    for one in given {
        let same = merged
            .iter_mut()
            .find(|other| one.id.is_some() && other.id == one.id);
        match same {
            Some(same) => {
                same.name = same.name.take().or(one.name);
                same.integration_type = same.integration_type.take().or(one.integration_type);
                same.slots.extend(one.slots);
            }
            None => merged.push(one),
        }
    }
    merged
}

/// The integration that an action belongs to; one is added where no file describes it.
fn integration_of(action: &Action, integrations: &mut Vec<Integration>) -> usize {
    let lambda = || function(action).map(|_| INTEGRATION_TYPE.to_owned());
    let of = action.integration_type.clone().or_else(lambda);
    let found = match &action.integration_id {
        Some(id) => integrations
            .iter()
            .position(|one| one.id.as_ref() == Some(id)),
        // An export names the type alone.
        None => integrations
            .iter()
            .position(|one| one.integration_type == of),
    };
    let at = found.unwrap_or_else(|| {
        integrations.push(Integration {
            id: action.integration_id.clone(),
            ..Integration::default()
        });
        integrations.len() - 1
    });
    let integration = &mut integrations[at];
    integration.integration_type = integration.integration_type.take().or(of);
    at
}

/// The credentials of integrations of other types: one for each slot, or one for the fields that the actions use.
fn credentials(
    plan: &Plan,
    known: &[Credential],
    used: &BTreeMap<usize, BTreeSet<String>>,
    keys: &mut Keys,
) -> Vec<PlannedCredential> {
    let mut planned = Vec::new();
    for (at, integration) in plan.integrations.iter().enumerate() {
        if integration.is_lambda() != Some(false) {
            continue;
        }
        let tests = plan
            .actions
            .iter()
            .filter(|action| action.integration == at);
        let tests: Vec<String> = tests.map(|action| action.key.clone()).collect();
        let used = used.get(&at).cloned().unwrap_or_default();
        let slots = &integration.source.slots;
        for (slot, id) in slots {
            let credential = known.iter().find(|one| one.id == *id);
            let fields = credential.map(|one| one.fields.clone()).unwrap_or_default();
            planned.push(PlannedCredential {
                key: keys.of(&format!("{}-{slot}", integration.key), "credential"),
                integration: at,
                slot: Some(slot.clone()),
                credential_type: credential
                    .map(|one| one.credential_type.clone())
                    .filter(|name| !name.is_empty()),
                fields: match fields.is_empty() && slots.len() == 1 {
                    true => used.clone(),
                    false => fields,
                },
                tests: tests.clone(),
            });
        }
        if slots.is_empty() && !used.is_empty() {
            planned.push(PlannedCredential {
                key: keys.of(&format!("{}-credential", integration.key), "credential"),
                integration: at,
                slot: None,
                credential_type: None,
                fields: used,
                tests,
            });
        }
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::{Keys, without_export_date};

    #[test]
    fn a_key_is_like_the_name_and_no_other_entry_has_it() {
        let mut keys = Keys::default();
        assert_eq!(keys.of("Create Case (v2)", "action"), "create-case-v2");
        assert_eq!(keys.of("create case  V2", "action"), "create-case-v2-2");
        assert_eq!(keys.of("予約", "action"), "action");
        assert_eq!(keys.of("__予約", "action"), "action-2");
    }

    #[test]
    fn what_the_console_adds_to_a_name_is_removed_and_nothing_else() {
        let name = "Case - Exported 2024-02-27 @ 15:48 - Exported 2024-02-28 @ 14:51";
        assert_eq!(without_export_date(name), "Case");
        let own = "Case - Exported goods";
        assert_eq!(without_export_date(own), own);
    }
}
