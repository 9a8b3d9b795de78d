//! Secrets Manager: the steps of a rotation.

use std::rc::Rc;
use std::time::Duration;

use aws_simulator::RotationJob;
use serde_json::{Value, json};

use super::{Driver, Due, Finished};
use crate::functions::Ended;

/// How often Secrets Manager tries a rotation, and the time between (Secrets Manager user guide,
/// "Troubleshoot AWS Secrets Manager rotation": it "retries the entire rotation process multiple
/// times", without figures).
const ROTATION_TRIES: u32 = 4;
const ROTATION_PAUSE: Duration = Duration::from_secs(60);

impl Driver {
    /// Secrets Manager calls the function four times, and begins again where one call fails.
    pub(super) fn rotate(&self, job: RotationJob, tries: u32) {
        let Some(name) = self.name_of(&job.function) else {
            return;
        };
        let steps: &[&str] = match job.trial {
            true => &["testSecret"],
            false => &["createSecret", "setSecret", "testSecret", "finishSecret"],
        };
        let function = Rc::clone(&self.functions[&name]);
        let calls: Vec<(String, Value)> = steps
            .iter()
            .map(|step| {
                let event = json!({
                    "SecretId": job.secret, "ClientRequestToken": job.token, "Step": step,
                });
                (self.request_id(), event)
            })
            .collect();
        self.running.borrow_mut().spawn_local(async move {
            let mut ended = Ended::CutOff;
            for (request_id, event) in calls {
                ended = Rc::clone(&function).invoke(event, request_id).await;
                if !matches!(ended, Ended::Returned(_)) {
                    break;
                }
            }
            Finished {
                function: name,
                mapping: None,
                rotation: Some((job, tries)),
                ended,
            }
        });
    }

    pub(super) fn end_rotation(&self, job: RotationJob, tries: u32, succeeded: bool) {
        if succeeded || job.trial || tries >= ROTATION_TRIES {
            self.account.end_rotation(&job, succeeded);
        } else {
            let tries = tries + 1;
            self.add(ROTATION_PAUSE, Due::Rotation { job, tries });
        }
    }
}
