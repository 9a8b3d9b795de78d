//! One question to everything that stands in for AWS, with the answer that AWS documents.

use std::future::Future;
use std::pin::Pin;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::world::{Kind, World};

pub type Told = Pin<Box<dyn Future<Output = String>>>;

/// One question.
pub struct Case {
    /// What is done.
    pub done: &'static str,
    /// What AWS documents.
    pub aws: &'static str,
    /// Where.
    pub source: &'static str,
    /// Who answers something else.
    pub differs: &'static [(Kind, &'static str)],
    pub run: fn(World) -> Told,
}

impl Case {
    /// What one of them is known to answer.
    pub fn of(&self, kind: Kind) -> &'static str {
        let mut differs = self.differs.iter();
        let found = differs.find(|(one, _)| *one == kind);
        found.map_or(self.aws, |(_, answer)| answer)
    }
}

/// The status of what went well, or status and code of what did not.
pub fn answer<T, E: ProvideErrorMetadata>(result: &Result<T, SdkError<E, HttpResponse>>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => {
            let status = error.raw_response().map(|raw| raw.status().as_u16());
            let status = status.map_or_else(|| "no answer".to_owned(), |one| one.to_string());
            let code = error.as_service_error().and_then(|error| error.code());
            let code = code.unwrap_or("without a code");
            format!("{status} {code}")
        }
    }
}

impl Case {
    /// Its row of the table.
    pub fn row(&self) -> String {
        let of = |kind| {
            let answer = self.of(kind);
            if answer == self.aws { "same" } else { answer }
        };
        let Self {
            done, aws, source, ..
        } = self;
        let [memory, ministack, moto] = [Kind::Memory, Kind::Ministack, Kind::Moto].map(of);
        format!("| {done} | [{aws}]({source}) | {memory} | {ministack} | {moto} |")
    }
}
