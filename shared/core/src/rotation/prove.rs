//! testSecret: the new secret signs in, into the right organization, and its client may do all that
//! the client in force may do.

use std::collections::BTreeSet;

use genesys_cloud::{ClientCredentials, Endpoints, ErrorKind, Genesys, Role, Settings};
use jiff::Timestamp;
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::ClientId;
use lockstep_domain::rotation::{Grant, OwnCall, Refusal, Strategy, Turn, missing};

use super::{Rotating, Trouble, of_genesys, signed};
use crate::genesys::Session;
use crate::runtime::Failure;

/// For how many settle times a refused sign-in may still be one that has not settled: with the
/// usual 10 s for a minute, as for roles.
const STILL_SETTLING: u32 = 6;

impl Rotating<'_> {
    /// Tries the value under AWSPENDING.
    pub(super) async fn prove(&mut self, turn: &Turn) -> Result<String, Trouble> {
        let session = self.session().await?;
        self.claim(turn, &session.client_id).await?;
        let made = self.pending.as_ref().and_then(|stored| stored.made_at);
        let known = self.state.value.of(&self.request.token);
        let reset_at = known
            .and_then(|known| known.reset_at)
            // Stored, and the run ended before it said so. The version may be older than its value.
            .or_else(|| made.max(known.and_then(|known| known.resetting_at)))
            .unwrap_or_else(|| self.world.now());
        self.record(|known| known.reset_at = Some(known.reset_at.unwrap_or(reset_at)));
        let settled = reset_at
            .saturating_add(signed(self.world.config.settle))
            .unwrap_or(reset_at);
        // Probing earlier could poison the platform's auth caches.
        self.wait_until(settled, "the new secret has not settled yet")
            .await?;
        self.sign_in_with_pending(turn, settled).await?;
        if turn.strategy == Strategy::Pair {
            compare(&session, turn).await?;
        }
        let now = self.world.now();
        self.record(|known| known.tested_at = Some(now));
        self.save().await?;
        Ok(format!("{} works with its new secret", turn.rotates))
    }

    async fn sign_in_with_pending(
        &mut self,
        turn: &Turn,
        settled: Timestamp,
    ) -> Result<(), Trouble> {
        let Some(stored) = &self.pending else {
            return Err(Refusal::PendingEmpty.into());
        };
        let organization = &self.manifest.organization;
        // A client of its own: the warm sessions are for what is in force.
        let genesys = Genesys::new(
            Endpoints {
                api: organization.api_url.clone(),
                login: organization.login_url.clone(),
            },
            ClientCredentials {
                client_id: stored.client.client_id.clone(),
                client_secret: stored.client.client_secret.clone(),
            },
            Settings::default(),
        )
        .map_err(|error| of_genesys(&error))?
        .with_deadline(self.deadline.instant());
        // Recorded before it is made: what is recorded and was not made hides at most one call.
        self.state.value.note_call(OwnCall {
            client: turn.rotates.clone(),
            method: "GET".to_owned(),
            template: "/api/v2/organizations/me".to_owned(),
            count: 1,
            at: self.world.now(),
        });
        self.save().await?;
        let found = genesys.organization_me().await;
        let stats = genesys.take_stats();
        self.world.metrics.genesys(&stats);
        if let Some(call) = self.state.value.own_calls.last_mut() {
            // Saved with what comes next.
            call.count = stats.requests.max(1);
        }
        match found {
            Ok(found) if found.id == organization.id.as_str() => Ok(()),
            Ok(found) => Err(Failure::permanent(
                "wrong_organization",
                format!(
                    "{} belongs to the organization {}, the manifest is for {}",
                    turn.rotates, found.id, organization.id
                ),
            )
            .into()),
            Err(error) if *error.kind() == ErrorKind::Unauthorized => {
                let patience = signed(self.world.config.settle * STILL_SETTLING);
                let patience = settled.saturating_add(patience).unwrap_or(settled);
                if self.world.now() < patience {
                    return Err(Failure::retry("settling", error).into());
                }
                Err(Refusal::SignInRefused {
                    client: turn.rotates.clone(),
                }
                .into())
            }
            Err(error) => Err(of_genesys(&error).into()),
        }
    }
}

/// Whether the client that comes may do what the client that goes may do. Equal roles in equal
/// divisions are enough; where they differ, what they allow is compared.
async fn compare(session: &Session, turn: &Turn) -> Result<(), Trouble> {
    let current = roles_of(session, &turn.leaves).await?;
    let candidate = roles_of(session, &turn.rotates).await?;
    if current.is_subset(&candidate) {
        return Ok(());
    }
    let lacking = missing(
        &grants(session, &current).await?,
        &grants(session, &candidate).await?,
    );
    if lacking.is_empty() {
        return Ok(());
    }
    Err(Refusal::Lacks {
        client: turn.rotates.clone(),
        missing: lacking,
    }
    .into())
}

/// Roles with their divisions.
async fn roles_of(session: &Session, id: &ClientId) -> Result<BTreeSet<(String, String)>, Trouble> {
    let found = session.genesys.get_oauth_client(id.as_str()).await;
    let Some(client) = found.map_err(|error| of_genesys(&error))? else {
        return Err(Refusal::NoSuchClient { client: id.clone() }.into());
    };
    let roles = client.role_divisions.into_iter();
    Ok(roles.map(|one| (one.role_id, one.division_id)).collect())
}

async fn grants(
    session: &Session,
    roles: &BTreeSet<(String, String)>,
) -> Result<BTreeSet<Grant>, Trouble> {
    let mut grants = BTreeSet::new();
    for (role_id, division) in roles {
        let found = session.genesys.role(role_id).await;
        let Some(role) = found.map_err(|error| of_genesys(&error))? else {
            let message =
                format!("the role {role_id} can't be read, so permissions can't be compared");
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
