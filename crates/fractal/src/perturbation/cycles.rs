//! To which cycles are the samples attracted that have not escaped, where f64 cannot tell them apart?
//!
//! Periods are guessed and tried as in [`crate::cycle`]: at each n at which |zₙ| is smaller than ever before, by Newton's method. Samples
//! are followed one at a time, as differences from the reference.

mod follower;
mod plane;

use std::sync::atomic::AtomicBool;

use super::Samples;
use crate::cycle::{self, Cycle};
use crate::extended::ExtendedComplex;
use crate::field::{Cancelled, Field};
use crate::orbit::{Complex, Orbit};
use crate::view::Rect;
use follower::{Follower, Lost};
use plane::Plane;

/// Newton's method doubles the correct digits; from so near that it works at all, a few steps are enough.
const MOST_TRIES: u32 = 24;

/// A change of the multiplier after which it is as good as f64 makes it: the next one would be about its square.
const LAST_CHANGE: f64 = 1e-7;

/// In the coordinates in which a component is the whole set's, no orbit that it attracts is farther than 2 from 0, and so no derivative
/// more than p · 2^(p-1), which is 1,024 where p is 8.
const STEEPEST: f64 = 2048.0;

/// What returns to within this share of itself may be its own cycle's point.
const NEAR: f64 = 1e-3;

/// Rebasings after which a sample that has not come back is not waited for.
const MOST_REBASINGS: u32 = 16;

/// What comes back to within this share of itself is tried.
const NEAR_ENOUGH: f64 = 0.125;

/// A multiplier that is surely not above 1, whatever f64 has made of it.
const SURELY_ATTRACTING: f64 = 1.0 - 1.0 / 1024.0;

/// Writes which cycles attract the samples of a rectangle that have not escaped.
pub(super) fn find(
    samples: Samples,
    rect: Rect,
    field: &mut Field,
    cancel: &AtomicBool,
) -> Result<(), Cancelled> {
    if !cycle::has_multipliers(samples.orbit.iteration()) {
        return Ok(());
    }
    for sample in 0..field.counts.len() {
        if field.counts[sample] > 0 {
            continue;
        }
        let c = samples.offsets.one(rect, sample);
        let c = ExtendedComplex::new(c[0], c[1], samples.offsets.exponent);
        let (orbit, limit) = (samples.orbit, samples.limit);
        let found = if orbit.is_extended() {
            Follower::new(orbit, c, cancel).and_then(|mut it| attracting(&mut it, limit))
        } else {
            let c = Complex::from(c);
            Follower::new(orbit, c, cancel).and_then(|mut it| attracting(&mut it, limit))
        };
        match found {
            Ok(Some(cycle)) => {
                field.period[sample] = cycle.period;
                field.multiplier[sample] = cycle.multiplier.map(|part| part as f32);
            }
            Ok(None) | Err(Lost::Escaped) => {}
            Err(Lost::Cancelled) => return Err(Cancelled),
        }
    }
    Ok(())
}

/// Whether a sample of this c, which has come to `z`, is surely attracted by a cycle, and so never escapes, whatever f64 has lost on the
/// way: an attracting cycle of zᵖ + c attracts 0 (P. Fatou, 1919). Asks only for cycles that are found soon.
pub(super) fn attracts(
    orbit: &Orbit,
    c: ExtendedComplex,
    z: ExtendedComplex,
    cancel: &AtomicBool,
) -> bool {
    if !cycle::has_multipliers(orbit.iteration()) {
        return false;
    }
    let found = if orbit.is_extended() {
        Follower::new(orbit, c, cancel).and_then(|mut it| comes_back(&mut it, z))
    } else {
        let [c, z] = [c, z].map(Complex::from);
        Follower::new(orbit, c, cancel).and_then(|mut it| comes_back(&mut it, z))
    };
    matches!(found, Ok(true))
}

fn comes_back<N: Plane>(follower: &mut Follower<N>, z: N) -> Result<bool, Lost> {
    let near = z * N::new([NEAR_ENOUGH, 0.0], 0);
    let mut place = follower.start(z);
    let mut n = 0;
    for _ in 0..MOST_REBASINGS {
        n += follower.run_to_start(&mut place)?;
        let apart = follower.z(&place)? + z.negated();
        if near.is_nearer(apart) {
            continue;
        }
        if let Some((_, multiplier)) = of_period(follower, n, z)?
            && size(multiplier) <= SURELY_ATTRACTING
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The attracting cycle, if there is one of at most `limit` points.
fn attracting<N: Plane>(follower: &mut Follower<N>, limit: u64) -> Result<Option<Cycle>, Lost> {
    let longest = limit.min(u64::from(u32::MAX));
    let mut place = follower.start(N::new([0.0; 2], 0));
    let mut least: Option<N> = None;
    let mut n = 0;
    while n < longest {
        let most = follower.until_nearest(&place).min(longest - n);
        n += follower.advance(&mut place, most)?;
        let z = follower.z(&place)?;
        if least.is_some_and(|least| !z.is_nearer(least)) {
            continue;
        }
        least = Some(z);
        if let Some((w, multiplier)) = of_period(follower, n, z)? {
            return shortest(follower, n, w, multiplier).map(Some);
        }
    }
    Ok(None)
}

/// The point near `w` with fⁿ(w) = w, and the multiplier, if Newton's method comes to a point that does not repel.
fn of_period<N: Plane>(
    follower: &mut Follower<N>,
    n: u64,
    mut w: N,
) -> Result<Option<(N, N)>, Lost> {
    let one = N::new([1.0, 0.0], 0);
    let mut before: Option<N> = None;
    for _ in 0..MOST_TRIES {
        let mut place = follower.start(w);
        match follower.run(&mut place, n) {
            Ok(()) => {}
            Err(Lost::Escaped) => return Ok(None),
            Err(Lost::Cancelled) => return Err(Lost::Cancelled),
        }
        let derivative = place.derivative;
        let size = size(derivative);
        if size > STEEPEST || size.is_nan() {
            return Ok(None);
        }
        if before.is_some_and(|before| self::size(derivative + before.negated()) < LAST_CHANGE) {
            return Ok((size <= 1.0).then_some((w, derivative)));
        }
        before = Some(derivative);
        // w - (fⁿ(w) - w) / (derivative - 1)
        let moved = follower.z(&place)? + w.negated();
        w = w + (moved / (derivative + one.negated())).negated();
    }
    Ok(None)
}

/// The cycle of `n` points through `w`, or the shorter one that it is some times over.
fn shortest<N: Plane>(
    follower: &mut Follower<N>,
    n: u64,
    w: N,
    multiplier: N,
) -> Result<Cycle, Lost> {
    let near = N::new([NEAR, 0.0], 0);
    let cycle = |period: u64, multiplier: N| Cycle {
        period: period as u32,
        multiplier: multiplier.parts(),
    };
    let mut place = follower.start(w);
    let mut at = 0;
    for period in (1..=n / 2).filter(|shorter| n.is_multiple_of(*shorter)) {
        follower.run(&mut place, period - at)?;
        at = period;
        let z = follower.z(&place)?;
        if (z + w.negated()).is_nearer(z * near)
            && let Some((_, multiplier)) = of_period(follower, period, w)?
        {
            return Ok(cycle(period, multiplier));
        }
    }
    Ok(cycle(n, multiplier))
}

fn size(number: impl Plane) -> f64 {
    let [re, im] = number.parts();
    libm::hypot(re, im)
}
