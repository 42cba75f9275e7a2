//! How is a number written whose exponent is past f64's? As an f64 between 1 and 2, and a power of two beside it.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul};

/// Of a sum's two terms the smaller is nothing beside the larger once it is so many binary places below.
const NEGLIGIBLE: i64 = 2000;

/// mantissa · 2^exponent, with 1 ≤ |mantissa| < 2, or both zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Extended {
    pub(crate) mantissa: f64,
    pub(crate) exponent: i64,
}

/// (re + i im) · 2^exponent, with 1 ≤ max(|re|, |im|) < 2, or all zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ExtendedComplex {
    pub(crate) re: f64,
    pub(crate) im: f64,
    pub(crate) exponent: i64,
}

impl Extended {
    /// Any finite `value` times 2^`exponent`.
    pub(crate) fn new(value: f64, exponent: i64) -> Self {
        if value == 0.0 {
            return Extended::default();
        }
        let shift = exponent_of(value);
        Extended {
            mantissa: mantissa(value, shift),
            exponent: exponent + shift,
        }
    }

    /// The logarithm of the absolute value; -∞ for zero.
    pub(crate) fn log2(self) -> f64 {
        libm::log2(self.mantissa.abs()) + self.exponent as f64
    }

    /// Rounded to f64: zero below its normal numbers, infinite past its end.
    pub(crate) fn to_f64(self) -> f64 {
        scaled(self.mantissa, self.exponent)
    }
}

impl From<f64> for Extended {
    fn from(value: f64) -> Self {
        Extended::new(value, 0)
    }
}

impl Add for Extended {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let part = |part: Extended| ExtendedComplex::new(part.mantissa, 0.0, part.exponent);
        let sum = part(self) + part(other);
        Extended::new(sum.re, sum.exponent)
    }
}

impl Mul for Extended {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Extended::new(
            self.mantissa * other.mantissa,
            self.exponent + other.exponent,
        )
    }
}

/// By value; both must be positive or zero.
impl PartialOrd for Extended {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.mantissa == 0.0 || other.mantissa == 0.0 {
            return self.mantissa.partial_cmp(&other.mantissa);
        }
        let by_exponent = self.exponent.cmp(&other.exponent);
        Some(by_exponent.then(self.mantissa.total_cmp(&other.mantissa)))
    }
}

impl ExtendedComplex {
    /// Any finite value times 2^`exponent`.
    pub(crate) fn new(re: f64, im: f64, exponent: i64) -> Self {
        let size = re.abs().max(im.abs());
        if size == 0.0 {
            return ExtendedComplex::default();
        }
        let shift = exponent_of(size);
        ExtendedComplex {
            re: mantissa(re, shift),
            im: mantissa(im, shift),
            exponent: exponent + shift,
        }
    }

    /// From two parts with exponents of their own.
    pub(crate) fn from_parts(re: Extended, im: Extended) -> Self {
        let exponent = match (re.mantissa == 0.0, im.mantissa == 0.0) {
            (true, _) => im.exponent,
            (_, true) => re.exponent,
            _ => re.exponent.max(im.exponent),
        };
        let part = |part: Extended| scaled(part.mantissa, part.exponent - exponent);
        ExtendedComplex::new(part(re), part(im), exponent)
    }

    /// The larger of the parts' absolute values.
    pub(crate) fn size(self) -> Extended {
        Extended::new(self.re.abs().max(self.im.abs()), self.exponent)
    }

    /// The absolute value.
    pub(crate) fn modulus(self) -> Extended {
        Extended::new(libm::hypot(self.re, self.im), self.exponent)
    }

    /// As f64: zero below its normal numbers, infinite past its end.
    pub(crate) fn to_f64(self) -> [f64; 2] {
        [
            scaled(self.re, self.exponent),
            scaled(self.im, self.exponent),
        ]
    }
}

impl From<[f64; 2]> for ExtendedComplex {
    fn from([re, im]: [f64; 2]) -> Self {
        ExtendedComplex::new(re, im, 0)
    }
}

impl Mul for ExtendedComplex {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let re = self.re * other.re - self.im * other.im;
        let im = self.re * other.im + self.im * other.re;
        ExtendedComplex::new(re, im, self.exponent + other.exponent)
    }
}

impl Div for ExtendedComplex {
    type Output = Self;

    /// By zero nothing is divided: the answer is not a number.
    fn div(self, other: Self) -> Self {
        let square = other.re * other.re + other.im * other.im;
        let re = (self.re * other.re + self.im * other.im) / square;
        let im = (self.im * other.re - self.re * other.im) / square;
        ExtendedComplex::new(re, im, self.exponent - other.exponent)
    }
}

impl Add for ExtendedComplex {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if self.re == 0.0 && self.im == 0.0 {
            return other;
        }
        if other.re == 0.0 && other.im == 0.0 {
            return self;
        }
        let exponent = self.exponent.max(other.exponent);
        let (own, its) = (
            power_of_two((self.exponent - exponent).max(-NEGLIGIBLE)),
            power_of_two((other.exponent - exponent).max(-NEGLIGIBLE)),
        );
        ExtendedComplex::new(
            self.re * own + other.re * its,
            self.im * own + other.im * its,
            exponent,
        )
    }
}

/// value · 2^-exponent, where f64 has no 2^-1023 for the largest exponent.
#[inline]
fn mantissa(value: f64, exponent: i64) -> f64 {
    if exponent > 0 {
        0.5 * value * power_of_two(1 - exponent)
    } else {
        value * power_of_two(-exponent)
    }
}

/// value · 2^exponent; zero below f64's normal numbers, infinite past its end.
fn scaled(value: f64, exponent: i64) -> f64 {
    value * power_of_two(exponent)
}

/// 2^exponent; zero below f64's normal numbers, infinite past its end.
pub(crate) const fn power_of_two(exponent: i64) -> f64 {
    match exponent {
        ..-1022 => 0.0,
        -1022..=1023 => f64::from_bits(((exponent + 1023) as u64) << 52),
        _ => f64::INFINITY,
    }
}

/// The e with 2^e ≤ |value| < 2^(e+1), of numbers that are not zero; -1022 for all that are below the normal ones.
fn exponent_of(value: f64) -> i64 {
    let biased = (value.to_bits() >> 52) & 0x7ff;
    biased.max(1) as i64 - 1023
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_go_far_past_the_end_of_f64() {
        let tiny = ExtendedComplex::new(3.0, -4.0, -5000);
        let product = tiny * tiny;
        assert_eq!(product, ExtendedComplex::new(-7.0, -24.0, -10_000));
        assert_eq!(product.to_f64(), [0.0, 0.0]);
        assert_eq!(tiny.modulus(), Extended::new(5.0, -5000));
    }

    #[test]
    fn the_largest_f64_is_larger_than_any_other() {
        for largest in [
            Extended::from(f64::MAX),
            ExtendedComplex::from([1.0, -f64::MAX]).size(),
        ] {
            assert_eq!(largest.to_f64(), f64::MAX);
            assert!(largest > Extended::from(0.5 * f64::MAX));
        }
        assert_eq!(
            Extended::from(f64::MIN_POSITIVE).to_f64(),
            f64::MIN_POSITIVE
        );
    }

    #[test]
    fn sums_keep_what_f64_would_keep() {
        let a = ExtendedComplex::new(1.0, 0.5, -3000);
        let b = ExtendedComplex::new(0.25, 1.0, -3002);
        assert_eq!(a + b, ExtendedComplex::new(1.0625, 0.75, -3000));
        assert_eq!(a + ExtendedComplex::new(1.0, 1.0, -9000), a);
        assert_eq!(a + ExtendedComplex::default(), a);
        assert!(Extended::new(1.5, -3000) < Extended::new(1.0, 7));
        assert!(Extended::default() < Extended::new(1.0, -9000));
    }
}
