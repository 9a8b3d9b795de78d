//! Every service, through the real clients of the AWS SDK, on virtual time.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod faults;
mod kms;
mod lambda;
mod rotation;
mod s3;
mod secrets;
mod sts;
mod world;
