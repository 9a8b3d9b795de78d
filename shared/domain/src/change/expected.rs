//! The audit records that the writes of a change must leave.

use super::Subject;
use crate::plan::{ObjectKind, Step, Verb};
use crate::verdict::Expected;

type Pairs = &'static [(&'static str, &'static str)];

/// The audit record that a write, once it took effect on `id`, must leave. Which action word the
/// platform writes is not documented, so any of the likely ones will do; pairs that its service
/// mapping does not list are not evaluable.
pub(super) fn expected(subject: Subject, step: &Step, id: &str) -> Option<Expected> {
    let any_of = match step.object {
        ObjectKind::Integration => of_integration(step.verb),
        ObjectKind::IntegrationConfig => of_integration_config(step.verb),
        ObjectKind::Action => of_action(step.verb),
        ObjectKind::Draft => of_draft(step.verb),
        ObjectKind::Credential => match subject {
            // That credentials are audited is not proved. Of a credential set they are all that is
            // created, so that the verdict at least says that they are not evaluable.
            Subject::CredentialSet => of_credential(step.verb),
            Subject::Action => None,
        },
        ObjectKind::Role
        | ObjectKind::RoleTrust
        | ObjectKind::RolePolicy
        | ObjectKind::RoleTags
        | ObjectKind::RoleDescription
        | ObjectKind::Binding => None,
    };
    any_of.map(|any_of| Expected::of(id, any_of))
}

fn of_integration(verb: Verb) -> Option<Pairs> {
    match verb {
        Verb::Create => Some(&[("Integration", "Create")]),
        // Words for a change of state: official Python SDK 269.0.0, `AuditTopicAuditLogMessage`.
        Verb::Enable => Some(&[
            ("Integration", "Update"),
            ("Integration", "Enable"),
            ("Integration", "Activate"),
            ("Integration", "Edit"),
        ]),
        Verb::Update
        | Verb::Publish
        | Verb::Discard
        | Verb::Revoke
        | Verb::Resume
        | Verb::Test
        | Verb::Validate => None,
    }
}

fn of_integration_config(verb: Verb) -> Option<Pairs> {
    match verb {
        Verb::Update => Some(&[("Integration", "Update"), ("Integration", "Edit")]),
        Verb::Create
        | Verb::Enable
        | Verb::Publish
        | Verb::Discard
        | Verb::Revoke
        | Verb::Resume
        | Verb::Test
        | Verb::Validate => None,
    }
}

fn of_action(verb: Verb) -> Option<Pairs> {
    match verb {
        Verb::Create => Some(&[("Action", "Create")]),
        Verb::Update => Some(&[("Action", "Update"), ("Action", "Edit")]),
        Verb::Enable
        | Verb::Publish
        | Verb::Discard
        | Verb::Revoke
        | Verb::Resume
        | Verb::Test
        | Verb::Validate => None,
    }
}

fn of_draft(verb: Verb) -> Option<Pairs> {
    match verb {
        Verb::Create | Verb::Update => {
            Some(&[("ActionDraft", "Create"), ("ActionDraft", "Update")])
        }
        Verb::Publish => Some(&[
            ("Action", "Publish"),
            ("Action", "Update"),
            ("ActionDraft", "Publish"),
        ]),
        Verb::Discard => Some(&[
            ("ActionDraft", "Delete"),
            ("ActionDraft", "SoftDelete"),
            ("ActionDraft", "HardDelete"),
            ("ActionDraft", "Remove"),
        ]),
        Verb::Enable | Verb::Revoke | Verb::Resume | Verb::Test | Verb::Validate => None,
    }
}

fn of_credential(verb: Verb) -> Option<Pairs> {
    match verb {
        Verb::Create => Some(&[("Credential", "Create")]),
        Verb::Revoke => Some(&[
            ("Credential", "Delete"),
            ("Credential", "SoftDelete"),
            ("Credential", "HardDelete"),
            ("Credential", "Remove"),
        ]),
        Verb::Update
        | Verb::Enable
        | Verb::Publish
        | Verb::Discard
        | Verb::Resume
        | Verb::Test
        | Verb::Validate => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs that a step of this kind accepts as its record.
    fn accepted(subject: Subject, object: ObjectKind, verb: Verb) -> Vec<(String, String)> {
        let step = Step::new(object, verb, &"orders".parse().unwrap(), "it differs");
        let expected = expected(subject, &step, "id");
        let pair = |entry: crate::verdict::Entry| (entry.entity_type, entry.action);
        let any_of = expected.map(|expected| expected.any_of).unwrap_or_default();
        any_of.into_iter().map(pair).collect()
    }

    #[test]
    fn a_change_of_state_may_be_recorded_under_a_word_of_its_own() {
        let accepted = accepted(Subject::Action, ObjectKind::Integration, Verb::Enable);
        for action in ["Update", "Enable", "Activate", "Edit"] {
            assert!(
                accepted.contains(&("Integration".to_owned(), action.to_owned())),
                "{action}: {accepted:?}"
            );
        }
    }

    #[test]
    fn a_discarded_draft_may_be_recorded_as_any_kind_of_removal() {
        let accepted = accepted(Subject::Action, ObjectKind::Draft, Verb::Discard);
        for action in ["Delete", "SoftDelete", "HardDelete", "Remove"] {
            assert!(
                accepted.contains(&("ActionDraft".to_owned(), action.to_owned())),
                "{action}: {accepted:?}"
            );
        }
    }

    #[test]
    fn records_of_credentials_are_expected_of_a_credential_set_only() {
        for verb in [Verb::Create, Verb::Revoke] {
            let of = |subject| accepted(subject, ObjectKind::Credential, verb);
            assert!(!of(Subject::CredentialSet).is_empty());
            assert!(of(Subject::Action).is_empty());
        }
    }
}
