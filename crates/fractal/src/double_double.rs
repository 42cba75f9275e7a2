//! How does a coordinate keep 106 bits until the one rounding that makes it a sample?
//!
//! As the unevaluated sum of two f64. Error-free sums and products: T. J. Dekker, "A floating-point technique for
//! extending the available precision", Numerische Mathematik 18 (1971); products by fused multiply-add.

use std::ops::{Add, Div, Mul};

/// `high + low`, where `high` is the nearest f64 to the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct DoubleDouble {
    pub(crate) high: f64,
    pub(crate) low: f64,
}

impl DoubleDouble {
    pub(crate) const ZERO: Self = DoubleDouble {
        high: 0.0,
        low: 0.0,
    };

    #[inline(always)]
    fn renormalised(high: f64, low: f64) -> Self {
        let sum = high + low;
        DoubleDouble {
            high: sum,
            low: low - (sum - high),
        }
    }
}

impl From<f64> for DoubleDouble {
    fn from(high: f64) -> Self {
        DoubleDouble { high, low: 0.0 }
    }
}

impl From<(f64, f64)> for DoubleDouble {
    fn from((high, low): (f64, f64)) -> Self {
        DoubleDouble { high, low }
    }
}

impl Add for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let sum = self.high + other.high;
        let of_other = sum - self.high;
        let error = (self.high - (sum - of_other)) + (other.high - of_other);
        Self::renormalised(sum, error + (self.low + other.low))
    }
}

impl Mul<f64> for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn mul(self, factor: f64) -> Self {
        let product = self.high * factor;
        let error = self.high.mul_add(factor, -product);
        Self::renormalised(product, self.low.mul_add(factor, error))
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    #[inline(always)]
    fn mul(self, factor: Self) -> Self {
        let product = self.high * factor.high;
        let error = self.high.mul_add(factor.high, -product);
        let error = error + (self.high * factor.low + self.low * factor.high);
        Self::renormalised(product, error)
    }
}

impl Div<DoubleDouble> for f64 {
    type Output = DoubleDouble;

    #[inline(always)]
    fn div(self, divisor: DoubleDouble) -> DoubleDouble {
        let quotient = self / divisor.high;
        let rest = (-quotient).mul_add(divisor.high, self);
        let rest = (-quotient).mul_add(divisor.low, rest);
        DoubleDouble::renormalised(quotient, rest / divisor.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_is_good_to_106_bits() {
        let third = 1.0 / DoubleDouble::from(3.0);
        let one = third * 3.0;
        assert_eq!(third.high, 1.0 / 3.0);
        assert!((one.high - 1.0 + one.low).abs() < 1e-31);
    }

    #[test]
    fn a_sum_keeps_what_f64_drops() {
        let sum = DoubleDouble::from(1.0) + DoubleDouble::from(1e-20);
        assert_eq!((sum.high, sum.low), (1.0, 1e-20));
    }
}
