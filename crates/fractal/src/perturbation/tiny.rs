//! How are steps taken where the reference is so near 0 that f64 may not hold it, or not its square?

use super::carry::Carry;
use super::difference::Difference;
use super::leaf::Steps;
use super::list::LOSS;
use super::pass::Passes;
use super::scale::{
    ZERO_EXPONENT, log2_with, norm, normalised, plus, power_of_two, rough_log2, scaled, size, sum,
};
use crate::extended::{Extended, power_of_two as scalar_power_of_two};
use crate::orbit::{LEAF, Parts};
use crate::simd::Vector;

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'_, V, F, J, EXTENDED, DERIVATIVE>
{
    /// Steps along points that f64 may not hold, or where differences are as small as those points.
    #[inline(always)]
    pub(super) fn tiny_steps(
        &mut self,
        points: &[Parts; LEAF + 1],
        steps: &Steps,
        read: usize,
        kept: &mut usize,
    ) {
        let mut lanes = self.load::<1>(read);
        let zero = V::splat(0.0);
        let unit = V::splat(self.unit);
        for i in 0..steps.z.len() - 1 {
            let (z, low) = (points[i].z, points[i].low);
            let (w, exponent) = (lanes.w[0], lanes.exponent[0]);
            if DERIVATIVE {
                let (at, w, unit) = beside::<V>(z, [Extended::default(); 2], w, exponent);
                lanes.growth[0].tiny_step::<F>(self.power, plus(at, w), unit, &self.pixel);
            }
            let w = F::fold(in_unit(z, low, exponent), w);
            let (at, w_there, common) = beside::<V>(z, low, w, exponent);
            let at = F::folded(at);
            let sum_there = plus(at, w_there);
            let steepness = rough_log2(norm(sum_there)).mul_add(V::splat(0.5), common);
            let before = log2_with(lanes.w[0], exponent);
            let factor = F::factor(self.power, at, sum_there, plus(at, sum_there));
            let product = F::product(w, factor, [zero; 2]);
            let power = V::splat(f64::from(self.power - 1));
            let product = normalised(product, common.mul_add(power, exponent));
            (lanes.w[0], lanes.exponent[0]) = sum(product, (lanes.c[0], unit));

            if !steps.edges.is_empty() {
                let [alive] = lanes.alive;
                self.note_escapes(steps, i + 1, read, alive, lanes.w[0], lanes.exponent[0]);
            }
            let (z, low) = (points[i + 1].z, points[i + 1].low);
            let (at, w_there, common) = beside::<V>(z, low, lanes.w[0], lanes.exponent[0]);
            let sum_there = plus(at, w_there);
            let real = scaled(sum_there, power_of_two(common));
            let inside = V::bits(norm(real).le(V::splat(steps.bound(i + 1))));
            let mut error: V = self.active.load(LOSS, read);
            if V::PARTS == 1 {
                let of_power = V::splat(self.log2_of_power);
                let slope = steepness.mul_add(power, of_power);
                error = error.add(before).add(slope);
                let loss = error.sub(log2_with(lanes.w[0], lanes.exponent[0]));
                self.active.store(LOSS, read, loss.max(zero));
            }
            let is_last = steps.is_end && i + 2 == steps.z.len();
            let rebases = if is_last {
                inside
            } else {
                V::bits(size(sum_there).lt(size(w_there))) & inside
            };
            let alive = lanes.alive[0];
            if alive & (!inside | rebases) != 0 {
                let index = steps.first + i + 1;
                let orbit = self.orbit(read, index, error, lanes.growth[0]);
                if alive & !inside != 0 {
                    self.escape(alive & !inside, real, &orbit);
                }
                if alive & rebases != 0 {
                    self.rebase(alive & rebases, (sum_there, common), &orbit);
                }
                lanes.alive[0] &= inside & !rebases;
            }
        }
        let reached = steps.first + steps.z.len() - 1;
        self.keep(&mut lanes, reached, read, kept);
    }
}

/// A point in units of 2^`exponent`.
#[inline(always)]
fn in_unit<V: Vector>(z: [Extended; 2], low: [Extended; 2], exponent: V) -> [V; 2] {
    [
        part_in_unit(z[0], low[0], exponent),
        part_in_unit(z[1], low[1], exponent),
    ]
}

#[inline(always)]
fn part_in_unit<V: Vector>(part: Extended, low: Extended, exponent: V) -> V {
    let low = low.mantissa * scalar_power_of_two(low.exponent - part.exponent);
    let scale = power_of_two(V::splat(part.exponent as f64).sub(exponent));
    V::splat_sum(part.mantissa, low).scale(scale)
}

/// A point and a difference in one unit, that of the larger; and the unit.
#[inline(always)]
fn beside<V: Vector>(
    z: [Extended; 2],
    low: [Extended; 2],
    w: [V; 2],
    exponent: V,
) -> ([V; 2], [V; 2], V) {
    let mut largest = ZERO_EXPONENT;
    for part in z {
        if part.mantissa != 0.0 {
            largest = largest.max(part.exponent as f64);
        }
    }
    let common = exponent.max(V::splat(largest));
    let w = scaled(w, power_of_two(exponent.sub(common)));
    (in_unit(z, low, common), w, common)
}
