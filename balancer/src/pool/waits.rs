//! How long do requests wait for a slot? A histogram in which a request costs one addition, and a second one if
//! it waited: every request passes here, so there is no lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds of 1 ms, 2 ms, 4 ms and so on to 66 s: just past the default of the longest wait.
const BOUNDED: usize = 17;

/// How long requests waited so far, those that got a slot at once with 0.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    /// How many waits are within a bound and past the one before; the last ones are past all bounds.
    counts: [AtomicU64; BOUNDED + 1],
    micros: AtomicU64,
}

impl Waits {
    /// A request got a slot without waiting.
    pub(crate) fn none(&self) {
        self.counts[0].fetch_add(1, Ordering::Relaxed);
    }

    /// A request waited, whether or not it got a slot then.
    pub(crate) fn ended(&self, after: Duration) {
        self.counts[bucket(after)].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// How many waits there were between each bound in seconds and the one before. The last bound is infinite.
    pub(crate) fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = (0..BOUNDED as i32).map(|i| 0.001 * 2_f64.powi(i));
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        bounds.chain([f64::INFINITY]).zip(counts).collect()
    }

    /// The sum of all waits.
    pub(crate) fn sum(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}

/// The first one whose bound is not below `wait`.
fn bucket(wait: Duration) -> usize {
    let millis = wait.as_nanos().div_ceil(1_000_000).min(1 << BOUNDED);
    // The power of two at or above it: 1 ms is the first bound.
    millis.next_power_of_two().ilog2() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_counts_in_the_first_bucket_whose_bound_holds_it() {
        for (micros, expected) in [
            (0, 0.001),
            (1000, 0.001),
            (1001, 0.002),
            (2000, 0.002),
            (2001, 0.004),
            (60_000_000, 65.536),
            (65_536_000, 65.536),
            (65_536_001, f64::INFINITY),
            (u64::MAX, f64::INFINITY),
        ] {
            let waits = Waits::default();
            waits.ended(Duration::from_micros(micros));
            let counted: Vec<_> = waits.buckets().into_iter().filter(|b| b.1 > 0).collect();
            assert_eq!(counted, [(expected, 1)], "{micros} µs");
            assert_eq!(waits.sum(), Duration::from_micros(micros));
        }
    }

    #[test]
    fn a_request_that_did_not_wait_counts_as_nothing() {
        let waits = Waits::default();
        waits.none();
        assert_eq!(waits.buckets()[0], (0.001, 1));
        assert_eq!(waits.sum(), Duration::ZERO);
    }
}
