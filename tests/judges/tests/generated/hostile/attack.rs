//! What is sent, and what is due for it.

use std::time::Duration;

/// What must come back before the deadline. Whatever comes, it is never a 5xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// An answer: the request is whole and is HTTP.
    Answer,
    /// An answer, or the end of the connection: it is no HTTP, or more than is read.
    AnswerOrEnd,
}

/// What makes an attack of one family.
pub type Maker = fn(&mut fastrand::Rng, &super::world::World) -> Attack;

/// One hostile request.
#[derive(Debug)]
pub struct Attack {
    pub parts: Vec<Vec<u8>>,
    /// Between the parts.
    pub pause: Duration,
    /// Our side of the connection ends after the parts: nothing more comes, although more is due.
    pub cut: bool,
    pub due: Due,
}

impl Attack {
    /// A request in one piece, to which an answer is due.
    pub fn whole(bytes: Vec<u8>) -> Self {
        Self {
            parts: vec![bytes],
            pause: Duration::ZERO,
            cut: false,
            due: Due::Answer,
        }
    }

    /// Bytes that are no request, or not all of one.
    pub fn broken(bytes: Vec<u8>) -> Self {
        Self {
            cut: true,
            due: Due::AnswerOrEnd,
            ..Self::whole(bytes)
        }
    }

    pub fn may_end(self) -> Self {
        Self {
            due: Due::AnswerOrEnd,
            ..self
        }
    }

    /// The same bytes in pieces.
    pub fn slowly(self, pieces: usize, pause: Duration) -> Self {
        let bytes = self.parts.concat();
        let size = bytes.len().div_ceil(pieces).max(1);
        Self {
            parts: bytes.chunks(size).map(<[u8]>::to_vec).collect(),
            pause,
            ..self
        }
    }

    pub fn bytes(&self) -> usize {
        self.parts.iter().map(Vec::len).sum()
    }
}
