//! Policy documents, parsed strictly.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language" and the pages on each element.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::condition::Condition;
use crate::elements::{Actions, Resources};
use crate::evaluation::Request;
use crate::pattern::Language;
use crate::principal::{Naming, Principals};
use crate::{PolicyError, json};

/// What a statement does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows the request.
    Allow,
    /// It denies the request, whatever others allow.
    Deny,
}

/// What belongs to an identity: an inline or managed policy, or a permissions boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityPolicy(Arc<Document>);

/// What belongs to a resource other than a role: a policy of a bucket, a queue, a secret or a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePolicy(Arc<Document>);

/// Who may assume a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy(Arc<Document>);

macro_rules! readers {
    ($policy:ident, $shape:expr) => {
        impl $policy {
            /// Reads a document.
            ///
            /// # Errors
            /// Where IAM would refuse it, or it says what is not evaluated here.
            pub fn parse(text: &str) -> Result<Self, PolicyError> {
                Self::of(&json::parse(text)?)
            }

            /// Reads a document.
            ///
            /// # Errors
            /// Where IAM would refuse it, or it says what is not evaluated here.
            pub fn of(document: &Value) -> Result<Self, PolicyError> {
                Document::of(document, $shape).map(|document| Self(Arc::new(document)))
            }

            pub(crate) fn document(&self) -> &Document {
                &self.0
            }
        }
    };
}

readers!(IdentityPolicy, Shape::Identity);
readers!(ResourcePolicy, Shape::Resource);
readers!(TrustPolicy, Shape::Trust);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Identity,
    Resource,
    Trust,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// None where the policy belongs to an identity: it is about that one.
    principals: Option<Principals>,
    actions: Actions,
    /// None where the policy is a role's trust policy: it is about that role.
    resources: Option<Resources>,
    conditions: Vec<Condition>,
}

impl Statement {
    /// How the statement names who makes a request that it applies to; nothing where it does not apply.
    pub(crate) fn applies(&self, request: &Request<'_>) -> Option<Naming> {
        let naming = match &self.principals {
            Some(principals) => principals.naming(request.principal)?,
            None => Naming::Itself,
        };
        let applies = self.actions.cover(request)
            && self
                .resources
                .as_ref()
                .is_none_or(|resources| resources.cover(request))
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(request));
        applies.then_some(naming)
    }
}

impl Document {
    fn of(document: &Value, shape: Shape) -> Result<Self, PolicyError> {
        let members = document
            .as_object()
            .ok_or_else(|| PolicyError::malformed("a policy is an object"))?;
        only(members, &["Version", "Id", "Statement"])?;
        if shape == Shape::Identity && members.contains_key("Id") {
            return Err(PolicyError::malformed("Id in an identity policy"));
        }
        let language = match members.get("Version").map(Value::as_str) {
            Some(Some("2012-10-17")) => Language::Of2012,
            Some(Some("2008-10-17")) | None => Language::Of2008,
            Some(_) => return Err(PolicyError::malformed("Version")),
        };
        let statements = match members.get("Statement") {
            Some(Value::Array(list)) if list.is_empty() => {
                return Err(PolicyError::unsupported("a policy without statements"));
            }
            Some(Value::Array(list)) => list.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
                return Err(PolicyError::malformed("Statement"));
            }
        };
        let statements = statements
            .iter()
            .map(|statement| Statement::of(statement, shape, language))
            .collect::<Result<Vec<_>, _>>()?;
        let mut sids = BTreeSet::new();
        for sid in statements.iter().filter_map(|one| one.sid.as_ref()) {
            if !sids.insert(sid) {
                return Err(PolicyError::malformed(format!("the Sid {sid} twice")));
            }
        }
        Ok(Self { statements })
    }
}

impl Statement {
    fn of(statement: &Value, shape: Shape, language: Language) -> Result<Self, PolicyError> {
        let members = statement
            .as_object()
            .ok_or_else(|| PolicyError::malformed("a statement is an object"))?;
        only(members, &ELEMENTS)?;
        let effect = match members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(_) | None => return Err(PolicyError::malformed("Effect")),
        };
        let (element, actions) = one_of(members, "Action", "NotAction")?;
        Ok(Self {
            sid: sid(members, shape)?,
            effect,
            principals: principals(members, shape)?,
            actions: Actions::parse(element, actions)?,
            resources: resources(members, shape, language)?,
            conditions: match members.get("Condition") {
                Some(conditions) => Condition::parse_all(conditions, language)?,
                None => Vec::new(),
            },
        })
    }
}

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn only(members: &Map<String, Value>, known: &[&str]) -> Result<(), PolicyError> {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(PolicyError::malformed(format!("the element {unknown}"))),
        None => Ok(()),
    }
}

fn one_of<'m>(
    members: &'m Map<String, Value>,
    one: &'static str,
    other: &'static str,
) -> Result<(&'static str, &'m Value), PolicyError> {
    match (members.get(one), members.get(other)) {
        (Some(value), None) => Ok((one, value)),
        (None, Some(value)) => Ok((other, value)),
        (Some(_), Some(_)) | (None, None) => {
            Err(PolicyError::malformed(format!("either {one} or {other}")))
        }
    }
}

fn sid(members: &Map<String, Value>, shape: Shape) -> Result<Option<String>, PolicyError> {
    let Some(sid) = members.get("Sid") else {
        return Ok(None);
    };
    let sid = sid
        .as_str()
        .ok_or_else(|| PolicyError::malformed(format!("Sid: {sid}")))?;
    let plain = sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // Other services than IAM may allow more characters.
    if shape != Shape::Resource && !plain {
        return Err(PolicyError::malformed(format!("Sid: {sid}")));
    }
    Ok(Some(sid.to_owned()))
}

fn principals(
    members: &Map<String, Value>,
    shape: Shape,
) -> Result<Option<Principals>, PolicyError> {
    let named = members.contains_key("Principal") || members.contains_key("NotPrincipal");
    match shape {
        Shape::Identity if named => Err(PolicyError::malformed("Principal in an identity policy")),
        Shape::Identity => Ok(None),
        Shape::Resource | Shape::Trust => match one_of(members, "Principal", "NotPrincipal")? {
            ("Principal", value) => Principals::parse(value).map(Some),
            (other, _) => Err(PolicyError::unsupported(format!("the element {other}"))),
        },
    }
}

fn resources(
    members: &Map<String, Value>,
    shape: Shape,
    language: Language,
) -> Result<Option<Resources>, PolicyError> {
    let named = members.contains_key("Resource") || members.contains_key("NotResource");
    match shape {
        Shape::Trust if named => Err(PolicyError::malformed("Resource in a trust policy")),
        Shape::Trust => Ok(None),
        Shape::Identity | Shape::Resource => {
            let (element, value) = one_of(members, "Resource", "NotResource")?;
            Resources::parse(element, value, language).map(Some)
        }
    }
}
