//! The local stack: an emulator of AWS, the Genesys Cloud simulator, and `template.yaml` deployed between them.
//!
//! [`start`] sets up what is missing and gives a [`Stack`]: a world of its own on free ports of loopback, with
//! the functions' real binaries under their own IAM roles. Worlds can run beside each other; dropping one ends
//! all of its processes. The program of this crate (`cargo sandbox`) tells the main story on one.
//!
//! What the emulator cannot prove is switched off in the template by its parameter `LocalStack`, and proved
//! otherwise.

pub mod aws;
mod boto;
pub mod demo;
mod deploy;
pub mod endpoints;
mod error;
mod functions;
mod ministack;
pub mod place;
mod process;
mod progress;
mod python;
mod readable;
mod rotate;
mod stack;
pub mod target;
mod verbs;
mod watch;

pub use error::Error;
pub use functions::FUNCTIONS;
pub use ministack::REGION;
pub use progress::{Progress, took};
pub use rotate::{RotateOptions, Rotated, Step, StepCall, rotate};
pub use stack::{
    CLIENT_SECRET_NAME, GENESYS_ACCOUNT, ORGANIZATION_ID, Options, STACK_NAME, Stack,
    TARGET_FUNCTION, start, start_genesys,
};
pub use verbs::{Answer, invoke};
pub use watch::Heard;
