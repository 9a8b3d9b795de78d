//! The names that Lockstep gives to integration credentials.

use crate::change::ChangeId;
use crate::digest::Digest;
use crate::ids::{CredentialId, Key, version_name};

/// How every such name begins.
const OURS: &str = "Lockstep";

/// Characters of the version id and of the mark: eight each.
const SHORT: usize = 8;

/// The deterministic name of the credential that one attempt at one change makes:
/// `Lockstep <key> <version> <mark>`.
///
/// The same attempt always has the same name, so a create whose answer was lost is found
/// again. Another attempt, and another one in the slot before, have another name: a credential
/// can't be read back, so one is never taken for one that a stranger may have written.
pub fn credential_name(
    key: &Key,
    version_id: &str,
    change: &ChangeId,
    attempt: u32,
    before: Option<&CredentialId>,
) -> String {
    let mark = Digest::of(&(key, version_id, change, attempt, before));
    let version: String = version_name(version_id).chars().take(SHORT).collect();
    format!("{OURS} {key} {version} {}", mark.short(SHORT))
}

/// What a name of ours says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurName {
    /// The manifest key of the credential.
    pub key: Key,
    /// How the id of the secret's version begins.
    pub version: String,
}

/// Reads a name of ours; none where the name is another one's. The credential that carries a role
/// has another form.
pub fn our_name(name: &str) -> Option<OurName> {
    let mut words = name.split(' ');
    let (Some(OURS), Some(key), Some(version), Some(mark), None) = (
        words.next(),
        words.next(),
        words.next(),
        words.next(),
        words.next(),
    ) else {
        return None;
    };
    let is_mark = mark.len() == SHORT && mark.bytes().all(|b| b.is_ascii_hexdigit());
    (is_mark && !version.is_empty()).then_some(())?;
    Some(OurName {
        key: key.parse().ok()?,
        version: version.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(version: &str, attempt: u32, before: Option<&str>) -> String {
        let organization = "org-1".parse().unwrap();
        let key: Key = "erp-login".parse().unwrap();
        let change = ChangeId::of(&organization, &key, &"desired");
        let before = before.map(|id| id.parse().unwrap());
        credential_name(&key, version, &change, attempt, before.as_ref())
    }

    #[test]
    fn a_name_says_whose_and_which_version() {
        let said = our_name(&name("12345678-9abc", 1, None)).unwrap();
        assert_eq!(said.key.as_str(), "erp-login");
        assert_eq!(said.version, "12345678");
        // An id with other characters is named by its digest, so that the name can still be read.
        let said = our_name(&name("a b/c:1234567890", 1, None)).unwrap();
        assert_eq!(said.version.len(), SHORT);
        assert!(said.version.bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn each_attempt_has_a_name_of_its_own_and_always_the_same() {
        let one = name("v1", 1, Some("c-1"));
        assert_eq!(one, name("v1", 1, Some("c-1")));
        for other in [
            name("v1", 2, Some("c-1")),
            name("v1", 1, Some("c-2")),
            name("v1", 1, None),
            name("v2", 1, Some("c-1")),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn names_of_others_are_not_ours() {
        for name in [
            "",
            "Lockstep",
            "Lockstep prod: arn:aws:iam::123456789012:role/Genesys",
            "Lockstep erp 12345678 not-hex!",
            "Lockstep erp 12345678 0123456",
            "Lockstep erp 12345678 01234567 more",
            "ERP login of the web service",
        ] {
            assert_eq!(our_name(name), None, "{name:?}");
        }
    }
}
