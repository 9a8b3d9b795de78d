//! The ARN of a Lambda function.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{FUNCTION_FORM, InvalidArn, is_word, one_to, sections, shown, text_type};

/// The ARN of a Lambda function, with an alias or a version or neither.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FunctionArn {
    partition: String,
    region: String,
    account: String,
    name: String,
    qualifier: Option<String>,
}

impl FunctionArn {
    /// The partition, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The region, such as `us-east-1`.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account, twelve digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The alias or version, if the ARN names one.
    #[must_use]
    pub fn qualifier(&self) -> Option<&str> {
        self.qualifier.as_deref()
    }

    /// The same function without alias or version.
    #[must_use]
    pub fn unqualified(&self) -> Self {
        Self {
            qualifier: None,
            ..self.clone()
        }
    }
}

impl FromStr for FunctionArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let [partition, region, account, resource] =
            sections(text, "function", "lambda", FUNCTION_FORM)?;
        let section = |section, found: &str, expected| InvalidArn::Section {
            kind: "function",
            section,
            found: shown(found),
            expected,
        };
        let Some(function) = resource.strip_prefix("function:") else {
            return Err(section("resource", resource, "function:NAME"));
        };
        let (name, qualifier) = match function.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (function, None),
        };
        if !one_to(64, name, is_word) {
            let expected = "1 to 64 letters, digits, `_` or `-`";
            return Err(section("name", name, expected));
        }
        match qualifier {
            Some("$LATEST") => return Err(InvalidArn::Latest),
            Some(qualifier) if !one_to(128, qualifier, is_word) => {
                let expected = "an alias or a version number";
                return Err(section("qualifier", qualifier, expected));
            }
            Some(_) | None => {}
        }
        Ok(Self {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        })
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            region,
            account,
            name,
            qualifier,
        } = self;
        write!(
            f,
            "arn:{partition}:lambda:{region}:{account}:function:{name}"
        )?;
        match qualifier {
            Some(qualifier) => write!(f, ":{qualifier}"),
            None => Ok(()),
        }
    }
}

text_type!(
    FunctionArn, InvalidArn,
    pattern "^arn:(aws|aws-us-gov|aws-cn|aws-eusc):lambda:[a-z]{1,16}(-[a-z]{1,16}){1,3}-[0-9]{1,2}:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?$",
    hint "Write the ARN of a function, optionally with an alias or a version: \
          arn:aws:lambda:REGION:ACCOUNT:function:NAME. $LATEST is not allowed.",
    described "The ARN of the Lambda function, optionally with an alias or a version. $LATEST is \
               not allowed."
);
