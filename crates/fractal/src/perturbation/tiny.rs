//! How are steps taken where the reference is so near 0 that f64 may not hold it, or not its square?

use super::carry::Carry;
use super::difference::Difference;
use super::lanes::{Escape, Rebase};
use super::leaf::Steps;
use super::list::LOSS;
use super::pass::{Act, Passes};
use super::scale::{
    ZERO_EXPONENT, log2_with, norm, normalised, plus, power_of_two, rough_log2, scaled, size, sum,
};
use crate::extended::{Extended, power_of_two as scalar_power_of_two};
use crate::orbit::{LEAF, Parts};
use crate::simd::Vector;

/// Steps along points that f64 may not hold, or where differences are as small as those points.
pub(super) struct TinySteps<'a> {
    pub(super) points: &'a [Parts; LEAF + 1],
    pub(super) steps: &'a Steps<'a>,
    /// Where the samples are in their list, and where those that go on are kept.
    pub(super) read: usize,
    pub(super) kept: &'a mut usize,
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Act<Passes<'_, V, F, J, EXTENDED, DERIVATIVE>> for TinySteps<'_>
{
    type Output = ();

    #[inline(always)]
    fn act(self, passes: &mut Passes<'_, V, F, J, EXTENDED, DERIVATIVE>) {
        let TinySteps {
            points,
            steps,
            read,
            kept,
        } = self;
        let mut lanes = passes.load::<1>(read);
        let zero = V::splat(0.0);
        let unit = V::splat(passes.unit);
        for i in 0..steps.z.len() - 1 {
            let (z, low) = (points[i].z, points[i].low);
            let (w, exponent) = (lanes.w[0], lanes.exponent[0]);
            if DERIVATIVE {
                let (at, w, unit) = beside::<V>(z, [Extended::default(); 2], w, exponent);
                lanes.growth[0].tiny_step::<F>(passes.power, plus(at, w), unit, &passes.pixel);
            }
            let w = F::fold(in_unit(z, low, exponent), w);
            let (at, w_there, common) = beside::<V>(z, low, w, exponent);
            let at = F::folded(at);
            let sum_there = plus(at, w_there);
            let steepness = rough_log2(norm(sum_there)).mul_add(V::splat(0.5), common);
            let before = log2_with(lanes.w[0], exponent);
            let factor = F::factor(passes.power, at, sum_there, plus(at, sum_there));
            let product = F::product(w, factor, [zero; 2]);
            let power = V::splat(f64::from(passes.power - 1));
            let product = normalised(product, common.mul_add(power, exponent));
            (lanes.w[0], lanes.exponent[0]) = sum(product, (lanes.c[0], unit));

            if !steps.edges.is_empty() {
                let [alive] = lanes.alive;
                passes.note_escapes(steps, i + 1, read, alive, lanes.w[0], lanes.exponent[0]);
            }
            let (z, low) = (points[i + 1].z, points[i + 1].low);
            let (at, w_there, common) = beside::<V>(z, low, lanes.w[0], lanes.exponent[0]);
            let sum_there = plus(at, w_there);
            let real = scaled(sum_there, power_of_two(common));
            let inside = V::bits(norm(real).le(V::splat(steps.bound(i + 1))));
            let mut error: V = passes.active.load(LOSS, read);
            if !V::IS_DOUBLE {
                let of_power = V::splat(passes.log2_of_power);
                let slope = steepness.mul_add(power, of_power);
                error = error.add(before).add(slope);
                let loss = error.sub(log2_with(lanes.w[0], lanes.exponent[0]));
                passes.active.store(LOSS, read, loss.max(zero));
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
                let orbit = passes.orbit(read, index, error, lanes.growth[0]);
                if alive & !inside != 0 {
                    let lanes = alive & !inside;
                    passes.apart(Escape {
                        lanes,
                        z: real,
                        orbit: &orbit,
                    });
                }
                if alive & rebases != 0 {
                    let lanes = alive & rebases;
                    passes.apart(Rebase {
                        lanes,
                        z: sum_there,
                        exponent: common,
                        orbit: &orbit,
                    });
                }
                lanes.alive[0] &= inside & !rebases;
            }
        }
        let reached = steps.first + steps.z.len() - 1;
        passes.keep(&mut lanes, reached, read, kept);
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
