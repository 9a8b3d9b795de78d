//! The sweep's checks of secrets: stuck rotations, and what the manifest requires of age and key.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::compliance::{
    Check, ObservedKey, ObservedSecret, age_check, directives, key_checks, pending_check,
    reader_checks, schedule_checks,
};
use lockstep_domain::ledger::Row;
use lockstep_domain::manifest::{KmsDirective, RotationDirectives};
use lockstep_domain::role::Seen;
use tokio::try_join;

use super::sweep::{AT_ONCE, Sweep};
use crate::aws::AwsError;
use crate::runtime::chain;

impl Sweep<'_> {
    /// The secrets that the manifest names; of a narrowed sweep those of its bindings.
    pub(super) async fn secrets(&self, narrowed: bool) -> Vec<Row> {
        let named: Vec<(&SecretArn, Option<&RotationDirectives>)> = directives(self.manifest)
            .into_iter()
            .filter(|(secret, _)| !narrowed || self.is_bound(secret))
            .collect();
        let mut rows = Vec::new();
        for some in named.chunks(AT_ONCE) {
            let looks = some.iter().map(async |&(secret, said)| {
                match self.look_at(secret).await {
                    Ok(Some(look)) => self.checks(secret, said, &look).await,
                    // That a bound secret is gone is a finding of its binding.
                    Ok(None) => Vec::new(),
                    Err(error) => not_evaluated(secret, said, &chain(&error)),
                }
            });
            rows.extend(join_all(looks).await.into_iter().flatten());
        }
        rows
    }

    fn is_bound(&self, secret: &SecretArn) -> bool {
        let bound = self.actions.iter().flat_map(|action| &action.secrets);
        let pushed = self.credential_sets.iter().map(|set| set.secret);
        let mut all = bound.map(|one| &one.arn).chain(pushed);
        all.any(|one| one == secret)
    }

    async fn look_at(&self, secret: &SecretArn) -> Result<Option<ObservedSecret>, AwsError> {
        let secrets = &self.world.secrets;
        let (seen, made) = try_join!(secrets.metadata(secret), async {
            match self.world.secret_versions.made(secret).await {
                Err(error) if error.is_not_found() => Ok(BTreeMap::new()),
                made => made,
            }
        })?;
        Ok(seen.map(|seen| ObservedSecret {
            labels: seen.labels,
            made,
            key: seen.key,
            next_rotation: seen.next_rotation,
        }))
    }

    async fn checks(
        &self,
        secret: &SecretArn,
        said: Option<&RotationDirectives>,
        look: &ObservedSecret,
    ) -> Vec<Row> {
        let after = self.world.config.stuck_after_minutes;
        let holds_value = self.holds_value(secret, look).await;
        let mut checks = vec![pending_check(secret, look, holds_value, self.began, after)];
        checks.extend(schedule_checks(secret, said, look, self.began));
        let policy = match self.world.secret_policies.read(secret).await {
            Ok(policy) => Seen::Read(policy),
            Err(error) => Seen::Unread {
                because: chain(&error),
            },
        };
        let account = &self.world.config.account;
        checks.extend(reader_checks(secret, account, &policy));
        if let Some(said) = said {
            checks.extend(age_check(secret, said, look, self.began));
            let key = self.key(said, look).await;
            checks.extend(key_checks(secret, said, look, key.as_ref()));
        }
        checks
    }

    /// Only the values of OAuth clients are ours to read.
    async fn holds_value(&self, secret: &SecretArn, look: &ObservedSecret) -> Option<bool> {
        let pending = look.labels.pending()?;
        if !self.manifest.client_secrets().any(|one| one == secret) {
            return None;
        }
        let value = self
            .world
            .client_secrets
            .client_of_version(secret, pending)
            .await;
        value.ok().map(|value| value.is_some())
    }

    async fn key(
        &self,
        said: &RotationDirectives,
        look: &ObservedSecret,
    ) -> Option<Result<ObservedKey, String>> {
        let wanted = said.kms != KmsDirective::Any || said.kms_rotation_required;
        let key = look.key.as_ref().filter(|_| wanted)?;
        let seen = self.world.keys.describe(key).await;
        Some(seen.map_err(|error| chain(&error)))
    }
}

fn not_evaluated(secret: &SecretArn, said: Option<&RotationDirectives>, because: &str) -> Vec<Row> {
    let resource = secret.to_string();
    let mut checks = vec![Check::PendingStuck, Check::SecretReaders];
    if let Some(said) = said {
        checks.extend(said.max_age_days.map(|_| Check::SecretRotation));
        checks.extend(said.max_age_days.map(|_| Check::SecretAge));
        checks.extend((said.kms != KmsDirective::Any).then_some(Check::SecretKey));
        checks.extend(said.kms_rotation_required.then_some(Check::KeyRotation));
    }
    let not_evaluated = |check| Row::not_evaluated(check, &resource, because);
    checks.into_iter().map(not_evaluated).collect()
}
