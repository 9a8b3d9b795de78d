//! The open points: every switch of the simulator, and how this check finds its value out or why it
//! cannot.

use std::collections::BTreeMap;

use genesys_simulator::switches::Switches;

/// How a switch is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Reads alone can tell, where the organization has something to look at.
    Reading,
    /// Only `--write` can tell.
    Writing,
    /// This check leaves it open, for this reason.
    Left(&'static str),
}

const RESETS: &str =
    "this would require resetting an OAuth client's secret, and the live check changes no client";
const FUNCTION: &str = "this would require an AWS role and a function of yours";
const WEB_SERVICE: &str = "this would require a web service that refuses requests on demand";
const USAGE: &str = "this would require a client whose use is known day by day";

/// Every switch with its way.
pub const POINTS: &[(&str, Way)] = &[
    ("create_status", Way::Writing),
    ("stale_action_version", Way::Writing),
    (
        "version_rises",
        Way::Left(
            "it would take a change of a template alone; Lockstep notices a version that stays",
        ),
    ),
    ("patch_config", Way::Writing),
    ("config_templates", Way::Reading),
    ("draft_contract_change", Way::Writing),
    (
        "contract_spelling",
        Way::Left("nothing depends on it: Lockstep compares the meaning of contracts"),
    ),
    ("new_integration_state", Way::Writing),
    (
        "deleted_integration",
        Way::Left("nothing depends on it: for Lockstep, a deleted integration does not exist"),
    ),
    ("fresh_integration_actions", Way::Writing),
    ("credential_redaction", Way::Reading),
    ("delete_used_credential", Way::Writing),
    ("credential_audits", Way::Reading),
    ("publish_audited_as", Way::Reading),
    ("state_change_audited_as", Way::Reading),
    (
        "audit_action_filter",
        Way::Left("nothing depends on it: Lockstep never sends such a filter"),
    ),
    ("execution_audits", Way::Reading),
    ("failed_writes_audited", Way::Writing),
    ("realtime_audits", Way::Reading),
    (
        "realtime_audit_interval",
        Way::Left("this would require an organization with many records on several days"),
    ),
    ("audit_service_name", Way::Reading),
    ("audit_user", Way::Reading),
    ("audit_precision", Way::Reading),
    ("old_client_secret", Way::Left(RESETS)),
    ("tokens_after_reset", Way::Left(RESETS)),
    ("client_secret_in_get", Way::Reading),
    (
        "inactive_client",
        Way::Left(
            "this would require deactivating an OAuth client, and the live check changes no \
                   client",
        ),
    ),
    ("aws_session", Way::Left(FUNCTION)),
    ("request_headers", Way::Left(FUNCTION)),
    ("config_reaches_flows", Way::Left(FUNCTION)),
    ("input_check", Way::Writing),
    ("audit_delay", Way::Writing),
    (
        "event_delivery",
        Way::Left(
            "this would require an event bus of yours that receives the organization's \
                   events",
        ),
    ),
    ("draft_audits", Way::Reading),
    ("large_page", Way::Reading),
    ("operation_names", Way::Writing),
    ("qualified_arns", Way::Writing),
    (
        "rate_limit_answer",
        Way::Left(
            "this would require exceeding the rate limit, and others use the organization \
                   too",
        ),
    ),
    ("rate_limit_headers", Way::Reading),
    ("role_credential_type", Way::Reading),
    ("role_permissions", Way::Reading),
    ("role_slot", Way::Reading),
    ("auth_response", Way::Left(WEB_SERVICE)),
    ("function_denied", Way::Left(FUNCTION)),
    ("upstream_refusal", Way::Left(WEB_SERVICE)),
    ("usage_current_day", Way::Left(USAGE)),
    ("usage_interval", Way::Left(USAGE)),
    ("usage_operations", Way::Left(USAGE)),
    ("usage_pages", Way::Left(USAGE)),
    ("usage_submit_status", Way::Left(USAGE)),
    (
        "refused_address",
        Way::Left("this would require a client that is not allowed to call from this address"),
    ),
    ("unknown_fields", Way::Reading),
];

/// The way of a switch. One that was added since has none yet.
pub(crate) fn way(switch: &str) -> Way {
    POINTS.iter().find(|(name, _)| *name == switch).map_or(
        Way::Left("the live check cannot determine it"),
        |(_, way)| *way,
    )
}

/// Every switch of the simulator with its default and its values.
pub(crate) fn switches() -> BTreeMap<String, (String, Vec<String>)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let described = Switches::default().describe();
    described
        .as_array()
        .into_iter()
        .flatten()
        .map(|switch| {
            let values = switch["values"].as_array().into_iter().flatten();
            (
                text(&switch["name"]),
                (text(&switch["default"]), values.map(text).collect()),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_of_the_simulator_has_a_way_and_every_way_a_switch() {
        let mut named: Vec<&str> = POINTS.iter().map(|(name, _)| *name).collect();
        named.sort_unstable();
        let known = switches();
        let known: Vec<&str> = known.keys().map(String::as_str).collect();
        assert_eq!(
            named, known,
            "a new switch needs a line in POINTS: how the live check settles it, or why it cannot"
        );
    }
}
