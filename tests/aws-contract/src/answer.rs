//! Answers that say that an operation was done.

use http::Response;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};

use crate::judge::Judge;
use crate::model::{Location, OperationModel, Protocol, Structure};
use crate::report::Place;
use crate::request::is_media;

impl Judge<'_> {
    pub(crate) fn answer<B>(&mut self, model: &OperationModel, answer: &Response<B>, body: &[u8]) {
        if !answer.status().is_success() {
            self.error(model, answer, body);
            return;
        }
        let structure = self.service.structure(model.output.as_ref());
        self.status(model, structure, answer);
        match self.service.protocol {
            Protocol::Json => {
                if !body.is_empty() {
                    let version = self.service.json.as_deref().unwrap_or("1.0");
                    self.answered(answer, &[&format!("application/x-amz-json-{version}")]);
                }
                self.headers(None, answer.headers());
                self.json_body(structure, body);
            }
            Protocol::Query => {
                self.answered(answer, &["text/xml", "application/xml"]);
                self.headers(None, answer.headers());
                self.query_answer(model, structure, body);
            }
            Protocol::RestJson | Protocol::RestXml => {
                self.headers(structure, answer.headers());
                self.required_headers(structure, answer);
                match structure {
                    // RFC 9110: the answer to HEAD has no content.
                    Some(structure) if model.method != "HEAD" => {
                        self.rest_body(structure, model.root.as_deref(), body);
                    }
                    Some(_) | None => self.no_body(body),
                }
            }
        }
    }

    fn status<B>(
        &mut self,
        model: &OperationModel,
        structure: Option<&Structure>,
        answer: &Response<B>,
    ) {
        let status = answer.status().as_u16();
        let has_member = structure
            .is_some_and(|structure| structure.located(Location::StatusCode).next().is_some());
        // A part of an object (RFC 9110, 15.3.7).
        let is_part = status == 206 && answer.headers().contains_key(CONTENT_RANGE);
        if status != model.status && !has_member && !is_part {
            let what = format!("{status} instead");
            self.report
                .add(Place::Root("status"), what, model.status.to_string());
        }
    }

    pub(crate) fn answered<B>(&mut self, answer: &Response<B>, media: &[&str]) {
        let found = answer.headers().get(CONTENT_TYPE);
        let found = found
            .and_then(|found| found.to_str().ok())
            .unwrap_or("none");
        if !media.iter().any(|media| is_media(found, media)) {
            let place = Place::Named("header", "content-type");
            self.report
                .add(place, format!("{found} instead"), media.join(" or "));
        }
    }

    fn required_headers<B>(&mut self, structure: Option<&Structure>, answer: &Response<B>) {
        let Some(structure) = structure else {
            return;
        };
        for (name, member) in structure.located(Location::Header) {
            let wire = member.wire(name);
            if structure.is_required(name) && !answer.headers().contains_key(wire) {
                self.report
                    .add(Place::Named("header", wire), "missing", "it as required");
            }
        }
    }

    /// `<GetRoleResponse><GetRoleResult>…</GetRoleResult><ResponseMetadata>…</ResponseMetadata></GetRoleResponse>`
    /// (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
    fn query_answer(&mut self, model: &OperationModel, structure: Option<&Structure>, body: &[u8]) {
        let Some(document) = self.document(body) else {
            return;
        };
        let root = document.root_element();
        let operation = self.report.operation.split(' ').nth(1).unwrap_or_default();
        let name = format!("{operation}Response");
        if !self.is_named(root, Some(&name)) {
            return;
        }
        if root.tag_name().namespace() != self.service.namespace.as_deref() {
            let contract = self.service.namespace.as_deref().unwrap_or("none");
            self.report
                .add(Place::Root("namespace"), "another, or none", contract);
        }
        let mut result = None;
        let mut has_id = false;
        for child in root.children().filter(roxmltree::Node::is_element) {
            match child.tag_name().name() {
                "ResponseMetadata" => {
                    let mut children = child.children();
                    has_id = children.any(|one| one.tag_name().name() == "RequestId");
                }
                found if Some(found) == model.wrapper.as_deref() => result = Some(child),
                found => self
                    .report
                    .add(Place::BODY.member(found), "unknown element", "others"),
            }
        }
        if !has_id {
            let place = Place::Root("body/ResponseMetadata/RequestId");
            self.report.add(place, "missing", "it");
        }
        match (structure, result) {
            (Some(structure), Some(result)) => {
                self.xml_structure(structure, Place::BODY, result);
            }
            (Some(_), None) => {
                let wrapper = model.wrapper.as_deref().unwrap_or_default();
                self.report
                    .add(Place::BODY.member(wrapper), "missing", "it");
            }
            (None, _) => {}
        }
    }
}
