//! Who may watch a render? Whoever knows its name, which nobody guesses: 128 random bits.

use std::fmt;

/// The name of a render, written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RenderId(u128);

impl RenderId {
    /// A name that nobody has.
    pub(crate) fn random() -> RenderId {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        RenderId(u128::from_be_bytes(bytes))
    }

    /// Reads a name exactly as it is written.
    pub(crate) fn parse(text: &str) -> Option<RenderId> {
        let digits = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 32 || !text.bytes().all(digits) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(RenderId)
    }
}

impl fmt::Display for RenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_as_it_was_written() {
        let id = RenderId::random();
        assert_eq!(RenderId::parse(&id.to_string()), Some(id));
        assert_ne!(id, RenderId::random());
    }
}
