//! Events on the wire: their bytes stay what subscribers have seen, and their schemas describe them.
#![expect(
    clippy::disallowed_methods,
    reason = "compares files of the repository with the code"
)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod details;

use std::path::{Path, PathBuf};

use details::detail;
use lockstep_domain::event::{Event, EventType};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// `Data Action Rebound` as `data-action-rebound`.
fn file_name(event: EventType) -> String {
    event.as_str().to_lowercase().replace(' ', "-")
}

fn stored(path: &Path, generated: &str) -> String {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, generated).unwrap();
    }
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_event_has_the_bytes_that_subscribers_have_seen() {
    for &event in EventType::ALL {
        let sent = serde_json::to_string(&Event::new(event, detail(event)).detail).unwrap();
        let path = format!(
            "shared/domain/tests/events/fixtures/{}.json",
            file_name(event)
        );
        assert_eq!(sent, stored(&repository(&path), &sent), "{path}");
    }
}
