//! The picture in the README: a rotation from the moved label to the verdict, drawn from what happened in a
//! simulation with one seed.

use std::fmt::Write as _;

use aws_simulator::Effect;
use genesys_simulator::Call;
use jiff::{SignedDuration, Timestamp};

use crate::judge::emitted;
use crate::scenario::Scenario;
use crate::stand::{Judged, Simulation, run};

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    SecretsManager,
    Lockstep,
    GenesysCloud,
    Bus,
}

impl Actor {
    fn name(self) -> &'static str {
        match self {
            Self::SecretsManager => "Secrets Manager",
            Self::Lockstep => "Lockstep",
            Self::GenesysCloud => "Genesys Cloud",
            Self::Bus => "Event bus",
        }
    }

    /// The class of its marks in the picture.
    fn class(self) -> &'static str {
        match self {
            Self::SecretsManager => "secrets",
            Self::Lockstep => "lockstep",
            Self::GenesysCloud => "genesys",
            Self::Bus => "bus",
        }
    }
}

/// One line of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Moment {
    at: Timestamp,
    actor: Actor,
    text: String,
}

/// The rotation of a secret, whose action has a live test, as an SVG.
#[must_use]
pub fn picture_of_a_rotation() -> String {
    run(1, Judged::Nothing, async |simulation| {
        let scenario = Scenario::RotationWithTest;
        let mut house = scenario.house();
        scenario.prepare(simulation, &house).await;
        let from = simulation.clock.now();
        scenario.play(simulation, &mut house).await;
        simulation.rest().await;
        draw(&moments(simulation, from))
    })
}

/// What happened since then that a person would tell, in order.
fn moments(simulation: &Simulation, from: Timestamp) -> Vec<Moment> {
    let history = simulation.account.history();
    let of_aws = history.iter().filter_map(|change| {
        let (actor, text) = of_effect(&change.effect)?;
        let at = change.at;
        Some(Moment { at, actor, text })
    });
    let calls = simulation.genesys.calls();
    let of_genesys = calls.iter().filter_map(|call| {
        let (at, actor) = (call.at, Actor::GenesysCloud);
        let text = of_call(call)?.to_owned();
        Some(Moment { at, actor, text })
    });
    let mut moments: Vec<Moment> = of_aws.chain(of_genesys).collect();
    moments.retain(|moment| moment.at >= from);
    moments.sort_by_key(|moment| moment.at);
    // What follows the verdict is no part of the rotation.
    let end = moments
        .iter()
        .rposition(|moment| moment.actor == Actor::Bus);
    moments.truncate(end.map_or(0, |end| end + 1));
    moments
}

fn of_effect(effect: &Effect) -> Option<(Actor, String)> {
    if let Some(event) = emitted(effect) {
        return Some((Actor::Bus, event["detail-type"].as_str()?.to_owned()));
    }
    if let Effect::SecretLabelMoved { secret, label, .. } = effect {
        let name = secret.rsplit(':').next()?.rsplit_once('-')?.0;
        let text = format!("AWSCURRENT of {name} moves to a new version");
        return (label == "AWSCURRENT").then_some((Actor::SecretsManager, text));
    }
    if let Effect::MessageReceived { queue, .. } = effect {
        let woken = [
            (
                "ProvisionQueue",
                "provision-role wakes, and checks the role",
            ),
            ("RebindQueue", "rebind-action wakes, and reads the action"),
            (
                "VerifyQueue",
                "verify-change wakes, and reads the audit log",
            ),
        ];
        let (_, text) = woken.iter().find(|(name, _)| queue.contains(name))?;
        return Some((Actor::Lockstep, (*text).to_owned()));
    }
    if let Effect::ObjectPut { key, .. } = effect {
        let text = "the evidence of the change is stored".to_owned();
        return key
            .starts_with("evidence/")
            .then_some((Actor::Lockstep, text));
    }
    None
}

/// What a call did, where it did something. A call that this does not know must not be missing in the
/// picture.
fn of_call(call: &Call) -> Option<&str> {
    let route = call.route.as_deref()?;
    match (call.method.as_str(), route.rsplit('/').next()?) {
        ("GET", "validation") => Some("the draft is valid"),
        ("GET", _) | ("POST", "token" | "realtime" | "execute") => None,
        ("POST", "draft") => Some("a draft of the action is opened"),
        ("PATCH", "draft") => Some("the draft refers to the new version"),
        ("POST", "test") => Some("the live test of the draft passes"),
        ("POST", "publish") => Some("the draft is published: calls use the new version"),
        (_, _) => Some(&call.path),
    }
}

const WIDTH: usize = 760;
const LINE: usize = 26;
const TOP: usize = 28;
/// Where the dots are.
const AXIS: usize = 112;
/// A pause that is shown as one.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

const STYLE: &str = "\
    text { font: 14px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 } \
    .time, .pause { fill: #59636e; font-variant-numeric: tabular-nums } \
    .name { font-weight: 600 } \
    .axis { stroke: #d1d9e0; stroke-width: 2 } \
    .secrets { fill: #bf3989 } .lockstep { fill: #0969da } .genesys { fill: #bc4c00 } .bus { fill: #1a7f37 } \
    @media (prefers-color-scheme: dark) { \
    text { fill: #f0f6fc } .time, .pause { fill: #9198a1 } .axis { stroke: #3d444d } \
    .secrets { fill: #f778ba } .lockstep { fill: #4493f8 } .genesys { fill: #f0883e } .bus { fill: #3fb950 } }";

fn draw(moments: &[Moment]) -> String {
    let mut lines = String::new();
    let mut y = TOP;
    let begin = moments.first().map(|moment| moment.at);
    let mut before = begin;
    for moment in moments {
        let pause = before.map(|before| moment.at.duration_since(before));
        if let Some(pause) = pause.filter(|pause| *pause >= PAUSE) {
            let text = format!(
                "{} s, until the audit log shows the change",
                pause.as_secs()
            );
            line(
                &mut lines,
                &format!(
                    r#"<text class="pause" x="{}" y="{y}">{text}</text>"#,
                    AXIS + 18
                ),
            );
            y += LINE;
        }
        before = Some(moment.at);
        draw_moment(&mut lines, moment, begin.unwrap_or(moment.at), y);
        y += LINE;
    }
    let height = y;
    let (from, to) = (TOP - 5, y - LINE - 5);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"title\">\n\
         <title id=\"title\">A rotation, from the moved label to the verdict</title>\n\
         <style>{STYLE}</style>\n\
         <line class=\"axis\" x1=\"{AXIS}\" y1=\"{from}\" x2=\"{AXIS}\" y2=\"{to}\"/>\n{lines}</svg>\n"
    )
}

fn draw_moment(lines: &mut String, moment: &Moment, begin: Timestamp, y: usize) {
    let time = since(moment.at.duration_since(begin));
    let class = moment.actor.class();
    let (dot, text) = (y - 5, escaped(&moment.text));
    let right = AXIS - 18;
    let left = AXIS + 18;
    line(
        lines,
        &format!(r#"<text class="time" x="{right}" y="{y}" text-anchor="end">{time}</text>"#),
    );
    line(
        lines,
        &format!(r#"<circle class="{class}" cx="{AXIS}" cy="{dot}" r="5"/>"#),
    );
    let name = moment.actor.name();
    line(
        lines,
        &format!(
            r#"<text x="{left}" y="{y}"><tspan class="name {class}">{name}</tspan><tspan x="{}">{text}</tspan></text>"#,
            left + 150
        ),
    );
}

fn line(lines: &mut String, text: &str) {
    let written = writeln!(lines, "{text}");
    written.expect("a string takes everything");
}

fn since(time: SignedDuration) -> String {
    match time.as_millis() {
        below @ ..1_000 => format!("+{below} ms"),
        _ => format!("+{:.1} s", time.as_secs_f64()),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
