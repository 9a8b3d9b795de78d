//! What the stack lets a manifest say.

use crate::arn::FunctionPattern;
use crate::ids::OrganizationId;

/// The limits that the deployed stack puts on every manifest, from its template's parameters and
/// from where it runs.
///
/// Whoever writes a manifest could otherwise let a foreign organization in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The stack's account, twelve digits.
    pub account: String,
    /// The stack's region.
    pub region: String,
    /// The stack's partition.
    pub partition: String,
    /// `OrganizationIds`: the organizations that may be managed. Empty: none.
    pub organization_ids: Vec<OrganizationId>,
    /// `AllowedFunctionArns`: the functions that may be bound. Empty: none.
    pub allowed_functions: Vec<FunctionPattern>,
    /// `AllowedGenesysHosts`: hosts besides Genesys' own, as `host` or `host:port`. Plain HTTP is
    /// for those of them that are on loopback.
    pub allowed_hosts: Vec<String>,
    /// `RoleNamePrefix`: how every managed role's name begins.
    pub role_name_prefix: String,
    /// `ClientSecretPrefix`: how the names of the secrets with OAuth clients begin.
    pub client_secret_prefix: String,
    /// `CredentialSecretPrefix`: how the names of the secrets begin whose values may be pushed to
    /// integration credentials.
    pub credential_secret_prefix: String,
    /// `GenesysAccountId`: Genesys' AWS account where it is not the published one of the region.
    pub genesys_account: Option<String>,
    /// How the names of the stack's own functions begin. Those are never bound.
    pub own_functions: Vec<String>,
    /// How the names of the stack's own roles begin. Those are never managed.
    pub own_role_prefix: String,
}
