//! IAM roles: carrying out one step of a plan.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Tag;
use lockstep_domain::arn::RoleName;
use lockstep_domain::plan::Outcome;
use lockstep_domain::policy::INVOKE_POLICY_NAME;
use lockstep_domain::role::RoleStep;
use serde_json::Value;

use super::{AwsError, Connection, Kind, refine, roles};

/// Creates and changes roles.
#[derive(Clone, Debug)]
pub struct RoleWriter {
    client: Client,
}

impl RoleWriter {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            client: roles::client(aws),
        }
    }

    /// Carries one step out. There are no choices here: the plan has made them.
    ///
    /// # Errors
    /// AWS's. [`Kind::AlreadyExists`] for a create means that someone else created it first:
    /// observe and plan again.
    pub async fn apply(&self, name: &RoleName, step: &RoleStep) -> Result<Outcome, AwsError> {
        match step {
            RoleStep::Create {
                trust,
                description,
                tags,
                boundary,
            } => {
                self.create(name, trust, description, tags, boundary)
                    .await?
            }
            RoleStep::SetTrust { old: _, new } => self.set_trust(name, new).await?,
            RoleStep::PutInvokePolicy { new, .. } | RoleStep::RevokeFunctions { new, .. } => {
                self.put_invoke_policy(name, new).await?;
            }
            RoleStep::Tag { old: _, new } => self.tag(name, new).await?,
            RoleStep::SetDescription { old: _, new } => self.set_description(name, new).await?,
        }
        Ok(Outcome::Applied)
    }

    async fn create(
        &self,
        name: &RoleName,
        trust: &Value,
        description: &str,
        tags: &BTreeMap<String, String>,
        boundary: &str,
    ) -> Result<(), AwsError> {
        self.client
            .create_role()
            .role_name(name.as_str())
            .assume_role_policy_document(trust.to_string())
            .description(description)
            .permissions_boundary(boundary)
            .set_tags(Some(wire_tags("iam:CreateRole", name, tags)?))
            .send()
            .await
            .map_err(refine("iam:CreateRole", name.as_str()))?;
        Ok(())
    }

    async fn set_trust(&self, name: &RoleName, trust: &Value) -> Result<(), AwsError> {
        self.client
            .update_assume_role_policy()
            .role_name(name.as_str())
            .policy_document(trust.to_string())
            .send()
            .await
            .map_err(refine("iam:UpdateAssumeRolePolicy", name.as_str()))?;
        Ok(())
    }

    async fn put_invoke_policy(&self, name: &RoleName, document: &Value) -> Result<(), AwsError> {
        self.client
            .put_role_policy()
            .role_name(name.as_str())
            .policy_name(INVOKE_POLICY_NAME)
            .policy_document(document.to_string())
            .send()
            .await
            .map_err(refine("iam:PutRolePolicy", name.as_str()))?;
        Ok(())
    }

    async fn tag(&self, name: &RoleName, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
        self.client
            .tag_role()
            .role_name(name.as_str())
            .set_tags(Some(wire_tags("iam:TagRole", name, tags)?))
            .send()
            .await
            .map_err(refine("iam:TagRole", name.as_str()))?;
        Ok(())
    }

    /// Not `UpdateRole`: that would also set the longest session back to its default.
    async fn set_description(&self, name: &RoleName, description: &str) -> Result<(), AwsError> {
        self.client
            .update_role_description()
            .role_name(name.as_str())
            .description(description)
            .send()
            .await
            .map_err(refine("iam:UpdateRoleDescription", name.as_str()))?;
        Ok(())
    }
}

fn wire_tags(
    operation: &'static str,
    name: &RoleName,
    tags: &BTreeMap<String, String>,
) -> Result<Vec<Tag>, AwsError> {
    tags.iter()
        .map(|(key, value)| {
            Tag::builder()
                .key(key)
                .value(value)
                .build()
                .map_err(|error| AwsError {
                    operation,
                    resource: name.to_string(),
                    kind: Kind::Other,
                    code: None,
                    message: format!("a tag: {error}"),
                })
        })
        .collect()
}
