//! `template.yaml` resolved to typed values, as AWS CloudFormation and AWS SAM would deploy it.
//!
//! Reading is strict: an intrinsic function, a resource type or a property that is not known here is an error that
//! names it, never a guess. So whoever edits the template changes every test that reads it, or learns what to teach
//! this crate.

mod bucket;
mod error;
mod event_pattern;
mod events;
mod function;
mod identity;
mod intrinsics;
mod place;
mod properties;
mod queue;
mod references;
mod schedule;
mod stack;
mod template;
mod yaml;

pub use bucket::{Bucket, LifecycleRule, ObjectLock};
pub use error::TemplateError;
pub use event_pattern::EventPattern;
pub use events::{ApiDestination, EventBus, Rule, RuleTarget};
pub use function::{EventSourceMapping, Function};
pub use identity::{
    Document, MAX_INLINE_CHARACTERS, MAX_MANAGED_CHARACTERS, MAX_TRUST_CHARACTERS, ManagedPolicy,
    Role, characters,
};
pub use place::Place;
pub use queue::{Queue, Redrive};
pub use schedule::{Retry, Schedule, ScheduleExpression};
pub use stack::{Secret, Stack};
pub use template::Template;
