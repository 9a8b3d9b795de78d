//! A template of an action, as it was read or as it is to be written.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::digest::Digest;

/// A Velocity template. Genesys Cloud answers an action's config without the templates, so one that
/// is known to be the one that was read before is not read again: its digest says all that a
/// comparison needs. Only a template whose text is known can be written.
#[derive(Clone, Debug)]
pub enum Template {
    /// Its text.
    Text(String),
    /// It was not read now; when it was, its text had this digest.
    Unread(Digest),
}

impl Template {
    /// A template that is known by its digest: one of `candidates` where the digest is of that.
    pub fn known<'c>(digest: &Digest, candidates: impl IntoIterator<Item = &'c str>) -> Self {
        let mut candidates = candidates.into_iter();
        match candidates.find(|text| Digest::of(text) == *digest) {
            Some(text) => text.into(),
            None => Self::Unread(digest.clone()),
        }
    }

    /// The text, where it is known.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Unread(_) => None,
        }
    }

    /// The digest of the text.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Text(text) => Digest::of(text),
            Self::Unread(digest) => digest.clone(),
        }
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Text(_) | Self::Unread(_), _) => self.digest() == other.digest(),
        }
    }
}

impl Eq for Template {}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A text as itself; a digest never looks like a text.
impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Unread(digest) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("sha256", digest)?;
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_that_was_not_read_equals_the_text_that_its_digest_is_of_and_no_other() {
        let unread = Template::Unread(Digest::of(&"${input.order}"));
        assert_eq!(unread, Template::from("${input.order}"));
        assert_ne!(unread, Template::from("${input.orders}"));
        assert_eq!(unread, unread.clone());
    }

    #[test]
    fn a_candidate_that_the_digest_is_of_gives_the_text() {
        let digest = Digest::of(&"two");
        let known = Template::known(&digest, ["one", "two"]);
        assert_eq!(known.text(), Some("two"));
        assert_eq!(Template::known(&digest, ["one"]).text(), None);
    }
}
