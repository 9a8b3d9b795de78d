//! What a story runs on.

use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectError;
use genesys_simulator::Simulator;
use jiff::Timestamp;
use serde_json::Value;

use super::{Answer, Aws, Does, Error, Heard, Http, Options, Places};
use crate::canary::Pace;

/// What a story runs on: the template, deployed beside an organization.
#[expect(
    async_fn_in_trait,
    reason = "a story is one task, which never moves to another thread"
)]
pub trait Stage: Sized {
    /// The way to Genesys Cloud.
    type Http: Http;

    /// Sets one up, with nothing managed yet.
    ///
    /// # Errors
    /// Where it can't be set up.
    async fn open(options: Options) -> Result<Self, Error>;

    /// Ends it.
    ///
    /// # Panics
    /// What crossed the wire violated the contract of an official SDK.
    async fn stop(self);

    /// What is where.
    fn places(&self) -> &Places;

    /// AWS, as whoever runs the account.
    fn aws(&self) -> &Aws;

    /// The organization.
    fn organization(&self) -> &Simulator;

    /// The way to it.
    fn http(&self) -> Self::Http;

    /// When a canary begins a round.
    fn pace(&self) -> Pace;

    /// The time there.
    fn time(&self) -> Timestamp;

    /// Lets time pass and everybody work until `look` finds something.
    ///
    /// # Errors
    /// Where it finds nothing for longer than anybody has patience, or fails.
    async fn until<T>(
        &self,
        what: &str,
        look: impl AsyncFnMut() -> Result<Option<T>, Error>,
    ) -> Result<T, Error>;

    /// Everything emitted after the first `from` events, in order.
    ///
    /// # Errors
    /// Where it can't be heard.
    async fn heard_from(&self, from: usize) -> Result<Vec<Heard>, Error>;

    /// Everything emitted so far, in order.
    ///
    /// # Errors
    /// See [`Self::heard_from`].
    async fn heard(&self) -> Result<Vec<Heard>, Error> {
        self.heard_from(0).await
    }

    /// Waits for the first event after `from` events that the test accepts.
    ///
    /// # Errors
    /// Where it does not come; with what came instead.
    async fn wait_for(
        &self,
        what: &str,
        from: usize,
        accepts: impl Fn(&Heard) -> bool,
    ) -> Result<Heard, Error> {
        let mut seen = from;
        let waited = self.until(what, async || {
            let new = self.heard_from(seen).await?;
            seen += new.len();
            Ok(new.into_iter().find(&accepts))
        });
        match waited.await {
            Ok(found) => Ok(found),
            Err(error) => {
                let came = self.heard_from(from).await?;
                let came: String = came.iter().map(Heard::in_a_line).collect();
                Err(format!("{error}; what came:{came}").into())
            }
        }
    }

    /// Invokes a function by the name of its binary, and waits for its answer.
    ///
    /// # Errors
    /// Where it can't be invoked. A function that ends with an error is an answer.
    async fn invoke(&self, function: &str, event: &Value) -> Result<Answer, Error>;

    /// An output of the template.
    ///
    /// # Errors
    /// Where there is none of this name.
    fn output(&self, name: &str) -> Result<&str, Error>;

    /// The deployed name of a function, given the name of its binary.
    ///
    /// # Errors
    /// Where there is no such function.
    fn function_name(&self, function: &str) -> Result<&str, Error>;

    /// Waits until nobody is at work and no message waits anywhere.
    ///
    /// # Errors
    /// Where that does not come; with how many are where.
    async fn quiet(&self) -> Result<(), Error>;

    /// All messages of a queue, given the template's output with its address.
    ///
    /// # Errors
    /// Where it can't be asked.
    async fn messages(&self, queue: &str) -> Result<u64, Error>;

    /// Loses all messages of a queue.
    ///
    /// # Errors
    /// Where it can't be asked.
    async fn lose_messages(&self, queue: &str) -> Result<(), Error>;

    /// How long a queue hides a message that somebody took. Only for messages taken from now on.
    ///
    /// # Errors
    /// Where it can't be set.
    async fn hide_for(&self, queue: &str, time: Duration) -> Result<(), Error>;

    /// Sends a message to a queue.
    ///
    /// # Errors
    /// Where the queue does not take it.
    async fn send(&self, queue: &str, body: &str) -> Result<(), Error>;

    /// Whether a function's queue wakes it from now on.
    ///
    /// # Errors
    /// Where that can't be set.
    async fn set_awake(&self, function: &str, awake: bool) -> Result<(), Error>;

    /// Ends every process of a function, whatever it is doing; answers how many there were.
    ///
    /// # Errors
    /// Where they can't be found.
    fn crash(&self, function: &str) -> Result<usize, Error>;

    /// What a function has logged so far.
    ///
    /// # Errors
    /// Where it can't be read.
    async fn function_logs(&self, function: &str) -> Result<Vec<String>, Error>;

    /// Makes a function for trials, and answers its ARN. Its name must begin with `Target`.
    ///
    /// # Errors
    /// Where it can't be made.
    async fn make_function(&self, name: &str, does: Does) -> Result<String, Error>;

    /// The names of all roles.
    ///
    /// # Errors
    /// Where they can't be listed.
    async fn role_names(&self) -> Result<Vec<String>, Error>;

    /// Uploads a manifest as `manifests/<name>.yaml`.
    ///
    /// # Errors
    /// Where the upload fails.
    async fn put_manifest(&self, name: &str, text: &str) -> Result<(), Error> {
        let put = self.aws().s3.put_object();
        let put = put
            .bucket(&self.places().manifests)
            .key(format!("manifests/{name}.yaml"))
            .body(text.as_bytes().to_vec().into());
        put.send().await?;
        Ok(())
    }

    /// Makes a secret and answers its ARN.
    ///
    /// # Errors
    /// Where it can't be made.
    async fn make_secret(&self, name: &str, value: &str) -> Result<String, Error> {
        let create = self.aws().secrets.create_secret();
        let made = create.name(name).secret_string(value).send().await?;
        let arn = made.arn.ok_or("CreateSecret answered no ARN")?;
        Ok(arn)
    }

    /// Gives a secret a new value, which becomes its current version; answers the version's id.
    ///
    /// # Errors
    /// Where it can't be done.
    async fn rotate(&self, secret: &str, value: &str) -> Result<String, Error> {
        let put = self.aws().secrets.put_secret_value();
        let put = put.secret_id(secret).secret_string(value).send().await?;
        let version = put.version_id;
        Ok(version.ok_or("PutSecretValue answered no version")?)
    }

    /// How much has been emitted: what is emitted from here on is new.
    ///
    /// # Errors
    /// See [`Self::heard`].
    async fn now(&self) -> Result<usize, Error> {
        Ok(self.heard().await?.len())
    }

    /// Lockstep's own events so far.
    ///
    /// # Errors
    /// See [`Self::heard`].
    async fn events(&self) -> Result<Vec<Heard>, Error> {
        let mut heard = self.heard().await?;
        heard.retain(|event| event.source == "lockstep");
        Ok(heard)
    }

    /// Waits for an event of this detail type, emitted since `from`, that the test accepts.
    ///
    /// # Errors
    /// Where it does not come; with what came instead.
    async fn wait_for_event(
        &self,
        detail_type: &str,
        from: usize,
        accepts: impl Fn(&Value) -> bool,
    ) -> Result<Heard, Error> {
        let accepts = |event: &Heard| event.detail_type == detail_type && accepts(&event.detail);
        self.wait_for(detail_type, from, accepts).await
    }

    /// A JSON object of the state bucket; `None` where there is none.
    ///
    /// # Errors
    /// Where it can't be read.
    async fn state_object(&self, key: &str) -> Result<Option<Value>, Error> {
        object(self.aws(), &self.places().states, key).await
    }

    /// A piece of evidence, given its S3 URI as events carry it; `None` where there is none.
    ///
    /// # Errors
    /// Where the URI is none, or the object can't be read.
    async fn evidence(&self, uri: &str) -> Result<Option<Value>, Error> {
        let place = uri
            .strip_prefix("s3://")
            .and_then(|uri| uri.split_once('/'));
        let (bucket, key) = place.ok_or_else(|| format!("`{uri}` is no S3 URI"))?;
        object(self.aws(), bucket, key).await
    }
}

async fn object(aws: &Aws, bucket: &str, key: &str) -> Result<Option<Value>, Error> {
    let got = aws.s3.get_object().bucket(bucket).key(key).send().await;
    let object = match got {
        Ok(object) => object,
        Err(error) => {
            let is_missing = error
                .as_service_error()
                .is_some_and(GetObjectError::is_no_such_key);
            return match is_missing {
                true => Ok(None),
                false => Err(error.into()),
            };
        }
    };
    let bytes = object.body.collect().await?.into_bytes();
    Ok(Some(serde_json::from_slice(&bytes)?))
}
