//! In which complex numbers is one sample followed? In f64's, or with exponents of their own.

use std::ops::Div;

use crate::extended::ExtendedComplex;
use crate::orbit::{Complex, Number, Section, pseudo_log};

/// Complex numbers in which differences can be followed.
pub(super) trait Plane: Number + Div<Output = Self> {
    /// The number with these parts, times 2^`exponent`.
    fn new(parts: [f64; 2], exponent: i64) -> Self;

    /// A point of the reference.
    fn point(section: &Section, index: usize) -> Self;

    fn negated(self) -> Self;

    /// The absolute value, as a table's radii are written.
    fn radius(self) -> f64;

    /// Whether the absolute value is less than another's.
    fn is_nearer(self, other: Self) -> bool;

    /// As f64: zero below its normal numbers, infinite past its end.
    fn parts(self) -> [f64; 2];
}

impl Plane for Complex {
    fn new([re, im]: [f64; 2], exponent: i64) -> Self {
        if exponent == 0 {
            return Complex(re, im);
        }
        ExtendedComplex::new(re, im, exponent).into()
    }

    fn point(section: &Section, index: usize) -> Self {
        let [[re, im], ..] = *section.points.z(index, index) else {
            unreachable!("a point is one");
        };
        Complex(re, im)
    }

    fn negated(self) -> Self {
        Complex(-self.0, -self.1)
    }

    fn radius(self) -> f64 {
        libm::hypot(self.0, self.1)
    }

    fn is_nearer(self, other: Self) -> bool {
        let [own, its] = [self, other].map(|Complex(re, im)| re * re + im * im);
        // Squares that f64 may not hold.
        if its < 1e-250 {
            return self.radius() < other.radius();
        }
        own < its
    }

    fn parts(self) -> [f64; 2] {
        [self.0, self.1]
    }
}

impl Plane for ExtendedComplex {
    fn new([re, im]: [f64; 2], exponent: i64) -> Self {
        ExtendedComplex::new(re, im, exponent)
    }

    fn point(section: &Section, index: usize) -> Self {
        section.points.parts(index).z()
    }

    fn negated(self) -> Self {
        ExtendedComplex {
            re: -self.re,
            im: -self.im,
            ..self
        }
    }

    fn radius(self) -> f64 {
        pseudo_log(ExtendedComplex::modulus(self))
    }

    fn is_nearer(self, other: Self) -> bool {
        ExtendedComplex::modulus(self) < ExtendedComplex::modulus(other)
    }

    fn parts(self) -> [f64; 2] {
        self.to_f64()
    }
}
