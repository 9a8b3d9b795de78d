//! Problems as they are found, each with its place and line.

use super::place::Place;
use super::tree::Tree;
use crate::problem::Problem;

/// How many problems are reported one by one. Nobody corrects more in one go, and an event that
/// carries them has a size limit.
pub(super) const MAX_PROBLEMS: usize = 100;

/// The problems found so far in one document.
pub(super) struct Problems<'t> {
    tree: &'t Tree,
    found: Vec<Problem>,
}

impl<'t> Problems<'t> {
    /// Begins with the problems found while the tree was built.
    pub(super) fn new(tree: &'t Tree, found: Vec<Problem>) -> Self {
        Self { tree, found }
    }

    /// Notes a problem at a place.
    pub(super) fn add(&mut self, at: &Place, problem: impl Into<String>, fix: impl Into<String>) {
        // More than are shown, so that those at the top of the file are among them.
        if self.found.len() > 10 * MAX_PROBLEMS {
            return;
        }
        let line = self.tree.line(at);
        self.found
            .push(Problem::new(at.to_string(), problem, fix).on_line(line));
    }

    /// Notes that a field is missing, unless it is there and not well-formed: that has been told.
    pub(super) fn missing(
        &mut self,
        field: &Place,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let (at, within) = (field.to_string(), format!("{field}."));
        let is_there = |told: &Problem| told.at == at || told.at.starts_with(&within);
        if !self.found.iter().any(is_there) {
            self.add(field, problem, fix);
        }
    }

    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All problems in the order of the file, at most [`MAX_PROBLEMS`] and a word on the others.
    pub(super) fn into_sorted(self) -> Vec<Problem> {
        sorted(self.found)
    }
}

/// See [`Problems::into_sorted`].
pub(super) fn sorted(mut found: Vec<Problem>) -> Vec<Problem> {
    found.sort_by(|a, b| (a.line, &a.at, &a.problem).cmp(&(b.line, &b.at, &b.problem)));
    found.dedup();
    if found.len() > MAX_PROBLEMS {
        let others = found.len() - MAX_PROBLEMS;
        found.truncate(MAX_PROBLEMS);
        found.push(Problem::new(
            "",
            format!("there are {others} more problems"),
            "Correct those above first; the others are shown then.",
        ));
    }
    found
}
