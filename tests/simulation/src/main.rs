//! `cargo simulate`: the long tier, and the replay of a seed.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::{Parser, Subcommand};
use simulation::matrix::{Matrix, Played, failures, leave_figures, play_all};
use simulation::{
    Fault, History, Kind, Player, Prepared, Scenario, Site, Which, alone, numbered, play_histories,
    report,
};

#[derive(Parser)]
#[command(
    about = "Plays Lockstep with everything that can go wrong, in one process and on virtual time."
)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Seeded histories: manifests, rotations, outages and faults in any order.
    Histories {
        /// How many.
        #[arg(long, default_value_t = 10_000)]
        count: u64,
        /// The first seed.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// Print a failure as it was played, and do not look for a shorter one.
        #[arg(long)]
        as_played: bool,
    },
    /// Every fault at every call of every scenario.
    Faults,
    /// Each pair of settings of the platform's open points that are not the default, in each scenario.
    Matrix {
        /// Only the stories with these settings, as a failure names them.
        #[arg(long)]
        only: Option<String>,
    },
    /// One seed again, with everything that happens in it, and how often each function called what.
    Replay {
        /// Which.
        seed: u64,
    },
}

fn main() -> ExitCode {
    let began = Instant::now();
    let failed = match Arguments::parse().what {
        What::Histories {
            count,
            from,
            as_played,
        } => histories(from, count, as_played),
        What::Faults => faults(),
        What::Matrix { only: None } => each_pair(),
        What::Matrix { only: Some(name) } => again(&name),
        What::Replay { seed } => replay(seed),
    };
    println!("{:.1} s", began.elapsed().as_secs_f64());
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// How many failures are printed.
const SHOWN: usize = 20;

/// The first failures are shrunk, and printed with their seeds.
fn histories(from: u64, count: u64, as_played: bool) -> usize {
    let shown = AtomicUsize::new(0);
    let figures = play_histories(from..from + count, |player, history, outcome| {
        if shown.fetch_add(1, Ordering::Relaxed) >= SHOWN {
            return;
        }
        match as_played {
            true => println!("{history}{}", report(outcome)),
            false => {
                let shrunk = player.shrunk(history);
                println!("{shrunk}{}", report(&player.play(&shrunk)));
            }
        }
    });
    println!("{count} histories: {figures}");
    figures.failed
}

fn faults() -> usize {
    let mut failed = 0;
    for scenario in Scenario::ALL {
        let prepared = Prepared::of(scenario, 1);
        let calls = numbered(&prepared.calls()).into_iter();
        let faults = calls.flat_map(|call| {
            Kind::ALL.map(|kind| Fault {
                which: Which::Call(call.clone()),
                kind,
            })
        });
        let explored = prepared.explore(alone(faults));
        println!("{scenario:?}: {explored}");
        failed += explored.failed.len() + explored.unplayed.len();
    }
    failed
}

fn each_pair() -> usize {
    let played = play_all(Matrix::default().each_pair());
    let failed = failed(&played);
    let line = format!(
        "switches, exhaustively: {} stories of a pair of settings that are not the default passed (of {})",
        played.len() - failed,
        played.len()
    );
    if let Err(error) = leave_figures("switches-exhaustive.txt", &line) {
        println!("the figures are nowhere: {error}");
    }
    failed
}

/// The stories with these settings, of the default tier or of the long one.
fn again(name: &str) -> usize {
    let matrix = Matrix::default();
    let mut jobs = matrix.jobs();
    jobs.extend(matrix.each_pair());
    jobs.retain(|job| job.name == name);
    failed(&play_all(jobs))
}

fn failed(played: &[Played]) -> usize {
    println!("{}", failures(played));
    played.iter().filter(|one| one.problem.is_some()).count()
}

fn replay(seed: u64) -> usize {
    let history = History::of(seed);
    let outcome = Player::default().play(&history);
    println!("{history}{}{}", outcome.transcript, report(&outcome));
    println!("{}", counted(&outcome.calls));
    outcome.problems.len()
}

/// How often each function called what, the most frequent first.
fn counted(calls: &[Site]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for call in calls {
        *counts.entry((&call.function, &call.operation)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let lines = counts
        .iter()
        .map(|((function, operation), count)| format!("{count:>6} {function} {operation}\n"));
    lines.collect()
}
