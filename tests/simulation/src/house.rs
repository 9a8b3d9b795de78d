//! What is managed: the manifest, and the secrets and functions that it names.

use std::collections::BTreeSet;

use aws_simulator::Account;
use aws_simulator::services::lambda::{Body, Ended, Function};
use aws_simulator::services::secrets::{Secret, Value as SecretValue, Version};
use serde_json::{Value, json};

/// The organization's id.
pub const ORGANIZATION: &str = "0f1e2d3c-0000-4000-8000-000000000001";

/// The secret that Lockstep signs in with.
const CLIENT: &str = "genesys/client";
/// The one role and the one integration.
pub(crate) const ROLE: &str = "GenesysActions";
const INTEGRATION: &str = "AWS Lambda production";
/// The integration that a credential with values is for; a person made it.
const WEB_SERVICES: &str = "Web services production";
/// Its one action, which the person made too.
pub(crate) const WEB_LOOKUP: &str = "Look up the web";
/// The secret whose values that credential carries.
const CREDENTIAL: &str = "genesys-credentials/basic";
/// The secret of a pair of OAuth clients.
const PAIR: &str = "genesys/team";

/// An action of the manifest, and the secret that it is bound to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action {
    /// Its key; name, function and secret are called after it.
    pub key: String,
    /// Whether it has a live test.
    pub tested: bool,
    /// Whether the secret's old version still works after a rotation.
    pub alternating: bool,
    /// Whether it calls its second function.
    pub moved: bool,
    /// Whether the references of its secret travel with it.
    pub delivered: bool,
    /// Whether its functions answer something else than its test expects.
    pub broken: bool,
    /// What the manifest says of its timeout.
    pub timeout: Option<u8>,
}

impl Action {
    /// Its name at Genesys Cloud.
    #[must_use]
    pub fn name(&self) -> String {
        format!("Look up {}", self.key)
    }

    /// The name of its secret.
    #[must_use]
    pub fn secret_name(&self) -> String {
        format!("prod/{}", self.key)
    }

    /// The ARN of its secret.
    #[must_use]
    pub fn secret(&self) -> String {
        arn_of_secret(&self.secret_name())
    }

    /// The ARN of its function.
    #[must_use]
    pub fn function(&self) -> String {
        format!(
            "arn:aws:lambda:us-east-1:123456789012:function:{}",
            self.function_name()
        )
    }

    /// The ARN of the function that it does not call.
    #[must_use]
    pub fn other_function(&self) -> String {
        let other = Self {
            moved: !self.moved,
            ..self.clone()
        };
        other.function()
    }

    fn function_name(&self) -> String {
        match self.moved {
            true => format!("Genesys-{}-2", self.key),
            false => format!("Genesys-{}", self.key),
        }
    }

    fn entry(&self) -> Value {
        let overlap = match self.alternating {
            true => "alternating",
            false => "none",
        };
        let mut entry = json!({
            "key": self.key, "name": self.name(), "integration": "prod",
            "function": self.function(),
            "secrets": [{"name": "DB", "arn": self.secret(), "overlap": overlap}],
            "contract": {"input": {"type": "object"}, "output": {"type": "object"}},
        });
        if !self.delivered {
            entry["delivery"] = json!("none");
        }
        if let Some(timeout) = self.timeout {
            entry["timeout_seconds"] = json!(timeout);
        }
        if self.tested {
            entry["test"] = json!({"input": {}, "safe": true, "expect": {"found": true}});
        }
        entry
    }
}

/// Everything that one manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct House {
    /// Its actions, all of one integration.
    pub actions: Vec<Action>,
    /// Whether an integration credential carries the values of a secret.
    pub credential: bool,
    /// Whether the web service rejects the newest value of that secret.
    pub credential_broken: bool,
    /// Whether a pair of OAuth clients is rotated.
    pub pair: bool,
    /// Whether the audit log shows nothing.
    pub unaudited: bool,
    /// How many actions were added to it.
    pub added: usize,
}

impl House {
    /// Actions with these keys: each second one tested, each third one with an old version that still
    /// works.
    #[must_use]
    pub fn of(keys: &[&str]) -> Self {
        let actions = keys.iter().enumerate();
        Self {
            credential: false,
            credential_broken: false,
            pair: false,
            unaudited: false,
            added: 0,
            actions: actions
                .map(|(number, key)| Action {
                    key: (*key).to_owned(),
                    tested: number % 2 == 0,
                    alternating: number % 3 == 0,
                    moved: false,
                    delivered: true,
                    broken: false,
                    timeout: None,
                })
                .collect(),
        }
    }

    /// The name of the integration.
    #[must_use]
    pub fn integration() -> &'static str {
        INTEGRATION
    }

    /// The manifest. JSON is YAML.
    #[must_use]
    pub fn manifest(&self) -> String {
        let actions: Vec<Value> = self.actions.iter().map(Action::entry).collect();
        let mut manifest = json!({
            "version": 1,
            "organization": {
                "id": ORGANIZATION, "api_url": "https://api.mypurecloud.com",
                "login_url": "https://login.mypurecloud.com", "client_secret": arn_of_secret(CLIENT),
            },
            "integrations": [{"key": "prod", "name": INTEGRATION, "role": ROLE}],
            "actions": actions,
        });
        if self.credential {
            let web = json!({
                "key": "web", "name": WEB_SERVICES, "type": "custom-rest-actions",
            });
            let integrations = manifest["integrations"].as_array_mut();
            integrations.expect("a list").push(web);
            let tried = json!({
                "key": "web-lookup", "name": WEB_LOOKUP, "integration": "web",
                "test": {"input": {}, "safe": true, "expect": {"status": "found"}},
            });
            let actions = manifest["actions"].as_array_mut();
            actions.expect("a list").push(tried);
            manifest["credentials"] = json!([{
                "key": "basic", "integration": "web", "slot": "basicAuth", "type": "basicAuth",
                "secret": Self::credential_secret(),
                "fields": {"userName": "$.user", "password": "$.password"},
                "overlap": "alternating", "test": ["web-lookup"],
            }]);
        }
        if self.pair {
            manifest["organization"]["rotated_clients"] = json!([Self::pair_secret()]);
        }
        manifest.to_string()
    }

    /// The name of the integration for web services.
    #[must_use]
    pub fn web_services() -> &'static str {
        WEB_SERVICES
    }

    /// The ARN of the secret whose values a credential carries.
    #[must_use]
    pub fn credential_secret() -> String {
        arn_of_secret(CREDENTIAL)
    }

    /// The ARN of the secret that Lockstep signs in with.
    #[must_use]
    pub(crate) fn client_secret() -> String {
        arn_of_secret(CLIENT)
    }

    /// The ARN of the secret of the pair.
    #[must_use]
    pub fn pair_secret() -> String {
        arn_of_secret(PAIR)
    }

    /// Puts the secrets and the functions into an account. `own` is what Lockstep signs in with,
    /// `pair` what others do.
    pub fn furnish(&self, account: &Account, own: &Value, pair: &Value) {
        put_secret(account, CLIENT, &own.to_string());
        put_secret(account, PAIR, &pair.to_string());
        put_secret(account, CREDENTIAL, &value_of(&user(1), 1));
        for action in &self.actions {
            put_secret(account, &action.secret_name(), &value_of(&action.key, 1));
        }
        self.furnish_functions(account);
    }

    /// Puts the functions into an account.
    pub fn furnish_functions(&self, account: &Account) {
        for action in &self.actions {
            let found = !action.broken;
            account.state().services.lambda.put(Function {
                name: action.function_name(),
                role: "arn:aws:iam::123456789012:role/orders-execution".to_owned(),
                timeout: 30,
                memory: 256,
                environment: Default::default(),
                qualifiers: Default::default(),
                policy: None,
                body: Body::immediate(move |invocation| {
                    let received: Value =
                        serde_json::from_slice(&invocation.payload).unwrap_or_default();
                    let answer = json!({"found": found, "received": received});
                    Ended::Returned(answer.to_string().into_bytes())
                }),
            });
        }
    }
}

/// The user of the web service in the nth version of the credential's secret. Each works for ever.
pub(crate) fn user(version: u32) -> String {
    format!("basic-{version}")
}

/// The password in the nth version of a secret.
pub(crate) fn password(key: &str, version: u32) -> String {
    format!("{PLANTED}-{key}-{version}")
}

/// What is in the nth version of an action's secret. Nothing of it may be anywhere else.
#[must_use]
pub fn value_of(key: &str, version: u32) -> String {
    json!({"user": key, "password": password(key, version)}).to_string()
}

/// What every planted value has in it.
pub const PLANTED: &str = "planted-password";

/// The ARN of a secret of this account.
#[must_use]
pub fn arn_of_secret(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-a1B2c3")
}

/// A secret with one version, which is current.
pub(crate) fn put_secret(account: &Account, name: &str, value: &str) {
    put_secret_as(account, &arn_of_secret(name), name, value);
}

pub(crate) fn put_secret_as(account: &Account, arn: &str, name: &str, value: &str) {
    let now = account.clock().now();
    let mut secret = Secret::new(arn, name, now);
    let id = format!("00000000-0000-4000-8000-{:0>12}", name.len());
    secret.versions.insert(
        id,
        Version {
            value: Some(SecretValue::Text(value.to_owned())),
            labels: BTreeSet::from(["AWSCURRENT".to_owned()]),
            created: now,
        },
    );
    account.state().services.secrets.put(secret);
}
