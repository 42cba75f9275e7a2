//! The backend without vectors: every processor has it, and it is the plainest reading of [`Vector`].

use super::{EXPONENT_IN_LOW_BITS, Part, Task, Vector};

#[derive(Clone, Copy)]
pub(crate) struct Scalar(pub(crate) f64);

/// Vectors in flight: two multiply-adds start each cycle and take four.
const IN_FLIGHT: usize = 4;

/// Processors with a fused multiply-add have a backend with vectors; where the compiler may not use it, it is a call.
pub(super) fn run<T: Task>(task: T) -> T::Output {
    task.run::<Scalar, IN_FLIGHT>()
}

impl Vector for Scalar {
    type Mask = bool;
    type High = Self;

    const LANES: usize = 1;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        Scalar(value)
    }

    #[inline(always)]
    fn load(values: &[f64]) -> Self {
        Scalar(values[0])
    }

    #[inline(always)]
    fn store(self, values: &mut [f64]) {
        values[0] = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Scalar(self.0 + other.0)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Scalar(self.0 - other.0)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Scalar(self.0 * other.0)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Scalar(self.0 / other.0)
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Scalar(self.0.abs())
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Scalar(if self.0 > other.0 { self.0 } else { other.0 })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Scalar(if self.0 < other.0 { self.0 } else { other.0 })
    }

    #[inline(always)]
    fn largest(self) -> f64 {
        self.0
    }

    #[inline(always)]
    fn smallest(self) -> f64 {
        self.0
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Scalar(self.0.mul_add(factor.0, addend.0))
    }

    #[inline(always)]
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
        Scalar((-self.0).mul_add(factor.0, addend.0))
    }

    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        let bits = self.0.to_bits();
        let exponent = (bits >> 52) as f64 - 1023.0;
        let mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | 1.0_f64.to_bits());
        (Scalar(exponent), Scalar(mantissa))
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        Scalar(f64::from_bits(
            (self.0 + EXPONENT_IN_LOW_BITS).to_bits() << 52,
        ))
    }

    #[inline(always)]
    fn le(self, other: Self) -> bool {
        self.0 <= other.0
    }

    #[inline(always)]
    fn eq(self, other: Self) -> bool {
        self.0 == other.0
    }

    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self.0 < other.0
    }

    #[inline(always)]
    fn and(one: bool, other: bool) -> bool {
        one && other
    }

    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn bits(mask: bool) -> u32 {
        u32::from(mask)
    }

    #[inline(always)]
    fn compress(self, _bits: u32) -> Self {
        self
    }

    #[inline(never)]
    fn call<P: Part>(part: P) -> P::Output {
        part.run()
    }
}
