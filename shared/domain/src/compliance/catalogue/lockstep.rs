//! Lockstep itself: its manifests and its sweeps.

use super::About;
use super::control::{ACCEPTED_RISK, CONFIGURATION, MONITORING};
use crate::finding::Severity;

/// Every accepted manifest is readable and within the stack's parameters.
pub const MANIFEST: About = About {
    id: "LS-MANIFEST",
    severity: Severity::High,
    requires: "Every accepted manifest is readable and within the stack's parameters.",
    why: "The accepted manifest is no longer within the stack's parameters, so \
          Lockstep does not manage the affected bindings.",
    fix: "Upload a manifest that the stack's parameters allow, or widen the parameters.",
    source: "The stack parameters OrganizationIds, AllowedFunctionArns, AllowedGenesysHosts and the prefixes bound every manifest: docs/threat-model.md.",
    controls: CONFIGURATION,
};

/// Every organization was swept, and the record of its last sweep can be read.
pub const SWEEP: About = About {
    id: "LS-SWEEP",
    severity: Severity::High,
    requires: "Every organization was swept, and the record of its last sweep can be read.",
    why: "Resources that were not checked may be non-compliant, and without the record \
          of the last sweep Lockstep cannot say which findings are new.",
    fix: "See the reason. The Object Unreadable event has the command that restores an \
          object; the next sweep tries again.",
    source: "docs/architecture.md.",
    controls: MONITORING,
};

/// Every exception of the manifest applies to a failure.
pub const EXCEPTION: About = About {
    id: "LS-EXCEPTION",
    severity: Severity::Medium,
    requires: "Every exception of the manifest is within the stack's limits, has not expired, and covers a failure.",
    why: "An exception that does not apply hides nothing now, but would hide the next failure, or makes \
          people believe that one is accepted.",
    fix: "Remove the exception from the manifest, or correct it.",
    source: "The stack parameters MaxExceptionDays and CriticalExceptions.",
    controls: ACCEPTED_RISK,
};
