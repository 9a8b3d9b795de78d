//! The permissions that Lockstep's OAuth client needs in Genesys Cloud: the one list.
//!
//! With the grant type *Client Credentials* the permissions of the client's roles apply and its scopes do not
//! (official Python SDK 269.0.0, `OAuthClient.scope`). Which operation needs which permission: published swagger,
//! `x-inin-requires-permissions`.

use serde::Serialize;

/// What a permission is needed for. Each includes what is before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Compare and report: `mode: plan`.
    Plan,
    /// Change actions, integrations and credentials: `mode: apply`.
    Apply,
    /// Rotate OAuth clients, Lockstep's own included.
    RotateClients,
}

/// One permission of the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Permission {
    /// The domain, such as `integrations`.
    pub domain: &'static str,
    /// The entity, such as `action`.
    pub entity: &'static str,
    /// The action on it, such as `edit`.
    pub action: &'static str,
    /// What needs it.
    pub task: Task,
    /// What Lockstep does with it.
    pub why: &'static str,
}

impl Permission {
    /// As Genesys Cloud writes it, such as `integrations:action:edit`.
    #[must_use]
    pub fn name(&self) -> String {
        let Self {
            domain,
            entity,
            action,
            ..
        } = self;
        format!("{domain}:{entity}:{action}")
    }
}

macro_rules! permissions {
    ($($domain:ident : $entity:ident : $action:ident, $task:ident, $why:literal;)*) => {
        &[$(Permission {
            domain: stringify!($domain),
            entity: stringify!($entity),
            action: stringify!($action),
            task: Task::$task,
            why: $why,
        }),*]
    };
}

/// Every permission, by task.
pub const PERMISSIONS: &[Permission] = permissions! {
    integrations:integration:view, Plan, "read integrations, their configs, types and credentials";
    integrations:action:view, Plan, "read actions, their templates and drafts";
    audits:audit:view, Plan, "prove from the audit log who made a change";
    integrations:integration:add, Apply, "create integrations, and credentials for roles and values";
    integrations:integration:edit, Apply, "switch an integration to a role or a credential, and enable it";
    integrations:integration:delete, Apply, "delete its own replaced credentials";
    integrations:action:add, Apply, "create actions";
    integrations:action:edit, Apply, "bind actions, and validate and publish drafts";
    integrations:action:execute, Apply, "run live tests";
    integrations:action:delete, Apply, "discard its own rejected drafts";
    oauth:client:view, RotateClients, "compare the two clients of a pair";
    oauth:client:edit, RotateClients, "reset the secret of the client that is not current";
    usage:client:view, RotateClients, "see whether a client is still in use";
    authorization:role:view, RotateClients, "compare the permissions of the two clients";
};

/// The permissions for a task and for those before it, in the order of the list.
pub fn permissions_for(task: Task) -> impl Iterator<Item = &'static Permission> {
    PERMISSIONS.iter().filter(move |one| one.task <= task)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{PERMISSIONS, Task, permissions_for};

    #[test]
    fn each_permission_is_in_the_list_once_and_each_task_needs_more_than_the_one_before() {
        let names: BTreeSet<String> = PERMISSIONS.iter().map(|one| one.name()).collect();
        assert_eq!(names.len(), PERMISSIONS.len());
        let counts = [Task::Plan, Task::Apply, Task::RotateClients]
            .map(|task| permissions_for(task).count());
        assert!(counts.is_sorted_by(|less, more| less < more), "{counts:?}");
        assert_eq!(counts[2], PERMISSIONS.len());
    }

    #[test]
    fn what_only_plans_may_only_view() {
        assert!(permissions_for(Task::Plan).all(|one| one.action == "view"));
    }
}
