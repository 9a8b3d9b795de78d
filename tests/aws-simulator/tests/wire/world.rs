//! An account for a test.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_simulator::{Account, Authorizer, Clock, Origin, Principal, Settings};
use jiff::Timestamp;

pub const ACCOUNT: &str = "123456789012";

pub fn start() -> Timestamp {
    "2026-11-27T09:00:00Z".parse().unwrap()
}

pub fn account() -> Account {
    Account::new(Settings::default(), Clock::starting_at(start()))
}

pub fn account_with(authorizer: impl Authorizer + 'static) -> Account {
    let clock = Clock::starting_at(start());
    Account::authorized_by(Settings::default(), clock, Arc::new(authorizer))
}

pub fn sdk(account: &Account) -> SdkConfig {
    let role = Principal::role(ACCOUNT, "tester", "a");
    account.sdk_config(role, Origin::new("tester", "1"))
}

/// The code and the status of an error.
pub fn code<T, E: ProvideErrorMetadata>(
    answer: Result<T, aws_sdk_s3::error::SdkError<E, aws_sdk_s3::config::http::HttpResponse>>,
) -> (String, u16) {
    let Err(error) = answer else {
        panic!("it was answered");
    };
    let status = error
        .raw_response()
        .map_or(0, |answer| answer.status().as_u16());
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    (code.unwrap_or_default().to_owned(), status)
}
