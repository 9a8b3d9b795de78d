use std::fmt;

use crate::PolicyError;

/// An Amazon Resource Name: six parts between colons, the last of which may hold colons itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    text: String,
}

impl Arn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// Where the text does not have the six parts, or holds a wildcard: requests are about one resource.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let whole = matches!(parts[..], ["arn", partition, service, _, _, resource]
            if !partition.is_empty() && !service.is_empty() && !resource.is_empty());
        if whole {
            Ok(Self {
                text: text.to_owned(),
            })
        } else {
            Err(PolicyError::unsupported(format!("{text} is not an ARN")))
        }
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The account, empty where the service's ARNs have none.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// What follows the account.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// The service, such as `iam`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The partition, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    fn part(&self, index: usize) -> &str {
        self.text.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
