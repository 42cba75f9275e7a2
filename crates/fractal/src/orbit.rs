//! Which orbit does every sample of a place share, and how is it computed once, in as many digits as the place needs?
//!
//! An [`OrbitKey`] says which; [`OrbitKey::compute`] makes the [`Orbit`]. It belongs to a place, not to a picture: whoever draws
//! pieces keeps orbits by their keys.

mod bilinear;
mod derivative;
mod double;
mod excess;
mod jump;
mod map;
mod matrix;
mod measure;
mod real;
#[cfg(test)]
mod tests;
mod visit;
mod walk;

use std::hash::{Hash, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dashu_int::IBig;

use crate::extended::{Extended, ExtendedComplex};
use crate::field::Cancelled;
use crate::step::Iteration;
pub(crate) use bilinear::{
    Approximation, LEAF, Node, STRETCH, Table, Whole, from_pseudo_log, pseudo_log,
};
pub(crate) use double::{DoubleApproximation, NoJump, Pair};
pub(crate) use jump::{
    Complex, Exponents as JumpExponents, Number, Quadratic as QuadraticJump, RealLinear as RealJump,
};
#[doc(hidden)]
pub use measure::{Numbers, walk_for_benchmark};
pub(crate) use visit::{Point, Visit};
pub(crate) use walk::{Points, Walk};

/// Which orbit a view needs. Views with equal keys share it.
#[derive(Clone, Debug)]
pub struct OrbitKey {
    pub(crate) iteration: Iteration,
    /// The seed of a Julia set.
    pub(crate) seed: Option<FixedPoint>,
    /// The reference point.
    pub(crate) point: FixedPoint,
    /// Binary places of `point`, `seed` and the arithmetic.
    pub(crate) bits: usize,
    pub(crate) limit: u64,
    /// No sample of a view with this key is farther from the reference.
    pub(crate) radius: Extended,
    /// How true the table of approximations is.
    pub(crate) epsilon: f64,
    /// Whether differences have exponents of their own.
    pub(crate) is_extended: bool,
    /// Whether orbits that f64 cannot follow are followed with twice as many digits.
    pub(crate) is_double: bool,
}

/// A reference orbit, and the table of approximations along it.
#[derive(Clone, Debug)]
pub struct Orbit {
    iteration: Iteration,
    c: [f64; 2],
    first: Track,
    /// Where samples go on after they have rebased: of a Julia set the orbit of the critical point.
    again: Option<Track>,
    is_extended: bool,
}

/// One orbit with its table.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    points: Points,
    pub(crate) approximation: Approximation,
    /// For differences of twice as many digits; made when the first are followed.
    double: OnceLock<DoubleApproximation>,
    /// Made when a cycle is first looked for.
    nearest: OnceLock<Box<[usize]>>,
}

/// So many of a track's nearest points are looked for: more are those of an orbit that creeps towards its cycle, which had its chance before.
const MOST_NEAREST: usize = 1024;

impl OrbitKey {
    /// The most steps that computing the orbit takes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Binary places of the arithmetic.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Memory that a step of the orbit takes at most: its point is 16 bytes, the table of approximations about as much again, and what
    /// grows has room to spare. Twice as many digits are twice that, and larger tables.
    pub fn step_bytes(&self) -> u64 {
        if self.is_double { 128 } else { 48 }
    }

    /// Whether an orbit of this key does for `other` too: it is the same, or one that goes on longer. A field depends on its view's
    /// limit and not on the orbit's length, so that either gives the same bits.
    pub fn serves(&self, other: &OrbitKey) -> bool {
        let all_but_limit = |key: &OrbitKey| {
            let (formula, bits, _, radius, epsilon, kinds) = key.numbers();
            (formula, bits, radius, epsilon, kinds)
        };
        self.limit >= other.limit
            && all_but_limit(self) == all_but_limit(other)
            && self.points() == other.points()
    }

    /// Computes the orbit.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub fn compute(
        &self,
        fork: &dyn Fork,
        progress: &OrbitProgress,
        cancel: &AtomicBool,
    ) -> Result<Orbit, Cancelled> {
        let walk = Walk {
            iteration: &self.iteration,
            start: None,
            c: &self.point,
            bits: self.bits,
            limit: self.limit,
            radius: self.radius,
            keeps_low: self.is_double,
        };
        let track = |walk: Walk| -> Result<Track, Cancelled> {
            let points = walk.run(fork, progress, cancel)?;
            let approximation =
                Approximation::new(&self.iteration, &points, self.epsilon, self.is_extended);
            Ok(Track {
                points,
                approximation,
                double: OnceLock::new(),
                nearest: OnceLock::new(),
            })
        };
        let (first, again, c) = match &self.seed {
            None => (track(walk)?, None, &self.point),
            Some(seed) => {
                let radius = Extended::default();
                let walk = Walk {
                    c: seed,
                    radius,
                    ..walk
                };
                let from_point = Walk {
                    start: Some(&self.point),
                    ..walk.clone()
                };
                (track(from_point)?, Some(track(walk)?), seed)
            }
        };
        Ok(Orbit {
            iteration: self.iteration,
            c: c.to_f64(self.bits),
            first,
            again,
            is_extended: self.is_extended,
        })
    }
}

impl PartialEq for OrbitKey {
    fn eq(&self, other: &Self) -> bool {
        self.numbers() == other.numbers() && self.points() == other.points()
    }
}

impl Eq for OrbitKey {}

impl Hash for OrbitKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.numbers().hash(state);
        self.points().hash(state);
    }
}

impl OrbitKey {
    fn numbers(&self) -> (u32, usize, u64, (u64, i64), u64, (bool, bool)) {
        let radius = (self.radius.mantissa.to_bits(), self.radius.exponent);
        let epsilon = self.epsilon.to_bits();
        let formula = self.iteration.number();
        (
            formula,
            self.bits,
            self.limit,
            radius,
            epsilon,
            (self.is_extended, self.is_double),
        )
    }

    fn points(&self) -> (&FixedPoint, &Option<FixedPoint>) {
        (&self.point, &self.seed)
    }
}

impl Orbit {
    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        let again = self.again.as_ref().map_or(0, Track::bytes);
        self.first.bytes() + again
    }

    /// Points of the reference.
    pub fn points(&self) -> usize {
        self.first.points.z.len()
    }

    pub(crate) fn iteration(&self) -> &Iteration {
        &self.iteration
    }

    pub(crate) fn first(&self) -> &Track {
        &self.first
    }

    pub(crate) fn again(&self) -> &Track {
        self.again.as_ref().unwrap_or(&self.first)
    }

    pub(crate) fn c(&self) -> [f64; 2] {
        self.c
    }

    pub(crate) fn is_extended(&self) -> bool {
        self.is_extended
    }
}

impl Track {
    pub(crate) fn z(&self) -> &[[f64; 2]] {
        &self.points.z
    }

    /// What rounding left over of [`Track::z`], from `first` to `last`.
    pub(crate) fn low(&self, first: usize, last: usize) -> &[[f64; 2]] {
        &self.points.low[first..=last]
    }

    /// What rounding left over of [`Track::point`]; zero where that is not kept.
    pub(crate) fn point_low(&self, index: usize) -> [Extended; 2] {
        let tiny = &self.points.tiny;
        match tiny.binary_search_by_key(&index, |point| point.index) {
            Ok(found) => [tiny[found].re_low, tiny[found].im_low],
            Err(_) => {
                let low = self.points.low.get(index).copied();
                low.unwrap_or_default().map(Extended::from)
            }
        }
    }

    /// By how much |Z|² is above 4 at the points from `first` to `last` that are so near to the circle that f64 does not tell.
    pub(crate) fn edges(&self, first: usize, last: usize) -> &[(usize, Extended)] {
        self.points.edges_in(first, last)
    }

    /// A point with all the exponent it has.
    pub(crate) fn point(&self, index: usize) -> [Extended; 2] {
        let tiny = &self.points.tiny;
        match tiny.binary_search_by_key(&index, |point| point.index) {
            Ok(found) => [tiny[found].re, tiny[found].im],
            Err(_) => self.points.z[index].map(Extended::from),
        }
    }

    /// The indices, but for 0, at which points are nearer to 0 than all before them.
    pub(crate) fn nearest(&self) -> &[usize] {
        self.nearest.get_or_init(|| {
            let mut least = Extended::from(f64::MAX);
            let indices = (1..self.points.z.len()).filter(|&index| {
                let [re, im] = self.point(index);
                let modulus = ExtendedComplex::from_parts(re, im).modulus();
                let is_nearest = modulus < least;
                if is_nearest {
                    least = modulus;
                }
                is_nearest
            });
            indices.take(MOST_NEAREST).collect()
        })
    }

    /// The table for differences of twice as many digits; `None` where the points do not have them.
    pub(crate) fn double(&self, iteration: &Iteration) -> Option<&DoubleApproximation> {
        let make = || DoubleApproximation::new(iteration, &self.points);
        (!self.points.low.is_empty()).then(|| self.double.get_or_init(make))
    }

    /// With what [`Track::double`] may come to.
    fn bytes(&self) -> usize {
        let points = &self.points;
        let kept = size_of_val(&*points.z) + size_of_val(&*points.low);
        let double = match points.low.is_empty() {
            true => 0,
            false => DoubleApproximation::bytes_over(&self.approximation, points.z.len() - 1),
        };
        let rare = size_of_val(&*points.tiny) + size_of_val(&*points.edge);
        kept + rare + self.approximation.bytes() + double
    }
}

/// How far the computing of an orbit is.
#[derive(Debug, Default)]
pub struct OrbitProgress {
    done: AtomicU64,
}

impl OrbitProgress {
    /// Steps done so far; [`OrbitKey::limit`] of them are the most there can be.
    pub fn steps(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, steps: u64) {
        self.done.store(steps, Ordering::Relaxed);
    }
}

/// Two jobs that may be done at the same time; whoever has threads says how.
pub trait Fork: Sync {
    /// Calls both, each once, and returns when both are done.
    fn join(&self, one: Job, other: Job);
}

/// What a [`Fork`] calls once.
pub type Job<'a> = &'a mut (dyn FnMut() + Send);

/// Does both, and answers both results.
fn join<A: Send, B: Send>(
    fork: &dyn Fork,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    let (mut one, mut other) = (Some(one), Some(other));
    let (mut of_one, mut of_other) = (None, None);
    fork.join(&mut || of_one = one.take().map(|job| job()), &mut || {
        of_other = other.take().map(|job| job());
    });
    let (Some(of_one), Some(of_other)) = (of_one, of_other) else {
        panic!("a fork calls both of its jobs");
    };
    (of_one, of_other)
}

/// One job after the other.
#[derive(Clone, Copy, Debug)]
pub struct Sequential;

impl Fork for Sequential {
    fn join(&self, one: Job, other: Job) {
        one();
        other();
    }
}

/// A complex number in fixed point: both parts times 2^bits, where the number of bits is said beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FixedPoint {
    pub(crate) re: IBig,
    pub(crate) im: IBig,
}

impl FixedPoint {
    /// Of a number that is not large.
    pub(crate) fn near(value: ExtendedComplex, bits: usize) -> Self {
        const FRACTION: u32 = 52;
        let shift = value.exponent + bits as i64 - i64::from(FRACTION);
        let by = shift.unsigned_abs() as usize;
        let part = |part: f64| {
            let mantissa = IBig::from((part * f64::from(2).powi(FRACTION as i32)) as i64);
            if shift >= 0 {
                mantissa << by
            } else {
                mantissa >> by
            }
        };
        FixedPoint {
            re: part(value.re),
            im: part(value.im),
        }
    }

    pub(crate) fn to_extended(&self, bits: usize) -> ExtendedComplex {
        let [re, im] = [&self.re, &self.im].map(|part| real::Big::extended(part, bits));
        ExtendedComplex::from_parts(re, im)
    }

    pub(crate) fn to_f64(&self, bits: usize) -> [f64; 2] {
        [&self.re, &self.im].map(|part| real::Big::extended(part, bits).to_f64())
    }
}
