//! Bytes as they are, over a connection of their own, under a deadline.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// What came back.
#[derive(Debug)]
pub enum Heard {
    /// An answer in whole.
    Answer(Answer),
    /// The connection was closed without one.
    Closed,
    /// The other side speaks HTTP/2, as the bytes that were sent asked it to.
    Http2,
    /// Bytes that are no answer.
    Rubbish(String),
    /// Nothing until the deadline.
    Nothing,
}

/// The first answer on a connection.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, as they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Sends the parts and hears until the other side closes.
pub fn send(address: &str, parts: &[Vec<u8>], deadline: Duration) -> Heard {
    exchange(address, parts, Duration::ZERO, false, deadline)
}

/// Sends the parts, each after a pause; `cut` ends our side of the connection after them.
pub fn exchange(
    address: &str,
    parts: &[Vec<u8>],
    pause: Duration,
    cut: bool,
    deadline: Duration,
) -> Heard {
    let until = Instant::now() + deadline;
    let mut stream = TcpStream::connect(address).expect("the simulator listens");
    stream.set_nodelay(true).expect("a socket option");
    stream
        .set_write_timeout(Some(deadline))
        .expect("a socket option");
    for part in parts {
        // Who is refused early is cut off while still speaking; what was answered is read all the same.
        if stream.write_all(part).is_err() {
            break;
        }
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
    if cut {
        // Fails where the other side was quicker.
        let _ = stream.shutdown(Shutdown::Write);
    }
    hear(&mut stream, until)
}

fn hear(stream: &mut TcpStream, until: Instant) -> Heard {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Heard::Nothing;
        }
        stream
            .set_read_timeout(Some(left))
            .expect("a socket option");
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(problem) if is_timeout(&problem) => return Heard::Nothing,
            // A reset, after what may be an answer.
            Err(_) => break,
        }
    }
    if bytes.is_empty() {
        return Heard::Closed;
    }
    // The frame that begins HTTP/2: 24 bits of length, and the type SETTINGS.
    if bytes.len() >= 9 && bytes[0] == 0 && bytes[3] == 4 {
        return Heard::Http2;
    }
    read(&bytes).map_or_else(
        || Heard::Rubbish(String::from_utf8_lossy(&bytes).chars().take(200).collect()),
        Heard::Answer,
    )
}

fn is_timeout(problem: &io::Error) -> bool {
    matches!(
        problem.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// The first answer in the bytes; none where they are not one.
fn read(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.get(2..5)?;
    let status = status.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect::<Option<_>>()?;
    let rest = &bytes[end + 4..];
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0_usize);
    Some(Answer {
        status,
        headers,
        // An answer to HEAD says a length and has no body.
        body: rest.get(..length).unwrap_or(rest).to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_answers_is_read_and_rubbish_is_not() {
        let bytes = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n";
        let answer = read(bytes).expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (404, &b"{}"[..]));
        assert_eq!(answer.header("content-length"), Some("2"));
        assert!(read(b"HTTP/1.1 200 OK\r\n").is_none());
        assert!(read(b"no answer\r\n\r\n").is_none());
    }
}
