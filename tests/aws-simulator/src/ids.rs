//! Ids from a seed: the same requests in the same order get the same ids.

/// A generator of ids (SplitMix64; Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Ids(u64);

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8] = b"0123456789abcdef";

impl Ids {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        (0..length)
            .map(|_| {
                let at = usize::try_from(self.next() % alphabet.len() as u64).unwrap();
                char::from(alphabet[at])
            })
            .collect()
    }

    /// Letters and digits.
    pub(crate) fn alphanumeric(&mut self, length: usize) -> String {
        self.text(length, ALPHANUMERIC)
    }

    /// As in access keys and the ids of IAM.
    pub(crate) fn upper(&mut self, length: usize) -> String {
        self.text(length, UPPER)
    }

    /// A UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.text(32, HEX);
        let variant = ['8', '9', 'a', 'b'][usize::try_from(self.below(4)).unwrap()];
        format!(
            "{}-{}-4{}-{variant}{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..]
        )
    }
}
