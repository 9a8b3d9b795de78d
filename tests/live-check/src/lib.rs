//! A live check: asks a real Genesys Cloud organization what the simulator only assumes.
//!
//! The same survey is made of a simulator in this process and of the organization; of the simulator
//! first, so that nothing is touched where there is none. The answers are compared by shape and
//! facts (statuses, fields, types, header names, known values), never by ids, names or dates. What
//! the survey settles is named as a switch of [`genesys_simulator::switches`] and its value; with
//! the switches set so, the simulator is asked once more, and what still differs is what no switch
//! explains.
//!
//! Without `write` nothing is changed. With it, a throw-away credential, integration and action are
//! made, exercised, and removed again whatever happens.

mod ask;
mod command;
mod compare;
#[cfg(test)]
mod faults_tests;
mod ledger;
mod meant;
mod panics;
mod points;
mod reading;
mod report;
mod settings;
mod shape;
mod sides;
#[cfg(test)]
mod sides_tests;
mod simulated;
mod survey;
mod trail;
mod wire;
mod writing;

use genesys_cloud::{Genesys, Settings, Stats};
use jiff::Timestamp;

pub use crate::command::{Args, command};
pub use crate::compare::Difference;
pub use crate::ledger::{Kind, Left};
pub use crate::meant::unmeant;
pub use crate::points::{POINTS, Way};
pub use crate::report::{Open, Report, Settled, Told, Unasked};
pub use crate::settings::{Patience, SettingsError, Target};
pub use crate::wire::Stop;

use crate::ledger::Ledger;
use crate::panics::unless_it_panics;
use crate::report::Head;
use crate::sides::Sides;
use crate::simulated::Simulated;
use crate::survey::{Gap, Survey};
use crate::trail::follow;
use crate::wire::Wire;
use crate::writing::{Trail, Writer};

/// What everything that is made is named, before a time and a random part.
pub const PREFIX: &str = "lockstep-live-check-";

/// What to do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Make throw-away things, exercise them and remove them.
    pub write: bool,
    /// How patient to be with the organization.
    pub patience: Patience,
}

/// Checks one organization. `say` gets a line whenever something begins.
///
/// # Errors
/// The check itself cannot run: no simulator, no TLS. Nothing was written then. What the
/// organization refuses stands in the report.
pub async fn check(
    target: &Target,
    options: &Options,
    stop: Stop,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Report, String> {
    let simulator = |switches| simulated::survey(switches, options.write);
    compared(target, options, stop, say, simulator).await
}

/// The check beside any simulator, given by its switches.
async fn compared<S, F>(
    target: &Target,
    options: &Options,
    stop: Stop,
    say: &(dyn Fn(&str) + Sync),
    simulator: S,
) -> Result<Report, String>
where
    S: Fn(Vec<(String, String)>) -> F,
    F: Future<Output = Result<Simulated, String>>,
{
    say("calling the simulator first; the organization is not called yet");
    let assumed = sides::ask(&simulator, Vec::new()).await.map_err(|why| {
        format!(
            "without the simulator there is nothing to compare with, so the organization was not \
             called: {why}"
        )
    })?;
    let made = options.write.then(new_name);
    let done = surveyed(
        target,
        &options.patience,
        made.as_deref(),
        stop.clone(),
        say,
    )
    .await?;
    say("calling the simulator again, with the settled values");
    let sides = Sides::again(&simulator, assumed, &done.survey).await;
    let head = Head {
        host: target
            .endpoints
            .api
            .host_str()
            .unwrap_or_default()
            .to_owned(),
        made,
        calls: done.calls,
        interrupted: *stop.borrow() > 0,
    };
    Ok(Report::of(&done.survey, sides, head, done.left))
}

/// A name that nothing else has.
fn new_name() -> String {
    let at = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!("{PREFIX}{at}-{:08x}", fastrand::u32(..))
}

/// A survey, what it cost, and what it left behind.
pub(crate) struct Done {
    pub(crate) survey: Survey,
    pub(crate) calls: u64,
    pub(crate) left: Vec<Left>,
}

/// Surveys one side: reads, and where there is a name for it, writes under that name, removes, and
/// follows the audit log.
pub(crate) async fn surveyed(
    target: &Target,
    patience: &Patience,
    name: Option<&str>,
    stop: Stop,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Done, String> {
    let mut wire = Wire::new(target, patience.clone(), stop.clone())?;
    let mut survey = Survey::default();
    say("reading; nothing is changed");
    reading::read(&mut wire, &mut survey).await;
    let mut done = Done {
        survey: Survey::default(),
        calls: 0,
        left: Vec::new(),
    };
    if let Some(name) = name.filter(|_| !wire.is_stopped()) {
        let genesys = remover(target, patience)?;
        let trail;
        (trail, done.left) = written(&mut wire, &mut survey, &genesys, name, stop, say).await;
        say("waiting for audit records; press Ctrl-C to stop waiting");
        let followed = unless_it_panics(follow(&mut wire, &mut survey, &trail)).await;
        bug(&mut survey, "audit records", followed);
        let Stats {
            requests,
            auth_requests,
            ..
        } = genesys.take_stats();
        done.calls += requests + auth_requests;
    }
    done.survey = survey;
    done.calls += wire.calls();
    Ok(done)
}

/// The client that removes: `genesys-cloud`, which repeats what may be repeated.
fn remover(target: &Target, patience: &Patience) -> Result<Genesys, String> {
    let settings = Settings {
        backoff_base: patience.backoff,
        max_retries: patience.retries,
        ..Settings::default()
    };
    Genesys::new(
        target.endpoints.clone(),
        target.credentials.clone(),
        settings,
    )
    .map_err(|error| error.to_string())
}

/// A panic is a gap: what was found before it, and what was left behind, is told all the same.
fn bug(survey: &mut Survey, call: &str, ended: Result<(), String>) {
    if let Err(why) = ended {
        survey.gaps.push(Gap {
            call: call.to_owned(),
            why,
            permission: None,
        });
    }
}

async fn written(
    wire: &mut Wire,
    survey: &mut Survey,
    genesys: &Genesys,
    name: &str,
    mut stop: Stop,
    say: &(dyn Fn(&str) + Sync),
) -> (Trail, Vec<Left>) {
    say(&format!(
        "creating a credential, an integration and an action, each named {name}; they are removed \
         at the end"
    ));
    let patience = wire.patience().clone();
    let mut ledger = Ledger::default();
    let mut writer = Writer {
        wire,
        survey,
        ledger: &mut ledger,
        name,
        trail: Trail::default(),
    };
    // What was made is removed whatever happens here.
    let wrote = unless_it_panics(writer.write()).await;
    let trail = writer.trail;
    bug(survey, "the rest of --write", wrote);
    say("removing what was created");
    let genesys = genesys.within(patience.removal);
    let pause = patience.poll.min(std::time::Duration::from_secs(2));
    let removed = tokio::select! {
        left = ledger.remove_all(&genesys, pause) => Some(left),
        // An error means that nobody can end it any more, and then the removal goes on.
        Ok(_) = stop.wait_for(|signals| *signals > 1) => None,
    };
    (trail, removed.unwrap_or_else(|| ledger.all_left()))
}
