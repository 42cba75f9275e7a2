//! How does a whole number of iterations become a number without steps?
//!
//! Normalised iteration count: μ = m + 1 - log_p(log₂|z_m|), m the first index past a large bailout (F. Garcia,
//! A. Fernandez, J. Barrallo and L. Martin, "Coloring Dynamical Systems in the Complex Plane", 2009). The logarithm is our own, since
//! every platform's library rounds its own way.

use crate::simd::Vector;

/// |z|² at which the smooth count is taken. What it jumps by between bands shrinks with |c| / bailout², here below 10^-9.
pub(crate) const BAILOUT_SQUARED: f64 = (1_u64 << 32) as f64;

/// The smooth count of an orbit with |z_m|² = `norm`, past the bailout.
#[inline(always)]
pub(crate) fn smooth_count<V: Vector>(m: V, norm: V, degree: u32) -> V {
    let log2_of_modulus = log2(norm).mul(V::splat(0.5));
    let per_step = V::splat(1.0 / LOG2_OF[degree as usize]);
    m.add(V::splat(1.0))
        .sub(log2(log2_of_modulus).mul(per_step))
}

/// log₂ of the whole numbers to 8.
const LOG2_OF: [f64; 9] = [
    f64::NEG_INFINITY,
    0.0,
    1.0,
    1.584_962_500_721_156,
    2.0,
    2.321_928_094_887_362,
    2.584_962_500_721_156,
    2.807_354_922_057_604,
    3.0,
];

/// log₂ of positive normal numbers, to about an ulp: the exponent, and 2/ln 2 · artanh s of the mantissa m, where s = (m - 1)/(m + 1).
#[inline(always)]
pub(crate) fn log2<V: Vector>(value: V) -> V {
    let (exponent, mantissa) = value.exponent_and_mantissa();
    // Mantissas from √½ to √2 keep |s| below 0.172, where ten terms of the series are enough.
    let one = V::splat(1.0);
    let upper = V::splat(std::f64::consts::SQRT_2).le(mantissa);
    let mantissa = V::select(upper, mantissa.mul(V::splat(0.5)), mantissa);
    let exponent = V::select(upper, exponent.add(one), exponent);
    let s = mantissa.sub(one).div(mantissa.add(one));
    let s2 = s.mul(s);
    let mut series = V::splat(1.0 / 21.0);
    for odd in [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = series.mul_add(s2, V::splat(1.0 / odd));
    }
    s.mul(V::splat(2.0 * std::f64::consts::LOG2_E))
        .mul_add(series, exponent)
}
