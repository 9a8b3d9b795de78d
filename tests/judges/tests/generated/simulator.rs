//! The simulator in a process of its own, so that its memory can be measured. It ends when its input ends, and
//! so with the test that started it.

use std::io;
use std::process::ExitCode;

use secrecy::ExposeSecret;

#[tokio::main]
async fn main() -> ExitCode {
    let simulator = match judges::simulator().await {
        Ok(simulator) => simulator,
        Err(problem) => {
            eprintln!("cannot start the simulator: {problem}");
            return ExitCode::FAILURE;
        }
    };
    // One line of words: the address, and a client.
    println!(
        "{} {} {}",
        simulator.api_url().trim_start_matches("http://"),
        simulator.client().id,
        simulator.client().secret.expose_secret()
    );
    // However the input ends, it has ended.
    let _ = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await;
    // Panics where an answer was not what the contract has.
    simulator.stop().await;
    ExitCode::SUCCESS
}
