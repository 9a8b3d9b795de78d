//! What `rotate-client` is called with.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::{InvalidVersionId, VersionId};
use lockstep_domain::problem::Problem;
use lockstep_domain::request;
use lockstep_domain::rotation::{HealRequest, RotationStep};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

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

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Call {
    /// A step of a rotation.
    Step(StepRequest),
    /// Finishing what rotations left.
    Heal(HealRequest),
}

/// AWS may add members; they are let be.
#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "SecretId")]
    secret: SecretArn,
    #[serde(rename = "ClientRequestToken")]
    token: String,
    #[serde(rename = "Step")]
    step: RotationStep,
    #[serde(rename = "RotationToken")]
    rotation_token: Option<SecretString>,
}

/// Reads a call.
///
/// # Errors
/// What is wrong with it.
pub fn request(body: &Value) -> Result<Call, Vec<Problem>> {
    if body.get("heal").is_some() {
        let heal: HealRequest = request::parse(body)?;
        if heal.heal {
            return Ok(Call::Heal(heal));
        }
        let fix = "Write true, or leave the call out.";
        return Err(vec![Problem::new("event.heal", "is false", fix)]);
    }
    let problem = |problem: String| {
        let fix = "Send what Secrets Manager sends: SecretId (the full ARN), ClientRequestToken, and \
                   Step, one of createSecret, setSecret, testSecret, finishSecret.";
        vec![Problem::new("event", problem, fix)]
    };
    let Wire {
        secret,
        token,
        step,
        rotation_token,
    } = Wire::deserialize(body).map_err(|_| {
        // serde would quote what it stumbles over.
        problem("is not a step of a rotation".to_owned())
    })?;
    let token = token.parse().map_err(|wrong: InvalidVersionId| {
        problem(format!("has a ClientRequestToken that {wrong}"))
    })?;
    Ok(Call::Step(StepRequest {
        secret,
        token,
        step,
        rotation_token,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/x-AbCdEf";

    fn step() -> Value {
        json!({
            "SecretId": SECRET, "ClientRequestToken": "terraform.2026-01-01T00:00:00Z:0f1e-2", "Step": "createSecret",
            "RotationToken": "s3cr3t", "Later": 1,
        })
    }

    #[test]
    fn a_step_is_read_and_its_rotation_token_is_not_shown() {
        let Ok(Call::Step(read)) = request(&step()) else {
            panic!("not a step");
        };
        assert_eq!(read.secret.to_string(), SECRET);
        assert_eq!(read.step, RotationStep::Create);
        assert!(read.rotation_token.is_some());
        assert!(!format!("{read:?}").contains("s3cr3t"), "{read:?}");
    }

    #[test]
    fn what_is_no_step_is_refused_and_not_quoted() {
        for (member, value) in [
            ("SecretId", json!("genesys/s3cr3t")),
            ("Step", json!("s3cr3t")),
            ("ClientRequestToken", json!("s3cr3t token")),
            ("ClientRequestToken", json!("s3cr3t-0f1e-2")),
            (
                "ClientRequestToken",
                json!("s3cr3t${7a1f0c52-9d0b-4f8e-8f54-2f1b6b1c}"),
            ),
            ("ClientRequestToken", json!(null)),
        ] {
            let mut body = step();
            body[member] = value;
            let problems = request(&body).unwrap_err();
            assert!(!format!("{problems:?}").contains("s3cr3t"), "{problems:?}");
        }
    }

    #[test]
    fn every_event_file_asks_for_what_its_name_says() {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/rotate-client");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let body = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let asked = match request(&body).unwrap() {
                Call::Step(step) => step.step.as_str().replace("Secret", "-secret"),
                Call::Heal(_) => "heal".to_owned(),
            };
            assert!(name.starts_with(&asked), "{name} asks for {asked}");
            seen += 1;
        }
        assert!(seen >= 5, "{seen}");
    }

    #[test]
    fn healing_is_asked_for_with_its_mode() {
        let heal = json!({"heal": true, "mode": "plan"});
        assert!(matches!(request(&heal), Ok(Call::Heal(_))));
        for wrong in [
            json!({"heal": true}),
            json!({"heal": false, "mode": "plan"}),
            json!({"heal": true, "mode": "plan", "force": true}),
        ] {
            assert!(request(&wrong).is_err(), "{wrong}");
        }
    }
}
