//! What the check found, for people and as JSON.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::compare::{Difference, differences, explained};
use crate::ledger::Left;
use crate::points::{Way, switches, way};
use crate::sides::Sides;
use crate::survey::Survey;

/// A measurement, which is not expected to be the same.
const MEASURED: &str = "audit_delay_measured";

/// A switch whose value is known now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// The switch of the simulator.
    pub switch: String,
    /// The value under which it answers as the organization does.
    pub value: String,
    /// The value that it assumes.
    pub assumed: String,
    /// What this was concluded from.
    pub how: String,
}

/// A switch of which no value describes what was seen, or that stays open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// The switch of the simulator.
    pub switch: String,
    /// What was seen, or why nothing was.
    pub why: String,
}

/// A fact that no switch stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Its name.
    pub fact: String,
    /// What the organization says.
    pub live: String,
    /// What the simulator says; absent where it was not asked.
    pub simulated: Option<String>,
    /// What this was concluded from.
    pub how: String,
}

/// A call that could not be made, or was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unasked {
    /// Method and route.
    pub call: String,
    /// Why.
    pub why: String,
    /// The permission that the OAuth client lacks, where it is one.
    pub permission: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The API host that was asked.
    pub host: String,
    /// The name of what was made; absent where nothing was to be.
    pub made: Option<String>,
    /// Requests sent to the organization, tokens included.
    pub calls: u64,
    /// Switches whose value is known now.
    pub settled: Vec<Settled>,
    /// Switches of which no value fits what was seen.
    pub unfit: Vec<Open>,
    /// Switches that stay open.
    pub open: Vec<Open>,
    /// Facts without a switch.
    pub facts: Vec<Told>,
    /// Differences that are gone once the simulator's switches are set as settled, each with the
    /// switch that explains it alone.
    pub explained: Vec<Difference>,
    /// Differences that no switch explains.
    pub differences: Vec<Difference>,
    /// What the organization has nothing of to look at. No error.
    pub absent: Vec<String>,
    /// What could not be asked.
    pub unasked: Vec<Unasked>,
    /// What was made and could not be removed, or not be seen to be gone.
    pub left: Vec<Left>,
    /// What went wrong with our own simulator, so that the comparison says less.
    pub simulator_problems: Vec<String>,
    /// Somebody ended the check before its end.
    pub interrupted: bool,
}

impl Report {
    /// Whether everything could be asked and compared, and nothing was left behind. Differences are
    /// no error.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unasked.is_empty()
            && self.left.is_empty()
            && self.simulator_problems.is_empty()
            && !self.interrupted
    }

    /// The exit code that says how the check ended.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (self.interrupted, self.is_complete()) {
            (true, _) => 130,
            (false, true) => 0,
            (false, false) => 1,
        }
    }

    /// The settled value of a switch.
    #[must_use]
    pub fn value(&self, switch: &str) -> Option<&str> {
        self.settled
            .iter()
            .find(|settled| settled.switch == switch)
            .map(|settled| settled.value.as_str())
    }

    /// Puts together what was seen of the organization and of the simulator.
    pub(crate) fn of(live: &Survey, sides: Sides, head: Head, left: Vec<Left>) -> Self {
        let Sides {
            assumed,
            tuned,
            alone,
            problems,
        } = sides;
        let (settled, unfit, open) = points(live, head.made.is_some());
        Self {
            host: head.host,
            made: head.made,
            calls: head.calls,
            settled,
            unfit,
            open,
            facts: facts(live, &tuned),
            explained: explained(live, &assumed, &tuned, &alone),
            differences: differences(live, &tuned),
            absent: live.absent.clone(),
            unasked: unasked(live),
            left,
            simulator_problems: problems,
            interrupted: head.interrupted,
        }
    }
}

/// What a report begins with.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) host: String,
    pub(crate) made: Option<String>,
    pub(crate) calls: u64,
    pub(crate) interrupted: bool,
}

/// The values that a survey settled and that are not the assumed ones: only those that the switch
/// has.
pub(crate) fn changed(survey: &Survey) -> Vec<(String, String)> {
    switches()
        .into_iter()
        .filter_map(|(name, (assumed, values))| {
            let value = survey.facts.get(name.as_str())?.value.clone().ok()?;
            (value != assumed && values.contains(&value)).then_some((name, value))
        })
        .collect()
}

fn points(live: &Survey, wrote: bool) -> (Vec<Settled>, Vec<Open>, Vec<Open>) {
    let (mut settled, mut unfit, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for (switch, (assumed, values)) in switches() {
        let fact = live.facts.get(switch.as_str());
        match fact.map(|fact| (&fact.value, &fact.how)) {
            Some((Ok(value), how)) if values.contains(value) => settled.push(Settled {
                value: value.clone(),
                how: how.clone(),
                switch,
                assumed,
            }),
            Some((Ok(seen) | Err(seen), how)) => unfit.push(Open {
                switch,
                why: format!("{seen} ({how})"),
            }),
            None => {
                let why = match way(&switch) {
                    Way::Left(why) => why,
                    Way::Writing if !wrote => "--write determines it",
                    Way::Reading if !wrote => {
                        "the organization has nothing that shows it; --write may determine it"
                    }
                    Way::Reading | Way::Writing => "the calls that would show it could not be made",
                };
                open.push(Open {
                    switch,
                    why: why.to_owned(),
                });
            }
        }
    }
    (settled, unfit, open)
}

fn facts(live: &Survey, simulated: &Survey) -> Vec<Told> {
    let known = switches();
    let told = |value: &Result<String, String>| match value {
        Ok(text) | Err(text) => text.clone(),
    };
    live.facts
        .iter()
        .filter(|(name, _)| !known.contains_key(**name))
        .map(|(name, fact)| Told {
            fact: (*name).to_owned(),
            live: told(&fact.value),
            simulated: simulated.facts.get(name).map(|fact| told(&fact.value)),
            how: fact.how.clone(),
        })
        .collect()
}

fn unasked(live: &Survey) -> Vec<Unasked> {
    live.gaps
        .iter()
        .map(|gap| Unasked {
            call: gap.call.clone(),
            why: gap.why.clone(),
            permission: gap.permission.map(str::to_owned),
        })
        .collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Live check of {}", self.host)?;
        match &self.made {
            Some(name) => writeln!(
                f,
                "  {} calls; what was created is named {name}",
                self.calls
            )?,
            None => writeln!(f, "  {} calls; nothing was changed", self.calls)?,
        }
        self.switches(f)?;
        section(f, "Facts without a switch", &self.facts, |fact| {
            let beside = match &fact.simulated {
                Some(_) if fact.fact == MEASURED => "configurable in the simulator".to_owned(),
                Some(simulated) if *simulated == fact.live => "same as the simulator".to_owned(),
                Some(simulated) => format!("the simulator: {}", shown(simulated)),
                None => "the simulator was not called for it".to_owned(),
            };
            format!("{}: {}  [{beside}]", fact.fact, shown(&fact.live))
        })?;
        section(
            f,
            "Differences that no switch explains",
            &self.differences,
            Difference::to_string,
        )?;
        section(f, "Nothing to observe", &self.absent, Clone::clone)?;
        self.troubles(f)?;
        self.verdict(f)
    }
}

impl Report {
    fn switches(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        section(f, "Settled", &self.settled, |settled| {
            let beside = if settled.value == settled.assumed {
                "as assumed".to_owned()
            } else {
                format!("assumed: {}", settled.assumed)
            };
            let point = format!("settles: {} = {}", settled.switch, settled.value);
            format!("{point:<50} [{beside}]  {}", settled.how)
        })?;
        self.explanations(f)?;
        let line = |open: &Open| format!("{}: {}", open.switch, open.why);
        section(f, "No value of the switch fits", &self.unfit, line)?;
        section(f, "Still open", &self.open, line)
    }

    fn explanations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.explained.is_empty() {
            return Ok(());
        }
        let count = self.explained.len();
        writeln!(
            f,
            "  With these values the simulator responds as the organization does, which explains \
             {count} differences:"
        )?;
        self.explained.iter().try_for_each(|found| {
            let by = found.switch.as_deref().unwrap_or("all of them together");
            writeln!(f, "    {found}  [explained by {by}]")
        })
    }

    fn troubles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        section(
            f,
            "Calls that could not be made",
            &self.unasked,
            |unasked| {
                let mut line = format!("{}: {}", unasked.call, unasked.why);
                if let Some(permission) = &unasked.permission {
                    line.push_str(&format!(": {permission}"));
                }
                line
            },
        )?;
        let missing: BTreeSet<&str> = self
            .unasked
            .iter()
            .filter_map(|unasked| unasked.permission.as_deref())
            .collect();
        if !missing.is_empty() {
            let list: Vec<&str> = missing.into_iter().collect();
            writeln!(
                f,
                "  Give the OAuth client a role that has {}, and run it again.",
                list.join(", ")
            )?;
        }
        section(
            f,
            "Problems of the simulator; please report them",
            &self.simulator_problems,
            Clone::clone,
        )?;
        section(
            f,
            "NOT REMOVED, or not certainly: remove manually",
            &self.left,
            |left| {
                let id = left.id.as_deref().unwrap_or("(id unknown)");
                format!(
                    "{} {id} named {}: {}\n      {}",
                    left.kind, left.name, left.remove_with, left.why
                )
            },
        )
    }

    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = match (&self.made, self.left.len()) {
            (None, _) => "",
            (Some(_), 0) => " Everything that was created has been removed.",
            (Some(_), _) => " Not everything that was created has certainly been removed.",
        };
        let end = match (self.interrupted, self.unasked.len()) {
            (true, _) => "Interrupted.".to_owned(),
            (false, 0) => "All calls could be made.".to_owned(),
            (false, count) => format!("{count} calls could not be made."),
        };
        let trouble = if self.simulator_problems.is_empty() {
            ""
        } else {
            " The simulator had problems."
        };
        write!(
            f,
            "\n{end}{left}{trouble} {} switches settled, {} differences that no switch explains.",
            self.settled.len(),
            self.differences.len()
        )
    }
}

fn section<T>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    lines: &[T],
    line: impl Fn(&T) -> String,
) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    lines
        .iter()
        .try_for_each(|entry| writeln!(f, "  {}", line(entry)))
}

/// An empty text would look like a mistake.
fn shown(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}
