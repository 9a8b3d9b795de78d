//! What Cargo knows of the workspace.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
pub struct Package {
    id: String,
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    pub source: Option<String>,
    manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    pub kind: Option<Kind>,
}

/// None stands for what the crate itself uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Dev,
    Build,
}

/// Read once: it takes some tenths of a second.
pub static METADATA: LazyLock<Metadata> = LazyLock::new(|| {
    let host = host();
    let arguments = [
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        &host,
    ];
    serde_json::from_slice(&cargo(&arguments)).unwrap()
});

/// The platform that tests run on: crates of others are not downloaded.
fn host() -> String {
    let about = String::from_utf8(cargo(&["--version", "--verbose"])).unwrap();
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("Cargo names its host").to_owned()
}

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(arguments)
        .current_dir(super::workspace::root());
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {}: {errors}",
        arguments.join(" ")
    );
    output.stdout
}

impl Metadata {
    /// The crates of this workspace.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The crates of others.
    pub fn foreign(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| !self.workspace_members.contains(&package.id))
    }

    /// What code calls a crate with a name.
    pub fn name_in_code(&self, name: &str) -> String {
        let package = self.packages.iter().find(|package| package.name == name);
        package
            .expect("every dependency is in the tree")
            .name_in_code()
    }

    /// The crate of this workspace with a name.
    pub fn member(&self, name: &str) -> Option<&Package> {
        self.members().find(|package| package.name == name)
    }
}

impl Package {
    /// What code calls it.
    pub fn name_in_code(&self) -> String {
        let is_library = |target: &&Target| {
            target
                .kind
                .iter()
                .any(|kind| kind.ends_with("lib") || kind == "proc-macro")
        };
        let library = self.targets.iter().find(is_library);
        library
            .map_or(&self.name, |library| &library.name)
            .replace('-', "_")
    }

    /// Its folder, from the workspace's root.
    pub fn folder(&self) -> String {
        let folder = self.manifest_path.parent().unwrap();
        let root = super::workspace::root().canonicalize().unwrap();
        let folder = folder.canonicalize().unwrap();
        folder
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// Whether it is a part of what is deployed.
    pub fn is_product(&self) -> bool {
        !self.folder().starts_with("tests/") && !self.is_tool()
    }

    /// Whether it is a program for the user's machine.
    pub fn is_tool(&self) -> bool {
        self.folder().starts_with("tools/")
    }
}
