//! What a trust policy allows beyond what it should, by meaning: who may assume the role, with which
//! external id, and what else they may do.

use std::collections::BTreeSet;

use super::{Conditions, Document, Principals, Statement};

/// The condition key of the external id, in lower case: keys have no case.
const EXTERNAL_ID: &str = "sts:externalid";

/// The one action of a trust policy, in lower case.
const ASSUME_ROLE: &str = "sts:assumerole";

/// What a trust policy allows beyond what it should, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustProblems {
    /// Principals other than the account.
    pub principals: Vec<String>,
    /// Statements that do not require the external id.
    pub external_id: Vec<String>,
    /// Actions other than assuming the role.
    pub actions: Vec<String>,
}

impl Document {
    /// What the policy, as a trust policy, allows beyond assuming the role from `account` with
    /// `external_id`.
    #[must_use]
    pub fn trust_problems(&self, account: &str, external_id: &str) -> TrustProblems {
        let mut problems = TrustProblems::default();
        for statement in self.statements.iter().filter(|one| one.allow) {
            problems
                .principals
                .extend(other_principals(statement.principals.as_ref(), account));
            problems
                .external_id
                .extend(external_id_problem(&statement.conditions, external_id));
            problems.actions.extend(other_actions(statement));
        }
        problems
    }
}

fn other_principals(principals: Option<&Principals>, account: &str) -> Vec<String> {
    let Some(Principals { all_but, by_kind }) = principals else {
        return vec!["a statement names no principal".to_owned()];
    };
    let named = by_kind.iter().flat_map(|(kind, values)| {
        let values = values.iter();
        values.map(move |value| (kind.as_str(), value.as_str()))
    });
    if *all_but {
        let named: Vec<&str> = named.map(|(_, value)| value).collect();
        return vec![format!(
            "every principal except {} may assume it (NotPrincipal)",
            named.join(", ")
        )];
    }
    let of_account = format!(":iam::{account}:");
    let expected =
        |value: &str| value == account || (value.contains(&of_account) && !value.contains('*'));
    named
        .filter(|(kind, value)| *kind != "AWS" || !expected(value))
        .map(|(kind, value)| match (kind, value) {
            ("AWS", "*") => "everyone may assume it".to_owned(),
            ("AWS", value) => format!("{value} may assume it"),
            (kind, value) => format!("the {kind} principal {value} may assume it"),
        })
        .collect()
}

/// Why a statement's conditions do not require the external id; nothing where one of them does: all
/// conditions must hold.
///
/// `...IfExists` and `ForAllValues:` hold for a request without the key (IAM user guide, "Condition
/// operators" and "Set operators for multivalued context keys").
fn external_id_problem(conditions: &Conditions, id: &str) -> Option<String> {
    let mut reasons = Vec::new();
    for (operator, keys) in conditions {
        let Some(values) = keys.get(EXTERNAL_ID) else {
            continue;
        };
        match requires(operator, values, id) {
            Ok(()) => return None,
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() {
        reasons.push("a statement requires no external id".to_owned());
    }
    Some(reasons.join("; "))
}

fn requires(operator: &str, values: &BTreeSet<String>, id: &str) -> Result<(), String> {
    let name = operator.to_ascii_lowercase();
    if name.ends_with("ifexists") || name.starts_with("forallvalues:") {
        return Err(format!(
            "{operator} also allows calls without an external id"
        ));
    }
    let plain = name.strip_prefix("foranyvalue:").unwrap_or(&name);
    let takes_patterns = plain == "stringlike";
    if !takes_patterns && plain != "stringequals" && plain != "stringequalsignorecase" {
        return Err(format!("{operator} does not require one external id"));
    }
    let pattern = values.iter().find(|value| value.contains(['*', '?']));
    if let (true, Some(pattern)) = (takes_patterns, pattern) {
        return Err(format!(
            "{operator} allows every external id like {pattern}"
        ));
    }
    let others: Vec<&str> = values
        .iter()
        .map(String::as_str)
        .filter(|one| *one != id)
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(format!(
        "it also allows the external id {}",
        others.join(", ")
    ))
}

fn other_actions(statement: &Statement) -> Option<String> {
    let actions = &statement.actions;
    let named: Vec<&str> = actions.patterns.iter().map(String::as_str).collect();
    if actions.all_but {
        return Some(format!(
            "a statement allows every action except {} (NotAction)",
            named.join(", ")
        ));
    }
    let others: Vec<&str> = named
        .into_iter()
        .filter(|one| *one != ASSUME_ROLE)
        .collect();
    (!others.is_empty()).then(|| format!("it also allows {}", others.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const GENESYS: &str = "765628985471";

    fn problems(statement: &Value) -> TrustProblems {
        let policy = json!({"Version": "2012-10-17", "Statement": statement});
        let document = Document::of(&policy).unwrap();
        document.trust_problems(GENESYS, "org-1")
    }

    /// A statement as it should be, but for one element.
    fn with(name: &str, value: Value) -> Value {
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::765628985471:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "org-1"}},
        });
        statement[name] = value;
        statement
    }

    #[test]
    fn the_right_policy_allows_nothing_else() {
        assert_eq!(
            problems(&with("Sid", json!("Any"))),
            TrustProblems::default()
        );
        let deny = json!([with("Sid", json!("A")), {
            "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole",
        }]);
        assert_eq!(problems(&deny), TrustProblems::default());
    }

    #[test]
    fn each_other_principal_is_named() {
        let cases = [
            (json!("*"), "everyone"),
            (
                json!({"AWS": ["765628985471", "111122223333"]}),
                "111122223333",
            ),
            (
                json!({"Service": "lambda.amazonaws.com"}),
                "Service principal lambda",
            ),
            (
                json!({"Federated": "accounts.google.com"}),
                "Federated principal",
            ),
            (json!({"AWS": "arn:aws:iam::111122223333:role/x"}), "role/x"),
        ];
        for (principal, word) in cases {
            let found = problems(&with("Principal", principal.clone()));
            let [said] = found.principals.as_slice() else {
                panic!("{principal}: {found:?}");
            };
            assert!(said.contains(word), "{said}");
            assert!(found.external_id.is_empty() && found.actions.is_empty());
        }
    }

    #[test]
    fn a_statement_for_all_but_some_principals_is_open_to_everyone_else() {
        let mut statement = with("NotPrincipal", json!({"AWS": "111122223333"}));
        statement.as_object_mut().unwrap().remove("Principal");
        let said = problems(&statement).principals.join("; ");
        assert!(
            said.contains("every principal except 111122223333"),
            "{said}"
        );
    }

    #[test]
    fn a_condition_that_does_not_require_the_external_id_is_found() {
        let id = |operator: &str, value: Value| json!({operator: {"sts:ExternalId": value}});
        let cases = [
            (json!({}), "requires no external id"),
            (
                json!({"Bool": {"aws:SecureTransport": "true"}}),
                "requires no external id",
            ),
            (id("StringLike", json!("org-*")), "like org-*"),
            (id("StringLike", json!("org-?")), "like org-?"),
            (
                id("StringEqualsIfExists", json!("org-1")),
                "without an external id",
            ),
            (
                id("ForAllValues:StringEquals", json!("org-1")),
                "without an external id",
            ),
            (id("StringNotEquals", json!("org-2")), "does not require"),
            (
                id("StringEquals", json!(["org-1", "org-2"])),
                "also allows the external id org-2",
            ),
        ];
        for (condition, word) in cases {
            let found = problems(&with("Condition", condition.clone()));
            let said = found.external_id.join("; ");
            assert!(said.contains(word), "{condition}: {said}");
            assert!(found.principals.is_empty() && found.actions.is_empty());
        }
    }

    #[test]
    fn one_condition_that_requires_it_is_enough() {
        let also = json!({
            "StringEquals": {"STS:ExternalID": "org-1"},
            "StringLike": {"sts:ExternalId": "*"},
            "Bool": {"aws:SecureTransport": "true"},
        });
        assert_eq!(problems(&with("Condition", also)), TrustProblems::default());
        let like = json!({"StringLike": {"sts:ExternalId": "org-1"}});
        assert_eq!(problems(&with("Condition", like)), TrustProblems::default());
    }

    #[test]
    fn each_other_action_and_each_further_statement_is_found() {
        let tag = problems(&with("Action", json!(["sts:AssumeRole", "sts:TagSession"])));
        assert_eq!(tag.actions, ["it also allows sts:tagsession"]);
        let any = problems(&with("Action", json!("sts:*")));
        assert_eq!(any.actions, ["it also allows sts:*"]);
        let mut all_but = with("NotAction", json!("sts:TagSession"));
        all_but.as_object_mut().unwrap().remove("Action");
        assert!(problems(&all_but).actions[0].contains("NotAction"));
        let second = json!([with("Sid", json!("A")), with("Condition", json!({}))]);
        assert_eq!(problems(&second).external_id.len(), 1, "the second one");
    }
}
