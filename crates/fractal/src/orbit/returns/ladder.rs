//! The maps around 0: for which numbers of steps are there any, and how far do they reach?
//!
//! Each is found from values on a circle, which are computed in numbers of two f64 by the maps that are there already: f64 would add its rounding at
//! every return, and a map of a thousand returns would have lost ten bits.

use std::sync::atomic::{AtomicBool, Ordering};

use super::circle::{Wide, coefficients, high, root, roots};
use super::polynomial::{Map, TERMS, Terms};
use super::{HORIZON, TOLERANCE};
use crate::field::Cancelled;
use crate::simd::{Backend, Task, Vector};

/// Terms of the maps while they are built.
const WIDE_TERMS: usize = 72;

/// Points on a circle of z², and on one of c.
const POINTS: usize = 128;
const POINTS_OF_C: usize = 16;

/// Powers of c that are kept; the others tell how fast they fall off.
pub(super) const POWERS_OF_C: usize = 12;

/// What is left out of the maps while they are built, beside [`TOLERANCE`].
const WIDE_TOLERANCE: f64 = 1e-13;

/// Radii are tried down to this part of |z| after the map's steps.
const SMALLEST: f64 = 1.0 / 32.0;

/// A map that takes more jumps of others is not looked for: hardly any is true that does.
const MOST_JUMPS: u32 = 128;

/// More rungs than this are of no use.
pub(super) const MOST_RUNGS: usize = 64;

/// A complex polynomial in z² / radius², one for each power of c.
struct Rung {
    steps: u64,
    /// The radius is 2^(-`exponent` / 2).
    exponent: i32,
    by_c: Vec<Vec<[Wide; 2]>>,
}

/// The rungs at one c.
type Own = Vec<Vec<[Wide; 2]>>;

/// The neighbourhood's maps, as they are found.
pub(super) struct Ladder<'a> {
    period: u64,
    /// The reference, and how far from it samples may be.
    c: [Wide; 2],
    radius_c: f64,
    /// Of the order `2 · POINTS`.
    roots: Vec<[Wide; 2]>,
    rungs: Vec<Rung>,
    /// The rungs at the points of c's circle, and at the reference.
    around: Vec<Own>,
    middle: [Own; 1],
    cancel: &'a AtomicBool,
}

impl<'a> Ladder<'a> {
    pub(super) fn new(
        period: u64,
        c: [Wide; 2],
        radius_c: f64,
        cancel: &'a AtomicBool,
    ) -> Ladder<'a> {
        Ladder {
            period,
            c,
            radius_c,
            roots: roots(2 * POINTS),
            rungs: Vec::new(),
            around: vec![Vec::new(); POINTS_OF_C],
            middle: [Vec::new()],
            cancel,
        }
    }

    /// Finds the maps; none if there is not even one of a period.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(super) fn build(mut self) -> Result<Vec<(Map, i32)>, Cancelled> {
        let zero = [Wide::splat(0.0); 2];
        let mut exponent = 0;
        // A disc of 2^-100 would be none of a minibrot that f64 reaches.
        while self.rungs.is_empty() && exponent < 100 {
            self.try_rung(self.period, exponent)?;
            exponent += 1;
        }
        if self.rungs.is_empty() {
            return Ok(Vec::new());
        }
        // Where the reference is after each return, and what is nearest to 0 so far.
        let (mut z, mut least, mut last) = (zero, f64::INFINITY, 0);
        for turn in 1..=HORIZON {
            let steps = turn * self.period;
            let task = Run {
                rungs: &self.rungs,
                own: &self.middle[0],
                z,
                steps: self.period,
            };
            let Some(next) = Backend::detect().run(task) else {
                break;
            };
            z = next;
            let norm = high(Wide::norm(z));
            let is_record = norm < least;
            // One that is not much farther is worth a rung if the last one is much shorter.
            let is_near = norm < 4.0 * least && 5 * steps > 6 * last;
            least = least.min(norm);
            if turn > 1 && (is_record || is_near) && self.rungs.len() < MOST_RUNGS {
                let largest = self.rungs.last().map_or(0, |rung| rung.exponent);
                let first = largest.max(-(libm::log2(64.0 * norm) as i32));
                let end = -libm::log2(SMALLEST * SMALLEST * norm) as i32;
                for exponent in first..end {
                    if self.try_rung(steps, exponent)? {
                        last = steps;
                        break;
                    }
                }
            }
        }
        Ok(self.rungs.iter().map(Rung::rounded).collect())
    }

    /// Adds the map of so many steps on a disc of this size, if it is true there.
    fn try_rung(&mut self, steps: u64, exponent: i32) -> Result<bool, Cancelled> {
        // At the reference alone first.
        let middle = [[Wide::splat(0.0); 2]];
        if self
            .found(steps, exponent, &middle, &self.middle)?
            .is_none()
        {
            return Ok(false);
        }
        let every = self.roots.len() / POINTS_OF_C;
        let circle: Vec<_> = self.roots.iter().step_by(every).copied().collect();
        let Some(by_c) = self.found(steps, exponent, &circle, &self.around)? else {
            return Ok(false);
        };
        let rung = Rung {
            steps,
            exponent,
            by_c,
        };
        for (own, c) in self.around.iter_mut().zip(&circle) {
            own.push(rung.at_c(*c));
        }
        self.middle[0].push(rung.at_c(middle[0]));
        self.rungs.push(rung);
        Ok(true)
    }

    /// Its coefficients, if those that are left out do not count.
    fn found(
        &self,
        steps: u64,
        exponent: i32,
        circle_of_c: &[[Wide; 2]],
        owns: &[Own],
    ) -> Result<Option<Vec<Vec<[Wide; 2]>>>, Cancelled> {
        let radius = root(Wide::splat(libm::exp2(f64::from(-exponent))));
        let mut rows = Vec::new();
        for (own, c) in owns.iter().zip(circle_of_c) {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
            let mut values = Vec::new();
            for [x, y] in &self.roots[..POINTS] {
                let z = [x.mul(radius), y.mul(radius)];
                let value = if self.rungs.is_empty() {
                    let scale = Wide::splat(self.radius_c);
                    let offset = c.map(|part| part.mul(scale));
                    let c = [self.c[0].add(offset[0]), self.c[1].add(offset[1])];
                    Backend::detect().run(Steps { z, c, steps })
                } else {
                    Backend::detect().run(Run {
                        rungs: &self.rungs,
                        own,
                        z,
                        steps,
                    })
                };
                let Some(value) = value else {
                    return Ok(None);
                };
                values.push(value);
            }
            rows.push(coefficients(&values, &self.roots));
        }
        let mut by_c = vec![Vec::new(); rows.len().min(POWERS_OF_C)];
        let (mut largest, mut left_out, mut left_out_wide) = (0_f64, 0_f64, 0_f64);
        for term in 0..POINTS {
            let column: Vec<_> = rows.iter().map(|row| row[term]).collect();
            let column = coefficients(&column, &self.roots);
            for (power, &coefficient) in column.iter().enumerate() {
                let size = libm::sqrt(high(Wide::norm(coefficient)));
                if power == 0 && term < 2 {
                    largest = largest.max(size);
                }
                if power >= POWERS_OF_C || term >= TERMS {
                    left_out = left_out.max(size);
                }
                if term >= WIDE_TERMS {
                    left_out_wide = left_out_wide.max(size);
                } else if power < POWERS_OF_C {
                    by_c[power].push(coefficient);
                }
            }
        }
        let tolerance = TOLERANCE * largest;
        let is_true = left_out < tolerance && left_out_wide < tolerance * WIDE_TOLERANCE;
        Ok(is_true.then_some(by_c))
    }
}

impl Rung {
    fn at_c(&self, c: [Wide; 2]) -> Vec<[Wide; 2]> {
        let mut own = vec![[Wide::splat(0.0); 2]; WIDE_TERMS];
        for more in self.by_c.iter().rev() {
            for (own, &more) in own.iter_mut().zip(more) {
                *own = Wide::product(*own, c, more);
            }
        }
        own
    }

    /// As f64 has it.
    fn rounded(&self) -> (Map, i32) {
        let rounded = |row: &Vec<[Wide; 2]>| Terms {
            re: std::array::from_fn(|k| high(row[k][0])),
            im: std::array::from_fn(|k| high(row[k][1])),
        };
        let by_c: Vec<Terms> = self.by_c.iter().map(rounded).collect();
        let largest = by_c[0].re[0].abs().max(by_c[0].im[0].abs());
        let least = TOLERANCE / 1024.0 * largest;
        (Map::new(self.steps, by_c, least), self.exponent)
    }
}

/// So many steps of z² + c; nothing if z leaves the circle within which no orbit has escaped.
pub(super) struct Steps {
    pub(super) z: [Wide; 2],
    pub(super) c: [Wide; 2],
    pub(super) steps: u64,
}

impl Task for Steps {
    type Output = Option<[Wide; 2]>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        let mut z = self.z;
        for _ in 0..self.steps {
            z = Wide::square(z, self.c);
            if high(Wide::norm(z)) > 4.0 {
                return None;
            }
        }
        Some(z)
    }
}

/// So many steps by the longest rungs that are true; nothing where none is.
struct Run<'a> {
    rungs: &'a [Rung],
    own: &'a Own,
    z: [Wide; 2],
    steps: u64,
}

impl Task for Run<'_> {
    type Output = Option<[Wide; 2]>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        let (mut z, mut left) = (self.z, self.steps);
        for _ in 0..MOST_JUMPS {
            if left == 0 {
                break;
            }
            let norm = high(Wide::norm(z));
            let mut longest = None;
            for at in (0..self.rungs.len()).rev() {
                let rung = &self.rungs[at];
                let disc = f64::from_bits(((1023 - rung.exponent) as u64) << 52);
                // A circle's points, which are on it up to rounding, are in its disc.
                if rung.steps <= left && norm <= disc * 1.000_001 {
                    longest = Some(at);
                    break;
                }
            }
            let at = longest?;
            let scale = f64::from_bits(((1023 + self.rungs[at].exponent) as u64) << 52);
            let x = Wide::square(z, [Wide::splat(0.0); 2]);
            let x = [
                x[0].scale(Wide::splat(scale)),
                x[1].scale(Wide::splat(scale)),
            ];
            let terms = &self.own[at];
            let mut value = terms[WIDE_TERMS - 1];
            for k in (0..WIDE_TERMS - 1).rev() {
                value = Wide::product(value, x, terms[k]);
            }
            z = value;
            left -= self.rungs[at].steps;
        }
        (left == 0).then_some(z)
    }
}
