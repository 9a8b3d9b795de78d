//! What Clippy refuses. It reads one `clippy.toml`: that of the crate, else of the nearest folder above.

use std::collections::BTreeSet;

use crate::workspace::text;

/// The paths of the methods that a list disallows.
fn disallowed(file: &str) -> BTreeSet<String> {
    let text = text(file);
    let paths = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("{ path = \""));
    let paths = paths.filter_map(|rest| rest.split('"').next());
    paths.map(str::to_owned).collect()
}

#[test]
fn functions_and_shared_crates_disallow_the_same() {
    let shared = disallowed("shared/clippy.toml");
    assert!(shared.len() >= 10, "{shared:?}");
    assert_eq!(shared, disallowed("functions/clippy.toml"));
}

#[test]
fn the_domain_disallows_what_the_others_do_and_files_processes_and_sockets_besides() {
    let domain = disallowed("shared/domain/clippy.toml");
    let missing: Vec<_> = disallowed("shared/clippy.toml")
        .difference(&domain)
        .cloned()
        .collect();
    assert_eq!(missing, [""; 0]);
    for method in [
        "std::fs::read",
        "std::fs::write",
        "std::process::Command::new",
        "std::net::TcpStream::connect",
    ] {
        assert!(domain.contains(method), "{method}");
    }
}
