//! Functions for trials, as a customer would have them: what Data Actions call.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::aws::{ACCOUNT, Aws};
use crate::error::Error;
use crate::functions::zipped;
use crate::ministack::REGION;

/// How the names of functions for trials begin: the stack allows binding them, and no others.
pub const PREFIX: &str = "Target";

/// The role that functions for trials run as. It may read the secrets below `prod/`.
pub const EXECUTION_ROLE: &str = "TargetExecutionRole";

/// A handler that answers with the event it got.
pub const ECHO: &str = "def handler(event, context):\n    return event\n";

/// The ARN of a function for trials.
pub fn arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// Makes the role that functions for trials run as.
///
/// # Errors
/// Where it cannot be made.
pub async fn make_execution_role(aws: &Aws) -> Result<(), Error> {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }],
    });
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/*"),
        }],
    });
    aws.iam
        .create_role()
        .role_name(EXECUTION_ROLE)
        .assume_role_policy_document(trust.to_string())
        .send()
        .await
        .map_err(|error| Error::aws("CreateRole", error))?;
    aws.iam
        .put_role_policy()
        .role_name(EXECUTION_ROLE)
        .policy_name("read-secrets")
        .policy_document(policy.to_string())
        .send()
        .await
        .map_err(|error| Error::aws("PutRolePolicy", error))?;
    Ok(())
}

/// Makes a function in Python whose `handler(event, context)` is in `code`, and waits until it can be called.
///
/// # Errors
/// Where it cannot be made.
pub async fn make_function(aws: &Aws, name: &str, code: &str) -> Result<String, Error> {
    let zip = zipped("index.py", 0o644, code.as_bytes())
        .map_err(|error| Error::io("cannot pack a function", &error))?;
    aws.lambda
        .create_function()
        .function_name(name)
        .runtime(Runtime::Python312)
        .role(format!("arn:aws:iam::{ACCOUNT}:role/{EXECUTION_ROLE}"))
        .handler("index.handler")
        .timeout(10)
        .code(FunctionCode::builder().zip_file(Blob::new(zip)).build())
        .send()
        .await
        .map_err(|error| Error::aws("CreateFunction", error))?;
    wait_until_active(aws, name).await?;
    Ok(arn(name))
}

async fn wait_until_active(aws: &Aws, name: &str) -> Result<(), Error> {
    let began = Instant::now();
    loop {
        let answer = aws
            .lambda
            .get_function_configuration()
            .function_name(name)
            .send()
            .await
            .map_err(|error| Error::aws("GetFunctionConfiguration", error))?;
        if answer.state() == Some(&aws_sdk_lambda::types::State::Active) {
            return Ok(());
        }
        if began.elapsed() > Duration::from_secs(30) {
            return Err(Error::new(format!(
                "the function {name} does not become active"
            )));
        }
        // Lambda tells nobody when it is done.
        sleep(Duration::from_millis(50)).await;
    }
}
