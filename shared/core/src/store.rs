//! What Lockstep remembers, in S3: accepted manifests, the state of bindings, when roles changed.
//!
//! Every object that decides something is written conditionally (`If-Match`, `If-None-Match: *`),
//! so that of two runs that read the same state only one goes on. An absent object is an answer;
//! an object that cannot be understood is an error, never an empty state: forgetting an open change
//! would lose its rollback data.

//!
//! Each adapter reaches the objects that the functions which have it may reach, and [`Store`] what
//! all of them may.

mod accepted;
mod emitted;
mod evidence;
mod integrations;
mod manifests;
mod objects;
mod reports;
mod role_marks;
mod rotations;
mod state_writer;
mod states;
mod sweeps;
mod unreadable;

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::aws::AwsError;

pub use accepted::{Accepted, Manifests, UnreadableCopy};
pub use emitted::Last;
pub use evidence::EvidenceLog;
pub use manifests::{AcceptError, Uploaded, Uploads};
pub(crate) use manifests::{UPLOADS, is_upload};
pub(crate) use objects::{Condition, Objects};
pub use reports::Reports;
pub use role_marks::{RoleMarkWriter, RoleMarks};
pub use rotations::Rotations;
pub use state_writer::StateWriter;
pub use states::States;
pub use sweeps::Sweeps;
pub(crate) use sweeps::sweep_object;
pub use unreadable::Unreadable;

/// Objects of a listing that are read at the same time.
const AT_ONCE: usize = 16;

/// What every function may read and write: it reads what is accepted, and remembers of what it
/// emitted an event.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) objects: Objects,
    /// The accepted manifests as they were last read.
    accepted: Arc<Mutex<Option<accepted::LastRead>>>,
}

impl Store {
    /// In the stack's buckets.
    pub(crate) fn new(objects: &Objects) -> Self {
        Self {
            objects: objects.clone(),
            accepted: Arc::default(),
        }
    }
}

/// A value, and the ETag that shows whether someone else has written it since it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// The object's ETag; `None` where there was no object.
    etag: Option<String>,
}

impl<T> Versioned<T> {
    /// A value that is not stored yet: saving it succeeds only where there is still no object.
    pub fn absent(value: T) -> Self {
        Self { value, etag: None }
    }

    /// Whether the value was read from an object, or saved to one.
    pub fn is_stored(&self) -> bool {
        self.etag.is_some()
    }
}

/// Reading or writing what Lockstep remembers did not work.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreError {
    /// S3 did not do it.
    Aws(AwsError),
    /// Somebody else wrote the object since it was read. Read it again, plan again.
    Conflict {
        /// The object's key.
        object: String,
    },
    /// The object is there and cannot be understood. A person has to look.
    Corrupt {
        /// The object's key.
        object: String,
        /// What is wrong.
        problem: String,
    },
}

impl StoreError {
    /// A stable word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Aws(error) => error.kind.as_str(),
            Self::Conflict { .. } => "conflict",
            Self::Corrupt { .. } => "corrupt",
        }
    }

    /// The object that a person has to repair, if one is to blame.
    #[must_use]
    pub fn unreadable(&self) -> Option<Unreadable> {
        match self {
            Self::Aws(error) => Unreadable::denied(error),
            Self::Conflict { .. } => None,
            Self::Corrupt { object, problem } => Some(Unreadable::corrupt(object, problem)),
        }
    }

    /// Whether the same request may succeed later without a repair.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_transient(),
            Self::Conflict { .. } => true,
            Self::Corrupt { .. } => false,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws(error) => error.fmt(f),
            Self::Conflict { object } => {
                write!(f, "{object} was written by another run in the meantime")
            }
            Self::Corrupt { object, problem } => {
                write!(f, "{object} is not valid: {problem}")
            }
        }
    }
}

// The Lambda runtime prints errors with `Debug`: one readable line there too.
impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StoreError {}

impl From<AwsError> for StoreError {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}
