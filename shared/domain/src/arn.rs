//! The AWS names Lockstep works with: functions, secrets and roles, each parsed once.
//!
//! An ARN that is one of these types is whole: partition, region and account are there and look
//! right, so that code that builds policies never meets a wildcard or half a name. Forms: AWS's
//! "Amazon Resource Names" reference, the Lambda API reference (`FunctionArn`, `Qualifier`), the
//! Secrets Manager guide (six random characters end a secret's ARN) and the IAM API reference
//! (`RoleName`).

mod function;
mod pattern;
mod role;
mod secret;

pub use function::FunctionArn;
pub use pattern::FunctionPattern;
pub(crate) use pattern::matches_glob;
pub use role::{RoleArn, RoleName};
pub use secret::SecretArn;

/// The known partitions, as they are written in an ARN.
pub const PARTITIONS: [&str; 4] = ["aws", "aws-us-gov", "aws-cn", "aws-eusc"];

/// The longest role name, in characters (IAM API reference, `RoleName`).
pub const MAX_ROLE_NAME: usize = 64;

/// A text that is not the ARN or name it should be, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArn {
    /// Not of the form at all.
    ///
    /// The text itself is not shown: it may be a secret that was pasted into the wrong place.
    #[error("this is not the ARN of a {kind}; the form is {form}")]
    Form {
        /// What it should have been.
        kind: &'static str,
        /// The form it should have.
        form: &'static str,
    },
    /// One section of the ARN is not right.
    #[error("the {kind}'s ARN has the {section} {found:?}; expected {expected}")]
    Section {
        /// What the ARN should have named.
        kind: &'static str,
        /// Which section.
        section: &'static str,
        /// The value, cut to a readable length.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// `$LATEST` changes with every deployment.
    #[error(
        "the qualifier $LATEST is not allowed: the code that it names changes with every \
             deployment"
    )]
    Latest,
    /// Not the name of a role.
    #[error("{text:?} is not a role name; use 1 to 64 letters, digits or any of `+=,.@_-`")]
    RoleName {
        /// The text, cut to a readable length.
        text: String,
    },
    /// Not a pattern for functions.
    #[error(
        "{text:?} is not a function pattern; the form is {FUNCTION_FORM}, with `*` or `?` allowed \
         in its sections"
    )]
    Pattern {
        /// The text, cut to a readable length.
        text: String,
    },
}

const FUNCTION_FORM: &str = "arn:aws:lambda:REGION:ACCOUNT:function:NAME[:ALIAS]";
const SECRET_FORM: &str = "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf";
const ROLE_FORM: &str = "arn:aws:iam::ACCOUNT:role/NAME";

/// A text from outside may be long; a message should not be.
fn shown(text: &str) -> String {
    const MOST: usize = 100;
    let mut cut: String = text.chars().take(MOST).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

fn one_to(most: usize, text: &str, fits: impl Fn(u8) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(fits)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`: lower-case words, then a number.
fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    let words: Vec<&str> = words.split('-').collect();
    (2..=4).contains(&words.len())
        && words
            .iter()
            .all(|word| one_to(16, word, |b| b.is_ascii_lowercase()))
        && one_to(2, number, |b| b.is_ascii_digit())
}

/// Whether a text is an AWS account id: twelve digits.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The sections before the resource, checked, and the resource.
fn sections<'t>(
    text: &'t str,
    kind: &'static str,
    service: &'static str,
    form: &'static str,
) -> Result<[&'t str; 4], InvalidArn> {
    let section = |section, found: &str, expected| InvalidArn::Section {
        kind,
        section,
        found: shown(found),
        expected,
    };
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let &["arn", partition, found_service, region, account, resource] = parts.as_slice() else {
        return Err(InvalidArn::Form { kind, form });
    };
    if found_service != service {
        return Err(section("service", found_service, service));
    }
    if !PARTITIONS.contains(&partition) {
        let expected = "aws, aws-us-gov, aws-cn or aws-eusc";
        return Err(section("partition", partition, expected));
    }
    // IAM is global: its ARNs have no region.
    if service == "iam" {
        if !region.is_empty() {
            return Err(section("region", region, "empty"));
        }
    } else if !is_region(region) {
        return Err(section("region", region, "a region such as us-east-1"));
    }
    if !is_account(account) {
        return Err(section("account", account, "twelve digits"));
    }
    Ok([partition, region, account, resource])
}

/// What serde, `Display` and the JSON Schema need, the same for every checked text.
macro_rules! text_type {
    ($name:ident, $error:ty, pattern $pattern:expr, hint $hint:literal, described $about:literal) => {
        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "title": stringify!($name),
                    "description": $about,
                    "pattern": $pattern,
                    "patternErrorMessage": $hint,
                })
            }
        }
    };
}
pub(crate) use text_type;
