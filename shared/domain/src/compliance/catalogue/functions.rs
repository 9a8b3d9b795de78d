//! The functions that actions call.

use super::About;
use super::control::{ACCESS, CONFIGURATION};
use crate::finding::Severity;

/// The bound function exists.
pub const MISSING: About = About {
    id: "LS-FUNCTION-MISSING",
    severity: Severity::High,
    requires: "The bound function exists, with its version or alias.",
    why: "Every call of the action fails.",
    fix: "Deploy the function again, or name its replacement in the manifest.",
    source: "AWS Lambda API reference, `GetFunctionConfiguration` (ResourceNotFoundException).",
    controls: CONFIGURATION,
};

/// The bound function is in the stack's account and region.
pub const PLACE: About = About {
    id: "LS-FUNCTION-PLACE",
    severity: Severity::Medium,
    requires: "The bound function is in the account and the region of the stack.",
    why: "The role of one account cannot call a function of another one without a policy there that \
          Lockstep does not see, and the secrets of another region rotate unnoticed.",
    fix: "Deploy the function in the account and the region of the stack, and name it in the \
          manifest.",
    source: "AWS Lambda developer guide, \"Using resource-based policies in Lambda\" (cross-account access).",
    controls: &[],
};

/// The bound function can be invoked.
pub const STATE: About = About {
    id: "LS-FUNCTION-STATE",
    severity: Severity::High,
    requires: "The state of the bound function is Active.",
    why: "Calls of a function in another state fail.",
    fix: "See the reason that Lambda gives; update the function, or invoke it once if it is \
          Inactive.",
    source: "AWS Lambda developer guide, \"Lambda function states\".",
    controls: CONFIGURATION,
};

/// The last update of the bound function took effect.
pub const UPDATE: About = About {
    id: "LS-FUNCTION-UPDATE",
    severity: Severity::Medium,
    requires: "The last update of the bound function was successful.",
    why: "The function runs with its previous code and configuration.",
    fix: "See the reason that Lambda gives, and update the function again.",
    source: "AWS Lambda developer guide, \"Lambda function states\" (function states while updating).",
    controls: CONFIGURATION,
};

/// Not everyone may invoke the bound function.
pub const PUBLIC: About = About {
    id: "LS-FUNCTION-PUBLIC",
    severity: Severity::Critical,
    requires: "The resource policy of the bound function does not let everyone invoke it.",
    why: "Everyone who knows the function's name can call it without Genesys Cloud.",
    fix: "Remove the statement with `aws lambda remove-permission`, or delete the function URL \
          without authentication.",
    source: "AWS Security Hub CSPM control Lambda.1; AWS Lambda developer guide, \"Control access to Lambda function URLs\".",
    controls: ACCESS,
};

/// No other account and no service may invoke the bound function.
pub const INVOKERS: About = About {
    id: "LS-FUNCTION-INVOKERS",
    severity: Severity::Low,
    requires: "The resource policy of the bound function lets no other account and no AWS service invoke it.",
    why: "Every further caller sends the function input that no Data Action's contract has checked.",
    fix: "If the caller is intended, make an exception in the manifest; otherwise remove the \
          statement with `aws lambda remove-permission`.",
    source: "AWS Lambda developer guide, \"Using resource-based policies in Lambda\".",
    controls: ACCESS,
};
