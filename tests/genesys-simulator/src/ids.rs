//! Ids and secrets by chance, from a generator that one seed fixes.

use fastrand::Rng;
use secrecy::SecretString;
use uuid::Builder;

/// Makes the ids of one organization.
#[derive(Debug, Clone)]
pub(crate) struct Ids(Rng);

impl Ids {
    /// Others in every process.
    pub(crate) fn random() -> Self {
        Self(Rng::new())
    }

    /// The same for the same seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// A new id: a UUID of version 4.
    pub(crate) fn id(&mut self) -> String {
        let bytes = self.0.u128(..).to_be_bytes();
        Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// A new secret: of a client, or a token.
    pub(crate) fn secret(&mut self) -> SecretString {
        format!("{}{}", self.id(), self.id())
            .replace('-', "")
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_row_of_different_ids() {
        let row = |seed| {
            let mut ids = Ids::seeded(seed);
            [ids.id(), ids.id()]
        };
        assert_eq!(row(1), row(1));
        assert_ne!(row(1), row(2));
        assert_ne!(row(1)[0], row(1)[1]);
        assert_eq!(row(1)[0].as_bytes()[14], b'4', "the version");
    }
}
