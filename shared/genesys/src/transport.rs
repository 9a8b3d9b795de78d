//! One HTTP exchange: a request out, a whole answer in, within a size.

use std::error::Error as _;

use crate::answer::Answer;
use crate::error::TransportFailure;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    Failed(TransportFailure, String),
    /// More bytes than the limit.
    TooLarge,
}

/// Sends and reads everything, at most `limit` bytes of body.
pub(crate) async fn exchange(
    request: reqwest::RequestBuilder,
    limit: usize,
) -> Result<Answer, NoAnswer> {
    let mut response = request.send().await.map_err(no_answer)?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > limit {
            return Err(NoAnswer::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        headers,
        body,
    })
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    let failure = if error.is_connect() || error.is_builder() {
        TransportFailure::Connect
    } else if error.is_timeout() {
        TransportFailure::Timeout
    } else {
        TransportFailure::Broken
    };
    NoAnswer::Failed(failure, chain(error.without_url()))
}

/// The causes in one line, without those that repeat what was said.
fn chain(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}
