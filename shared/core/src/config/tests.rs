//! What the template sets, and what may be wrong with it.

use super::*;
pub(crate) use aws_stub::environment;
use std::collections::BTreeMap;

/// The configuration that comes of it.
pub(crate) fn config() -> Config {
    read(&environment()).unwrap()
}

/// The ARN of a secret of the stack's account.
pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}")
}

fn read(environment: &BTreeMap<&str, &str>) -> Result<Config, ConfigError> {
    Config::from_env(|name| environment.get(name).map(|value| (*value).to_owned()))
}

#[test]
fn reads_what_the_template_sets() {
    let config = read(&environment()).unwrap();
    assert_eq!(config.bounds.organization_ids.len(), 2);
    assert_eq!(config.bounds.allowed_functions.len(), 2);
    assert!(config.bounds.allowed_hosts.is_empty());
    assert_eq!(config.bounds.genesys_account, None);
    assert_eq!(config.bounds.own_role_prefix, "lockstep-");
    assert_eq!(config.verify_delay, Duration::from_secs(60));
    assert_eq!(config.requests.per_minute, None);
}

#[test]
fn a_share_of_the_requests_is_a_number_above_none() {
    let mut environment = environment();
    environment.insert("LOCKSTEP_REQUESTS_PER_MINUTE", "12");
    let config = read(&environment).unwrap();
    assert_eq!(config.requests.per_minute, Some(12));
    assert_eq!(config.requests.per_minute_without_bindings, None);
    for wrong in ["0", "-1", "many"] {
        environment.insert("LOCKSTEP_REQUESTS_PER_MINUTE", wrong);
        assert!(read(&environment).is_err(), "{wrong}");
    }
}

#[test]
fn names_every_missing_variable_at_once() {
    let error = read(&BTreeMap::new()).unwrap_err();
    // What the function may go without, or what may be empty but must be there.
    let optional = [
        "LOCKSTEP_REBIND_QUEUE_URL",
        "LOCKSTEP_VERIFY_QUEUE_URL",
        "LOCKSTEP_FINGERPRINT_KEY_SECRET",
        "LOCKSTEP_GENESYS_ACCOUNT_ID",
    ];
    let text = error.to_string();
    for variable in environment().keys() {
        assert_eq!(
            text.contains(variable),
            !optional.contains(variable),
            "{variable} in {text}"
        );
    }
}

#[test]
fn names_every_value_that_does_not_fit() {
    let mut environment = environment();
    environment.insert("LOCKSTEP_ACCOUNT_ID", "12345");
    environment.insert("LOCKSTEP_PARTITION", "azure");
    environment.insert("LOCKSTEP_SETTLE_SECONDS", "soon");
    environment.insert("LOCKSTEP_ORGANIZATION_IDS", "fine,not/fine");
    let error = read(&environment).unwrap_err();
    let named: Vec<&str> = error.problems.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        named,
        [
            "LOCKSTEP_ACCOUNT_ID",
            "LOCKSTEP_PARTITION",
            "LOCKSTEP_ORGANIZATION_IDS",
            "LOCKSTEP_SETTLE_SECONDS",
        ]
    );
}

#[test]
fn an_empty_required_variable_is_a_missing_one() {
    let mut environment = environment();
    environment.insert("LOCKSTEP_STATE_BUCKET", "  ");
    let error = read(&environment).unwrap_err();
    assert_eq!(
        error.problems,
        [("LOCKSTEP_STATE_BUCKET", "is missing".to_owned())]
    );
}
