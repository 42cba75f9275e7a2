//! How long do answers take? A histogram of the time to an answer's head, over about the last thousands of answers of the
//! pool. A request costs two additions; the quantiles that somebody asks for are reckoned anew every now and then.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Buckets per doubling: a quantile is at most an eighth too large.
const PER_OCTAVE: u64 = 8;
/// From a microsecond to half a day.
const BUCKETS: usize = 36 * PER_OCTAVE as usize;
/// Fewer answers say nothing of the slowest twentieth.
const FRESH: u32 = 64;
/// Then all counts are halved, so that what is long ago counts for little.
const REMEMBERED: u32 = 4096;

#[derive(Debug)]
pub(crate) struct Latencies {
    counts: Box<[AtomicU32]>,
    seen: AtomicU32,
    /// 0 while unknown.
    median_micros: AtomicU64,
    p95_micros: AtomicU64,
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies {
            counts: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect(),
            seen: AtomicU32::new(0),
            median_micros: AtomicU64::new(0),
            p95_micros: AtomicU64::new(0),
        }
    }
}

impl Latencies {
    /// An answer's head came after `latency`. Racing updates may lose a count, which a quantile can bear.
    pub(crate) fn record(&self, latency: Duration) {
        self.counts[bucket(latency)].fetch_add(1, Ordering::Relaxed);
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        if seen.is_multiple_of(FRESH) {
            self.median_micros
                .store(self.quantile(50), Ordering::Relaxed);
            self.p95_micros.store(self.quantile(95), Ordering::Relaxed);
        }
        if seen.is_multiple_of(REMEMBERED) {
            for count in &self.counts {
                count.store(count.load(Ordering::Relaxed) / 2, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn median(&self) -> Option<Duration> {
        known(&self.median_micros)
    }

    pub(crate) fn p95(&self) -> Option<Duration> {
        known(&self.p95_micros)
    }

    /// What so many percent stay within, in microseconds.
    fn quantile(&self, percent: u64) -> u64 {
        let counts = || {
            let counts = self.counts.iter();
            counts.map(|count| u64::from(count.load(Ordering::Relaxed)))
        };
        let within = (counts().sum::<u64>() * percent).div_ceil(100);
        let mut sum = 0;
        let found = counts().position(|count| {
            sum += count;
            sum >= within
        });
        upper_bound(found.unwrap_or_default() as u64)
    }
}

fn known(micros: &AtomicU64) -> Option<Duration> {
    match micros.load(Ordering::Relaxed) {
        0 => None,
        micros => Some(Duration::from_micros(micros)),
    }
}

/// By its highest bit and the three after it.
fn bucket(latency: Duration) -> usize {
    // Eighths of a microsecond, so that the smallest have three more bits too.
    let eighths = (latency.as_nanos() / 125).clamp(8, 1 << 40) as u64;
    let octave = u64::from(eighths.ilog2()) - 3;
    let step = (eighths >> octave) - PER_OCTAVE;
    ((octave * PER_OCTAVE + step) as usize).min(BUCKETS - 1)
}

fn upper_bound(bucket: u64) -> u64 {
    let (octave, step) = (bucket / PER_OCTAVE, bucket % PER_OCTAVE);
    ((PER_OCTAVE + step + 1) << octave).div_ceil(PER_OCTAVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_at_most_an_eighth_too_large() {
        for scale in [3, 50, 1000, 70_000, 9_000_000] {
            let latencies = Latencies::default();
            for n in 1..=640_u64 {
                latencies.record(Duration::from_micros(n * scale));
            }
            for (known, exact) in [
                (latencies.median(), 320 * scale),
                (latencies.p95(), 608 * scale),
            ] {
                let known = known.unwrap().as_micros() as u64;
                assert!(
                    (exact..=exact + exact / 8 + 1).contains(&known),
                    "{known} for {exact}"
                );
            }
        }
    }

    #[test]
    fn too_few_answers_say_nothing_and_new_ones_more_than_old_ones() {
        let latencies = Latencies::default();
        for _ in 1..FRESH {
            latencies.record(Duration::from_secs(1));
        }
        assert_eq!(latencies.p95(), None);
        for _ in 0..4 * REMEMBERED {
            latencies.record(Duration::from_millis(1));
        }
        assert!(latencies.p95().unwrap() < Duration::from_millis(2));
    }

    #[test]
    fn every_duration_has_a_bucket() {
        for latency in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            assert!(bucket(latency) < BUCKETS);
        }
    }
}
