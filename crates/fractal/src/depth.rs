//! How deep may a view be before f64's grain shows in it?
//!
//! Neighbouring samples must lie many ulp apart, because an orbit amplifies the half ulp by which its point was
//! rounded as much as it amplifies the distance between neighbours.

use crate::extended::power_of_two;
use crate::view::Quality;

/// The least distance of neighbouring samples, in ulp of the view's largest coordinate: so many powers of two.
///
/// Rounding a sample's point moves it by half an ulp. Samples count otherwise that lie as near to the boundary: in the densest
/// places one in ten at 2^-10 of a pitch, one in a hundred at 2^-34 (`docs/kernel.md`). Perturbation knows what it loses, so that `exact`
/// leaves only views of the whole set to f64.
fn least_pitch_ulps(quality: Quality) -> f64 {
    let bits = match quality {
        Quality::Fast => 8,
        Quality::Standard => 22,
        Quality::Exact => 41,
    };
    (1_u64 << bits) as f64
}

/// From this distance of neighbouring samples on, as a power of two of ulp, nobody was seen to be lost: views of the whole set.
const NOT_DOUBTED: i32 = 41;

/// From this distance on f64 is worth a look, as a power of two of ulp: what rounding does to smooth counts is then at most
/// 2^-9 of their differences.
const WORTH_A_LOOK: i32 = 8;

/// Below this distance between samples, products with it lose bits to underflow.
const LEAST_PITCH: f64 = 1e-280;

/// What decides the depth: where the view is, and into how many samples it is cut.
pub(crate) struct Depth {
    /// The larger |coordinate| of the centre.
    pub(crate) centre: f64,
    /// The larger |coordinate| of the seed, where the formula has one.
    pub(crate) seed: Option<f64>,
    /// Samples in a row.
    pub(crate) columns: f64,
    /// Rows of samples.
    pub(crate) rows: f64,
}

impl Depth {
    /// Whether f64 tells the samples of a view of this zoom apart.
    pub(crate) fn suits_f64(&self, zoom: f64, quality: Quality) -> bool {
        self.has_pitch(zoom, least_pitch_ulps(quality))
    }

    /// From which difference of smooth counts on neighbours cast doubt on each other, after a look in f64; `None` where nobody looks, or nobody doubts.
    pub(crate) fn steepest(&self, zoom: f64, quality: Quality) -> Option<f64> {
        let has = |bits: i32| self.has_pitch(zoom, power_of_two(bits.into()));
        match quality {
            Quality::Standard if has(NOT_DOUBTED) => None,
            // Measured: docs/deep-zoom.md.
            Quality::Standard if self.suits_f64(zoom, quality) => Some(64.0),
            _ => None,
        }
    }

    /// Whether f64 tells samples apart that begin at their points: then it is worth a look, though it may lose some.
    pub(crate) fn is_worth_a_look(&self, zoom: f64) -> bool {
        self.has_pitch(zoom, power_of_two(WORTH_A_LOOK.into()))
    }

    /// Whether neighbouring samples are at least so many ulp apart.
    fn has_pitch(&self, zoom: f64, least: f64) -> bool {
        let pitch = self.pitch(zoom);
        let farthest = self.farthest(zoom);
        // A Julia set's first step maps a distance d at z to 2|z|d, beside a seed that has a grain of its own.
        let seed_is_coarser = self
            .seed
            .is_some_and(|seed| 2.0 * farthest * pitch < least * ulp(seed));
        pitch >= LEAST_PITCH && pitch >= least * ulp(farthest) && !seed_is_coarser
    }

    /// No coordinate of the view is larger.
    pub(crate) fn farthest(&self, zoom: f64) -> f64 {
        let half_diagonal = 0.5 * self.pitch(zoom) * libm::hypot(self.columns, self.rows);
        self.centre + half_diagonal
    }

    fn pitch(&self, zoom: f64) -> f64 {
        4.0 / (zoom * self.rows)
    }
}

/// The distance from |x| to the next f64.
fn ulp(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff << 52;
    f64::from_bits(x.to_bits() & EXPONENT) * f64::EPSILON
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ulp_is_the_distance_to_the_next_f64() {
        for x in [1.0, 0.75, 2.0, 1e-9, 123.456] {
            assert_eq!(ulp(x), f64::from_bits(f64::to_bits(x) + 1) - x);
        }
    }
}
