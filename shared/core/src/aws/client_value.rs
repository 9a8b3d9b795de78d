//! The value of a secret that holds an OAuth client.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

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
    /// The same value with another client in it; every other member stays, spelled as it is.
    ///
    /// # Errors
    /// It is no object of JSON, which it was when it was read.
    pub fn with(&self, client: &GenesysClient) -> Result<SecretString, serde_json::Error> {
        let mut members: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(self.text.expose_secret())?;
        let mut set = |name: &str, text: &str| {
            members.insert(name.to_owned(), to_raw_value(text)?);
            Ok::<(), serde_json::Error>(())
        };
        set("client_id", &client.client_id)?;
        set("client_secret", client.client_secret.expose_secret())?;
        if let Some(alternate) = &client.alternate_client_id {
            set("alternate_client_id", alternate)?;
        }
        Ok(serde_json::to_string(&members)?.into())
    }

    /// Whether both are the same value, whichever version each is of.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        self.text.expose_secret() == other.text.expose_secret()
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
        .map_err(|_| "is not JSON with the strings client_id and client_secret")?;
    // A secret pasted into the wrong place must not travel on as an id.
    if !is_id(&client_id) {
        return Err("has a client_id that is not the id of an OAuth client");
    }
    if alternate_client_id.as_deref().is_some_and(|id| !is_id(id)) {
        return Err("has an alternate_client_id that is not the id of an OAuth client");
    }
    // `echo` adds one, and Genesys Cloud would say no more than that the secret is wrong.
    if client_secret.expose_secret().ends_with(['\n', '\r']) {
        return Err("has a client_secret that ends with a line break; store it again without it");
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
            r#"{"client_id": "a", "client_secret": "s3cr3t\n"}"#,
        ] {
            let problem = parse(Some(text)).unwrap_err();
            assert!(!problem.contains("s3cr3t"), "{problem}");
        }
    }

    fn stored(text: &str) -> StoredClient {
        StoredClient {
            client: parse(Some(text)).unwrap(),
            made_at: None,
            text: text.into(),
        }
    }

    #[test]
    fn a_line_break_at_the_end_of_a_secret_is_called_what_it_is() {
        for end in ["\\n", "\\r\\n"] {
            let text = format!(r#"{{"client_id": "a", "client_secret": "x{end}"}}"#);
            let problem = parse(Some(&text)).unwrap_err();
            assert!(problem.contains("line break"), "{problem}");
        }
    }

    #[test]
    fn a_pair_changes_places_and_every_other_member_stays_as_it_is_spelled() {
        let text = r#"{"client_id": "a", "client_secret": "s3cr3t", "alternate_client_id": "b",
            "note": [1.10, {"long": 12345678901234567890123}], "rate": 1E400, "name": "\u00e9"}"#;
        let stored = stored(text);
        assert!(!format!("{stored:?}").contains("s3cr3t"));
        let swapped = stored.with(&GenesysClient {
            client_id: "b".into(),
            client_secret: "fr\"esh".into(),
            alternate_client_id: Some("a".into()),
        });
        let swapped = swapped.unwrap();
        let again = parse(Some(swapped.expose_secret())).unwrap();
        assert_eq!(again.client_id, "b");
        assert_eq!(again.client_secret.expose_secret(), "fr\"esh");
        assert_eq!(again.alternate_client_id.as_deref(), Some("a"));
        for kept in [
            r#""note":[1.10, {"long": 12345678901234567890123}]"#,
            r#""rate":1E400"#,
            r#""name":"\u00e9""#,
        ] {
            assert!(
                swapped.expose_secret().contains(kept),
                "{kept} is respelled"
            );
        }
    }

    #[test]
    fn equal_values_are_equal_and_a_fresh_secret_is_not() {
        let one = stored(r#"{"client_id": "a", "client_secret": "x"}"#);
        assert!(one.equals(&one.clone()));
        let other = stored(r#"{"client_id": "a", "client_secret": "y"}"#);
        assert!(!one.equals(&other));
    }
}
