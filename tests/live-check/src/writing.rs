//! The calls of `--write`: a throw-away credential, integration and action are made, exercised and
//! removed.
//!
//! Neither the role nor the function exists: no account has the number 000000000000, so nothing is
//! ever assumed or invoked.

mod drafted;
mod published;
mod run;

use genesys_cloud::{Action, CredentialInfo, Integration, IntegrationConfig};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::ledger::{Kind, Ledger};
use crate::reading::{
    ACTION, ACTION_VIEW, CREDENTIAL, INTEGRATION_VIEW, LAMBDA, ROLE_CREDENTIAL, may_delete,
    read_credential,
};
use crate::survey::{Gap, Survey};
use crate::wire::{Answer, NoAnswer, Wire};

const INTEGRATION_ADD: &str = "integrations:integration:add";
const INTEGRATION_EDIT: &str = "integrations:integration:edit";
const INTEGRATION_DELETE: &str = "integrations:integration:delete";
const ACTION_ADD: &str = "integrations:action:add";
const ACTION_EDIT: &str = "integrations:action:edit";
const ACTION_DELETE: &str = "integrations:action:delete";
const ACTION_EXECUTE: &str = "integrations:action:execute";

const INTEGRATION: &str = "/api/v2/integrations/{integrationId}";
const CONFIG: &str = "/api/v2/integrations/{integrationId}/config/current";
const DRAFT: &str = "/api/v2/integrations/actions/{actionId}/draft";

/// No account has this number.
const ROLE: &str = "arn:aws:iam::000000000000:role/lockstep-live-check";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:lockstep-live-check";
const OTHER_FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:lockstep-live-check-2";
const TIMEOUT_SECONDS: u32 = 7;
/// The slot that official Terraform modules write.
const ROLE_SLOT: &str = "AmazonWebServicesARN";

/// The changes of the action that its audit trail must tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail {
    pub(crate) began: Option<Timestamp>,
    pub(crate) credential: Option<String>,
    pub(crate) action: Option<String>,
    /// PATCHes of the action that were accepted.
    pub(crate) updates: usize,
    /// Those refused because of a value.
    pub(crate) invalid: usize,
    /// Those refused because of the version.
    pub(crate) stale: usize,
    pub(crate) published: bool,
    pub(crate) ran: bool,
    /// When the action was deleted, the last of its changes.
    pub(crate) deleted: Option<std::time::Instant>,
}

/// Makes things, exercises them, and removes them. What it leaves behind stands in the ledger.
pub(crate) struct Writer<'a> {
    pub(crate) wire: &'a mut Wire,
    pub(crate) survey: &'a mut Survey,
    pub(crate) ledger: &'a mut Ledger,
    /// The name of everything that is made.
    pub(crate) name: &'a str,
    pub(crate) trail: Trail,
}

impl Writer<'_> {
    /// All of it, as far as it goes.
    pub(crate) async fn write(&mut self) {
        if !self.may_remove().await {
            return;
        }
        self.trail.began = Some(Timestamp::now());
        let Some(credential) = self.credential().await else {
            return;
        };
        let Some(integration) = self.integration().await else {
            return;
        };
        if let Some(action) = self.action(&integration).await {
            self.bind(&integration, &credential).await;
            self.published(&action).await;
            self.drafted(&action).await;
            self.activated(&integration).await;
            self.run(&action).await;
            self.remove_used_credential(&credential).await;
            self.remove_action(&action).await;
        }
    }

    /// Nothing is made that could not be found and removed again.
    async fn may_remove(&mut self) -> bool {
        let mut may = !self
            .survey
            .gaps
            .iter()
            .any(|gap| matches!(gap.permission, Some(INTEGRATION_VIEW | ACTION_VIEW)));
        for (route, needs) in [
            (ACTION, ACTION_DELETE),
            (INTEGRATION, INTEGRATION_DELETE),
            (CREDENTIAL, INTEGRATION_DELETE),
        ] {
            may &= may_delete(self.wire, self.survey, route, needs).await;
        }
        if !may && !self.survey.stopped {
            self.survey.gaps.push(Gap {
                call: "everything that --write does".to_owned(),
                why: "the live check might not be able to remove what it creates, so it created \
                      nothing"
                    .to_owned(),
                permission: None,
            });
        }
        may
    }

    /// Sends a create, with the ledger told before and after.
    async fn create(&mut self, kind: Kind, variant: &str, ask: &Ask) -> Option<Answer> {
        self.ledger.intend(kind, self.name);
        let result = self.survey.ask(self.wire, variant, ask).await;
        match &result {
            Ok(answer) if answer.is_success() => {
                if let Some(id) = answer.id() {
                    self.ledger.made(kind, &id);
                }
            }
            // The server gave up; it may have gone on all the same.
            Ok(answer) if answer.status == 408 => {}
            Ok(_)
            | Err(NoAnswer::Stopped | NoAnswer::Denied | NoAnswer::NotSignedIn(_))
            | Err(NoAnswer::Failed {
                may_be_done: false, ..
            }) => self.ledger.refused(kind),
            Err(NoAnswer::Failed {
                may_be_done: true, ..
            }) => {}
        }
        result.ok()
    }

    /// The id of what a create made; a refusal is a gap, since everything else depends on it.
    fn created(&mut self, ask: &Ask, answer: &Answer) -> Option<String> {
        if !answer.is_success() {
            self.survey.gaps.push(Gap {
                call: ask.name(),
                why: format!("refused: {}", answer.told()),
                permission: None,
            });
            return None;
        }
        answer.id()
    }

    /// One switch for actions and drafts: where they differ, no value fits.
    fn create_status(&mut self, status: u16, how: String) {
        let before = self.survey.facts.get("create_status").cloned();
        match before.map(|fact| fact.value) {
            Some(Ok(value)) if value != status.to_string() => {
                let mixed = format!("{value} for some and {status} for others");
                self.survey.unclear("create_status", mixed, how);
            }
            Some(Err(_)) => {}
            Some(Ok(_)) | None => self.survey.settle("create_status", status.to_string(), how),
        }
    }

    /// A name as the organization spells it, or as official modules do where that could not be
    /// read.
    fn spelling(&self, point: &str, usual: &str) -> String {
        let fact = self.survey.facts.get(point);
        let read = fact.and_then(|fact| fact.value.as_ref().ok());
        read.map_or(usual, String::as_str).to_owned()
    }

    async fn credential(&mut self) -> Option<String> {
        let ask = Ask::new(
            Method::POST,
            "/api/v2/integrations/credentials",
            INTEGRATION_ADD,
        )
        .with(json!({
            "name": self.name,
            "type": {"name": self.spelling("role_credential_type", ROLE_CREDENTIAL)},
            "credentialFields": {"ARN": ROLE},
        }));
        let answer = self.create(Kind::Credential, "", &ask).await?;
        let id = self.created(&ask, &answer)?;
        self.survey
            .reads::<CredentialInfo>(&ask, "", "CredentialInfo", answer.json());
        self.trail.credential = Some(id.clone());
        read_credential(self.wire, self.survey, &id, "our own").await;
        Some(id)
    }

    async fn integration(&mut self) -> Option<String> {
        let ask = Ask::new(Method::POST, "/api/v2/integrations", INTEGRATION_ADD)
            .with(json!({"name": self.name, "integrationType": {"id": LAMBDA}}));
        let answer = self.create(Kind::Integration, "", &ask).await?;
        let id = self.created(&ask, &answer)?;
        self.survey
            .reads::<Integration>(&ask, "", "Integration", answer.json());
        let how = "the answer to the create of an integration";
        match answer.json()["intendedState"].as_str() {
            Some(state @ ("DISABLED" | "ENABLED")) => {
                self.survey.settle("new_integration_state", state, how);
            }
            Some(_) => self
                .survey
                .unclear("new_integration_state", "another state", how),
            None => self
                .survey
                .unclear("new_integration_state", "not told", how),
        }
        Some(id)
    }

    fn new_action(&self, integration: &str) -> Ask {
        Ask::new(Method::POST, "/api/v2/integrations/actions", ACTION_ADD).with(json!({
            "name": self.name,
            "category": "lockstep-live-check",
            "integrationId": integration,
            "secure": false,
            "contract": contract("order"),
            "config": config(FUNCTION),
        }))
    }

    /// The action, right after its integration; refused at first, it is tried until the integration
    /// has settled.
    async fn action(&mut self, integration: &str) -> Option<String> {
        let ask = self.new_action(integration);
        let mut answer = self.create(Kind::Action, "", &ask).await?;
        let how = format!(
            "an action right after its integration was answered {}",
            answer.told()
        );
        if answer.status == 400 {
            let until = std::time::Instant::now() + self.wire.patience().fresh;
            while answer.status == 400 && std::time::Instant::now() < until {
                let poll = self.wire.patience().poll;
                self.wire.wait(poll).await.ok()?;
                answer = self.create(Kind::Action, "", &ask).await?;
            }
            if answer.is_success() {
                self.survey
                    .settle("fresh_integration_actions", "refuse", how);
            }
        } else if answer.is_success() {
            self.survey
                .settle("fresh_integration_actions", "accept", how);
        }
        let id = self.created(&ask, &answer)?;
        self.create_status(
            answer.status,
            format!("{} was answered {}", ask.name(), answer.told()),
        );
        self.survey
            .reads::<Action>(&ask, "", "Action", answer.json());
        self.trail.action = Some(id.clone());
        Some(id)
    }

    /// Points the integration at the credential; then once more under the version that has passed.
    async fn bind(&mut self, integration: &str, credential: &str) {
        let get = Ask::get(CONFIG, INTEGRATION_VIEW).on(integration);
        let Some(answer) = self.survey.get(self.wire, "", &get).await else {
            return;
        };
        self.survey
            .reads::<IntegrationConfig>(&get, "", "IntegrationConfig", answer.json());
        let body = json!({
            "name": self.name,
            "notes": "A throw-away of Lockstep's live check.",
            "version": answer.json()["version"],
            "properties": {},
            "advanced": {},
            "credentials": {self.spelling("role_slot", ROLE_SLOT): {"id": credential}},
        });
        let put = Ask::new(Method::PUT, CONFIG, INTEGRATION_EDIT)
            .on(integration)
            .with(body);
        if self.survey.get(self.wire, "", &put).await.is_none() {
            return;
        }
        if let Ok(answer) = self.survey.ask(self.wire, "stale version", &put).await {
            self.survey.settle(
                "stale_config_version",
                answer.told(),
                "a config under the version before",
            );
        }
    }

    async fn remove_used_credential(&mut self, credential: &str) {
        let ask = Ask::new(Method::DELETE, CREDENTIAL, INTEGRATION_DELETE).on(credential);
        let Ok(answer) = self.survey.ask(self.wire, "in use", &ask).await else {
            return;
        };
        let how = format!(
            "the delete of a credential that an integration refers to was answered {}",
            answer.told()
        );
        match answer.status {
            200..300 => self.survey.settle("delete_used_credential", "allow", how),
            400 | 409 => self.survey.settle("delete_used_credential", "refuse", how),
            _ => self
                .survey
                .unclear("delete_used_credential", answer.told(), how),
        }
    }

    async fn remove_action(&mut self, action: &str) {
        let ask = Ask::new(Method::DELETE, ACTION, ACTION_DELETE).on(action);
        if self.survey.get(self.wire, "", &ask).await.is_some() {
            self.trail.deleted = Some(std::time::Instant::now());
        }
    }
}

/// A contract whose input has one text.
fn contract(input: &str) -> Value {
    json!({
        "input": {"inputSchema": {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": "Input",
            "type": "object",
            "properties": {input: {"type": "string"}},
        }},
        "output": {"successSchema": {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": "Output",
            "type": "object",
            "properties": {"answer": {"type": "string"}},
        }},
    })
}

fn config(function: &str) -> Value {
    json!({
        "timeoutSeconds": TIMEOUT_SECONDS,
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
