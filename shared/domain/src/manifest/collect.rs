//! Problems as they are found, each with its place and line.

use super::place::Place;
use super::tree::Tree;
use crate::problem::{MAX_PROBLEMS, Problem};

/// What a broken rule means for a manifest that is accepted already. An upload is refused for any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// The document's form: it cannot be read.
    Form,
    /// *Bound*: the stack's template does not cover it (any more). The entry is dropped.
    Bound,
    /// *Upload only*: the entry was accepted under the rules of its time, and stays with a notice.
    Upload,
}

/// One problem, where it is, and what it means.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) weight: Weight,
    pub(super) place: Place,
    pub(super) problem: Problem,
}

/// The problems found so far in one document.
pub(super) struct Problems<'t> {
    tree: &'t Tree,
    found: Vec<Found>,
    /// Of what [`Self::add`] notes.
    weight: Weight,
}

impl<'t> Problems<'t> {
    /// Begins with the problems found while the tree was built.
    pub(super) fn new(tree: &'t Tree, found: Vec<Problem>) -> Self {
        let of_the_form = |problem| Found {
            weight: Weight::Form,
            place: Place::root(),
            problem,
        };
        Self {
            tree,
            found: found.into_iter().map(of_the_form).collect(),
            weight: Weight::Form,
        }
    }

    /// From here on it is rules that are checked, no longer the form.
    pub(super) fn rules_begin(&mut self) {
        self.weight = Weight::Upload;
    }

    /// Notes a problem at a place. Among the rules, one that refuses uploads only.
    pub(super) fn add(&mut self, at: &Place, problem: impl Into<String>, fix: impl Into<String>) {
        self.note(self.weight, at, problem.into(), fix.into());
    }

    /// Notes that the stack's template does not cover what is at a place: see [`Weight::Bound`].
    pub(super) fn bound(&mut self, at: &Place, problem: impl Into<String>, fix: impl Into<String>) {
        self.note(Weight::Bound, at, problem.into(), fix.into());
    }

    fn note(&mut self, weight: Weight, at: &Place, problem: String, fix: String) {
        // More than are shown, so that those at the top of the file are among them. A bound is
        // never passed over: what it drops must be dropped.
        if weight != Weight::Bound && self.found.len() > 10 * MAX_PROBLEMS {
            return;
        }
        let line = self.tree.line(at);
        self.found.push(Found {
            weight,
            place: at.clone(),
            problem: Problem::new(at.to_string(), problem, fix).on_line(line),
        });
    }

    /// Notes that a field is missing, unless it is there and not well-formed, which has been
    /// reported.
    pub(super) fn missing(
        &mut self,
        field: &Place,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let (at, within) = (field.to_string(), format!("{field}."));
        let is_there = |told: &Problem| told.at == at || told.at.starts_with(&within);
        if !self.found.iter().any(|one| is_there(&one.problem)) {
            self.add(field, problem, fix);
        }
    }

    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All problems in the order of the file, at most [`MAX_PROBLEMS`] and a word on the others.
    pub(super) fn into_sorted(self) -> Vec<Problem> {
        sorted(self.found.into_iter().map(|one| one.problem).collect())
    }

    /// All of them, as they were found.
    pub(super) fn into_found(self) -> Vec<Found> {
        self.found
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
            "Correct the problems above; the next upload shows the others.",
        ));
    }
    found
}
