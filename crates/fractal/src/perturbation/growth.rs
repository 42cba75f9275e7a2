//! How do samples carry what becomes of their neighbours? As tangents beside the difference: u ↦ f'(Z + z) u + a pixel's side at
//! single steps, by the jump's own derivatives at
//! jumps, and nothing at a rebase, since Z + z is the same number before and after it.

use super::carry::Carry;
use super::difference::Difference;
use super::list::{List, TANGENT_EXPONENT, TANGENTS};
use super::scale::{ZERO_EXPONENT, plus, power_of_two, scaled, size};
use crate::kernel::{Tangents, splat_both};
use crate::simd::Vector;

/// The tangents of a vector of samples: their derivatives by the place in the picture, a pixel to the right and one up. In units of
/// 2^exponent where exponents are extended.
#[derive(Clone, Copy)]
pub(super) struct Growth<V> {
    pub(super) tangents: [[V; 2]; 2],
    pub(super) exponent: V,
}

/// The tangents of every c.
#[derive(Clone, Copy)]
pub(super) struct Pixel<V> {
    tangents: [[V; 2]; 2],
    /// Their unit.
    exponent: V,
}

impl<V: Vector> Pixel<V> {
    #[inline(always)]
    pub(super) fn new(tangents: &Tangents, unit: f64) -> Self {
        // A seed's zeros must not outweigh small tangents.
        let is_seed = tangents.c == [[0.0; 2]; 2];
        Pixel {
            tangents: splat_both(tangents.c),
            exponent: V::splat(if is_seed { ZERO_EXPONENT } else { unit }),
        }
    }

    /// In the unit of 2^exponent.
    #[inline(always)]
    fn within<const EXTENDED: bool>(&self, exponent: V) -> [[V; 2]; 2] {
        if EXTENDED {
            let scale = power_of_two(self.exponent.sub(exponent));
            [
                scaled(self.tangents[0], scale),
                scaled(self.tangents[1], scale),
            ]
        } else {
            self.tangents
        }
    }
}

impl<V: Vector> Growth<V> {
    /// Of an orbit that begins at 0.
    #[inline(always)]
    pub(super) fn zero() -> Self {
        Growth {
            tangents: splat_both([[0.0; 2]; 2]),
            exponent: V::splat(ZERO_EXPONENT),
        }
    }

    /// Of an orbit that begins at its sample.
    #[inline(always)]
    pub(super) fn of_start<const EXTENDED: bool>(tangents: &Tangents, unit: f64) -> Self {
        let growth = Growth {
            tangents: splat_both(tangents.start),
            exponent: V::splat(unit),
        };
        growth.normalised::<EXTENDED>()
    }

    /// In a unit in which steps can add a pixel's side, and that side in this unit.
    #[inline(always)]
    pub(super) fn beside<const EXTENDED: bool>(self, pixel: &Pixel<V>) -> (Self, [[V; 2]; 2]) {
        if !EXTENDED {
            return (self, pixel.tangents);
        }
        let exponent = self.exponent.max(pixel.exponent);
        let scale = power_of_two(self.exponent.sub(exponent));
        let growth = Growth {
            tangents: [
                scaled(self.tangents[0], scale),
                scaled(self.tangents[1], scale),
            ],
            exponent,
        };
        (growth, pixel.within::<EXTENDED>(exponent))
    }

    /// f'(z) u + side.
    #[inline(always)]
    pub(super) fn step<F: Difference>(&mut self, power: u32, z: [V; 2], side: [[V; 2]; 2]) {
        for t in 0..F::TANGENTS {
            self.tangents[t] = F::tangent(power, z, self.tangents[t], side[t]);
        }
    }

    /// `next` in the lanes of a mask.
    #[inline(always)]
    pub(super) fn or<F: Difference>(mut self, mask: V::Mask, next: Self) -> Self {
        for t in 0..F::TANGENTS {
            for part in 0..2 {
                let (old, new) = (self.tangents[t][part], next.tangents[t][part]);
                self.tangents[t][part] = V::select(mask, new, old);
            }
        }
        self
    }

    /// The same where z is in units of 2^`unit`.
    #[inline(always)]
    pub(super) fn tiny_step<F: Difference>(
        &mut self,
        power: u32,
        z: [V; 2],
        unit: V,
        pixel: &Pixel<V>,
    ) {
        self.step::<F>(power, z, splat_both([[0.0; 2]; 2]));
        let times = V::splat(f64::from(power - 1));
        self.exponent = unit.mul_add(times, self.exponent);
        let (mut sum, side) = self.normalised::<true>().beside::<true>(pixel);
        for t in 0..F::TANGENTS {
            for part in 0..2 {
                sum.tangents[t][part] = sum.tangents[t][part].add(side[t][part]);
            }
        }
        *self = sum.normalised::<true>();
    }

    /// A jump's derivative by z times u, and that by c times the side, of samples w · 2^`exponent` and c.
    #[inline(always)]
    pub(super) fn jump<F: Difference, const EXTENDED: bool>(
        &mut self,
        jump: &impl Carry,
        at: [[V; 2]; 2],
        (exponent, unit): (V, f64),
        pixel: &Pixel<V>,
    ) {
        if !EXTENDED {
            for t in 0..F::TANGENTS {
                let both = [self.tangents[t], pixel.tangents[t]];
                let [own, its] = jump.carry_tangents(at, both);
                self.tangents[t] = plus(own, its);
            }
            return;
        }
        let mut its = Growth::<V>::zero();
        let mut exponents = [0.0; 2];
        for t in 0..F::TANGENTS {
            let both = [self.tangents[t], pixel.tangents[t]];
            ([self.tangents[t], its.tangents[t]], exponents) =
                jump.carry_tangents_extended(at, (exponent, unit), both);
        }
        self.exponent = self.exponent.add(V::splat(exponents[0]));
        its.exponent = pixel.exponent.add(V::splat(exponents[1]));
        let own = self.normalised::<EXTENDED>();
        let its = its.normalised::<EXTENDED>();
        let exponent = own.exponent.max(its.exponent);
        let own_scale = power_of_two(own.exponent.sub(exponent));
        let its_scale = power_of_two(its.exponent.sub(exponent));
        for t in 0..F::TANGENTS {
            for part in 0..2 {
                let its = its.tangents[t][part].mul(its_scale);
                self.tangents[t][part] = own.tangents[t][part].mul_add(own_scale, its);
            }
        }
        self.exponent = exponent;
        *self = self.normalised::<EXTENDED>();
    }

    /// The same, the largest part from 1 to 2.
    #[inline(always)]
    pub(super) fn normalised<const EXTENDED: bool>(self) -> Self {
        if !EXTENDED {
            return self;
        }
        let largest = size(self.tangents[0]).max(size(self.tangents[1]));
        let zero = V::splat(0.0);
        let is_zero = largest.lt(V::splat(f64::MIN_POSITIVE));
        let own = V::select(is_zero, zero, largest.exponent_and_mantissa().0);
        let scale = power_of_two(zero.sub(own));
        Growth {
            tangents: [
                scaled(self.tangents[0], scale),
                scaled(self.tangents[1], scale),
            ],
            exponent: V::select(is_zero, V::splat(ZERO_EXPONENT), self.exponent.add(own)),
        }
    }

    /// As plain numbers.
    #[inline(always)]
    pub(super) fn real<const EXTENDED: bool>(self) -> Self {
        if !EXTENDED {
            return self;
        }
        let scale = power_of_two(self.exponent);
        Growth {
            tangents: [
                scaled(self.tangents[0], scale),
                scaled(self.tangents[1], scale),
            ],
            exponent: V::splat(0.0),
        }
    }

    /// That of the samples from `at` on.
    #[inline(always)]
    pub(super) fn load<F: Difference, const EXTENDED: bool>(list: &List, at: usize) -> Self {
        let mut growth = Growth::zero();
        for t in 0..F::TANGENTS {
            for part in 0..2 {
                growth.tangents[t][part] = list.load(TANGENTS + 2 * t + part, at);
            }
        }
        if EXTENDED {
            growth.exponent = list.load(TANGENT_EXPONENT, at);
        }
        growth
    }

    /// Writes the lanes whose bit is set to where `at` is.
    #[inline(always)]
    pub(super) fn compress<F: Difference, const EXTENDED: bool>(
        self,
        list: &mut List,
        at: usize,
        bits: u32,
    ) {
        for t in 0..F::TANGENTS {
            for part in 0..2 {
                let values = self.tangents[t][part].compress(bits);
                list.store(TANGENTS + 2 * t + part, at, values);
            }
        }
        if EXTENDED {
            list.store(TANGENT_EXPONENT, at, self.exponent.compress(bits));
        }
    }
}
