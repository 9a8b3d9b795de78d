//! What two clients may do, compared.

use std::collections::BTreeSet;

use crate::digest::Digest;

/// One permission within one division.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// `domain:entity:action`, where entity and action may be `*`.
    pub permission: String,
    /// The division's id; `*` for all of them.
    pub division: String,
    /// Of the conditions that narrow it; `None` where nothing does.
    pub conditions: Option<Digest>,
}

impl Grant {
    fn covers(&self, other: &Self) -> bool {
        let mut own = self.permission.split(':');
        let mut asked = other.permission.split(':');
        let parts = loop {
            match (own.next(), asked.next()) {
                (None, None) => break true,
                (Some(own), Some(asked)) if own == "*" || own == asked => {}
                (_, _) => break false,
            }
        };
        parts
            && (self.division == "*" || self.division == other.division)
            && (self.conditions.is_none() || self.conditions == other.conditions)
    }
}

/// What `current` may do and `candidate` may not, in words, sorted.
#[must_use]
pub fn missing(current: &BTreeSet<Grant>, candidate: &BTreeSet<Grant>) -> Vec<String> {
    let lacking = current
        .iter()
        .filter(|grant| !candidate.iter().any(|other| other.covers(grant)));
    let named: BTreeSet<String> = lacking
        .map(|grant| {
            let conditions = if grant.conditions.is_some() {
                " under conditions"
            } else {
                ""
            };
            match grant.division.as_str() {
                "*" => format!("{}{conditions} in all divisions", grant.permission),
                division => format!("{}{conditions} in division {division}", grant.permission),
            }
        })
        .collect();
    named.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(all: &[(&str, &str)]) -> BTreeSet<Grant> {
        let grant = |(permission, division): &(&str, &str)| Grant {
            permission: (*permission).to_owned(),
            division: (*division).to_owned(),
            conditions: None,
        };
        all.iter().map(grant).collect()
    }

    #[test]
    fn what_is_missing_is_named_with_its_division() {
        let current = grants(&[("a:b:view", "1"), ("a:b:edit", "1"), ("a:b:edit", "*")]);
        let candidate = grants(&[("a:b:view", "*"), ("a:b:edit", "2")]);
        assert_eq!(
            missing(&current, &candidate),
            ["a:b:edit in all divisions", "a:b:edit in division 1"]
        );
    }

    #[test]
    fn a_star_covers_and_is_not_covered() {
        let narrow = grants(&[("a:b:view", "1")]);
        let wide = grants(&[("a:*:*", "1")]);
        assert!(missing(&narrow, &wide).is_empty());
        assert_eq!(missing(&wide, &narrow), ["a:*:* in division 1"]);
        assert_eq!(missing(&narrow, &grants(&[("a:b", "*")])).len(), 1);
    }

    #[test]
    fn a_condition_narrows() {
        let free = grants(&[("a:b:view", "1")]);
        let mut narrowed = free.clone();
        if let Some(mut grant) = narrowed.pop_first() {
            grant.conditions = Some(Digest::of_bytes(b"only on Mondays"));
            narrowed.insert(grant);
        }
        assert_eq!(missing(&free, &narrowed), ["a:b:view in division 1"]);
        assert!(missing(&narrowed, &free).is_empty());
        assert!(missing(&narrowed, &narrowed).is_empty());
    }
}
