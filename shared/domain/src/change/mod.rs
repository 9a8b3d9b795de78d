//! A change: one recorded transaction from secret version to verdict, and the state kept of it.
//!
//! One small object per binding, written conditionally. It is written *before* the first write to
//! the world: Genesys keeps no old config, so what is needed for a rollback, to continue after a
//! crash, and to know the audit window is recorded here and nowhere else.

mod bound;
mod decision;
mod denial;
mod earlier;
mod expected;
mod id;
mod journal;
mod previous_release;
mod record;
mod state;
mod steps;
mod subject;

pub use bound::{BoundCredential, Fingerprint, PreviousCredential, SecretVersion};
pub use decision::{Decision, decide};
pub use denial::{Denial, Shown};
pub use earlier::{AfterFailure, Earlier};
pub use id::{ChangeId, DesiredId};
pub use journal::{Before, Continuation, Journal, NoChange, Opening, Writer};
pub use record::{Change, End, Overwrote, Phase, PreviousAction, TestRecord};
pub use state::{BindingState, ChainHead, Held, Unreadable};
pub use subject::Subject;
