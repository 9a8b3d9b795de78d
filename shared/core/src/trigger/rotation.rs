//! What `rotate-client` is asked for.

use aws_lambda_events::event::secretsmanager::SecretsManagerSecretRotationEvent;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::VersionId;
use lockstep_domain::problem::Problem;
use lockstep_domain::request;
use lockstep_domain::rotation::{RepairRequest, RotationStep};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::event_bridge::Event;
use super::{Parsed, Trigger};

/// What `rotate-client` is asked to do.
#[derive(Clone, Debug)]
pub enum RotationIntent {
    /// A step of a rotation.
    Step(StepRequest),
    /// Finishing what rotations did not finish.
    Repair(RepairRequest),
}

/// A step, as Secrets Manager asks for it (user guide, "Rotation by Lambda function").
#[derive(Clone, Debug)]
pub struct StepRequest {
    /// The secret.
    pub secret: SecretArn,
    /// The token, which becomes the new version's id.
    pub token: VersionId,
    /// The step.
    pub step: RotationStep,
    /// What proves to Secrets Manager that a write belongs to the rotation. It opens something, so
    /// it is kept out of logs.
    pub rotation_token: Option<SecretString>,
}

const SHAPE: &str = "Send what Secrets Manager sends: SecretId (the full ARN), ClientRequestToken, \
                     and Step, one of createSecret, setSecret, testSecret, finishSecret.";

/// Parses what woke `rotate-client`.
///
/// # Errors
/// Every mistake in it. No value of a step is quoted: one of them opens something.
pub fn rotation(body: &Value) -> Parsed<RotationIntent> {
    if let Some(event) = Event::of(body)? {
        return Ok(event.unexpected());
    }
    let intent = if body.get("repair").is_some() {
        RotationIntent::Repair(repair(body)?)
    } else {
        RotationIntent::Step(step(body).map_err(|problem| vec![problem])?)
    };
    Ok(Trigger::Wanted(intent))
}

fn repair(body: &Value) -> Result<RepairRequest, Vec<Problem>> {
    let repair: RepairRequest = request::parse(body)?;
    if repair.repair {
        return Ok(repair);
    }
    let fix = "Write true, or do not send the event.";
    Err(vec![Problem::new("event.repair", "is false", fix)])
}

fn step(body: &Value) -> Result<StepRequest, Problem> {
    // The message of serde would quote what it can't read.
    let event = SecretsManagerSecretRotationEvent::deserialize(body)
        .map_err(|_| Problem::new("event", "is not a step of a rotation", SHAPE))?;
    let wrong =
        |member: &str, problem: &str| Problem::new(format!("event.{member}"), problem, SHAPE);
    let secret: Result<SecretArn, _> = event.secret_id.parse();
    let token: Result<VersionId, _> = event.client_request_token.parse();
    let step: Result<RotationStep, _> = serde_json::from_value(Value::String(event.step));
    Ok(StepRequest {
        secret: secret.map_err(|_| wrong("SecretId", "is not the full ARN of a secret"))?,
        token: token.map_err(|error| wrong("ClientRequestToken", &error.to_string()))?,
        step: step.map_err(|_| wrong("Step", "is not a step of a rotation"))?,
        rotation_token: rotation_token(body)?,
    })
}

/// The type of `aws_lambda_events` 1.2.1 has no member for it.
fn rotation_token(body: &Value) -> Result<Option<SecretString>, Problem> {
    match body.get("RotationToken") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(token)) => Ok(Some(token.clone().into())),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Err(
            Problem::new("event.RotationToken", "is not a string", SHAPE),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/x-AbCdEf";

    fn body() -> Value {
        json!({
            "SecretId": SECRET, "ClientRequestToken": "terraform.2026-01-01T00:00:00Z:0f1e-2", "Step": "createSecret",
            "RotationToken": "s3cr3t", "Later": 1,
        })
    }

    #[test]
    fn a_step_keeps_its_rotation_token_and_does_not_show_it() {
        let Ok(Trigger::Wanted(RotationIntent::Step(step))) = rotation(&body()) else {
            panic!("not a step");
        };
        assert_eq!(step.secret.to_string(), SECRET);
        assert_eq!(step.step, RotationStep::Create);
        let token = step
            .rotation_token
            .as_ref()
            .map(ExposeSecret::expose_secret);
        assert_eq!(token, Some("s3cr3t"));
        assert!(!format!("{step:?}").contains("s3cr3t"), "{step:?}");
    }

    #[test]
    fn a_step_without_a_rotation_token_is_one() {
        let mut step = body();
        step["RotationToken"] = json!(null);
        assert!(rotation(&step).is_ok());
        step.as_object_mut().unwrap().remove("RotationToken");
        assert!(rotation(&step).is_ok());
    }

    #[test]
    fn what_is_no_step_is_refused_and_not_quoted() {
        for (member, value) in [
            ("SecretId", json!("genesys/s3cr3t")),
            ("SecretId", json!("")),
            ("SecretId", json!(null)),
            ("Step", json!("s3cr3t")),
            ("Step", json!("")),
            ("ClientRequestToken", json!("s3cr3t token")),
            ("ClientRequestToken", json!("s3cr3t-0f1e-2")),
            ("ClientRequestToken", json!("")),
            (
                "ClientRequestToken",
                json!("s3cr3t${7a1f0c52-9d0b-4f8e-8f54-2f1b6b1c}"),
            ),
            ("ClientRequestToken", json!(null)),
            ("RotationToken", json!(["s3cr3t"])),
        ] {
            let mut body = body();
            body[member] = value;
            let problems = rotation(&body).unwrap_err();
            assert!(!format!("{problems:?}").contains("s3cr3t"), "{problems:?}");
        }
    }

    #[test]
    fn healing_is_asked_for_with_its_mode() {
        let repair = json!({"repair": true, "mode": "plan"});
        assert!(matches!(
            rotation(&repair),
            Ok(Trigger::Wanted(RotationIntent::Repair(_)))
        ));
        for wrong in [
            json!({"repair": true}),
            json!({"repair": false, "mode": "plan"}),
            json!({"repair": true, "mode": "plan", "force": true}),
        ] {
            assert!(rotation(&wrong).is_err(), "{wrong}");
        }
    }
}
