//! The steps between two nodes: how are they taken one by one?

use super::carry::Carry;
use super::difference::Difference;
use super::growth::Growth;
use super::list::{BASE, INDEX, LOSS};
use super::pass::Passes;
use super::scale::{
    norm, normalised, plus, power_of_two, rough_log2, scaled, size, splat, splat_sum,
};
use crate::extended::{Extended, ExtendedComplex};
use crate::orbit::{LEAF, Table, Track};
use crate::simd::Vector;

/// Vectors whose steps are taken side by side: a step is three operations that wait for one another, four cycles each.
const TOGETHER: usize = 4;

/// Where the steps of a leaf lead along.
pub(super) struct Steps<'a> {
    /// From the leaf's first point to the one after its last step.
    pub(super) z: &'a [[f64; 2]],
    /// What they leave over, where numbers can hold it.
    pub(super) low: &'a [[f64; 2]],
    /// The index of the first.
    pub(super) first: usize,
    pub(super) is_end: bool,
    pub(super) safe_radius: f64,
    pub(super) safe_radius_c: f64,
    /// Points at which f64 does not tell on which side of the escape radius a sample is, and |Z|² - 4 there.
    pub(super) edges: &'a [(usize, Extended)],
}

impl Steps<'_> {
    #[inline(always)]
    fn z<V: Vector>(&self, i: usize) -> [V; 2] {
        if V::PARTS > 1 {
            splat_sum(self.z[i], self.low[i])
        } else {
            splat(self.z[i])
        }
    }
}

impl<'a, V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'a, V, F, J, EXTENDED, DERIVATIVE>
{
    /// Takes all active samples over a leaf.
    #[inline(always)]
    pub(super) fn leaf(&mut self, track: &Track, table: &Table<J>, leaf: usize) {
        let safe = table.safe[leaf];
        let z = track.z();
        let first = leaf * LEAF;
        let last = (first + LEAF).min(z.len() - 1);
        let steps = Steps {
            z: &z[first..=last],
            low: if V::PARTS > 1 {
                track.low(first, last)
            } else {
                &[]
            },
            first,
            is_end: last == z.len() - 1,
            safe_radius: safe.radius,
            safe_radius_c: self.in_units_of_c(safe.radius_c),
            edges: track.edges(first + 1, last),
        };
        let is_tiny = EXTENDED && safe.is_tiny();
        let (mut read, mut kept) = (0, 0);
        let len = self.active.len();
        while read < len {
            if is_tiny {
                self.tiny_steps(track, &steps, read, &mut kept);
                read += V::LANES;
            } else if len - read > V::LANES {
                self.steps::<TOGETHER>(&steps, read, &mut kept);
                read += TOGETHER * V::LANES;
            } else {
                self.steps::<1>(&steps, read, &mut kept);
                read += V::LANES;
            }
        }
        self.active.truncate(kept);
    }

    #[inline(always)]
    fn steps<const C: usize>(&mut self, steps: &Steps, read: usize, kept: &mut usize) {
        let mut lanes = self.load::<C>(read);
        let mut scale = [V::splat(1.0); C];
        let mut unscale = [V::splat(1.0); C];
        let mut d = lanes.c;
        let mut side = [Growth::<V>::zero().tangents; C];
        let mut is_safe = true;
        let mut is_near = [V::splat(0.0).le(V::splat(0.0)); C];
        for k in 0..C {
            let mut distance = size(lanes.w[k]);
            if EXTENDED {
                let exponent = lanes.exponent[k];
                distance = exponent.add(distance.sub(V::splat(1.0)));
                scale[k] = power_of_two(exponent);
                unscale[k] = power_of_two(V::splat(0.0).sub(exponent));
                let unit = power_of_two(V::splat(self.unit).sub(exponent));
                d[k] = scaled(d[k], unit);
            }
            if DERIVATIVE {
                (lanes.growth[k], side[k]) = lanes.growth[k].beside::<EXTENDED>(&self.pixel);
            }
            let near = V::and(
                distance.le(V::splat(steps.safe_radius)),
                size(lanes.c[k]).le(V::splat(steps.safe_radius_c)),
            );
            is_near[k] = near;
            is_safe &= lanes.alive[k] & !V::bits(near) == 0;
        }
        // The error that there was in the beginning, as [`Passes::error`], and the product of |z|² over all points so far.
        let (mut error, mut steepness) = ([V::splat(0.0); C], [V::splat(1.0); C]);
        if V::PARTS == 1 && !is_safe {
            for k in 0..C {
                let loss: V = self.active.load(LOSS, read + k * V::LANES);
                error[k] = loss.add(rough_log2(size(lanes.w[k])));
                steepness[k] = norm(full::<V, EXTENDED>(steps.z(0), lanes.w[k], scale[k]));
            }
        }
        let last = steps.z.len() - 1;
        for i in 1..steps.z.len() {
            let (from, to) = (steps.z::<V>(i - 1), steps.z::<V>(i));
            for k in 0..C {
                if DERIVATIVE {
                    let z = full::<V, EXTENDED>(from, lanes.w[k], scale[k]);
                    lanes.growth[k].step::<F>(self.power, z, side[k]);
                }
                lanes.w[k] = step::<V, F, EXTENDED>(
                    self.power, from, lanes.w[k], d[k], scale[k], unscale[k],
                );
            }
            let all_rebase = steps.is_end && i == last;
            if is_safe && !all_rebase {
                continue;
            }
            if !steps.edges.is_empty() {
                for k in 0..C {
                    let row = read + k * V::LANES;
                    self.note_escapes(steps, i, row, lanes.alive[k], lanes.w[k], lanes.exponent[k]);
                }
            }
            let (mut inside, mut rebases) = ([0; C], [0; C]);
            let mut ending = 0;
            for k in 0..C {
                let at = full::<V, EXTENDED>(to, lanes.w[k], scale[k]);
                let mut distance = size(lanes.w[k]);
                if EXTENDED {
                    distance = distance.mul(scale[k]);
                }
                let norm = norm(at);
                if V::PARTS == 1 {
                    steepness[k] = steepness[k].mul(norm);
                }
                inside[k] = V::bits(norm.le(V::splat(4.0)));
                rebases[k] = V::bits(size(at).lt(distance));
                if all_rebase {
                    rebases[k] = u32::MAX;
                }
                ending |= lanes.alive[k] & (!inside[k] | rebases[k]);
            }
            if ending != 0 {
                // A copy, so that the lanes themselves stay in registers.
                let (w, growth) = (lanes.w, lanes.growth);
                for k in 0..C {
                    if lanes.alive[k] & (!inside[k] | rebases[k]) == 0 {
                        continue;
                    }
                    let at = full::<V, EXTENDED>(to, w[k], scale[k]);
                    let row = read + k * V::LANES;
                    let masks = [
                        lanes.alive[k] & !inside[k],
                        lanes.alive[k] & inside[k] & rebases[k],
                    ];
                    let zero = V::splat(0.0);
                    let error = self.error(error[k], steepness[k], at, i);
                    let error = error.add(lanes.exponent[k]);
                    let index = steps.first + i;
                    self.end(row, index, masks, (at, zero), error, growth[k]);
                    lanes.alive[k] &= inside[k] & !rebases[k];
                }
            }
        }
        for k in 0..C {
            if V::PARTS == 1 && !is_safe {
                let at = full::<V, EXTENDED>(steps.z(last), lanes.w[k], scale[k]);
                let error = self.error(error[k], steepness[k], at, last);
                let lost = error.sub(rough_log2(size(lanes.w[k]))).max(V::splat(0.0));
                let row = read + k * V::LANES;
                // Differences much smaller than Z lose nothing, and how many of them are in one vector must not matter.
                let loss = V::select(is_near[k], self.active.load(LOSS, row), lost);
                self.active.store(LOSS, row, loss);
            }
            if EXTENDED {
                (lanes.w[k], lanes.exponent[k]) = normalised(lanes.w[k], lanes.exponent[k]);
            }
        }
        self.keep(&mut lanes, steps, read, kept);
    }

    /// log₂ of the error, in units of 2^-53 and of w, that so many steps make of one. `steepness` is the product of all |z|², with that
    /// of where they end, which is not yet steep for anyone.
    #[inline(always)]
    fn error(&self, before: V, steepness: V, end: [V; 2], steps: usize) -> V {
        if V::PARTS > 1 {
            return before;
        }
        let of_powers = V::splat(steps as f64 * self.log2_of_power);
        let half = V::splat(0.5 * f64::from(self.power - 1));
        let steepness = rough_log2(steepness).sub(rough_log2(norm(end)));
        steepness.mul_add(half, before.add(of_powers))
    }

    /// Counts lanes of a row that are outside of the escape radius at the leaf's point `i`, though f64 does not tell: by
    /// |Z + w|² - 4 = (|Z|² - 4) + 2 Z · w + |w|². They go on until f64 tells, for their smooth counts.
    #[inline(always)]
    pub(super) fn note_escapes(
        &mut self,
        steps: &Steps,
        i: usize,
        row: usize,
        alive: u32,
        w: [V; 2],
        exponent: V,
    ) {
        let index = steps.first + i;
        let Some((_, excess)) = steps.edges.iter().find(|edge| edge.0 == index) else {
            return;
        };
        let (mut x, mut y, mut exponents) = ([0.0; 8], [0.0; 8], [0.0; 8]);
        w[0].store(&mut x);
        w[1].store(&mut y);
        exponent.store(&mut exponents);
        for lane in (0..V::LANES).filter(|lane| alive >> lane & 1 == 1) {
            let [re, im] = steps.z[i];
            let (x, y, exponent) = (x[lane], y[lane], exponents[lane] as i64);
            let number = |value: f64, exponent: i64| ExtendedComplex::new(value, 0.0, exponent);
            let excess = number(excess.mantissa, excess.exponent)
                + number(2.0 * (re * x + im * y), exponent)
                + number(x * x + y * y, 2 * exponent);
            if excess.re > 0.0 {
                let base = self.active.column(BASE)[row + lane] as u64;
                let sample = self.active.column(INDEX)[row + lane] as usize;
                let count = &mut self.field.counts[sample];
                if *count == 0 && base + index as u64 <= self.piece.samples.limit {
                    *count = base + index as u64;
                }
            }
        }
    }
}

/// One step of differences in units of `scale`.
#[inline(always)]
fn step<V: Vector, F: Difference, const EXTENDED: bool>(
    power: u32,
    z: [V; 2],
    w: [V; 2],
    d: [V; 2],
    scale: V,
    unscale: V,
) -> [V; 2] {
    let mut in_its_unit = z;
    if EXTENDED {
        in_its_unit = scaled(in_its_unit, unscale);
    }
    let w = F::fold(in_its_unit, w);
    let z = F::folded(z);
    let sum = full::<V, EXTENDED>(z, w, scale);
    let middle = full::<V, EXTENDED>(plus(z, z), w, scale);
    F::product(w, F::factor(power, z, sum, middle), d)
}

/// z + w · scale.
#[inline(always)]
fn full<V: Vector, const EXTENDED: bool>(z: [V; 2], w: [V; 2], scale: V) -> [V; 2] {
    if EXTENDED {
        [w[0].scale_add(scale, z[0]), w[1].scale_add(scale, z[1])]
    } else {
        plus(z, w)
    }
}
