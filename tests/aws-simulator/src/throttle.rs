//! Throttling: a token bucket a service.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{Service, ServiceError};

/// How many requests a service takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// In the long run.
    pub per_second: f64,
    /// At once.
    pub burst: f64,
}

#[derive(Clone, Debug)]
struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Throttles(BTreeMap<Service, Bucket>);

impl Throttles {
    pub(crate) fn set(&mut self, service: Service, rate: Option<Rate>, now: Timestamp) {
        match rate {
            Some(rate) => {
                let tokens = rate.burst;
                let bucket = Bucket {
                    rate,
                    tokens,
                    at: now,
                };
                self.0.insert(service, bucket);
            }
            None => {
                self.0.remove(&service);
            }
        }
    }

    /// Whether a request may pass.
    pub(crate) fn take(&mut self, service: Service, now: Timestamp) -> Result<(), ServiceError> {
        let Some(bucket) = self.0.get_mut(&service) else {
            return Ok(());
        };
        let passed = now.duration_since(bucket.at).as_secs_f64().max(0.0);
        let refilled = bucket.tokens + passed * bucket.rate.per_second;
        bucket.tokens = refilled.min(bucket.rate.burst);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(refusal(service));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

/// How each service says it: S3 API reference, "Error responses" (`SlowDown`); the pages "Common
/// errors" of the query services (`Throttling`) and of the JSON services (`ThrottlingException`);
/// Lambda API reference, `TooManyRequestsException`; SQS API reference, `RequestThrottled`.
fn refusal(service: Service) -> ServiceError {
    match service {
        Service::S3 => ServiceError::new(503, "SlowDown", "Please reduce your request rate."),
        Service::Iam | Service::Sts => ServiceError::bad_request("Throttling", "Rate exceeded"),
        Service::Lambda => ServiceError::new(429, "TooManyRequestsException", "Rate Exceeded."),
        Service::Sqs => ServiceError::bad_request("RequestThrottled", "Rate exceeded"),
        Service::SecretsManager | Service::Kms | Service::EventBridge => {
            ServiceError::bad_request("ThrottlingException", "Rate exceeded")
        }
    }
}
