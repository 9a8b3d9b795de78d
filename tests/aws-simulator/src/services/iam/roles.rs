//! What IAM holds, as it is and as it was: a change is seen late.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use policy_evaluator::{IdentityPolicy, TrustPolicy};

use super::documents::{Text, characters};
use crate::Settings;

/// A role. Its path is `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its unique id.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// What it is for.
    pub description: Option<String>,
    /// Who may assume it.
    pub trust: Text<TrustPolicy>,
    /// Its inline policies, by name.
    pub inline: BTreeMap<String, Text<IdentityPolicy>>,
    /// The ARNs of its managed policies.
    pub attached: BTreeSet<String>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// How long a session may last at most, in seconds.
    pub longest_session: u32,
}

impl Role {
    /// A role with nothing but a trust policy. A session lasts an hour at most (IAM API reference, `CreateRole`,
    /// `MaxSessionDuration`).
    pub fn new(name: &str, id: &str, created: Timestamp, trust: Text<TrustPolicy>) -> Self {
        Self {
            name: name.to_owned(),
            id: id.to_owned(),
            created,
            description: None,
            trust,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
            tags: BTreeMap::new(),
            longest_session: 3_600,
        }
    }

    /// The ARN of a role of this name.
    #[must_use]
    pub fn arn(settings: &Settings, name: &str) -> String {
        let (partition, account) = (&settings.partition, &settings.account);
        format!("arn:{partition}:iam::{account}:role/{name}")
    }

    /// The characters of its inline policies together.
    pub(super) fn inline_characters(&self) -> usize {
        self.inline
            .values()
            .map(|policy| characters(&policy.text))
            .sum()
    }
}

/// How late IAM and STS show a change. Writes are checked against what is true.
///
/// Source: IAM user guide, "Changes that I make are not always immediately visible".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    /// To whoever reads.
    pub reads: SignedDuration,
    /// To whoever is let in or not, and to the policy simulator.
    pub decisions: SignedDuration,
}

/// A role's states, the newest last; nothing where it was deleted.
type Timeline = Vec<(Timestamp, Option<Arc<Role>>)>;

/// The roles and managed policies of the account.
#[derive(Clone, Debug, Default)]
pub struct Iam {
    /// By name in lower case: "names are not distinguished by case" (IAM API reference, `CreateRole`, `RoleName`).
    roles: BTreeMap<String, Timeline>,
    managed: BTreeMap<String, IdentityPolicy>,
    /// How late a change is seen.
    pub lateness: Lateness,
}

impl Iam {
    /// Adds a managed policy, or replaces the one of this ARN. It is seen at once.
    pub fn put_managed(&mut self, arn: &str, policy: IdentityPolicy) {
        self.managed.insert(arn.to_owned(), policy);
    }

    /// A managed policy.
    #[must_use]
    pub fn managed(&self, arn: &str) -> Option<&IdentityPolicy> {
        self.managed.get(arn)
    }

    /// Adds a role, or replaces the one of this name, as of a moment. What a stack has is there since
    /// [`Timestamp::MIN`].
    pub fn put(&mut self, at: Timestamp, role: Role) {
        let name = role.name.to_lowercase();
        let timeline = self.roles.entry(name).or_default();
        timeline.push((at, Some(Arc::new(role))));
    }

    /// Deletes a role, as somebody else may.
    pub fn delete(&mut self, at: Timestamp, name: &str) {
        if let Some(timeline) = self.roles.get_mut(&name.to_lowercase()) {
            timeline.push((at, None));
        }
    }

    /// Changes a role that exists, as somebody else may.
    pub fn change(&mut self, at: Timestamp, name: &str, change: impl FnOnce(&mut Role)) {
        if let Some(mut role) = self.role(name).cloned() {
            change(&mut role);
            self.put(at, role);
        }
    }

    /// A role as it truly is.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        let timeline = self.roles.get(&name.to_lowercase())?;
        timeline.last()?.1.as_deref()
    }

    /// The roles as they truly are.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        let latest = self.roles.values().filter_map(|timeline| timeline.last());
        latest.filter_map(|(_, role)| role.as_deref())
    }

    /// A role as a reader sees it.
    #[must_use]
    pub fn read(&self, now: Timestamp, name: &str) -> Option<Arc<Role>> {
        self.seen(now, self.lateness.reads, name)
    }

    /// A role as decisions see it.
    #[must_use]
    pub fn decisive(&self, now: Timestamp, name: &str) -> Option<Arc<Role>> {
        self.seen(now, self.lateness.decisions, name)
    }

    fn seen(&self, now: Timestamp, late: SignedDuration, name: &str) -> Option<Arc<Role>> {
        let timeline = self.roles.get(&name.to_lowercase())?;
        let seen = |at: Timestamp| now.duration_since(at) >= late;
        let newest = timeline.iter().rev().find(|(at, _)| seen(*at));
        newest.and_then(|(_, role)| role.clone())
    }

    /// A role's name as it was created.
    pub(super) fn spelled<'n>(&'n self, name: &'n str) -> &'n str {
        self.role(name).map_or(name, |role| role.name.as_str())
    }
}
