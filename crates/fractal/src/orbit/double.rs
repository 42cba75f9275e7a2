//! The table again, with twice as many digits: for orbits that f64 cannot follow.

use std::ops::{Add, Mul};

use super::bilinear::{Accuracy, Motion, Table, Tabled, Upper};
use super::jump::{Exponents as JumpExponents, Jump, Number, Quadratic, Terms};
use super::section::Section;
use super::track::Track;
use super::walk::Parts;
use crate::double_double::DoubleDouble;
use crate::extended::{Extended, ExtendedComplex, power_of_two};

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
