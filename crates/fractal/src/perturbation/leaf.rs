//! How are steps taken one by one? Samples that no node is for stay in registers from leaf to leaf.

use std::ops::Range;

use super::carry::Carry;
use super::difference::Difference;
use super::growth::Growth;
use super::lanes::Lanes;
use super::list::{BASE, INDEX, LOSS};
use super::pass::{Act, Passes};
use super::scale::{
    norm, normalised, plus, power_of_two, rough_log2, scaled, size, splat, splat_sum,
};
use super::tiny::TinySteps;
use crate::extended::{Extended, ExtendedComplex};
use crate::orbit::{LEAF, Nodes, Parts, STRETCH, Section};
use crate::simd::Vector;

/// Vectors whose steps are taken side by side: a step is three operations that wait for one another, four cycles each. One vector alone
/// would not be faster, so that there is no code for it.
const TOGETHER: usize = 4;

/// |z|² - 4 from which on an orbit that left at an edge of the escape radius ends. f64 knows it to 20 digits then, and so its smooth count,
/// which depends on nothing else.
const LEAST_EXCESS: f64 = 1.0 / (1_u64 << 31) as f64;

/// Where the steps of a leaf lead along.
#[derive(Clone, Copy, Default)]
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

/// In which units lanes are while they cross a leaf.
struct Units<V, const C: usize> {
    /// That of w, and one over it.
    scale: [V; C],
    unscale: [V; C],
    /// c in units of w.
    d: [[V; 2]; C],
    /// A pixel's sides in units of the tangents.
    side: [[[V; 2]; 2]; C],
}

impl Steps<'_> {
    /// Up to which |z|² orbits go on at the leaf's point `i`. At edges their escapes are counted beforehand, by [`Passes::note_escapes`].
    #[inline(always)]
    pub(super) fn bound(&self, i: usize) -> f64 {
        let is_edge = |&(index, _): &(usize, Extended)| index == self.first + i;
        if !self.edges.is_empty() && self.edges.iter().any(is_edge) {
            4.0 + LEAST_EXCESS
        } else {
            4.0
        }
    }

    #[inline(always)]
    fn z<V: Vector>(&self, i: usize) -> [V; 2] {
        if V::IS_DOUBLE {
            splat_sum(self.z[i], self.low[i])
        } else {
            splat(self.z[i])
        }
    }
}

/// Takes all active samples over some leaves, at most a stretch. Only where there is one of them may it be tiny.
pub(super) struct Walk<'a, J> {
    pub(super) section: &'a Section,
    pub(super) nodes: Nodes<'a, J>,
    pub(super) leaves: Range<usize>,
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Act<Passes<'_, V, F, J, EXTENDED, DERIVATIVE>> for Walk<'_, J>
{
    type Output = ();

    #[inline(always)]
    fn act(self, passes: &mut Passes<'_, V, F, J, EXTENDED, DERIVATIVE>) {
        let Walk {
            section,
            nodes,
            leaves,
        } = self;
        let is_tiny = EXTENDED && nodes.safe(leaves.start).is_tiny();
        let mut stretch = [Steps::default(); 1 << STRETCH];
        let stretch = &mut stretch[..leaves.len()];
        for (steps, leaf) in stretch.iter_mut().zip(leaves) {
            *steps = passes.steps(section, nodes, leaf);
        }
        let mut points = [Parts::default(); LEAF + 1];
        if is_tiny {
            let indices = stretch[0].first..;
            for (point, index) in points.iter_mut().zip(indices).take(stretch[0].z.len()) {
                *point = section.points.parts(index);
            }
        }
        let (mut read, mut kept) = (0, 0);
        let len = passes.active.len();
        while read < len {
            // Said again, so that compilers make no such part where it cannot be.
            if EXTENDED && is_tiny {
                passes.apart(TinySteps {
                    points: &points,
                    steps: &stretch[0],
                    read,
                    kept: &mut kept,
                });
                read += V::LANES;
            } else {
                passes.cross(stretch, read, &mut kept);
                read += TOGETHER * V::LANES;
            }
        }
        passes.active.truncate(kept);
    }
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'_, V, F, J, EXTENDED, DERIVATIVE>
{
    #[inline(always)]
    fn steps<'t>(&self, section: &'t Section, nodes: Nodes<J>, leaf: usize) -> Steps<'t> {
        let safe = nodes.safe(leaf);
        let points = &section.points;
        let first = leaf * LEAF;
        let last = (first + LEAF).min(points.last());
        Steps {
            z: points.z(first, last),
            low: if V::IS_DOUBLE {
                points.low(first, last)
            } else {
                &[]
            },
            first,
            is_end: leaf + 1 == nodes.upper.leaves,
            safe_radius: safe.radius,
            safe_radius_c: self.in_units_of_c(safe.radius_c),
            edges: points.edges_in(first + 1, last),
        }
    }

    #[inline(always)]
    fn cross(&mut self, stretch: &[Steps], read: usize, kept: &mut usize) {
        let mut lanes = self.load::<TOGETHER>(read);
        let mut reached = 0;
        for steps in stretch {
            self.take(&mut lanes, steps, read);
            reached = steps.first + steps.z.len() - 1;
        }
        self.keep(&mut lanes, reached, read, kept);
    }

    /// Takes lanes over a leaf.
    #[inline(always)]
    fn take(&mut self, lanes: &mut Lanes<V, TOGETHER>, steps: &Steps, read: usize) {
        let mut units = Units {
            scale: [V::splat(1.0); TOGETHER],
            unscale: [V::splat(1.0); TOGETHER],
            d: lanes.c,
            side: [Growth::<V>::zero().tangents; TOGETHER],
        };
        let mut is_safe = !steps.is_end;
        let mut is_near = [V::splat(0.0).le(V::splat(0.0)); TOGETHER];
        for k in 0..TOGETHER {
            let mut distance = size(lanes.w[k]);
            if EXTENDED {
                let exponent = lanes.exponent[k];
                distance = exponent.add(distance.sub(V::splat(1.0)));
                units.scale[k] = power_of_two(exponent);
                units.unscale[k] = power_of_two(V::splat(0.0).sub(exponent));
                let unit = power_of_two(V::splat(self.unit).sub(exponent));
                units.d[k] = scaled(units.d[k], unit);
            }
            if DERIVATIVE {
                (lanes.growth[k], units.side[k]) = lanes.growth[k].beside::<EXTENDED>(&self.pixel);
            }
            let mut near = distance.le(V::splat(steps.safe_radius));
            if self.largest_c > steps.safe_radius_c {
                near = V::and(near, size(lanes.c[k]).le(V::splat(steps.safe_radius_c)));
            }
            is_near[k] = near;
            is_safe &= lanes.alive[k] & !V::bits(near) == 0;
        }
        if is_safe {
            self.glide(lanes, &units, steps);
        } else {
            self.tread(lanes, &units, &is_near, steps, read);
        }
        if EXTENDED {
            for k in 0..TOGETHER {
                (lanes.w[k], lanes.exponent[k]) = normalised(lanes.w[k], lanes.exponent[k]);
            }
        }
    }

    /// Takes lanes over a leaf in which none of them ends.
    #[inline(always)]
    fn glide(&self, lanes: &mut Lanes<V, TOGETHER>, units: &Units<V, TOGETHER>, steps: &Steps) {
        // A copy, which stays in registers.
        let mut w = lanes.w;
        for i in 0..steps.z.len() - 1 {
            let from = steps.z::<V>(i);
            self.step(from, units, &mut w, &mut lanes.growth);
        }
        lanes.w = w;
    }

    /// Takes lanes over a leaf in which some may end.
    #[inline(always)]
    fn tread(
        &mut self,
        lanes: &mut Lanes<V, TOGETHER>,
        units: &Units<V, TOGETHER>,
        is_near: &[V::Mask; TOGETHER],
        steps: &Steps,
        read: usize,
    ) {
        let (mut w, mut alive) = (lanes.w, lanes.alive);
        // The error that there was in the beginning, as [`Passes::error`], and the product of |z|² over all points so far.
        let (mut error, mut steepness) = ([V::splat(0.0); TOGETHER], [V::splat(1.0); TOGETHER]);
        if !V::IS_DOUBLE {
            for k in 0..TOGETHER {
                let loss: V = self.active.load(LOSS, read + k * V::LANES);
                error[k] = loss.add(rough_log2(size(w[k])));
                steepness[k] = norm(full::<V, EXTENDED>(steps.z(0), w[k], units.scale[k]));
            }
        }
        let last = steps.z.len() - 1;
        for i in 1..steps.z.len() {
            let (from, to) = (steps.z::<V>(i - 1), steps.z::<V>(i));
            self.step(from, units, &mut w, &mut lanes.growth);
            if !steps.edges.is_empty() {
                let w = w;
                for k in 0..TOGETHER {
                    let row = read + k * V::LANES;
                    self.note_escapes(steps, i, row, alive[k], w[k], lanes.exponent[k]);
                }
            }
            let all_rebase = steps.is_end && i == last;
            let bound = V::splat(steps.bound(i));
            let (mut inside, mut rebases) = ([0; TOGETHER], [0; TOGETHER]);
            let mut ending = 0;
            for k in 0..TOGETHER {
                let at = full::<V, EXTENDED>(to, w[k], units.scale[k]);
                let mut distance = size(w[k]);
                if EXTENDED {
                    distance = distance.mul(units.scale[k]);
                }
                let norm = norm(at);
                if !V::IS_DOUBLE {
                    steepness[k] = steepness[k].mul(norm);
                }
                inside[k] = V::bits(norm.le(bound));
                rebases[k] = V::bits(size(at).lt(distance));
                if all_rebase {
                    rebases[k] = u32::MAX;
                }
                ending |= alive[k] & (!inside[k] | rebases[k]);
            }
            if ending != 0 {
                let (w, error, steepness) = (w, error, steepness);
                for k in 0..TOGETHER {
                    if alive[k] & (!inside[k] | rebases[k]) == 0 {
                        continue;
                    }
                    let at = full::<V, EXTENDED>(to, w[k], units.scale[k]);
                    let row = read + k * V::LANES;
                    let masks = [alive[k] & !inside[k], alive[k] & inside[k] & rebases[k]];
                    let error = self.error(error[k], steepness[k], at, i);
                    let error = error.add(lanes.exponent[k]);
                    let index = steps.first + i;
                    let orbit = self.orbit(row, index, error, lanes.growth[k]);
                    self.end(masks, at, &orbit);
                    alive[k] &= inside[k] & !rebases[k];
                }
            }
        }
        for k in 0..TOGETHER {
            if !V::IS_DOUBLE {
                let at = full::<V, EXTENDED>(steps.z(last), w[k], units.scale[k]);
                let error = self.error(error[k], steepness[k], at, last);
                let lost = error.sub(rough_log2(size(w[k]))).max(V::splat(0.0));
                let row = read + k * V::LANES;
                // Differences much smaller than Z lose nothing, and how many of them are in one vector must not matter.
                let loss = V::select(is_near[k], self.active.load(LOSS, row), lost);
                self.active.store(LOSS, row, loss);
            }
        }
        (lanes.w, lanes.alive) = (w, alive);
    }

    /// One step along the reference, from one of its points.
    #[inline(always)]
    fn step(
        &self,
        from: [V; 2],
        units: &Units<V, TOGETHER>,
        w: &mut [[V; 2]; TOGETHER],
        growth: &mut [Growth<V>; TOGETHER],
    ) {
        for k in 0..TOGETHER {
            let (scale, unscale) = (units.scale[k], units.unscale[k]);
            if DERIVATIVE {
                let z = full::<V, EXTENDED>(from, w[k], scale);
                growth[k].step::<F>(self.power, z, units.side[k]);
            }
            w[k] = step::<V, F, EXTENDED>(self.power, from, w[k], units.d[k], scale, unscale);
        }
    }

    /// log₂ of the error, in units of 2^-53 and of w, that so many steps make of one. `steepness` is the product of all |z|², with that
    /// of where they end, which is not yet steep for anyone.
    #[inline(always)]
    fn error(&self, before: V, steepness: V, end: [V; 2], steps: usize) -> V {
        if V::IS_DOUBLE {
            return before;
        }
        let of_powers = V::splat(steps as f64 * self.log2_of_power);
        let half = V::splat(0.5 * f64::from(self.power - 1));
        let steepness = rough_log2(steepness).sub(rough_log2(norm(end)));
        steepness.mul_add(half, before.add(of_powers))
    }

    /// Counts lanes of a row that are outside of the escape radius at the leaf's point `i`, though f64 does not tell: by
    /// |Z + w|² - 4 = (|Z|² - 4) + 2 Z · w + |w|². They go on until f64 tells by how much ([`Steps::bound`]), for their smooth counts.
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
