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
    /// The accepted manifest is still acceptable.
    Manifest,
    /// The organization lets Lockstep in.
    SignIn,
    /// No credential of ours is there that nothing uses.
    CredentialLeft,
    /// No draft of ours remains unpublished.
    DraftLeft,
    /// Each role that was made is bound to its integration.
    RoleUnbound,
    /// No rotation of a secret is stuck half way.
    PendingStuck,
    /// The current version of each secret is as young as the manifest requires.
    SecretAge,
    /// Each secret is encrypted with a key as the manifest asks.
    SecretKey,
    /// KMS rotates the key where the manifest asks for it.
    KeyRotation,
    /// The organization was swept as a whole.
    Sweep,
    /// The accepted manifest names each secret by its full ARN.
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
                why: "Genesys Cloud cannot call the functions without this role.",
                fix: "Run provision-role in apply mode; it creates the role.",
            },
            Self::RoleTrust => About {
                id: "LS-ROLE-TRUST",
                severity: Severity::Critical,
                why: "Every principal in the trust policy can call the functions; without the \
                      external id, any Genesys Cloud organization can.",
                fix: "Run provision-role in apply mode; it corrects the trust policy.",
            },
            Self::RolePolicy => About {
                id: "LS-ROLE-POLICY",
                severity: Severity::High,
                why: "With too few permissions, calls fail; with too many, Genesys Cloud can do \
                      more than call the bound functions.",
                fix: "Run provision-role in apply mode; it corrects the role's inline policy.",
            },
            Self::RoleBoundary => About {
                id: "LS-ROLE-BOUNDARY",
                severity: Severity::High,
                why: "Without the stack's permissions boundary, nothing limits the permissions of \
                      the role, and Lockstep is not allowed to change it.",
                fix: "Find out who removed the boundary, then set it again with `aws iam \
                      put-role-permissions-boundary`.",
            },
            Self::RoleForeign => About {
                id: "LS-ROLE-FOREIGN",
                severity: Severity::High,
                why: "Someone added permissions that no manifest requires. Only the permissions \
                      boundary limits them.",
                fix: "Find out who added these policies, then detach or delete them. Lockstep does \
                      not change them.",
            },
            Self::RoleLabels => About {
                id: "LS-ROLE-LABELS",
                severity: Severity::Low,
                why: "Description and tags show people, and Lockstep, which stack and organization \
                      own the role.",
                fix: "Run provision-role in apply mode; it corrects them.",
            },
            Self::IntegrationMissing => About {
                id: "LS-INTEGRATION-MISSING",
                severity: Severity::High,
                why: "All actions of the integration fail.",
                fix: "Run provision-role in apply mode. If Lockstep created the integration \
                      earlier, restore it in Genesys Cloud or set the `id` of its replacement in \
                      the manifest.",
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
                why: "The integration would assume a different role from the manifest's, or none.",
                fix: "Run rebind-action in apply mode; it rewrites the credential.",
            },
            Self::ActionMissing => About {
                id: "LS-ACTION-MISSING",
                severity: Severity::High,
                why: "Flows refer to an action by its id, so a new action with the same name does \
                      not repair them.",
                fix: "Restore the action, or set the `id` of its replacement in the manifest and \
                      update the flows.",
            },
            Self::ActionDrift => About {
                id: "LS-ACTION-DRIFT",
                severity: Severity::High,
                why: "The action does not do what the manifest says.",
                fix: "Run rebind-action in apply mode, or update the manifest.",
            },
            Self::SecretStale => About {
                id: "LS-SECRET-STALE",
                severity: Severity::High,
                why: "The function still uses a version of the secret that may no longer work.",
                fix: "Run rebind-action in apply mode, and check the dead-letter queues for the \
                      lost trigger.",
            },
            Self::SecretDeleted => About {
                id: "LS-SECRET-DELETED",
                severity: Severity::Critical,
                why: "The function can no longer read the secret.",
                fix: "Restore the secret, or remove it from the manifest.",
            },
            Self::Principal => About {
                id: "LS-PRINCIPAL",
                severity: Severity::Critical,
                why: "An unauthorized principal changed something that Lockstep manages.",
                fix: "Ask the named principal. If the change was legitimate, list the principal \
                      under `authorized` in the manifest; otherwise revoke its permission and run \
                      rebind-action.",
            },
            Self::WriteFailed => About {
                id: "LS-AUDIT-FAILED",
                severity: Severity::High,
                why: "The change may be incomplete.",
                fix: "Review the evidence and run rebind-action in apply mode.",
            },
            Self::Unplanned => About {
                id: "LS-AUDIT-UNPLANNED",
                severity: Severity::Critical,
                why: "Someone else uses the OAuth client that Lockstep signs in with.",
                fix: "Rotate the client's secret and find out how it leaked.",
            },
            Self::ChangeOpen => About {
                id: "LS-CHANGE-OPEN",
                severity: Severity::Medium,
                why: "A change without a verdict proves nothing.",
                fix: "Search the dead-letter queues and the function's log for the change id.",
            },
            Self::Held => About {
                id: "LS-HELD",
                severity: Severity::High,
                why: "Lockstep tried the desired state, it was rejected, and Lockstep does not \
                      retry it automatically.",
                fix: "Correct the cause, then run rebind-action with `\"retry\": true`.",
            },
            Self::Unhealthy => About {
                id: "LS-UNHEALTHY",
                severity: Severity::High,
                why: "The live test fails with the current binding, so calls very likely fail.",
                fix: "Correct the function or the secret, then run rebind-action with `\"retry\": \
                      true`.",
            },
            Self::ChangeEnd => About {
                id: "LS-CHANGE-END",
                severity: Severity::High,
                why: "The latest change to the binding was not verified.",
                fix: "Review the evidence of the change to see what is missing or wrong.",
            },
            Self::Evidence => About {
                id: "LS-EVIDENCE",
                severity: Severity::Critical,
                why: "Evidence that is incomplete or altered proves nothing.",
                fix: "Compare the objects with their earlier versions, which the bucket keeps.",
            },
            Self::Manifest => About {
                id: "LS-MANIFEST",
                severity: Severity::High,
                why: "The accepted manifest is no longer within the stack's parameters, so \
                      Lockstep does not manage the affected bindings.",
                fix: "Upload a manifest that the stack's parameters allow, or widen the parameters.",
            },
            Self::SignIn => About {
                id: "LS-SIGN-IN",
                severity: Severity::High,
                why: "Lockstep cannot observe or change anything in the organization.",
                fix: "See the reason; check the OAuth client, its roles and its secret.",
            },
            Self::CredentialLeft => About {
                id: "LS-CREDENTIAL-LEFT",
                severity: Severity::Medium,
                why: "A run of Lockstep was interrupted. The credential is unused but still grants \
                      access.",
                fix: "No action needed: the next run over its integration deletes the credential.",
            },
            Self::DraftLeft => About {
                id: "LS-DRAFT-LEFT",
                severity: Severity::Medium,
                why: "A run of Lockstep was interrupted. Anyone who publishes the draft makes it \
                      live.",
                fix: "No action needed: the next run over the action discards the draft.",
            },
            Self::RoleUnbound => About {
                id: "LS-ROLE-UNBOUND",
                severity: Severity::Medium,
                why: "Genesys Cloud can assume the role although no integration uses it, so nobody \
                      would notice its use.",
                fix: "If the manifest has actions of the integration, no action is needed: \
                      Lockstep queues them again. Otherwise delete the role, or remove the \
                      integration from the manifest.",
            },
            Self::PendingStuck => About {
                id: "LS-PENDING-STUCK",
                severity: Severity::High,
                why: "Secrets Manager regards the rotation as still running and starts no new one, \
                      so the secret is not rotated.",
                fix: "Run the command given. rotate-client repairs the secrets of OAuth clients \
                      automatically.",
            },
            Self::SecretAge => About {
                id: "LS-SECRET-AGE",
                severity: Severity::Medium,
                why: "The older a secret is, the more people and systems may have seen it.",
                fix: "Rotate the secret with the command given, and find out why it was not \
                      rotated.",
            },
            Self::SecretKey => About {
                id: "LS-SECRET-KEY",
                severity: Severity::Medium,
                why: "With a customer managed key you decide who may decrypt the secret, and you \
                      can see who did.",
                fix: "Set a key with the command given; the function that reads the secret needs \
                      kms:Decrypt on it.",
            },
            Self::KeyRotation => About {
                id: "LS-KMS-ROTATION",
                severity: Severity::Medium,
                why: "The longer a key is in use, the more data it protects.",
                fix: "Enable rotation of the key with the command given. No binding changes.",
            },
            Self::Sweep => About {
                id: "LS-SWEEP",
                severity: Severity::High,
                why: "Resources that were not checked may be non-compliant, and without the record \
                      of the last sweep Lockstep cannot say which findings are new.",
                fix: "See the reason. The Object Unreadable event has the command that restores an \
                      object; the next sweep tries again.",
            },
            Self::SecretArn => About {
                id: "LS-SECRET-ARN",
                severity: Severity::High,
                why: "Events about a secret carry its full ARN, so Lockstep notices a rotation of \
                      this secret only at the next resync.",
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
