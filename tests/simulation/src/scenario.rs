//! What happens in the world: short stories that every fault is tried in.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_secretsmanager::types::RotationRulesType;
use genesys_cloud::{
    ActionConfig, ActionContract, IntendedState, NewAction, RequestConfig, ResponseConfig,
};
use genesys_simulator::{AuditSettings, PlantedUse, UsageSettings};
use serde_json::json;

use crate::canary::Watch;
use crate::functions::Name;
use crate::house::{Action, House, WEB_LOOKUP, password, user, value_of};
use crate::stand::Simulation;

/// When Secrets Manager rotates a secret whose rotation is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotate {
    /// At once.
    Now,
    /// On schedule; at once it only tries the test ("Secrets Manager tests the rotation
    /// configuration by running the testSecret step": Secrets Manager API reference, `RotateSecret`,
    /// `RotateImmediately`).
    Later,
}

/// What a web service makes of the newest value of the credential's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// It lets in who comes with it, and with every earlier one.
    Accepted,
    /// It knows nothing of it.
    Rejected,
}

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// A manifest is uploaded, and nothing that it names exists at Genesys Cloud.
    FirstProvisioning,
    /// A secret of a tested action rotates: through a draft.
    RotationWithTest,
    /// A secret of an untested action rotates: in one write.
    RotationWithoutTest,
    /// The manifest names another function for an action.
    FunctionMoved,
    /// A person overwrites the role's policy, and the resync repairs it.
    RoleRepair,
    /// Another manifest is uploaded while a rotation is under way.
    ManifestReplaced,
    /// A secret rotates whose values an integration credential carries.
    CredentialMoved,
    /// Secrets Manager rotates the secret of a pair of OAuth clients.
    ClientRotation,
    /// The sweep looks at everything.
    Sweep,
    /// The same, and the new value does not work: the credential is moved back.
    CredentialRejected,
    /// A secret rotates, and the live test fails: what is live stays.
    RotationRejected,
    /// A secret rotates whose references do not travel with the action.
    RotationNotDelivered,
    /// A secret rotates, and the audit log shows the writes ten minutes late.
    VerificationLate,
    /// A secret rotates, and the audit log never shows the writes.
    VerificationNever,
    /// A person configures the rotation of the pair, and Secrets Manager only tries the test.
    RotationTrial,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::FirstProvisioning,
        Self::RotationWithTest,
        Self::RotationWithoutTest,
        Self::FunctionMoved,
        Self::RoleRepair,
        Self::ManifestReplaced,
        Self::CredentialMoved,
        Self::ClientRotation,
        Self::Sweep,
        Self::CredentialRejected,
        Self::RotationRejected,
        Self::RotationNotDelivered,
        Self::VerificationLate,
        Self::VerificationNever,
        Self::RotationTrial,
    ];

    /// What is managed in it.
    #[must_use]
    pub fn house(self) -> House {
        let mut house = House {
            credential: matches!(self, Self::CredentialMoved | Self::CredentialRejected),
            pair: matches!(self, Self::ClientRotation | Self::RotationTrial),
            unaudited: self == Self::VerificationNever,
            ..House::of(&["orders", "invoices"])
        };
        house.actions[0].delivered = self != Self::RotationNotDelivered;
        house
    }

    /// Brings the world to where the story begins; nothing goes wrong yet.
    pub async fn prepare(self, simulation: &Simulation, house: &House) {
        simulation.furnish(house);
        match self {
            Self::FirstProvisioning => {}
            Self::RotationWithTest
            | Self::RotationWithoutTest
            | Self::FunctionMoved
            | Self::RoleRepair
            | Self::ManifestReplaced
            | Self::CredentialMoved
            | Self::ClientRotation
            | Self::Sweep
            | Self::CredentialRejected
            | Self::RotationRejected
            | Self::RotationNotDelivered
            | Self::VerificationLate
            | Self::VerificationNever
            | Self::RotationTrial => {
                if house.credential {
                    simulation.create_web_services().await;
                }
                if house.pair {
                    simulation.plant_use();
                }
                simulation.upload(house).await;
                simulation.rest().await;
            }
        }
    }

    /// Lets calls fail where what happens is meant to break them.
    pub(crate) fn excuse(self, watch: &Watch) {
        match self {
            Self::RoleRepair => watch.excuse_all(),
            Self::CredentialRejected => watch.excuse(WEB_LOOKUP),
            Self::FirstProvisioning
            | Self::RotationWithTest
            | Self::RotationWithoutTest
            | Self::FunctionMoved
            | Self::ManifestReplaced
            | Self::CredentialMoved
            | Self::ClientRotation
            | Self::Sweep
            | Self::RotationRejected
            | Self::RotationNotDelivered
            | Self::VerificationLate
            | Self::VerificationNever
            | Self::RotationTrial => {}
        }
    }

    /// What happens.
    pub async fn play(self, simulation: &Simulation, house: &mut House) {
        match self {
            Self::FirstProvisioning => simulation.upload(house).await,
            Self::RotationWithTest | Self::RotationNotDelivered => {
                simulation.rotate(&house.actions[0]).await;
            }
            Self::RotationRejected => {
                house.actions[0].broken = true;
                simulation.furnish_functions(house);
                simulation.rotate(&house.actions[0]).await;
            }
            Self::VerificationLate => {
                simulation.show_audits(&AuditSettings {
                    delay_seconds: Some(600.0),
                    ..AuditSettings::default()
                });
                simulation.rotate(&house.actions[0]).await;
            }
            Self::VerificationNever => {
                simulation.show_audits(&AuditSettings {
                    never: Some(true),
                    ..AuditSettings::default()
                });
                simulation.rotate(&house.actions[0]).await;
            }
            Self::RotationWithoutTest => simulation.rotate(&house.actions[1]).await,
            Self::FunctionMoved => {
                house.actions[0].moved = true;
                simulation.furnish_functions(house);
                simulation.upload(house).await;
            }
            Self::RoleRepair => {
                simulation.overwrite_role_policy().await;
                simulation.fire("ResyncSchedule");
            }
            Self::ManifestReplaced => {
                simulation.rotate(&house.actions[0]).await;
                simulation.pass(Duration::from_secs(3)).await;
                house.actions[1].moved = true;
                simulation.furnish_functions(house);
                simulation.upload(house).await;
            }
            Self::CredentialMoved => {
                simulation.rotate_credential(Login::Accepted).await;
            }
            Self::CredentialRejected => {
                house.credential_broken = true;
                simulation.rotate_credential(Login::Rejected).await;
            }
            Self::ClientRotation => {
                let is_accepted = simulation.rotate_pair(Rotate::Now).await;
                assert!(is_accepted, "the operator may rotate");
            }
            Self::RotationTrial => {
                let is_accepted = simulation.rotate_pair(Rotate::Later).await;
                assert!(is_accepted, "the operator may configure a rotation");
            }
            Self::Sweep => simulation.fire("ComplianceSchedule"),
        }
    }
}

impl Simulation {
    /// A person uploads the manifest.
    pub async fn upload(&self, house: &House) {
        let s3 = aws_sdk_s3::Client::new(&self.operator());
        let manifest = house.manifest().into_bytes();
        s3.put_object()
            .bucket(self.bucket("ManifestBucket"))
            .key("manifests/main.yaml")
            .body(ByteStream::from(manifest))
            .send()
            .await
            .expect("the operator may upload");
    }

    /// A new version of an action's secret becomes current.
    pub async fn rotate(&self, action: &Action) {
        self.put_value(&action.secret(), value_of(&action.key, 2))
            .await;
    }

    /// The credential's secret gets a new version.
    pub(crate) async fn rotate_credential(&self, login: Login) {
        // Later than the first version, and another one each time.
        let number = self.clock.now().as_second() % 1_000_000_000;
        let version = u32::try_from(number).unwrap_or_default();
        let user = user(version);
        match login {
            Login::Accepted => self.let_in(version),
            Login::Rejected => {}
        }
        let secret = House::credential_secret();
        self.put_value(&secret, value_of(&user, version)).await;
    }

    /// The web service lets in who comes with this version.
    fn let_in(&self, version: u32) {
        let service = self.web_services.first().expect("it was added");
        let user = user(version);
        service.lets_in(&user, &password(&user, version));
    }

    /// A person makes the integration that a credential is for, with an action that uses it.
    pub(crate) async fn create_web_services(&self) {
        let genesys = self.person();
        let created = genesys
            .create_integration(House::web_services(), "custom-rest-actions")
            .await;
        let created = created.expect("a person may create integrations");
        let enabled = genesys.set_intended_state(&created.id, IntendedState::Enabled);
        enabled.await.expect("a person may enable integrations");
        let service = self.web_services.add();
        self.let_in(1);
        let schema = || json!({"type": "object"});
        let lookup = NewAction {
            name: WEB_LOOKUP.to_owned(),
            category: "Services".to_owned(),
            integration_id: created.id,
            contract: ActionContract::of(schema(), schema()),
            config: ActionConfig {
                request: Some(RequestConfig {
                    request_url_template: Some(format!("{}/orders", service.as_ref())),
                    request_type: Some("GET".to_owned()),
                    request_template: Some("${input.rawRequest}".to_owned()),
                    ..RequestConfig::default()
                }),
                response: Some(ResponseConfig {
                    success_template: Some("${rawResult}".to_owned()),
                    ..ResponseConfig::default()
                }),
                ..ActionConfig::default()
            },
            secure: false,
        };
        let made = genesys.create_action(&lookup).await;
        made.expect("a person may create actions");
    }

    /// Lockstep's own client has been used before, so that its use shows.
    pub(crate) fn plant_use(&self) {
        let planted = PlantedUse {
            client_id: self.genesys.client().id.clone(),
            days_ago: 1,
            method: "GET".to_owned(),
            template: "/api/v2/integrations".to_owned(),
            requests: 5,
        };
        let usage = UsageSettings {
            planted: vec![planted],
            ..UsageSettings::default()
        };
        self.genesys.set_usage(&usage).expect("a use of yesterday");
    }

    /// When audit records show.
    fn show_audits(&self, settings: &AuditSettings) {
        let shown = self.genesys.set_audits(settings);
        shown.expect("a time that is not negative");
    }

    /// A person has Secrets Manager rotate the pair. Answers false where a rotation is under way.
    pub(crate) async fn rotate_pair(&self, when: Rotate) -> bool {
        let secrets = aws_sdk_secretsmanager::Client::new(&self.operator());
        let rules = RotationRulesType::builder()
            .automatically_after_days(30)
            .build();
        let number = self.clock.now().as_millisecond();
        let rotated = secrets
            .rotate_secret()
            .secret_id(House::pair_secret())
            .client_request_token(format!("20000000-0000-4000-8000-{number:0>12}"))
            .rotation_lambda_arn(self.function(Name::Rotate).arn())
            .rotation_rules(rules)
            .rotate_immediately(when == Rotate::Now)
            .send();
        rotated.await.is_ok()
    }

    /// A new version of a secret becomes current.
    pub(crate) async fn put_value(&self, secret: &str, value: String) {
        let secrets = aws_sdk_secretsmanager::Client::new(&self.operator());
        let number = self.clock.now().as_millisecond();
        secrets
            .put_secret_value()
            .secret_id(secret)
            .client_request_token(format!("10000000-0000-4000-8000-{number:0>12}"))
            .secret_string(value)
            .send()
            .await
            .expect("the operator may rotate");
    }

    /// A person overwrites what the role grants.
    pub async fn overwrite_role_policy(&self) {
        let iam = aws_sdk_iam::Client::new(&self.operator());
        let other = serde_json::json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Genesys-nothing",
        }]});
        // Before the role is provisioned there is nothing to overwrite.
        let _ = iam
            .put_role_policy()
            .role_name(crate::house::ROLE)
            .policy_name("lockstep-invoke")
            .policy_document(other.to_string())
            .send()
            .await;
    }
}
