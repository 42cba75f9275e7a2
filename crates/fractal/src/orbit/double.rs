//! The table again, with twice as many digits: for orbits that f64 cannot follow.

use std::ops::{Add, Mul};

use super::bilinear::{Approximation, Builder, LEAF, Node, Parts, Safe, Table};
use super::jump::{Exponents as JumpExponents, Jump, Number, Quadratic, Terms};
use super::walk::Points;
use crate::double_double::DoubleDouble;
use crate::extended::{Extended, ExtendedComplex, power_of_two};
use crate::step::Iteration;

/// What such jumps leave out, beside what they keep.
const EPSILON: f64 = f64::from_bits((1023 - 90) << 52); // 2^-90

/// Coefficients, and what rounding them leaves over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<C> {
    pub(crate) high: C,
    pub(crate) low: C,
}

/// Tables for jumps of either kind.
#[derive(Clone, Debug)]
pub(crate) enum DoubleApproximation {
    Complex(Table<Pair<Quadratic>>),
    /// Linear jumps would hardly ever be true enough: there are none.
    Real(Table<NoJump>),
}

/// Of tables without nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoJump {}

/// (re + i im) · 2^exponent, the larger |part| from 1 to 2, or all zero.
#[derive(Clone, Copy, Debug)]
struct DoubleComplex {
    re: DoubleDouble,
    im: DoubleDouble,
    exponent: i64,
}

impl DoubleApproximation {
    /// Of points that have the digits.
    pub(super) fn new(iteration: &Iteration, points: &Points) -> DoubleApproximation {
        let power = iteration.degree();
        let builder = Builder {
            points,
            power,
            epsilon: EPSILON,
            extended: true,
        };
        match iteration {
            Iteration::Mandelbrot | Iteration::Multibrot(_) | Iteration::Julia { .. } => {
                let step = |parts: &Parts| step(DoubleComplex::of(parts), power);
                DoubleApproximation::Complex(builder.table(|_| None, step, |_| None))
            }
            Iteration::Tricorn | Iteration::BurningShip => {
                DoubleApproximation::Real(builder.table_without_nodes())
            }
        }
    }

    /// What the table of so many steps takes beside one in f64.
    pub(super) fn bytes_over(single: &Approximation, steps: usize) -> usize {
        let leaves = steps.div_ceil(LEAF) * size_of::<Safe>();
        match single {
            Approximation::Complex(_) => {
                leaves + 2 * (steps / LEAF) * size_of::<Node<Pair<Quadratic>>>()
            }
            Approximation::Real(_) => leaves,
        }
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
