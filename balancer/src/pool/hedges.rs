//! How many requests may be sent twice at the same time? Each request earns a fiftieth of one, so that hedging adds at
//! most 2 % to what servers do; a few can be saved up, for stragglers come together.

use std::sync::atomic::{AtomicU32, Ordering};

/// Counted in fiftieths, so that whole numbers do.
const HEDGE: u32 = 50;
const MOST: u32 = 10 * HEDGE;

#[derive(Debug, Default)]
pub(crate) struct Hedges(AtomicU32);

impl Hedges {
    /// A request came.
    pub(crate) fn earn(&self) {
        if self.0.load(Ordering::Relaxed) < MOST {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a request may be sent once more; then it is paid for.
    pub(crate) fn spend(&self) -> bool {
        self.0
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                saved.checked_sub(HEDGE)
            })
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hedges_are_a_fiftieth_of_requests() {
        let hedges = Hedges::default();
        let mut spent = 0;
        for _ in 0..10_000 {
            hedges.earn();
            spent += u32::from(hedges.spend());
        }
        assert_eq!(spent, 200);
        (0..100_000).for_each(|_| hedges.earn());
        assert_eq!((0..1000).filter(|_| hedges.spend()).count(), 10);
    }
}
