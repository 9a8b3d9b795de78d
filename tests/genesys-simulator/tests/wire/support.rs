//! A simulator with a signed-in caller.

use genesys_simulator::{AwsSide, Config, Judged, Simulator, start};
use reqwest::{Method, Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

pub const ORGANIZATION: &str = "3b2c5f0e-1d7a-4b7e-9c3f-5a2d8e6f1b04";
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";

/// A simulator, and a caller with a token of its first client.
pub struct World {
    pub simulator: Simulator,
    http: reqwest::Client,
    token: String,
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() {
            return Value::Null;
        }
        self.json()
    }

    /// The message of a refusal that must have this status and code.
    #[track_caller]
    pub fn refusal(&self, status: u16, code: &str) -> String {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status, "{body}");
        assert_eq!(
            body["contextId"].as_str(),
            self.header("inin-correlation-id"),
            "{body}"
        );
        body["message"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The field `id` as an owned text.
#[track_caller]
pub fn id_of(body: &Value) -> String {
    body["id"].as_str().expect("an id").to_owned()
}

impl World {
    /// A world without an AWS side.
    pub async fn new() -> Self {
        Self::begun(None, None).await
    }

    pub async fn with_aws(aws: AwsSide) -> Self {
        Self::begun(Some(aws), None).await
    }

    /// A world whose audits are published as events.
    pub async fn with_events(aws: AwsSide, suffix: &str) -> Self {
        Self::begun(Some(aws), Some(suffix.to_owned())).await
    }

    async fn begun(aws: Option<AwsSide>, event_source_suffix: Option<String>) -> Self {
        let simulator = start(Config {
            organization_id: ORGANIZATION.to_owned(),
            organization_name: "Example".to_owned(),
            aws,
            port: 0,
            event_source_suffix,
            judged: Judged::AnswersOnly,
        })
        .await
        .unwrap();
        let http = reqwest::Client::new();
        let token = sign_in(&http, &simulator).await;
        simulator.reset_calls();
        Self {
            simulator,
            http,
            token,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.api_url())
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self
            .http
            .request(method, self.url(path))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// A control call, which needs no token.
    pub async fn control(&self, name: &str, body: &Value) -> Answer {
        let url = self.url(&format!("/_control/{name}"));
        Answer::of(self.http.post(url).json(body).send().await.unwrap()).await
    }

    pub fn switch(&self, name: &str, value: &str) {
        self.simulator.set_switch(name, value).unwrap();
    }

    /// A new integration of the Lambda type.
    pub async fn integration(&self) -> String {
        let body =
            json!({"name": "AWS Lambda", "integrationType": {"id": "aws-lambda-data-actions"}});
        id_of(&self.post("/api/v2/integrations", &body).await.expect(200))
    }

    /// A new published action under an integration.
    pub async fn action(&self, integration: &str, name: &str) -> String {
        let body = action_body(integration, name);
        let answer = self.post("/api/v2/integrations/actions", &body).await;
        id_of(&answer.expect(201))
    }

    /// A new credential that names a role.
    pub async fn credential(&self, role: &str) -> String {
        let body = json!({
            "name": "role",
            "type": {"name": "amazonWebServicesARN"},
            "credentialFields": {"ARN": role},
        });
        let answer = self.post("/api/v2/integrations/credentials", &body).await;
        id_of(&answer.expect(200))
    }
}

pub fn action_body(integration: &str, name: &str) -> Value {
    json!({
        "name": name,
        "category": "Orders",
        "integrationId": integration,
        "secure": false,
        "contract": {
            "input": {"inputSchema": {"type": "object", "properties": {"order": {"type": "string"}}}},
            "output": {"successSchema": {"type": "object", "properties": {}}},
        },
        "config": config_body(FUNCTION),
    })
}

pub fn config_body(function: &str) -> Value {
    json!({
        "timeoutSeconds": 10,
        "request": {
            "requestUrlTemplate": function,
            "requestType": "POST",
            "headers": {},
            "requestTemplate": "${input.rawRequest}",
        },
        "response": {
            "translationMap": {},
            "translationMapDefaults": {},
            "successTemplate": "${rawResult}",
        },
    })
}

pub async fn sign_in(http: &reqwest::Client, simulator: &Simulator) -> String {
    let client = simulator.client();
    let answer = http
        .post(format!("{}/oauth/token", simulator.login_url()))
        .basic_auth(&client.id, Some(client.secret.expose_secret()))
        .form(&[("grant_type", "client_credentials")])
        .send()
        .await
        .unwrap();
    Answer::of(answer).await.expect(200)["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}
