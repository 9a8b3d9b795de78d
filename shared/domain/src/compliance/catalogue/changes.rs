//! Changes: who made them, how they ended, and whether that is proved.

use super::About;
use super::control::{CHANGE, PROOF};
use crate::finding::Severity;

/// Since the last sweep, only Lockstep and the manifest's `authorized` principals have changed the managed resources.
pub const PRINCIPAL: About = About {
    id: "LS-PRINCIPAL",
    severity: Severity::Critical,
    requires: "Since the last sweep, only Lockstep and the manifest's `authorized` principals have changed the managed resources.",
    why: "An unauthorized principal changed something that Lockstep manages.",
    fix: "Ask the named principal. If the change was legitimate, list the principal \
          under `authorized` in the manifest; otherwise revoke its permission and run \
          rebind-action.",
    source: "Genesys Cloud audit log, service Integrations.",
    controls: CHANGE,
};

/// No write of Lockstep failed since the last sweep.
pub const WRITE_FAILED: About = About {
    id: "LS-AUDIT-FAILED",
    severity: Severity::High,
    requires: "No write of Lockstep failed since the last sweep.",
    why: "The change may be incomplete.",
    fix: "Review the evidence and run rebind-action in apply mode.",
    source: "Genesys Cloud audit log, `status` of a record.",
    controls: CHANGE,
};

/// Since the last sweep, Lockstep's OAuth client has removed nothing but what a plan says.
pub const UNPLANNED: About = About {
    id: "LS-AUDIT-UNPLANNED",
    severity: Severity::Critical,
    requires: "Since the last sweep, Lockstep's OAuth client has removed nothing but what a plan says.",
    why: "Someone else uses the OAuth client that Lockstep signs in with.",
    fix: "Rotate the client's secret and find out how it leaked.",
    source: "Genesys Cloud audit log, compared with the recorded plans.",
    controls: CHANGE,
};

/// Every change has a verdict before its deadline.
pub const OPEN: About = About {
    id: "LS-CHANGE-OPEN",
    severity: Severity::Medium,
    requires: "Every change has a verdict before its deadline.",
    why: "A change without a verdict proves nothing.",
    fix: "Search the dead-letter queues and the function's log for the change id.",
    source: "The stack parameter VerifyDeadlineSeconds.",
    controls: CHANGE,
};

/// No desired state is held after it was rejected.
pub const HELD: About = About {
    id: "LS-HELD",
    severity: Severity::High,
    requires: "No desired state is held after it was rejected.",
    why: "Lockstep tried the desired state, it was rejected, and Lockstep does not \
          retry it automatically.",
    fix: "Correct the cause, then run rebind-action with `\"retry\": true`.",
    source: "A rejected state is not retried automatically: docs/architecture.md.",
    controls: &[],
};

/// The latest live test of the binding passed.
pub const UNHEALTHY: About = About {
    id: "LS-UNHEALTHY",
    severity: Severity::High,
    requires: "The latest live test of the binding passed.",
    why: "The live test fails with the current binding, so calls very likely fail.",
    fix: "Correct the function or the secret, then run rebind-action with `\"retry\": \
          true`.",
    source: "The manifest describes the test under `actions[].test`.",
    controls: &[],
};

/// The latest change of the binding was verified.
pub const END: About = About {
    id: "LS-CHANGE-END",
    severity: Severity::High,
    requires: "The latest change of the binding was verified.",
    why: "The latest change to the binding was not verified.",
    fix: "Review the evidence of the change to see what is missing or wrong.",
    source: "The verdicts of docs/events.md.",
    controls: CHANGE,
};

/// The evidence chain of the binding is complete, and each record continues the one before.
pub const EVIDENCE: About = About {
    id: "LS-EVIDENCE",
    severity: Severity::Critical,
    requires: "The evidence chain of the binding is complete, and each record continues the one before.",
    why: "Evidence that is incomplete or altered proves nothing.",
    fix: "Compare the objects with their earlier versions, which the bucket keeps.",
    source: "Each record contains the digest of the one before: docs/threat-model.md.",
    controls: PROOF,
};
