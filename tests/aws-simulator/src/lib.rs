//! AWS in memory, at the wire: an [`Account`] stands behind the SDK's HTTP client.
//!
//! No sockets, no threads, no wall clock and no randomness of its own: time is the [`Clock`] it is
//! given, ids come from its seed. Signing, serialization, retries and timeouts are the SDK's and so
//! inside the test. What it does is what AWS documents; an operation or a member that it does not
//! know is an error that names it and fails the test (see [`Account`]).
//!
//! Around each request: a [`Wire`] that injects faults, an [`Authorizer`] that decides who may do
//! what, a [`History`] of what changed and an [`Outbox`] of what AWS itself does next.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test's helpers may panic as the test itself may"
)]

mod account;
mod authorize;
mod call;
mod clock;
mod connector;
mod deploy;
mod error;
mod exchange;
mod history;
mod http;
mod identify;
mod ids;
mod judge;
mod outbox;
mod policies;
mod principal;
mod protocol;
pub mod services;
mod state;
mod throttle;
mod wire;

pub use ::clock::Clock;
pub use account::{Account, Observer};
pub use authorize::{Access, AllowAll, Authorizer, Context, Decision, context};
pub use call::{Call, Origin, Protocol, Service};
pub use error::ServiceError;
pub use history::{Change, Effect, History};
pub use http::{Request, Response};
pub use judge::Judging;
pub use outbox::{AsyncInvocation, Notification, Outbox, RotationJob};
pub use policies::EvaluatePolicies;
pub use principal::{Credentials, Principal, PrincipalKind};
pub use protocol::query::Form;
pub use state::{Settings, State};
pub use throttle::Rate;
pub use wire::{After, Before, BoxFuture, ErrorAnswer, Failure, Wire};
