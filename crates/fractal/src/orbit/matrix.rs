//! How is a real linear map of the plane written whose entries are past f64's range?

use crate::extended::{Extended, power_of_two};

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

impl ExtendedMatrix {
    pub(crate) const ZERO: Self = ExtendedMatrix {
        entries: [0.0; 4],
        exponent: 0,
    };
    pub(crate) const IDENTITY: Self = ExtendedMatrix {
        entries: [1.0, 0.0, 0.0, 1.0],
        exponent: 0,
    };

    /// First `self`, then `next`.
    pub(crate) fn then(self, next: Self) -> Self {
        let [a, b, c, d] = next.entries;
        let [e, f, g, h] = self.entries;
        let product = [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
        ExtendedMatrix::new(product, self.exponent + next.exponent)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
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
    pub(crate) fn norm(self) -> Extended {
        let squares: f64 = self.entries.iter().map(|entry| entry * entry).sum();
        Extended::new(squares.sqrt(), self.exponent)
    }

    pub(crate) fn exponent(self) -> i64 {
        self.exponent
    }

    /// In units of 2^`exponent`.
    pub(crate) fn mantissas(self, exponent: i64) -> [f64; 4] {
        let scale = power_of_two(self.exponent - exponent);
        self.entries.map(|entry| entry * scale)
    }
}
