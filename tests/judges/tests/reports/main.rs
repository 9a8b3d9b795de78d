//! Reports, judged by the schemas and tools of others.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests end the test, as the tests themselves do"
)]

mod ocsf;
mod page;
mod sarif;

use judges::node::Packages;

/// What npm installs for these judges.
const TOOLS: Packages = Packages {
    folder: "report-judges",
    package: include_str!("package.json"),
    locked: include_str!("package-lock.json"),
};
