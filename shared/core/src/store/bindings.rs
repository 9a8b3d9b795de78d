//! The state of bindings, and when roles changed.

use jiff::Timestamp;
use lockstep_domain::arn::RoleName;
use lockstep_domain::change::BindingState;
use lockstep_domain::ids::{Key, OrganizationId};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::{AT_ONCE, Condition, Store, StoreError, Versioned, to_json};

/// The layout of a state object that this program understands.
const SCHEMA: u32 = 1;

fn state_object(organization: &OrganizationId, key: &Key) -> String {
    format!("state/{organization}/{key}.json")
}

fn role_object(role: &RoleName) -> String {
    format!("roles/{role}.json")
}

#[derive(Debug, Serialize, Deserialize)]
struct RoleMark {
    changed_at: Timestamp,
}

impl Store {
    /// The state of a binding; one that was never touched has an empty state.
    ///
    /// # Errors
    /// S3 did not answer, or the object is not a state of this binding.
    pub async fn load(
        &self,
        organization: &OrganizationId,
        key: &Key,
    ) -> Result<Versioned<BindingState>, StoreError> {
        let object = state_object(organization, key);
        let Some(state) = self.read_json::<BindingState>(&object).await? else {
            let state = BindingState::new(organization.clone(), key.clone());
            return Ok(Versioned::absent(state));
        };
        checked(&object, state, organization, key)
    }

    /// Saves the state of a binding, unless another run saved it since it was loaded.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], or S3 did not do it.
    pub async fn save(&self, state: &mut Versioned<BindingState>) -> Result<(), StoreError> {
        let object = state_object(&state.value.organization, &state.value.key);
        self.write_json(&object, state).await
    }

    /// The states of all bindings of an organization that have one, sorted by key.
    ///
    /// # Errors
    /// S3 did not answer for all of them, or an object is not a state.
    pub async fn states(
        &self,
        organization: &OrganizationId,
    ) -> Result<Vec<BindingState>, StoreError> {
        let prefix = format!("state/{organization}/");
        let objects = self.list(&self.config.state_bucket, &prefix).await?;
        let keys: Vec<Key> = objects
            .iter()
            .filter_map(|object| object.strip_prefix(&prefix)?.strip_suffix(".json"))
            .filter_map(|key| key.parse().ok())
            .collect();
        let mut states = Vec::with_capacity(keys.len());
        for some in keys.chunks(AT_ONCE) {
            let mut reads = JoinSet::new();
            for key in some {
                let (store, organization, key) = (self.clone(), organization.clone(), key.clone());
                reads.spawn(async move { store.load(&organization, &key).await });
            }
            for read in reads.join_all().await {
                let read = read?;
                // Deleted since it was listed: there is no state.
                if read.is_stored() {
                    states.push(read.value);
                }
            }
        }
        states.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(states)
    }

    /// When Lockstep last wrote to a role, which then needs time to settle; `None` if never.
    ///
    /// # Errors
    /// S3 did not answer, or the object cannot be understood.
    pub async fn role_changed_at(&self, role: &RoleName) -> Result<Option<Timestamp>, StoreError> {
        let mark = self.read_json::<RoleMark>(&role_object(role)).await?;
        Ok(mark.map(|mark| mark.value.changed_at))
    }

    /// Remembers that Lockstep wrote to a role. The last writer wins: a mark decides nothing but
    /// how long to wait.
    ///
    /// # Errors
    /// S3 did not do it.
    pub async fn mark_role_changed(
        &self,
        role: &RoleName,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let object = role_object(role);
        let bytes = to_json(&object, &RoleMark { changed_at: at })?;
        let bucket = &self.config.state_bucket;
        self.put(bucket, &object, bytes, Condition::Always).await?;
        Ok(())
    }
}

/// A state of another layout, or one that was copied from another binding, must not be acted on.
fn checked(
    object: &str,
    state: Versioned<BindingState>,
    organization: &OrganizationId,
    key: &Key,
) -> Result<Versioned<BindingState>, StoreError> {
    let corrupt = |problem: String| StoreError::Corrupt {
        object: object.to_owned(),
        problem,
    };
    let found = &state.value;
    if found.schema != SCHEMA {
        let schema = found.schema;
        return Err(corrupt(format!(
            "its layout is {schema}, this function knows {SCHEMA}"
        )));
    }
    if found.organization != *organization || found.key != *key {
        let (organization, key) = (&found.organization, &found.key);
        return Err(corrupt(format!("it is the state of {organization}/{key}")));
    }
    Ok(state)
}
