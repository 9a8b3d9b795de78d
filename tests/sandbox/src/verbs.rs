//! What a person or a test does with a running world.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::endpoints::AwsEndpoints;
use crate::error::Error;
use crate::stack::{Stack, deployed_name};
use crate::target;
use crate::watch::Heard;

/// What a function answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its response, or the error that it ended with.
    pub payload: Value,
    /// Whether it ended with an error.
    pub failed: bool,
}

/// Invokes a function by the name of its binary, and waits for its answer.
///
/// # Errors
/// Where there is no such function, or Lambda cannot call it. A function that ends with an error is
/// an answer.
pub async fn invoke(
    aws: &Aws,
    endpoints: &AwsEndpoints,
    function: &str,
    event: &Value,
) -> Result<Answer, Error> {
    let answer = aws
        .lambda
        .invoke()
        .function_name(deployed_name(endpoints, function)?)
        .payload(Blob::new(event.to_string()))
        .send()
        .await
        .map_err(|error| {
            Error::aws("Invoke", error).fix("check that the sandbox is running: `cargo sandbox up`")
        })?;
    let bytes = answer.payload().map(Blob::as_ref).unwrap_or_default();
    let payload = serde_json::from_slice(bytes).map_err(|error| {
        Error::new(format!(
            "{function} returned a response that is not JSON: \
                                             {error}"
        ))
    })?;
    Ok(Answer {
        payload,
        failed: answer.function_error().is_some(),
    })
}

impl Stack {
    /// Uploads a manifest as `manifests/<name>.yaml`.
    ///
    /// # Errors
    /// Where the upload fails.
    pub async fn put_manifest(&self, name: &str, yaml: &str) -> Result<(), Error> {
        self.aws
            .s3
            .put_object()
            .bucket(&self.aws_endpoints().manifest_bucket)
            .key(format!("manifests/{name}.yaml"))
            .body(ByteStream::from(yaml.as_bytes().to_vec()))
            .send()
            .await
            .map_err(|error| Error::aws("uploading a manifest", error))?;
        Ok(())
    }

    /// Makes a secret and answers its ARN.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub async fn make_secret(&self, name: &str, value: &str) -> Result<String, Error> {
        let made = self
            .aws
            .secrets
            .create_secret()
            .name(name)
            .secret_string(value)
            .send()
            .await
            .map_err(|error| Error::aws("CreateSecret", error))?;
        made.arn()
            .map(str::to_owned)
            .ok_or_else(|| Error::new("CreateSecret returned no ARN"))
    }

    /// Gives a secret a new value, which becomes its current version; answers the version's id.
    ///
    /// # Errors
    /// Where it cannot be done.
    pub async fn rotate(&self, secret_arn: &str, value: &str) -> Result<String, Error> {
        let put = self
            .aws
            .secrets
            .put_secret_value()
            .secret_id(secret_arn)
            .secret_string(value)
            .send()
            .await
            .map_err(|error| Error::aws("PutSecretValue", error))?;
        put.version_id()
            .map(str::to_owned)
            .ok_or_else(|| Error::new("PutSecretValue returned no version"))
    }

    /// Makes a function for trials; see [`target::make_function`]. Its name must begin with
    /// [`target::PREFIX`] to be allowed in a manifest.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub async fn make_target(&self, name: &str, python: &str) -> Result<String, Error> {
        target::make_function(&self.aws, name, python).await
    }

    /// Invokes one of Lockstep's functions by the name of its binary.
    ///
    /// # Errors
    /// See [`invoke`].
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Answer, Error> {
        invoke(&self.aws, self.aws_endpoints(), function, event).await
    }

    /// Everything heard: Lockstep's own events, and those of secrets, buckets and Genesys Cloud
    /// that may wake it. What is waited for: `Watch::heard`.
    ///
    /// # Errors
    /// Where it does not come; see `Watch::heard`.
    pub async fn heard(&self) -> Result<Vec<Heard>, Error> {
        self.watch.heard().await
    }

    /// Lockstep's own events before this call.
    ///
    /// # Errors
    /// See [`Self::heard`].
    pub async fn events(&self) -> Result<Vec<Heard>, Error> {
        let mut heard = self.heard().await?;
        heard.retain(|event| event.source == "lockstep");
        Ok(heard)
    }

    /// How much has been heard: what is emitted from here on is new.
    ///
    /// # Errors
    /// See [`Self::heard`].
    pub async fn now(&self) -> Result<usize, Error> {
        Ok(self.heard().await?.len())
    }

    /// Waits for an event of this detail type, heard since `from`, that the test accepts.
    ///
    /// # Errors
    /// Where it does not come in time; with what came instead.
    pub async fn wait_for_event(
        &self,
        detail_type: &str,
        from: usize,
        patience: Duration,
        accepts: impl Fn(&Value) -> bool,
    ) -> Result<Heard, Error> {
        let accepts = |event: &Heard| event.detail_type == detail_type && accepts(&event.detail);
        self.wait_for(detail_type, from, patience, accepts).await
    }

    /// Waits for anything heard since `from` that the test accepts; `what` names it where it does
    /// not come.
    ///
    /// # Errors
    /// Where it does not come in time; with what came instead.
    pub async fn wait_for(
        &self,
        what: &str,
        from: usize,
        patience: Duration,
        accepts: impl Fn(&Heard) -> bool,
    ) -> Result<Heard, Error> {
        self.watch
            .wait_for(what, from, patience, accepts)
            .await
            .map_err(|error| error.fix(format!("look into {}", self.log().display())))
    }

    /// What a function has logged so far, given the name of its binary.
    ///
    /// # Errors
    /// Where there is no such function, or its logs cannot be read.
    pub async fn function_logs(&self, function: &str) -> Result<Vec<String>, Error> {
        let group = format!("/aws/lambda/{}", self.function_name(function)?);
        let request = json!({"logGroupName": group});
        let answer = self.boto.call("logs", "filter_log_events", request).await?;
        let events = answer["events"].as_array().map_or(&[][..], Vec::as_slice);
        Ok(events
            .iter()
            .filter_map(|event| event["message"].as_str().map(str::to_owned))
            .collect())
    }

    /// A JSON object of the state bucket; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn state_object(&self, key: &str) -> Result<Option<Value>, Error> {
        self.object(&self.aws_endpoints().state_bucket, key).await
    }

    /// A piece of evidence, given its S3 URI as events carry it; `None` where there is none.
    ///
    /// # Errors
    /// Where the URI is none, or the object cannot be read.
    pub async fn evidence(&self, uri: &str) -> Result<Option<Value>, Error> {
        let (bucket, key) = parts(uri)?;
        self.object(bucket, key).await
    }

    /// The text of an object, given its S3 URI; `None` where there is none.
    ///
    /// # Errors
    /// Where the URI is none, or the object cannot be read.
    pub async fn text(&self, uri: &str) -> Result<Option<String>, Error> {
        let (bucket, key) = parts(uri)?;
        let bytes = self.bytes(bucket, key).await?;
        bytes
            .map(String::from_utf8)
            .transpose()
            .map_err(|error| Error::new(format!("{key} is not UTF-8: {error}")))
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Value>, Error> {
        let bytes = self.bytes(bucket, key).await?;
        bytes
            .map(|bytes| serde_json::from_slice(&bytes))
            .transpose()
            .map_err(|error| Error::new(format!("{key} is not JSON: {error}")))
    }

    async fn bytes(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let got = self
            .aws
            .s3
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await;
        let object = match got {
            Ok(object) => object,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(Error::aws("GetObject", error)),
        };
        let bytes = object
            .body
            .collect()
            .await
            .map_err(|error| Error::aws("GetObject", error))?
            .into_bytes();
        Ok(Some(bytes.into()))
    }
}

/// Bucket and key of an S3 URI.
fn parts(uri: &str) -> Result<(&str, &str), Error> {
    uri.strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(|| Error::new(format!("`{uri}` is not an S3 URI")))
}

fn is_missing<R>(
    error: &aws_sdk_s3::error::SdkError<aws_sdk_s3::operation::get_object::GetObjectError, R>,
) -> bool {
    error
        .as_service_error()
        .is_some_and(aws_sdk_s3::operation::get_object::GetObjectError::is_no_such_key)
}
