//! What an answer of AWS must hold to be believed.
//!
//! There are proxies, endpoints and load balancers between Lockstep and AWS. A response of theirs,
//! or one that was cut, reads to the SDK like an answer with nothing in it: a member that is
//! missing is `None`, XML that ends in the middle is what came until then, and a page without a
//! token is the last one. Here such an answer is [`Kind::Garbled`]: it says nothing, least of all
//! that nothing is there.

use std::collections::BTreeSet;

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

use super::{AwsError, Kind};

/// An answer that came and can't be used.
pub(crate) fn garbled(
    operation: &'static str,
    resource: impl Into<String>,
    problem: impl Into<String>,
) -> AwsError {
    AwsError {
        operation,
        resource: resource.into(),
        kind: Kind::Garbled,
        code: None,
        message: format!("AWS returned an unusable response: {}", problem.into()),
    }
}

/// A member that AWS always answers with; a missing or an empty one means that the answer was cut
/// or is not AWS's.
pub(crate) fn required<T: AsRef<str>>(
    operation: &'static str,
    resource: &str,
    member: &str,
    value: Option<T>,
) -> Result<T, AwsError> {
    value
        .filter(|value| !value.as_ref().is_empty())
        .ok_or_else(|| garbled(operation, resource, format!("the response has no {member}")))
}

/// Follows the pages of one listing. The SDK's own paginators end silently when a token repeats,
/// and when a truncated page has none.
pub(crate) struct Pages<'r> {
    operation: &'static str,
    resource: &'r str,
    seen: BTreeSet<String>,
}

impl<'r> Pages<'r> {
    pub(crate) fn of(operation: &'static str, resource: &'r str) -> Self {
        Self {
            operation,
            resource,
            seen: BTreeSet::new(),
        }
    }

    /// The token of the next page; `None` where this was the last.
    ///
    /// # Errors
    /// There are more entries, and no way to get them.
    pub(crate) fn next(
        &mut self,
        truncated: bool,
        token: Option<String>,
    ) -> Result<Option<String>, AwsError> {
        match (truncated, token.filter(|token| !token.is_empty())) {
            (false, _) => Ok(None),
            (true, None) => {
                Err(self.garbled("the listing is truncated, but has no token for the next page"))
            }
            (true, Some(token)) if !self.seen.insert(token.clone()) => {
                Err(self.garbled("the token of the next page is that of an earlier page"))
            }
            (true, Some(token)) => Ok(Some(token)),
        }
    }

    pub(crate) fn garbled(&self, problem: impl Into<String>) -> AwsError {
        garbled(self.operation, self.resource, problem)
    }
}

/// Refuses answers whose XML ends before its root element does. The SDK takes them for whole.
#[derive(Debug)]
pub(crate) struct WholeXml {
    /// Whether an answer may have no body at all (S3's `PutObject`; no operation of IAM).
    pub(crate) or_nothing: bool,
}

impl Intercept for WholeXml {
    fn name(&self) -> &'static str {
        "WholeXml"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A body that is streamed is not XML, and is not in memory; an error is judged by its code.
        match context.response().body().bytes() {
            Some(body) if context.output_or_error().is_ok() && !self.is_whole(body) => {
                Err("the XML of the response is truncated".into())
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl WholeXml {
    fn is_whole(&self, body: &[u8]) -> bool {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        if text.is_empty() {
            return self.or_nothing;
        }
        let mut elements = text.split('<').skip(1);
        let root = elements.find(|element| !element.starts_with(['?', '!']));
        let Some((name, rest)) = root.map(|root| {
            let end = root.find(|c: char| c.is_whitespace() || c == '>' || c == '/');
            root.split_at(end.unwrap_or(root.len()))
        }) else {
            return false;
        };
        let is_one_tag = rest.trim_end().ends_with("/>") && elements.next().is_none();
        is_one_tag || text.ends_with(&format!("</{name}>"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_whole_where_its_root_element_ends() {
        let whole = WholeXml { or_nothing: false };
        for text in [
            "<?xml version=\"1.0\"?>\n<A xmlns=\"x\"><B/></A>\n",
            "<A/>",
            "<A b=\"c\" />",
            "<A></A>",
        ] {
            assert!(whole.is_whole(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "<?xml version=\"1.0\"?>",
            "<A><B/>",
            "<A><B></B",
            "<A",
            "<A></AB>",
            "no XML",
        ] {
            assert!(!whole.is_whole(text.as_bytes()), "{text}");
        }
        assert!(WholeXml { or_nothing: true }.is_whole(b""));
    }

    #[test]
    fn a_listing_that_cannot_go_on_has_no_end() {
        let mut pages = Pages::of("x:List", "of");
        assert_eq!(pages.next(true, Some("1".into())), Ok(Some("1".into())));
        assert_eq!(pages.next(true, Some("2".into())), Ok(Some("2".into())));
        for token in [Some("1".to_owned()), Some(String::new()), None] {
            let error = pages.next(true, token).unwrap_err();
            assert_eq!(error.kind, Kind::Garbled, "{error}");
        }
        assert_eq!(pages.next(false, None), Ok(None));
    }
}
