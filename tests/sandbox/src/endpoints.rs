//! What a running sandbox tells other programs: `target/sandbox/endpoints.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::place;

/// Where everything answers. The simulator alone has the Genesys part only.
///
/// The secrets in it are those of a simulator on loopback: they open nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The AWS part.
    #[serde(flatten)]
    pub aws: Option<AwsEndpoints>,
    /// The Genesys Cloud part.
    #[serde(flatten)]
    pub genesys: GenesysEndpoints,
}

/// The AWS part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsEndpoints {
    /// Where all of AWS answers; `test`/`test` are the keys of the account's root.
    pub aws_endpoint_url: String,
    /// The region.
    pub region: String,
    /// The secret with the client that Lockstep signs in with.
    pub client_secret_arn: String,
    /// A function for trials that answers with the event it got.
    pub target_function_arn: String,
    /// The deployed stack.
    pub stack_name: String,
    /// Its bus.
    pub event_bus: String,
    /// Its bucket for manifests.
    pub manifest_bucket: String,
    /// Its bucket for what is remembered.
    pub state_bucket: String,
    /// Its bucket for evidence.
    pub evidence_bucket: String,
    /// The deployed names of the functions, by the names of their binaries.
    pub functions: BTreeMap<String, String>,
}

/// The Genesys Cloud part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesysEndpoints {
    /// The Platform API.
    pub genesys_api_url: String,
    /// Where tokens are issued.
    pub genesys_login_url: String,
    /// The simulated organization.
    pub organization_id: String,
    /// The client that Lockstep signs in with.
    pub client_id: String,
    /// Its secret, as the world begins. A rotation ends it; the secret's AWSCURRENT is what counts.
    pub client_secret: String,
    /// The other client of its pair, which a rotation puts in force.
    pub alternate_client_id: String,
    /// A client with the same roles that no manifest authorizes.
    pub other_client_id: String,
    /// Its secret.
    pub other_client_secret: String,
}

/// The written file. Dropping it removes the file, unless another sandbox has written its own
/// since.
#[derive(Debug)]
pub struct Published {
    path: PathBuf,
    text: String,
}

impl Published {
    /// Where the file is.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if fs::read_to_string(&self.path).is_ok_and(|text| text == self.text) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Endpoints {
    /// Writes the file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn publish(&self) -> Result<Published, Error> {
        let path = path()?;
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::new(format!("cannot write the endpoints: {error}")))?;
        let part = path.with_extension(format!("{}.part", std::process::id()));
        // Whole or not at all: others wait for it to appear.
        fs::write(&part, &text)
            .and_then(|()| fs::rename(&part, &path))
            .map_err(|error| Error::io(format!("cannot write {}", path.display()), &error))?;
        Ok(Published { path, text })
    }

    /// Those of the running sandbox.
    ///
    /// # Errors
    /// Where none runs.
    pub fn of_running() -> Result<Self, Error> {
        let path = path()?;
        let text = fs::read_to_string(&path).map_err(|_| {
            Error::new(format!(
                "no sandbox is running: {} does not exist",
                path.display()
            ))
            .fix("start one with `cargo sandbox up` in another terminal")
        })?;
        serde_json::from_str(&text)
            .map_err(|error| Error::new(format!("cannot read {}: {error}", path.display())))
    }
}

fn path() -> Result<PathBuf, Error> {
    Ok(place::sandbox()?.join("endpoints.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genesys() -> GenesysEndpoints {
        GenesysEndpoints {
            genesys_api_url: "http://127.0.0.1:1".into(),
            genesys_login_url: "http://127.0.0.1:1".into(),
            organization_id: "o".into(),
            client_id: "c".into(),
            client_secret: "s".into(),
            alternate_client_id: "ac".into(),
            other_client_id: "oc".into(),
            other_client_secret: "os".into(),
        }
    }

    #[test]
    fn the_simulator_alone_writes_the_genesys_keys_only() {
        let alone = Endpoints {
            aws: None,
            genesys: genesys(),
        };
        let written = serde_json::to_value(&alone).unwrap();
        let keys: Vec<_> = written.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys.len(), 8, "{keys:?}");
        assert_eq!(written["genesys_api_url"], "http://127.0.0.1:1");
        let read: Endpoints = serde_json::from_value(written).unwrap();
        assert_eq!(read, alone);
    }

    #[test]
    fn all_keys_stand_beside_each_other() {
        let all = Endpoints {
            aws: Some(AwsEndpoints {
                aws_endpoint_url: "http://127.0.0.1:2".into(),
                region: "us-east-1".into(),
                client_secret_arn: "a".into(),
                target_function_arn: "t".into(),
                stack_name: "lockstep".into(),
                event_bus: "lockstep".into(),
                manifest_bucket: "m".into(),
                state_bucket: "s".into(),
                evidence_bucket: "e".into(),
                functions: BTreeMap::from([("provision-role".into(), "p".into())]),
            }),
            genesys: genesys(),
        };
        let written = serde_json::to_value(&all).unwrap();
        assert_eq!(written["functions"]["provision-role"], "p");
        assert_eq!(written["client_id"], "c");
        let read: Endpoints = serde_json::from_value(written).unwrap();
        assert_eq!(read, all);
    }
}
