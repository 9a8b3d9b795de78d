//! The functions' binaries: built once, packed for a world.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use tokio::process::Command;
use tokio::sync::OnceCell;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::error::Error;
use crate::place::RunFolder;
use crate::progress::Progress;
use crate::{place, process};

/// The functions that the template deploys, by the names of their binaries.
pub const FUNCTIONS: [&str; 5] = [
    "provision-role",
    "rebind-action",
    "verify-change",
    "check-compliance",
    "rotate-client",
];

/// One function, built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The name of its binary.
    pub function: &'static str,
    /// Its binary: one of our own, that a later build does not touch.
    pub binary: PathBuf,
}

/// Builds all functions, once per process; processes beside each other take turns.
///
/// # Errors
/// Where the build fails.
pub async fn built(progress: &Progress) -> Result<&'static [Built], Error> {
    // Never dropped: what is in the folder is needed until the process ends. A later one clears it.
    static BUILT: OnceCell<(RunFolder, Vec<Built>)> = OnceCell::const_new();
    let made = BUILT.get_or_try_init(|| async {
        let _lock = place::lock("functions").await?;
        build(progress).await?;
        let own = RunFolder::new()?;
        let mut built = Vec::new();
        for function in FUNCTIONS {
            let kept = keep(function).await?;
            let binary = own.tmp().join(function);
            fs::hard_link(&kept, &binary)
                .or_else(|_| fs::copy(&kept, &binary).map(|_| ()))
                .map_err(|error| Error::io(format!("cannot copy {function}"), &error))?;
            built.push(Built { function, binary });
        }
        Ok::<_, Error>((own, built))
    });
    Ok(made.await?.1.as_slice())
}

async fn build(progress: &Progress) -> Result<(), Error> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // With ourselves among the packages, features are as in the build that made us: nothing large
    // is built again.
    cargo
        .current_dir(place::workspace())
        .args(["build", "--bins", "--package", "sandbox"]);
    for function in FUNCTIONS {
        cargo.args(["--package", function]);
    }
    let what = "Build the functions (takes minutes the first time)";
    let done = if progress.is_interactive() {
        let work = process::run_on_terminal(&mut cargo);
        progress.during(what, work).await
    } else {
        let log = place::sandbox()?.join("build.log");
        progress.during(what, process::run(&mut cargo, &log)).await
    };
    done.map_err(|error| error.fix("correct the errors of `cargo build`, then try again"))
}

/// Copies a binary, without symbols where there is `strip`: a fraction of its size.
async fn keep(function: &str) -> Result<PathBuf, Error> {
    let source = place::target().join("debug").join(function);
    let folder = place::sandbox()?.join("functions");
    let failed = |error: &std::io::Error| Error::io(format!("cannot copy {function}"), error);
    fs::create_dir_all(&folder).map_err(|error| failed(&error))?;
    let meta = fs::metadata(&source).map_err(|error| failed(&error))?;
    let modified = meta
        .modified()
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    let binary = folder.join(format!("{function}-{:x}-{modified:x}", meta.len()));
    if !binary.exists() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            // Processes that still run it have links of their own.
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(&format!("{function}-")) {
                let _ = fs::remove_file(entry.path());
            }
        }
        let part = folder.join(format!("{function}.part"));
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(&part).arg(&source);
        let stripped = process::run(&mut strip, &folder.join("strip.log")).await;
        if stripped.is_err() {
            fs::copy(&source, &part).map_err(|error| failed(&error))?;
        }
        fs::rename(&part, &binary).map_err(|error| failed(&error))?;
    }
    Ok(binary)
}

/// The package of a function, as AWS wants it: a zip with an executable `bootstrap`.
///
/// The binary itself stays where it is. A development build is so large that sending it through the
/// emulator would take most of a world's start, so `bootstrap` is a line that becomes the binary.
///
/// # Errors
/// Where it cannot be packed.
pub fn package(built: &Built) -> Result<Vec<u8>, Error> {
    // A quote in the path would end the script's string.
    let path = built.binary.display().to_string().replace('\'', "'\\''");
    let script = format!("#!/bin/sh\nexec '{path}'\n");
    zipped("bootstrap", 0o755, script.as_bytes())
        .map_err(|error| Error::io(format!("cannot pack {}", built.function), &error))
}

/// A zip with one file.
pub(crate) fn zipped(name: &str, mode: u32, content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(mode);
    archive.start_file(name, options)?;
    archive.write_all(content)?;
    Ok(archive.finish()?.into_inner())
}
