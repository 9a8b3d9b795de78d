//! Secrets Manager at work on a client's secret, as a story asks it to be.

use std::time::Duration;

use aws_sdk_secretsmanager::types::RotationRulesType;
use aws_simulator::RotationJob;
use lockstep_domain::ids::Key;
use serde_json::{Value, json};

use super::in_memory::InMemory;
use super::rotation::value;
use super::translate::answer;
use super::{Error, Stage as _};
use crate::driver::{Rotations, Step};
use crate::functions::{Ended, Name};

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// Longer than Secrets Manager works on a rotation.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// After so long whoever was left can take its next turn.
const DAYS: Duration = Duration::from_secs(10 * 24 * 3600);

/// How to rotate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RotateOptions {
    /// Stop after this step, as if Secrets Manager had forgotten the rest.
    pub stop_after: Option<Step>,
    /// Go through the rotation again that is pending, or, where it is over, through the latest.
    pub again: bool,
    /// Go through the steps once only, whatever fails.
    pub once: bool,
}

impl RotateOptions {
    fn rotations(self) -> Rotations {
        let usual = Rotations::default();
        Rotations {
            tries: if self.once { 1 } else { usual.tries },
            last: self.stop_after.unwrap_or(usual.last),
        }
    }
}

/// What became of a rotation.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotated {
    /// Its token, which is the new version's id.
    pub version_id: String,
    /// Every call of the function, in order.
    pub calls: Vec<StepAnswer>,
    /// Whether it came to its end, or to where it was to stop.
    pub done: bool,
}

/// One call of the function.
#[derive(Clone, Debug, PartialEq)]
pub struct StepAnswer {
    /// The step.
    pub step: Step,
    /// Whether it ended with an error.
    pub failed: bool,
    /// What it answered.
    pub answer: Value,
}

impl Rotated {
    /// What the function said last where it failed; empty where it did not.
    #[must_use]
    pub fn problem(&self) -> &str {
        let last = self.calls.last().filter(|call| call.failed);
        let message = last.and_then(|call| call.answer["errorMessage"].as_str());
        message.unwrap_or_default()
    }
}

impl InMemory {
    /// Has Secrets Manager rotate the OAuth client in a secret, and waits until it is done with it.
    ///
    /// # Errors
    /// Secrets Manager does not begin. A rotation that fails is an answer.
    pub async fn rotate_client(
        &self,
        secret: &str,
        options: RotateOptions,
    ) -> Result<Rotated, Error> {
        let before = self.step_calls().len();
        self.set_rotations(options.rotations());
        let begun = self.asked_to_rotate(secret, options).await;
        let is_over = self.settle(LONGEST).await;
        self.set_rotations(Rotations::default());
        let version_id = begun?;
        if !is_over {
            return Err("it does not come to rest".into());
        }
        let calls = self.step_calls().into_iter().skip(before);
        let calls: Vec<StepAnswer> = calls
            .filter(|call| call.token == version_id)
            .map(|call| answered(call.step, call.ended))
            .collect();
        let last = options.rotations().last;
        let done = calls
            .last()
            .is_some_and(|call| call.step == last && !call.failed);
        Ok(Rotated {
            version_id,
            calls,
            done,
        })
    }

    async fn asked_to_rotate(&self, secret: &str, options: RotateOptions) -> Result<String, Error> {
        if !options.again {
            return self.rotate_secret(secret).await;
        }
        let pending = self.labelled(secret, PENDING).await?;
        let current = self.labelled(secret, CURRENT).await?;
        let token = pending.or(current);
        let token = token.ok_or_else(|| format!("{secret} has no version"))?;
        self.repeat_rotation(RotationJob {
            secret: secret.to_owned(),
            function: self.function(Name::Rotate).arn().to_owned(),
            token: token.clone(),
            at: self.clock.now(),
            trial: false,
        });
        Ok(token)
    }

    /// Asks Secrets Manager for a rotation; answers its token.
    async fn rotate_secret(&self, secret: &str) -> Result<String, Error> {
        let rules = RotationRulesType::builder().automatically_after_days(30);
        let rotate = self.aws.secrets.rotate_secret().secret_id(secret);
        let begun = rotate
            .rotation_lambda_arn(self.function(Name::Rotate).arn())
            .rotation_rules(rules.build())
            .send()
            .await?;
        let token = begun.version_id;
        Ok(token.ok_or("RotateSecret answered no version")?)
    }

    /// Begins a rotation as Secrets Manager does, and calls nobody: answers its token.
    ///
    /// # Errors
    /// Secrets Manager does not begin.
    pub async fn begin_rotation(&self, secret: &str) -> Result<String, Error> {
        self.set_rotations(Rotations {
            tries: 0,
            ..Rotations::default()
        });
        let begun = self.rotate_secret(secret).await;
        self.settle(LONGEST).await;
        self.set_rotations(Rotations::default());
        begun
    }

    /// Calls the rotation function with one step.
    pub async fn rotation_step(&self, secret: &str, token: &str, step: Step) -> StepAnswer {
        let event = step.event(secret, token);
        answered(step, self.simulation.invoke(Name::Rotate, event).await)
    }

    /// Lets so many days pass that the client that was left can take its next turn. Lockstep itself has called the day
    /// before.
    ///
    /// # Errors
    /// The simulator refuses.
    pub async fn days_pass(&self) -> Result<(), Error> {
        self.pass(DAYS).await;
        let own = &self.places().client_secret;
        let own = value(&self.aws.secrets, own, CURRENT).await?;
        self.called_yesterday(own["client_id"].as_str().unwrap_or_default())
    }

    /// Makes what is remembered of a secret's rotations say what it would if the latest run had ended just after the
    /// label moved.
    ///
    /// # Errors
    /// Nothing is remembered, or it can't be written.
    pub async fn forget_that_it_was_emitted(&self, secret: &str) -> Result<(), Error> {
        let key = Key::of_client(&secret.parse()?);
        let object = format!("rotations/{}/{key}.json", self.places().organization);
        let state = self.state_object(&object).await?;
        let mut state = state.ok_or_else(|| format!("there is no {object}"))?;
        state["rotation"]["announced"] = json!(false);
        let put = self.aws.s3.put_object().bucket(&self.places().states);
        let put = put.key(object).body(state.to_string().into_bytes().into());
        put.send().await?;
        Ok(())
    }

    /// The version of a secret that has a label.
    ///
    /// # Errors
    /// The secret can't be described.
    pub async fn labelled(&self, secret: &str, label: &str) -> Result<Option<String>, Error> {
        let describe = self.aws.secrets.describe_secret().secret_id(secret);
        let described = describe.send().await?;
        let versions = described.version_ids_to_stages.unwrap_or_default();
        let has_label = |labels: &Vec<String>| labels.iter().any(|one| one == label);
        let mut found = versions.into_iter().filter(|(_, labels)| has_label(labels));
        Ok(found.next().map(|(version, _)| version))
    }
}

fn answered(step: Step, ended: Ended) -> StepAnswer {
    let answer = answer(ended);
    StepAnswer {
        step,
        failed: answer.failed,
        answer: answer.payload,
    }
}
