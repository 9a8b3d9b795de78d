//! Seeded histories. `LOCKSTEP_SEED=N cargo test -p simulation --test histories` plays one alone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use simulation::{History, on_all_processors, report};

/// How many of them are played by default.
const COUNT: u64 = 80;

#[test]
fn whatever_happens_everything_comes_right_or_is_said() {
    let one: Option<u64> = std::env::var("LOCKSTEP_SEED")
        .ok()
        .map(|seed| seed.parse().expect("LOCKSTEP_SEED is a number"));
    let seeds = one.map_or(1..=COUNT, |seed| seed..=seed);
    let next = AtomicU64::new(*seeds.start());
    let failed = Mutex::new(Vec::new());
    on_all_processors(|| {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > *seeds.end() {
                break;
            }
            let history = History::of(seed);
            if !history.play().problems.is_empty() {
                let shrunk = history.shrunk();
                let said = format!("{shrunk}{}", report(&shrunk.play()));
                failed.lock().expect("no thread panics in here").push(said);
            }
        }
    });
    let failed = failed.into_inner().expect("no thread panics in here");
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
