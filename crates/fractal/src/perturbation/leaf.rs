//! The steps between two nodes: how are they taken one by one?

use super::carry::Carry;
use super::difference::Difference;
use super::growth::Growth;
use super::list::{BASE, CX, EXPONENT, INDEX, LOSS, X, Y};
use super::pass::{Passes, present};
use super::scale::{
    ZERO_EXPONENT, is_inside, log2_with, norm, normalised, plus, power_of_two, rough_log2, scaled,
    size, splat, splat_sum, sum,
};
use crate::extended::{Extended, ExtendedComplex, power_of_two as scalar_power_of_two};
use crate::orbit::{LEAF, Table, Track};
use crate::simd::Vector;

/// Vectors whose steps are taken side by side: a step is three operations that wait for one another, four cycles each.
const TOGETHER: usize = 4;

/// Where the steps of a leaf lead along.
struct Steps<'a> {
    /// From the leaf's first point to the one after its last step.
    z: &'a [[f64; 2]],
    /// What they leave over, where numbers can hold it.
    low: &'a [[f64; 2]],
    /// The index of the first.
    first: usize,
    is_end: bool,
    safe_radius: f64,
    safe_radius_c: f64,
    /// Points at which f64 does not tell on which side of the escape radius a sample is, and |Z|² - 4 there.
    edges: &'a [(usize, Extended)],
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

/// Samples in vectors.
struct Lanes<V, const C: usize> {
    w: [[V; 2]; C],
    c: [[V; 2]; C],
    exponent: [V; C],
    /// Only where derivatives are asked for.
    growth: [Growth<V>; C],
    alive: [u32; C],
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

    /// Steps along points that f64 may not hold, or where differences are as small as those points.
    #[inline(always)]
    fn tiny_steps(&mut self, track: &Track, steps: &Steps, read: usize, kept: &mut usize) {
        let mut lanes = self.load::<1>(read);
        let zero = V::splat(0.0);
        let unit = V::splat(self.unit);
        for i in 0..steps.z.len() - 1 {
            let z = track.point(steps.first + i);
            let (w, exponent) = (lanes.w[0], lanes.exponent[0]);
            if DERIVATIVE {
                let (at, w, unit) = beside::<V>(z, [Extended::default(); 2], w, exponent);
                lanes.growth[0].tiny_step::<F>(self.power, plus(at, w), unit, &self.pixel);
            }
            let low = track.point_low(steps.first + i);
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
            let next = track.point(steps.first + i + 1);
            let low = track.point_low(steps.first + i + 1);
            let (at, w_there, common) = beside::<V>(next, low, lanes.w[0], lanes.exponent[0]);
            let sum_there = plus(at, w_there);
            let real = scaled(sum_there, power_of_two(common));
            let inside = is_inside(real);
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
                let growth = lanes.growth[0];
                let masks = [alive & !inside, 0];
                self.end(read, index, masks, (real, zero), error, growth);
                let masks = [0, alive & rebases];
                self.end(read, index, masks, (sum_there, common), error, growth);
                lanes.alive[0] &= inside & !rebases;
            }
        }
        self.keep(&mut lanes, steps, read, kept);
    }

    /// Counts lanes of a row that are outside of the escape radius at the leaf's point `i`, though f64 does not tell: by
    /// |Z + w|² - 4 = (|Z|² - 4) + 2 Z · w + |w|². They go on until f64 tells, for their smooth counts.
    #[inline(always)]
    fn note_escapes(
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

    #[inline(always)]
    fn load<const C: usize>(&self, read: usize) -> Lanes<V, C> {
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
    fn end(
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
    fn keep<const C: usize>(
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
