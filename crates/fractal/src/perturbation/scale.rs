//! How do vectors hold differences whose exponents are past f64's? With an exponent of its own in each lane.

use crate::simd::Vector;

/// The exponent of a difference that is zero.
pub(super) const ZERO_EXPONENT: f64 = -((1_u64 << 50) as f64);

/// Smaller mantissas are zero.
const LEAST: f64 = f64::from_bits(23 << 52); // 2^-1000

/// 2^exponent, of any whole numbers: zero below f64's normal numbers, at most 2^1023.
#[inline(always)]
pub(super) fn power_of_two<V: Vector>(exponent: V) -> V {
    let end = V::splat(1023.0);
    let zero = V::splat(0.0);
    exponent.min(end).max(zero.sub(end)).power_of_two()
}

/// The larger of two absolute values.
#[inline(always)]
pub(super) fn size<V: Vector>([x, y]: [V; 2]) -> V {
    x.larger_size(y)
}

/// The same number, its size from 1 to 2.
#[inline(always)]
pub(super) fn normalised<V: Vector>([x, y]: [V; 2], exponent: V) -> ([V; 2], V) {
    let size = size([x, y]);
    let is_zero = size.lt(V::splat(LEAST));
    let zero = V::splat(0.0);
    let own = V::select(is_zero, zero, size.exponent_and_mantissa().0);
    let scale = V::select(is_zero, zero, zero.sub(own).power_of_two());
    let exponent = V::select(is_zero, V::splat(ZERO_EXPONENT), exponent.add(own));
    (scaled([x, y], scale), exponent)
}

/// The sum of two numbers with exponents.
#[inline(always)]
pub(super) fn sum<V: Vector>(
    (one, exponent_of_one): ([V; 2], V),
    (other, exponent_of_other): ([V; 2], V),
) -> ([V; 2], V) {
    let exponent = exponent_of_one.max(exponent_of_other);
    let scale_of_one = power_of_two(exponent_of_one.sub(exponent));
    let scale_of_other = power_of_two(exponent_of_other.sub(exponent));
    let x = one[0].scale_add(scale_of_one, other[0].scale(scale_of_other));
    let y = one[1].scale_add(scale_of_one, other[1].scale(scale_of_other));
    normalised([x, y], exponent)
}

/// The same number in every lane.
#[inline(always)]
pub(super) fn splat<V: Vector>([re, im]: [f64; 2]) -> [V; 2] {
    [V::splat(re), V::splat(im)]
}

/// The same sum in every lane.
#[inline(always)]
pub(super) fn splat_sum<V: Vector>(high: [f64; 2], low: [f64; 2]) -> [V; 2] {
    [V::splat_sum(high[0], low[0]), V::splat_sum(high[1], low[1])]
}

#[inline(always)]
pub(super) fn scaled<V: Vector>([x, y]: [V; 2], factor: V) -> [V; 2] {
    [x.scale(factor), y.scale(factor)]
}

#[inline(always)]
pub(super) fn plus<V: Vector>([x, y]: [V; 2], [u, v]: [V; 2]) -> [V; 2] {
    [x.add(u), y.add(v)]
}

/// |z|².
#[inline(always)]
pub(super) fn norm<V: Vector>(z: [V; 2]) -> V {
    V::norm(z)
}

/// log₂ of the size of z · 2^`exponent`, roughly.
#[inline(always)]
pub(super) fn log2_with<V: Vector>(z: [V; 2], exponent: V) -> V {
    rough_log2(size(z)).add(exponent)
}

/// log₂ of numbers that are not negative, to a hundredth: a parabola through the logarithms of 1, √2 and 2. Of 0 that of the
/// least normal number.
#[inline(always)]
pub(super) fn rough_log2<V: Vector>(value: V) -> V {
    let value = value.max(V::splat(f64::MIN_POSITIVE));
    let (exponent, mantissa) = value.exponent_and_mantissa();
    let beyond = mantissa.sub(V::splat(1.0));
    let curve = beyond.neg_mul_add(V::splat(0.343_145_750), V::splat(1.343_145_750));
    beyond.mul_add(curve, exponent)
}
