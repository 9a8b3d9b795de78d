//! Which pair of role and function a plan puts live, and which integration may change its role.

use std::collections::BTreeMap;

use super::{Absent, ActionView, RebindPlan, RebindStep, Refusal, problem};
use crate::ids::{ActionId, Key};
use crate::manifest::{Action, Integration};

/// Which pair of role and function a plan puts live, by what it needs of IAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pair {
    /// The one that is live: a rotation, another name, another template. It needs nothing of IAM.
    Unchanged,
    /// A new one that calls don't use before it was tested as a draft, or that nobody can call yet.
    New,
    /// A new one that calls use from the write on: IAM must have settled before.
    NewAtOnce,
}

impl RebindPlan {
    /// Which pair it puts live.
    #[must_use]
    pub fn pair(&self) -> Pair {
        let pairs = self.steps.iter().map(RebindStep::pair);
        pairs.max().unwrap_or(Pair::Unchanged)
    }

    /// Whether it moves all actions of an existing integration from one role to another.
    #[must_use]
    pub fn moves_role(&self) -> bool {
        self.steps.iter().any(RebindStep::moves_role)
    }
}

impl RebindStep {
    fn pair(&self) -> Pair {
        match self {
            Self::PointConfig { .. } | Self::RewriteCredential { .. } if self.moves_role() => {
                Pair::NewAtOnce
            }
            Self::UpdateAction { old, new, .. } if function(old) != function(new) => {
                Pair::NewAtOnce
            }
            Self::UpdateDraft { old, new, .. } if function(old) != function(new) => Pair::New,
            Self::CreateIntegration { .. }
            | Self::PointConfig { .. }
            | Self::RewriteCredential { .. }
            | Self::CreateAction { .. } => Pair::New,
            Self::CreateCredential { .. }
            | Self::DeleteCredential { .. }
            | Self::EnableIntegration { .. }
            | Self::UpdateAction { .. }
            | Self::OpenDraft { .. }
            | Self::UpdateDraft { .. }
            | Self::ValidateDraft { .. }
            | Self::TestDraft { .. }
            | Self::PublishDraft { .. }
            | Self::DiscardDraft { .. } => Pair::Unchanged,
        }
    }

    fn moves_role(&self) -> bool {
        match self {
            // An empty slot serves no call that could break.
            Self::PointConfig { id, old, .. } => id.is_some() && old.is_some(),
            Self::RewriteCredential { .. } => true,
            Self::CreateIntegration { .. }
            | Self::CreateCredential { .. }
            | Self::DeleteCredential { .. }
            | Self::EnableIntegration { .. }
            | Self::CreateAction { .. }
            | Self::UpdateAction { .. }
            | Self::OpenDraft { .. }
            | Self::UpdateDraft { .. }
            | Self::ValidateDraft { .. }
            | Self::TestDraft { .. }
            | Self::PublishDraft { .. }
            | Self::DiscardDraft { .. } => false,
        }
    }
}

/// For a Lambda action its request URL is the function's ARN.
fn function(view: &ActionView) -> &str {
    &view.config.request_url_template
}

/// An action as the platform lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAction {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Refuses to move an integration to another role while it holds actions that the manifest does not
/// manage, unless the manifest says `adopt: true`: the new role grants the manifest's functions
/// only, so calls of the others would fail. An action that was taken out of the manifest and still
/// exists is not managed any more.
///
/// `listed` are the actions of this integration; `remembered` the ids that Lockstep's own state
/// knows, by the action's key.
///
/// # Errors
/// [`Refusal`] that names the actions.
pub fn may_move_role(
    integration: &Integration,
    actions: &[Action],
    listed: &[ListedAction],
    remembered: &BTreeMap<Key, ActionId>,
) -> Result<(), Refusal> {
    let of_it: Vec<&Action> = actions
        .iter()
        .filter(|action| action.integration == integration.key)
        .collect();
    let is_managed = |listed: &&ListedAction| {
        of_it.iter().any(|action| {
            match action.id.as_ref().or_else(|| remembered.get(&action.key)) {
                Some(id) => id.as_str() == listed.id,
                None => action.name == listed.name,
            }
        })
    };
    let unmanaged: Vec<String> = listed
        .iter()
        .filter(|listed| !is_managed(listed))
        .map(|listed| format!("{:?} ({})", listed.name, listed.id))
        .collect();
    if integration.adopt || unmanaged.is_empty() {
        return Ok(());
    }
    Err(Refusal {
        problems: vec![problem(
            &format!("integrations[{}].role", integration.key),
            format!(
                "the integration {:?} also has actions that are not in the manifest: {}. All \
                 actions of an integration share its role, and the role {} does not grant their \
                 functions",
                integration.name,
                unmanaged.join(", "),
                integration.role
            ),
            "Add these actions to the manifest, or delete them in Genesys Cloud. If calls of them \
             may fail, write `adopt: true` at the integration.",
        )],
        absent: Absent::default(),
    })
}
