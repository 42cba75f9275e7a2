//! How long will a request wait? Its place times the time between two completions, which is measured while
//! requests wait: only then are all servers busy, so that a completion is a step of the queue.

use std::time::{Duration, Instant};

/// The average forgets what is older than so many completions.
const REMEMBERED: u32 = 32;
/// Fewer completions say nothing.
const LEAST: u32 = 3;

/// The time between two completions, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Pace {
    interval: Duration,
    /// So many intervals are in the average, [`REMEMBERED`] at most.
    measured: u32,
    /// The last completion, or when the queue began; none while nobody waits.
    last: Option<Instant>,
}

impl Pace {
    /// The queue is not empty.
    pub(super) fn begin(&mut self, now: Instant) {
        self.last.get_or_insert(now);
    }

    /// The queue is empty.
    pub(super) fn end(&mut self) {
        self.last = None;
    }

    /// A request is done while others wait.
    pub(super) fn completed(&mut self, now: Instant) {
        let Some(last) = self.last.replace(now) else {
            return;
        };
        self.measured = (self.measured + 1).min(REMEMBERED);
        self.interval = self.moved(now.saturating_duration_since(last));
    }

    /// The average with one more interval in it.
    fn moved(&self, interval: Duration) -> Duration {
        let share = self.measured.max(1);
        self.interval - self.interval / share + interval / share
    }

    /// Until the one at `place` is served, when that is known. A completion that is overdue counts already.
    pub(super) fn wait(&self, place: usize, now: Instant) -> Option<Duration> {
        if self.measured < LEAST {
            return None;
        }
        let quiet = self.last.map(|last| now.saturating_duration_since(last));
        let interval = match quiet {
            Some(quiet) if quiet > self.interval => self.moved(quiet),
            _ => self.interval,
        };
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        Some(interval.saturating_mul(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    fn after(completions: u32) -> (Pace, Instant) {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        pace.begin(now);
        for _ in 0..completions {
            now += TICK;
            pace.completed(now);
        }
        (pace, now)
    }

    #[test]
    fn a_wait_is_the_place_over_the_rate_of_completions() {
        let (pace, now) = after(5);
        assert_eq!(pace.wait(1, now), Some(TICK));
        assert_eq!(pace.wait(20, now), Some(20 * TICK));
    }

    #[test]
    fn what_was_not_measured_is_unknown() {
        let (pace, now) = after(LEAST - 1);
        assert_eq!(pace.wait(1, now), None);
        assert_eq!(Pace::default().wait(1, now), None);
    }

    #[test]
    fn time_in_which_nobody_waits_does_not_count() {
        let (mut pace, now) = after(50);
        pace.end();
        let later = now + 1000 * TICK;
        pace.completed(later);
        pace.end();
        pace.begin(later);
        pace.completed(later + TICK);
        assert_eq!(pace.wait(3, later + TICK), Some(3 * TICK));
    }

    #[test]
    fn a_new_pace_is_learnt_and_a_standstill_is_noticed() {
        let (mut pace, mut now) = after(50);
        assert!(pace.wait(1, now + 100 * TICK) > Some(2 * TICK), "overdue");
        for _ in 0..4 * REMEMBERED {
            now += 10 * TICK;
            pace.completed(now);
        }
        let wait = pace.wait(1, now).unwrap();
        assert!(wait > 9 * TICK && wait <= 10 * TICK, "{wait:?}");
    }
}
