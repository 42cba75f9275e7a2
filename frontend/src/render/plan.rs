//! How is a picture cut? Into bands of whole rows: enough of them that no slot waits for another's long
//! band, large enough that drawing outweighs asking, small enough that memory does not depend on the
//! picture.

use std::ops::Range;

/// Bands a slot should get, where the picture is big enough. Rows of a fractal differ in cost by orders
/// of magnitude, and at the end everybody waits for one band: with eight a slot, that is about an
/// eighth of the whole time, and half of it on average.
const BANDS_PER_SLOT: u64 = 8;
/// Samples below which a band is not cut further: a request costs about as much as a thousand of them,
/// and deflate begins anew with each band.
const LEAST_SAMPLES: u64 = 8192;
/// Raw bytes above which a band is cut, whatever the picture: a few hundred milliseconds of work, so
/// that a lost band costs little.
const MOST_BAND_BYTES: u64 = 3 << 19;
/// Raw bytes of all bands in flight or waiting for their turn, together. It bounds a render's memory.
const MOST_HELD_BYTES: u64 = 32 << 20;

/// How a picture is cut, and how much of it is asked for at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Rows of every band but the last, which has what is left.
    rows: u32,
    pub(crate) height: u32,
    /// Bands in flight, or arrived and not yet written, at any time.
    pub(crate) window: usize,
}

impl Plan {
    /// Cuts `width` × `height` pixels of `samples`² samples each, drawn by `slots` workers at once.
    pub(crate) fn new(width: u32, height: u32, samples: u32, slots: u32) -> Plan {
        let window = u64::from(slots) * 2 + 2;
        let row_samples = u64::from(width) * u64::from(samples).pow(2);
        let row_bytes = u64::from(width) * 3 + 1;
        let enough = u64::from(height) / (u64::from(slots) * BANDS_PER_SLOT);
        let least = LEAST_SAMPLES.div_ceil(row_samples);
        let most = MOST_BAND_BYTES.min(MOST_HELD_BYTES / window) / row_bytes;
        let rows = enough.max(least).min(most).clamp(1, u64::from(height));
        Plan {
            rows: u32::try_from(rows).expect("no more rows than the picture has"),
            height,
            window: usize::try_from(window).expect("twice the slots of a pool"),
        }
    }

    /// The rows of each band, from the top.
    pub(crate) fn bands(self) -> impl Iterator<Item = Range<u32>> {
        (0..self.height)
            .step_by(self.rows as usize)
            .map(move |top| top..self.height.min(top.saturating_add(self.rows)))
    }

    /// How many bands there are.
    pub(crate) fn count(self) -> u32 {
        self.height.div_ceil(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bands_tile_the_rows_exactly(width in 1u32..=65_536, height in 1u32..=65_536, samples in 1u32..=8, slots in 1u32..=1024) {
            let plan = Plan::new(width, height, samples, slots);
            let mut next = 0;
            for band in plan.bands() {
                prop_assert_eq!(band.start, next);
                prop_assert!(band.end > band.start);
                next = band.end;
            }
            prop_assert_eq!(next, height);
            prop_assert_eq!(plan.bands().count(), plan.count() as usize);
        }

        #[test]
        fn memory_does_not_depend_on_the_picture(width in 1u32..=65_536, height in 1u32..=65_536, samples in 1u32..=8, slots in 1u32..=1024) {
            let plan = Plan::new(width, height, samples, slots);
            let row_bytes = u64::from(width) * 3 + 1;
            let band_bytes = plan.bands().map(|band| band.len() as u64 * row_bytes).max().unwrap();
            prop_assert!(band_bytes <= MOST_BAND_BYTES.max(row_bytes));
            prop_assert!(band_bytes * plan.window as u64 <= MOST_HELD_BYTES.max(row_bytes * plan.window as u64));
        }

        #[test]
        fn every_slot_gets_four_bands_where_the_picture_is_big_enough(width in 64u32..=65_536, height in 64u32..=65_536, slots in 1u32..=64) {
            let plan = Plan::new(width, height, 1, slots);
            let pixels = u64::from(width) * u64::from(height);
            let big = pixels >= 8 * u64::from(slots) * LEAST_SAMPLES && height >= 4 * slots && u64::from(width) <= LEAST_SAMPLES;
            prop_assert!(!big || plan.count() >= 4 * slots, "{} bands", plan.count());
        }
    }

    #[test]
    fn a_tiny_picture_is_not_cut() {
        assert_eq!(Plan::new(64, 64, 1, 8).count(), 1);
        assert_eq!(Plan::new(1, 1, 8, 1024).count(), 1);
    }

    #[test]
    fn supersampling_makes_a_small_picture_worth_cutting() {
        assert!(Plan::new(64, 64, 8, 8).count() >= 8);
    }
}
