//! How do samples come from their list into vectors, and on to where they go?

use super::carry::Carry;
use super::difference::Difference;
use super::direct::FAR;
use super::growth::Growth;
use super::list::{BASE, CX, EXPONENT, INDEX, LOSS, X, Y};
use super::pass::{Act, Passes, present};
use super::scale::{log2_with, norm, normalised, plus, splat};
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

/// What is known of orbits beside where they are.
pub(super) struct Orbit<V> {
    /// Their c, less the reference's.
    pub(super) c: [V; 2],
    /// The index of z.
    pub(super) age: V,
    pub(super) sample: V,
    /// log₂ of what f64 may have made of z by now, in units of 2^-53.
    pub(super) error: V,
    /// Only where derivatives are asked for.
    pub(super) growth: Growth<V>,
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

    /// What is known of the lanes of a row, at a point of the reference. `error` is the logarithm of what f64 may have made of them by now, in
    /// units of 2^-53.
    #[inline(always)]
    pub(super) fn orbit(&self, row: usize, index: usize, error: V, growth: Growth<V>) -> Orbit<V> {
        Orbit {
            c: self.active.pair(CX, row),
            age: self.active.load::<V>(BASE, row).add(V::splat(index as f64)),
            sample: self.active.load(INDEX, row),
            error,
            growth,
        }
    }

    /// Sends lanes that have escaped or that rebase, at z, on their way.
    #[inline(always)]
    pub(super) fn end(&mut self, [escaped, rebases]: [u32; 2], z: [V; 2], orbit: &Orbit<V>) {
        if escaped != 0 {
            self.apart(Escape {
                lanes: escaped,
                z,
                orbit,
            });
        }
        let mut far = 0;
        if !V::IS_DOUBLE {
            far = rebases & V::bits(V::splat(FAR).le(norm(z)));
            if far != 0 {
                self.apart(SetDirect {
                    lanes: far,
                    z,
                    orbit,
                });
            }
        }
        if rebases & !far != 0 {
            let exponent = V::splat(0.0);
            self.apart(Rebase {
                lanes: rebases & !far,
                z,
                exponent,
                orbit,
            });
        }
    }

    /// Writes back those that go on from the point of the reference that they have reached.
    #[inline(always)]
    pub(super) fn keep<const C: usize>(
        &mut self,
        lanes: &mut Lanes<V, C>,
        reached: usize,
        read: usize,
        kept: &mut usize,
    ) {
        let reached = reached as f64;
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

/// Lets lanes that have escaped, at z, wait to be followed to the bailout.
pub(super) struct Escape<'a, V> {
    pub(super) lanes: u32,
    pub(super) z: [V; 2],
    pub(super) orbit: &'a Orbit<V>,
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Act<Passes<'_, V, F, J, EXTENDED, DERIVATIVE>> for Escape<'_, V>
{
    type Output = ();

    #[inline(always)]
    fn act(self, passes: &mut Passes<'_, V, F, J, EXTENDED, DERIVATIVE>) {
        let Escape { lanes, z, orbit } = self;
        let mut c = splat(passes.c);
        if !EXTENDED {
            c = plus(c, orbit.c);
        }
        if DERIVATIVE {
            let growth = orbit.growth.real::<EXTENDED>();
            let end = passes.escaped.len();
            growth.compress::<F, false>(&mut passes.escaped, end, lanes);
        }
        passes.doubt(lanes, orbit.error, orbit.sample);
        let zero = V::splat(0.0);
        let values = [z[0], z[1], c[0], c[1], orbit.age, orbit.sample, zero, zero];
        passes.escaped.push::<V, false>(lanes, values);
    }
}

/// Lets lanes at z · 2^`exponent` wait for the next pass.
pub(super) struct Rebase<'a, V> {
    pub(super) lanes: u32,
    pub(super) z: [V; 2],
    pub(super) exponent: V,
    pub(super) orbit: &'a Orbit<V>,
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Act<Passes<'_, V, F, J, EXTENDED, DERIVATIVE>> for Rebase<'_, V>
{
    type Output = ();

    #[inline(always)]
    fn act(self, passes: &mut Passes<'_, V, F, J, EXTENDED, DERIVATIVE>) {
        let Rebase {
            lanes,
            z,
            exponent,
            orbit,
        } = self;
        let (w, exponent) = if EXTENDED {
            normalised(z, exponent)
        } else {
            (z, exponent)
        };
        if DERIVATIVE {
            let growth = orbit.growth.normalised::<EXTENDED>();
            let end = passes.next.len();
            growth.compress::<F, EXTENDED>(&mut passes.next, end, lanes);
        }
        let mut loss = V::splat(0.0);
        if !V::IS_DOUBLE {
            loss = orbit.error.sub(log2_with(w, exponent)).max(loss);
        }
        let ([cx, cy], age) = (orbit.c, orbit.age);
        let values = [w[0], w[1], cx, cy, age, orbit.sample, loss, exponent];
        passes.next.push::<V, EXTENDED>(lanes, values);
    }
}

/// Lets lanes at z go on without the reference.
struct SetDirect<'a, V> {
    lanes: u32,
    z: [V; 2],
    orbit: &'a Orbit<V>,
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Act<Passes<'_, V, F, J, EXTENDED, DERIVATIVE>> for SetDirect<'_, V>
{
    type Output = ();

    #[inline(always)]
    fn act(self, passes: &mut Passes<'_, V, F, J, EXTENDED, DERIVATIVE>) {
        let SetDirect { lanes, z, orbit } = self;
        let zero = V::splat(0.0);
        if DERIVATIVE {
            let growth = orbit.growth.normalised::<EXTENDED>();
            let end = passes.direct.len();
            growth.compress::<F, EXTENDED>(&mut passes.direct, end, lanes);
        }
        let ([cx, cy], age) = (orbit.c, orbit.age);
        let error = orbit.error.max(zero);
        let values = [z[0], z[1], cx, cy, age, orbit.sample, error, zero];
        passes.direct.push::<V, EXTENDED>(lanes, values);
    }
}
