//! The renderers, on ledgers of the sample kit.
#![expect(
    clippy::disallowed_methods,
    reason = "compares a file of the repository with the code"
)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod content;
mod formats;
mod hostile;
mod page;

use lockstep_domain::ledger::Ledger;
use lockstep_report::Format;

/// A ledger in a format.
fn rendered(format: Format, ledger: &Ledger) -> String {
    let mut out = Vec::new();
    format.render(ledger, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
