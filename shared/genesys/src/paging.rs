//! Lists, read to their end. A page that fails is an error: a short list would look like absence.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::Genesys;
use crate::de::or_default;
use crate::error::{Error, ErrorKind};
use crate::operation::Operation;
use crate::request::Request;

/// A list that changes while it is read is read again this often.
const RESTARTS: u32 = 3;
/// No list of this platform is this long; a server that never ends must not hold us for ever.
const MOST_PAGES: u32 = 2_000;

/// One page of the published swagger's `*EntityListing`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    // Required: an answer without it is not a page, and not the end of a list.
    #[serde(
        deserialize_with = "or_default",
        bound(deserialize = "T: Deserialize<'de>")
    )]
    pub(crate) entities: Vec<T>,
    pub(crate) total: Option<u64>,
    pub(crate) page_count: Option<u32>,
}

/// What has an id, by which a page that comes twice is noticed.
pub(crate) trait Identified {
    fn identity(&self) -> Option<&str>;
}

/// Collects pages by number.
pub(crate) struct Pages<T> {
    operation: &'static Operation,
    found: Vec<T>,
    seen: HashSet<String>,
    number: u32,
    total: Option<u64>,
    restarts: u32,
    /// Nothing is ever taken out of the list, so nothing can slip to an earlier page.
    append_only: bool,
}

impl<T: Identified> Pages<T> {
    pub(crate) fn new(operation: &'static Operation) -> Self {
        Self {
            operation,
            found: Vec::new(),
            seen: HashSet::new(),
            number: 1,
            total: None,
            restarts: 0,
            append_only: false,
        }
    }

    /// For a log: it may grow while it is read, and that is no reason to start again.
    pub(crate) fn append_only(operation: &'static Operation) -> Self {
        Self {
            append_only: true,
            ..Self::new(operation)
        }
    }

    /// The number of the page to read next, from 1.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Takes the page in. True when the list is complete.
    pub(crate) fn take(&mut self, page: Page<T>) -> Result<bool, Error> {
        let (total, page_count) = (page.total, page.page_count);
        let empty = page.entities.is_empty();
        // A total that moved means that something may have slipped from one page to another unseen.
        if !self.append_only && self.number > 1 && total != self.total && !empty {
            return self.restart().map(|()| false);
        }
        self.total = total;
        for entity in page.entities {
            if entity
                .identity()
                .is_none_or(|id| self.seen.insert(id.to_owned()))
            {
                self.found.push(entity);
            }
        }
        if empty || page_count.is_some_and(|pages| self.number >= pages) {
            return Ok(true);
        }
        self.number += 1;
        if self.number > MOST_PAGES {
            return Err(unfinished(self.operation, "the list does not end"));
        }
        Ok(false)
    }

    fn restart(&mut self) -> Result<(), Error> {
        self.restarts += 1;
        if self.restarts > RESTARTS {
            return Err(unfinished(
                self.operation,
                "the list kept changing during the read",
            ));
        }
        self.found.clear();
        self.seen.clear();
        self.number = 1;
        self.total = None;
        Ok(())
    }

    pub(crate) fn into_found(self) -> Vec<T> {
        self.found
    }
}

pub(crate) fn unfinished(operation: &Operation, why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, operation.name, why)
}

impl Genesys {
    /// All entities of a list that is paged by number.
    pub(crate) async fn all_pages<T: DeserializeOwned + Identified>(
        &self,
        request: Request,
    ) -> Result<Vec<T>, Error> {
        let mut pages = Pages::new(request.operation);
        let size = self.inner.settings.page_size.to_string();
        loop {
            let page = request
                .clone()
                .query("pageSize", &size)
                .query("pageNumber", &pages.number().to_string());
            if pages.take(self.json(page).await?)? {
                return Ok(pages.into_found());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::LIST_ACTIONS;

    impl Identified for String {
        fn identity(&self) -> Option<&str> {
            Some(self)
        }
    }

    fn page(ids: &[&str], total: Option<u64>, page_count: Option<u32>) -> Page<String> {
        Page {
            entities: ids.iter().map(|id| (*id).to_owned()).collect(),
            total,
            page_count,
        }
    }

    #[test]
    fn continues_until_an_empty_page_if_there_is_no_page_count() {
        let mut pages = Pages::new(&LIST_ACTIONS);
        assert!(!pages.take(page(&["a"], None, None)).unwrap());
        assert!(!pages.take(page(&["b"], None, None)).unwrap());
        assert!(pages.take(page(&[], None, None)).unwrap());
        assert_eq!(pages.into_found(), ["a", "b"]);
    }

    #[test]
    fn a_total_that_changes_between_pages_starts_the_list_again() {
        let mut pages = Pages::new(&LIST_ACTIONS);
        assert!(!pages.take(page(&["a", "b"], Some(4), Some(2))).unwrap());
        assert!(!pages.take(page(&["d"], Some(3), Some(2))).unwrap());
        assert_eq!(pages.number(), 1);
        assert!(!pages.take(page(&["b", "c"], Some(3), Some(2))).unwrap());
        assert!(pages.take(page(&["d"], Some(3), Some(2))).unwrap());
        assert_eq!(pages.into_found(), ["b", "c", "d"]);
    }

    #[test]
    fn a_list_that_never_settles_is_an_error_not_a_short_list() {
        let mut pages = Pages::new(&LIST_ACTIONS);
        let failed =
            (0..20u64).find_map(|total| pages.take(page(&["a"], Some(total), Some(9))).err());
        assert!(failed.unwrap().is_transient());
    }

    #[test]
    fn a_log_that_grows_while_it_is_read_is_read_on() {
        let mut pages = Pages::append_only(&LIST_ACTIONS);
        assert!(!pages.take(page(&["a", "b"], Some(3), Some(2))).unwrap());
        assert!(pages.take(page(&["b", "c"], Some(4), Some(2))).unwrap());
        assert_eq!(pages.into_found(), ["a", "b", "c"]);
    }

    #[test]
    fn a_body_without_entities_is_no_page() {
        assert!(serde_json::from_str::<Page<String>>("{}").is_err());
        assert!(
            serde_json::from_str::<Page<String>>(r#"{"entities":null}"#)
                .unwrap()
                .entities
                .is_empty()
        );
    }
}
