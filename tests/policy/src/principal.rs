//! Who makes a request, and who a policy is about.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal".

use serde_json::Value;

use crate::elements::texts;
use crate::{Arn, PolicyError};

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// An IAM user, by ARN.
    User(Arn),
    /// The session of a role.
    Session {
        /// The role's ARN.
        role: Arn,
        /// The session's ARN, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
        session: Arn,
    },
    /// The root user of an account, by the ARN `arn:aws:iam::ACCOUNT:root`.
    Root(Arn),
    /// A service, such as `events.amazonaws.com`.
    Service(String),
}

impl Principal {
    /// The session of a role, with its ARN as AWS STS makes it.
    ///
    /// # Errors
    /// Where the ARN is not a role's.
    pub fn session(role: &str, name: &str) -> Result<Self, PolicyError> {
        let role = Arn::parse(role)?;
        // A session's ARN has the role's name without its path (IAM User Guide, "IAM identifiers").
        let short = role
            .resource()
            .strip_prefix("role/")
            .map(|path| path.rsplit('/').next().unwrap_or(path))
            .ok_or_else(|| PolicyError::unsupported(format!("{role} is not a role")))?;
        let session = Arn::parse(&format!(
            "arn:{}:sts::{}:assumed-role/{short}/{name}",
            role.partition(),
            role.account()
        ))?;
        Ok(Self::Session { role, session })
    }

    /// The account that the principal belongs to; a service belongs to none.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.arn().map(Arn::account)
    }

    /// What `aws:PrincipalArn` holds: for the session of a role the role's ARN. A service has none.
    #[must_use]
    pub fn arn(&self) -> Option<&Arn> {
        match self {
            Self::User(arn) | Self::Root(arn) | Self::Session { role: arn, .. } => Some(arn),
            Self::Service(_) => None,
        }
    }

    /// What `aws:username` holds: a user's name without its path.
    pub(crate) fn user_name(&self) -> Option<&str> {
        match self {
            Self::User(arn) => arn.resource().rsplit('/').next(),
            Self::Session { .. } | Self::Root(_) | Self::Service(_) => None,
        }
    }
}

/// How directly a resource's policy names who makes a request: the more directly, the less other policies limit
/// what it allows (IAM User Guide, "How AWS enforcement code logic evaluates requests", resource-based policies).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Naming {
    /// The account is named: its administrators decide, by identity policies.
    Account,
    /// The role is named: its boundary limits the session.
    Role,
    /// The user, the session or the service is named, or everybody.
    Itself,
}

/// The element `Principal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principals(Vec<Named>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Everybody,
    Account(String),
    Role(Arn),
    UserOrSession(Arn),
    Service(String),
}

impl Principals {
    pub(crate) fn parse(value: &Value) -> Result<Self, PolicyError> {
        if value == "*" {
            return Ok(Self(vec![Named::Everybody]));
        }
        let members = value
            .as_object()
            .filter(|members| !members.is_empty())
            .ok_or_else(|| PolicyError::malformed(format!("Principal: {value}")))?;
        let mut named = Vec::new();
        for (kind, ids) in members {
            for id in texts("Principal", ids)? {
                named.push(match kind.as_str() {
                    "AWS" => Named::parse(id)?,
                    "Service" => Named::Service(id.to_owned()),
                    "Federated" | "CanonicalUser" => {
                        return Err(PolicyError::unsupported(format!("a principal of {kind}")));
                    }
                    _ => return Err(PolicyError::malformed(format!("a principal of {kind}"))),
                });
            }
        }
        Ok(Self(named))
    }

    /// How the principal is named, most directly first; nothing where it is not.
    pub(crate) fn naming(&self, principal: &Principal) -> Option<Naming> {
        self.0
            .iter()
            .filter_map(|named| named.naming(principal))
            .max()
    }
}

impl Named {
    fn parse(id: &str) -> Result<Self, PolicyError> {
        if id == "*" {
            return Ok(Self::Everybody);
        }
        if id.contains(['*', '?']) {
            return Err(PolicyError::malformed(format!(
                "{id}: a wildcard can't be a part of a principal"
            )));
        }
        if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Account(id.to_owned()));
        }
        let arn =
            Arn::parse(id).map_err(|_| PolicyError::malformed(format!("the principal {id}")))?;
        match (arn.service(), arn.resource().split('/').next()) {
            ("iam", Some("root")) => Ok(Self::Account(arn.account().to_owned())),
            ("iam", Some("role")) => Ok(Self::Role(arn)),
            ("iam", Some("user")) | ("sts", Some("assumed-role")) => Ok(Self::UserOrSession(arn)),
            _ => Err(PolicyError::unsupported(format!("the principal {id}"))),
        }
    }

    fn naming(&self, principal: &Principal) -> Option<Naming> {
        match self {
            Self::Everybody => Some(Naming::Itself),
            Self::Account(account) => {
                (principal.account() == Some(account)).then_some(match principal {
                    Principal::Root(_) => Naming::Itself,
                    Principal::User(_) | Principal::Session { .. } | Principal::Service(_) => {
                        Naming::Account
                    }
                })
            }
            Self::Role(named) => match principal {
                Principal::Session { role, .. } => (role == named).then_some(Naming::Role),
                Principal::User(_) | Principal::Root(_) | Principal::Service(_) => None,
            },
            Self::UserOrSession(named) => match principal {
                Principal::User(arn) | Principal::Session { session: arn, .. } => {
                    (arn == named).then_some(Naming::Itself)
                }
                Principal::Root(_) | Principal::Service(_) => None,
            },
            Self::Service(named) => match principal {
                Principal::Service(name) => (name == named).then_some(Naming::Itself),
                Principal::User(_) | Principal::Session { .. } | Principal::Root(_) => None,
            },
        }
    }
}
