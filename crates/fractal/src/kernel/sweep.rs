//! The kernel's hot loop: how many iterations fit between two looks at an orbit?
//!
//! A whole block. Whether |z| has passed 2 is asked at its end only; an orbit that has is handed over as it was at the block's
//! start, to be looked at closely. Past the escape radius |z| only grows, to infinity and then to NaN,
//! and neither is ever ≤ 2 again.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

use super::queue::Queue;
use crate::extended::power_of_two;
use crate::field::Cancelled;
use crate::simd::{Part, Vector, push_lanes};
use crate::step::Step;

/// Orbits that escape within a block, at its start: x, y, cx, cy, the sample's index, the index of z, and its [`error`](Orbits::error).
pub(crate) type Escaping = Queue<7>;

/// `K` vectors of orbits.
pub(super) struct Orbits<V, const K: usize> {
    pub(super) x: [V; K],
    pub(super) y: [V; K],
    pub(super) cx: [V; K],
    pub(super) cy: [V; K],
    /// Which sample this is of its rectangle.
    pub(super) index: [V; K],
    /// The z with which later ones are compared.
    pub(super) saved_x: [V; K],
    pub(super) saved_y: [V; K],
    /// The index of z.
    pub(super) age: [V; K],
    /// What rounding may have made of z, squared, in units of f64's half ulp of 1. Only where it is tracked.
    pub(super) error: [V; K],
    /// Which lanes hold an orbit that is still on its way.
    pub(super) alive: [u32; K],
}

/// From this error on, squared, a sample is doubtful: rounding may have moved its z by 2^-7 when it escapes. Which is seldom enough to pass the
/// circle.
pub(super) const MOST_ERROR: f64 = power_of_two(92);

/// Iterates for some blocks. Lanes that escape are handed over, lanes that return to their saved z are dropped: an
/// orbit that meets itself exactly, in the arithmetic that it is computed in, never escapes.
pub(super) struct Sweep<
    'a,
    V,
    S,
    const K: usize,
    const BLOCK: usize,
    const LOOKS_FOR_PERIODS: bool,
    const TRACKED: bool,
> {
    pub(super) orbits: &'a mut Orbits<V, K>,
    pub(super) blocks: u64,
    pub(super) escaping: &'a mut Escaping,
    pub(super) doubtful: &'a mut Vec<u32>,
    pub(super) cancel: &'a AtomicBool,
    pub(super) step: PhantomData<S>,
}

impl<
    V: Vector,
    S: Step,
    const K: usize,
    const BLOCK: usize,
    const LOOKS_FOR_PERIODS: bool,
    const TRACKED: bool,
> Part for Sweep<'_, V, S, K, BLOCK, LOOKS_FOR_PERIODS, TRACKED>
{
    type Output = Result<(), Cancelled>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Sweep {
            orbits,
            blocks,
            escaping,
            doubtful,
            cancel,
            ..
        } = self;
        // Errors add up as at random: a step makes |f'(z)|² e² + 1 of e². In units of the largest |f'(z)|² per |z|^(2p - 2) that saves a product.
        let unit = f64::from(S::DEGREE) * f64::from(S::DEGREE);
        let (mut ones, mut end) = ([0.0; BLOCK], 1.0);
        if TRACKED {
            for one in &mut ones {
                end *= unit;
                *one = 1.0 / end;
            }
        }
        let four = V::splat(4.0);
        let Orbits {
            cx,
            cy,
            index,
            saved_x,
            saved_y,
            ..
        } = &*orbits;
        let (mut x, mut y, mut alive) = (orbits.x, orbits.y, orbits.alive);
        let (mut age, mut error) = (orbits.age, orbits.error);
        for _ in 0..blocks {
            let (start_x, start_y, start_error) = (x, y, error);
            for &one in &ones {
                for k in 0..K {
                    if TRACKED {
                        error[k] = steepness::<V, S>(x[k], y[k]).mul_add(error[k], V::splat(one));
                    }
                    (x[k], y[k]) = S::step(x[k], y[k], cx[k], cy[k]);
                }
            }
            if TRACKED {
                for error in &mut error {
                    *error = error.mul(V::splat(end));
                }
            }
            let mut changed = 0;
            let mut inside = [0; K];
            let mut periodic = [0; K];
            for k in 0..K {
                inside[k] = V::bits(x[k].mul_add(x[k], y[k].mul(y[k])).le(four));
                if LOOKS_FOR_PERIODS {
                    periodic[k] = V::bits(V::and(x[k].eq(saved_x[k]), y[k].eq(saved_y[k])));
                }
                changed |= alive[k] & (!inside[k] | periodic[k]);
            }
            if changed != 0 {
                for k in 0..K {
                    let escaped = alive[k] & !inside[k];
                    if escaped != 0 {
                        let start = [
                            start_x[k],
                            start_y[k],
                            cx[k],
                            cy[k],
                            index[k],
                            age[k],
                            start_error[k],
                        ];
                        escaping.push(escaped, start);
                    }
                    if TRACKED {
                        note(
                            doubtful,
                            alive[k] & inside[k] & periodic[k],
                            error[k],
                            index[k],
                        );
                    }
                    alive[k] &= inside[k] & !periodic[k];
                }
                if alive.iter().all(|&lanes| lanes == 0) {
                    break;
                }
            }
            for age in &mut age {
                *age = age.add(V::splat(BLOCK as f64));
            }
            if cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
        }
        (orbits.x, orbits.y, orbits.age, orbits.alive) = (x, y, age, alive);
        orbits.error = error;
        Ok(())
    }
}

/// |z|^(2p - 2), of which |f'(z)|² is p² times as much.
#[inline(always)]
pub(super) fn steepness<V: Vector, S: Step>(x: V, y: V) -> V {
    let norm = V::norm([x, y]);
    let mut steepness = norm;
    for _ in 2..S::DEGREE {
        steepness = steepness.mul(norm);
    }
    steepness
}

/// Notes which of some lanes are doubtful by their errors.
#[inline(always)]
pub(super) fn note<V: Vector>(doubtful: &mut Vec<u32>, lanes: u32, error: V, index: V) {
    // An error past f64's end is none that is small.
    let doubts = lanes & !V::bits(error.le(V::splat(MOST_ERROR)));
    if doubts == 0 {
        return;
    }
    let mut samples = [0.0; 8];
    index.store(&mut samples);
    push_lanes(doubtful, doubts, &samples);
}
