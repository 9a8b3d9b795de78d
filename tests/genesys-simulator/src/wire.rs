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
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(WHOLE)))
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

/// A loopback listener whose connections can be cut.
pub(crate) struct Cuttable(pub(crate) TcpListener);

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    cutter: Cutter,
    /// The part of a truncated answer that may still be written.
    allowed: Option<usize>,
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
        let written = Pin::new(&mut self.stream).poll_write(context, &buffer[..permitted]);
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
