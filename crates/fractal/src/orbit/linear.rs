//! What does a step do to a small difference? It multiplies it by a derivative: a complex number where the formula is holomorphic,
//! else a real 2 × 2 matrix.

use crate::extended::{Extended, ExtendedComplex, power_of_two};

/// A linear map of the plane, with an exponent of its own.
pub(crate) trait Linear: Copy {
    /// The mantissas, as the kernel multiplies by them.
    type Mantissas: Copy + Send + Sync;

    const ZERO: Self;
    const IDENTITY: Self;

    /// First `self`, then `next`.
    fn then(self, next: Self) -> Self;
    fn plus(self, other: Self) -> Self;
    /// No difference grows more.
    fn norm(self) -> Extended;
    fn exponent(self) -> i64;
    /// In units of 2^`exponent`.
    fn mantissas(self, exponent: i64) -> Self::Mantissas;
}

impl Linear for ExtendedComplex {
    type Mantissas = [f64; 2];

    const ZERO: Self = ExtendedComplex {
        re: 0.0,
        im: 0.0,
        exponent: 0,
    };
    const IDENTITY: Self = ExtendedComplex {
        re: 1.0,
        im: 0.0,
        exponent: 0,
    };

    fn then(self, next: Self) -> Self {
        self * next
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn norm(self) -> Extended {
        self.modulus()
    }

    fn exponent(self) -> i64 {
        self.exponent
    }

    fn mantissas(self, exponent: i64) -> [f64; 2] {
        let scale = power_of_two(self.exponent - exponent);
        [self.re * scale, self.im * scale]
    }
}

/// (a b; c d) · 2^exponent, the largest |entry| from 1 to 2, or all zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ExtendedMatrix {
    entries: [f64; 4],
    exponent: i64,
}

impl ExtendedMatrix {
    /// Any finite entries times 2^`exponent`, row by row.
    pub(crate) fn new(entries: [f64; 4], exponent: i64) -> Self {
        let largest = entries.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
        let size = Extended::new(largest, exponent);
        if largest == 0.0 {
            return Self::ZERO;
        }
        let scale = power_of_two(exponent - size.exponent);
        ExtendedMatrix {
            entries: entries.map(|entry| entry * scale),
            exponent: size.exponent,
        }
    }
}

impl Linear for ExtendedMatrix {
    type Mantissas = [f64; 4];

    const ZERO: Self = ExtendedMatrix {
        entries: [0.0; 4],
        exponent: 0,
    };
    const IDENTITY: Self = ExtendedMatrix {
        entries: [1.0, 0.0, 0.0, 1.0],
        exponent: 0,
    };

    fn then(self, next: Self) -> Self {
        let [a, b, c, d] = next.entries;
        let [e, f, g, h] = self.entries;
        let product = [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
        ExtendedMatrix::new(product, self.exponent + next.exponent)
    }

    fn plus(self, other: Self) -> Self {
        if self == Self::ZERO {
            return other;
        }
        if other == Self::ZERO {
            return self;
        }
        let exponent = self.exponent.max(other.exponent);
        let (one, two) = (self.mantissas(exponent), other.mantissas(exponent));
        ExtendedMatrix::new(std::array::from_fn(|i| one[i] + two[i]), exponent)
    }

    /// The Frobenius norm.
    fn norm(self) -> Extended {
        let squares: f64 = self.entries.iter().map(|entry| entry * entry).sum();
        Extended::new(squares.sqrt(), self.exponent)
    }

    fn exponent(self) -> i64 {
        self.exponent
    }

    fn mantissas(self, exponent: i64) -> [f64; 4] {
        let scale = power_of_two(self.exponent - exponent);
        self.entries.map(|entry| entry * scale)
    }
}
