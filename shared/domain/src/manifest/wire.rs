//! The manifest as it is in the file.
//!
//! These types are the one definition of the file's form: the JSON Schema is generated from them
//! with their descriptions, which is what a person reads who completes the file in an editor, and
//! the reader checks a file with that schema before it fills these types. Every field is optional
//! *here*, since the reader goes on after an error with the parts that are well-formed; what is
//! `required` in the schema is missed there.

mod parts;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use self::parts::optional_whole_number;
pub use self::parts::{Domain, List, Version};
use super::{Delivery, FieldPath, KmsDirective, KmsRotation, Mode, Overlap, SecretName};
use crate::arn::{FunctionArn, RoleName, SecretArn};
use crate::ids::{ActionId, ClientId, IntegrationId, Key, OrganizationId, UserId};

/// What one Genesys Cloud organization should look like. One file per organization.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Lockstep manifest")]
pub struct Manifest {
    /// The version of the manifest format: 1.
    #[schemars(required)]
    pub version: Option<Version>,
    /// The managed organization and its limits.
    #[schemars(required)]
    pub organization: Option<Organization>,
    /// The integrations. An integration of type "AWS Lambda Data Actions" has the role that Genesys
    /// Cloud assumes for all of its actions. For integrations of other types, Lockstep manages only
    /// credentials.
    #[schemars(required)]
    pub integrations: Option<List<Integration>>,
    /// The Data Actions. When you remove an entry, Lockstep stops managing the action and changes
    /// nothing in Genesys Cloud or AWS.
    #[schemars(required)]
    pub actions: Option<List<Action>>,
    /// Integration credentials that carry values of a secret. When a secret rotates, all of its
    /// credentials move together.
    pub credentials: Option<List<Credential>>,
    /// Failures of checks that someone answers for, each until a day.
    #[schemars(length(max = 500))]
    pub exceptions: Option<List<Exception>>,
}

/// A failed check on one resource that is accepted until a day. The ledger and the reports still show
/// what was seen, with the reason and the owner. The stack limits how long an exception may last
/// (MaxExceptionDays) and which critical checks it may cover (CriticalExceptions).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The id of the check, such as LS-SECRET-AGE.
    #[schemars(required, regex(pattern = r"^LS-[A-Z0-9-]{1,60}$"), extend("patternErrorMessage" = "Write the id of a check, such as LS-SECRET-AGE."))]
    pub check: Option<String>,
    /// The resource, exactly as the finding names it.
    #[schemars(required, length(min = 1, max = 2048), regex(pattern = r"\S"), extend("patternErrorMessage" = "Write the resource as the finding names it."))]
    pub resource: Option<String>,
    /// Why the failure is accepted.
    #[schemars(required, length(min = 1, max = 1000), regex(pattern = r"\S"), extend("patternErrorMessage" = "Write a reason that is not blank."))]
    pub reason: Option<String>,
    /// Who answers for it: a person or a team.
    #[schemars(required, length(min = 1, max = 256), regex(pattern = r"\S"), extend("patternErrorMessage" = "Write a name that is not blank."))]
    pub owner: Option<String>,
    /// The last day (UTC) on which it applies, such as 2026-12-31.
    #[schemars(required, regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), extend("patternErrorMessage" = "Write a date such as 2026-12-31."))]
    pub expires: Option<String>,
}

/// The managed organization.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// The id of the organization (Admin > Organization Settings). It becomes the external id in
    /// the trust policy of the roles. The stack parameter OrganizationIds must contain it.
    #[schemars(required)]
    pub id: Option<OrganizationId>,
    /// The domain of the organization's region. Default: mypurecloud.com.
    pub environment: Option<Domain>,
    /// The base URL of the Platform API, if it is not that of the environment. The stack parameter
    /// AllowedGenesysHosts must contain the host.
    #[schemars(length(max = 2048))]
    pub api_url: Option<String>,
    /// The base URL of the login host. Default: the API's, with `api.` replaced by `login.`.
    #[schemars(length(max = 2048))]
    pub login_url: Option<String>,
    /// The full ARN of the secret {"client_id", "client_secret"} of the OAuth client (client
    /// credentials grant) that Lockstep signs in with. Its name begins with the stack's
    /// ClientSecretPrefix.
    #[schemars(required)]
    pub client_secret: Option<SecretArn>,
    /// The full ARNs of further secrets with OAuth clients of this organization, each
    /// {"client_id", "client_secret", "alternate_client_id"}, that rotate-client may rotate. Their
    /// names begin with the stack's ClientSecretPrefix.
    pub rotated_clients: Option<List<SecretArn>>,
    /// Who else may change managed resources. Lockstep's own client always may. A change by anyone
    /// else is a violation.
    pub authorized: Option<Authorized>,
    /// apply (the default), or plan: compute and report, but write nothing.
    pub mode: Option<Mode>,
    /// Lockstep refuses an upload or a manual request that would change more bindings than this. It
    /// does not limit rotations. Default: 25.
    #[serde(default, deserialize_with = "optional_whole_number")]
    #[schemars(range(min = 1, max = 10000))]
    pub max_changes: Option<u32>,
}

/// Principals, besides Lockstep's own client, that may change managed resources.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authorized {
    /// Ids of OAuth clients.
    pub clients: Option<List<ClientId>>,
    /// Ids of users.
    pub users: Option<List<UserId>>,
}

/// An integration.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    /// A short name of your choice, unique in the file. Reports and state are stored under it.
    #[schemars(required)]
    pub key: Option<Key>,
    /// The integration's name in Genesys Cloud.
    #[schemars(required, length(min = 1, max = 256), regex(pattern = r"\S"), extend("patternErrorMessage" = "Write a name that is not blank."))]
    pub name: Option<String>,
    /// The id of the integration type. Default: aws-lambda-data-actions. An integration of another
    /// type, such as custom-rest-actions (Web Services Data Actions), must exist: Lockstep does not
    /// create it.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 256), regex(pattern = r"^[A-Za-z0-9_-]+$"), extend("patternErrorMessage" = "Write the id of a type, such as custom-rest-actions."))]
    pub integration_type: Option<String>,
    /// The name of the IAM role that Genesys Cloud assumes, in the stack's account. It begins with
    /// the stack's RoleNamePrefix. Lockstep creates the role. Required for an AWS Lambda
    /// integration, not allowed for any other.
    pub role: Option<RoleName>,
    /// The id of an existing integration to manage. Without it, Lockstep manages the integration
    /// with exactly this name, or creates one.
    pub id: Option<IntegrationId>,
    /// Whether Lockstep may switch the integration to this role although it also has actions that
    /// the manifest does not manage. They share the role, which does not grant their functions.
    /// Default: false.
    pub adopt: Option<bool>,
}

/// A Data Action. Lockstep manages an action that invokes a Lambda function. It only tests an
/// action of another type of integration, after it has moved a credential; such an action needs
/// only key, name, integration and test.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// A short name of your choice, unique in the file. Reports, state and evidence are stored
    /// under it, so keep it when you rename the action.
    #[schemars(required)]
    pub key: Option<Key>,
    /// The action's name in Genesys Cloud.
    #[schemars(required, length(min = 1, max = 256), regex(pattern = r"\S"), extend("patternErrorMessage" = "Write a name that is not blank."))]
    pub name: Option<String>,
    /// The id of an existing action to manage, such as custom_-_6f1c2a5e-.... If the id does not
    /// exist, Lockstep reports an error and creates nothing.
    pub id: Option<ActionId>,
    /// Whether Lockstep may adopt an existing action with exactly this name in this integration.
    /// Default: false.
    pub adopt: Option<bool>,
    /// The key of the integration that the action belongs to. Fixed once the action exists.
    #[schemars(required)]
    pub integration: Option<Key>,
    /// The ARN of the Lambda function, optionally with an alias or a version. It must be in the
    /// stack's region and allowed by the stack parameter AllowedFunctionArns. Required for an
    /// action of an AWS Lambda integration.
    pub function: Option<FunctionArn>,
    /// The action's category. Default: the integration's name.
    #[schemars(length(min = 1, max = 256), regex(pattern = r"\S"), extend("patternErrorMessage" = "Write a name that is not blank."))]
    pub category: Option<String>,
    /// Whether it is a secure action. Fixed once the action exists. Default: false; for an adopted
    /// action, its current setting.
    pub secure: Option<bool>,
    /// The secrets that the function needs. The action carries only references to them, never
    /// values.
    #[schemars(length(max = 10))]
    pub secrets: Option<List<SecretReference>>,
    /// How the function learns of a new version. envelope: each call carries the ARN and version id
    /// in addition to the caller's input. none: the action does not change when a secret rotates;
    /// Lockstep only tests and verifies it. Default: none for an adopted action and for an action
    /// without secrets, otherwise envelope.
    pub delivery: Option<Delivery>,
    /// Whether the function must read exactly the version in the envelope. Allowed only if every
    /// secret has overlap: alternating. Default: false.
    pub pin: Option<bool>,
    /// The input and output of the action. Fixed once the action exists. Optional only for an
    /// adopted action.
    pub contract: Option<Contract>,
    /// The request that Genesys Cloud sends to the function.
    pub request: Option<Request>,
    /// How Genesys Cloud turns the function's answer into the action's output.
    pub response: Option<Response>,
    /// Seconds until Genesys Cloud aborts a call.
    #[serde(default, deserialize_with = "optional_whole_number")]
    #[schemars(range(min = 1, max = 60))]
    pub timeout_seconds: Option<u8>,
    /// A call that shows whether the action works. Lockstep makes it after a change, before the
    /// change goes live.
    pub test: Option<LiveTest>,
}

/// A secret that the function needs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretReference {
    /// The name by which the function knows the secret, such as DB_CONNECTION_STRING. Unique within
    /// the action.
    #[schemars(required)]
    pub name: Option<SecretName>,
    /// The full ARN of the secret, in the stack's account and region, with the six characters that
    /// AWS appends.
    #[schemars(required)]
    pub arn: Option<SecretArn>,
    /// Whether the previous version of the secret still works after a rotation. none (the default):
    /// it does not, as in a single-user rotation. alternating: it does, as in a rotation between
    /// two users.
    pub overlap: Option<Overlap>,
    /// How the secret should be rotated and encrypted. Lockstep reports a deviation as a finding.
    pub rotation: Option<Rotation>,
}

/// How a secret should be rotated and encrypted. Lockstep reports a deviation as a finding with the
/// command that corrects it; it does not change rotation or encryption itself.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// The maximum age of the current version, in days.
    #[serde(default, deserialize_with = "optional_whole_number")]
    #[schemars(range(min = 1, max = 3650))]
    pub max_age_days: Option<u32>,
    /// customer_managed: a customer managed KMS key encrypts the secret. any (the default): any
    /// key.
    pub kms: Option<KmsDirective>,
    /// required: KMS rotates the key automatically, as it does with AWS managed keys.
    pub kms_rotation: Option<KmsRotation>,
}

/// An integration credential that carries values of a secret.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// A short name of your choice, unique in the file. Reports and events carry it, and the
    /// credential's name in Genesys Cloud contains it.
    #[schemars(required)]
    pub key: Option<Key>,
    /// The key of the integration that uses the credential. Not an AWS Lambda integration: its only
    /// credential is its role.
    #[schemars(required)]
    pub integration: Option<Key>,
    /// The name of the slot in the integration's config, such as basicAuth.
    #[schemars(required, length(min = 1, max = 256), regex(pattern = r"\S"), extend("patternErrorMessage" = "Write the name of a slot."))]
    pub slot: Option<String>,
    /// The type of the credential, such as basicAuth.
    #[serde(rename = "type")]
    #[schemars(required, length(min = 1, max = 256), regex(pattern = r"\S"), extend("patternErrorMessage" = "Write the name of a credential type."))]
    pub credential_type: Option<String>,
    /// The full ARN of the secret, in the stack's account and region. Its name begins with the
    /// stack's CredentialSecretPrefix.
    #[schemars(required)]
    pub secret: Option<SecretArn>,
    /// Whether the previous version of the secret still works after a rotation. none (the default):
    /// it does not, as in a single-user rotation. alternating: it does, so Lockstep can roll back
    /// after a failed test.
    pub overlap: Option<Overlap>,
    /// The path in the secret for each field of the credential, such as userName: $.username. A
    /// single $ is the whole value.
    #[schemars(required, length(min = 1, max = 50))]
    pub fields: Option<BTreeMap<String, FieldPath>>,
    /// The keys of actions of the same integration whose tests show whether the credential works.
    #[schemars(length(max = 20))]
    pub test: Option<List<Key>>,
    /// How the secret should be rotated and encrypted. Lockstep reports a deviation as a finding.
    pub rotation: Option<Rotation>,
}

/// The input and output of an action, as JSON Schemas (draft-04).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// The JSON Schema of the input. Its type is object, and its properties have simple types.
    #[schemars(required)]
    pub input: Option<Map<String, Value>>,
    /// The JSON Schema of the output.
    #[schemars(required)]
    pub output: Option<Map<String, Value>>,
}

/// The request that Genesys Cloud sends to the function.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The Velocity template of the request. With delivery: envelope it contains
    /// {{lockstep.secrets}} exactly once, where a JSON object may appear. Default: the caller's
    /// input, in the envelope if there is one.
    pub template: Option<String>,
}

/// How Genesys Cloud turns the function's answer into the action's output.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The Velocity template of the output. Default: ${rawResult}; for an adopted action its
    /// current template. The same applies to the two maps below.
    pub success_template: Option<String>,
    /// JSONPath expressions by the names that the template uses.
    pub translation_map: Option<BTreeMap<String, String>>,
    /// Default values for names whose expression matches nothing.
    pub translation_map_defaults: Option<BTreeMap<String, String>>,
}

/// A call that shows whether the action works.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveTest {
    /// The input of the call. It must match the contract.
    #[schemars(required)]
    pub input: Option<Map<String, Value>>,
    /// What the answer must contain.
    pub expect: Option<Value>,
    /// Whether the call is harmless, so that Lockstep may make it at any time. Default: false.
    pub safe: Option<bool>,
}
