//! What contracts derived from official packages have in common: a document that a script derives once
//! for each version of the package ([`Derivation`]), and what a judge reports ([`Violation`]).

mod derive;
mod violation;

pub use derive::{Derivation, Error};
pub use violation::{Direction, Violation};
