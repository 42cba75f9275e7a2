//! NEON: two lanes; masks are vectors whose lanes are all ones or all zeros.
#![expect(unsafe_code, reason = "vector intrinsics")]

use std::arch::aarch64::*;

use super::{EXPONENT_IN_LOW_BITS, Part, Task, Vector};

#[derive(Clone, Copy)]
pub(super) struct Neon(float64x2_t);

/// Two to four pipes, four cycles deep. The x and y of seven vectors stay in registers; some of their c are loaded again at
/// each iteration, where others are copied, for a multiply-add overwrites its addend.
const IN_FLIGHT: usize = 7;

/// NEON belongs to the architecture's base: there is nothing to enable.
pub(super) fn run<T: Task>(task: T) -> T::Output {
    task.run::<Neon, IN_FLIGHT>()
}

impl Vector for Neon {
    type Mask = uint64x2_t;
    type High = Self;

    const LANES: usize = 2;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: every AArch64 processor that this target allows has NEON.
        unsafe { Neon(vdupq_n_f64(value)) }
    }

    #[inline(always)]
    fn load(values: &[f64]) -> Self {
        let values = &values[..Self::LANES];
        // SAFETY: two values are readable; NEON as in `splat`.
        unsafe { Neon(vld1q_f64(values.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, values: &mut [f64]) {
        let values = &mut values[..Self::LANES];
        // SAFETY: two values are writable; NEON as in `splat`.
        unsafe { vst1q_f64(values.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vaddq_f64(self.0, other.0)) }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vsubq_f64(self.0, other.0)) }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vmulq_f64(self.0, other.0)) }
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vdivq_f64(self.0, other.0)) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vabsq_f64(self.0)) }
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vmaxq_f64(self.0, other.0)) }
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vminq_f64(self.0, other.0)) }
    }

    #[inline(always)]
    fn largest(self) -> f64 {
        // SAFETY: as in `splat`.
        unsafe { vmaxvq_f64(self.0) }
    }

    #[inline(always)]
    fn smallest(self) -> f64 {
        // SAFETY: as in `splat`.
        unsafe { vminvq_f64(self.0) }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vfmaq_f64(addend.0, self.0, factor.0)) }
    }

    #[inline(always)]
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vfmsq_f64(addend.0, self.0, factor.0)) }
    }

    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        // SAFETY: as in `splat`.
        unsafe {
            let bits = vreinterpretq_u64_f64(self.0);
            let exponent = vsubq_f64(vcvtq_f64_u64(vshrq_n_u64::<52>(bits)), vdupq_n_f64(1023.0));
            let fraction = vandq_u64(bits, vdupq_n_u64((1 << 52) - 1));
            let mantissa = vorrq_u64(fraction, vdupq_n_u64(1.0_f64.to_bits()));
            (Neon(exponent), Neon(vreinterpretq_f64_u64(mantissa)))
        }
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        let biased = self.add(Self::splat(EXPONENT_IN_LOW_BITS));
        // SAFETY: as in `splat`.
        unsafe {
            let bits = vshlq_n_u64::<52>(vreinterpretq_u64_f64(biased.0));
            Neon(vreinterpretq_f64_u64(bits))
        }
    }

    #[inline(always)]
    fn le(self, other: Self) -> uint64x2_t {
        // SAFETY: as in `splat`.
        unsafe { vcleq_f64(self.0, other.0) }
    }

    #[inline(always)]
    fn eq(self, other: Self) -> uint64x2_t {
        // SAFETY: as in `splat`.
        unsafe { vceqq_f64(self.0, other.0) }
    }

    #[inline(always)]
    fn lt(self, other: Self) -> uint64x2_t {
        // SAFETY: as in `splat`.
        unsafe { vcltq_f64(self.0, other.0) }
    }

    #[inline(always)]
    fn and(one: uint64x2_t, other: uint64x2_t) -> uint64x2_t {
        // SAFETY: as in `splat`.
        unsafe { vandq_u64(one, other) }
    }

    #[inline(always)]
    fn select(mask: uint64x2_t, yes: Self, no: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Neon(vbslq_f64(mask, yes.0, no.0)) }
    }

    #[inline(always)]
    fn bits(mask: uint64x2_t) -> u32 {
        // SAFETY: as in `splat`.
        unsafe { (vgetq_lane_u64::<0>(mask) & 1 | vgetq_lane_u64::<1>(mask) & 2) as u32 }
    }

    #[inline(always)]
    fn compress(self, bits: u32) -> Self {
        if bits == 0b10 {
            // SAFETY: as in `splat`.
            unsafe { Neon(vdupq_laneq_f64::<1>(self.0)) }
        } else {
            self
        }
    }

    #[inline(never)]
    fn call<P: Part>(part: P) -> P::Output {
        part.run()
    }
}
