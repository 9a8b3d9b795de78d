//! Every service, through the real clients of the AWS SDK, on virtual time.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod faults;
mod kms;
mod lambda;
mod s3;
mod sts;
mod world;
