//! How much may a difference lose of what f64 holds, and how much may jumps leave out?

use crate::view::Quality;

/// How many bits a difference may lose before its sample is iterated again with twice as many digits; `None` where it never is.
pub(super) fn most_loss(quality: Quality, points: u64) -> Option<f64> {
    // From which error of an escaping z on, as a power of two.
    let doubt = match quality {
        Quality::Fast => return None,
        Quality::Standard => 1.0,
        Quality::Exact => -6.0,
    };
    let bits = -libm::log2(epsilon(quality).max(f64::EPSILON / 2.0));
    // The errors of all steps, those of the table among them, add up as at random.
    let noise = NOISE_OF_A_STEP + 0.5 * libm::log2(points as f64);
    Some(doubt + bits - noise)
}

/// log₂ of the error that is one step's share, in units of 2^-53: what was seen of differences that had gone along 11,500 points.
const NOISE_OF_A_STEP: f64 = 4.0;

/// How large what jumps leave out may be, beside what they keep.
pub(super) fn epsilon(quality: Quality) -> f64 {
    match quality {
        Quality::Fast => 1.0 / (1_u64 << 32) as f64,
        Quality::Standard => 1.0 / (1_u64 << 52) as f64,
        Quality::Exact => 1.0 / (1_u64 << 56) as f64,
    }
}
