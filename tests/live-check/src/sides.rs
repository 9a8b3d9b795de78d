//! The simulator's side of the comparison: as it is assumed, with the settled values, and with each
//! of them alone.

use crate::compare::explained;
use crate::panics::unless_it_panics;
use crate::report::changed;
use crate::simulated::Simulated;
use crate::survey::Survey;

/// What the simulator answered, by its switches.
#[derive(Debug)]
pub(crate) struct Sides {
    pub(crate) assumed: Survey,
    /// With all values that the organization settled.
    pub(crate) tuned: Survey,
    /// With one of them alone, by its switch.
    pub(crate) alone: Vec<(String, Survey)>,
    /// What went wrong with the simulator.
    pub(crate) problems: Vec<String>,
}

/// Asks a simulator with these switches. Its panic is an error.
pub(crate) async fn ask<F>(
    simulator: &impl Fn(Vec<(String, String)>) -> F,
    switches: Vec<(String, String)>,
) -> Result<Simulated, String>
where
    F: Future<Output = Result<Simulated, String>>,
{
    unless_it_panics(simulator(switches)).await?
}

impl Sides {
    /// Asks the simulator again, with what the organization settled. Where that fails, the first
    /// answers have to do: the report is never lost.
    pub(crate) async fn again<F>(
        simulator: &impl Fn(Vec<(String, String)>) -> F,
        assumed: Simulated,
        live: &Survey,
    ) -> Self
    where
        F: Future<Output = Result<Simulated, String>>,
    {
        let mut sides = Self {
            tuned: assumed.survey.clone(),
            alone: Vec::new(),
            problems: Vec::new(),
            assumed: assumed.survey,
        };
        sides.violated(assumed.violations);
        let changed = changed(live);
        if changed.is_empty() {
            return sides;
        }
        let why = "the simulator could not be called with the settled values, so the differences \
                   include what these values explain";
        if let Some(tuned) = sides.asked(simulator, changed.clone(), why).await {
            sides.tuned = tuned;
            sides.each_alone(simulator, changed, live).await;
        }
        sides
    }

    async fn each_alone<F>(
        &mut self,
        simulator: &impl Fn(Vec<(String, String)>) -> F,
        changed: Vec<(String, String)>,
        live: &Survey,
    ) where
        F: Future<Output = Result<Simulated, String>>,
    {
        if let [(switch, _)] = changed.as_slice() {
            self.alone.push((switch.clone(), self.tuned.clone()));
            return;
        }
        if explained(live, &self.assumed, &self.tuned, &[]).is_empty() {
            return;
        }
        for (switch, value) in changed {
            let why = format!(
                "the simulator could not be called with {switch} alone, so what this switch \
                 explains is listed as explained by all of them together"
            );
            let one = vec![(switch.clone(), value)];
            if let Some(survey) = self.asked(simulator, one, &why).await {
                self.alone.push((switch, survey));
            }
        }
    }

    async fn asked<F>(
        &mut self,
        simulator: &impl Fn(Vec<(String, String)>) -> F,
        switches: Vec<(String, String)>,
        without: &str,
    ) -> Option<Survey>
    where
        F: Future<Output = Result<Simulated, String>>,
    {
        match ask(simulator, switches).await {
            Ok(Simulated { survey, violations }) => {
                self.violated(violations);
                Some(survey)
            }
            Err(error) => {
                self.problems.push(format!("{without}: {error}"));
                None
            }
        }
    }

    fn violated(&mut self, violations: Vec<String>) {
        for violation in violations {
            let problem = format!("the contract was violated: {violation}");
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}
