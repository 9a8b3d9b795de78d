//! The Python environments that a world needs, made with its progress told.

use std::fmt;
use std::path::PathBuf;

use crate::error::Error;
use crate::progress::Progress;

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The interpreter of an environment with exactly the packages of `requirements.txt`.
///
/// # Errors
/// Where Python 3 is missing, or the packages cannot be installed.
pub async fn interpreter(progress: &Progress) -> Result<PathBuf, Error> {
    if let Some(python) = python_environment::ready("ministack", REQUIREMENTS) {
        return Ok(python);
    }
    let work = blocking(|| python_environment::interpreter("ministack", REQUIREMENTS, &|_| {}));
    let what = "Install the local AWS into target/python (only the first time)";
    progress.during(what, work).await
}

/// Sees that the simulator's judge is there: the contract of the official SDK.
///
/// # Errors
/// Where Python 3 is missing, the SDK cannot be installed, or it lacks an operation of the simulator.
pub async fn contract(progress: &Progress) -> Result<(), Error> {
    let work = blocking(|| genesys_simulator::contract(&|_| {}).map(|_| ()));
    if genesys_contract::is_installed() {
        return work.await;
    }
    let what = "Install the official SDK into target/python (only the first time)";
    progress.during(what, work).await
}

/// Work that blocks, off the runtime's own threads.
async fn blocking<T: Send + 'static, E: fmt::Display + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(format!("setting up Python: {error}")))?
        .map_err(|error| Error::new(error.to_string()))
}
