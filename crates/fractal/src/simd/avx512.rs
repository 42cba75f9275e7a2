//! AVX-512: eight lanes, mask registers, and a compress instruction.
#![expect(unsafe_code, reason = "vector intrinsics")]

use std::arch::x86_64::*;

use super::{EXPONENT_IN_LOW_BITS, Part, Task, Vector};

/// Only made inside [`run`], so that whoever holds one runs on a processor with AVX-512 F.
#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512d);

/// Two ports start a multiply-add each cycle and take four; an iteration is two dependent pairs of them. Five vectors fill
/// the pipes, and their x, y and c fit the 32 registers.
const IN_FLIGHT: usize = 5;

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("bmi2")
}

pub(super) fn run<T: Task>(task: T) -> T::Output {
    assert!(is_available());
    // SAFETY: the processor has all that the function enables.
    unsafe { run_unchecked(task) }
}

#[target_feature(enable = "avx512f,avx512dq,popcnt,bmi2")]
fn run_unchecked<T: Task>(task: T) -> T::Output {
    task.run::<Avx512, IN_FLIGHT>()
}

#[target_feature(enable = "avx512f,avx512dq,popcnt,bmi2")]
#[inline(never)]
fn call_unchecked<P: Part>(part: P) -> P::Output {
    part.run()
}

impl Vector for Avx512 {
    type Mask = __mmask8;
    type High = Self;

    const LANES: usize = 8;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: code over this type runs only inside `run`, which has checked for AVX-512 F.
        unsafe { Avx512(_mm512_set1_pd(value)) }
    }

    #[inline(always)]
    fn load(values: &[f64]) -> Self {
        let values = &values[..Self::LANES];
        // SAFETY: eight values are readable, from any address; AVX-512 F as in `splat`.
        unsafe { Avx512(_mm512_loadu_pd(values.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, values: &mut [f64]) {
        let values = &mut values[..Self::LANES];
        // SAFETY: eight values are writable, at any address; AVX-512 F as in `splat`.
        unsafe { _mm512_storeu_pd(values.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_add_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_sub_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_mul_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_div_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_abs_pd(self.0)) }
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_max_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_min_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn larger_size(self, other: Self) -> Self {
        // The larger absolute value, with its sign cleared.
        const ABSOLUTE_MAX: i32 = 0b10_11;
        // SAFETY: as in `splat`, and `run` has checked for AVX-512 DQ too.
        unsafe { Avx512(_mm512_range_pd::<ABSOLUTE_MAX>(self.0, other.0)) }
    }

    #[inline(always)]
    fn largest(self) -> f64 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_reduce_max_pd(self.0) }
    }

    #[inline(always)]
    fn smallest(self) -> f64 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_reduce_min_pd(self.0) }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_fmadd_pd(self.0, factor.0, addend.0)) }
    }

    #[inline(always)]
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_fnmadd_pd(self.0, factor.0, addend.0)) }
    }

    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        // SAFETY: as in `splat`.
        unsafe {
            let mantissa = _mm512_getmant_pd::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(self.0);
            (Avx512(_mm512_getexp_pd(self.0)), Avx512(mantissa))
        }
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        let biased = self.add(Self::splat(EXPONENT_IN_LOW_BITS));
        // SAFETY: as in `splat`.
        unsafe {
            let bits = _mm512_slli_epi64::<52>(_mm512_castpd_si512(biased.0));
            Avx512(_mm512_castsi512_pd(bits))
        }
    }

    #[inline(always)]
    fn le(self, other: Self) -> __mmask8 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_cmp_pd_mask::<_CMP_LE_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    fn eq(self, other: Self) -> __mmask8 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    fn lt(self, other: Self) -> __mmask8 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    fn and(one: __mmask8, other: __mmask8) -> __mmask8 {
        one & other
    }

    #[inline(always)]
    fn select(mask: __mmask8, yes: Self, no: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_mask_blend_pd(mask, no.0, yes.0)) }
    }

    #[inline(always)]
    fn bits(mask: __mmask8) -> u32 {
        u32::from(mask)
    }

    #[inline(always)]
    fn compress(self, bits: u32) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx512(_mm512_maskz_compress_pd(bits as __mmask8, self.0)) }
    }

    #[inline(always)]
    fn call<P: Part>(part: P) -> P::Output {
        // SAFETY: as in `splat`; `run` has checked for all that the function enables.
        unsafe { call_unchecked(part) }
    }
}
