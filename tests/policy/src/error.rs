/// Why a document or a request is not evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// IAM refuses the document as well, with `MalformedPolicyDocument`.
    #[error("malformed policy document: {0}")]
    Malformed(String),
    /// IAM may accept it; this crate does not know what it means.
    #[error("not evaluated here: {0}")]
    Unsupported(String),
}

impl PolicyError {
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }
}
