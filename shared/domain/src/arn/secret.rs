//! The ARN of a secret.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{InvalidArn, SECRET_FORM, is_word, one_to, sections, shown, text_type};

/// The full ARN of a secret in Secrets Manager, with the six characters at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretArn {
    partition: String,
    region: String,
    account: String,
    name: String,
    suffix: String,
}

impl SecretArn {
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

    /// The secret's name, without the six characters that only the ARN has.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is `full` without the six random characters at its end.
    ///
    /// An ARN that lacks them is taken for a complete one where the secret's name itself ends in a
    /// hyphen and six characters, such as `genesys/lockstep-client`: only Secrets Manager knows,
    /// which finds a secret by its partial ARN too (API reference, `DescribeSecret`) and answers
    /// with the full one. Rotation events name the full one alone.
    #[must_use]
    pub fn is_partial_of(&self, full: &Self) -> bool {
        let place = |arn: &Self| {
            (
                arn.partition.clone(),
                arn.region.clone(),
                arn.account.clone(),
            )
        };
        place(self) == place(full) && full.name == self.name_without_suffix()
    }

    /// The secret's name if this is an ARN without the six characters: a name may end in a hyphen
    /// and six characters itself.
    #[must_use]
    pub fn name_without_suffix(&self) -> String {
        format!("{}-{}", self.name, self.suffix)
    }
}

impl FromStr for SecretArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let [partition, region, account, resource] =
            sections(text, "secret", "secretsmanager", SECRET_FORM)?;
        let section = |section, found: &str, expected| InvalidArn::Section {
            kind: "secret",
            section,
            found: shown(found),
            expected,
        };
        let Some(secret) = resource.strip_prefix("secret:") else {
            return Err(section("resource", resource, "secret:NAME-AbCdEf"));
        };
        let suffixed = secret.rsplit_once('-').filter(|(_, suffix)| {
            suffix.len() == 6 && one_to(6, suffix, |b| b.is_ascii_alphanumeric())
        });
        let Some((name, suffix)) = suffixed else {
            let expected = "the full name with the six characters that AWS appends";
            return Err(section("name", secret, expected));
        };
        // `!` occurs in the names of secrets that AWS manages, such as `rds!db-...` (Secrets
        // Manager user guide, "Secrets managed by other AWS services").
        let fits = |b: u8| is_word(b) || matches!(b, b'/' | b'+' | b'=' | b'.' | b'@' | b'!');
        if !one_to(512, name, fits) {
            let expected = "1 to 512 letters, digits or any of `/_+=.@!-`";
            return Err(section("name", name, expected));
        }
        Ok(Self {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
            suffix: suffix.to_owned(),
        })
    }
}

impl fmt::Display for SecretArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            region,
            account,
            name,
            suffix,
        } = self;
        write!(
            f,
            "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{suffix}"
        )
    }
}

text_type!(
    SecretArn, InvalidArn,
    pattern "^arn:(aws|aws-us-gov|aws-cn|aws-eusc):secretsmanager:[a-z]{1,16}(-[a-z]{1,16}){1,3}-[0-9]{1,2}:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]{1,512}-[A-Za-z0-9]{6}$",
    hint "Write the full ARN of a secret, with the six characters that AWS appends: \
          arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf.",
    described "The full ARN of the secret in AWS Secrets Manager, with the six characters that AWS \
               appends."
);

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(name: &str) -> SecretArn {
        let text = format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}");
        text.parse().unwrap()
    }

    #[test]
    fn an_arn_without_its_random_suffix_is_known_by_the_full_one() {
        let partial = arn("genesys/lockstep-client");
        assert!(partial.is_partial_of(&arn("genesys/lockstep-client-a1B2c3")));
        // The secret `genesys/lockstep`, whose random characters happen to read `client`.
        assert!(!partial.is_partial_of(&partial));
        assert!(!partial.is_partial_of(&arn("genesys/lockstep-a1B2c3")));
        assert!(!arn("genesys/lockstep-a1B2c3").is_partial_of(&partial));
        let elsewhere =
            "arn:aws:secretsmanager:us-east-1:210987654321:secret:genesys/lockstep-client-a1B2c3";
        assert!(!partial.is_partial_of(&elsewhere.parse().unwrap()));
    }
}
