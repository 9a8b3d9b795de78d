//! The Python process that tells the stories, and what came of each.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use genesys_simulator::Simulator;
use judges::{Outcome, job, outcome, simulator, undisturbed};
use python_environment::interpreter;
use tokio::runtime::Builder;

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python_sdk/stories");

/// Every story, by the name that the driver knows it by.
pub const STORIES: [&str; 13] = [
    "actions",
    "audits",
    "clients",
    "credentials",
    "drafts",
    "integrations",
    "organization",
    "retry",
    "roles",
    "runs",
    "tokens",
    "usage",
    "web_services",
];

/// The version of the SDK that pip installed.
pub fn sdk_version() -> &'static str {
    let pinned = genesys_contract::requirements()
        .lines()
        .find_map(|line| line.strip_prefix("PureCloudPlatformClientV2=="));
    pinned.unwrap()
}

/// What came of a story. It is told when it is first asked for, on a simulator of its own.
pub fn told(story: &str) -> &'static Outcome {
    static OUTCOMES: [OnceLock<Outcome>; STORIES.len()] =
        [const { OnceLock::new() }; STORIES.len()];
    let at = STORIES.iter().position(|known| *known == story).unwrap();
    OUTCOMES[at].get_or_init(|| told_on(story, |_| ()))
}

/// Tells a story on a simulator that was prepared for it.
pub fn told_on(story: &str, prepare: impl FnOnce(&Simulator)) -> Outcome {
    // The simulator goes on in the background while this thread waits for the driver.
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let simulator = runtime.block_on(simulator()).unwrap();
    prepare(&simulator);
    let said = Teller::told(&job(story, &simulator));
    let outcome = outcome(&said, &simulator).unwrap();
    runtime.block_on(simulator.stop());
    outcome
}

/// The one Python process. It ends by itself when this program does, since its input ends then.
struct Teller {
    process: Child,
    jobs: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Teller {
    fn told(job: &str) -> String {
        static TELLER: OnceLock<Mutex<Teller>> = OnceLock::new();
        let teller = TELLER.get_or_init(|| Mutex::new(Self::start()));
        let mut teller = teller.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(teller.jobs, "{job}").unwrap();
        teller.jobs.flush().unwrap();
        let mut told = String::new();
        teller.told.read_line(&mut told).unwrap();
        if told.is_empty() {
            let ended = teller.process.wait();
            panic!("the driver ended: {ended:?}; its last words stand above");
        }
        told
    }

    fn start() -> Self {
        let say = |text: &str| eprintln!("{text}");
        let python = interpreter("official-sdk", genesys_contract::requirements(), &say).unwrap();
        // Without bytecode in the source tree.
        let mut child = undisturbed(&mut Command::new(python))
            .args(["-B", DRIVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (jobs, told) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            process: child,
            jobs,
            told: BufReader::new(told),
        }
    }
}
