//! The workspace's template as it is deployed, small templates that are refused, and AWS's cases of event patterns.

mod event_patterns;
mod events_of_the_workspace;
mod parameters;
mod permissions;
mod policies;
mod recursion;
mod strictness;
mod wiring;

use stack_template::{Place, Stack, Template, TemplateError};

type Outcome = Result<(), TemplateError>;

const REQUIRED: [(&str, &str); 2] = [
    ("OrganizationIds", "3b2c9f0e-58a4-4c1d-9a57-0c6d1f4e8b21"),
    (
        "AllowedFunctionArns",
        "arn:aws:lambda:us-east-1:123456789012:function:Orders*",
    ),
];

/// Everything that is there only if somebody asks for it.
const ALL: [(&str, &str); 5] = [
    ("CloudTrailTriggers", "true"),
    (
        "GenesysEventSource",
        "aws.partner/genesys.com/cloud/org/bus",
    ),
    ("WebhookUrl", "https://hooks.example.com/rebound"),
    (
        "ManifestWriters",
        "arn:aws:iam::123456789012:role/Deployment",
    ),
    (
        "StateRepairers",
        "arn:aws:iam::123456789012:role/BreakGlass",
    ),
];

fn place() -> Place {
    Place {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        stack: "lockstep".to_owned(),
    }
}

fn template(more: &[(&str, &str)]) -> Result<Template, TemplateError> {
    Template::of_workspace(place(), &[&REQUIRED[..], more].concat())
}

fn stack(more: &[(&str, &str)]) -> Result<Stack, TemplateError> {
    template(more)?.resolve()
}
