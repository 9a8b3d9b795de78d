//! The catalogue: each check's stable id, and what it means in words that fit every occurrence.

use crate::finding::{Finding, Severity, Status};

/// One check. Its id is stable: reports, tickets and dashboards refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The role that Genesys Cloud assumes is there.
    RoleMissing,
    /// The role's trust policy is ours, exactly.
    RoleTrust,
    /// The role's policy grants the bound functions and nothing else.
    RolePolicy,
    /// The role carries the stack's permissions boundary.
    RoleBoundary,
    /// Nobody else gave the role permissions.
    RoleForeign,
    /// The role's description and tags say whose it is.
    RoleLabels,
    /// The integration is there.
    IntegrationMissing,
    /// The integration is enabled.
    IntegrationDisabled,
    /// The integration uses the role's credential, and nobody overwrote it.
    Credential,
    /// The action is there.
    ActionMissing,
    /// The action is as the manifest says.
    ActionDrift,
    /// The action is bound to the version of each secret that is current.
    SecretStale,
    /// Each secret exists and has a current version.
    SecretDeleted,
    /// Only authorized principals changed the action and its integration.
    Principal,
    /// No write failed.
    WriteFailed,
    /// No change was made under Lockstep's name that it did not plan.
    Unplanned,
    /// No change is open past its deadline.
    ChangeOpen,
    /// No desired state is held back.
    Held,
    /// The live test of the bound state passes.
    Unhealthy,
    /// The last change ended as it should.
    ChangeEnd,
    /// The evidence of the binding is complete and unaltered.
    Evidence,
    /// The manifest in force is still acceptable.
    Manifest,
    /// The organization lets Lockstep in.
    SignIn,
    /// No credential of ours is there that nothing uses.
    CredentialLeft,
    /// No draft of ours is left unpublished.
    DraftLeft,
    /// Each role that was made is bound to its integration.
    RoleUnbound,
    /// No rotation of a secret is stuck half way.
    PendingStuck,
    /// The version of each secret in force is as young as the manifest asks.
    SecretAge,
    /// Each secret is encrypted with a key as the manifest asks.
    SecretKey,
    /// KMS rotates the key where the manifest asks for it.
    KeyRotation,
    /// The organization was swept as a whole.
    Sweep,
    /// The manifest in force names each secret by its full ARN.
    SecretArn,
}

/// All checks.
pub const CATALOGUE: [Check; 32] = [
    Check::RoleMissing,
    Check::RoleTrust,
    Check::RolePolicy,
    Check::RoleBoundary,
    Check::RoleForeign,
    Check::RoleLabels,
    Check::IntegrationMissing,
    Check::IntegrationDisabled,
    Check::Credential,
    Check::ActionMissing,
    Check::ActionDrift,
    Check::SecretStale,
    Check::SecretDeleted,
    Check::Principal,
    Check::WriteFailed,
    Check::Unplanned,
    Check::ChangeOpen,
    Check::Held,
    Check::Unhealthy,
    Check::ChangeEnd,
    Check::Evidence,
    Check::Manifest,
    Check::SignIn,
    Check::CredentialLeft,
    Check::DraftLeft,
    Check::RoleUnbound,
    Check::PendingStuck,
    Check::SecretAge,
    Check::SecretKey,
    Check::KeyRotation,
    Check::Sweep,
    Check::SecretArn,
];

/// What a check is about, in words that do not depend on the occurrence.
struct About {
    id: &'static str,
    severity: Severity,
    why: &'static str,
    fix: &'static str,
}

impl Check {
    /// The stable id.
    pub fn id(self) -> &'static str {
        self.about().id
    }

    /// How bad it is when it fails.
    pub fn severity(self) -> Severity {
        self.about().severity
    }

    /// The finding when it does not hold.
    pub fn failed(self, resource: impl Into<String>, what: impl Into<String>) -> Finding {
        self.finding(resource.into(), Status::Failed, what.into())
    }

    /// The finding when it could not be seen whether it holds.
    pub fn not_evaluated(self, resource: impl Into<String>, because: impl Into<String>) -> Finding {
        self.finding(resource.into(), Status::NotEvaluated, because.into())
    }

    fn finding(self, resource: String, status: Status, what: String) -> Finding {
        let about = self.about();
        Finding {
            id: about.id.into(),
            severity: about.severity,
            resource,
            status,
            what,
            why: about.why.into(),
            fix: about.fix.into(),
        }
    }

    fn about(self) -> About {
        match self {
            Self::RoleMissing => About {
                id: "LS-ROLE-MISSING",
                severity: Severity::High,
                why: "Genesys Cloud cannot call the function without it.",
                fix: "Run provision-role in apply mode; it creates the role.",
            },
            Self::RoleTrust => About {
                id: "LS-ROLE-TRUST",
                severity: Severity::Critical,
                why: "Whoever the trust policy names may call the function, and without the \
                      external id any organization of Genesys Cloud may.",
                fix: "Run provision-role in apply mode; it puts the trust policy right.",
            },
            Self::RolePolicy => About {
                id: "LS-ROLE-POLICY",
                severity: Severity::High,
                why: "Too little and calls fail; too much and Genesys Cloud may do more than \
                      call the bound functions.",
                fix: "Run provision-role in apply mode; it puts the role's inline policy right.",
            },
            Self::RoleBoundary => About {
                id: "LS-ROLE-BOUNDARY",
                severity: Severity::High,
                why: "Without the stack's permissions boundary nothing limits what the role can \
                      be given, and Lockstep may not change it.",
                fix: "Set the boundary with `aws iam put-role-permissions-boundary`, after \
                      looking at who took it away.",
            },
            Self::RoleForeign => About {
                id: "LS-ROLE-FOREIGN",
                severity: Severity::High,
                why: "Somebody else gave the role permissions that no manifest asks for. Its \
                      boundary limits them, for as long as it is there.",
                fix: "Detach or delete what is named, after asking who added it. Lockstep does \
                      not touch it.",
            },
            Self::RoleLabels => About {
                id: "LS-ROLE-LABELS",
                severity: Severity::Low,
                why: "Description and tags tell people, and Lockstep, whose role it is.",
                fix: "Run provision-role in apply mode; it puts them right.",
            },
            Self::IntegrationMissing => About {
                id: "LS-INTEGRATION-MISSING",
                severity: Severity::High,
                why: "All actions of the integration fail.",
                fix: "Run provision-role in apply mode; if the integration was made by Lockstep \
                      under an id, restore it or name the new one in the manifest.",
            },
            Self::IntegrationDisabled => About {
                id: "LS-INTEGRATION-DISABLED",
                severity: Severity::High,
                why: "All actions of the integration fail while it is disabled.",
                fix: "Enable it in Genesys Cloud, or run rebind-action in apply mode.",
            },
            Self::Credential => About {
                id: "LS-CREDENTIAL",
                severity: Severity::High,
                why: "The integration would assume another role than the manifest's, or none.",
                fix: "Run rebind-action in apply mode; it writes the credential again.",
            },
            Self::ActionMissing => About {
                id: "LS-ACTION-MISSING",
                severity: Severity::High,
                why: "Flows refer to an action by its id; a new one under the same name does not \
                      help them.",
                fix: "Restore the action, or name the id of its successor in the manifest and \
                      point the flows to it.",
            },
            Self::ActionDrift => About {
                id: "LS-ACTION-DRIFT",
                severity: Severity::High,
                why: "The action does something else than the manifest says.",
                fix: "Run rebind-action in apply mode, or bring the manifest up to date.",
            },
            Self::SecretStale => About {
                id: "LS-SECRET-STALE",
                severity: Severity::High,
                why: "The function still uses a version of the secret that may no longer work.",
                fix: "Run rebind-action in apply mode, and look at the dead-letter queues for the \
                      trigger that was lost.",
            },
            Self::SecretDeleted => About {
                id: "LS-SECRET-DELETED",
                severity: Severity::Critical,
                why: "The function can no longer read the secret.",
                fix: "Restore the secret, or take it out of the manifest.",
            },
            Self::Principal => About {
                id: "LS-PRINCIPAL",
                severity: Severity::Critical,
                why: "Somebody who may not has changed what Lockstep manages.",
                fix: "Ask the named principal. Name them under `authorized` in the manifest if \
                      they may; otherwise withdraw their permission and run rebind-action.",
            },
            Self::WriteFailed => About {
                id: "LS-AUDIT-FAILED",
                severity: Severity::High,
                why: "What was to be changed may be half changed.",
                fix: "Look at the evidence and run rebind-action in apply mode.",
            },
            Self::Unplanned => About {
                id: "LS-AUDIT-UNPLANNED",
                severity: Severity::Critical,
                why: "Somebody else uses the OAuth client that Lockstep signs in with.",
                fix: "Rotate the client's secret and find out where it leaked.",
            },
            Self::ChangeOpen => About {
                id: "LS-CHANGE-OPEN",
                severity: Severity::Medium,
                why: "A change without a verdict proves nothing.",
                fix: "Look at the dead-letter queues and the function's log for the change id.",
            },
            Self::Held => About {
                id: "LS-HELD",
                severity: Severity::High,
                why: "What the manifest and the secret ask for was tried and rejected; it is not \
                      tried again by itself.",
                fix: "Mend the cause, then run rebind-action with `\"retry\": true`.",
            },
            Self::Unhealthy => About {
                id: "LS-UNHEALTHY",
                severity: Severity::High,
                why: "The live test fails on the state that is bound: calls very likely fail.",
                fix: "Mend the function or the secret, then run rebind-action with `\"retry\": true`.",
            },
            Self::ChangeEnd => About {
                id: "LS-CHANGE-END",
                severity: Severity::High,
                why: "The latest change of the binding was not verified.",
                fix: "Look at the evidence of the change for what is missing or wrong.",
            },
            Self::Evidence => About {
                id: "LS-EVIDENCE",
                severity: Severity::Critical,
                why: "Evidence that is not complete and unaltered proves nothing.",
                fix: "Compare with the earlier versions of the objects; the bucket keeps them.",
            },
            Self::Manifest => About {
                id: "LS-MANIFEST",
                severity: Severity::High,
                why: "What is in force is no longer within the stack's bounds, so nothing of it \
                      is kept in lockstep.",
                fix: "Upload a manifest that fits, or widen the stack's parameters.",
            },
            Self::SignIn => About {
                id: "LS-SIGN-IN",
                severity: Severity::High,
                why: "Nothing in the organization can be observed or changed.",
                fix: "See the reason given; check the OAuth client, its roles and its secret.",
            },
            Self::CredentialLeft => About {
                id: "LS-CREDENTIAL-LEFT",
                severity: Severity::Medium,
                why: "A run of Lockstep was cut short. A credential that nothing uses still opens \
                      what it opens.",
                fix: "Nothing: the next run over its integration deletes it.",
            },
            Self::DraftLeft => About {
                id: "LS-DRAFT-LEFT",
                severity: Severity::Medium,
                why: "A run of Lockstep was cut short. Whoever publishes the draft makes it live.",
                fix: "Nothing: the next run over the action throws it away.",
            },
            Self::RoleUnbound => About {
                id: "LS-ROLE-UNBOUND",
                severity: Severity::Medium,
                why: "A role that Genesys Cloud may assume and that no integration uses is a way \
                      in that nobody watches.",
                fix: "Nothing, if actions of the integration are in the manifest: they are handed \
                      on again. Otherwise delete the role, or take the integration out.",
            },
            Self::PendingStuck => About {
                id: "LS-PENDING-STUCK",
                severity: Severity::High,
                why: "Secrets Manager takes every later rotation for one that is still under way, \
                      and rotates nothing.",
                fix: "See the command given. The secrets of OAuth clients are mended by \
                      rotate-client itself.",
            },
            Self::SecretAge => About {
                id: "LS-SECRET-AGE",
                severity: Severity::Medium,
                why: "The older a secret, the more have seen it.",
                fix: "Rotate it with the command given, and look at why it was not.",
            },
            Self::SecretKey => About {
                id: "LS-SECRET-KEY",
                severity: Severity::Medium,
                why: "With a key of your own you say who may decrypt, and see who did.",
                fix: "Give the secret a key with the command given; its function needs kms:Decrypt \
                      on it.",
            },
            Self::KeyRotation => About {
                id: "LS-KMS-ROTATION",
                severity: Severity::Medium,
                why: "A key that never changes protects ever more.",
                fix: "Switch it on with the command given. Nothing needs to be bound anew.",
            },
            Self::Sweep => About {
                id: "LS-SWEEP",
                severity: Severity::High,
                why: "What was not checked proves nothing, and without the record of the last \
                      sweep no event says which findings are new.",
                fix: "See the reason given. The Object Unreadable event has the command that \
                      restores an object; the next sweep tries again.",
            },
            Self::SecretArn => About {
                id: "LS-SECRET-ARN",
                severity: Severity::High,
                why: "Events about a secret carry its full ARN, so a rotation of this one reaches \
                      no binding before the next resync.",
                fix: "Write the full ARN into the manifest and upload it.",
            },
        }
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
            let finding = check.failed("resource", "what");
            assert!(finding.id.starts_with("LS-"), "{finding:?}");
            assert!(finding.why.ends_with('.'), "{finding:?}");
            assert!(finding.fix.ends_with('.'), "{finding:?}");
        }
    }

    #[test]
    fn what_could_not_be_seen_is_not_called_failed() {
        let finding = Check::ActionDrift.not_evaluated("genesys:action/1", "the read failed");
        assert_eq!(finding.status, Status::NotEvaluated);
        assert_eq!(finding.what, "the read failed");
    }
}
