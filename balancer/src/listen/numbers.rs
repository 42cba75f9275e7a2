//! What is a connection called? A number that is not used twice and that nobody outside can guess, so that the
//! names of requests, which begin with it, tell nothing about other clients.

use std::sync::atomic::{AtomicU64, Ordering};

/// A sequence of 64-bit numbers without repetition.
#[derive(Debug)]
pub(super) struct Numbers {
    state: AtomicU64,
    secret: u64,
}

impl Numbers {
    /// The sequence that these two begin.
    pub(super) fn new(start: u64, secret: u64) -> Numbers {
        Numbers {
            state: AtomicU64::new(start),
            secret,
        }
    }

    /// One that the system's randomness begins.
    pub(super) fn from_system() -> Result<Numbers, getrandom::Error> {
        Ok(Numbers::new(getrandom::u64()?, getrandom::u64()?))
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): a counter, mixed by a bijection.
    pub(super) fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(step, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).wrapping_add(self.secret)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_number_comes_twice() {
        let numbers = Numbers::new(1, 2);
        let seen: HashSet<u64> = (0..10_000).map(|_| numbers.next()).collect();
        assert_eq!(seen.len(), 10_000);
    }
}
