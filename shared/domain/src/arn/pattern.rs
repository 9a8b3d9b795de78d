//! Patterns for the functions that may be bound.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{FunctionArn, InvalidArn, is_word, one_to, shown, text_type};

/// Which functions may be bound: a function's ARN in which `*` matches any text and `?` any one
/// character.
///
/// It matches as IAM matches a policy's resource: `*` runs across colons, and an ARN with an alias
/// needs a pattern that covers the alias. The same patterns are in the permissions boundary, so
/// what is accepted here is what AWS will let the role call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FunctionPattern(String);

impl FunctionPattern {
    /// The pattern as text, as a policy takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the function, with its alias or version, may be bound.
    #[must_use]
    pub fn allows(&self, function: &FunctionArn) -> bool {
        matches_glob(self.0.as_bytes(), function.to_string().as_bytes())
    }
}

/// Iterative, so that no pattern can make it slow: at most pattern × text steps.
pub(crate) fn matches_glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stood, and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&b) if b == b'?' || b == text[t] => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

impl FromStr for FunctionPattern {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let invalid = || InvalidArn::Pattern { text: shown(text) };
        let sections: Vec<&str> = text.splitn(7, ':').collect();
        let &[
            "arn",
            partition,
            "lambda",
            region,
            account,
            "function",
            name,
        ] = sections.as_slice()
        else {
            return Err(invalid());
        };
        let wild = |b: u8| is_word(b) || matches!(b, b'*' | b'?');
        let head = [partition, region, account]
            .iter()
            .all(|section| one_to(64, section, wild));
        if head && one_to(256, name, |b| wild(b) || b == b':') {
            Ok(Self(text.to_owned()))
        } else {
            Err(invalid())
        }
    }
}

impl fmt::Display for FunctionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type!(
    FunctionPattern, InvalidArn,
    pattern "^arn:[A-Za-z0-9_*?-]{1,64}:lambda:[A-Za-z0-9_*?-]{1,64}:[A-Za-z0-9_*?-]{1,64}:function:[A-Za-z0-9_*?:-]{1,256}$",
    hint "Write the ARN of a function; * matches any text.",
    described "The ARN of a function; * matches any text and ? any one character."
);

#[cfg(test)]
mod tests {
    use super::FunctionPattern;

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders";

    fn allows(pattern: &str, function: &str) -> bool {
        let pattern: FunctionPattern = pattern.parse().unwrap();
        pattern.allows(&function.parse().unwrap())
    }

    #[test]
    fn matches_as_iam_matches_a_resource() {
        let prefix = "arn:aws:lambda:us-east-1:123456789012:function:Genesys*";
        assert!(allows(prefix, FUNCTION));
        assert!(allows(prefix, &format!("{FUNCTION}:live")));
        assert!(allows(FUNCTION, FUNCTION));
        assert!(allows("arn:aws:lambda:*:*:function:*Ord?rs", FUNCTION));
        assert!(allows(
            "arn:aws:lambda:us-east-1:123456789012:function:*O*r*",
            FUNCTION
        ));
    }

    #[test]
    fn allows_nothing_beside_the_pattern() {
        assert!(!allows(FUNCTION, &format!("{FUNCTION}:live")));
        assert!(!allows(&format!("{FUNCTION}?"), FUNCTION));
        assert!(!allows(&FUNCTION.to_lowercase(), FUNCTION));
        let other = "arn:aws:lambda:us-east-1:999999999999:function:GenesysOrders";
        assert!(!allows(
            "arn:aws:lambda:us-east-1:123456789012:function:*",
            other
        ));
    }

    #[test]
    fn many_stars_cost_no_more_than_text_times_pattern() {
        let pattern = format!("arn:aws:lambda:*:*:function:{}x", "*a".repeat(120));
        assert!(!allows(
            &pattern,
            &format!(
                "arn:aws:lambda:us-east-1:123456789012:function:{}",
                "a".repeat(64)
            )
        ));
    }

    #[test]
    fn what_is_no_functions_arn_is_no_pattern() {
        for text in [
            "*",
            "arn:aws:lambda:*",
            "arn:aws:iam::123456789012:role/x",
            "arn:aws:lambda:us-east-1:123456789012:function:",
            "arn:aws:lambda:us-east-1:123456789012:layer:x",
        ] {
            assert!(text.parse::<FunctionPattern>().is_err(), "{text}");
        }
    }
}
