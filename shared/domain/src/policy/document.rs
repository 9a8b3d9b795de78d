//! The normal form of a policy document.

mod outsiders;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

pub use self::outsiders::Outsider;
pub use self::trust::TrustProblems;
use super::{Grants, INVOKE_ACTION};
use crate::arn::{FunctionArn, is_account};

/// Why a text is not a policy document we understand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// Not an object with statements.
    #[error("the policy is not a JSON object with a Statement")]
    Form,
    /// An element that the policy language does not have, or not there.
    #[error("Lockstep does not understand the policy element {0:?}")]
    Element(String),
    /// An element of the wrong shape.
    #[error("Lockstep does not understand the form of the policy's {0}")]
    Shape(&'static str),
}

/// A policy document by its meaning. Equal documents allow and deny the same.
///
/// Rules of the language: IAM user guide, "Grammar of the IAM JSON policy language". Order, single
/// values for lists, statement ids, and the case of actions and condition keys mean nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The version matters only where policy variables are used: 2008-10-17 takes them literally.
    variables: bool,
    statements: BTreeSet<Statement>,
}

/// One statement by its meaning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    allow: bool,
    principals: Option<Principals>,
    actions: Matches,
    conditions: Conditions,
    resources: Option<Matches>,
}

/// Operator, then key, then values, any of which will do.
type Conditions = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What an `Action` or `Resource` element matches, or with `Not` all but that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Matches {
    all_but: bool,
    patterns: BTreeSet<String>,
}

/// Whom a trust statement is about, or with `Not` all but them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Principals {
    all_but: bool,
    by_kind: BTreeMap<String, BTreeSet<String>>,
}

impl Document {
    /// The meaning of a document.
    ///
    /// # Errors
    /// [`InvalidPolicy`] for anything the grammar does not know: what is not understood must not
    /// be called equal to anything.
    pub fn of(document: &Value) -> Result<Self, InvalidPolicy> {
        let object = document.as_object().ok_or(InvalidPolicy::Form)?;
        known(object, &["Version", "Id", "Statement"])?;
        let statements = match object.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            Some(_) | None => return Err(InvalidPolicy::Form),
        };
        let version = object.get("Version").and_then(Value::as_str);
        let statements: Vec<Statement> = statements
            .into_iter()
            .map(Statement::of)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            variables: version == Some("2012-10-17") && document.to_string().contains("${"),
            statements: merged(statements),
        })
    }

    /// Its statements.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.statements.iter()
    }
}

/// Statements that differ in their resources alone are one: what allows A and allows B allows
/// both. That does not hold for `NotResource`.
fn merged(statements: Vec<Statement>) -> BTreeSet<Statement> {
    let mut together: BTreeMap<Statement, BTreeSet<String>> = BTreeMap::new();
    let mut out = BTreeSet::new();
    for mut statement in statements {
        match statement.resources.take() {
            Some(resources) if !resources.all_but => {
                together
                    .entry(statement)
                    .or_default()
                    .extend(resources.patterns);
            }
            resources => {
                statement.resources = resources;
                out.insert(statement);
            }
        }
    }
    for (mut statement, patterns) in together {
        statement.resources = Some(Matches {
            all_but: false,
            patterns,
        });
        out.insert(statement);
    }
    out
}

impl Statement {
    fn of(statement: &Value) -> Result<Self, InvalidPolicy> {
        let object = statement.as_object().ok_or(InvalidPolicy::Form)?;
        known(
            object,
            &[
                "Sid",
                "Effect",
                "Principal",
                "NotPrincipal",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Condition",
            ],
        )?;
        let allow = match object.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            Some(_) | None => return Err(InvalidPolicy::Shape("Effect")),
        };
        let actions =
            Matches::of(object, ["Action", "NotAction"])?.ok_or(InvalidPolicy::Shape("Action"))?;
        Ok(Self {
            allow,
            principals: Principals::of(object)?,
            actions: Matches {
                patterns: actions
                    .patterns
                    .iter()
                    .map(|a| a.to_ascii_lowercase())
                    .collect(),
                ..actions
            },
            conditions: conditions(object.get("Condition"))?,
            resources: Matches::of(object, ["Resource", "NotResource"])?,
        })
    }

    /// Whether this is about invoking functions and nothing else, under no condition.
    fn only_invokes(&self) -> bool {
        let Self {
            allow: _,
            principals,
            actions,
            conditions,
            resources: _,
        } = self;
        principals.is_none()
            && !actions.all_but
            && actions
                .patterns
                .iter()
                .all(|action| action.eq_ignore_ascii_case(INVOKE_ACTION))
            && conditions.is_empty()
    }

    /// Sorts what the statement grants into exact functions and what is wider.
    pub(super) fn sort_into(&self, grants: &mut Grants) {
        // A Deny grants nothing. It may still differ from the desired policy; that is not the
        // question here.
        if !self.allow {
            return;
        }
        let exact = match &self.resources {
            Some(resources) if self.only_invokes() && !resources.all_but => &resources.patterns,
            Some(_) | None => {
                grants.wider.push(self.in_words());
                return;
            }
        };
        for pattern in exact {
            match pattern.parse::<FunctionArn>() {
                Ok(function) => {
                    grants.functions.insert(function);
                }
                Err(_) => grants.wider.push(format!("{INVOKE_ACTION} on {pattern}")),
            }
        }
    }

    fn in_words(&self) -> String {
        let list = |matches: &Matches| {
            let patterns: Vec<&str> = matches.patterns.iter().map(String::as_str).collect();
            let but = if matches.all_but {
                "everything except "
            } else {
                ""
            };
            format!("{but}{}", patterns.join(", "))
        };
        let resources = self.resources.as_ref().map(list).unwrap_or_default();
        let conditions = if self.conditions.is_empty() {
            ""
        } else {
            " under conditions"
        };
        format!("{} on {resources}{conditions}", list(&self.actions))
    }
}

impl Matches {
    fn of(
        object: &Map<String, Value>,
        [plain, negated]: [&'static str; 2],
    ) -> Result<Option<Self>, InvalidPolicy> {
        let (all_but, value) = match (object.get(plain), object.get(negated)) {
            (None, None) => return Ok(None),
            (Some(value), None) => (false, value),
            (None, Some(value)) => (true, value),
            (Some(_), Some(_)) => return Err(InvalidPolicy::Shape(plain)),
        };
        let patterns = texts(value).ok_or(InvalidPolicy::Shape(plain))?;
        Ok(Some(Self { all_but, patterns }))
    }
}

impl Principals {
    fn of(object: &Map<String, Value>) -> Result<Option<Self>, InvalidPolicy> {
        let shape = InvalidPolicy::Shape("Principal");
        let (all_but, value) = match (object.get("Principal"), object.get("NotPrincipal")) {
            (None, None) => return Ok(None),
            (Some(value), None) => (false, value),
            (None, Some(value)) => (true, value),
            (Some(_), Some(_)) => return Err(shape),
        };
        let by_kind = match value {
            Value::String(everyone) if everyone == "*" => {
                BTreeMap::from([("AWS".to_owned(), BTreeSet::from(["*".to_owned()]))])
            }
            Value::Object(kinds) => kinds
                .iter()
                .map(|(kind, value)| Some((kind.clone(), principals(kind, value)?)))
                .collect::<Option<_>>()
                .ok_or(shape)?,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                return Err(shape);
            }
        };
        Ok(Some(Self { all_but, by_kind }))
    }
}

/// An account number means its root (IAM user guide, "AWS account principals"). A role trusts its
/// own partition only, so the number alone says it all.
fn principals(kind: &str, value: &Value) -> Option<BTreeSet<String>> {
    let root = |text: &str| {
        let rest = text.strip_prefix("arn:")?;
        let (_, rest) = rest.split_once(":iam::")?;
        rest.strip_suffix(":root")
            .filter(|account| is_account(account))
            .map(str::to_owned)
    };
    let texts = texts(value)?;
    if kind != "AWS" {
        return Some(texts);
    }
    Some(
        texts
            .into_iter()
            .map(|text| root(&text).unwrap_or(text))
            .collect(),
    )
}

fn conditions(value: Option<&Value>) -> Result<Conditions, InvalidPolicy> {
    let shape = || InvalidPolicy::Shape("Condition");
    let Some(value) = value else {
        return Ok(Conditions::new());
    };
    let mut out = Conditions::new();
    for (operator, keys) in value.as_object().ok_or_else(shape)? {
        let mut by_key = BTreeMap::new();
        for (key, values) in keys.as_object().ok_or_else(shape)? {
            let values = texts(values).ok_or_else(shape)?;
            // The same key twice in two spellings would be an "and", which a set can't say.
            if by_key.insert(key.to_ascii_lowercase(), values).is_some() {
                return Err(shape());
            }
        }
        // An operator without keys restricts nothing.
        if !by_key.is_empty() {
            out.insert(operator.clone(), by_key);
        }
    }
    Ok(out)
}

/// A value or a list of values, as texts. Numbers and booleans may be without quotes.
fn texts(value: &Value) -> Option<BTreeSet<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            text(value).map(|one| BTreeSet::from([one]))
        }
    }
}

fn known(object: &Map<String, Value>, names: &[&str]) -> Result<(), InvalidPolicy> {
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(InvalidPolicy::Element(name.clone())),
        None => Ok(()),
    }
}
