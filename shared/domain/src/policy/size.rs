//! How large a policy is, as IAM counts.

use serde_json::Value;

/// The most characters that all inline policies of one role may have together (AWS documentation,
/// "IAM and AWS STS quotas": role inline policies 10,240 characters, white space not counted).
pub const MAX_INLINE_CHARACTERS: usize = 10_240;

/// The characters of a document that IAM counts: all but white space.
#[must_use]
pub fn characters(document: &Value) -> usize {
    let text = document.to_string();
    text.chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::characters;

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(
            characters(&json!({"a": "b c\td"})),
            r#"{"a":"bc\td"}"#.len()
        );
    }
}
