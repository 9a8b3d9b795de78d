//! Secrets Manager: the steps of a rotation.

use std::rc::Rc;
use std::time::Duration;

use aws_simulator::RotationJob;
use serde_json::json;

use super::{Driver, Due, Finished};
use crate::functions::Ended;

/// How often Secrets Manager tries a rotation, and the time between (Secrets Manager user guide,
/// "Troubleshoot AWS Secrets Manager rotation": it "retries the entire rotation process multiple
/// times", without figures).
const ROTATION_TRIES: u32 = 4;
const ROTATION_PAUSE: Duration = Duration::from_secs(60);

/// A step of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A new value, under AWSPENDING.
    Create,
    /// The other side learns the value.
    Set,
    /// The value is tried.
    Test,
    /// AWSCURRENT moves to it.
    Finish,
}

impl Step {
    /// All, in their order.
    pub const ALL: [Self; 4] = [Self::Create, Self::Set, Self::Test, Self::Finish];

    /// As Secrets Manager writes it (Secrets Manager user guide, "Lambda rotation functions").
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "createSecret",
            Self::Set => "setSecret",
            Self::Test => "testSecret",
            Self::Finish => "finishSecret",
        }
    }

    /// The event that asks for it.
    #[must_use]
    pub fn event(self, secret: &str, token: &str) -> serde_json::Value {
        json!({"SecretId": secret, "ClientRequestToken": token, "Step": self.name()})
    }
}

/// How far Secrets Manager goes with a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotations {
    /// How often it goes through one whose steps fail; with 0 it calls nobody.
    pub tries: u32,
    /// The step after which it forgets the rest.
    pub last: Step,
}

impl Default for Rotations {
    fn default() -> Self {
        Self {
            tries: ROTATION_TRIES,
            last: Step::Finish,
        }
    }
}

/// A call of a rotation's function.
#[derive(Clone, Debug, PartialEq)]
pub struct StepCall {
    /// The rotation's token.
    pub token: String,
    /// The step.
    pub step: Step,
    /// How the function ended.
    pub ended: Ended,
}

/// A rotation that is under way.
pub(super) struct Rotating {
    job: RotationJob,
    /// Which try, from 1.
    tries: u32,
    rotations: Rotations,
    calls: Vec<StepCall>,
}

impl Driver {
    /// How far Secrets Manager goes with the rotations that begin from now on.
    pub fn set_rotations(&self, rotations: Rotations) {
        self.rotations.set(rotations);
    }

    /// Has Secrets Manager go through a rotation again, from its first step.
    pub fn repeat_rotation(&self, job: RotationJob) {
        self.add(Duration::ZERO, Due::Rotation { job, tries: 1 });
    }

    /// Every call of a rotation's function by Secrets Manager, in order.
    #[must_use]
    pub fn step_calls(&self) -> Vec<StepCall> {
        self.step_calls.borrow().clone()
    }

    pub(super) fn begin_rotation(&self, job: RotationJob) {
        if self.rotations.get().tries > 0 {
            self.add(Duration::from_millis(500), Due::Rotation { job, tries: 1 });
        }
    }

    /// Secrets Manager calls the function four times, and begins again where one call fails.
    pub(super) fn rotate(&self, job: RotationJob, tries: u32) {
        let Some(name) = self.name_of(&job.function) else {
            return;
        };
        let steps: &[Step] = match job.trial {
            true => &[Step::Test],
            false => &Step::ALL,
        };
        let rotations = self.rotations.get();
        let steps = steps.iter().filter(|step| **step <= rotations.last);
        let function = Rc::clone(&self.functions[&name]);
        let steps: Vec<(Step, String)> = steps.map(|step| (*step, self.request_id())).collect();
        self.running.borrow_mut().spawn_local(async move {
            let mut calls = Vec::new();
            let mut ended = Ended::CutOff;
            for (step, request_id) in steps {
                let event = step.event(&job.secret, &job.token);
                ended = Rc::clone(&function).invoke(event, request_id).await;
                calls.push(StepCall {
                    token: job.token.clone(),
                    step,
                    ended: ended.clone(),
                });
                if !matches!(ended, Ended::Returned(_)) {
                    break;
                }
            }
            Finished {
                mapping: None,
                rotation: Some(Rotating {
                    job,
                    tries,
                    rotations,
                    calls,
                }),
                ended,
            }
        });
    }

    pub(super) fn end_rotation(&self, rotating: Rotating, succeeded: bool) {
        let Rotating {
            job,
            tries,
            rotations,
            calls,
        } = rotating;
        self.step_calls.borrow_mut().extend(calls);
        if !succeeded && !job.trial && tries < rotations.tries {
            let tries = tries + 1;
            self.add(ROTATION_PAUSE, Due::Rotation { job, tries });
        } else if !succeeded || rotations.last == Step::Finish {
            self.account.end_rotation(&job, succeeded);
            if let Some(trail) = self.trail.as_ref().filter(|_| succeeded && !job.trial) {
                trail.rotated(&job, self.clock.now());
            }
        }
    }
}
