//! What hostile requests are sent to: a simulator with a thing of each kind, and a caller who may do everything.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::alone::Alone;

const API: &str = "/api/v2";
const ACTIONS: &str = "/api/v2/integrations/actions";
const CREDENTIALS: &str = "/api/v2/integrations/credentials";
const CLIENTS: &str = "/api/v2/oauth/clients";
const LAMBDA: &str = "aws-lambda-data-actions";

/// An operation that takes a body, and one that is right.
pub struct Taker {
    pub method: &'static str,
    pub path: String,
    pub body: Value,
    /// Whether what it takes is kept: a large body that is taken would fill the memory by right.
    pub keeps: bool,
}

impl Taker {
    fn passing(method: &'static str, path: impl Into<String>, body: &Value) -> Self {
        Self {
            method,
            path: path.into(),
            body: body.clone(),
            keeps: false,
        }
    }

    fn keeping(method: &'static str, path: impl Into<String>, body: &Value) -> Self {
        Self {
            keeps: true,
            ..Self::passing(method, path, body)
        }
    }
}

/// A running simulator as its attackers know it.
pub struct World {
    pub host: String,
    pub token: String,
    takers: Vec<Taker>,
    /// Paths that exist.
    paths: Vec<String>,
}

/// A published action's body.
pub fn action_body(integration: &str) -> Value {
    json!({
        "name": "target", "category": "target", "integrationId": integration, "secure": false,
        "contract": {
            "input": {"inputSchema": {"type": "object", "properties": {"order": {"type": "string"}}}},
            "output": {"successSchema": {"type": "object", "properties": {}}},
        },
        "config": {
            "timeoutSeconds": 10,
            "request": {
                "requestUrlTemplate": "arn:aws:lambda:us-east-1:123456789012:function:target",
                "requestType": "POST", "headers": {}, "requestTemplate": "${input.rawRequest}",
            },
            "response": {"translationMap": {}, "translationMapDefaults": {}, "successTemplate": "${rawResult}"},
        },
    })
}

fn integration_body() -> Value {
    json!({"name": "target", "integrationType": {"id": LAMBDA}})
}

fn credential_body() -> Value {
    json!({"name": "target", "type": {"name": "userDefined"}, "credentialFields": {"word": "value"}})
}

fn client_body() -> Value {
    json!({"name": "target", "authorizedGrantType": "CODE", "scope": ["oauth"]})
}

/// A token of the simulator's client.
pub fn sign_in(alone: &Alone) -> String {
    let (id, secret) = &alone.client;
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    alone.ask("POST", "/oauth/token", kind, &form)["access_token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

/// Makes one thing of each kind, and names the operations on them.
struct Maker<'a> {
    alone: &'a Alone,
    head: String,
}

impl Maker<'_> {
    /// The id of what one request makes.
    fn made(&self, path: &str, body: &Value) -> String {
        let made = self.alone.ask("POST", path, &self.head, &body.to_string());
        made["id"].as_str().expect("an id").to_owned()
    }

    fn integrations(&self, id: &str) -> Vec<Taker> {
        let one = format!("{API}/integrations/{id}");
        let config = json!({
            "name": "target", "version": 1, "notes": "", "properties": {}, "advanced": {}, "credentials": {},
        });
        let enabled = json!({"intendedState": "ENABLED"});
        vec![
            Taker::keeping("POST", format!("{API}/integrations"), &integration_body()),
            Taker::keeping("PUT", format!("{one}/config/current"), &config),
            Taker::passing("PATCH", one, &enabled),
        ]
    }

    fn actions(&self, integration: &str) -> Vec<Taker> {
        let body = action_body(integration);
        let action = format!("{ACTIONS}/{}", self.made(ACTIONS, &body));
        let drafts = format!("{ACTIONS}/drafts");
        let draft = format!("{ACTIONS}/{}/draft", self.made(&drafts, &body));
        let mut patch = body.clone();
        patch["version"] = json!(1);
        let (input, stale) = (json!({"order": "1"}), json!({"version": 7}));
        vec![
            Taker::keeping("POST", ACTIONS, &body),
            Taker::keeping("POST", drafts, &body),
            Taker::keeping("PATCH", action.as_str(), &patch),
            Taker::keeping("PATCH", draft.as_str(), &patch),
            Taker::passing("POST", format!("{draft}/publish"), &stale),
            Taker::passing("POST", format!("{action}/test"), &input),
            Taker::passing("POST", format!("{action}/execute"), &input),
            Taker::passing("POST", format!("{draft}/test"), &input),
        ]
    }

    fn credentials_and_clients(&self) -> Vec<Taker> {
        let (credential, client) = (credential_body(), client_body());
        let one = format!("{CREDENTIALS}/{}", self.made(CREDENTIALS, &credential));
        let other = format!("{CLIENTS}/{}", self.made(CLIENTS, &client));
        vec![
            Taker::keeping("POST", CREDENTIALS, &credential),
            Taker::keeping("PUT", one, &credential),
            Taker::keeping("POST", CLIENTS, &client),
            Taker::keeping("PUT", other.as_str(), &client),
            Taker::passing(
                "POST",
                format!("{other}/usage/query"),
                &json!({"interval": "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z", "groupBy": [], "metrics": []}),
            ),
            Taker::passing(
                "POST",
                other.replace("/oauth/clients/", "/usage/client/") + "/aggregates/query/jobs",
                &json!({"interval": "2026-11-01T00:00:00Z/2026-11-02T00:00:00Z", "groupBy": [], "metrics": []}),
            ),
        ]
    }

    fn audits(&self) -> Vec<Taker> {
        let query = json!({
            "interval": "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z", "serviceName": "Integrations",
            "filters": [{"property": "Action", "value": "Update"}],
            "sort": [{"name": "Timestamp", "sortOrder": "descending"}],
        });
        let one = json!({"auditId": "none"});
        vec![
            Taker::passing("POST", format!("{API}/audits/query"), &query),
            Taker::passing("POST", format!("{API}/audits/query/realtime"), &query),
            Taker::passing("POST", format!("{API}/audits/query/realtime/related"), &one),
        ]
    }
}

impl World {
    pub fn new(alone: &Alone) -> Self {
        let token = sign_in(alone);
        let head = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
        let maker = Maker { alone, head };
        let integration = maker.made(&format!("{API}/integrations"), &integration_body());
        let mut takers = maker.integrations(&integration);
        takers.extend(maker.actions(&integration));
        takers.extend(maker.credentials_and_clients());
        takers.extend(maker.audits());
        // It takes a form, no JSON, and is attacked with the same.
        takers.push(Taker::passing(
            "POST",
            "/oauth/token",
            &json!("grant_type=client_credentials"),
        ));
        let mut paths: Vec<String> = takers.iter().map(|taker| taker.path.clone()).collect();
        paths.extend([
            format!("{API}/organizations/me"),
            format!("{API}/integrations/types/{LAMBDA}"),
            format!("{API}/authorization/roles"),
            format!("{API}/audits/query/servicemapping"),
            format!("{ACTIONS}/none/templates/requesttemplate.vm"),
            format!("{ACTIONS}/none/draft/schemas/inputschema.json"),
        ]);
        Self {
            host: alone.address.clone(),
            token,
            takers,
            paths,
        }
    }

    pub fn taker(&self, rng: &mut Rng) -> &Taker {
        &self.takers[rng.usize(..self.takers.len())]
    }

    /// One that does not keep what it takes.
    pub fn passing_taker(&self, rng: &mut Rng) -> &Taker {
        let passing: Vec<&Taker> = self.takers.iter().filter(|taker| !taker.keeps).collect();
        passing[rng.usize(..passing.len())]
    }

    pub fn path(&self, rng: &mut Rng) -> &str {
        &self.paths[rng.usize(..self.paths.len())]
    }

    /// The bytes of a request: the line and the head as they are given, and what every request has.
    pub fn request(&self, line: &str, head: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n{head}\r\n",
            self.host, self.token
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }

    /// A JSON body, said to be one.
    pub fn with_json(&self, line: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        self.request(line, &head, body)
    }
}
