//! Plays Secrets Manager: rotates a secret with the deployed function.
//!
//! The local AWS answers RotateSecret, but copies the value and calls nobody, so a rotation is
//! played here as the Secrets Manager user guide tells it ("Rotation by Lambda function", "Lambda
//! rotation functions"): a new version without a value under AWSPENDING, four steps in order, the
//! whole of it again where a step fails, and no new rotation while AWSPENDING is on a version that
//! is not in force.

use std::time::Duration;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::RotationRulesType;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use crate::aws::Aws;
use crate::endpoints::AwsEndpoints;
use crate::error::Error;
use crate::stack::{ROTATION_FUNCTION, Stack};
use crate::verbs::invoke;

/// The function that rotates.
const FUNCTION: &str = "rotate-client";
const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// How often a rotation is gone through before it is given up; Secrets Manager says "multiple
/// times".
const ROUNDS: usize = 6;

/// Between two rounds. Secrets Manager takes longer, and does not say how long.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(1500);

/// The steps of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Step {
    /// A new value, under AWSPENDING.
    #[value(name = "createSecret")]
    Create,
    /// The other side learns the value.
    #[value(name = "setSecret")]
    Set,
    /// The value is tried.
    #[value(name = "testSecret")]
    Test,
    /// AWSCURRENT moves to it.
    #[value(name = "finishSecret")]
    Finish,
}

impl Step {
    /// All, in their order.
    pub const ALL: [Self; 4] = [Self::Create, Self::Set, Self::Test, Self::Finish];

    /// As Secrets Manager writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "createSecret",
            Self::Set => "setSecret",
            Self::Test => "testSecret",
            Self::Finish => "finishSecret",
        }
    }
}

/// How to rotate.
#[derive(Debug, Clone, Copy, Default)]
pub struct RotateOptions {
    /// Stop after this step, as if Secrets Manager had forgotten the rest.
    pub stop_after: Option<Step>,
    /// Go through the rotation again that is pending, with its token; or, where it is over, through
    /// the latest.
    pub again: bool,
}

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rotated {
    /// Its token, which is the new version's id.
    pub version_id: String,
    /// Every call of the function, in order.
    pub calls: Vec<StepCall>,
    /// Whether it came to its end, or to where it was to stop.
    pub done: bool,
}

/// One call of the function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepCall {
    /// The step.
    pub step: &'static str,
    /// Whether it ended with an error.
    pub failed: bool,
    /// What it answered.
    pub answer: Value,
}

impl Stack {
    /// Rotates the OAuth client in a secret, as Secrets Manager does.
    ///
    /// # Errors
    /// See [`rotate`].
    pub async fn rotate_client(
        &self,
        secret_arn: &str,
        options: RotateOptions,
    ) -> Result<Rotated, Error> {
        rotate(&self.aws, self.aws_endpoints(), secret_arn, options).await
    }
}

/// Switches rotation on for a secret. The local AWS copies the value to a new version as it does
/// so.
pub(crate) async fn switch_on(aws: &Aws, secret_arn: &str) -> Result<(), Error> {
    let function = format!("arn:aws:lambda:us-east-1:000000000000:function:{ROTATION_FUNCTION}");
    aws.secrets
        .rotate_secret()
        .secret_id(secret_arn)
        .rotation_lambda_arn(function)
        .rotation_rules(
            RotationRulesType::builder()
                .automatically_after_days(30)
                .build(),
        )
        .send()
        .await
        .map_err(|error| Error::aws("RotateSecret", error))?;
    Ok(())
}

/// Rotates the OAuth client in a secret. Where a step fails the whole rotation is gone through
/// again, some times.
///
/// # Errors
/// Where there is no such secret, where an earlier rotation is not complete, or where AWS can't be
/// asked. A rotation that fails is an answer.
pub async fn rotate(
    aws: &Aws,
    endpoints: &AwsEndpoints,
    secret_arn: &str,
    options: RotateOptions,
) -> Result<Rotated, Error> {
    let version_id = if options.again {
        latest(aws, secret_arn).await?
    } else {
        begin(aws, secret_arn).await?
    };
    let mut rotated = Rotated {
        version_id,
        calls: Vec::new(),
        done: false,
    };
    for round in 0..ROUNDS {
        if round > 0 {
            sleep(BETWEEN_ROUNDS).await;
        }
        if go_through(aws, endpoints, secret_arn, options, &mut rotated).await? {
            rotated.done = true;
            break;
        }
    }
    Ok(rotated)
}

/// One round; whether it came to its end.
async fn go_through(
    aws: &Aws,
    endpoints: &AwsEndpoints,
    secret_arn: &str,
    options: RotateOptions,
    rotated: &mut Rotated,
) -> Result<bool, Error> {
    for step in Step::ALL {
        let made = call(aws, endpoints, secret_arn, &rotated.version_id, step).await?;
        let failed = made.failed;
        rotated.calls.push(made);
        if failed {
            return Ok(false);
        }
        if options.stop_after == Some(step) {
            return Ok(true);
        }
    }
    tidy(aws, secret_arn).await?;
    Ok(true)
}

async fn call(
    aws: &Aws,
    endpoints: &AwsEndpoints,
    secret_arn: &str,
    token: &str,
    step: Step,
) -> Result<StepCall, Error> {
    let event = json!({
        "SecretId": secret_arn,
        "ClientRequestToken": token,
        "Step": step.name(),
        "RotationToken": Uuid::new_v4().to_string(),
    });
    let answer = invoke(aws, endpoints, FUNCTION, &event).await?;
    Ok(StepCall {
        step: step.name(),
        failed: answer.failed,
        answer: answer.payload,
    })
}

/// Makes the new version: under AWSPENDING, without a value.
async fn begin(aws: &Aws, secret_arn: &str) -> Result<String, Error> {
    let mut described = describe(aws, secret_arn).await?;
    if !described.rotation_enabled().unwrap_or_default() {
        switch_on(aws, secret_arn).await?;
        described = describe(aws, secret_arn).await?;
    }
    let (current, pending) = (holder(&described, CURRENT), holder(&described, PENDING));
    if pending.is_some() && pending != current {
        return Err(Error::new(
            "a previous rotation is not complete: AWSPENDING is on a version that is not current",
        )
        .fix("repeat it with --again, or remove the label from the version"));
    }
    tidy(aws, secret_arn).await?;
    let token = Uuid::new_v4().to_string();
    aws.secrets
        .put_secret_value()
        .secret_id(secret_arn)
        .client_request_token(&token)
        .version_stages(PENDING)
        .send()
        .await
        .map_err(|error| Error::aws("PutSecretValue", error))?;
    Ok(token)
}

/// AWS takes AWSPENDING off the version as AWSCURRENT moves to it; the local one does not.
async fn tidy(aws: &Aws, secret_arn: &str) -> Result<(), Error> {
    let described = describe(aws, secret_arn).await?;
    let pending = holder(&described, PENDING);
    let Some(version_id) =
        pending.filter(|_| holder(&described, CURRENT) == holder(&described, PENDING))
    else {
        return Ok(());
    };
    aws.secrets
        .update_secret_version_stage()
        .secret_id(secret_arn)
        .version_stage(PENDING)
        .remove_from_version_id(version_id)
        .send()
        .await
        .map_err(|error| Error::aws("UpdateSecretVersionStage", error))?;
    Ok(())
}

async fn latest(aws: &Aws, secret_arn: &str) -> Result<String, Error> {
    let described = describe(aws, secret_arn).await?;
    holder(&described, PENDING)
        .or_else(|| holder(&described, CURRENT))
        .ok_or_else(|| Error::new(format!("{secret_arn} has no version")))
}

async fn describe(aws: &Aws, secret_arn: &str) -> Result<DescribeSecretOutput, Error> {
    aws.secrets
        .describe_secret()
        .secret_id(secret_arn)
        .send()
        .await
        .map_err(|error| Error::aws("DescribeSecret", error))
}

fn holder(described: &DescribeSecretOutput, label: &str) -> Option<String> {
    let versions = described.version_ids_to_stages()?;
    let carries = |labels: &Vec<String>| labels.iter().any(|one| one == label);
    let mut found = versions.iter().filter(|(_, labels)| carries(labels));
    found.next().map(|(version, _)| version.clone())
}
