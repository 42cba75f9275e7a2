//! What becomes of a small difference over some steps? A polynomial of the difference z and of the difference c.
//!
//! Of holomorphic formulas with all terms of degree two: z ↦ Az + Bc + A₂z² + Mzc + B₂c². What is left out is then as small beside
//! what is kept as the square of |z| / |Z|. Of formulas with folds or conjugates the linear terms, whose A and B are real matrices.

use std::ops::{Add, Div, Mul};

use super::matrix::ExtendedMatrix;
use crate::extended::{Extended, ExtendedComplex};

/// Steps taken as one.
pub(crate) trait Jump: Copy + Send + Sync {
    /// As the kernel reads them.
    type Coefficients: Copy + Send + Sync;

    /// The power of |z| / |Z| that the error grows with.
    const ORDER: i32;

    /// No step.
    const NONE: Self;

    /// First `self`, then `next`.
    fn then(self, next: Self) -> Self;

    /// By how much a difference of z grows at most, and one of c.
    fn norms(self) -> [Extended; 2];

    /// `None` if f64 cannot hold them, and exponents are not `extended`.
    fn coefficients(self, extended: bool) -> Option<Self::Coefficients>;
}

/// The terms of degree one and two, over any complex numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<N> {
    pub(crate) a: N,
    pub(crate) b: N,
    /// Of z².
    pub(crate) a2: N,
    /// Of zc.
    pub(crate) m: N,
    /// Of c².
    pub(crate) b2: N,
}

/// Numbers that terms can be put together from.
pub(crate) trait Number: Copy + Add<Output = Self> + Mul<Output = Self> {}

impl<N: Number> Terms<N> {
    pub(crate) fn then(self, next: Self) -> Self {
        let Terms { a, b, a2, m, b2 } = self;
        let ab = a * b;
        Terms {
            a: next.a * a,
            b: next.a * b + next.b,
            a2: next.a * a2 + next.a2 * (a * a),
            m: next.a * m + next.a2 * (ab + ab) + next.m * a,
            b2: next.a * b2 + next.a2 * (b * b) + next.m * b + next.b2,
        }
    }
}

/// A complex number in f64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Complex(pub(crate) f64, pub(crate) f64);

impl Add for Complex {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Complex(self.0 + other.0, self.1 + other.1)
    }
}

impl Mul for Complex {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Complex(
            self.0 * other.0 - self.1 * other.1,
            self.0 * other.1 + self.1 * other.0,
        )
    }
}

impl Div for Complex {
    type Output = Self;

    /// By zero nothing is divided: the answer is not a number.
    fn div(self, other: Self) -> Self {
        // Of numbers whose squares f64 may not hold.
        let size = other.0.abs().max(other.1.abs());
        let (re, im) = (other.0 / size, other.1 / size);
        let square = (re * re + im * im) * size;
        Complex(
            (self.0 * re + self.1 * im) / square,
            (self.1 * re - self.0 * im) / square,
        )
    }
}

impl From<ExtendedComplex> for Complex {
    fn from(number: ExtendedComplex) -> Self {
        let [re, im] = number.to_f64();
        Complex(re, im)
    }
}

impl Number for Complex {}
impl Number for ExtendedComplex {}

impl From<Terms<Complex>> for Terms<ExtendedComplex> {
    fn from(terms: Terms<Complex>) -> Self {
        let number = |Complex(re, im)| ExtendedComplex::new(re, im, 0);
        Terms {
            a: number(terms.a),
            b: number(terms.b),
            a2: number(terms.a2),
            m: number(terms.m),
            b2: number(terms.b2),
        }
    }
}

/// [`Terms`] as the kernel reads them: A and B have exponents of their own, the others stand in units of z and of c.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quadratic {
    pub(crate) a: [f64; 2],
    pub(crate) b: [f64; 2],
    pub(crate) a2: [f64; 2],
    pub(crate) m: [f64; 2],
    pub(crate) b2: [f64; 2],
    pub(crate) exponents: Exponents,
}

/// All zero where exponents are f64's own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exponents {
    pub(crate) a: i32,
    pub(crate) b: i32,
    pub(crate) a2: i32,
    pub(crate) m: i32,
    pub(crate) b2: i32,
}

impl Jump for Terms<ExtendedComplex> {
    type Coefficients = Quadratic;

    const ORDER: i32 = 2;

    const NONE: Self = {
        const ZERO: ExtendedComplex = ExtendedComplex {
            re: 0.0,
            im: 0.0,
            exponent: 0,
        };
        Terms {
            a: ExtendedComplex { re: 1.0, ..ZERO },
            b: ZERO,
            a2: ZERO,
            m: ZERO,
            b2: ZERO,
        }
    };

    fn then(self, next: Self) -> Self {
        Terms::then(self, next)
    }

    fn norms(self) -> [Extended; 2] {
        [self.a.modulus(), self.b.modulus()]
    }

    fn coefficients(self, extended: bool) -> Option<Quadratic> {
        let Terms { a, b, a2, m, b2 } = self;
        if extended {
            let mantissas = |number: ExtendedComplex| [number.re, number.im];
            let exponent = |number: ExtendedComplex| number.exponent as i32;
            return Some(Quadratic {
                a: mantissas(a),
                b: mantissas(b),
                a2: mantissas(a2),
                m: mantissas(m),
                b2: mantissas(b2),
                exponents: Exponents {
                    a: exponent(a),
                    b: exponent(b),
                    a2: exponent(a2),
                    m: exponent(m),
                    b2: exponent(b2),
                },
            });
        }
        let fit = [a, b, a2, m, b2].iter().all(|n| n.exponent < 1000);
        fit.then(|| Quadratic {
            a: a.to_f64(),
            b: b.to_f64(),
            a2: a2.to_f64(),
            m: m.to_f64(),
            b2: b2.to_f64(),
            exponents: Exponents::default(),
        })
    }
}

/// The linear terms, where they are real matrices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealTerms {
    pub(crate) a: ExtendedMatrix,
    pub(crate) b: ExtendedMatrix,
}

/// [`RealTerms`] as the kernel reads them, row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealLinear {
    pub(crate) a: [f64; 4],
    pub(crate) b: [f64; 4],
    pub(crate) exponents: Exponents,
}

impl Jump for RealTerms {
    type Coefficients = RealLinear;

    const ORDER: i32 = 1;

    const NONE: Self = RealTerms {
        a: ExtendedMatrix::IDENTITY,
        b: ExtendedMatrix::ZERO,
    };

    fn then(self, next: Self) -> Self {
        RealTerms {
            a: self.a.then(next.a),
            b: self.b.then(next.a).plus(next.b),
        }
    }

    fn norms(self) -> [Extended; 2] {
        [self.a.norm(), self.b.norm()]
    }

    fn coefficients(self, extended: bool) -> Option<RealLinear> {
        let (a, b) = (self.a.exponent(), self.b.exponent());
        if extended {
            return Some(RealLinear {
                a: self.a.mantissas(a),
                b: self.b.mantissas(b),
                exponents: Exponents {
                    a: a as i32,
                    b: b as i32,
                    ..Exponents::default()
                },
            });
        }
        (a < 1000 && b < 1000).then(|| RealLinear {
            a: self.a.mantissas(0),
            b: self.b.mantissas(0),
            exponents: Exponents::default(),
        })
    }
}
