//! The kernel's hot loop: how many iterations fit between two looks at an orbit?
//!
//! A whole block. Whether |z| has passed 2 is asked at its end only; an orbit that has is handed over as it was at the block's
//! start, to be looked at closely. Past the escape radius |z| only grows, to infinity and then to NaN,
//! and neither is ever ≤ 2 again.

use std::sync::atomic::{AtomicBool, Ordering};

use super::queue::Queue;
use crate::field::Cancelled;
use crate::simd::Vector;
use crate::step::Step;

/// Orbits that escape within a block, at its start: x, y, cx, cy, the sample's index, the index of z.
pub(crate) type Escaping = Queue<6>;

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
    /// Which lanes hold an orbit that is still on its way.
    pub(super) alive: [u32; K],
}

/// Iterates for some blocks. Lanes that escape are handed over, lanes that return to their saved z are dropped: an
/// orbit that meets itself exactly, in the arithmetic that it is computed in, never escapes.
#[inline(always)]
pub(super) fn sweep<
    V: Vector,
    S: Step,
    const K: usize,
    const BLOCK: u64,
    const LOOKS_FOR_PERIODS: bool,
>(
    orbits: &mut Orbits<V, K>,
    blocks: u64,
    escaping: &mut Escaping,
    cancel: &AtomicBool,
) -> Result<(), Cancelled> {
    let four = V::splat(4.0);
    let Orbits {
        cx,
        cy,
        index,
        saved_x,
        saved_y,
        ..
    } = *orbits;
    let (mut x, mut y, mut alive) = (orbits.x, orbits.y, orbits.alive);
    let mut age = orbits.age;
    for _ in 0..blocks {
        let (start_x, start_y) = (x, y);
        for _ in 0..BLOCK {
            for k in 0..K {
                (x[k], y[k]) = S::step(x[k], y[k], cx[k], cy[k]);
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
                    let start = [start_x[k], start_y[k], cx[k], cy[k], index[k], age[k]];
                    escaping.push(escaped, start);
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
    Ok(())
}
