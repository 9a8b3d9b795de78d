//! Addresses: templates of paths, queries.

use std::borrow::Cow;

use http::Request;
use http::header::HOST;
use percent_encoding::percent_decode_str;

/// The labels of a template's path with their values, where a path fits it.
pub(crate) fn labels<'t>(template: &'t str, path: &str) -> Option<Vec<(&'t str, String)>> {
    let template = template.split('?').next()?.trim_start_matches('/');
    let mut rest = path.trim_start_matches('/');
    let mut found = Vec::new();
    for segment in template.split('/') {
        let name = segment
            .strip_prefix('{')
            .and_then(|label| label.strip_suffix('}'));
        if let Some(greedy) = name.and_then(|name| name.strip_suffix('+')) {
            let value = std::mem::take(&mut rest);
            if value.is_empty() {
                return None;
            }
            found.push((greedy, decoded(value)));
            continue;
        }
        let (value, after) = rest.split_once('/').unwrap_or((rest, ""));
        rest = after;
        match name {
            Some(_) if value.is_empty() => return None,
            Some(name) => found.push((name, decoded(value))),
            None if value == segment => {}
            None => return None,
        }
    }
    rest.is_empty().then_some(found)
}

/// The query parameters that are part of a template, each with its value where the template has one.
pub(crate) fn fixed(template: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let query = template.split_once('?').map(|(_, query)| query);
    query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .map(|one| match one.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (one, None),
        })
}

/// The decoded names and values of a query.
pub(crate) fn query<B>(request: &Request<B>) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The path of a request, with the bucket that S3 has in the host's name
/// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html).
pub(crate) fn path<B>(request: &Request<B>) -> Cow<'_, str> {
    let path = request.uri().path();
    let header = request.headers().get(HOST);
    let host = header
        .and_then(|host| host.to_str().ok())
        .or_else(|| request.uri().host())
        .unwrap_or_default();
    let bucket = host
        .ends_with(".amazonaws.com")
        .then(|| host.rfind(".s3.").or_else(|| host.rfind(".s3-")))
        .flatten();
    match bucket.and_then(|end| host.get(..end)) {
        Some(bucket) => Cow::Owned(format!("/{bucket}{path}")),
        None => Cow::Borrowed(path),
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
