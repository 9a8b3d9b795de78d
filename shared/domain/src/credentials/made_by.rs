//! What a step of which no answer is known has created.

use super::{CredentialSetPlan, CredentialStep, ObservedCredentialSet, Target};
use crate::ids::CredentialId;
use crate::plan::{ObjectKind, Step};

/// The credential that a create of which no answer is known has made: the one that the plan now
/// points at, or that is in the slot already.
pub fn made_by(
    plan: &CredentialSetPlan,
    observed: &ObservedCredentialSet,
    step: &Step,
) -> Option<String> {
    if step.object != ObjectKind::Credential {
        return None;
    }
    let pointed = plan.moves.iter().find_map(|one| match one {
        CredentialStep::Point {
            key,
            new: Target::Credential(id),
            ..
        } if *key == step.key => Some(id),
        CredentialStep::Point { .. }
        | CredentialStep::Create { .. }
        | CredentialStep::Test { .. }
        | CredentialStep::Delete { .. } => None,
    });
    let name = step.new.get("name").and_then(serde_json::Value::as_str);
    let by_name = || {
        let mut ours = observed.ours.iter();
        let own = ours.find(|own| Some(own.name.as_str()) == name);
        own.map(|own| &own.id)
    };
    pointed.or_else(by_name).map(CredentialId::to_string)
}
