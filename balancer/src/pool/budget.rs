//! How many retries are too many? Each request earns a fifth of one and a retry costs one, so that retries
//! add at most a fifth to the load of servers in trouble; savings cover the loss of a whole server.

use std::sync::atomic::{AtomicU32, Ordering};

/// Counted in fifths, so that whole numbers do.
const RETRY: u32 = 5;
/// One hundred retries: what a busy server has in flight when it dies.
const MOST: u32 = 100 * RETRY;

#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Budget {
    pub(crate) fn full() -> Budget {
        Budget(AtomicU32::new(MOST))
    }

    /// A request came.
    pub(crate) fn earn(&self) {
        if self.0.load(Ordering::Relaxed) < MOST {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a retry may be made; then it is paid for.
    pub(crate) fn spend(&self) -> bool {
        self.0
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                saved.checked_sub(RETRY)
            })
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_fifth_of_requests_once_the_savings_are_gone() {
        let budget = Budget::full();
        assert_eq!((0..1000).filter(|_| budget.spend()).count(), 100);
        let mut retries = 0;
        for _ in 0..100 {
            budget.earn();
            retries += u32::from(budget.spend());
        }
        assert_eq!(retries, 20);
    }
}
