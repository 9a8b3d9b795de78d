//! A place within a manifest, as people and as JSON pointers write it.

use std::fmt;

/// One step from a value to a value within it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a sequence.
    Index(usize),
}

/// The way from the root of the document to a value.
///
/// `Display` writes it as `actions[2].secrets[0].arn`; the root is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(Vec<Step>);

impl Place {
    /// The whole document.
    pub(super) fn root() -> Self {
        Self::default()
    }

    /// The member of a mapping.
    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    /// The element of a sequence.
    pub(super) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The place that steps from here lead to.
    pub(super) fn then(&self, steps: impl IntoIterator<Item = Step>) -> Self {
        let mut all = self.0.clone();
        all.extend(steps);
        Self(all)
    }

    /// The steps, outermost first.
    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The place around this one and the last step; none for the root.
    pub(super) fn parent(&self) -> Option<(Self, &Step)> {
        let (last, rest) = self.0.split_last()?;
        Some((Self(rest.to_vec()), last))
    }

    /// This place and every one around it.
    pub(super) fn and_around(&self) -> impl Iterator<Item = Self> {
        (0..=self.0.len()).map(|length| Self(self.0[..length].to_vec()))
    }
}

/// A key that needs no quotes in a path.
fn is_plain(key: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$');
    !key.is_empty() && key.len() <= 64 && key.bytes().all(fits)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if is_plain(key) && nth == 0 => f.write_str(key)?,
                Step::Key(key) if is_plain(key) => write!(f, ".{key}")?,
                Step::Key(key) => {
                    let cut: String = key.chars().take(64).collect();
                    write!(f, "[{cut:?}]")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn is_written_as_people_write_it() {
        let arn = Place::root()
            .key("actions")
            .index(2)
            .key("secrets")
            .index(0)
            .key("arn");
        assert_eq!(arn.to_string(), "actions[2].secrets[0].arn");
        assert_eq!(Place::root().to_string(), "");
        assert_eq!(
            Place::root().key("map").key("a.b").to_string(),
            "map[\"a.b\"]"
        );
    }
}
