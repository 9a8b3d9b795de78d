//! A request by hand or by schedule: each binding for itself, and one answer for all.

use lockstep::radius::radius;
use lockstep::reconcile::{Ask, Report, Target};
use lockstep::response::{Answer, Refused, Response};
use lockstep::runtime::{Call, Context, Failure};
use lockstep::selection::{Named, Selected, select};
use lockstep::services::Rebind;
use lockstep::store::Manifests;
use lockstep::trigger;
use lockstep_domain::event::PlanRefused;
use lockstep_domain::intent::Look;
use lockstep_domain::manifest::Mode;
use lockstep_domain::problem::Problem;
use lockstep_domain::request::Request;

use crate::bound;

/// Binds what a request means. What one organization or binding fails at does not keep the others;
/// the answer has the result of each.
pub(crate) async fn asked(
    world: &Rebind,
    manifests: &Manifests,
    request: &Request,
    call: &Call,
    context: &Context,
) -> Result<Answer, Failure> {
    let trigger_id = call.trigger_id(context);
    let named = Named {
        organization: request.organization.as_ref(),
        keys: request.keys.as_deref(),
        secret: request.secret.as_ref(),
        by_hand: true,
    };
    let selected = match select(manifests, named) {
        Ok(selected) => selected,
        Err(problems) => return Ok(trigger::refuse(world, problems, call, context).await?),
    };
    let mut came = Came::default();
    let mut allowed = Vec::new();
    for chosen in selected {
        let radius = radius(
            world,
            chosen.manifest,
            &chosen.actions,
            &chosen.credential_sets,
        )
        .await;
        let organization = &chosen.manifest.organization.id;
        match radius.check_request() {
            Ok(Ok(())) => allowed.push(chosen),
            Ok(Err(problem)) => {
                let problems = vec![problem.clone()];
                world
                    .refuse(
                        PlanRefused::of,
                        Some(organization.clone()),
                        problems,
                        trigger_id,
                    )
                    .await?;
                came.refused.push(problem);
            }
            Err(failure) => came.failed(&format!("organization {organization}"), failure),
        }
    }
    let ask = Ask {
        mode: request.mode,
        retry: request.retry,
        look: Look::Full,
        reason: request.reason.clone(),
        trigger_id: trigger_id.to_owned(),
        run_id: context.request_id.clone(),
        deadline: context.deadline,
    };
    let count = |one: &Selected<'_>| one.actions.len() + one.credential_sets.len();
    let alone = allowed.iter().map(count).sum::<usize>() == 1;
    let mut mode = request.mode;
    // One after the other: side by side, two actions of an integration that has to be created would
    // find its lease taken, and nobody delivers a call by hand again.
    for chosen in &allowed {
        mode = mode.stricter(chosen.manifest.organization.mode);
        for action in &chosen.actions {
            let bound = bound(world, chosen.manifest, Target::Action(action), &ask).await;
            came.add(action.key.as_str(), bound, alone);
        }
        for set in &chosen.credential_sets {
            let target = Target::CredentialSet(set);
            let moved = bound(world, chosen.manifest, target, &ask).await;
            came.add(set.first_key().as_str(), moved, alone);
        }
    }
    came.answer(mode, call.delivery().is_some())
}

/// What came of everything that was asked for.
#[derive(Debug, Default)]
struct Came {
    reported: usize,
    all: Report,
    /// Why organizations were refused.
    refused: Vec<Problem>,
    /// What single organizations and bindings failed at.
    failures: Vec<(String, Failure)>,
}

impl Came {
    /// Adds what came of one binding; the change is named where there is only one.
    fn add(&mut self, key: &str, came: Result<Report, Failure>, alone: bool) {
        let report = match came {
            Ok(report) => report,
            Err(failure) => return self.failed(key, failure),
        };
        self.reported += 1;
        self.all.change_id = report.change_id.filter(|_| alone);
        self.all.steps.extend(report.steps);
        let notices = report.notices.into_iter();
        let notices = notices.map(|notice| format!("{key}: {notice}"));
        self.all.notices.extend(notices);
    }

    fn failed(&mut self, what: &str, failure: Failure) {
        self.failures.push((what.to_owned(), failure));
    }

    /// The answer; a failure is one of the notices, so that the report of what was done is not
    /// lost.
    ///
    /// # Errors
    /// The first failure, where it is all that there is to report, and for a message of a queue: a
    /// redelivery can help, and finds done what is done.
    fn answer(self, mode: Mode, from_queue: bool) -> Result<Answer, Failure> {
        let Self {
            reported,
            all,
            refused,
            failures,
        } = self;
        let nothing_else = reported == 0 && refused.is_empty();
        if (from_queue || nothing_else)
            && let Some((_, failure)) = failures.first()
        {
            return Err(failure.clone());
        }
        if reported == 0 && !refused.is_empty() && failures.is_empty() {
            return Ok(Refused::new(refused).into());
        }
        let failed = failures.iter();
        let failed = failed.map(|(what, failure)| format!("{what} failed: {failure}"));
        let refused = refused.iter().map(ToString::to_string);
        let notices = refused.chain(failed).chain(all.notices).collect();
        Ok(Response::new(mode, all.change_id, all.steps, notices).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(notice: &str) -> Result<Report, Failure> {
        Ok(Report {
            notices: vec![notice.to_owned()],
            ..Report::default()
        })
    }

    fn busy() -> Failure {
        Failure::retry("transient", "no answer")
    }

    fn notices(answer: Answer) -> Vec<String> {
        let Answer::Response(response) = answer else {
            panic!("no response: {answer:?}");
        };
        response.notices
    }

    #[test]
    fn what_one_binding_fails_at_does_not_lose_the_report_of_the_others() {
        let mut came = Came::default();
        came.failed("organization org-2", busy());
        came.add("orders", Err(busy()), false);
        came.add("customers", bound("nothing to do"), false);
        assert_eq!(
            notices(came.answer(Mode::Apply, false).unwrap()),
            [
                "organization org-2 failed: no answer",
                "orders failed: no answer",
                "customers: nothing to do"
            ]
        );
    }

    #[test]
    fn a_failure_that_is_all_there_is_stays_an_error() {
        let mut came = Came::default();
        came.add("orders", Err(busy()), true);
        assert_eq!(came.answer(Mode::Apply, false), Err(busy()));
    }

    #[test]
    fn a_message_of_a_queue_with_a_failure_comes_back() {
        let mut came = Came::default();
        came.add("customers", bound("nothing to do"), false);
        came.add("orders", Err(busy()), false);
        assert_eq!(came.answer(Mode::Apply, true), Err(busy()));
    }

    #[test]
    fn a_refused_organization_is_named_beside_one_that_failed() {
        let problem = || Problem::new("organization.max_changes", "too many", "Name fewer.");
        let mut came = Came::default();
        came.refused.push(problem());
        assert!(came.answer(Mode::Apply, false).unwrap().is_refused());
        let mut came = Came::default();
        came.refused.push(problem());
        came.failed("organization org-2", busy());
        let notices = notices(came.answer(Mode::Apply, false).unwrap());
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert!(notices[0].contains("too many"), "{notices:?}");
    }
}
