//! The checks: each has a stable id, and an entry of the catalogue.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::catalogue::{self, About, Control};
use crate::finding::Severity;

/// Declares the checks in the catalogue's order, each with its entry.
macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $entry:expr;)+) => {
        /// One check. Its id is stable: reports, tickets and dashboards refer to it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Check { $($(#[$doc])* $name,)+ }

        /// All checks.
        pub const CATALOGUE: &[Check] = &[$(Check::$name,)+];

        impl Check {
            /// Its entry of the catalogue.
            fn about(self) -> &'static About {
                match self { $(Self::$name => &$entry,)+ }
            }
        }
    };
}

checks! {
    /// The role that Genesys Cloud assumes exists.
    RoleMissing = catalogue::roles::MISSING;
    /// The role's trust policy is ours, exactly.
    RoleTrust = catalogue::roles::TRUST;
    /// Only the Genesys Cloud account may assume the role.
    TrustPrincipal = catalogue::roles::TRUST_PRINCIPAL;
    /// Every statement of the trust policy requires the organization's external id.
    TrustExternalId = catalogue::roles::TRUST_EXTERNAL_ID;
    /// The trust policy allows only to assume the role.
    TrustActions = catalogue::roles::TRUST_ACTIONS;
    /// The role's policy grants the bound functions and nothing else.
    RolePolicy = catalogue::roles::POLICY;
    /// The role has the stack's permissions boundary.
    RoleBoundary = catalogue::roles::BOUNDARY;
    /// The role is of this stack and this organization.
    RoleOwner = catalogue::roles::OWNER;
    /// Nobody else gave the role permissions.
    RoleForeign = catalogue::roles::FOREIGN;
    /// The role's description and tags name its owner.
    RoleLabels = catalogue::roles::LABELS;
    /// Each role that was created is bound to its integration.
    RoleUnbound = catalogue::roles::UNBOUND;
    /// The bound function exists.
    FunctionMissing = catalogue::functions::MISSING;
    /// The bound function is in the stack's account and region.
    FunctionPlace = catalogue::functions::PLACE;
    /// The bound function can be invoked.
    FunctionState = catalogue::functions::STATE;
    /// The last update of the bound function took effect.
    FunctionUpdate = catalogue::functions::UPDATE;
    /// Not everyone may invoke the bound function.
    FunctionPublic = catalogue::functions::PUBLIC;
    /// No other account and no service may invoke the bound function.
    FunctionInvokers = catalogue::functions::INVOKERS;
    /// The integration exists.
    IntegrationMissing = catalogue::genesys::INTEGRATION_MISSING;
    /// The integration is enabled.
    IntegrationDisabled = catalogue::genesys::INTEGRATION_DISABLED;
    /// The integration uses the role's credential, and nobody overwrote it.
    Credential = catalogue::genesys::CREDENTIAL;
    /// The action exists.
    ActionMissing = catalogue::genesys::ACTION_MISSING;
    /// The action is as the manifest says.
    ActionDrift = catalogue::genesys::ACTION_DRIFT;
    /// The integration reports no error.
    IntegrationError = catalogue::genesys::INTEGRATION_ERROR;
    /// No draft of somebody else is unpublished.
    DraftOpen = catalogue::genesys::DRAFT_OPEN;
    /// No action that no binding names uses a managed role or function.
    ActionUnmanaged = catalogue::genesys::ACTION_UNMANAGED;
    /// No credential of ours exists that nothing uses.
    CredentialLeft = catalogue::genesys::CREDENTIAL_LEFT;
    /// No draft of ours is unpublished.
    DraftLeft = catalogue::genesys::DRAFT_LEFT;
    /// The organization lets Lockstep sign in.
    SignIn = catalogue::genesys::SIGN_IN;
    /// The action is bound to the current version of each secret.
    SecretStale = catalogue::secrets::STALE;
    /// Each secret exists and has a current version.
    SecretDeleted = catalogue::secrets::DELETED;
    /// No rotation of a secret is stuck half way.
    PendingStuck = catalogue::secrets::PENDING_STUCK;
    /// Secrets Manager rotates each secret whose age the manifest limits.
    SecretRotation = catalogue::secrets::ROTATION;
    /// The last scheduled rotation of each secret took place.
    RotationMissed = catalogue::secrets::ROTATION_MISSED;
    /// Nobody outside the account may read the secret.
    SecretReaders = catalogue::secrets::READERS;
    /// The current version of each secret is as young as the manifest requires.
    SecretAge = catalogue::secrets::AGE;
    /// Each secret is encrypted with a key as the manifest asks.
    SecretKey = catalogue::secrets::KEY;
    /// KMS rotates the key where the manifest asks for it.
    KeyRotation = catalogue::secrets::KEY_ROTATION;
    /// The accepted manifest names each secret by its full ARN.
    SecretArn = catalogue::secrets::ARN;
    /// Only authorized principals changed the action and its integration.
    Principal = catalogue::changes::PRINCIPAL;
    /// No write failed.
    WriteFailed = catalogue::changes::WRITE_FAILED;
    /// No change was made under Lockstep's name that it did not plan.
    Unplanned = catalogue::changes::UNPLANNED;
    /// No change is open past its deadline.
    ChangeOpen = catalogue::changes::OPEN;
    /// No desired state is held back.
    Held = catalogue::changes::HELD;
    /// The live test of the bound state passes.
    Unhealthy = catalogue::changes::UNHEALTHY;
    /// The last change ended as it should.
    ChangeEnd = catalogue::changes::END;
    /// The evidence of the binding is complete and unaltered.
    Evidence = catalogue::changes::EVIDENCE;
    /// The accepted manifest is still acceptable.
    Manifest = catalogue::lockstep::MANIFEST;
    /// Every exception of the manifest applies to a failure.
    Exception = catalogue::lockstep::EXCEPTION;
    /// The organization was swept as a whole.
    Sweep = catalogue::lockstep::SWEEP;
}

impl Check {
    /// The stable id.
    pub fn id(self) -> &'static str {
        self.about().id
    }

    /// How severe a failure is.
    pub fn severity(self) -> Severity {
        self.about().severity
    }

    /// What the check requires, as a sentence.
    pub fn requires(self) -> &'static str {
        self.about().requires
    }

    /// Why that matters.
    pub fn why(self) -> &'static str {
        self.about().why
    }

    /// What to do where it fails.
    pub fn fix(self) -> &'static str {
        self.about().fix
    }

    /// On what the requirement rests.
    pub fn source(self) -> &'static str {
        self.about().source
    }

    /// The controls that the check supports.
    pub fn controls(self) -> &'static [Control] {
        self.about().controls
    }
}

impl Check {
    /// Whether the audit log answers it: its failures are occurrences.
    pub fn is_of_audit_log(self) -> bool {
        matches!(self, Self::Principal | Self::WriteFailed | Self::Unplanned)
    }
}

/// A text that is the id of no check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no check with the id {0:?}")]
pub struct UnknownCheck(String);

impl FromStr for Check {
    type Err = UnknownCheck;

    fn from_str(id: &str) -> Result<Self, UnknownCheck> {
        let mut all = CATALOGUE.iter().copied();
        all.find(|check| check.id() == id)
            .ok_or_else(|| UnknownCheck(id.to_owned()))
    }
}

impl TryFrom<String> for Check {
    type Error = UnknownCheck;

    fn try_from(id: String) -> Result<Self, UnknownCheck> {
        id.parse()
    }
}

impl From<Check> for String {
    fn from(check: Check) -> Self {
        check.id().to_owned()
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl JsonSchema for Check {
    fn schema_name() -> Cow<'static, str> {
        "Check".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let ids: Vec<&str> = CATALOGUE.iter().map(|check| check.id()).collect();
        json_schema!({
            "type": "string",
            "description": "The id of a check: docs/checks.md.",
            "enum": ids,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_check_has_an_id_of_its_own_and_says_what_to_do() {
        let ids: BTreeSet<&str> = CATALOGUE.iter().map(|check| check.id()).collect();
        assert_eq!(ids.len(), CATALOGUE.len());
        for check in CATALOGUE {
            assert!(check.id().starts_with("LS-"), "{check}");
            for text in [check.requires(), check.why(), check.fix(), check.source()] {
                assert!(text.ends_with('.'), "{check}: {text}");
            }
        }
    }

    #[test]
    fn a_check_is_known_again_by_its_id_and_no_other_text_is_one() {
        for check in CATALOGUE {
            assert_eq!(check.id().parse(), Ok(*check));
        }
        let unknown: Result<Check, UnknownCheck> = "LS-NOTHING".parse();
        assert_eq!(
            unknown.unwrap_err().to_string(),
            "there is no check with the id \"LS-NOTHING\""
        );
    }

    #[test]
    fn no_check_names_a_control_twice() {
        for check in CATALOGUE {
            let named: BTreeSet<&Control> = check.controls().iter().collect();
            assert_eq!(named.len(), check.controls().len(), "{check}");
        }
    }
}
