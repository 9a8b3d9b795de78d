//! Every service, through the real clients of the AWS SDK, on virtual time.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod enforcement;
mod events;
mod faults;
mod iam;
mod judged;
mod kms;
mod lambda;
mod permissions;
mod polling;
mod replay;
mod rotation;
mod s3;
mod secrets;
mod sqs;
mod sqs_fifo;
mod sts;
mod world;
