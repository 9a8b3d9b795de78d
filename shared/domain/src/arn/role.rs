//! The name and the ARN of an IAM role.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{InvalidArn, MAX_ROLE_NAME, ROLE_FORM, is_word, one_to, sections, shown, text_type};

/// The name of an IAM role, without a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

impl RoleName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoleName {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let fits = |b: u8| is_word(b) || matches!(b, b'+' | b'=' | b',' | b'.' | b'@');
        if one_to(MAX_ROLE_NAME, text, fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidArn::RoleName { text: shown(text) })
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for RoleName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

text_type!(
    RoleName, InvalidArn,
    pattern "^[A-Za-z0-9_+=,.@-]{1,64}$",
    hint "Write the name, not the ARN, of a role in the stack's account: 1 to 64 letters, digits \
          or any of `+=,.@_-`.",
    described "The name, not the ARN, of an IAM role in the stack's account."
);

/// The ARN of an IAM role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleArn {
    partition: String,
    account: String,
    /// With its slashes: `/` or `/some/path/`.
    path: String,
    name: RoleName,
}

impl RoleArn {
    /// The role of this name in an account, at the root path. `partition` and `account` are taken
    /// as they are: they come from the stack's own configuration.
    pub fn new(partition: impl Into<String>, account: impl Into<String>, name: RoleName) -> Self {
        Self {
            partition: partition.into(),
            account: account.into(),
            path: "/".to_owned(),
            name,
        }
    }

    /// The partition, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The account, twelve digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The path with its slashes: `/` or `/some/path/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The role's name, without its path.
    #[must_use]
    pub fn name(&self) -> &RoleName {
        &self.name
    }
}

impl FromStr for RoleArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let [partition, _, account, resource] = sections(text, "role", "iam", ROLE_FORM)?;
        let section = |found: &str, expected| InvalidArn::Section {
            kind: "role",
            section: "resource",
            found: shown(found),
            expected,
        };
        let Some(role) = resource.strip_prefix("role") else {
            return Err(section(resource, "role/NAME"));
        };
        let Some((path, name)) = role.rsplit_once('/') else {
            return Err(section(resource, "role/NAME"));
        };
        let whole = path.is_empty()
            || (path.starts_with('/')
                && path.len() <= 510
                && path.bytes().all(|b| b.is_ascii_graphic()));
        if !whole {
            return Err(section(resource, "role/NAME or role/PATH/NAME"));
        }
        Ok(Self {
            partition: partition.to_owned(),
            account: account.to_owned(),
            path: format!("{path}/"),
            name: name.parse()?,
        })
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            account,
            path,
            name,
        } = self;
        write!(f, "arn:{partition}:iam::{account}:role{path}{name}")
    }
}

text_type!(
    RoleArn, InvalidArn,
    pattern "^arn:(aws|aws-us-gov|aws-cn|aws-eusc):iam::[0-9]{12}:role(/[!-~]{0,509})?/[A-Za-z0-9_+=,.@-]{1,64}$",
    hint "Write the ARN of a role: arn:aws:iam::ACCOUNT:role/NAME.",
    described "The ARN of an IAM role."
);
