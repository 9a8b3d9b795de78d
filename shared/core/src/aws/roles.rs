//! IAM roles: reading one.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Role;
use lockstep_domain::arn::{RoleArn, RoleName};
use lockstep_domain::policy::{INVOKE_POLICY_NAME, characters, decode};
use lockstep_domain::role::{InlinePolicy, ObservedRole, PresentRole, Seen};
use serde_json::Value;

use super::{AwsError, Connection, Kind, Pages, Service, WholeXml, garbled, refine, required};

/// Reads roles.
#[derive(Clone, Debug)]
pub struct Roles {
    client: Client,
}

/// IAM, believing whole answers only.
pub(super) fn client(aws: &Connection) -> Client {
    let whole = WholeXml { or_nothing: false };
    let mut config = aws_sdk_iam::config::Builder::from(&aws.sdk).interceptor(whole);
    config.set_retry_partition(aws.budget(Service::Iam));
    Client::from_conf(config.build())
}

impl Roles {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            client: client(aws),
        }
    }

    /// Reads the role, our policy on it, and what others gave it.
    ///
    /// # Errors
    /// When the role or our policy cannot be read: nothing can be planned without them. What
    /// others attached is only reported, so there a failed read is [`Seen::Unread`].
    pub async fn observe(&self, name: &RoleName) -> Result<ObservedRole, AwsError> {
        let answer = self
            .client
            .get_role()
            .role_name(name.as_str())
            .send()
            .await
            .map_err(refine("iam:GetRole", name.as_str()));
        let role = match answer {
            Ok(answer) => answer.role,
            Err(error) if error.is_not_found() => return Ok(ObservedRole::Absent),
            Err(error) => return Err(error),
        };
        let role = role
            .filter(|role| name.as_str().eq_ignore_ascii_case(role.role_name()))
            .ok_or_else(|| {
                garbled(
                    "iam:GetRole",
                    name.as_str(),
                    "the response does not have the role",
                )
            })?;
        let trust = required(
            "iam:GetRole",
            name.as_str(),
            "AssumeRolePolicyDocument",
            role.assume_role_policy_document(),
        )?;
        let (invoke, other_inline, attached) = tokio::join!(
            self.inline_policy(name, INVOKE_POLICY_NAME),
            self.other_inline(name),
            self.attached_policies(name),
        );
        Ok(ObservedRole::Present(Box::new(PresentRole {
            arn: arn(name, &role)?,
            description: role
                .description()
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            tags: tags(&role),
            boundary: role
                .permissions_boundary()
                .and_then(|boundary| boundary.permissions_boundary_arn())
                .map(str::to_owned),
            trust: decode(trust),
            invoke: invoke?,
            other_inline: seen(other_inline),
            attached: seen(attached),
        })))
    }

    async fn inline_policy(
        &self,
        name: &RoleName,
        policy: &str,
    ) -> Result<Option<Value>, AwsError> {
        let answer = self
            .client
            .get_role_policy()
            .role_name(name.as_str())
            .policy_name(policy)
            .send()
            .await
            .map_err(refine("iam:GetRolePolicy", name.as_str()));
        match answer {
            Ok(answer) => {
                let document = Some(answer.policy_document());
                let document = required(
                    "iam:GetRolePolicy",
                    name.as_str(),
                    "PolicyDocument",
                    document,
                )?;
                Ok(Some(decode(document)))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Those of others, with their lengths: all inline policies of a role share one limit.
    async fn other_inline(&self, name: &RoleName) -> Result<Vec<InlinePolicy>, AwsError> {
        const OPERATION: &str = "iam:ListRolePolicies";
        let mut pages = Pages::of(OPERATION, name.as_str());
        let mut names = Vec::new();
        let mut marker = None;
        loop {
            let request = self.client.list_role_policies().role_name(name.as_str());
            let page = request.set_marker(marker).send().await;
            let page = page.map_err(refine(OPERATION, name.as_str()))?;
            names.extend(page.policy_names);
            marker = pages.next(page.is_truncated, page.marker)?;
            if marker.is_none() {
                break;
            }
        }
        names.retain(|policy| policy != INVOKE_POLICY_NAME);
        names.sort();
        let mut policies = Vec::with_capacity(names.len());
        for policy in names {
            // Removed since it was listed: it has no length.
            if let Some(document) = self.inline_policy(name, &policy).await? {
                policies.push(InlinePolicy {
                    characters: characters(&document),
                    name: policy,
                });
            }
        }
        Ok(policies)
    }

    async fn attached_policies(&self, name: &RoleName) -> Result<Vec<String>, AwsError> {
        const OPERATION: &str = "iam:ListAttachedRolePolicies";
        let mut pages = Pages::of(OPERATION, name.as_str());
        let mut arns = Vec::new();
        let mut marker = None;
        loop {
            let request = self.client.list_attached_role_policies();
            let request = request.role_name(name.as_str()).set_marker(marker);
            let page = request.send().await;
            let page = page.map_err(refine(OPERATION, name.as_str()))?;
            for policy in page.attached_policies.unwrap_or_default() {
                arns.push(required(
                    OPERATION,
                    name.as_str(),
                    "PolicyArn",
                    policy.policy_arn.or(policy.policy_name),
                )?);
            }
            marker = pages.next(page.is_truncated, page.marker)?;
            if marker.is_none() {
                break;
            }
        }
        arns.sort();
        Ok(arns)
    }
}

fn seen<T>(read: Result<T, AwsError>) -> Seen<T> {
    match read {
        Ok(read) => Seen::Read(read),
        Err(error) => Seen::Unread {
            because: error.to_string(),
        },
    }
}

fn arn(name: &RoleName, role: &Role) -> Result<RoleArn, AwsError> {
    role.arn()
        .parse()
        .map_err(|error| unreadable(name, format!("its ARN: {error}")))
}

fn tags(role: &Role) -> BTreeMap<String, String> {
    role.tags()
        .iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}

fn unreadable(name: &RoleName, message: impl Into<String>) -> AwsError {
    AwsError {
        operation: "iam:GetRole",
        resource: name.to_string(),
        kind: Kind::Other,
        code: None,
        message: message.into(),
    }
}
