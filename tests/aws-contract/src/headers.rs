//! Members of a message that are not in its body: labels of the path, parameters, headers.

use http::HeaderMap;

use crate::judge::Judge;
use crate::model::{Format, Location, Member, Shape, Structure};
use crate::report::Place;

/// Headers of AWS that belong to no member: of signing, of the SDKs, of every answer
/// (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonRequestHeaders.html and
/// RESTCommonResponseHeaders.html; https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
/// for trailers; Smithy, AWS JSON and awsQueryCompatible, for the errors' headers and the query mode).
const OF_ALL: [&str; 17] = [
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-id-2",
    "x-amz-request-id",
    "x-amz-security-token",
    "x-amz-target",
    "x-amz-te",
    "x-amz-trailer",
    "x-amz-user-agent",
    "x-amz-apigw-id",
    "x-amz-bucket-region",
    "x-amzn-errortype",
    "x-amzn-query-error",
    "x-amzn-query-mode",
    "x-amzn-requestid",
    "x-amzn-trace-id",
];

/// Headers without AWS's prefix that change what a request means.
const CONDITIONS: [&str; 5] = [
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

impl Judge<'_> {
    pub(crate) fn labels(&mut self, structure: &Structure, labels: &[(&str, String)]) {
        for (name, value) in labels {
            let mut members = structure.located(Location::Uri);
            let member = members.find(|(member, described)| described.wire(member) == *name);
            if let Some((_, member)) = member {
                self.outside(member, Place::Named("path", name), value);
            }
        }
    }

    pub(crate) fn parameters(
        &mut self,
        structure: Option<&Structure>,
        fixed: &[&str],
        query: &[(String, String)],
    ) {
        for (name, value) in query {
            let place = Place::Named("query", name);
            let mut members = structure
                .into_iter()
                .flat_map(|structure| structure.located(Location::Querystring));
            let member = members.find(|(member, described)| described.wire(member) == name);
            match member {
                Some((_, member)) => self.outside(member, place, value),
                None if fixed.contains(&name.as_str()) => {}
                None if self.service.parameters.iter().any(|one| one == name) => {}
                None => self.report.add(place, "unknown parameter", "others"),
            }
        }
    }

    pub(crate) fn headers(&mut self, structure: Option<&Structure>, headers: &HeaderMap) {
        for (name, value) in headers {
            let place = Place::Named("header", name.as_str());
            match member_of(structure, name.as_str()) {
                Some(member) => match value.to_str() {
                    Ok(text) => self.outside(member, place, text),
                    Err(_) => self.report.add(place, "bytes that are no text", "text"),
                },
                None if is_of_aws(name.as_str()) && !has_prefix(structure, name.as_str()) => {
                    self.report.add(place, "unknown header", "others");
                }
                None => {}
            }
        }
    }

    /// A member outside the body: a list is one text with commas.
    fn outside(&mut self, member: &Member, place: Place<'_>, value: &str) {
        let timestamp = member.timestamp.unwrap_or(match member.location {
            Some(Location::Header | Location::Headers) => Format::HttpDate,
            Some(Location::Uri | Location::Querystring | Location::StatusCode) | None => {
                Format::Iso8601
            }
        });
        match self.service.shape(&member.shape) {
            Some(Shape::List(list)) => {
                let Some(item) = self.service.shape(&list.member.shape) else {
                    return;
                };
                for (index, part) in value.split(',').enumerate() {
                    self.scalar(item, timestamp, place.item(index), part.trim());
                }
            }
            Some(shape) => self.scalar(shape, timestamp, place, value),
            None => {}
        }
    }
}

fn member_of<'s>(structure: Option<&'s Structure>, header: &str) -> Option<&'s Member> {
    let mut members = structure?.located(Location::Header);
    let found = members.find(|(name, member)| member.wire(name).eq_ignore_ascii_case(header));
    found.map(|(_, member)| member)
}

fn has_prefix(structure: Option<&Structure>, header: &str) -> bool {
    let mut members = structure
        .into_iter()
        .flat_map(|structure| structure.located(Location::Headers));
    members.any(|(name, member)| {
        let prefix = member.wire(name);
        header
            .get(..prefix.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
    })
}

fn is_of_aws(header: &str) -> bool {
    let ours = header.starts_with("x-amz-") || header.starts_with("x-amzn-");
    (ours && !OF_ALL.contains(&header)) || CONDITIONS.contains(&header)
}
