//! Who tells the stories: several worlds beside each other, each used for many.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use scenarios::Error;
use tokio::time::{Instant, timeout};

use crate::ends::{End, end_of};
use crate::settings::{Row, Switch};
use crate::story::{Kind, Stage};

/// Worlds beside each other. Much of a story is waiting, so there are more of them than processors.
#[derive(Clone, Copy, Debug)]
pub struct Worlds {
    /// For stories that come to be verified.
    pub verified: usize,
    /// For those that never do.
    pub unverified: usize,
}

/// After so many stories a world has seen enough, and a fresh one takes its place.
const STORIES_PER_WORLD: usize = 120;
/// No story takes this long.
const LIMIT: Duration = Duration::from_secs(300);

/// A story to tell.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its settings, in words.
    pub name: String,
    /// Its settings.
    pub row: Row,
    /// What happens in it.
    pub kind: Kind,
    /// What it must come to.
    pub end: End,
}

impl Job {
    /// A story of a kind, under the settings of a row.
    pub fn new(all: &[Switch], row: Row, kind: Kind) -> Self {
        Self {
            name: row.named(all),
            end: end_of(all, &row),
            row,
            kind,
        }
    }
}

/// A story that was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its settings, in words.
    pub name: String,
    /// Its settings.
    pub row: Row,
    /// What went wrong.
    pub problem: Option<String>,
}

type Queue = Mutex<VecDeque<(usize, Job)>>;

/// Tells all stories, whatever becomes of each; answers them in their order.
pub async fn tell(all: &[Switch], jobs: Vec<Job>, worlds: Worlds) -> Vec<Told> {
    // Worlds in which the proof never comes give up on it soon; in the others a slow one is no failure.
    let (short, long): (VecDeque<_>, VecDeque<_>) = jobs
        .into_iter()
        .enumerate()
        .partition(|(_, job)| job.end == End::Unverified);
    let told = Mutex::new(Vec::new());
    let (short, long) = (Mutex::new(short), Mutex::new(long));
    let of = |count: usize, end, queue| (0..count).map(move |_| (end, queue));
    let lanes = of(worlds.unverified, End::Unverified, &short);
    let lanes = lanes.chain(of(worlds.verified, End::Verified, &long));
    let workers = lanes.map(|(end, queue)| worker(all, end, queue, &told));
    join_all(workers).await;
    let mut told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    told.sort_by_key(|(index, _)| *index);
    told.into_iter().map(|(_, one)| one).collect()
}

async fn worker(all: &[Switch], end: End, queue: &Queue, told: &Mutex<Vec<(usize, Told)>>) {
    let mut stage: Option<Stage> = None;
    while let Some((index, job, is_last)) = taken(queue) {
        let began = Instant::now();
        let mut problem = one(all, end, &mut stage, &job).await.err();
        let is_worn = |stage: &mut Stage| stage.stories() >= STORIES_PER_WORLD;
        if let Some(worn) = stage.take_if(|stage| is_last || is_worn(stage)) {
            problem = problem.or(worn.stop().await.err());
        }
        let seconds = began.elapsed().as_secs_f32();
        let failed = problem.as_ref().map(|error| format!(" FAILED: {error}"));
        let failed = failed.unwrap_or_default();
        println!("{:?} {}: {seconds:.1} s{failed}", job.kind, job.name);
        let one = Told {
            name: job.name,
            row: job.row,
            problem: problem.map(|error| error.to_string()),
        };
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push((index, one));
    }
    // Where another worker took the last story, the world still stands.
    if let Some(stage) = stage
        && let Err(error) = stage.stop().await
    {
        panic!("{error}");
    }
}

/// The next story, and whether it is the last.
fn taken(queue: &Queue) -> Option<(usize, Job, bool)> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let (index, job) = queue.pop_front()?;
    Some((index, job, queue.is_empty()))
}

/// Tells one story in the world at hand, or in a fresh one. A world in which one failed is not used again.
async fn one(all: &[Switch], end: End, stage: &mut Option<Stage>, job: &Job) -> Result<(), Error> {
    let mut at_hand = match stage.take() {
        Some(used) => used,
        None => Stage::start(end).await?,
    };
    let outcome = match timeout(LIMIT, at_hand.tell(all, job)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("it did not end within {} s", LIMIT.as_secs()).into()),
    };
    let Err(error) = outcome else {
        *stage = Some(at_hand);
        return Ok(());
    };
    match at_hand.stop().await {
        Ok(()) => Err(error),
        Err(more) => Err(format!("{error}\n{more}").into()),
    }
}
