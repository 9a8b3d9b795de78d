//! What the simulation has, as stories see it.

use std::time::Duration;

use aws_simulator::services::lambda::{Ended as Ran, Invocation};
use genesys_simulator::Wire;
use serde_json::{Value, json};

use super::{Answer, Error, Heard, Http};
use crate::driver::Taken;
use crate::functions::{Ended, Name};
use crate::stand::ACCOUNT;

/// The function whose binary this is.
pub(super) fn function_of(binary: &str) -> Result<Name, Error> {
    let mut all = Name::ALL.into_iter();
    let found = all.find(|name| name.binary() == binary);
    found.ok_or_else(|| format!("there is no function `{binary}`").into())
}

/// An event as a listener gets it.
pub(super) fn heard(taken: Taken) -> Heard {
    let Taken { mut event, .. } = taken;
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    Heard {
        source: text("source"),
        detail_type: text("detail-type"),
        detail: event["detail"].take(),
    }
}

/// What Lambda answers for a function that ended.
pub(super) fn answer(ended: Ended) -> Answer {
    match ended {
        Ended::Returned(payload) => Answer {
            payload,
            failed: false,
        },
        Ended::Failed { kind, message } => Answer {
            payload: json!({"errorType": kind, "errorMessage": message}),
            failed: true,
        },
        Ended::CutOff => Answer {
            payload: json!({"errorMessage": "the function was cut off"}),
            failed: true,
        },
    }
}

/// The ARN of a function for trials.
pub(super) fn target(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}")
}

/// Answers `{"ok": true}`, but where the version of the first secret begins with `bad`.
pub(super) fn pick(invocation: Invocation) -> Ran {
    let event: Value = serde_json::from_slice(&invocation.payload).unwrap_or_default();
    match event["secrets"]["SECRET_0"]["version_id"].as_str() {
        Some(version) => {
            let ok = !version.starts_with("bad");
            Ran::Returned(json!({"ok": ok}).to_string().into_bytes())
        }
        None => Ran::Failed(json!({"errorType": "KeyError", "errorMessage": "'secrets'"})),
    }
}

/// The way to an organization in this process.
#[derive(Clone, Debug)]
pub struct InProcess(pub(crate) Wire);

impl Http for InProcess {
    async fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Error> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let answered = self.0.exchange(request).await;
        answered.map_err(|cut| format!("there is no answer: {cut:?}").into())
    }
}
