//! Roles, as IAM has them.

use std::collections::BTreeSet;

use lockstep_domain::policy::{INVOKE_POLICY_NAME, decode, granted};
use serde_json::Value;

use super::world::World;
use super::{Error, Stage};

/// What matters of a role.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleSeen {
    /// Who may assume it.
    pub trust: Value,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// What our policy allows, if it is there.
    pub invoke: Option<Value>,
    /// The names of its inline policies.
    pub inline: Vec<String>,
}

impl RoleSeen {
    /// The functions that our policy grants by exact ARN.
    pub fn functions(&self) -> BTreeSet<String> {
        let grants = self.invoke.as_ref().map(granted).unwrap_or_default();
        grants.functions.iter().map(ToString::to_string).collect()
    }
}

impl<S: Stage> World<S> {
    /// A role, or nothing where there is none of this name.
    ///
    /// # Errors
    /// Where it can't be read.
    pub async fn role(&self, name: &str) -> Result<Option<RoleSeen>, Error> {
        let iam = &self.stack.aws().iam;
        let got = iam.get_role().role_name(name).send().await;
        let role = match got {
            Ok(answer) => answer.role,
            Err(error) => {
                let error = error.into_service_error();
                if error.is_no_such_entity_exception() {
                    return Ok(None);
                }
                return Err(error.into());
            }
        };
        let role = role.ok_or("GetRole answered no role")?;
        let policies = iam.list_role_policies().role_name(name).send().await?;
        let inline = policies.policy_names().to_vec();
        let invoke = if inline.iter().any(|policy| policy == INVOKE_POLICY_NAME) {
            let policy = iam
                .get_role_policy()
                .role_name(name)
                .policy_name(INVOKE_POLICY_NAME)
                .send()
                .await?;
            Some(decode(policy.policy_document()))
        } else {
            None
        };
        Ok(Some(RoleSeen {
            trust: role
                .assume_role_policy_document()
                .map(decode)
                .unwrap_or_default(),
            boundary: role
                .permissions_boundary()
                .and_then(|boundary| boundary.permissions_boundary_arn())
                .map(str::to_owned),
            invoke,
            inline,
        }))
    }

    /// A role that must be there.
    ///
    /// # Errors
    /// Where it is not, or can't be read.
    pub async fn the_role(&self, name: &str) -> Result<RoleSeen, Error> {
        let role = self.role(name).await?;
        role.ok_or_else(|| format!("there is no role {name}").into())
    }

    /// Replaces a role's trust policy, as an administrator would.
    ///
    /// # Errors
    /// Where IAM refuses.
    pub async fn set_trust(&self, name: &str, trust: &Value) -> Result<(), Error> {
        self.stack
            .aws()
            .iam
            .update_assume_role_policy()
            .role_name(name)
            .policy_document(trust.to_string())
            .send()
            .await?;
        Ok(())
    }

    /// Replaces the policy of ours on a role, as an administrator would.
    ///
    /// # Errors
    /// Where IAM refuses.
    pub async fn set_invoke(&self, name: &str, policy: &Value) -> Result<(), Error> {
        self.stack
            .aws()
            .iam
            .put_role_policy()
            .role_name(name)
            .policy_name(INVOKE_POLICY_NAME)
            .policy_document(policy.to_string())
            .send()
            .await?;
        Ok(())
    }

    /// The names of all roles that Lockstep made.
    ///
    /// # Errors
    /// Where they can't be listed.
    pub async fn managed_roles(&self) -> Result<Vec<String>, Error> {
        let mut names = self.stack.role_names().await?;
        names.retain(|name| name.starts_with("Genesys"));
        Ok(names)
    }
}
