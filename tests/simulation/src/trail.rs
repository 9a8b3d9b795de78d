//! A trail of the account's management events: CloudTrail reports each call that changes a secret, and each
//! rotation that ended, in the shapes of `events/provision-role/cloudtrail-*.json`.

use std::sync::Mutex;

use aws_simulator::{Call, Request, Response, RotationJob, Service};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The shapes, by what they report. Calls that only read are not among them: a rule does not match these
/// unless it asks for all management events (EventBridge user guide, "Receiving read-only management events
/// from AWS services").
const SHAPES: [(&str, &str); 6] = [
    (
        "PutSecretValue",
        include_str!("../../../events/provision-role/cloudtrail-put-secret-value.json"),
    ),
    (
        "UpdateSecretVersionStage",
        include_str!("../../../events/provision-role/cloudtrail-update-secret-version-stage.json"),
    ),
    (
        "RotateSecret",
        include_str!("../../../events/provision-role/cloudtrail-rotate-secret.json"),
    ),
    (
        "DeleteSecret",
        include_str!("../../../events/provision-role/cloudtrail-delete-secret.json"),
    ),
    (
        "RestoreSecret",
        include_str!("../../../events/provision-role/cloudtrail-restore-secret.json"),
    ),
    (
        ROTATION_SUCCEEDED,
        include_str!("../../../events/provision-role/cloudtrail-rotation-succeeded.json"),
    ),
];

const ROTATION_SUCCEEDED: &str = "RotationSucceeded";

/// What the trail reports, until EventBridge takes it.
#[derive(Debug, Default)]
pub(crate) struct Trail(Mutex<Vec<Value>>);

impl Trail {
    /// A request was answered.
    pub(crate) fn called(&self, call: &Call, request: &Request, response: &Response) {
        if call.service != Service::SecretsManager {
            return;
        }
        let Some(mut event) = shape(&call.operation) else {
            return;
        };
        let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let answered: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        at(&mut event, call.at, &call.request_id);
        let detail = &mut event["detail"];
        let who = call.principal.arn("aws");
        detail["userIdentity"]["arn"] = who.into();
        // What is secret is not in the record, and what a shape does not have is not in it either.
        replace(&mut detail["requestParameters"], &asked);
        replace(&mut detail["responseElements"], &answered);
        if response.status >= 400 {
            detail["responseElements"] = Value::Null;
            let code = answered["__type"].as_str().unwrap_or_default();
            detail["errorCode"] = code.rsplit('#').next().unwrap_or_default().into();
        }
        self.add(event);
    }

    /// A rotation ended well.
    pub(crate) fn rotated(&self, job: &RotationJob, now: Timestamp) {
        let Some(mut event) = shape(ROTATION_SUCCEEDED) else {
            return;
        };
        at(&mut event, now, &job.token);
        event["detail"]["additionalEventData"]["SecretId"] = job.secret.clone().into();
        self.add(event);
    }

    /// What it has reported since.
    pub(crate) fn take(&self) -> Vec<Value> {
        let mut reported = self.0.lock().expect("no test panics in here");
        std::mem::take(&mut reported)
    }

    fn add(&self, event: Value) {
        let mut reported = self.0.lock().expect("no test panics in here");
        reported.push(event);
    }
}

fn shape(name: &str) -> Option<Value> {
    let (_, text) = SHAPES.iter().find(|(known, _)| *known == name)?;
    Some(serde_json::from_str(text).expect("an event is JSON"))
}

/// Sets when and as what it happened.
fn at(event: &mut Value, at: Timestamp, id: &str) {
    let time = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    event["id"] = json!(id);
    event["time"] = json!(time);
    event["detail"]["eventTime"] = json!(time);
    event["detail"]["eventID"] = json!(id);
    event["detail"]["requestID"] = json!(id);
}

/// Replaces each member of a shape by the one of the same name, whose capitals differ.
fn replace(shape: &mut Value, real: &Value) {
    let (Some(shape), Some(real)) = (shape.as_object_mut(), real.as_object()) else {
        return;
    };
    shape.retain(|name, value| {
        let same = real
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        same.map(|(_, known)| *value = known.clone()).is_some()
    });
}
