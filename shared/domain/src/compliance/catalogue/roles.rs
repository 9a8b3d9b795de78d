//! The roles that Genesys Cloud assumes.

use super::About;
use super::control::{ACCESS, CONFIGURATION, PRIVILEGE};
use crate::finding::Severity;

/// The role that Genesys Cloud assumes exists.
pub const MISSING: About = About {
    id: "LS-ROLE-MISSING",
    severity: Severity::High,
    requires: "The role that Genesys Cloud assumes exists.",
    why: "Genesys Cloud cannot call the functions without this role.",
    fix: "Run provision-role in apply mode; it creates the role.",
    source: "The manifest names the role under `integrations[].role`.",
    controls: &[],
};

/// The trust policy of the role means exactly the Genesys Cloud account, with the external id of the organization.
pub const TRUST: About = About {
    id: "LS-ROLE-TRUST",
    severity: Severity::Critical,
    requires: "The trust policy of the role means exactly: the Genesys Cloud account, with the external id of the organization.",
    why: "Every principal in the trust policy can call the functions; without the \
          external id, any Genesys Cloud organization can.",
    fix: "Run provision-role in apply mode; it corrects the trust policy.",
    source: "Genesys Cloud Resource Center, \"Create an IAM resource for AWS Lambda\"; IAM user guide, \"Access to AWS accounts owned by third parties\" (external id).",
    controls: ACCESS,
};

/// The inline policy of Lockstep grants invoking the bound functions, and nothing else.
pub const POLICY: About = About {
    id: "LS-ROLE-POLICY",
    severity: Severity::High,
    requires: "The inline policy of Lockstep grants invoking the bound functions, and nothing else.",
    why: "With too few permissions, calls fail; with too many, Genesys Cloud can do \
          more than call the bound functions.",
    fix: "Run provision-role in apply mode; it corrects the role's inline policy.",
    source: "IAM user guide, \"Security best practices in IAM\" (least privilege).",
    controls: PRIVILEGE,
};

/// The role has the stack's permissions boundary.
pub const BOUNDARY: About = About {
    id: "LS-ROLE-BOUNDARY",
    severity: Severity::High,
    requires: "The role has the stack's permissions boundary.",
    why: "Without the stack's permissions boundary, nothing limits the permissions of \
          the role, and Lockstep is not allowed to change it.",
    fix: "Find out who removed the boundary, then set it again with `aws iam \
          put-role-permissions-boundary`.",
    source: "IAM user guide, \"Permissions boundaries for IAM entities\".",
    controls: PRIVILEGE,
};

/// The role has no other inline policy and no attached policy.
pub const FOREIGN: About = About {
    id: "LS-ROLE-FOREIGN",
    severity: Severity::High,
    requires: "The role has no other inline policy and no attached policy.",
    why: "Someone added permissions that no manifest requires. Only the permissions \
          boundary limits them.",
    fix: "Find out who added these policies, then detach or delete them. Lockstep does \
          not change them.",
    source: "IAM user guide, \"Security best practices in IAM\" (least privilege).",
    controls: PRIVILEGE,
};

/// The description and the tags of the role name its stack and its organization.
pub const LABELS: About = About {
    id: "LS-ROLE-LABELS",
    severity: Severity::Low,
    requires: "The description and the tags of the role name its stack and its organization.",
    why: "Description and tags show people, and Lockstep, which stack and organization \
          own the role.",
    fix: "Run provision-role in apply mode; it corrects them.",
    source: "Lockstep changes only roles that carry its tags: docs/threat-model.md.",
    controls: CONFIGURATION,
};

/// A role that Lockstep created is bound to its integration.
pub const UNBOUND: About = About {
    id: "LS-ROLE-UNBOUND",
    severity: Severity::Medium,
    requires: "A role that Lockstep created is bound to its integration.",
    why: "Genesys Cloud can assume the role although no integration uses it, so nobody \
          would notice its use.",
    fix: "If the manifest has actions of the integration, no action is needed: \
          Lockstep queues them again. Otherwise delete the role, or remove the \
          integration from the manifest.",
    source: "A role that nothing uses is a permission that nobody needs: IAM user guide, \"Security best practices in IAM\" (remove unused roles).",
    controls: PRIVILEGE,
};

/// Only the Genesys Cloud account may assume the role.
pub const TRUST_PRINCIPAL: About = About {
    id: "LS-TRUST-PRINCIPAL",
    severity: Severity::Critical,
    requires: "Only the Genesys Cloud account may assume the role: no second principal, no wildcard, no NotPrincipal.",
    why: "Every other principal can call the functions as if it were Genesys Cloud.",
    fix: "Run provision-role in apply mode; it corrects the trust policy. Find out who widened it.",
    source: "IAM user guide, \"AWS JSON policy elements: Principal\" and \"NotPrincipal\".",
    controls: ACCESS,
};

/// Every statement of the trust policy requires the external id of the organization.
pub const TRUST_EXTERNAL_ID: About = About {
    id: "LS-TRUST-EXTERNAL-ID",
    severity: Severity::Critical,
    requires: "Every statement of the trust policy that allows something requires the external id of the organization, and no other id.",
    why: "Without the external id, every other Genesys Cloud organization can call the functions: \
          the confused deputy problem.",
    fix: "Run provision-role in apply mode; it corrects the trust policy. Find out who widened it.",
    source: "IAM user guide, \"The confused deputy problem\" and \"IAM JSON policy elements: Condition operators\" (IfExists, StringLike).",
    controls: ACCESS,
};

/// The trust policy allows only to assume the role.
pub const TRUST_ACTIONS: About = About {
    id: "LS-TRUST-ACTIONS",
    severity: Severity::High,
    requires: "The trust policy allows sts:AssumeRole and no other action.",
    why: "With session tags or a source identity of its own choice, the caller can satisfy \
          conditions of other policies.",
    fix: "Run provision-role in apply mode; it corrects the trust policy. Find out who widened it.",
    source: "IAM user guide, \"Pass session tags in AWS STS\" and \"Monitor and control actions taken with assumed roles\".",
    controls: ACCESS,
};

/// The role is of this stack and this organization.
pub const OWNER: About = About {
    id: "LS-ROLE-OWNER",
    severity: Severity::High,
    requires: "The role has no path, and no tags of another stack or organization.",
    why: "Two stacks that change one role undo each other's changes, and one organization could \
          call the functions of another.",
    fix: "Use another role, or remove the tags of the stack that no longer uses it.",
    source: "Lockstep changes only roles that carry its tags: docs/threat-model.md.",
    controls: PRIVILEGE,
};
