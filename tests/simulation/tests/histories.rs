//! Seeded histories. `LOCKSTEP_SEED=N cargo test -p simulation --test histories` plays one alone.

use std::sync::Mutex;

use simulation::{play_histories, report};

/// How many of them are played by default.
const COUNT: u64 = 80;

#[test]
fn whatever_happens_everything_comes_right_or_is_said() {
    let one: Option<u64> = std::env::var("LOCKSTEP_SEED")
        .ok()
        .map(|seed| seed.parse().expect("LOCKSTEP_SEED is a number"));
    let seeds = one.map_or(0..COUNT, |seed| seed..seed + 1);
    let failed = Mutex::new(Vec::new());
    let figures = play_histories(seeds, |player, history, _| {
        let shrunk = player.shrunk(history);
        let said = format!("{shrunk}{}", report(&player.play(&shrunk)));
        failed.lock().expect("no thread panics in here").push(said);
    });
    println!("{figures}");
    let failed = failed.into_inner().expect("no thread panics in here");
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
