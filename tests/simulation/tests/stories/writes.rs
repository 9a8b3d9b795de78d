//! The writes of a story, at each of which something can go wrong.

use std::collections::BTreeMap;

use simulation::Site;

/// A write: what is called by which function, and how often before.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) function: String,
    pub(crate) operation: String,
    pub(crate) before: usize,
}

/// The writes among calls, and the tests, after which a run decides.
pub(crate) fn writes(calls: &[Site]) -> Vec<Write> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut writes = Vec::new();
    for site in calls {
        if !site.is_write() && !site.operation.ends_with("/test") {
            continue;
        }
        let count = seen.entry((&site.function, &site.operation)).or_default();
        writes.push(Write {
            function: site.function.clone(),
            operation: site.operation.clone(),
            before: *count,
        });
        *count += 1;
    }
    writes
}
