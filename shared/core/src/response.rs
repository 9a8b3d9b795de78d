//! What a function answers.

use lockstep_domain::change::ChangeId;
use lockstep_domain::manifest::Mode;
use lockstep_domain::plan::{self, Step};
use lockstep_domain::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The plan and, in mode `apply`, the outcome of its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Whether the plan was carried out.
    pub mode: Mode,
    /// The change, where the answer is about exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeId>,
    /// The plan, with outcomes where it was carried out.
    pub steps: Vec<Step>,
    /// What a reader should know, reasons for not acting included.
    pub notices: Vec<String>,
    /// The plan as a reviewer wants to read it.
    pub text: String,
}

impl Response {
    /// An answer; its text is made from steps and notices.
    #[must_use]
    pub fn new(
        mode: Mode,
        change_id: Option<ChangeId>,
        steps: Vec<Step>,
        notices: Vec<String>,
    ) -> Self {
        let text = plan::text(&steps, &notices);
        Self {
            mode,
            change_id,
            steps,
            notices,
            text,
        }
    }
}

/// A manifest, an event or a plan that was refused. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Always true; distinguishes a refusal from a response.
    pub refused: bool,
    /// Everything that is wrong, at once.
    pub errors: Vec<Problem>,
}

impl Refused {
    /// A refusal for these reasons.
    #[must_use]
    pub fn new(errors: Vec<Problem>) -> Self {
        Self {
            refused: true,
            errors,
        }
    }
}

/// Any answer of a function.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Planned or done.
    Response(Response),
    /// Refused.
    Refused(Refused),
    /// A report of another shape: a sweep's, or verdicts.
    Report(Value),
}

impl Answer {
    /// An answer of nothing done, with the reason.
    #[must_use]
    pub fn nothing(mode: Mode, because: impl Into<String>) -> Self {
        Self::Response(Response::new(mode, None, Vec::new(), vec![because.into()]))
    }

    /// A report.
    ///
    /// # Errors
    /// The report is not JSON, which no report of ours is.
    pub fn report<T: Serialize>(report: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_value(report).map(Self::Report)
    }

    /// Whether nothing was done because something is wrong with what was asked.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Response(_) | Self::Report(_) => false,
        }
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_reads_as_documented() {
        let problem = Problem::new("event.mode", "is missing", "Say apply or plan.");
        let answer = Answer::from(Refused::new(vec![problem]));
        assert_eq!(
            serde_json::to_value(answer).unwrap(),
            json!({"refused": true, "errors": [
                {"at": "event.mode", "problem": "is missing", "fix": "Say apply or plan."}
            ]})
        );
    }

    #[test]
    fn a_response_carries_its_plan_as_text() {
        let answer = Answer::nothing(Mode::Plan, "no binding uses the secret");
        let value = serde_json::to_value(answer).unwrap();
        assert_eq!(value["mode"], "plan");
        assert_eq!(value["steps"], json!([]));
        assert_eq!(value.get("change_id"), None);
        let text = value["text"].as_str().unwrap();
        assert!(text.contains("note: no binding uses the secret"), "{text}");
    }
}
