//! Deploys `template.yaml` as it is: what `sam package` and `sam deploy` do, against the local AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::aws::Aws;
use crate::boto::Boto;
use crate::error::Error;
use crate::functions::{Built, package};
use crate::place;

/// Where packages are uploaded to.
const CODE_BUCKET: &str = "lockstep-sandbox-code";

/// The deployed stack's outputs, by name.
pub type Outputs = BTreeMap<String, String>;

/// Uploads the functions, creates the stack and waits until it is complete.
///
/// # Errors
/// Where a resource cannot be created; then with the reason of each.
pub async fn deploy(
    aws: &Aws,
    boto: &Boto,
    stack: &str,
    functions: &[Built],
    parameters: &BTreeMap<String, String>,
) -> Result<Outputs, Error> {
    upload(aws, functions).await?;
    let path = place::workspace().join("template.yaml");
    let template = std::fs::read_to_string(&path)
        .map_err(|error| Error::io(format!("cannot read {}", path.display()), &error))?;
    let packaged = with_code(&template, functions)?;
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value}))
        .collect();
    let request = json!({
        "StackName": stack,
        "TemplateURL": put_template(aws, packaged).await?,
        "Parameters": parameters,
        "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    });
    boto.call("cloudformation", "create_stack", request).await?;
    wait_until_complete(boto, stack).await
}

/// A template of more than 51,200 bytes is named by where it is (CloudFormation user guide, "CloudFormation quotas"),
/// which is what `sam deploy` does as well.
async fn put_template(aws: &Aws, template: String) -> Result<String, Error> {
    const OBJECT: &str = "template.yaml";
    aws.s3
        .put_object()
        .bucket(CODE_BUCKET)
        .key(OBJECT)
        .body(ByteStream::from(template.into_bytes()))
        .send()
        .await
        .map_err(|error| Error::aws("uploading the template", error))?;
    Ok(format!("https://s3.amazonaws.com/{CODE_BUCKET}/{OBJECT}"))
}

async fn upload(aws: &Aws, functions: &[Built]) -> Result<(), Error> {
    aws.s3
        .create_bucket()
        .bucket(CODE_BUCKET)
        .send()
        .await
        .map_err(|error| Error::aws("CreateBucket", error))?;
    for built in functions {
        aws.s3
            .put_object()
            .bucket(CODE_BUCKET)
            .key(object(built.function))
            .body(ByteStream::from(package(built)?))
            .send()
            .await
            .map_err(|error| Error::aws("uploading a package", error))?;
    }
    Ok(())
}

fn object(function: &str) -> String {
    format!("{function}.zip")
}

/// The template with each function's `CodeUri` pointing to its package.
///
/// A function's binary is named in its `Metadata`, which stands before its `CodeUri`.
fn with_code(template: &str, functions: &[Built]) -> Result<String, Error> {
    let mut packaged = String::with_capacity(template.len() + 256);
    let mut binary: Option<&str> = None;
    let mut replaced = 0;
    for line in template.lines() {
        if let Some((_, rest)) = line.split_once("{Binary: ") {
            binary = rest.split_once('}').map(|(name, _)| name);
        }
        if line.trim() == "CodeUri: ." {
            let name = binary.take().ok_or_else(|| {
                Error::new(
                    "template.yaml: a CodeUri has no `BuildProperties: {Binary: ...}` before it",
                )
            })?;
            if !functions.iter().any(|built| built.function == name) {
                return Err(Error::new(format!(
                    "template.yaml deploys `{name}`, which is not built"
                )));
            }
            let indent = line.len() - line.trim_start().len();
            packaged.push_str(&line[..indent]);
            packaged.push_str(&format!("CodeUri: s3://{CODE_BUCKET}/{}", object(name)));
            replaced += 1;
        } else {
            packaged.push_str(line);
        }
        packaged.push('\n');
    }
    if replaced == functions.len() {
        Ok(packaged)
    } else {
        Err(Error::new(format!(
            "template.yaml deploys {replaced} of {} functions",
            functions.len()
        )))
    }
}

/// What `describe_stacks` answers of a stack.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    stack_status: String,
    #[serde(default)]
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    output_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StackEvent {
    logical_resource_id: String,
    resource_status: String,
    #[serde(default)]
    resource_status_reason: Option<String>,
}

async fn wait_until_complete(boto: &Boto, stack: &str) -> Result<Outputs, Error> {
    const PATIENCE: Duration = Duration::from_secs(120);
    let began = Instant::now();
    loop {
        let stacks: Vec<Described> = described(boto, stack, "describe_stacks", "Stacks").await?;
        let found = stacks
            .into_iter()
            .next()
            .ok_or_else(|| Error::new(format!("there is no stack {stack}")))?;
        match found.stack_status.as_str() {
            "CREATE_COMPLETE" => {
                let outputs = found.outputs.into_iter();
                return Ok(outputs
                    .map(|output| (output.output_key, output.output_value))
                    .collect());
            }
            // CloudFormation emits no event when it is done.
            "CREATE_IN_PROGRESS" if began.elapsed() < PATIENCE => {
                sleep(Duration::from_millis(100)).await;
            }
            status => {
                let reasons = failures(boto, stack).await;
                return Err(Error::new(format!(
                    "template.yaml was not deployed ({status}){reasons}"
                )));
            }
        }
    }
}

async fn failures(boto: &Boto, stack: &str) -> String {
    let events: Vec<StackEvent> =
        match described(boto, stack, "describe_stack_events", "StackEvents").await {
            Ok(events) => events,
            Err(error) => return format!("; its events cannot be read: {error}"),
        };
    events
        .iter()
        .filter(|event| event.resource_status == "CREATE_FAILED")
        .map(|event| {
            let reason = event.resource_status_reason.as_deref();
            format!(
                "\n    | {}: {}",
                event.logical_resource_id,
                reason.unwrap_or("no reason given")
            )
        })
        .collect()
}

/// What CloudFormation describes of a stack.
async fn described<T: DeserializeOwned>(
    boto: &Boto,
    stack: &str,
    operation: &str,
    member: &str,
) -> Result<Vec<T>, Error> {
    let request = json!({"StackName": stack});
    let mut answer = boto.call("cloudformation", operation, request).await?;
    serde_json::from_value(answer[member].take())
        .map_err(|error| Error::new(format!("{operation}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::FUNCTIONS;

    fn functions() -> Vec<Built> {
        FUNCTIONS
            .iter()
            .map(|function| Built {
                function,
                binary: "nowhere".into(),
            })
            .collect()
    }

    #[test]
    fn every_function_of_the_template_gets_its_own_package_and_nothing_else_changes() {
        let template = std::fs::read_to_string(place::workspace().join("template.yaml")).unwrap();
        let packaged = with_code(&template, &functions()).unwrap();
        for function in FUNCTIONS {
            let uri = format!("CodeUri: s3://{CODE_BUCKET}/{function}.zip");
            assert_eq!(packaged.matches(&uri).count(), 1, "{function}");
        }
        let changed = template
            .lines()
            .zip(packaged.lines())
            .filter(|(before, after)| before != after)
            .count();
        assert_eq!(changed, FUNCTIONS.len());
    }

    #[test]
    fn a_function_that_is_not_built_is_refused() {
        let template = "  Metadata:\n    BuildProperties: {Binary: other}\n  CodeUri: .\n";
        let error = with_code(template, &functions()).unwrap_err();
        assert!(error.to_string().contains("`other`"), "{error}");
    }
}
