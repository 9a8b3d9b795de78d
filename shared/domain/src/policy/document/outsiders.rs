//! Whom a resource policy lets in: principals outside the account, by meaning.

use std::collections::BTreeSet;

use super::{Conditions, Document, Matches, Statement};
use crate::arn::matches_glob;

/// Condition keys that tie a request to a caller or a network, in lower case (IAM user guide, "AWS
/// global condition context keys").
const TYING: [&str; 12] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
];

/// Somebody outside the account whom a resource policy allows an action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outsider {
    /// Who, in words.
    pub who: String,
    /// Whether it is everyone, without a condition that ties the request to a caller.
    pub is_public: bool,
}

impl Document {
    /// Who outside `account` is allowed `action` (in lower case) by this policy. What a Deny takes away
    /// is not subtracted: conditions of both would have to be compared.
    #[must_use]
    pub fn outsiders(&self, action: &str, account: &str) -> BTreeSet<Outsider> {
        let allows = |one: &&Statement| one.allow && covers(&one.actions, action);
        self.statements
            .iter()
            .filter(allows)
            .flat_map(|statement| of_statement(statement, account))
            .collect()
    }
}

fn covers(actions: &Matches, action: &str) -> bool {
    let named = actions
        .patterns
        .iter()
        .any(|pattern| matches_glob(pattern.as_bytes(), action.as_bytes()));
    named != actions.all_but
}

fn of_statement(statement: &Statement, account: &str) -> Vec<Outsider> {
    let tied = is_tied(&statement.conditions);
    let under = if tied { " under conditions" } else { "" };
    let Some(principals) = &statement.principals else {
        return Vec::new();
    };
    let everyone = |who: String| Outsider {
        who: format!("{who}{under}"),
        is_public: !tied,
    };
    if principals.all_but {
        let named = principals.by_kind.values().flatten();
        let named: Vec<&str> = named.map(String::as_str).collect();
        return vec![everyone(format!("everyone except {}", named.join(", ")))];
    }
    let own = format!("::{account}:");
    let is_own = |value: &str| value == account || value.contains(&own);
    let named = principals
        .by_kind
        .iter()
        .flat_map(|(kind, values)| values.iter().map(move |value| (kind.as_str(), value)));
    named
        .filter(|(kind, value)| *kind != "AWS" || !is_own(value))
        .map(|(kind, value)| match (kind, value.as_str()) {
            ("AWS", "*") => everyone("everyone".to_owned()),
            ("AWS", value) => Outsider {
                who: format!("{value}{under}"),
                is_public: false,
            },
            (kind, value) => Outsider {
                who: format!("the {} {value}{under}", kind.to_ascii_lowercase()),
                is_public: false,
            },
        })
        .collect()
}

/// Whether a condition ties the request to a caller. One that also holds without the key, that names
/// what is excluded, or that takes any value does not.
fn is_tied(conditions: &Conditions) -> bool {
    conditions.iter().any(|(operator, keys)| {
        let operator = operator.to_ascii_lowercase();
        let loose = operator.ends_with("ifexists")
            || operator.starts_with("forallvalues:")
            || operator.contains("not")
            || operator == "null";
        !loose
            && keys.iter().any(|(key, values)| {
                TYING.contains(&key.as_str())
                    && !values.contains("*")
                    && !values.contains("0.0.0.0/0")
            })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const INVOKE: &str = "lambda:invokefunction";

    fn outsiders(statement: &Value) -> Vec<(String, bool)> {
        let policy = json!({"Version": "2012-10-17", "Statement": statement});
        let document = Document::of(&policy).unwrap();
        let found = document.outsiders(INVOKE, "123456789012");
        found
            .into_iter()
            .map(|one| (one.who, one.is_public))
            .collect()
    }

    fn allow(principal: Value, condition: Value) -> Value {
        json!({"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction",
            "Resource": "*", "Condition": condition})
    }

    #[test]
    fn principals_of_the_account_are_no_outsiders() {
        for principal in [
            json!({"AWS": "123456789012"}),
            json!({"AWS": "arn:aws:iam::123456789012:root"}),
            json!({"AWS": "arn:aws:iam::123456789012:role/GenesysRole"}),
        ] {
            assert_eq!(outsiders(&allow(principal, json!({}))), []);
        }
    }

    #[test]
    fn everyone_is_public_unless_a_condition_ties_the_request_to_a_caller() {
        let tied = json!({"StringEquals": {"aws:SourceAccount": "123456789012"}});
        let found = outsiders(&allow(json!("*"), tied));
        assert_eq!(found, [("everyone under conditions".to_owned(), false)]);
        for loose in [
            json!({}),
            json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
            json!({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}),
            json!({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}),
            json!({"StringLike": {"aws:SourceArn": "*"}}),
            json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        ] {
            let found = outsiders(&allow(json!("*"), loose.clone()));
            assert_eq!(found, [("everyone".to_owned(), true)], "{loose}");
        }
    }

    #[test]
    fn other_accounts_and_services_are_named() {
        let principal = json!({"AWS": "111122223333", "Service": "apigateway.amazonaws.com"});
        let found = outsiders(&allow(principal, json!({})));
        let named: Vec<&str> = found.iter().map(|(who, _)| who.as_str()).collect();
        assert_eq!(
            named,
            ["111122223333", "the service apigateway.amazonaws.com"]
        );
    }

    #[test]
    fn a_statement_about_other_actions_lets_nobody_invoke() {
        let mut read = allow(json!("*"), json!({}));
        read["Action"] = json!("lambda:GetFunction");
        assert_eq!(outsiders(&read), []);
        read["Action"] = json!("lambda:Invoke*");
        assert_eq!(outsiders(&read).len(), 1);
        read.as_object_mut().unwrap().remove("Action");
        read["NotAction"] = json!("lambda:GetFunction");
        assert_eq!(outsiders(&read).len(), 1);
    }

    #[test]
    fn all_but_some_principals_is_everyone() {
        let statement = json!({"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"},
            "Action": "lambda:*", "Resource": "*"});
        let found = outsiders(&statement);
        assert_eq!(found, [("everyone except 111122223333".to_owned(), true)]);
    }
}
