//! Entity listings: `pageNumber`, `pageSize`, the `nextPage` token, and the addresses of neighbouring pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::error::ApiError;
use crate::request::Request;
use crate::switches::{LargePage, Switches};

/// The page sizes that the two families of listings allow. The real maximum is not documented:
/// 100 is what the official Terraform provider asks for.
pub(crate) const MAX_PAGE: usize = 100;
const DEFAULT_PAGE: usize = 25;

/// Which page is asked for; pages count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: usize,
    pub(crate) size: usize,
}

/// A page size between 1 and `most`; above it, refused or cut by switch.
pub(crate) fn page_size(
    name: &'static str,
    given: Option<&str>,
    most: usize,
    switches: &Switches,
) -> Result<usize, ApiError> {
    let Some(given) = given else {
        return Ok(DEFAULT_PAGE);
    };
    let allowed = || ApiError::invalid_query(name, given, &format!("1 to {most}"));
    let size: usize = given.parse().map_err(|_| allowed())?;
    match (size, switches.large_page) {
        (0, _) => Err(allowed()),
        (size, _) if size <= most => Ok(size),
        (_, LargePage::Refuse) => Err(allowed()),
        (_, LargePage::Clamp) => Ok(most),
    }
}

impl Page {
    pub(crate) fn asked(request: &Request, switches: &Switches) -> Result<Self, ApiError> {
        let size = page_size("pageSize", request.query("pageSize"), MAX_PAGE, switches)?;
        if let Some(token) = request.query("nextPage").or(request.query("previousPage")) {
            let number =
                read_token(token).ok_or_else(|| ApiError::bad_request("Invalid page token."))?;
            return Ok(Self { number, size });
        }
        let number = match request.query("pageNumber") {
            None => 1,
            Some(given) => given
                .parse()
                .ok()
                .filter(|number| *number >= 1)
                .ok_or_else(|| ApiError::invalid_query("pageNumber", given, "1 and above"))?,
        };
        Ok(Self { number, size })
    }

    /// The part of `all` on this page; empty beyond the last one.
    pub(crate) fn slice<T>(self, all: &[T]) -> &[T] {
        let start = (self.number - 1).saturating_mul(self.size).min(all.len());
        let end = start.saturating_add(self.size).min(all.len());
        &all[start..end]
    }

    pub(crate) fn count(self, total: usize) -> usize {
        total.div_ceil(self.size)
    }
}

fn token(number: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("page:{number}"))
}

fn read_token(token: &str) -> Option<usize> {
    let decoded = URL_SAFE_NO_PAD.decode(token).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let number = text.strip_prefix("page:")?.parse().ok()?;
    (number >= 1).then_some(number)
}

/// An entity listing of the page that the request asks for.
pub(crate) fn listing(
    request: &Request,
    path: &str,
    all: &[Value],
    switches: &Switches,
) -> Result<Value, ApiError> {
    let page = Page::asked(request, switches)?;
    let pages = page.count(all.len());
    let uri = |number: usize| address(request, path, page.size, number);
    let mut body = json!({
        "entities": page.slice(all),
        "pageSize": page.size,
        "pageNumber": page.number,
        "total": all.len(),
        "pageCount": pages,
        "firstUri": uri(1),
        "lastUri": uri(pages.max(1)),
        "selfUri": uri(page.number),
    });
    if page.number < pages {
        body["nextUri"] = uri(page.number + 1).into();
    }
    if page.number > 1 {
        body["previousUri"] = uri(page.number - 1).into();
    }
    Ok(body)
}

/// An entity listing that knows no pages.
pub(crate) fn whole_listing(path: &str, all: &[Value]) -> Value {
    json!({
        "entities": all,
        "pageSize": all.len(),
        "pageNumber": 1,
        "total": all.len(),
        "pageCount": 1,
        "firstUri": path,
        "lastUri": path,
        "selfUri": path,
    })
}

/// The address of a page: the request's own filters, and the page named both by number and by token.
fn address(request: &Request, path: &str, size: usize, number: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &request.query {
        if !["pageSize", "pageNumber", "nextPage", "previousPage"].contains(&name.as_str()) {
            query.append_pair(name, value);
        }
    }
    query.append_pair("pageSize", &size.to_string());
    query.append_pair("pageNumber", &number.to_string());
    query.append_pair("nextPage", &token(number));
    format!("{path}?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_beyond_the_last_is_empty_and_never_overflows() {
        let page = Page {
            number: usize::MAX,
            size: 100,
        };
        assert!(page.slice(&[1, 2, 3]).is_empty());
        assert_eq!(Page { number: 2, size: 2 }.slice(&[1, 2, 3]), [3]);
    }

    #[test]
    fn a_page_token_reads_back_and_rubbish_does_not() {
        assert_eq!(read_token(&token(7)), Some(7));
        assert_eq!(read_token("????"), None);
        assert_eq!(read_token(&URL_SAFE_NO_PAD.encode("page:0")), None);
    }

    #[test]
    fn a_page_above_the_maximum_is_refused_or_cut() {
        let mut switches = Switches::default();
        assert!(page_size("pageSize", Some("101"), 100, &switches).is_err());
        switches.large_page = LargePage::Clamp;
        assert_eq!(page_size("pageSize", Some("101"), 100, &switches), Ok(100));
        assert!(page_size("pageSize", Some("0"), 100, &switches).is_err());
    }
}
