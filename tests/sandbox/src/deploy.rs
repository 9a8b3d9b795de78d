//! Deploys `template.yaml` as it is: what `sam package` and `sam deploy` do, against the local AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudformation::types::{Capability, Parameter, ResourceStatus, StackStatus};
use aws_sdk_s3::primitives::ByteStream;
use tokio::time::{Instant, sleep};

use crate::aws::Aws;
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
    stack: &str,
    functions: &[Built],
    parameters: &BTreeMap<String, String>,
) -> Result<Outputs, Error> {
    upload(aws, functions).await?;
    let path = place::workspace().join("template.yaml");
    let template = std::fs::read_to_string(&path)
        .map_err(|error| Error::io(format!("cannot read {}", path.display()), &error))?;
    let packaged = with_code(&template, functions)?;
    let parameters = parameters
        .iter()
        .map(|(name, value)| {
            Parameter::builder()
                .parameter_key(name)
                .parameter_value(value)
                .build()
        })
        .collect();
    aws.cloudformation
        .create_stack()
        .stack_name(stack)
        .template_url(put_template(aws, packaged).await?)
        .set_parameters(Some(parameters))
        .capabilities(Capability::CapabilityNamedIam)
        .capabilities(Capability::CapabilityAutoExpand)
        .send()
        .await
        .map_err(|error| Error::aws("CreateStack", error))?;
    wait_until_complete(aws, stack).await
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

async fn wait_until_complete(aws: &Aws, stack: &str) -> Result<Outputs, Error> {
    const PATIENCE: Duration = Duration::from_secs(120);
    let began = Instant::now();
    loop {
        let answer = aws
            .cloudformation
            .describe_stacks()
            .stack_name(stack)
            .send()
            .await
            .map_err(|error| Error::aws("DescribeStacks", error))?;
        let found = answer.stacks().first();
        let status = found.and_then(|stack| stack.stack_status().cloned());
        if status == Some(StackStatus::CreateComplete) {
            let outputs = found.map(|stack| stack.outputs()).unwrap_or_default();
            return Ok(outputs
                .iter()
                .filter_map(|output| {
                    Some((
                        output.output_key()?.to_owned(),
                        output.output_value()?.to_owned(),
                    ))
                })
                .collect());
        }
        let goes_on = status == Some(StackStatus::CreateInProgress);
        if !goes_on || began.elapsed() > PATIENCE {
            let status = status.map_or("unknown".to_owned(), |status| status.to_string());
            let reasons = failures(aws, stack).await;
            return Err(Error::new(format!(
                "template.yaml was not deployed ({status}){reasons}"
            )));
        }
        // CloudFormation tells nobody when it is done.
        sleep(Duration::from_millis(100)).await;
    }
}

async fn failures(aws: &Aws, stack: &str) -> String {
    let answer = aws
        .cloudformation
        .describe_stack_events()
        .stack_name(stack)
        .send()
        .await;
    let Ok(answer) = answer else {
        return String::new();
    };
    answer
        .stack_events()
        .iter()
        .filter(|event| event.resource_status() == Some(&ResourceStatus::CreateFailed))
        .map(|event| {
            format!(
                "\n    | {}: {}",
                event.logical_resource_id().unwrap_or("?"),
                event.resource_status_reason().unwrap_or("no reason given")
            )
        })
        .collect()
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
