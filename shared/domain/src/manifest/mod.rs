//! The manifest: the desired state of one Genesys Cloud organization.
//!
//! A [`Manifest`] has been read and checked: every rule that needs nothing but the text and the
//! stack's [`Bounds`] holds, and every default is filled in. It can only be made by [`read`], so
//! code that has one need not check again. What is in the file is [`wire`]; the JSON Schema for
//! editors is generated from it, and the reader checks with that very schema.

mod accepted;
mod bounds;
mod collect;
mod explain;
mod field_path;
mod known_bounds;
mod lines;
mod name;
mod nearest;
mod place;
mod read;
mod resolve;
mod rules;
mod scalar;
mod schema;
mod secrets;
mod tree;
pub mod wire;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

pub use accepted::{Dropped, Reread, clients_named_in, read_accepted};
pub use bounds::Bounds;
pub use field_path::{FieldPath, InvalidFieldPath};
pub use known_bounds::{Bound, KnownBounds, organization_line};
pub use lines::Lines;
pub use name::{InvalidSecretName, SecretName};
pub use read::{MAX_MANIFEST_BYTES, read};
pub use schema::json_schema;
pub use secrets::{KmsDirective, KmsRotation, Overlap, RotationDirectives, SecretReference};

use crate::arn::{FunctionArn, RoleName, SecretArn};
use crate::ids::{ActionId, ClientId, IntegrationId, Key, OrganizationId, UserId};
use crate::ledger::Exception;

/// The default of `max_changes`.
pub const DEFAULT_MAX_CHANGES: u32 = 25;

/// Velocity for "whatever the caller sent" (official blueprint `scheduling-bot-blueprint`, its
/// exported data actions): the platform's default of a request template.
pub const RAW_REQUEST: &str = "${input.rawRequest}";

/// The response template of an action where the manifest does not say, and the platform's default
/// as well: what the function answered, as it is.
pub const DEFAULT_SUCCESS_TEMPLATE: &str = "${rawResult}";

/// What a request template holds where the envelope's secret references belong.
pub const SECRETS_PLACEHOLDER: &str = "{{lockstep.secrets}}";

/// The desired state of one organization.
///
/// Equal manifests serialize to equal bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Manifest {
    /// Whose state it is, and how it may be changed.
    pub organization: Organization,
    /// The integrations, in the order of the file.
    pub integrations: Vec<Integration>,
    /// Integrations of other types, whose credentials are moved. Lockstep finds them and never
    /// makes one.
    pub other_integrations: Vec<OtherIntegration>,
    /// The Data Actions, in the order of the file.
    pub actions: Vec<Action>,
    /// Actions of integrations of other types, which are only tried.
    pub tried_actions: Vec<TriedAction>,
    /// The integration credentials that carry values, in the order of the file.
    pub credentials: Vec<Credential>,
    /// Failures of checks that somebody answers for, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ManifestException>,
}

/// A failure that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManifestException {
    /// The id of the check. Whether there is such a check is for the sweep to say: a later release may
    /// have removed it.
    pub check: String,
    /// The resource, as a finding names it.
    pub resource: String,
    /// Why, who, and until when.
    pub exception: Exception,
}

/// The organization and the limits within which it is managed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Organization {
    /// Its id, also the external id in the trust policy of its roles.
    pub id: OrganizationId,
    /// The domain of its region, such as `mypurecloud.com`.
    pub environment: String,
    /// Where its Platform API is. Without a trailing path.
    pub api_url: Url,
    /// Where it issues tokens. Without a trailing path.
    pub login_url: Url,
    /// The AWS account from which Genesys assumes roles, twelve digits.
    pub genesys_account: String,
    /// The secret with the OAuth client that Lockstep signs in with.
    pub client_secret: SecretArn,
    /// Further secrets with OAuth clients of the organization, which `rotate-client` rotates.
    pub rotated_clients: Vec<SecretArn>,
    /// Who, besides Lockstep's own client, may change what is managed.
    pub authorized: Authorized,
    /// Whether to change anything at all.
    pub mode: Mode,
    /// An upload or a manual request that would change more bindings than this is refused as a
    /// whole.
    pub max_changes: u32,
}

/// Principals whose changes are not a violation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Authorized {
    /// OAuth clients.
    pub clients: BTreeSet<ClientId>,
    /// Users.
    pub users: BTreeSet<UserId>,
}

/// Whether a plan is carried out.
// Ordered: the greater is the stricter.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Carry the plan out.
    #[default]
    Apply,
    /// Compute and report it; write nothing.
    Plan,
}

impl Mode {
    /// The stricter of two modes: one wish to write nothing is enough.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        self.max(other)
    }
}

/// An integration of type `aws-lambda-data-actions`, which carries the role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Integration {
    /// Its name in the manifest.
    pub key: Key,
    /// Its name in Genesys Cloud.
    pub name: String,
    /// The role that Genesys assumes for all actions of the integration.
    pub role: RoleName,
    /// An existing integration to adopt.
    pub id: Option<IntegrationId>,
    /// Whether it may be moved to the role although it holds actions that are not managed.
    pub adopt: bool,
}

/// A Data Action that invokes a Lambda function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Action {
    /// Its name in the manifest.
    pub key: Key,
    /// Its name in Genesys Cloud.
    pub name: String,
    /// An existing action to adopt.
    pub id: Option<ActionId>,
    /// Whether an existing action of exactly this name may be adopted.
    pub adopt: bool,
    /// The integration it belongs to; it is in the same manifest.
    pub integration: Key,
    /// The function it invokes.
    pub function: FunctionArn,
    /// Its category; the integration's name where the manifest does not say.
    pub category: String,
    /// Whether the manifest says the category. Where it does not, the one that an adopted action
    /// already has is as good.
    pub category_given: bool,
    /// Whether it is a secure action, if the entry says. Fixed once published.
    pub secure: Option<bool>,
    /// The secrets the function needs, in the order of the file.
    pub secrets: Vec<SecretReference>,
    /// How the function learns which version of its secrets is current.
    pub delivery: Delivery,
    /// Whether the function reads exactly the version in the envelope. Only where every secret
    /// overlaps.
    pub pin: bool,
    /// What it takes and answers. Fixed once published; only an adopted action may go without.
    pub contract: Option<Contract>,
    /// The request template in Velocity, if the manifest has one.
    pub request_template: Option<String>,
    /// The response template in Velocity. `None` leaves an adopted action's as it is; here and in
    /// the two maps below.
    pub success_template: Option<String>,
    /// JSONPath expressions by the name that the response template uses.
    pub translation_map: Option<BTreeMap<String, String>>,
    /// Default values for names whose expression matches nothing.
    pub translation_map_defaults: Option<BTreeMap<String, String>>,
    /// Seconds until Genesys gives a call up, 1 to 60. Genesys' own default where absent.
    pub timeout_seconds: Option<u8>,
    /// A call that shows whether the action works.
    pub test: Option<LiveTest>,
}

impl Action {
    /// Whether the action already exists, as far as the manifest says.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        self.id.is_some() || self.adopt
    }

    /// Whether the action's templates stay as they are, byte for byte.
    #[must_use]
    pub fn keeps_templates(&self) -> bool {
        self.is_adopted() && self.delivery == Delivery::None
    }
}

/// An integration of another type than AWS Lambda, found by its id, or by exact name and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherIntegration {
    /// Its name in the manifest.
    pub key: Key,
    /// Its name in Genesys Cloud.
    pub name: String,
    /// The id of its type, such as `custom-rest-actions`.
    pub integration_type: String,
    /// Its id in Genesys Cloud, if the manifest says.
    pub id: Option<IntegrationId>,
}

/// An action of such an integration. Lockstep tries it after a credential was moved and manages
/// nothing of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TriedAction {
    /// Its name in the manifest.
    pub key: Key,
    /// Its name in Genesys Cloud.
    pub name: String,
    /// Its id, if the manifest says.
    pub id: Option<ActionId>,
    /// The integration it belongs to; one of [`Manifest::other_integrations`].
    pub integration: Key,
    /// The call that shows whether it works; it harms nobody.
    pub test: LiveTest,
}

/// An integration credential that carries values of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// Its name in the manifest.
    pub key: Key,
    /// The integration that uses it; one of [`Manifest::other_integrations`].
    pub integration: Key,
    /// The name of the slot in the integration's config.
    pub slot: String,
    /// The credential's type, such as `basicAuth`.
    pub credential_type: String,
    /// The secret whose values it carries.
    pub secret: SecretArn,
    /// Whether the secret's old version still works after a rotation.
    pub overlap: Overlap,
    /// The path in the secret for each field of the credential.
    pub fields: BTreeMap<String, FieldPath>,
    /// The actions that show whether it works; each is one of [`Manifest::tried_actions`] and of
    /// the same integration.
    pub test: Vec<Key>,
    /// How the secret should be rotated and encrypted, if it matters.
    pub rotation: Option<RotationDirectives>,
}

/// How a function learns which version of its secrets is current.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Each call carries ARN and version id of each secret beside the caller's input.
    Envelope,
    /// Not at all: a rotation is tested and proved, and changes nothing.
    None,
}

/// What an action takes and answers, as JSON Schemas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Of the caller's input; an object.
    pub input: Value,
    /// Of the answer.
    pub output: Value,
}

/// A call that shows whether an action works.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveTest {
    /// The input; it fits the contract.
    pub input: Value,
    /// What the answer must hold, if it matters.
    pub expect: Option<Value>,
    /// Whether the call harms nobody, so that it may be made at any time.
    pub safe: bool,
}

impl Manifest {
    /// The action under a key.
    #[must_use]
    pub fn action(&self, key: &Key) -> Option<&Action> {
        self.actions.iter().find(|action| action.key == *key)
    }

    /// The integration under a key.
    #[must_use]
    pub fn integration(&self, key: &Key) -> Option<&Integration> {
        self.integrations.iter().find(|one| one.key == *key)
    }

    /// The credential under a key.
    #[must_use]
    pub fn credential(&self, key: &Key) -> Option<&Credential> {
        self.credentials.iter().find(|one| one.key == *key)
    }

    /// The credentials that carry values of a secret, in the order of the file: what moves
    /// together.
    #[must_use]
    pub fn credentials_of(&self, secret: &SecretArn) -> Vec<&Credential> {
        let all = self.credentials.iter();
        all.filter(|one| one.secret == *secret).collect()
    }

    /// The integration of another type under a key.
    #[must_use]
    pub fn other_integration(&self, key: &Key) -> Option<&OtherIntegration> {
        self.other_integrations.iter().find(|one| one.key == *key)
    }

    /// The action under a key that is only tried.
    #[must_use]
    pub fn tried_action(&self, key: &Key) -> Option<&TriedAction> {
        self.tried_actions.iter().find(|one| one.key == *key)
    }

    /// The secrets with OAuth clients: the one that Lockstep signs in with, then the others.
    pub fn client_secrets(&self) -> impl Iterator<Item = &SecretArn> {
        let organization = &self.organization;
        std::iter::once(&organization.client_secret).chain(&organization.rotated_clients)
    }

    /// The integration an action belongs to.
    ///
    /// None only for an action of another manifest: [`read`] refuses one without integration.
    #[must_use]
    pub fn integration_of(&self, action: &Action) -> Option<&Integration> {
        self.integration(&action.integration)
    }
}
