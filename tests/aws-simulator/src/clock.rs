//! The time, for the SDK.

use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use clock::Clock;

/// A [`Clock`] as the SDK reads it: to sign, to cache credentials and to measure its retries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SdkTime(pub(crate) Clock);

impl TimeSource for SdkTime {
    fn now(&self) -> SystemTime {
        SystemTime::try_from(self.0.now()).expect("every time of a `Clock` is one of the system's")
    }
}
