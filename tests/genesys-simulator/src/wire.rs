//! The listening side: connections that a fault can cut.
//!
//! An HTTP library cannot be asked to reset a connection or to stop in the middle of a body, so the stream
//! beneath it does it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// No cut is asked for.
const WHOLE: i64 = -1;
/// Ends the headers of an answer.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Cuts a connection: the next answer is not written, or only in part.
#[derive(Debug, Clone)]
pub(crate) struct Cutter(Arc<AtomicI64>);

impl Cutter {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(WHOLE)))
    }

    /// What is asked for.
    pub(crate) fn asked(&self) -> Option<Cut> {
        match self.0.load(Ordering::SeqCst) {
            WHOLE => None,
            0 => Some(Cut::Reset),
            _ => Some(Cut::Truncated),
        }
    }

    /// The next answer is replaced by a reset.
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    /// The next answer ends after its headers and this many bytes of its body.
    pub(crate) fn truncate(&self, body_bytes: usize) {
        let bytes = i64::try_from(body_bytes).unwrap_or(i64::MAX).max(1);
        self.0.store(bytes, Ordering::SeqCst);
    }
}

/// How a connection was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Reset before the answer.
    Reset,
    /// Ended in the middle of the answer's body.
    Truncated,
}

/// A loopback listener whose connections can be cut.
pub(crate) struct Cuttable(pub(crate) TcpListener);

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    cutter: Cutter,
    /// The part of a truncated answer that may still be written.
    allowed: Option<usize>,
    /// The end of a head that was not written in one go, with its names spelled.
    head: Vec<u8>,
}

/// Names that the platform spells otherwise than with a capital after each hyphen. Clients of HTTP/1.1 exist
/// that look names up in this spelling (official Java SDK: `Retry-After`, `ININ-Correlation-Id`).
const SPELLED: &[(&str, &str)] = &[("inin-correlation-id", "ININ-Correlation-Id")];

/// A head of an answer with the names of its headers as the platform spells them; no byte more or less.
fn spelled(head: &[u8]) -> Vec<u8> {
    let mut spelled = head.to_vec();
    let mut start = 0;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && start > 0
        {
            spell(&mut spelled[start..start + colon]);
        }
        start += line.len();
    }
    spelled
}

fn spell(name: &mut [u8]) {
    let known = SPELLED
        .iter()
        .find(|(lower, _)| name.eq_ignore_ascii_case(lower.as_bytes()));
    if let Some((_, known)) = known {
        name.copy_from_slice(known.as_bytes());
        return;
    }
    let mut is_first = true;
    for byte in name {
        if is_first {
            byte.make_ascii_uppercase();
        }
        is_first = *byte == b'-';
    }
}

impl Listener for Cuttable {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // The listener of axum retries what is transient.
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Answers are small, and whoever waits for one should not wait for the next.
        let _ = stream.set_nodelay(true);
        let connection = Connection {
            stream,
            cutter: Cutter::new(),
            allowed: None,
            head: Vec::new(),
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Cutter {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        stream.io().cutter.clone()
    }
}

impl Connection {
    fn cut(&self) -> io::Error {
        // With a linger of zero, closing sends a reset instead of an orderly end.
        let _ = self.stream.set_zero_linger();
        io::ErrorKind::ConnectionReset.into()
    }

    /// Writes a buffer with the head of an answer in it spelled. The HTTP library writes the whole head at the
    /// start of a buffer, and never a body alone, since every body here is at hand with its head.
    fn poll_write_spelled(
        &mut self,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.head.is_empty() && buffer.starts_with(b"HTTP/") {
            let end = buffer
                .windows(END_OF_HEAD.len())
                .position(|window| window == END_OF_HEAD);
            self.head = spelled(&buffer[..end.unwrap_or(buffer.len())]);
        }
        if self.head.is_empty() {
            return Pin::new(&mut self.stream).poll_write(context, buffer);
        }
        let length = self.head.len().min(buffer.len());
        let whole = [&self.head[..length], &buffer[length..]].concat();
        let written = Pin::new(&mut self.stream).poll_write(context, &whole);
        if let Poll::Ready(Ok(count)) = &written {
            let done = (*count).min(self.head.len());
            self.head.drain(..done);
        }
        written
    }

    /// How much of `buffer` may be written; `None` where nothing may.
    fn permitted(&mut self, buffer: &[u8]) -> Option<usize> {
        let asked = self.cutter.0.load(Ordering::SeqCst);
        if asked == WHOLE {
            return Some(buffer.len());
        }
        if asked == 0 {
            return None;
        }
        let left = match self.allowed {
            Some(left) => left,
            None => {
                let head = buffer
                    .windows(END_OF_HEAD.len())
                    .position(|window| window == END_OF_HEAD)
                    .map_or(0, |at| at + END_OF_HEAD.len());
                head.saturating_add(usize::try_from(asked).unwrap_or(usize::MAX))
            }
        };
        self.allowed = Some(left);
        (left > 0).then(|| left.min(buffer.len()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(permitted) = self.permitted(buffer) else {
            // What was written of a truncated answer must arrive, so that one ends in order.
            return Poll::Ready(Err(match self.allowed {
                Some(_) => io::ErrorKind::BrokenPipe.into(),
                None => self.cut(),
            }));
        };
        let written = self.poll_write_spelled(context, &buffer[..permitted]);
        if let (Poll::Ready(Ok(count)), Some(left)) = (&written, self.allowed) {
            self.allowed = Some(left.saturating_sub(*count));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_and_values_and_bodies_stay() {
        let head = b"HTTP/1.1 200 OK\r\nretry-after: 3\r\ninin-correlation-id: a-b:c\r\nx: y-z";
        assert_eq!(
            String::from_utf8(spelled(head)).unwrap(),
            "HTTP/1.1 200 OK\r\nRetry-After: 3\r\nININ-Correlation-Id: a-b:c\r\nX: y-z"
        );
    }
}
