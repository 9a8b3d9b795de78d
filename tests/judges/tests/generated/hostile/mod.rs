//! Hostile traffic: generated from a seed, over plain sockets, against a simulator in a process of its own.
//!
//! No answer may be a 5xx, no request may hang, whoever sends nothing wrong must be answered in between, and the
//! memory must not grow with what was sent.

mod attack;
mod bodies;
mod heads;
mod traps;
mod world;

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use judges::figures;
use serde_json::json;

use self::attack::{Attack, Due};
use self::world::World;
use crate::alone::Alone;
use crate::detail;
use crate::socket::{Answer, Heard, exchange};

/// How long any request may take until it is answered or its connection is closed.
const DEADLINE: Duration = Duration::from_secs(10);
/// So many senders at a time.
const SENDERS: usize = 4;
/// After so many attacks of a sender, a request with which nothing is wrong.
const BETWEEN: usize = 10;
/// Requests in a wave, after which the memory is measured.
const WAVE: usize = 400;
/// How much the memory may grow after the first wave, in which every kind of attack was seen, and how much in the
/// second half of a run. What is kept by right (the few things that hostile requests managed to make, their audit
/// records) is a small part of it; the rest is what the allocator does not give back.
const GROWTH: u64 = 32 << 20;
const LATE_GROWTH: u64 = 16 << 20;

type Family = (&'static str, fn(&mut Rng, &World) -> Attack);

/// What came of a number of attacks.
#[derive(Default)]
struct Tally {
    sent: usize,
    bytes: u64,
    /// By family and outcome: a status, or the end of the connection.
    outcomes: BTreeMap<(&'static str, String), usize>,
    healthy: usize,
    slowest: Duration,
    problems: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.bytes += other.bytes;
        for (key, count) in other.outcomes {
            *self.outcomes.entry(key).or_default() += count;
        }
        self.healthy += other.healthy;
        self.slowest = self.slowest.max(other.slowest);
        self.problems.extend(other.problems);
    }

    /// By family: how often what came back.
    fn table(&self) -> String {
        let mut families: BTreeMap<&str, String> = BTreeMap::new();
        for ((family, outcome), count) in &self.outcomes {
            let line = families.entry(family).or_default();
            line.push_str(&format!(" {outcome}:{count}"));
        }
        families
            .iter()
            .map(|(family, line)| format!("  {family:16}{line}\n"))
            .collect()
    }
}

/// What is wrong with what came back, if anything is.
fn problem(due: Due, heard: &Heard) -> Option<String> {
    match heard {
        Heard::Answer(answer) => wrong_answer(answer),
        Heard::Closed | Heard::Http2 if due == Due::AnswerOrEnd => None,
        Heard::Closed | Heard::Http2 => Some("no answer, although one is due".to_owned()),
        Heard::Rubbish(text) => Some(format!("not HTTP: {text:?}")),
        Heard::Nothing => Some(format!("no answer within {DEADLINE:?}")),
    }
}

/// Statuses are below 500; a refusal by the API, which its content type tells, says itself which it is.
fn wrong_answer(answer: &Answer) -> Option<String> {
    if answer.status >= 500 {
        return Some(format!("{answer:?}"));
    }
    let is_refusal = answer.status >= 400 && answer.header("inin-correlation-id").is_some();
    if !is_refusal || answer.body.is_empty() {
        return None;
    }
    let body: Result<serde_json::Value, _> = serde_json::from_slice(&answer.body);
    let says = body.is_ok_and(|body| {
        body["status"] == answer.status && body["code"].is_string() || body["error"].is_string()
    });
    (!says).then(|| format!("a refusal that does not say why: {answer:?}"))
}

fn outcome(heard: &Heard) -> String {
    match heard {
        Heard::Answer(answer) => answer.status.to_string(),
        Heard::Closed => "end".to_owned(),
        Heard::Http2 => "HTTP/2".to_owned(),
        Heard::Rubbish(_) => "rubbish".to_owned(),
        Heard::Nothing => "hang".to_owned(),
    }
}

/// A few bytes of an attack, to know it by.
fn shown(attack: &Attack) -> String {
    let bytes = attack.parts.concat();
    let text: String = String::from_utf8_lossy(&bytes).chars().take(400).collect();
    format!("{text:?}")
}

/// One sender's attacks, the families in turn.
fn send(alone: &Alone, world: &World, families: &[Family], seed: u64, count: usize) -> Tally {
    let mut rng = Rng::with_seed(seed);
    let mut tally = Tally::default();
    let head = format!("Authorization: Bearer {}\r\n", world.token);
    for number in 0..count {
        let (family, make) = families[number % families.len()];
        let attack = make(&mut rng, world);
        let heard = exchange(
            &world.host,
            &attack.parts,
            attack.pause,
            attack.cut,
            DEADLINE,
        );
        tally.sent += 1;
        tally.bytes += attack.bytes() as u64;
        *tally.outcomes.entry((family, outcome(&heard))).or_default() += 1;
        if let Some(problem) = problem(attack.due, &heard) {
            tally
                .problems
                .push(format!("{family}: {problem}\n  sent: {}", shown(&attack)));
        }
        if number % BETWEEN == 0 {
            let asked = Instant::now();
            alone.ask("GET", "/api/v2/organizations/me", &head, "");
            tally.healthy += 1;
            tally.slowest = tally.slowest.max(asked.elapsed());
        }
    }
    tally
}

/// So many attacks, by several senders at a time.
fn wave(alone: &Alone, world: &World, seed: u64, count: usize) -> Tally {
    let families: Vec<Family> = bodies::FAMILIES
        .iter()
        .chain(heads::FAMILIES)
        .copied()
        .collect();
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let families = &families;
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                // Each sender has a stream of its own, whatever the others do.
                let seed = seed.wrapping_mul(1000) + sender as u64;
                scope.spawn(move || send(alone, world, families, seed, count / SENDERS))
            })
            .collect();
        for sender in senders {
            tally.add(sender.join().expect("no sender panics"));
        }
    });
    tally
}

/// The memory while waves go over a simulator: before them, and after each.
struct Memory {
    before: u64,
    waves: Vec<u64>,
}

impl Memory {
    fn warm(&self) -> u64 {
        self.waves.first().copied().unwrap_or(self.before)
    }

    /// The most that was seen in the first half.
    fn middle(&self) -> u64 {
        let half = &self.waves[..self.waves.len().div_ceil(2)];
        half.iter().copied().max().unwrap_or(self.before)
    }

    fn after(&self) -> u64 {
        self.waves.last().copied().unwrap_or(self.before)
    }
}

/// Sends so many attacks in waves, and gives the figures.
fn assault(name: &str, seed: u64, attacks: usize) {
    let alone = Alone::start();
    let world = World::new(&alone);
    alone.received();
    let mut memory = Memory {
        before: alone.resident(),
        waves: Vec::new(),
    };
    let mut tally = Tally::default();
    let mut received = 0;
    for wave_number in 0..attacks.div_ceil(WAVE) {
        tally.add(wave(&alone, &world, seed + wave_number as u64, WAVE));
        received += alone.received();
        memory.waves.push(alone.resident());
    }
    let ended_well = alone.end();
    let waves: Vec<u64> = memory.waves.iter().map(|bytes| bytes >> 20).collect();
    let table = format!(
        "{}  memory after each wave, in MiB: {waves:?}\n",
        tally.table()
    );
    let line = report(&tally, received, &memory, seed);
    figures(name, &line).expect("the figures are written");
    detail(name, &table).expect("the table is written");
    judge(&tally, &memory, received);
    assert!(
        ended_well,
        "the simulator died, or answered outside the contract"
    );
}

fn report(tally: &Tally, received: usize, memory: &Memory, seed: u64) -> String {
    let mib = |bytes: u64| bytes / (1 << 20);
    let statuses = |first: char| -> usize {
        tally
            .outcomes
            .iter()
            .filter(|((_, outcome), _)| outcome.starts_with(first))
            .map(|(_, count)| count)
            .sum()
    };
    format!(
        "hostile traffic, seed {seed}: {} attacks of {} families, {} MiB sent, {received} requests received (with \
         {} healthy ones in between, the slowest answered in {} ms); answers {} 2xx, {} 4xx, {} 5xx, {} hung; \
         memory {} MiB before, {} after the first wave, at most {} in the first half, {} after",
        tally.sent,
        bodies::FAMILIES.len() + heads::FAMILIES.len(),
        mib(tally.bytes),
        tally.healthy,
        tally.slowest.as_millis(),
        statuses('2'),
        statuses('4'),
        statuses('5'),
        statuses('h'),
        mib(memory.before),
        mib(memory.warm()),
        mib(memory.middle()),
        mib(memory.after()),
    )
}

fn judge(tally: &Tally, memory: &Memory, received: usize) {
    let first: Vec<&String> = tally.problems.iter().take(10).collect();
    assert!(
        tally.problems.is_empty(),
        "{} problems, the first: {first:#?}",
        tally.problems.len()
    );
    // What is no HTTP never becomes a request; the most does.
    assert!(
        received * 10 > tally.sent * 7,
        "only {received} of {} were received",
        tally.sent
    );
    let grown = memory.after().saturating_sub(memory.warm());
    let late = memory.after().saturating_sub(memory.middle());
    assert!(
        grown < GROWTH && late < LATE_GROWTH,
        "the memory grew by {grown} bytes, {late} of them late, while {} were sent",
        tally.bytes
    );
}

#[test]
fn hostile_requests_are_refused_and_leave_no_trace_in_memory() {
    assault("hostile-sample", 20_261_122, 800);
}

#[test]
#[ignore = "takes minutes; .ci/run runs it"]
fn ten_thousand_hostile_requests_are_refused_and_leave_no_trace_in_memory() {
    assault("hostile", 7, 10_000);
}

/// The judge itself can find fault.
#[test]
fn a_planted_5xx_and_a_planted_hang_are_found() {
    let alone = Alone::start();
    let world = World::new(&alone);
    let short = Duration::from_millis(300);
    for (fault, found) in [
        (json!({"status": 503}), "503"),
        (json!({"kind": "timeout"}), "no answer within"),
        (json!({"kind": "reset"}), "no answer, although"),
        (
            json!({"status": 400, "body": {"code": "x"}}),
            "does not say why",
        ),
    ] {
        let mut fault = fault;
        fault["method"] = json!("GET");
        fault["route"] = json!("/api/v2/organizations/me");
        fault["times"] = json!(1);
        alone.control("faults", &fault);
        let attack = world.request("GET /api/v2/organizations/me", "", b"");
        let heard = exchange(&world.host, &[attack], Duration::ZERO, false, short);
        let problem = problem(Due::Answer, &heard).expect("a problem");
        assert!(problem.contains(found), "{problem}");
    }
}

#[test]
#[should_panic(expected = "the memory grew by")]
fn a_memory_that_grows_is_found() {
    let memory = Memory {
        before: 30 << 20,
        waves: vec![34 << 20, 38 << 20, 42 << 20, 70 << 20],
    };
    judge(&Tally::default(), &memory, 1);
}
