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
mod points;
mod real;
mod returns;
mod section;
#[cfg(test)]
mod tests;
mod track;
mod visit;
mod walk;
mod waypoints;

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dashu_int::IBig;

use crate::extended::{Extended, ExtendedComplex};
use crate::field::Cancelled;
use crate::step::Iteration;
use bilinear::Accuracy;
pub(crate) use bilinear::{
    LEAF, Node, Nodes, SECTION_LEVEL, STRETCH, Tabled, Upper, Whole, from_pseudo_log, pseudo_log,
};
pub(crate) use double::{NoJump, Pair};
pub(crate) use jump::{
    Complex, Exponents as JumpExponents, Number, Quadratic as QuadraticJump, RealLinear as RealJump,
};
#[doc(hidden)]
pub use measure::{Numbers, walk_for_benchmark};
pub(crate) use points::Parts;
use returns::period_of_returns;
pub(crate) use returns::{Followed, Returns, Traveller};
pub(crate) use section::Section;
pub(crate) use track::Track;
use track::{Budget, Builders};
pub(crate) use visit::{Point, Visit};
pub(crate) use walk::Walk;

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
    /// No sample of a view with this key is farther from the reference, unless the view names it.
    pub(crate) radius: Extended,
    /// How true the table of approximations is.
    pub(crate) epsilon: f64,
    /// Whether differences have exponents of their own.
    pub(crate) is_extended: bool,
    /// Whether orbits that f64 cannot follow are followed with twice as many digits.
    pub(crate) is_double: bool,
}

/// A reference orbit, and the table of approximations along it.
#[derive(Debug)]
pub struct Orbit {
    iteration: Iteration,
    c: [f64; 2],
    first: Track,
    /// Where samples go on after they have rebased: of a Julia set the orbit of the critical point.
    again: Option<Track>,
    /// What leads on from where it comes back to, for who does not ask for more than f64.
    returns: Option<Box<Returns>>,
    is_extended: bool,
    returns_after: Option<usize>,
}

/// An orbit that comes back so many times after the same number of steps goes on to do so.
pub(crate) const RETURNS: usize = 4096;

impl OrbitKey {
    /// The most steps that computing the orbit takes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Binary places of the arithmetic.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The most steps that an orbit like this one can have in so many bytes of memory. As long as they suffice it is kept whole; longer ones are
    /// kept as waypoints, from which what lies between is computed again.
    pub fn most_steps(&self, memory: u64) -> u64 {
        Budget::most_steps(memory / self.tracks(), self.is_double, self.bits)
    }

    /// Memory that the orbit takes at most, of so many bytes that its points and their table may take. Maps between its returns, some megabytes,
    /// come to that.
    pub fn most_bytes(&self, memory: u64) -> u64 {
        let step_bytes = self.tracks() * Budget::step_bytes(self.is_double);
        let of_points = self.limit.saturating_mul(step_bytes).min(memory);
        of_points.saturating_add(Returns::most_bytes(self) as u64)
    }

    /// A Julia set has one orbit for the begin, and one for samples that have rebased.
    fn tracks(&self) -> u64 {
        1 + u64::from(self.seed.is_some())
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

    /// Computes the orbit, to be kept in so many bytes of memory if [`OrbitKey::most_steps`] allows for its limit.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub fn compute(
        &self,
        memory: u64,
        fork: &dyn Fork,
        progress: &OrbitProgress,
        cancel: &AtomicBool,
    ) -> Result<Orbit, Cancelled> {
        let budget = Budget::new(memory / self.tracks(), self.is_double);
        self.compute_in(budget, fork, progress, cancel)
    }

    /// With so much memory for each track.
    fn compute_in(
        &self,
        budget: Budget,
        fork: &dyn Fork,
        progress: &OrbitProgress,
        cancel: &AtomicBool,
    ) -> Result<Orbit, Cancelled> {
        let walk = Walk {
            iteration: &self.iteration,
            start: None,
            first: 0,
            c: &self.point,
            bits: self.bits,
            limit: self.limit,
            radius: self.radius,
            keeps_low: self.is_double,
        };
        let accuracy = Accuracy {
            epsilon: self.epsilon,
            extended: self.is_extended,
        };
        let builders = Builders::new(&self.iteration, accuracy);
        let track = |walk: Walk| Track::compute(&walk, builders, budget, fork, progress, cancel);
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
        let returns_after = period_of_returns(self, &first, cancel)?;
        let returns = match returns_after {
            Some(period) => Returns::of(self, &first, period, cancel)?,
            None => None,
        };
        Ok(Orbit {
            iteration: self.iteration,
            c: c.to_f64(self.bits),
            first,
            again,
            returns: returns.map(Box::new),
            is_extended: self.is_extended,
            returns_after,
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
        let returns = self.returns.as_ref().map_or(0, |returns| returns.bytes());
        self.first.bytes() + again + returns
    }

    /// Points of the reference.
    pub fn points(&self) -> usize {
        self.first.last() + 1
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

    /// The maps that lead samples of a view of this limit on from 0, if the orbit returns for so long.
    pub(crate) fn returns(&self, limit: u64) -> Option<&Returns> {
        let returns = self.returns.as_deref();
        returns.filter(|returns| returns.are_for(limit))
    }

    pub(crate) fn c(&self) -> [f64; 2] {
        self.c
    }

    pub(crate) fn is_extended(&self) -> bool {
        self.is_extended
    }

    /// After how many steps the reference comes back near 0, [`RETURNS`] times and more: it circles beside a minibrot, or in it. Where a
    /// view's limit is below so many steps, nothing must follow from it: an orbit of the view's own would not be long enough to tell.
    pub(crate) fn returns_after(&self) -> Option<usize> {
        self.returns_after
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
