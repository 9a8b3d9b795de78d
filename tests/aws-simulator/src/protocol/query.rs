//! The query protocol: a form in, XML out (IAM and STS).

use crate::protocol::xml::Element;
use crate::{Request, Response, Service};

/// The XML namespace of a service's answers (botocore's service models, `metadata.xmlNamespace`).
pub(crate) fn namespace(service: Service) -> &'static str {
    match service {
        Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        Service::S3
        | Service::SecretsManager
        | Service::Kms
        | Service::EventBridge
        | Service::Sqs
        | Service::Lambda => "",
    }
}

/// The members of a request or of a structure in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn of(request: &Request) -> Self {
        Self(
            url::form_urlencoded::parse(&request.body)
                .into_owned()
                .collect(),
        )
    }

    /// A member's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The values of a list of strings: `name.member.1`, `name.member.2` and so on.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        (1..)
            .map_while(|index| self.get(&format!("{name}.member.{index}")))
            .map(str::to_owned)
            .collect()
    }

    /// The structures of a list: `name.member.1.Key`, `name.member.1.Value` and so on.
    #[must_use]
    pub fn structures(&self, name: &str) -> Vec<Self> {
        (1..)
            .map(|index| {
                let prefix = format!("{name}.member.{index}.");
                let inside = self.0.iter().filter_map(|(key, value)| {
                    Some((key.strip_prefix(&prefix)?.to_owned(), value.clone()))
                });
                Self(inside.collect())
            })
            .take_while(|form| !form.0.is_empty())
            .collect()
    }

    /// The members that are not among these, by their names before the first dot: those that an
    /// operation does not know.
    #[must_use]
    pub fn besides(&self, known: &[&str]) -> Vec<String> {
        let names = self.0.iter().map(|(key, _)| key.split('.').next().unwrap());
        names
            .filter(|name| !known.contains(name) && !["Action", "Version"].contains(name))
            .map(str::to_owned)
            .collect()
    }
}

/// `<OperationResponse><OperationResult>…</OperationResult><ResponseMetadata>…`.
pub(crate) fn answer(
    service: Service,
    operation: &str,
    request_id: &str,
    result: Option<Element>,
) -> Response {
    let metadata = Element::new("ResponseMetadata").text("RequestId", request_id);
    let body = Element::new(&format!("{operation}Response"))
        .attribute("xmlns", namespace(service))
        .children(result)
        .child(metadata);
    Response::new(200).with_body("text/xml", body.document())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_where_their_numbers_do() {
        let request = Request {
            method: "POST".into(),
            host: "iam.amazonaws.com".into(),
            path: "/".into(),
            raw_query: String::new(),
            headers: Vec::new(),
            body: "Action=TagRole&Tags.member.1.Key=a&Tags.member.1.Value=b+c&Tags.member.2.Key=d\
                   &Names.member.1=x&Names.member.2=y%26&Other=1"
                .into(),
        };
        let form = Form::of(&request);
        assert_eq!(form.list("Names"), ["x", "y&"]);
        let tags = form.structures("Tags");
        assert_eq!(tags.len(), 2);
        assert_eq!(tags[0].get("Value"), Some("b c"));
        assert_eq!(form.besides(&["Tags", "Names"]), ["Other"]);
    }
}
