//! AVX2 with FMA: four lanes; masks are vectors whose lanes are all ones or all zeros.
#![expect(unsafe_code, reason = "vector intrinsics")]

use std::arch::x86_64::*;

use super::{EXPONENT_IN_LOW_BITS, Part, Task, Vector};

/// Only made inside [`run`], so that whoever holds one runs on a processor with AVX2 and FMA.
#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256d);

/// Two ports start a multiply-add each cycle and take four. The x and y of four vectors fit the 16 registers; c comes
/// from memory as an operand.
const IN_FLIGHT: usize = 4;

/// For each set of lanes, the 32-bit halves that move its lanes to the front.
const COMPRESSIONS: [[i32; 8]; 16] = compressions();

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("bmi2")
}

pub(super) fn run<T: Task>(task: T) -> T::Output {
    assert!(is_available());
    // SAFETY: the processor has all that the function enables.
    unsafe { run_unchecked(task) }
}

#[target_feature(enable = "avx2,fma,popcnt,bmi2")]
fn run_unchecked<T: Task>(task: T) -> T::Output {
    task.run::<Avx2, IN_FLIGHT>()
}

#[target_feature(enable = "avx2,fma,popcnt,bmi2")]
#[inline(never)]
fn call_unchecked<P: Part>(part: P) -> P::Output {
    part.run()
}

const fn compressions() -> [[i32; 8]; 16] {
    let mut table = [[0; 8]; 16];
    let mut bits = 0;
    while bits < 16 {
        let (mut lane, mut front) = (0, 0);
        while lane < 4 {
            if bits >> lane & 1 == 1 {
                table[bits][2 * front] = 2 * lane;
                table[bits][2 * front + 1] = 2 * lane + 1;
                front += 1;
            }
            lane += 1;
        }
        bits += 1;
    }
    table
}

impl Vector for Avx2 {
    type Mask = __m256d;
    type High = Self;

    const LANES: usize = 4;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: code over this type runs only inside `run`, which has checked for AVX2 and FMA.
        unsafe { Avx2(_mm256_set1_pd(value)) }
    }

    #[inline(always)]
    fn load(values: &[f64]) -> Self {
        let values = &values[..Self::LANES];
        // SAFETY: four values are readable, from any address; AVX2 as in `splat`.
        unsafe { Avx2(_mm256_loadu_pd(values.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, values: &mut [f64]) {
        let values = &mut values[..Self::LANES];
        // SAFETY: four values are writable, at any address; AVX2 as in `splat`.
        unsafe { _mm256_storeu_pd(values.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_add_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_sub_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_mul_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_div_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_andnot_pd(_mm256_set1_pd(-0.0), self.0)) }
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_max_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_min_pd(self.0, other.0)) }
    }

    #[inline(always)]
    fn largest(self) -> f64 {
        let mut lanes = [0.0; Self::LANES];
        self.store(&mut lanes);
        lanes[0].max(lanes[1]).max(lanes[2].max(lanes[3]))
    }

    #[inline(always)]
    fn smallest(self) -> f64 {
        let mut lanes = [0.0; Self::LANES];
        self.store(&mut lanes);
        lanes[0].min(lanes[1]).min(lanes[2].min(lanes[3]))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_fmadd_pd(self.0, factor.0, addend.0)) }
    }

    #[inline(always)]
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_fnmadd_pd(self.0, factor.0, addend.0)) }
    }

    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        // A small integer in the low bits of 2^52 is 2^52 + that integer.
        const TWO_52: f64 = (1_u64 << 52) as f64;
        // SAFETY: as in `splat`.
        unsafe {
            let bits = _mm256_castpd_si256(self.0);
            let two_52 = _mm256_castpd_si256(_mm256_set1_pd(TWO_52));
            let biased =
                _mm256_castsi256_pd(_mm256_or_si256(_mm256_srli_epi64::<52>(bits), two_52));
            let exponent = _mm256_sub_pd(biased, _mm256_set1_pd(TWO_52 + 1023.0));
            let fraction = _mm256_and_si256(bits, _mm256_set1_epi64x((1 << 52) - 1));
            let mantissa = _mm256_or_pd(_mm256_castsi256_pd(fraction), _mm256_set1_pd(1.0));
            (Avx2(exponent), Avx2(mantissa))
        }
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        let biased = self.add(Self::splat(EXPONENT_IN_LOW_BITS));
        // SAFETY: as in `splat`.
        unsafe {
            let bits = _mm256_slli_epi64::<52>(_mm256_castpd_si256(biased.0));
            Avx2(_mm256_castsi256_pd(bits))
        }
    }

    #[inline(always)]
    fn le(self, other: Self) -> __m256d {
        // SAFETY: as in `splat`.
        unsafe { _mm256_cmp_pd::<_CMP_LE_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    fn eq(self, other: Self) -> __m256d {
        // SAFETY: as in `splat`.
        unsafe { _mm256_cmp_pd::<_CMP_EQ_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    fn lt(self, other: Self) -> __m256d {
        // SAFETY: as in `splat`.
        unsafe { _mm256_cmp_pd::<_CMP_LT_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    fn and(one: __m256d, other: __m256d) -> __m256d {
        // SAFETY: as in `splat`.
        unsafe { _mm256_and_pd(one, other) }
    }

    #[inline(always)]
    fn select(mask: __m256d, yes: Self, no: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { Avx2(_mm256_blendv_pd(no.0, yes.0, mask)) }
    }

    #[inline(always)]
    fn bits(mask: __m256d) -> u32 {
        // SAFETY: as in `splat`.
        unsafe { _mm256_movemask_pd(mask) as u32 }
    }

    #[inline(always)]
    fn compress(self, bits: u32) -> Self {
        let order = &COMPRESSIONS[bits as usize & 15];
        // SAFETY: eight indices are readable, from any address; AVX2 as in `splat`.
        unsafe {
            let order = _mm256_loadu_si256(order.as_ptr().cast());
            let halves = _mm256_permutevar8x32_ps(_mm256_castpd_ps(self.0), order);
            Avx2(_mm256_castps_pd(halves))
        }
    }

    #[inline(always)]
    fn call<P: Part>(part: P) -> P::Output {
        // SAFETY: as in `splat`; `run` has checked for all that the function enables.
        unsafe { call_unchecked(part) }
    }
}
