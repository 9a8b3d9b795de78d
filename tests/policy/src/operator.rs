//! The operators of conditions.
//!
//! Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Creating a condition with multiple
//! keys or values".

use crate::PolicyError;
use crate::pattern::Wildcards;

/// How one value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    /// `ArnEquals` and `ArnLike` behave identically.
    Arn,
    Bool,
    /// Whether the key is absent.
    Null,
}

impl Comparison {
    pub(crate) fn wildcards(self) -> Wildcards {
        match self {
            Self::StringLike | Self::Arn => Wildcards::Special,
            Self::StringEquals | Self::StringEqualsIgnoreCase | Self::Bool | Self::Null => {
                Wildcards::Plain
            }
        }
    }
}

/// How the values of a key with several are taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// None: the key has one value.
    Single,
    ForAllValues,
    ForAnyValue,
}

/// An operator, such as `ForAllValues:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Quantifier,
    pub(crate) comparison: Comparison,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
}

/// Those that IAM knows and that are not evaluated here, with their beginnings.
const UNSUPPORTED: [&str; 5] = ["Numeric", "Date", "Binary", "IpAddress", "NotIpAddress"];

impl Operator {
    pub(crate) fn parse(written: &str) -> Result<Self, PolicyError> {
        let (quantifier, rest) = match written.split_once(':') {
            Some(("ForAllValues", rest)) => (Quantifier::ForAllValues, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::ForAnyValue, rest),
            Some(_) => return Err(unknown(written)),
            None => (Quantifier::Single, written),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let (comparison, negated) = match name {
            "StringEquals" => (Comparison::StringEquals, false),
            "StringNotEquals" => (Comparison::StringEquals, true),
            "StringEqualsIgnoreCase" => (Comparison::StringEqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Comparison::StringEqualsIgnoreCase, true),
            "StringLike" => (Comparison::StringLike, false),
            "StringNotLike" => (Comparison::StringLike, true),
            "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
            "Bool" => (Comparison::Bool, false),
            // `IfExists` goes with every operator but this one.
            "Null" if !if_exists && quantifier == Quantifier::Single => (Comparison::Null, false),
            other if UNSUPPORTED.iter().any(|known| other.starts_with(known)) => {
                return Err(PolicyError::unsupported(format!("the operator {written}")));
            }
            _ => return Err(unknown(written)),
        };
        Ok(Self {
            quantifier,
            comparison,
            negated,
            if_exists,
        })
    }
}

fn unknown(written: &str) -> PolicyError {
    PolicyError::malformed(format!("there is no operator {written}"))
}
