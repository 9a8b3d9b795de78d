//! The state of bindings: reading it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use lockstep_domain::change::BindingState;
use lockstep_domain::ids::{Key, OrganizationId, Reserved};

use super::objects::Listed;
use super::{AT_ONCE, Objects, StoreError, Versioned};

pub(super) fn state_object(organization: &OrganizationId, key: &Key) -> String {
    format!("state/{organization}/{key}.json")
}

/// States by their objects, each with the ETag that it was read with: a listing that shows the same
/// ETag says that reading it again would give the same.
type LastRead = BTreeMap<String, Versioned<BindingState>>;

/// Reads the state of bindings, and the records of integrations.
#[derive(Clone, Debug)]
pub struct States {
    pub(super) objects: Objects,
    /// The states that listings showed, as they were last read.
    last_read: Arc<Mutex<LastRead>>,
}

impl States {
    /// In the stack's buckets.
    pub(crate) fn new(objects: &Objects) -> Self {
        Self {
            objects: objects.clone(),
            last_read: Arc::default(),
        }
    }

    /// The state of a binding; one that was never touched has an empty state. One that the previous
    /// release wrote is converted, and stored so at its next write.
    ///
    /// # Errors
    /// S3 did not answer, or the object is not a state of this binding.
    pub async fn load(
        &self,
        organization: &OrganizationId,
        key: &Key,
    ) -> Result<Versioned<BindingState>, StoreError> {
        let object = state_object(organization, key);
        let bucket = &self.objects.config.state_bucket;
        let Some(found) = self.objects.get(bucket, &object, None).await? else {
            return Ok(never_touched(organization, key));
        };
        let value = read(&object, &found.bytes, organization, key)?;
        Ok(Versioned {
            value,
            etag: Some(found.etag),
        })
    }

    /// The states of all bindings of an organization that have one, sorted by key.
    ///
    /// # Errors
    /// S3 did not answer for all of them, or an object is not a state.
    pub async fn states(
        &self,
        organization: &OrganizationId,
    ) -> Result<Vec<BindingState>, StoreError> {
        let states = self.each_state(organization).await?;
        states.into_iter().collect()
    }

    /// The same, each for itself: one that can't be understood is an error of its own. A warm
    /// environment reads only what was written since its last read.
    ///
    /// # Errors
    /// S3 did not list them.
    pub async fn each_state(
        &self,
        organization: &OrganizationId,
    ) -> Result<Vec<Result<BindingState, StoreError>>, StoreError> {
        let listed = self.listed(organization).await?;
        let listed: Vec<(Key, Listed)> = listed.into_iter().collect();
        let mut states = Vec::with_capacity(listed.len());
        for some in listed.chunks(AT_ONCE) {
            let reads = some
                .iter()
                .map(|(key, object)| self.listed_state(organization, key, object));
            for read in join_all(reads).await {
                match read {
                    // Deleted since it was listed: there is no state.
                    Ok(read) if !read.is_stored() => {}
                    read => states.push(read.map(|read| read.value)),
                }
            }
        }
        Ok(states)
    }

    /// The states of some bindings of an organization, in the order of their keys in `keys`. Several are found
    /// by one listing, of which a warm environment reads only what was written since its last read.
    pub async fn some(
        &self,
        organization: &OrganizationId,
        keys: &[&Key],
    ) -> Vec<Result<Versioned<BindingState>, StoreError>> {
        // A listing has pages of 1,000 objects.
        let pages = 1 + self.known_of(organization) / 1_000;
        let listed = match keys.len() > pages {
            true => self.listed(organization).await.map(Some),
            false => Ok(None),
        };
        let mut states = Vec::with_capacity(keys.len());
        for some in keys.chunks(AT_ONCE) {
            let reads = some.iter().map(async |key| match &listed {
                Err(error) => Err(error.clone()),
                Ok(None) => self.load(organization, key).await,
                Ok(Some(listed)) => match listed.get(*key) {
                    Some(object) => self.listed_state(organization, key, object).await,
                    None => Ok(never_touched(organization, key)),
                },
            });
            states.extend(join_all(reads).await);
        }
        states
    }

    /// The objects of the states of an organization, by their bindings.
    async fn listed(
        &self,
        organization: &OrganizationId,
    ) -> Result<BTreeMap<Key, Listed>, StoreError> {
        let prefix = prefix(organization);
        let bucket = &self.objects.config.state_bucket;
        let objects = self.objects.listing(bucket, &prefix).await?;
        self.forget_all_but(&prefix, &objects);
        let listed = objects.into_iter().filter_map(|object| {
            let name = object.key.strip_prefix(&prefix)?.strip_suffix(".json")?;
            let key = name.parse::<Key>().ok()?;
            (key.reserved() != Some(Reserved::Integration)).then_some((key, object))
        });
        Ok(listed.collect())
    }

    /// How many states of an organization the last listing showed, as far as they were read.
    fn known_of(&self, organization: &OrganizationId) -> usize {
        let prefix = prefix(organization);
        let is_of_it = |key: &&String| key.starts_with(&prefix);
        let known = self.last_read.lock();
        known.map_or(0, |known| known.keys().filter(is_of_it).count())
    }

    async fn listed_state(
        &self,
        organization: &OrganizationId,
        key: &Key,
        object: &Listed,
    ) -> Result<Versioned<BindingState>, StoreError> {
        // A panic while it was locked would have ended the process.
        if let Ok(known) = self.last_read.lock()
            && let Some(state) = known.get(&object.key)
            && state.etag.is_some()
            && state.etag == object.etag
        {
            return Ok(state.clone());
        }
        let read = self.load(organization, key).await?;
        if let Ok(mut known) = self.last_read.lock() {
            known.insert(object.key.clone(), read.clone());
        }
        Ok(read)
    }

    /// Keeps, below a prefix, only what is listed there.
    fn forget_all_but(&self, prefix: &str, objects: &[Listed]) {
        let listed: BTreeSet<&str> = objects.iter().map(|object| object.key.as_str()).collect();
        if let Ok(mut known) = self.last_read.lock() {
            known.retain(|key, _| !key.starts_with(prefix) || listed.contains(key.as_str()));
        }
    }
}

fn prefix(organization: &OrganizationId) -> String {
    format!("state/{organization}/")
}

fn never_touched(organization: &OrganizationId, key: &Key) -> Versioned<BindingState> {
    Versioned::absent(BindingState::new(organization.clone(), key.clone()))
}

/// A state of a newer release, or one that was copied from another binding, must not be acted on.
fn read(
    object: &str,
    json: &[u8],
    organization: &OrganizationId,
    key: &Key,
) -> Result<BindingState, StoreError> {
    let corrupt = |problem: String| StoreError::Corrupt {
        object: object.to_owned(),
        problem,
    };
    let state = BindingState::read(json).map_err(|error| corrupt(error.to_string()))?;
    if state.organization != *organization || state.key != *key {
        let (organization, key) = (&state.organization, &state.key);
        return Err(corrupt(format!("it is the state of {organization}/{key}")));
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(state: &serde_json::Value) -> Result<BindingState, String> {
        let json = serde_json::to_vec(state).unwrap();
        let (organization, key) = ("org-1".parse().unwrap(), "orders".parse().unwrap());
        read("state/org-1/orders.json", &json, &organization, &key)
            .map_err(|error| error.to_string())
    }

    fn stored() -> serde_json::Value {
        let state = BindingState::new("org-1".parse().unwrap(), "orders".parse().unwrap());
        serde_json::to_value(state).unwrap()
    }

    #[test]
    fn a_state_of_a_newer_release_is_refused_and_says_what_to_do() {
        let mut newer = stored();
        assert!(load(&newer).is_ok());
        newer["schema"] = 3.into();
        let error = load(&newer).unwrap_err();
        assert!(error.contains("state/org-1/orders.json"), "{error}");
        assert!(error.contains("deploy that release again"), "{error}");
    }

    #[test]
    fn a_state_of_another_binding_is_refused() {
        let mut copied = stored();
        copied["key"] = "invoices".into();
        let error = load(&copied).unwrap_err();
        assert!(
            error.contains("it is the state of org-1/invoices"),
            "{error}"
        );
    }
}
