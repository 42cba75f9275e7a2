//! The table again, with twice as many digits: for orbits that f64 cannot follow.

use std::ops::{Add, Mul};

use super::bilinear::{Accuracy, LEAF, Motion, Table, Tabled, Upper};
use super::jump::{Exponents as JumpExponents, Jump, Number, Quadratic, Terms};
use super::points::{Parts, Points};
use super::section::Section;
use super::track::Track;
use crate::double_double::DoubleDouble;
use crate::extended::{Extended, ExtendedComplex, power_of_two};
use crate::simd::{Backend, Double, Task, Vector};

/// Exponents are always extended: one kind of passes does for all views.
pub(super) const ACCURACY: Accuracy = Accuracy {
    epsilon: power_of_two(-90),
    extended: true,
};

/// Coefficients, and what rounding them leaves over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<C> {
    pub(crate) high: C,
    pub(crate) low: C,
}

/// Of tables without nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoJump {}

/// (re + i im) · 2^exponent, the larger |part| from 1 to 2, or all zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct DoubleComplex {
    re: DoubleDouble,
    im: DoubleDouble,
    exponent: i64,
}

/// That of z^`power` + c.
#[derive(Clone, Copy, Debug)]
pub(super) struct DoubleHolomorphic {
    pub(super) power: u32,
}

impl Motion for DoubleHolomorphic {
    type Jump = Terms<DoubleComplex>;

    fn leaves(&self, points: &Points, first: usize, count: usize) -> Vec<Self::Jump> {
        Backend::detect().run(Leaves {
            points,
            first,
            count,
            power: self.power,
        })
    }

    fn step(&self, point: &Parts) -> Self::Jump {
        step(DoubleComplex::of(point), self.power)
    }
}

/// That of formulas whose jumps are linear: they would hardly ever be true enough, and there are none.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepByStep;

impl Motion for StepByStep {
    type Jump = NoTerms;

    const HAS_NODES: bool = false;

    fn step(&self, _point: &Parts) -> Self::Jump {
        NoTerms
    }
}

/// What there is of a jump of which there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoTerms;

impl Jump for NoTerms {
    type Coefficients = NoJump;

    const ORDER: i32 = 1;

    const NONE: Self = NoTerms;

    fn then(self, _next: Self) -> Self {
        self
    }

    fn norms(self) -> [Extended; 2] {
        [Extended::default(); 2]
    }

    fn coefficients(self, _extended: bool) -> Option<NoJump> {
        None
    }
}

impl Tabled for Pair<Quadratic> {
    fn upper(track: &Track) -> &Upper<Self> {
        track.double_upper().complex()
    }

    fn table<'s>(track: &Track, section: &'s Section) -> &'s Table<Self> {
        track.double_table(section).complex()
    }
}

impl Tabled for NoJump {
    fn upper(track: &Track) -> &Upper<Self> {
        track.double_upper().real()
    }

    fn table<'s>(track: &Track, section: &'s Section) -> &'s Table<Self> {
        track.double_table(section).real()
    }
}

/// Over some leaves in a row, as many side by side as a vector has lanes. Numbers need no exponents of their own: two f64 hold all that
/// comes of eight steps from points that are not tiny.
struct Leaves<'a> {
    points: &'a Points,
    /// Where the first of them begins.
    first: usize,
    count: usize,
    power: u32,
}

/// No vector has more lanes.
const MOST_LANES: usize = 8;

impl Task for Leaves<'_> {
    type Output = Vec<Terms<DoubleComplex>>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        let mut leaves = Vec::with_capacity(self.count);
        for leaf in (0..self.count).step_by(V::LANES) {
            let terms = self.side_by_side::<Double<V>>(leaf);
            // Real and imaginary parts of each lane, the high ones before the low ones.
            let mut parts = [[[0.0; 2 * MOST_LANES]; 2]; 5];
            for (parts, term) in parts.iter_mut().zip(terms) {
                term[0].store_at(&mut parts[0], 0);
                term[1].store_at(&mut parts[1], 0);
            }
            let lanes = V::LANES.min(self.count - leaf);
            leaves.extend((0..lanes).map(|lane| {
                let [a, b, a2, m, b2] = parts.map(|part| {
                    let [re, im] = part.map(|part| (part[lane], part[MOST_LANES + lane]));
                    DoubleComplex::new(re.into(), im.into(), 0)
                });
                Terms { a, b, a2, m, b2 }
            }));
        }
        leaves
    }
}

impl Leaves<'_> {
    /// A, B, A₂, M and B₂ over as many leaves from one on as there are lanes.
    #[inline(always)]
    fn side_by_side<V: Vector>(&self, leaf: usize) -> [[V; 2]; 5] {
        let (zero, one) = (V::splat(0.0), V::splat(1.0));
        let none = [zero; 2];
        let p = f64::from(self.power);
        let half = V::splat((p - 1.0) / 2.0);
        let [mut a, mut b, mut a2, mut m, mut b2] = [[one, zero], none, none, none, none];
        for step in 0..LEAF {
            let z = self.points_of::<V>(leaf, step);
            // p Z^(p-2), and of the next terms A is that times Z, and A₂ that times (p - 1) / 2.
            let mut factor = [V::splat(p), zero];
            for _ in 2..self.power {
                factor = V::product(factor, z, none);
            }
            let next_a = V::product(factor, z, none);
            let next_a2 = factor.map(|part| part.mul(half));
            let ab = V::product(a, b, none);
            let add = |term: [V; 2], square: [V; 2]| {
                V::product(next_a, term, V::product(next_a2, square, none))
            };
            a2 = add(a2, V::product(a, a, none));
            m = add(m, ab.map(|part| part.add(part)));
            b2 = add(b2, V::product(b, b, none));
            b = V::product(next_a, b, [one, zero]);
            a = V::product(next_a, a, none);
        }
        [a, b, a2, m, b2]
    }

    /// The points where a step begins, of one leaf on each lane; of the last one where there are no more.
    #[inline(always)]
    fn points_of<V: Vector>(&self, leaf: usize, step: usize) -> [V; 2] {
        let (mut x, mut y) = ([0.0; 2 * MOST_LANES], [0.0; 2 * MOST_LANES]);
        for lane in 0..V::LANES {
            let leaf = (leaf + lane).min(self.count - 1);
            let index = self.first + leaf * LEAF + step - self.points.first;
            let (high, low) = (self.points.z[index], self.points.low[index]);
            [x[lane], y[lane]] = high;
            [x[MOST_LANES + lane], y[MOST_LANES + lane]] = low;
        }
        [V::load_at(&x, 0), V::load_at(&y, 0)]
    }
}

/// As the step of the table in f64.
fn step(z: DoubleComplex, power: u32) -> Terms<DoubleComplex> {
    let p = f64::from(power);
    let mut a2 = DoubleComplex::real(p);
    for _ in 2..power {
        a2 = a2 * z;
    }
    Terms {
        a: a2 * z,
        b: DoubleComplex::real(1.0),
        a2: a2 * DoubleComplex::real((p - 1.0) / 2.0),
        ..Terms::NONE
    }
}

impl DoubleComplex {
    const ZERO: Self = DoubleComplex {
        re: DoubleDouble::ZERO,
        im: DoubleDouble::ZERO,
        exponent: 0,
    };

    fn new(re: DoubleDouble, im: DoubleDouble, exponent: i64) -> Self {
        let size = re.high.abs().max(im.high.abs());
        if size == 0.0 {
            return DoubleComplex::ZERO;
        }
        let shift = Extended::from(size).exponent;
        let scale = power_of_two(-shift);
        DoubleComplex {
            re: re * scale,
            im: im * scale,
            exponent: exponent + shift,
        }
    }

    fn real(value: f64) -> Self {
        DoubleComplex::new(value.into(), DoubleDouble::ZERO, 0)
    }

    fn of(parts: &Parts) -> Self {
        let [re, im] = parts.z;
        let exponent = ExtendedComplex::from_parts(re, im).exponent;
        let part = |i: usize| {
            let scaled = |part: Extended| part.mantissa * power_of_two(part.exponent - exponent);
            DoubleDouble::from((scaled(parts.z[i]), scaled(parts.low[i])))
        };
        DoubleComplex::new(part(0), part(1), exponent)
    }

    fn high(self) -> ExtendedComplex {
        ExtendedComplex {
            re: self.re.high,
            im: self.im.high,
            exponent: self.exponent,
        }
    }
}

impl Add for DoubleComplex {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if self.high() == ExtendedComplex::default() {
            return other;
        }
        if other.high() == ExtendedComplex::default() {
            return self;
        }
        let exponent = self.exponent.max(other.exponent);
        let own = power_of_two(self.exponent - exponent);
        let its = power_of_two(other.exponent - exponent);
        DoubleComplex::new(
            self.re * own + other.re * its,
            self.im * own + other.im * its,
            exponent,
        )
    }
}

impl Mul for DoubleComplex {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let re = self.re * other.re + (self.im * other.im) * -1.0;
        let im = self.re * other.im + self.im * other.re;
        DoubleComplex::new(re, im, self.exponent + other.exponent)
    }
}

impl Number for DoubleComplex {}

impl Jump for Terms<DoubleComplex> {
    type Coefficients = Pair<Quadratic>;

    const ORDER: i32 = 2;

    const NONE: Self = Terms {
        a: DoubleComplex {
            re: DoubleDouble {
                high: 1.0,
                low: 0.0,
            },
            im: DoubleDouble::ZERO,
            exponent: 0,
        },
        b: DoubleComplex::ZERO,
        a2: DoubleComplex::ZERO,
        m: DoubleComplex::ZERO,
        b2: DoubleComplex::ZERO,
    };

    fn then(self, next: Self) -> Self {
        Terms::then(self, next)
    }

    fn norms(self) -> [Extended; 2] {
        [self.a.high().modulus(), self.b.high().modulus()]
    }

    fn coefficients(self, extended: bool) -> Option<Pair<Quadratic>> {
        let all = [self.a, self.b, self.a2, self.m, self.b2];
        if !extended && all.iter().any(|number| number.exponent >= 1000) {
            return None;
        }
        let exponents = if extended {
            let [a, b, a2, m, b2] = all.map(|number| number.exponent as i32);
            JumpExponents { a, b, a2, m, b2 }
        } else {
            JumpExponents::default()
        };
        let part = |of: fn(DoubleDouble) -> f64| {
            let [a, b, a2, m, b2] = all.map(|number| {
                let unit = if extended { number.exponent } else { 0 };
                let scale = power_of_two(number.exponent - unit);
                [of(number.re) * scale, of(number.im) * scale]
            });
            Quadratic {
                a,
                b,
                a2,
                m,
                b2,
                exponents,
            }
        };
        Some(Pair {
            high: part(|number| number.high),
            low: part(|number| number.low),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extended::Extended;
    use crate::orbit::points::End;

    /// Eleven leaves of points as an orbit has them, with digits beyond f64.
    fn points() -> Points {
        let (mut z, mut low) = (Vec::new(), Vec::new());
        let mut at = [0.3, -0.2];
        for n in 0..=11 * LEAF {
            let [x, y] = at;
            at = [x * x - y * y - 0.39, 2.0 * x * y - 0.58];
            z.push(at);
            low.push(at.map(|part| part * 1e-17 * f64::from(n as u32 % 7)));
        }
        Points {
            first: 0,
            z,
            low,
            tiny: Vec::new(),
            edge: Vec::new(),
            end: End::Limit,
        }
    }

    fn leaves(backend: Backend, points: &Points, power: u32) -> Vec<Terms<DoubleComplex>> {
        backend.run(Leaves {
            points,
            first: 0,
            count: 11,
            power,
        })
    }

    #[test]
    fn leaves_side_by_side_are_what_their_steps_are_together() {
        let points = points();
        for power in [2, 3, 8] {
            let leaves = leaves(Backend::detect(), &points, power);
            assert_eq!(leaves.len(), 11);
            for (leaf, quick) in leaves.into_iter().enumerate() {
                let steps = leaf * LEAF..(leaf + 1) * LEAF;
                let steps = steps.map(|index| step(DoubleComplex::of(&points.parts(index)), power));
                let slow = steps.fold(Terms::NONE, Terms::then);
                let pairs = [
                    (quick.a, slow.a),
                    (quick.b, slow.b),
                    (quick.a2, slow.a2),
                    (quick.m, slow.m),
                    (quick.b2, slow.b2),
                ];
                for (quick, slow) in pairs {
                    let apart = quick + slow * DoubleComplex::real(-1.0);
                    let bound = slow.high().modulus() * Extended::from(power_of_two(-98));
                    assert!(
                        apart.high().modulus() <= bound,
                        "{leaf}: {quick:?} {slow:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_processor_has_the_same_leaves() {
        let points = points();
        let expected = format!("{:?}", leaves(Backend::Scalar, &points, 3));
        for backend in Backend::available() {
            assert_eq!(format!("{:?}", leaves(backend, &points, 3)), expected);
        }
    }
}
