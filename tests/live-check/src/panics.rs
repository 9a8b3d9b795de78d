//! A panic as a value, so that what has to be done after it is done.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Drives a future to its end. Its panic is an error; the panic hook has told it on standard error.
pub(crate) async fn unless_it_panics<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = pin!(work);
    poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(polled) => polled.map(Ok),
            // Without its message, which may quote what is secret.
            Err(_) => Poll::Ready(Err(
                "the live check panicked, which is a bug; please report the text on standard error"
                    .to_owned(),
            )),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_ends_well_gives_its_value_and_a_panic_is_an_error() {
        let well = unless_it_panics(async {
            tokio::task::yield_now().await;
            7
        });
        assert_eq!(well.await, Ok(7));
        let badly = unless_it_panics(async {
            tokio::task::yield_now().await;
            panic!("hush")
        });
        let result: Result<(), String> = badly.await;
        let error = result.unwrap_err();
        assert!(error.contains("bug") && !error.contains("hush"), "{error}");
    }
}
