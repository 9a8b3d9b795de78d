//! Conditions: operators with `AND` between them, values with `OR`.

use serde_json::Value;

use crate::PolicyError;
use crate::context::{Key, ValueType};
use crate::elements::condition_values;
use crate::evaluation::Request;
use crate::operator::{Comparison, Operator, Quantifier};
use crate::pattern::{Language, Pattern};

/// One key under one operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    operator: Operator,
    key: Key,
    values: Vec<Pattern>,
}

impl Condition {
    /// All conditions of the element `Condition`.
    pub(crate) fn parse_all(value: &Value, language: Language) -> Result<Vec<Self>, PolicyError> {
        let mut conditions = Vec::new();
        for (operator, keys) in mapping(value)? {
            let operator = Operator::parse(operator)?;
            for (key, values) in mapping(keys)? {
                conditions.push(Self::parse(operator, key, values, language)?);
            }
        }
        Ok(conditions)
    }

    fn parse(
        operator: Operator,
        key: &str,
        values: &Value,
        language: Language,
    ) -> Result<Self, PolicyError> {
        let known = Key::parse(key)?;
        fits(operator, &known)?;
        let wildcards = operator.comparison.wildcards();
        let values = condition_values(key, values)?
            .iter()
            .map(|value| Pattern::parse(value, language, wildcards))
            .collect::<Result<Vec<_>, _>>()?;
        for value in &values {
            check(operator.comparison, key, value)?;
        }
        Ok(Self {
            operator,
            key: known,
            values,
        })
    }

    pub(crate) fn holds(&self, request: &Request<'_>) -> bool {
        let present = request.values(&self.key);
        if self.operator.comparison == Comparison::Null {
            let state = if present.is_empty() { "true" } else { "false" };
            return self.is_one_of(state, request);
        }
        if present.is_empty() {
            return match self.operator.quantifier {
                Quantifier::ForAllValues => true,
                Quantifier::ForAnyValue => self.operator.if_exists,
                // A value that is absent equals none.
                Quantifier::Single => self.operator.negated || self.operator.if_exists,
            };
        }
        let fits = |value: &&str| self.is_one_of(value, request) != self.operator.negated;
        match self.operator.quantifier {
            Quantifier::ForAllValues => present.iter().all(fits),
            Quantifier::ForAnyValue | Quantifier::Single => present.iter().any(fits),
        }
    }

    fn is_one_of(&self, value: &str, request: &Request<'_>) -> bool {
        self.values
            .iter()
            .any(|pattern| match self.operator.comparison {
                Comparison::Arn => pattern.matches_arn(value, request),
                Comparison::StringEqualsIgnoreCase | Comparison::Bool | Comparison::Null => {
                    pattern.matches_ignoring_case(value, request)
                }
                Comparison::StringEquals | Comparison::StringLike => {
                    pattern.matches(value, request)
                }
            })
    }
}

fn mapping(value: &Value) -> Result<&serde_json::Map<String, Value>, PolicyError> {
    value
        .as_object()
        .ok_or_else(|| PolicyError::malformed(format!("Condition: {value}")))
}

/// ARN operators go with texts as well: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using
/// AWS KMS", has `ArnLike` on `kms:EncryptionContext:aws:logs:arn`, whose type is text.
fn fits(operator: Operator, key: &Key) -> Result<(), PolicyError> {
    let for_sets = operator.quantifier != Quantifier::Single;
    let typed = match operator.comparison {
        Comparison::Null => return Ok(()),
        Comparison::Bool => key.value_type() == ValueType::Boolean,
        Comparison::StringEquals
        | Comparison::StringEqualsIgnoreCase
        | Comparison::StringLike
        | Comparison::Arn => key.value_type() == ValueType::Text,
    };
    if typed && for_sets == key.is_multivalued() {
        return Ok(());
    }
    Err(PolicyError::unsupported(format!(
        "{} under {operator:?}",
        key.name()
    )))
}

fn check(comparison: Comparison, key: &str, value: &Pattern) -> Result<(), PolicyError> {
    let fine = match comparison {
        Comparison::Arn => value.has_variables() || value.is_arn(),
        // No variables in `Null` (IAM User Guide, "Condition operators").
        Comparison::Null => !value.has_variables(),
        Comparison::Bool
        | Comparison::StringEquals
        | Comparison::StringEqualsIgnoreCase
        | Comparison::StringLike => true,
    };
    if fine {
        return Ok(());
    }
    Err(PolicyError::unsupported(format!(
        "a value of {key} under {comparison:?}"
    )))
}
