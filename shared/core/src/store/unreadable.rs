//! Objects that cannot be read or understood: which one it is, and how to repair it.

use lockstep_domain::event::UnreadableObject;
use lockstep_domain::ids::OrganizationId;

use super::Store;
use crate::aws::{AwsError, Kind};

/// An object of one of the stack's buckets that a person has to repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its key.
    pub object: String,
    /// The bucket, where it is known.
    bucket: Option<String>,
    /// What is wrong with it.
    pub problem: String,
    /// The permission that is missing, where that is what is wrong.
    permission: Option<String>,
}

impl Unreadable {
    /// An object that is there and cannot be understood.
    pub(crate) fn corrupt(object: &str, problem: &str) -> Self {
        Self {
            object: object.to_owned(),
            bucket: None,
            problem: format!("it is not valid: {problem}"),
            permission: None,
        }
    }

    /// An object that this function may not read.
    pub(crate) fn denied(error: &AwsError) -> Option<Self> {
        let of_an_object = error.operation == "s3:GetObject";
        let (true, Kind::Denied { permission }) = (of_an_object, &error.kind) else {
            return None;
        };
        let (bucket, object) = error.resource.strip_prefix("s3://")?.split_once('/')?;
        Some(Self {
            object: object.to_owned(),
            bucket: Some(bucket.to_owned()),
            problem: error.to_string(),
            permission: Some(permission.clone()),
        })
    }

    /// The organization that the object is of, by its key.
    #[must_use]
    pub fn organization(&self) -> Option<OrganizationId> {
        let mut parts = self.object.split('/');
        let (first, second) = (parts.next()?, parts.next()?);
        if first == "roles" {
            return None;
        }
        second.strip_suffix(".json").unwrap_or(second).parse().ok()
    }
}

impl Store {
    /// The object, and how to repair it: of one that can be read, its version and the command that
    /// restores the version before; of a denied one, the missing permission. There is nothing wrong
    /// with a denied object, so no command may overwrite it.
    pub async fn named(&self, unreadable: &Unreadable) -> UnreadableObject {
        let key = unreadable.object.clone();
        let bucket = unreadable.bucket.clone().unwrap_or_else(|| {
            let config = &self.objects.config;
            match key.starts_with("evidence/") {
                true => config.evidence_bucket.clone(),
                false => config.state_bucket.clone(),
            }
        });
        let permission = unreadable.permission.clone();
        let version_id = match &permission {
            Some(_) => None,
            None => {
                let found = self
                    .objects
                    .get(&bucket, &key, Some(0))
                    .await
                    .ok()
                    .flatten();
                found.and_then(|found| found.version_id)
            }
        };
        let version = version_id.as_deref();
        let restore = version.map(|version| restore(&bucket, &key, version));
        UnreadableObject {
            bucket,
            key,
            version_id,
            restore,
            permission,
        }
    }
}

/// Copies the newest version that is not the unreadable one over it (AWS CLI reference,
/// `list-object-versions`: newest first).
fn restore(bucket: &str, key: &str, version: &str) -> String {
    let before = format!("Key=='{key}' && VersionId!='{version}'] | [0]");
    format!(
        "aws s3api copy-object --bucket {bucket} --key '{key}' --copy-source \"{bucket}/{key}?versionId=$(aws s3api list-object-versions --bucket {bucket} --prefix '{key}' --query \"Versions[?{before}.VersionId\" --output text)\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_restores_the_version_before_the_unreadable_one() {
        let text = restore("b", "state/org/a.json", "v2");
        assert!(
            text.contains("Key=='state/org/a.json' && VersionId!='v2'"),
            "{text}"
        );
        assert!(
            text.contains("--copy-source \"b/state/org/a.json?versionId="),
            "{text}"
        );
    }

    #[test]
    fn an_object_says_whose_it_is() {
        let of = |object| Unreadable::corrupt(object, "x").organization();
        assert_eq!(of("accepted/org-1.json"), "org-1".parse().ok());
        assert_eq!(of("state/org-1/a.json"), "org-1".parse().ok());
        assert_eq!(of("roles/GenesysOrders.json"), None);
        assert_eq!(of("a"), None);
    }
}
