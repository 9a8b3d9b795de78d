//! From the text of a file to a manifest, or to everything that is wrong with it.

use serde::Deserialize;

use super::bounds::Bounds;
use super::collect::{Problems, sorted};
use super::explain::check_form;
use super::place::Place;
use super::rules;
use super::tree::Tree;
use super::{Manifest, wire};
use crate::problem::Problem;

/// The largest file that is read, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 1_000_000;

/// Reads and checks a manifest.
///
/// The answer depends on the text, on what the stack allows, and on the accepted manifests for
/// other organizations, `others`. A manifest of the same organization among them is passed over:
/// only the caller knows whether it is this file's predecessor (see
/// [`Manifest::conflicts_with`]).
///
/// # Errors
/// All problems at once, in the order of the file: those of its form, and those of the rules as
/// far as the parts they need are well-formed. Text that is not YAML is one problem, since nothing
/// can be said about what follows.
pub fn read(text: &str, bounds: &Bounds, others: &[Manifest]) -> Result<Manifest, Vec<Problem>> {
    checked(text, bounds, others, |manifest, mut problems| {
        if !problems.is_empty() {
            return Err(problems.into_sorted());
        }
        manifest.resolve(bounds).ok_or_else(|| {
            problems.add(
                &Place::root(),
                "this is incomplete",
                "Add the required fields; see schemas/manifest.schema.json.",
            );
            problems.into_sorted()
        })
    })
}

/// Reads the document and checks every rule; `then` decides on the result.
pub(super) fn checked<T>(
    text: &str,
    bounds: &Bounds,
    others: &[Manifest],
    then: impl FnOnce(wire::Manifest, Problems<'_>) -> Result<T, Vec<Problem>>,
) -> Result<T, Vec<Problem>> {
    if text.len() > MAX_MANIFEST_BYTES {
        return Err(vec![Problem::new(
            "",
            format!(
                "the file has {} bytes; at most {MAX_MANIFEST_BYTES} are allowed",
                text.len()
            ),
            "Move long templates into the function, or split the actions over several stacks.",
        )]);
    }
    let mut found = Vec::new();
    let tree = match Tree::parse(text, &mut found) {
        Ok(tree) => tree,
        Err(problem) => {
            found.push(problem);
            return Err(sorted(found));
        }
    };
    let mut problems = Problems::new(&tree, found);
    let mut document = tree.to_value();
    if !check_form(&tree, &mut document, &mut problems) {
        return Err(problems.into_sorted());
    }
    let manifest = match wire::Manifest::deserialize(document) {
        Ok(manifest) => manifest,
        Err(error) => {
            problems.add(
                &Place::root(),
                format!("this cannot be read: {error}"),
                "See schemas/manifest.schema.json.",
            );
            return Err(problems.into_sorted());
        }
    };
    problems.rules_begin();
    rules::check(&manifest, bounds, others, &mut problems);
    then(manifest, problems)
}
