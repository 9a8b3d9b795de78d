//! Requests.

use http::Request;
use http::header::CONTENT_TYPE;

use crate::identify::header;
use crate::judge::Judge;
use crate::model::{Location, OperationModel, Protocol, Shape, Structure};
use crate::report::Place;
use crate::uri;

const FORM: &str = "application/x-www-form-urlencoded";

impl Judge<'_> {
    pub(crate) fn request<B>(&mut self, model: &OperationModel, request: &Request<B>, body: &[u8]) {
        let structure = self.service.structure(model.input.as_ref());
        if request.method().as_str() != model.method {
            let what = request.method().as_str();
            self.report
                .add(Place::Root("method"), what, model.method.as_str());
        }
        match self.service.protocol {
            Protocol::Json => {
                let version = self.service.json.as_deref().unwrap_or("1.0");
                self.media(request, &format!("application/x-amz-json-{version}"));
                self.at_the_root(request);
                self.headers(None, request.headers());
                self.json_body(structure, body);
            }
            Protocol::Query => {
                self.media(request, FORM);
                self.at_the_root(request);
                self.headers(None, request.headers());
                self.form(structure, body);
            }
            Protocol::RestJson | Protocol::RestXml => {
                self.rest_request(model, structure, request, body);
            }
        }
    }

    /// JSON and query have one address.
    fn at_the_root<B>(&mut self, request: &Request<B>) {
        if request.uri().path() != "/" {
            self.report.add(Place::Root("path"), "another path", "/");
        }
        self.parameters(None, &[], &uri::query(request));
    }

    fn media<B>(&mut self, request: &Request<B>, media: &str) {
        let found = header(request, CONTENT_TYPE.as_str()).unwrap_or("none");
        if !is_media(found, media) {
            let place = Place::Named("header", "content-type");
            self.report.add(place, format!("{found} instead"), media);
        }
    }

    fn rest_request<B>(
        &mut self,
        model: &OperationModel,
        structure: Option<&Structure>,
        request: &Request<B>,
        body: &[u8],
    ) {
        let query = uri::query(request);
        let fixed: Vec<&str> = uri::fixed(&model.uri).map(|(name, _)| name).collect();
        self.parameters(structure, &fixed, &query);
        self.headers(structure, request.headers());
        let Some(structure) = structure else {
            self.no_body(body);
            return;
        };
        if let Some(labels) = uri::labels(&model.uri, &uri::path(request)) {
            self.labels(structure, &labels);
        }
        // Required members of the body are judged with it; those of the path are there, or it would not fit.
        for (name, member) in structure.located(Location::Querystring) {
            let wire = member.wire(name);
            if structure.is_required(name) && !query.iter().any(|(sent, _)| sent == wire) {
                self.report
                    .add(Place::Named("query", wire), "missing", "it as required");
            }
        }
        for (name, member) in structure.located(Location::Header) {
            let wire = member.wire(name);
            if structure.is_required(name) && !request.headers().contains_key(wire) {
                self.report
                    .add(Place::Named("header", wire), "missing", "it as required");
            }
        }
        self.rest_body(structure, model.input_root.as_deref(), body);
    }

    /// A body of REST: a payload alone, or the members that are nowhere else.
    pub(crate) fn rest_body(&mut self, structure: &Structure, root: Option<&str>, body: &[u8]) {
        let Some(name) = &structure.payload else {
            if structure.body().next().is_none() {
                self.no_body(body);
            } else if self.service.protocol == Protocol::RestJson {
                self.json_body(Some(structure), body);
            } else if let Some(document) = self.document(body)
                && self.is_named(document.root_element(), root)
            {
                self.xml_structure(structure, Place::BODY, document.root_element());
            }
            return;
        };
        let Some(member) = structure.members.get(name) else {
            return;
        };
        match self.service.shape(&member.shape) {
            Some(Shape::Structure(payload)) => {
                if body.is_empty() {
                    if structure.is_required(name) {
                        self.report.add(Place::BODY, "missing", "it as required");
                    }
                } else if self.service.protocol == Protocol::RestJson {
                    self.json_body(Some(payload), body);
                } else if let Some(document) = self.document(body) {
                    let root = member.wire(&member.shape);
                    if self.is_named(document.root_element(), Some(root)) {
                        self.xml_structure(payload, Place::BODY, document.root_element());
                    }
                }
            }
            Some(Shape::String(text)) => match std::str::from_utf8(body) {
                Ok(value) => self.text(text, Place::BODY, value),
                Err(_) => self
                    .report
                    .add(Place::BODY, "bytes that are no text", "text"),
            },
            // Bytes of any kind, or an event stream.
            Some(
                Shape::Blob(_)
                | Shape::Stream {}
                | Shape::List(_)
                | Shape::Map(_)
                | Shape::Integer(_)
                | Shape::Double(_)
                | Shape::Boolean {}
                | Shape::Timestamp(_),
            )
            | None => {}
        }
    }

    pub(crate) fn no_body(&mut self, body: &[u8]) {
        if !body.is_empty() {
            self.report.add(Place::BODY, "a body", "none");
        }
    }
}

/// Whether a content type, without its parameters, is this media type.
pub(crate) fn is_media(found: &str, media: &str) -> bool {
    let essence = found.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(media)
}
