//! Lockstep as a whole in one process, on virtual time and from one seed.
//!
//! The five handlers, the AWS SDK with its retries and the client of Genesys Cloud are the product's
//! own. Behind them are AWS in memory ([`aws_simulator`]) and the simulated organization
//! ([`genesys_simulator`]), each called without a socket. What AWS does by itself is the [`Driver`]'s,
//! wired as `template.yaml` says. Every call of a function can go wrong in every way ([`Kind`]).
//!
//! One seed gives one history, byte for byte: one thread, tokio's paused clock, ids and delays from
//! the seed.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test's helpers may panic as the test itself may"
)]

mod aws;
mod canary;
mod conclude;
mod deploy;
mod driver;
mod evidence;
mod explore;
mod fault;
mod faults;
mod functions;
mod genesys;
mod happening;
mod history;
mod house;
mod judge;
mod log;
pub mod matrix;
mod oracle;
mod person;
mod picture;
mod player;
mod scenario;
mod stand;
pub mod story;
mod trail;
mod trouble;
mod web_services;

pub use driver::{Driver, Rotations, Step, StepCall, Taken, Weather};
pub use explore::{
    Environments, Explored, Figures, Outcome, Prepared, alone, on_all_processors, report, spread,
    undisturbed,
};
pub use fault::{Call, Fault, Kind, Site, Struck, Which, numbered};
pub use faults::Faults;
pub use functions::{Deployed, Ended, Name};
pub use happening::Happening;
pub use history::{Begin, History};
pub use house::{Action, House, ORGANIZATION};
pub use judge::Problem;
pub use person::Edit;
pub use picture::picture_of_a_rotation;
pub use player::{Player, play_histories};
pub use scenario::Scenario;
pub use stand::{ACCOUNT, Judged, Simulation, Snapshot, run, run_from};
pub use trouble::{Target, Trouble};
pub use web_services::{WebService, WebServices};
