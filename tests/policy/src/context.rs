//! Condition keys, and the values that a request has for them.

use std::collections::BTreeMap;

use crate::PolicyError;

/// What a condition key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ValueType {
    /// A text, which may be an ARN.
    Text,
    /// `true` or `false`.
    Boolean,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Values {
    Single,
    Multiple,
}

/// The condition keys that are evaluated, in lower case: names of keys are case-insensitive. One that ends in `/` or
/// `:` is the beginning of a family (`aws:RequestTag/NAME`).
///
/// Sources: IAM User Guide, "AWS global condition context keys" and "IAM and AWS STS condition context keys";
/// Service Authorization Reference of AWS Secrets Manager, AWS KMS, Amazon S3, Amazon DynamoDB and Amazon EC2 (the
/// last two for the examples of the IAM User Guide).
const KEYS: [(&str, ValueType, Values); 26] = [
    (
        "aws:multifactorauthpresent",
        ValueType::Boolean,
        Values::Single,
    ),
    ("aws:principalaccount", ValueType::Text, Values::Single),
    ("aws:principalarn", ValueType::Text, Values::Single),
    ("aws:principaltag/", ValueType::Text, Values::Single),
    ("aws:requestedregion", ValueType::Text, Values::Single),
    ("aws:requesttag/", ValueType::Text, Values::Single),
    ("aws:resourceaccount", ValueType::Text, Values::Single),
    ("aws:resourcetag/", ValueType::Text, Values::Single),
    ("aws:securetransport", ValueType::Boolean, Values::Single),
    ("aws:sourceaccount", ValueType::Text, Values::Single),
    ("aws:sourcearn", ValueType::Text, Values::Single),
    ("aws:tagkeys", ValueType::Text, Values::Multiple),
    ("aws:tokenissuetime", ValueType::Text, Values::Single),
    ("aws:username", ValueType::Text, Values::Single),
    ("dynamodb:attributes", ValueType::Text, Values::Multiple),
    ("ec2:instancetype", ValueType::Text, Values::Single),
    ("iam:passedtoservice", ValueType::Text, Values::Single),
    ("iam:permissionsboundary", ValueType::Text, Values::Single),
    ("iam:policyarn", ValueType::Text, Values::Single),
    ("iam:resourcetag/", ValueType::Text, Values::Single),
    ("kms:encryptioncontext:", ValueType::Text, Values::Single),
    ("kms:viaservice", ValueType::Text, Values::Single),
    ("s3:existingobjecttag/", ValueType::Text, Values::Single),
    ("s3:prefix", ValueType::Text, Values::Single),
    (
        "secretsmanager:resource/allowrotationlambdaarn",
        ValueType::Text,
        Values::Single,
    ),
    ("sts:externalid", ValueType::Text, Values::Single),
];

/// The name of a condition key that is evaluated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    name: String,
    holds: ValueType,
    values: Values,
}

impl Key {
    pub(crate) fn parse(written: &str) -> Result<Self, PolicyError> {
        let name = written.to_lowercase();
        let is_family = |known: &str| known.ends_with(['/', ':']);
        let known = KEYS.iter().find(|(known, ..)| {
            if is_family(known) {
                name.len() > known.len() && name.starts_with(known)
            } else {
                name == *known
            }
        });
        let (_, holds, values) = *known
            .ok_or_else(|| PolicyError::unsupported(format!("the condition key {written}")))?;
        Ok(Self {
            name,
            holds,
            values,
        })
    }

    pub(crate) fn is_multivalued(&self) -> bool {
        self.values == Values::Multiple
    }

    pub(crate) fn value_type(&self) -> ValueType {
        self.holds
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// The keys that follow from the request itself: a context cannot say otherwise.
const DERIVED: [&str; 5] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:resourceaccount",
    "aws:securetransport",
    "aws:username",
];

/// The condition keys of a request, beside those that follow from its principal and its resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    values: BTreeMap<Key, Vec<String>>,
    secure_transport: bool,
}

impl Context {
    /// A request over TLS with no other keys. `aws:SecureTransport` is in every request's context (IAM User Guide,
    /// "Condition operators", Boolean).
    #[must_use]
    pub fn over_tls() -> Self {
        Self {
            values: BTreeMap::new(),
            secure_transport: true,
        }
    }

    /// A request that is not encrypted, with no other keys.
    #[must_use]
    pub fn without_tls() -> Self {
        Self {
            values: BTreeMap::new(),
            secure_transport: false,
        }
    }

    /// With a key and its value.
    ///
    /// # Errors
    /// Where the key is not known, has several values, or is not the caller's to say.
    pub fn with(self, key: &str, value: &str) -> Result<Self, PolicyError> {
        let known = Key::parse(key)?;
        if known.is_multivalued() {
            return Err(PolicyError::unsupported(format!(
                "{key} with one value: it has a list of them"
            )));
        }
        if DERIVED.contains(&known.name()) {
            return Err(PolicyError::unsupported(format!(
                "{key} follows from the request"
            )));
        }
        Ok(self.insert(known, vec![value.to_owned()]))
    }

    /// With a key and its values.
    ///
    /// # Errors
    /// Where the key is not known, or has one value.
    pub fn with_all<V: Into<String>>(
        self,
        key: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, PolicyError> {
        let known = Key::parse(key)?;
        if !known.is_multivalued() {
            return Err(PolicyError::unsupported(format!(
                "{key} with a list of values: it has one"
            )));
        }
        Ok(self.insert(known, values.into_iter().map(Into::into).collect()))
    }

    /// Of all keys that a service gives a request, those that a policy can name here: a policy with any other is not
    /// read at all. What follows from the request is taken from there, but for `aws:SecureTransport`.
    ///
    /// # Errors
    /// Where a key that has one value is given several.
    pub fn gather<'k>(
        keys: impl IntoIterator<Item = (&'k str, &'k [String])>,
    ) -> Result<Self, PolicyError> {
        let mut context = Self::over_tls();
        for (name, values) in keys {
            let Ok(key) = Key::parse(name) else {
                continue;
            };
            if key.name() == "aws:securetransport" {
                context.secure_transport = values == ["true"];
            } else if DERIVED.contains(&key.name()) {
                continue;
            } else if !key.is_multivalued() && values.len() != 1 {
                return Err(PolicyError::unsupported(format!(
                    "{name} with {} values: it has one",
                    values.len()
                )));
            } else {
                context = context.insert(key, values.to_vec());
            }
        }
        Ok(context)
    }

    fn insert(mut self, key: Key, values: Vec<String>) -> Self {
        self.values.insert(key, values);
        self
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&[String]> {
        self.values.get(key).map(Vec::as_slice)
    }

    pub(crate) fn secure_transport(&self) -> &'static str {
        if self.secure_transport {
            "true"
        } else {
            "false"
        }
    }
}
