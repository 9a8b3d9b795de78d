//! Who can sign requests.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

/// Who signed a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    /// The account it belongs to.
    pub account: String,
    /// What it is.
    pub kind: PrincipalKind,
}

/// Kinds of principals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrincipalKind {
    /// The account itself.
    Root,
    /// A user of IAM.
    User {
        /// Its name, with its path.
        name: String,
    },
    /// A session of a role.
    Role {
        /// The role's name.
        name: String,
        /// The session's.
        session: String,
    },
    /// A service of AWS that acts by itself.
    Service {
        /// Such as `events.amazonaws.com`.
        name: String,
        /// On whose behalf: `aws:SourceArn`.
        source_arn: Option<String>,
    },
}

impl Principal {
    /// An account itself.
    pub fn root(account: impl Into<String>) -> Self {
        Self {
            account: account.into(),
            kind: PrincipalKind::Root,
        }
    }

    /// A user.
    pub fn user(account: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            account: account.into(),
            kind: PrincipalKind::User { name: name.into() },
        }
    }

    /// A session of a role.
    pub fn role(
        account: impl Into<String>,
        name: impl Into<String>,
        session: impl Into<String>,
    ) -> Self {
        Self {
            account: account.into(),
            kind: PrincipalKind::Role {
                name: name.into(),
                session: session.into(),
            },
        }
    }

    /// Its ARN as `GetCallerIdentity` and denials write it (IAM user guide, "IAM identifiers").
    #[must_use]
    pub fn arn(&self, partition: &str) -> String {
        let account = &self.account;
        match &self.kind {
            PrincipalKind::Root => format!("arn:{partition}:iam::{account}:root"),
            PrincipalKind::User { name } => format!("arn:{partition}:iam::{account}:user/{name}"),
            PrincipalKind::Role { name, session } => {
                format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
            }
            PrincipalKind::Service { name, .. } => name.clone(),
        }
    }

    /// The value of `aws:PrincipalArn`: a session counts as its role (IAM user guide, "AWS global
    /// condition context keys"). A service has none.
    #[must_use]
    pub fn principal_arn(&self, partition: &str) -> Option<String> {
        let account = &self.account;
        match &self.kind {
            PrincipalKind::Root | PrincipalKind::User { .. } => Some(self.arn(partition)),
            PrincipalKind::Role { name, .. } => {
                Some(format!("arn:{partition}:iam::{account}:role/{name}"))
            }
            PrincipalKind::Service { .. } => None,
        }
    }
}

/// An access key and whose it is. The secret key is not checked, since signatures are not. The token
/// is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key's id.
    pub access_key_id: String,
    /// Whose.
    pub principal: Principal,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
    /// Until when they are valid; `None` where they are not temporary.
    pub until: Option<Timestamp>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("principal", &self.principal)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Every access key of the account, and those of others that reach it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(BTreeMap<String, Credentials>);

impl Keys {
    pub(crate) fn add(&mut self, credentials: Credentials) {
        self.0
            .insert(credentials.access_key_id.clone(), credentials);
    }

    pub(crate) fn of(&self, access_key_id: &str) -> Option<&Credentials> {
        self.0.get(access_key_id)
    }
}
