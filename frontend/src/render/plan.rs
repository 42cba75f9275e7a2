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
/// Samples below which a band is not cut further: a request costs about as much as a thousand of them.
const LEAST_SAMPLES: u64 = 16_384;
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
        let by_bytes = (MOST_BAND_BYTES / self.strip_bytes) as u32;
        let strip_work = work.as_secs_f64() * f64::from(self.strips.rows());
        // As much as can be said where nothing is known yet: infinity becomes the largest number.
        let by_work = (MOST_BAND_WORK.as_secs_f64() / strip_work) as u32;
        let most = by_bytes.min(by_work).min(room).min(left).max(1);
        let band = share.max(self.least).min(most);
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
