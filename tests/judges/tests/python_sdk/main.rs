//! The official Python SDK as a client: stories told through it alone, one for each family of endpoints.
//!
//! What the SDK does stands in `stories/`, one module a family. Every value of importance is asserted there,
//! and every answer is held against the SDK's own models.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests end the test, as the tests themselves do"
)]

mod faults;
mod teller;

use std::collections::BTreeSet;

use genesys_simulator::operations;
use judges::{figures, missed};

use crate::teller::{STORIES, told};

/// A story that finds nothing wrong, and does not hold because it says nothing.
fn holds(story: &str) {
    let outcome = told(story);
    assert!(
        outcome.problems.is_empty(),
        "{}",
        outcome.problems.join("\n")
    );
    assert!(outcome.values > 5, "{outcome:?}");
}

#[test]
fn a_client_signs_in_until_its_token_expires_and_a_wrong_one_is_refused() {
    holds("tokens");
}

#[test]
fn the_organization_says_who_it_is() {
    holds("organization");
}

#[test]
fn the_sdks_own_retry_waits_as_long_as_retry_after_says_and_succeeds() {
    holds("retry");
}

#[test]
fn actions_are_created_listed_read_patched_under_their_version_and_deleted() {
    holds("actions");
}

#[test]
fn drafts_go_from_creation_to_publishing_under_their_own_version() {
    holds("drafts");
}

#[test]
fn without_an_aws_test_and_execute_report_their_last_step() {
    holds("runs");
}

#[test]
fn test_and_execute_call_a_web_service_with_the_credential_that_the_config_names() {
    holds("web_services");
}

#[test]
fn integrations_are_configured_under_their_version_and_follow_their_intended_state() {
    holds("integrations");
}

#[test]
fn what_is_written_into_a_credential_is_in_no_response() {
    holds("credentials");
}

#[test]
fn a_reset_gives_an_oauth_client_a_new_secret_and_refuses_the_old_one() {
    holds("clients");
}

#[test]
fn the_usage_of_an_oauth_client_is_counted_and_may_show_late() {
    holds("usage");
}

#[test]
fn the_roles_of_a_client_decide_what_it_may_do() {
    holds("roles");
}

#[test]
fn audits_are_found_each_once_in_real_time_and_by_cursor() {
    holds("audits");
}

#[test]
fn together_the_stories_drive_every_operation_of_the_simulator() {
    let outcomes: Vec<_> = STORIES.iter().map(|story| told(story)).collect();
    let driven: BTreeSet<_> = outcomes
        .iter()
        .flat_map(|outcome| outcome.driven.clone())
        .collect();
    let missed = missed(&driven);
    let values: usize = outcomes.iter().map(|outcome| outcome.values).sum();
    let answers: usize = outcomes.iter().map(|outcome| outcome.answers).sum();
    let all = operations().len();
    figures(
        "python-sdk",
        &format!(
            "official Python SDK {}: {} of {all} operations driven in {} stories, {values} values asserted, {answers} answers held against its models",
            teller::sdk_version(),
            all - missed.len(),
            STORIES.len(),
        ),
    )
    .unwrap();
    assert!(missed.is_empty(), "not driven: {missed:?}");
}
