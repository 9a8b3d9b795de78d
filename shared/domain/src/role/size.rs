//! Whether the grants of a role fit into the inline policies that IAM allows it.

use std::collections::BTreeSet;

use super::{DesiredRole, PresentRole, Seen};
use crate::arn::{FunctionArn, RoleName};
use crate::policy::{MAX_INLINE_CHARACTERS, characters, invoke_policy};
use crate::problem::Problem;

/// What is wrong with a role whose desired grants alone exceed IAM's limit, and what to do. `None`
/// where they fit.
#[must_use]
pub fn oversize(role: &RoleName, functions: &BTreeSet<FunctionArn>) -> Option<(String, String)> {
    let needed = characters(&invoke_policy(functions));
    if needed <= MAX_INLINE_CHARACTERS {
        return None;
    }
    let fit = how_many_fit(&BTreeSet::new(), functions, MAX_INLINE_CHARACTERS);
    Some((
        format!(
            "the role {role} would need an inline policy of {needed} characters to invoke its {} \
             functions; IAM allows {MAX_INLINE_CHARACTERS}",
            functions.len()
        ),
        format!(
            "Keep at most {fit} of these functions with this role, and move the other actions to a \
             second integration with its own role."
        ),
    ))
}

/// Why `granted` can't be written to the role: with its other inline policies it exceeds IAM's
/// limit. `None` where it fits. Policies of others that could not be read count nothing: IAM judges.
pub(super) fn in_excess(
    desired: &DesiredRole,
    present: &PresentRole,
    before: &BTreeSet<FunctionArn>,
    granted: &BTreeSet<FunctionArn>,
) -> Option<Problem> {
    let name = &desired.name;
    let others = others(present);
    let room = MAX_INLINE_CHARACTERS.saturating_sub(others.characters);
    let needed = characters(&invoke_policy(granted));
    if needed <= room {
        return None;
    }
    let alone = characters(&invoke_policy(&desired.functions));
    let beside = others.in_words;
    let count = desired.functions.len();
    let at = desired.at.clone();
    if alone > room {
        let fit = how_many_fit(&BTreeSet::new(), &desired.functions, room);
        return Some(Problem::new(
            at,
            format!(
                "the role {name} would need an inline policy of {alone} characters to invoke its \
                 {count} functions{beside}; IAM allows {MAX_INLINE_CHARACTERS} for all inline \
                 policies of a role"
            ),
            format!(
                "Keep at most {fit} of these functions with this role, and move the other actions \
                 to a second integration with its own role.{}",
                others.way_out
            ),
        ));
    }
    let still = before.difference(&desired.functions).count();
    let added: BTreeSet<FunctionArn> = desired.functions.difference(before).cloned().collect();
    let fit = how_many_fit(before, &added, room);
    let way_out = if fit > 0 {
        format!(
            "Move the actions in parts: upload a manifest in which at most {fit} of them call a \
             new function, wait until their changes are verified and the old grants revoked, then \
             upload the next part."
        )
    } else {
        "Move the actions whose function changes to a second integration with its own role."
            .to_owned()
    };
    Some(Problem::new(
        at,
        format!(
            "the role {name} has no room for the old and the new grants together: the {count} \
             functions of the manifest and {still} more that actions may still call need an inline \
             policy of {needed} characters{beside}; IAM allows {MAX_INLINE_CHARACTERS} for all \
             inline policies of a role"
        ),
        format!("{way_out}{}", others.way_out),
    ))
}

/// The inline policies that others gave a role.
struct Others {
    characters: usize,
    in_words: String,
    way_out: &'static str,
}

fn others(present: &PresentRole) -> Others {
    let policies = match &present.other_inline {
        Seen::Read(policies) => policies.as_slice(),
        Seen::Unread { .. } => &[],
    };
    let characters = policies.iter().map(|policy| policy.characters).sum();
    let names: Vec<&str> = policies.iter().map(|one| one.name.as_str()).collect();
    if names.is_empty() {
        return Others {
            characters,
            in_words: String::new(),
            way_out: "",
        };
    }
    Others {
        characters,
        in_words: format!(
            " in addition to the {characters} characters of {}",
            names.join(", ")
        ),
        way_out: " Or remove inline policies that Lockstep did not create.",
    }
}

/// How many of `more`, in their order, can be granted in `room` characters beside `granted`.
fn how_many_fit(
    granted: &BTreeSet<FunctionArn>,
    more: &BTreeSet<FunctionArn>,
    room: usize,
) -> usize {
    let mut all = granted.clone();
    more.iter()
        .take_while(|function| {
            all.insert((*function).clone());
            characters(&invoke_policy(&all)) <= room
        })
        .count()
}
