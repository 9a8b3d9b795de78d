//! Answers that say that an operation was refused or failed.

use http::Response;
use roxmltree::Node;
use serde_json::Value;

use crate::judge::Judge;
use crate::model::{OperationModel, Protocol, Service, Structure};
use crate::report::{Place, shown};

const CODE: Place<'static> = Place::Root("code");

/// What an error's code is declared to come with.
struct Declared<'c> {
    structure: Option<&'c Structure>,
    statuses: Vec<u16>,
    is_fault: bool,
}

impl Judge<'_> {
    pub(crate) fn error<B>(&mut self, model: &OperationModel, answer: &Response<B>, body: &[u8]) {
        // S3 says with an error too that a delete marker is the latest version, and which one it is.
        let structure = self.service.structure(model.output.as_ref());
        self.headers(structure, answer.headers());
        let status = answer.status().as_u16();
        match self.service.protocol {
            Protocol::Json | Protocol::RestJson => {
                let code = self.json_error(model, answer, body);
                self.coded(model, status, code.as_deref());
            }
            Protocol::Query => {
                let code = self.query_error(model, body);
                self.coded(model, status, code.as_deref());
            }
            // RFC 9110: the answers to HEAD, and 304, have no content, so no code.
            Protocol::RestXml if model.method == "HEAD" || status == 304 => {
                self.no_body(body);
                self.known_status(model, status);
            }
            Protocol::RestXml => {
                let code = self.s3_error(body);
                self.coded(model, status, code.as_deref());
            }
        }
    }

    /// The code is one that the operation has, and comes with its status.
    fn coded(&mut self, model: &OperationModel, status: u16, code: Option<&str>) {
        let Some(code) = code else {
            return;
        };
        let fitting: Vec<Declared<'_>> = self
            .service
            .declared(model)
            .filter(|(known, _)| *known == code)
            .map(|(_, declared)| declared)
            .collect();
        if fitting.is_empty() {
            let known: Vec<&str> = self
                .service
                .declared(model)
                .map(|(known, _)| known)
                .collect();
            let contract = known.join(", ");
            self.report
                .add(CODE, format!("the code {}", shown(code)), contract);
        } else if !fitting.iter().any(|declared| declared.comes_with(status)) {
            let contract = fitting
                .iter()
                .map(Declared::words)
                .collect::<Vec<_>>()
                .join(" or ");
            let what = format!("{status} with the code {}", shown(code));
            self.report.add(Place::Root("status"), what, contract);
        }
    }

    fn known_status(&mut self, model: &OperationModel, status: u16) {
        let is_known = self
            .service
            .declared(model)
            .any(|(_, declared)| declared.comes_with(status));
        if !is_known {
            let what = format!("{status} is not declared");
            self.report.add(Place::Root("status"), what, "others");
        }
    }

    /// Smithy, operation error serialization: the code is in `X-Amzn-Errortype`, `__type` or `code`, with or
    /// without a namespace before it and an address after it.
    fn json_error<B>(
        &mut self,
        model: &OperationModel,
        answer: &Response<B>,
        body: &[u8],
    ) -> Option<String> {
        let read = serde_json::from_slice(body);
        let Ok(Value::Object(fields)) = read else {
            self.report
                .add(Place::BODY, "no JSON object", "a JSON object");
            return None;
        };
        let header = answer.headers().get("x-amzn-errortype");
        let named = header
            .and_then(|header| header.to_str().ok())
            .or_else(|| fields.get("__type").and_then(Value::as_str))
            .or_else(|| fields.get("code").and_then(Value::as_str));
        let Some(named) = named else {
            self.report.add(CODE, "none", "one");
            return None;
        };
        let code = named.split(':').next().unwrap_or(named);
        let code = code.rsplit('#').next().unwrap_or(code).to_owned();
        let structure = self
            .service
            .declared(model)
            .find(|(known, _)| *known == code)
            .and_then(|(_, declared)| declared.structure);
        let members: Vec<&str> = structure
            .into_iter()
            .flat_map(|structure| structure.members.keys().map(String::as_str))
            .collect();
        for name in fields.keys() {
            // `Type` says who is to blame, in Lambda's errors.
            let is_common = matches!(
                name.as_str(),
                "__type" | "code" | "message" | "Message" | "Type"
            );
            if !is_common && !members.contains(&name.as_str()) {
                self.report.add(
                    Place::BODY.member(name),
                    "unknown member",
                    members.join(", "),
                );
            }
        }
        Some(code)
    }

    /// `<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>`
    /// (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
    fn query_error(&mut self, model: &OperationModel, body: &[u8]) -> Option<String> {
        let document = self.document(body)?;
        let root = document.root_element();
        if !self.is_named(root, Some("ErrorResponse")) {
            return None;
        }
        if child(root, "RequestId").is_none() {
            self.report
                .add(Place::BODY.member("RequestId"), "missing", "it");
        }
        let Some(error) = child(root, "Error") else {
            self.report
                .add(Place::BODY.member("Error"), "missing", "it");
            return None;
        };
        let code = self.code_of(error)?;
        let is_fault = self
            .service
            .declared(model)
            .any(|(known, declared)| known == code && declared.is_blamed_on_service());
        let side = if is_fault { "Receiver" } else { "Sender" };
        if child(error, "Type").and_then(|one| one.text()) != Some(side) {
            let place = Place::Root("body/Error/Type");
            self.report.add(place, "another side, or none", side);
        }
        Some(code)
    }

    /// `<Error><Code/><Message/><RequestId/>…</Error>`, with what an error has to say besides
    /// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, REST error responses).
    fn s3_error(&mut self, body: &[u8]) -> Option<String> {
        let document = self.document(body)?;
        let root = document.root_element();
        if !self.is_named(root, Some("Error")) {
            return None;
        }
        self.code_of(root)
    }

    fn code_of(&mut self, error: Node<'_, '_>) -> Option<String> {
        let code = child(error, "Code").and_then(|code| code.text());
        if code.is_none() {
            self.report.add(CODE, "none", "one");
        }
        code.map(str::to_owned)
    }
}

impl Service {
    /// The errors that an operation may answer with, by their codes.
    fn declared<'s>(
        &'s self,
        model: &'s OperationModel,
    ) -> impl Iterator<Item = (&'s str, Declared<'s>)> {
        let of_operation = model.errors.iter().filter_map(|name| {
            let structure = self.structure(Some(name))?;
            let code = structure.code.as_deref().unwrap_or(name);
            let declared = Declared {
                structure: Some(structure),
                statuses: structure.status.into_iter().collect(),
                is_fault: structure.fault,
            };
            Some((code, declared))
        });
        let common = self.common_errors.iter().map(|(code, statuses)| {
            let declared = Declared {
                structure: None,
                statuses: statuses.clone(),
                is_fault: false,
            };
            (code.as_str(), declared)
        });
        of_operation.chain(common)
    }
}

impl Declared<'_> {
    /// An error without a status of its own has 400, or, where the service is to blame, one of 5xx (Smithy,
    /// `httpError`).
    fn comes_with(&self, status: u16) -> bool {
        if !self.statuses.is_empty() {
            self.statuses.contains(&status)
        } else if self.is_fault {
            (500..600).contains(&status)
        } else {
            status == 400
        }
    }

    fn is_blamed_on_service(&self) -> bool {
        self.is_fault || self.statuses.iter().any(|status| *status >= 500)
    }

    fn words(&self) -> String {
        if !self.statuses.is_empty() {
            let words: Vec<String> = self.statuses.iter().map(u16::to_string).collect();
            words.join(" or ")
        } else if self.is_fault {
            "5xx".to_owned()
        } else {
            "400".to_owned()
        }
    }
}

fn child<'a, 'd>(node: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    node.children()
        .find(|child| child.tag_name().name() == name)
}
