//! What of orbits that come back near 0 a hundred thousand times? From return to return they go by polynomials, thousands of steps at once.
//!
//! Near a minibrot of period p, z ↦ fᵖ(z) is almost z² + c itself, and where its cycle is almost neutral orbits turn around it for very long. Jumps
//! along a reference are no way past that: a difference is soon as large as the reference. But fⁿ is a polynomial in z and c, and on a disc of
//! which no point leaves the neighbourhood in n steps its terms fall off fast, whatever n. Around 0, which the longest ones need most, it is one
//! in z² (first returns to the critical point, as in renormalization: C. McMullen, "Renormalization and 3-Manifolds which Fiber over the
//! Circle", 1996), elsewhere one in z minus a cell's middle.

mod circle;
mod ladder;
mod maps;
mod period;
mod polynomial;
mod survey;
#[cfg(test)]
mod tests;
mod traveller;

use std::sync::atomic::AtomicBool;

use super::real::Big;
use super::track::Track;
use super::{FixedPoint, OrbitKey, RETURNS};
use crate::extended::{ExtendedComplex, power_of_two};
use crate::field::Cancelled;
use crate::simd::Vector;
use circle::Wide;
use ladder::Ladder;
use maps::Maps;
pub(super) use period::period_of_returns;
use period::{farthest_return, may_return};
use survey::Survey;
pub(crate) use traveller::Traveller;

/// So many returns of the reference are looked at: an orbit of more has the same maps.
const HORIZON: u64 = RETURNS as u64;

/// What terms that are left out may add, beside the largest: a 256th of what jumps leave out.
const TOLERANCE: f64 = power_of_two(-40);

/// Where samples may be at least 2 to this power from the reference, numbers of two f64 have the bits of c that tell them apart.
const LEAST_RADIUS_EXPONENT: i64 = -64;

/// With fewer rungs maps lead nowhere that steps do not.
const FEWEST_RUNGS: usize = 4;

/// The maps of the neighbourhood of a reference that returns.
#[derive(Debug)]
pub(crate) struct Returns {
    /// Steps that the reference was looked at.
    horizon: u64,
    /// A c's difference from the reference in units of the maps.
    scale: f64,
    maps: Maps,
}

/// Where a sample has come to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Followed {
    pub(crate) z: [f64; 2],
    /// dz/dc, if it was asked for.
    pub(crate) derivative: [f64; 2],
    /// The index of z.
    pub(crate) steps: u64,
}

impl Returns {
    /// Of an orbit that returns after so many steps again and again; nothing where there are hardly any.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(super) fn of(
        key: &OrbitKey,
        track: &Track,
        period: usize,
        cancel: &AtomicBool,
    ) -> Result<Option<Returns>, Cancelled> {
        if !has_maps(key) {
            return Ok(None);
        }
        let farthest = farthest_return(period, track, cancel)?;
        let period = period as u64;
        let radius = key.radius.to_f64();
        let c = wide(&key.point, key.bits);
        let rungs = Ladder::new(period, c, radius, cancel).build()?;
        if rungs.len() < FEWEST_RUNGS {
            return Ok(None);
        }
        let half_side = power_of_two(farthest.exponent + 1);
        let maps = Maps::new(rungs, half_side);
        Ok(Some(Returns {
            horizon: HORIZON * period,
            scale: 1.0 / radius,
            maps: Survey::new(maps, cancel).build()?,
        }))
    }

    /// Whether a view of this limit has the maps, though its own reference may be shorter.
    pub(crate) fn are_for(&self, limit: u64) -> bool {
        limit >= self.horizon
    }

    /// Takes a sample from 0 on, as far as the maps lead within `limit` steps, or to the limit if it is seen that it never leaves.
    #[inline(always)]
    pub(crate) fn follow<const DERIVATIVE: bool>(
        &self,
        traveller: &mut Traveller,
        c: [f64; 2],
        limit: u64,
    ) -> Followed {
        let c = c.map(|part| part * self.scale);
        let mut followed = Followed::default();
        // Maps are true within the reference's own radius. Views that name a reference have samples beyond it.
        if c[0].mul_add(c[0], c[1] * c[1]) > 1.0 {
            return followed;
        }
        traveller.become_sample(&self.maps, c);
        let (mut jumps, mut saved) = (0_u64, [f64::NAN; 2]);
        while let Some(landing) = traveller.advance(&self.maps, followed.z, limit - followed.steps)
        {
            if DERIVATIVE {
                followed.derivative = traveller.carry(&self.maps, &landing, followed.derivative);
            }
            followed.z = landing.z;
            followed.steps += landing.steps;
            // An orbit that meets itself exactly never escapes. Jumps double between saves (R. P. Brent, 1980).
            if followed.z == saved {
                followed.steps = limit;
                break;
            }
            jumps += 1;
            if jumps.is_power_of_two() {
                saved = followed.z;
            }
        }
        followed.derivative = followed.derivative.map(|part| part * self.scale);
        followed
    }

    pub(super) fn bytes(&self) -> usize {
        self.maps.bytes()
    }

    /// Memory that the maps of an orbit of this key can take.
    pub(super) fn most_bytes(key: &OrbitKey) -> usize {
        let has_some = has_maps(key) && may_return(key);
        if has_some { Maps::MOST_BYTES } else { 0 }
    }
}

/// Whether an orbit of this key has maps if it returns: those who ask for more than f64 do not go by them.
fn has_maps(key: &OrbitKey) -> bool {
    !key.is_double && key.radius.exponent >= LEAST_RADIUS_EXPONENT
}

/// A point in numbers of two f64.
fn wide(point: &FixedPoint, bits: usize) -> [Wide; 2] {
    [&point.re, &point.im].map(|part| {
        let high = Big::extended(part, bits).to_f64();
        let exact = FixedPoint::near(ExtendedComplex::from([high, 0.0]), bits);
        let low = Big::extended(&(part - exact.re), bits).to_f64();
        Wide::splat_sum(high, low)
    })
}
