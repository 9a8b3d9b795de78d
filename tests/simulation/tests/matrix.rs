//! Every open point about the platform is a switch, and everything comes to its end under every setting
//! and every pair of settings: each setting by itself, and a small set of settings in which every pair of
//! values occurs, in two scenarios. `cargo simulate matrix` plays each pair by itself.

use simulation::matrix::{Matrix, failures, leave_figures, play_all};

#[test]
fn each_scenario_comes_to_its_end_under_every_setting_and_every_pair() -> std::io::Result<()> {
    let matrix = Matrix::default();
    let played = play_all(matrix.jobs());
    leave_figures("switches.txt", &matrix.figures(&played))?;
    let failures = failures(&played);
    assert!(failures.is_empty(), "{failures}");
    assert_eq!(matrix.passed(&played), matrix.whole());
    Ok(())
}
