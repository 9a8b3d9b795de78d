/// Why the template could not be read or resolved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}")]
pub struct TemplateError {
    /// Where, such as a resource's logical id.
    pub at: String,
    /// What is wrong there.
    pub what: String,
}

impl TemplateError {
    pub(crate) fn new(at: impl Into<String>, what: impl ToString) -> Self {
        Self {
            at: at.into(),
            what: what.to_string(),
        }
    }
}
