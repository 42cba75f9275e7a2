//! How do samples come from their list into vectors, and on to where they go?

use super::carry::Carry;
use super::difference::Difference;
use super::growth::Growth;
use super::leaf::Steps;
use super::list::{BASE, CX, EXPONENT, INDEX, LOSS, X, Y};
use super::pass::{Passes, present};
use super::scale::{log2_with, normalised, plus, splat};
use crate::simd::Vector;

/// Samples in vectors.
pub(super) struct Lanes<V, const C: usize> {
    pub(super) w: [[V; 2]; C],
    pub(super) c: [[V; 2]; C],
    pub(super) exponent: [V; C],
    /// Only where derivatives are asked for.
    pub(super) growth: [Growth<V>; C],
    pub(super) alive: [u32; C],
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'_, V, F, J, EXTENDED, DERIVATIVE>
{
    #[inline(always)]
    pub(super) fn load<const C: usize>(&self, read: usize) -> Lanes<V, C> {
        let zero = V::splat(0.0);
        let mut lanes = Lanes {
            w: [[zero; 2]; C],
            c: [[zero; 2]; C],
            exponent: [zero; C],
            growth: [Growth::zero(); C],
            alive: [0; C],
        };
        for k in 0..C {
            let at = read + k * V::LANES;
            lanes.w[k] = self.active.pair(X, at);
            lanes.c[k] = self.active.pair(CX, at);
            if EXTENDED {
                lanes.exponent[k] = self.active.load(EXPONENT, at);
            }
            if DERIVATIVE {
                lanes.growth[k] = Growth::load::<F, EXTENDED>(&self.active, at);
            }
            lanes.alive[k] = present::<V>(self.active.len().saturating_sub(at));
        }
        lanes
    }

    /// Sends lanes of a row that have escaped or that rebase, at `at` · 2^`exponent`, on their way. `error` is the logarithm of what f64
    /// may have made of them by now, in units of 2^-53.
    #[inline(always)]
    pub(super) fn end(
        &mut self,
        row: usize,
        index: usize,
        [escaped, rebases]: [u32; 2],
        (at, exponent): ([V; 2], V),
        error: V,
        growth: Growth<V>,
    ) {
        let age = self.active.load::<V>(BASE, row).add(V::splat(index as f64));
        let sample = self.active.load(INDEX, row);
        let [cx, cy] = self.active.pair(CX, row);
        if escaped != 0 {
            let mut c = splat(self.c);
            if !EXTENDED {
                c = plus(c, [cx, cy]);
            }
            if DERIVATIVE {
                let growth = growth.real::<EXTENDED>();
                let end = self.escaped.len();
                growth.compress::<F, false>(&mut self.escaped, end, escaped);
            }
            self.doubt(escaped, error, sample);
            let orbits = [at[0], at[1], c[0], c[1], age, sample, exponent, exponent];
            self.escaped.push::<V, false>(escaped, orbits);
        }
        if rebases != 0 {
            let (w, exponent) = if EXTENDED {
                normalised(at, exponent)
            } else {
                (at, exponent)
            };
            if DERIVATIVE {
                let growth = growth.normalised::<EXTENDED>();
                let end = self.next.len();
                growth.compress::<F, EXTENDED>(&mut self.next, end, rebases);
            }
            let mut loss = V::splat(0.0);
            if V::PARTS == 1 {
                loss = error.sub(log2_with(w, exponent)).max(loss);
            }
            let values = [w[0], w[1], cx, cy, age, sample, loss, exponent];
            self.next.push::<V, EXTENDED>(rebases, values);
        }
    }

    /// Writes back those that go on.
    #[inline(always)]
    pub(super) fn keep<const C: usize>(
        &mut self,
        lanes: &mut Lanes<V, C>,
        steps: &Steps,
        read: usize,
        kept: &mut usize,
    ) {
        let reached = (steps.first + steps.z.len() - 1) as f64;
        let may_be_done = self.largest_base + reached >= self.limit;
        for k in 0..C {
            let row = read + k * V::LANES;
            if may_be_done {
                let base: V = self.active.load(BASE, row);
                let go_on = V::bits(base.lt(V::splat(self.limit - reached)));
                let sample = self.active.load(INDEX, row);
                let loss = self.active.load(LOSS, row);
                self.doubt(lanes.alive[k] & !go_on, loss, sample);
                lanes.alive[k] &= go_on;
            }
            if DERIVATIVE {
                let growth = lanes.growth[k].normalised::<EXTENDED>();
                growth.compress::<F, EXTENDED>(&mut self.active, *kept, lanes.alive[k]);
            }
            if *kept == row && lanes.alive[k] == present::<V>(V::LANES) {
                self.active.store(X, row, lanes.w[k][0]);
                self.active.store(Y, row, lanes.w[k][1]);
                if EXTENDED {
                    self.active.store(EXPONENT, row, lanes.exponent[k]);
                }
            } else {
                let values = [
                    lanes.w[k][0],
                    lanes.w[k][1],
                    lanes.c[k][0],
                    lanes.c[k][1],
                    self.active.load(BASE, row),
                    self.active.load(INDEX, row),
                    self.active.load(LOSS, row),
                    lanes.exponent[k],
                ];
                self.active
                    .compress::<V, EXTENDED>(*kept, lanes.alive[k], values);
            }
            *kept += lanes.alive[k].count_ones() as usize;
        }
    }
}
