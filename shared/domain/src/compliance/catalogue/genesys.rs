//! Integrations, credentials and actions of Genesys Cloud.

use super::About;
use super::control::{CONFIGURATION, MONITORING, PRIVILEGE};
use crate::finding::Severity;

/// The integration exists.
pub const INTEGRATION_MISSING: About = About {
    id: "LS-INTEGRATION-MISSING",
    severity: Severity::High,
    requires: "The integration exists.",
    why: "All actions of the integration fail.",
    fix: "Run provision-role in apply mode. If Lockstep created the integration \
          earlier, restore it in Genesys Cloud or set the `id` of its replacement in \
          the manifest.",
    source: "The manifest names the integration under `integrations`.",
    controls: CONFIGURATION,
};

/// The integration is enabled.
pub const INTEGRATION_DISABLED: About = About {
    id: "LS-INTEGRATION-DISABLED",
    severity: Severity::High,
    requires: "The integration is enabled.",
    why: "All actions of the integration fail while it is disabled.",
    fix: "Enable it in Genesys Cloud, or run rebind-action in apply mode.",
    source: "Genesys Cloud Platform API, `intendedState` of an integration.",
    controls: CONFIGURATION,
};

/// The integration uses the credential that Lockstep bound, and nobody has written to it since.
pub const CREDENTIAL: About = About {
    id: "LS-CREDENTIAL",
    severity: Severity::High,
    requires: "The integration uses the credential that Lockstep bound, and nobody has written to it since.",
    why: "The integration would assume a different role from the manifest's, or none.",
    fix: "Run rebind-action in apply mode; it rewrites the credential.",
    source: "Genesys Cloud Platform API, `credentials` of an integration's config and `modifiedDate` of a credential.",
    controls: CONFIGURATION,
};

/// The action exists.
pub const ACTION_MISSING: About = About {
    id: "LS-ACTION-MISSING",
    severity: Severity::High,
    requires: "The action exists.",
    why: "Flows refer to an action by its id, so a new action with the same name does \
          not repair them.",
    fix: "Restore the action, or set the `id` of its replacement in the manifest and \
          update the flows.",
    source: "The manifest names the action under `actions`.",
    controls: CONFIGURATION,
};

/// The action is as the manifest says.
pub const ACTION_DRIFT: About = About {
    id: "LS-ACTION-DRIFT",
    severity: Severity::High,
    requires: "The action is as the manifest says.",
    why: "The action does not do what the manifest says.",
    fix: "Run rebind-action in apply mode, or update the manifest.",
    source: "The manifest describes the action under `actions`.",
    controls: CONFIGURATION,
};

/// Every credential that Lockstep created is in use.
pub const CREDENTIAL_LEFT: About = About {
    id: "LS-CREDENTIAL-LEFT",
    severity: Severity::Medium,
    requires: "Every credential that Lockstep created is in use.",
    why: "A run of Lockstep was interrupted. The credential is unused but still grants \
          access.",
    fix: "No action needed: the next run over its integration deletes the credential.",
    source: "IAM user guide, \"Security best practices in IAM\" (remove unused credentials), applied to integration credentials.",
    controls: PRIVILEGE,
};

/// No draft that Lockstep created is unpublished.
pub const DRAFT_LEFT: About = About {
    id: "LS-DRAFT-LEFT",
    severity: Severity::Medium,
    requires: "No draft that Lockstep created is unpublished.",
    why: "A run of Lockstep was interrupted. Anyone who publishes the draft makes it \
          live.",
    fix: "No action needed: the next run over the action discards the draft.",
    source: "Genesys Cloud Platform API, `/api/v2/integrations/actions/{actionId}/draft`.",
    controls: CONFIGURATION,
};

/// Lockstep can sign in to the organization.
pub const SIGN_IN: About = About {
    id: "LS-SIGN-IN",
    severity: Severity::High,
    requires: "Lockstep can sign in to the organization.",
    why: "Lockstep cannot observe or change anything in the organization.",
    fix: "See the reason; check the OAuth client, its roles and its secret.",
    source: "The manifest names the OAuth client under `organization.client_secret`.",
    controls: MONITORING,
};

/// The integration reports no error.
pub const INTEGRATION_ERROR: About = About {
    id: "LS-INTEGRATION-ERROR",
    severity: Severity::High,
    requires: "The integration does not report ERROR.",
    why: "All actions of the integration fail.",
    fix: "Open the integration in Genesys Cloud; it shows the cause.",
    source: "Genesys Cloud Platform API, `reportedState` of an integration.",
    controls: CONFIGURATION,
};

/// No draft of somebody else is unpublished.
pub const DRAFT_OPEN: About = About {
    id: "LS-DRAFT-OPEN",
    severity: Severity::Low,
    requires: "The action has no unpublished draft that someone else made.",
    why: "Anyone who publishes the draft makes it live, and a change with a live test needs the draft, \
          so Lockstep has to wait for it.",
    fix: "Publish the draft or delete it in Genesys Cloud.",
    source: "Genesys Cloud Platform API, `/api/v2/integrations/actions/{actionId}/draft`.",
    controls: CONFIGURATION,
};

/// No action that no binding names uses a managed role or function.
pub const ACTION_UNMANAGED: About = About {
    id: "LS-ACTION-UNMANAGED",
    severity: Severity::Medium,
    requires: "Every custom action that belongs to a managed integration, or that calls a bound function, is in the manifest.",
    why: "Nobody rotates, tests or verifies such an action, and it can call every function of the role.",
    fix: "Add the action to the manifest, or delete it in Genesys Cloud.",
    source: "Genesys Cloud Platform API: all actions of an integration share its credential.",
    controls: PRIVILEGE,
};
