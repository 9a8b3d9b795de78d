//! The value of a secret that holds an OAuth client.

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

/// An OAuth client, as a secret holds it.
#[derive(Clone)]
pub struct GenesysClient {
    /// Its id; not a secret.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The id of the other client of its pair, if there is one.
    pub alternate_client_id: Option<String>,
}

/// A version's value: the client in it, and the whole of it.
#[derive(Clone)]
pub struct StoredClient {
    /// The client.
    pub client: GenesysClient,
    /// When the version was made.
    pub made_at: Option<Timestamp>,
    pub(super) text: SecretString,
}

impl fmt::Debug for GenesysClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenesysClient")
            .field("client_id", &self.client_id)
            .field("alternate_client_id", &self.alternate_client_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StoredClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}

impl StoredClient {
    /// The same value with another client in it; every other member stays.
    #[must_use]
    pub fn with(&self, client: &GenesysClient) -> SecretString {
        let text = self.text.expose_secret();
        // It was read as an object before.
        let mut members: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        let secret = client.client_secret.expose_secret();
        members.insert("client_id".to_owned(), client.client_id.as_str().into());
        members.insert("client_secret".to_owned(), secret.into());
        if let Some(alternate) = &client.alternate_client_id {
            members.insert("alternate_client_id".to_owned(), alternate.as_str().into());
        }
        Value::Object(members).to_string().into()
    }
}

#[derive(Deserialize)]
struct Wire {
    client_id: String,
    client_secret: SecretString,
    alternate_client_id: Option<String>,
}

/// Reads the client in a secret's value. serde's own messages quote what they stumble over, so they
/// are not passed on.
pub(super) fn parse(text: Option<&str>) -> Result<GenesysClient, &'static str> {
    let text = text.ok_or("is binary, not text")?;
    let Wire {
        client_id,
        client_secret,
        alternate_client_id,
    } = serde_json::from_str(text)
        .map_err(|_| "is not JSON with the texts client_id and client_secret")?;
    // A secret pasted into the wrong place must not travel on as an id.
    if !is_id(&client_id) {
        return Err("has a client_id that is not the id of an OAuth client");
    }
    if alternate_client_id.as_deref().is_some_and(|id| !is_id(id)) {
        return Err("has an alternate_client_id that is not the id of an OAuth client");
    }
    Ok(GenesysClient {
        client_id,
        client_secret,
        alternate_client_id,
    })
}

fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !text.is_empty() && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_the_client_and_lets_other_members_be() {
        let text = r#"{"client_id": "abc-1", "client_secret": "s3cr3t", "note": "x"}"#;
        let client = parse(Some(text)).unwrap();
        assert_eq!(client.client_id, "abc-1");
        assert_eq!(client.client_secret.expose_secret(), "s3cr3t");
        assert!(!format!("{client:?}").contains("s3cr3t"));
    }

    #[test]
    fn no_error_quotes_the_value() {
        for text in [
            "s3cr3t",
            r#""s3cr3t""#,
            r#"{"client_id": "s3cr3t"}"#,
            r#"{"client_id": "x", "client_secret": ["s3cr3t"]}"#,
            r#"{"client_id": "s3cr3t!", "client_secret": "x"}"#,
            r#"{"client_id": "a", "client_secret": "x", "alternate_client_id": "s3cr3t!"}"#,
            r#"{"client_id": "a", "client_secret": "x", "alternate_client_id": ["s3cr3t"]}"#,
            r#"{"s3cr3t": 1, "client_id": {}, "client_secret": "s3cr3t"}"#,
        ] {
            let problem = parse(Some(text)).unwrap_err();
            assert!(!problem.contains("s3cr3t"), "{problem}");
        }
    }

    #[test]
    fn a_pair_changes_places_and_every_other_member_stays() {
        let text = r#"{"client_id": "a", "client_secret": "s3cr3t", "alternate_client_id": "b", "note": [1]}"#;
        let stored = StoredClient {
            client: parse(Some(text)).unwrap(),
            made_at: None,
            text: text.into(),
        };
        assert!(!format!("{stored:?}").contains("s3cr3t"));
        let swapped = stored.with(&GenesysClient {
            client_id: "b".into(),
            client_secret: "fresh".into(),
            alternate_client_id: Some("a".into()),
        });
        let swapped: Value = serde_json::from_str(swapped.expose_secret()).unwrap();
        let expected = json!({
            "client_id": "b", "client_secret": "fresh", "alternate_client_id": "a", "note": [1],
        });
        assert_eq!(swapped, expected);
    }
}
