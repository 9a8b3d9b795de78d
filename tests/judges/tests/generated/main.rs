//! Traffic that nobody wrote by hand: what schemathesis generates from the contract, and hostile requests from
//! a generator of ours. The large runs are ignored by default; `cargo test -p judges -- --ignored` runs them.

mod alone;
mod conforming;
mod hostile;
mod socket;

use std::fs;
use std::io::{self, Write as _};

/// Says the table behind the figures of a judge, and leaves it in `target/judges/<name>.table`.
fn detail(name: &str, table: &str) -> io::Result<()> {
    let file = genesys_contract::judges_folder().join(format!("{name}.table"));
    fs::write(file, table)?;
    // Not eprint!: the harness captures what the print macros write.
    write!(io::stderr(), "{table}")
}
