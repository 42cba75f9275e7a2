//! How is a picture cut? Into bands of whole strips, while it is drawn: large ones first, smaller ones as the rest
//! dwindles, by what the cluster can draw at that moment (guided self-scheduling, Polychronopoulos and Kuck,
//! 1987). So workers that join find work, and at the end nobody waits for a long band.

use std::ops::Range;
use std::time::Duration;

use protocol::{Strips, View};

use crate::render::png;

/// A band is the share of one slot in the rest, over this. Rows of a fractal differ in cost by orders of
/// magnitude: with four, no band is the last for longer than about an eighth of the whole time.
const BANDS_PER_SLOT: u32 = 4;
/// Samples below which a band is not cut further while every slot gets one: a request costs about as much as a
/// thousand of them.
const LEAST_SAMPLES: u64 = 32_768;
/// Raw bytes above which a band is cut, whatever the picture, so that a lost band costs little.
const MOST_BAND_BYTES: u64 = 3 << 19;
/// Work above which a band is cut, by the pace of those before it: what a worker that leaves takes with it, and
/// what a worker that joins has to wait for where no other band waits.
const MOST_BAND_WORK: Duration = Duration::from_secs(2);
/// Raw bytes of all bands in flight or waiting for their turn, together. It bounds a render's memory.
const MOST_HELD_BYTES: u64 = 32 << 20;

/// A picture, and how much of it is asked for already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    strips: Strips,
    strip_bytes: u64,
    /// Strips below which a band is not cut further.
    least: u32,
    /// The first strip that is in no band yet.
    next: u32,
}

impl Plan {
    pub(crate) fn new(view: &View) -> Plan {
        let strips = Strips::of(view);
        let row_samples = u64::from(view.width) * u64::from(view.samples).pow(2);
        let strip_samples = row_samples * u64::from(strips.rows());
        Plan {
            strips,
            strip_bytes: png::stride(view.width) * u64::from(strips.rows()),
            least: LEAST_SAMPLES.div_ceil(strip_samples) as u32,
            next: 0,
        }
    }

    /// Cuts the rows of the next band, for a cluster that draws `slots` at once and takes `work` for a row,
    /// while `held` strips are in hand. `None` when there is no room for one, or no row left.
    pub(crate) fn cut(&mut self, slots: u32, work: Duration, held: u32) -> Option<Range<u32>> {
        let left = self.strips.count() - self.next;
        let room = (MOST_HELD_BYTES / self.strip_bytes).max(1) as u32;
        let room = room.saturating_sub(held);
        if left == 0 || room == 0 {
            return None;
        }
        let share = left / slots.saturating_mul(BANDS_PER_SLOT);
        let least = self.least.min(left / slots);
        let by_bytes = (MOST_BAND_BYTES / self.strip_bytes) as u32;
        let strip_work = work.as_secs_f64() * f64::from(self.strips.rows());
        // As much as can be said where nothing is known yet: infinity becomes the largest number.
        let by_work = (MOST_BAND_WORK.as_secs_f64() / strip_work) as u32;
        let most = by_bytes.min(by_work).min(room).min(left).max(1);
        let band = share.max(least).clamp(1, most);
        let strips = self.next..self.next + band;
        self.next = strips.end;
        Some(self.strips.rows_of(strips))
    }

    /// How many strips a band of `rows` has.
    pub(crate) fn strips_in(&self, rows: u32) -> u32 {
        self.strips.count_in(rows)
    }
}

/// Bands in flight, or arrived and not yet written, at any time: one for each slot, one on its way to it, and two
/// that wait for their turn.
pub(crate) fn window(slots: u32) -> usize {
    slots as usize * 2 + 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(width: u32, height: u32, samples: u32) -> Plan {
        Plan::new(&View {
            width,
            height,
            samples,
            ..View::default()
        })
    }

    /// All bands of a picture for a cluster of one size, with none in hand.
    fn bands(mut plan: Plan, slots: u32, work: Duration) -> Vec<Range<u32>> {
        std::iter::from_fn(|| plan.cut(slots, work, 0)).collect()
    }

    proptest! {
        #[test]
        fn bands_tile_the_rows_exactly_whatever_the_cluster_becomes(width in 1u32..=65_536, height in 1u32..=65_536, samples in 1u32..=8, slots in prop::collection::vec(1u32..=1024, 1..9), milliseconds in 0u64..5000) {
            let mut plan = plan(width, height, samples);
            let mut slots = slots.iter().cycle();
            let mut next = 0;
            while let Some(band) = plan.cut(*slots.next().unwrap(), Duration::from_millis(milliseconds), 0) {
                prop_assert_eq!(band.start, next);
                prop_assert!(plan.strips.begin_at(band.start) && plan.strips.end_at(band.end));
                prop_assert!(band.end > band.start);
                next = band.end;
            }
            prop_assert_eq!(next, height);
        }

        #[test]
        fn memory_depends_neither_on_the_picture_nor_on_the_cluster(width in 1u32..=65_536, height in 1u32..=65_536, samples in 1u32..=8, slots in 1u32..=1024) {
            let mut plan = plan(width, height, samples);
            let mut held = 0;
            for _ in 0..window(slots) {
                let Some(band) = plan.cut(slots, Duration::ZERO, held) else { break };
                let rows = band.end - band.start;
                prop_assert!(u64::from(rows) * png::stride(width) <= MOST_BAND_BYTES);
                held += plan.strips_in(rows);
            }
            prop_assert!(u64::from(held) * plan.strip_bytes <= MOST_HELD_BYTES);
        }

        #[test]
        fn every_slot_gets_work_where_there_is_any(width in 1u32..=4096, height in 1u32..=65_536, slots in 1u32..=64) {
            let plan = plan(width, height, 1);
            let count = bands(plan, slots, Duration::ZERO).len() as u32;
            prop_assert!(count >= slots.min(plan.strips.count()), "{count} bands");
        }
    }

    #[test]
    fn bands_dwindle_with_the_rest() {
        let rows: Vec<usize> = bands(plan(1920, 1080, 1), 4, Duration::ZERO)
            .iter()
            .map(Range::len)
            .collect();
        assert_eq!((rows[0], rows[rows.len() - 2]), (64, 16), "{rows:?}");
        assert!(rows.is_sorted_by(|a, b| a >= b), "{rows:?}");
        assert!((24..40).contains(&rows.len()), "{rows:?}");
    }

    #[test]
    fn a_worker_that_joins_a_lonely_one_finds_most_of_the_picture_uncut() {
        let mut plan = plan(1920, 1080, 1);
        for _ in 0..window(2) {
            plan.cut(2, Duration::ZERO, 0);
        }
        assert!(plan.next * 5 < plan.strips.count() * 3, "{plan:?}");
    }

    #[test]
    fn slow_rows_come_in_small_bands() {
        let slow = bands(plan(1920, 1080, 1), 2, Duration::from_millis(100));
        assert!(slow.iter().all(|band| band.len() <= 20), "{slow:?}");
        let slower = bands(plan(1920, 1080, 1), 2, Duration::from_secs(9));
        assert!(slower.iter().all(|band| band.len() <= 16), "{slower:?}");
    }

    #[test]
    fn a_tiny_picture_is_not_cut() {
        for (side, samples) in [(64, 1), (1, 8)] {
            let plan = plan(side, side, samples);
            assert_eq!(bands(plan, 1024, Duration::ZERO).len(), 1);
        }
    }

    #[test]
    fn supersampling_makes_a_small_picture_worth_cutting() {
        assert_eq!(bands(plan(64, 64, 8), 8, Duration::ZERO).len(), 2);
    }
}
