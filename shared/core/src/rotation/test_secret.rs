//! testSecret: the new secret signs in, into the right organization, and its client may do all that
//! the current client may do.

use std::collections::BTreeSet;

use genesys_cloud::{ClientCredentials, Endpoints, ErrorKind, Genesys, OAuthClient, Role};
use jiff::Timestamp;
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::ClientId;
use lockstep_domain::rotation::{
    self, Grant, OwnCall, Proof, RotationRefusal, RotationTarget, SignIn, Strategy,
};

use super::{Rotating, Trouble, of_genesys, signed};
use crate::aws::GenesysClient;
use crate::genesys::Session;
use crate::runtime::Failure;

impl Rotating<'_> {
    /// Tries the value under AWSPENDING.
    pub(super) async fn prove(&mut self, target: &RotationTarget) -> Result<String, Trouble> {
        let session = self.session().await?;
        self.claim(target, &session.client_id).await?;
        let made = self.pending.as_ref().and_then(|stored| stored.made_at);
        let known = self.state.value.of(self.request.token.as_str());
        let reset_at = rotation::reset_at(known, made, self.world.now());
        self.record(|known| known.reset_at = Some(known.reset_at.unwrap_or(reset_at)));
        let settled = reset_at
            .saturating_add(signed(self.world.config.genesys_settle))
            .unwrap_or(reset_at);
        // Probing earlier could poison the platform's auth caches.
        self.wait_until(
            settled,
            "the new secret has not propagated in Genesys Cloud yet",
        )
        .await?;
        self.sign_in_with_pending(target, settled).await?;
        let notice = match target.strategy {
            Strategy::Pair => compare(&session, target).await?,
            Strategy::Single => None,
        };
        let now = self.world.now();
        self.record(|known| {
            known.tested_at = Some(now);
            // Once, however often the step is repeated.
            known
                .notices
                .extend(notice.filter(|notice| !known.notices.contains(notice)));
        });
        self.save().await?;
        Ok(format!(
            "sign-in with the new secret of {} works",
            target.rotates
        ))
    }

    async fn sign_in_with_pending(
        &mut self,
        target: &RotationTarget,
        settled: Timestamp,
    ) -> Result<(), Trouble> {
        let Some(stored) = &self.pending else {
            return Err(RotationRefusal::PendingEmpty.into());
        };
        let stored = stored.client.clone();
        // Recorded before it is made: what is recorded and was not made hides at most one call.
        self.state.value.note_call(OwnCall {
            client: target.rotates.clone(),
            method: "GET".to_owned(),
            template: "/api/v2/organizations/me".to_owned(),
            count: 1,
            at: self.world.now(),
        });
        self.save().await?;
        let (found, requests) = attempt(self, &stored).await?;
        if let Some(call) = self.state.value.own_calls.last_mut() {
            // Saved with what comes next.
            call.count = requests.max(1);
        }
        let Attempt { signed_in, said } = found?;
        let settle = self.world.config.genesys_settle;
        let now = self.world.now();
        match rotation::judge_pending(&target.rotates, signed_in, settled, settle, now)? {
            Proof::Works => Ok(()),
            Proof::Settling => {
                let said = said.map(|error| error.to_string()).unwrap_or_default();
                Err(Failure::retry("settling", said).into())
            }
        }
    }
}

/// How Genesys Cloud answered an attempt to sign in.
pub(super) struct Attempt {
    pub(super) signed_in: SignIn,
    /// Its words, where it refused.
    said: Option<genesys_cloud::Error>,
}

impl Attempt {
    fn refused(signed_in: SignIn, error: genesys_cloud::Error) -> Self {
        Self {
            signed_in,
            said: Some(error),
        }
    }
}

/// Signs in with a client, into the right organization; also how many requests were made with it.
pub(super) async fn attempt(
    rotating: &Rotating<'_>,
    stored: &GenesysClient,
) -> Result<(Result<Attempt, Trouble>, u64), Trouble> {
    let organization = &rotating.manifest.organization;
    // A client of its own: the warm sessions are for the current one.
    let genesys = Genesys::new(
        Endpoints {
            api: organization.api_url.clone(),
            login: organization.login_url.clone(),
        },
        ClientCredentials {
            client_id: stored.client_id.clone(),
            client_secret: stored.client_secret.clone(),
        },
        rotating.world.sessions.settings(),
    )
    .map_err(|error| of_genesys(&error))?
    .with_deadline(rotating.deadline.instant());
    let found = genesys.organization_me().await;
    let stats = genesys.take_stats();
    rotating.world.metrics.genesys(&stats);
    let found = match found {
        Ok(found) if found.id == organization.id.as_str() => Ok(Attempt {
            signed_in: SignIn::Accepted,
            said: None,
        }),
        Ok(found) => Err(Failure::permanent(
            "wrong_organization",
            format!(
                "{} belongs to the organization {}, but the manifest is for {}",
                stored.client_id, found.id, organization.id
            ),
        )
        .into()),
        Err(error) if error.is_address_refused() => {
            Ok(Attempt::refused(SignIn::AddressRefused, error))
        }
        Err(error) if *error.kind() == ErrorKind::Unauthorized => {
            Ok(Attempt::refused(SignIn::Refused, error))
        }
        Err(error) => Err(of_genesys(&error).into()),
    };
    Ok((found, stats.requests))
}

/// Whether the client that comes may do what the client that goes may do. Equal roles in equal
/// divisions are enough; where they differ, what they allow is compared. Answers what else differs and a
/// consumer may notice. The lists of allowed IP addresses would belong here: the API does not show them
/// (official Python SDK 269.0.0, `OAuthClient`).
pub(super) async fn compare(
    session: &Session,
    target: &RotationTarget,
) -> Result<Option<String>, Trouble> {
    let current = client_of(session, &target.leaves).await?;
    let candidate = client_of(session, &target.rotates).await?;
    let life = |client: &OAuthClient| client.access_token_validity_seconds;
    let notice = rotation::token_lives(target, life(&current), life(&candidate));
    let (current, candidate) = (roles_of(current), roles_of(candidate));
    if current.is_subset(&candidate) {
        return Ok(notice);
    }
    let current = grants(session, &current).await?;
    let candidate = grants(session, &candidate).await?;
    rotation::ensure_granted(target, &current, &candidate)?;
    Ok(notice)
}

async fn client_of(session: &Session, id: &ClientId) -> Result<OAuthClient, Trouble> {
    let found = session.genesys.get_oauth_client(id.as_str()).await;
    let found = found.map_err(|error| of_genesys(&error))?;
    found.ok_or_else(|| RotationRefusal::NoSuchClient { client: id.clone() }.into())
}

/// Roles with their divisions.
fn roles_of(client: OAuthClient) -> BTreeSet<(String, String)> {
    let roles = client.role_divisions.into_iter();
    roles.map(|one| (one.role_id, one.division_id)).collect()
}

async fn grants(
    session: &Session,
    roles: &BTreeSet<(String, String)>,
) -> Result<BTreeSet<Grant>, Trouble> {
    let mut grants = BTreeSet::new();
    for (role_id, division) in roles {
        let found = session.genesys.role(role_id).await;
        let Some(role) = found.map_err(|error| of_genesys(&error))? else {
            let message = format!(
                "the role {role_id} cannot be read, so Lockstep cannot compare permissions"
            );
            return Err(Failure::permanent("role_unreadable", message).into());
        };
        grants.extend(granted(&role, division));
    }
    Ok(grants)
}

/// What a role allows in a division. Its policies say more than its list of permissions, which
/// names what they grant under conditions as if there were none.
fn granted(role: &Role, division: &str) -> Vec<Grant> {
    let grant = |permission: String, conditions: Option<Digest>| Grant {
        permission,
        division: division.to_owned(),
        conditions,
    };
    if role.permission_policies.is_empty() {
        let all = role.permissions.iter().cloned();
        return all.map(|permission| grant(permission, None)).collect();
    }
    let mut grants = Vec::new();
    for policy in &role.permission_policies {
        let (Some(domain), Some(entity)) = (&policy.domain, &policy.entity_name) else {
            continue;
        };
        let conditions = policy
            .is_conditional()
            .then(|| Digest::of(&(&policy.resource_condition_node, &policy.named_resources)));
        for action in &policy.action_set {
            let permission = format!("{domain}:{entity}:{action}");
            grants.push(grant(permission, conditions.clone()));
        }
    }
    grants
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_role_grants_under_a_condition_is_not_granted_without_it() {
        let role: Role = serde_json::from_value(json!({
            "permissions": ["routing:queue:view", "oauth:client:view"],
            "permissionPolicies": [
                {"domain": "routing", "entityName": "queue", "actionSet": ["view"],
                 "resourceConditionNode": {"variableName": "queue.id", "operator": "EQ"}},
                {"domain": "oauth", "entityName": "client", "actionSet": ["view"]},
            ],
        }))
        .unwrap();
        let grants = granted(&role, "1");
        let told: Vec<_> = grants
            .iter()
            .map(|grant| (grant.permission.as_str(), grant.conditions.is_some()))
            .collect();
        assert_eq!(
            told,
            [("routing:queue:view", true), ("oauth:client:view", false)]
        );
    }
}
