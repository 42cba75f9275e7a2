//! AVX-512 IFMA: the lower and the upper half of eight products of 52 bits, each summed in one instruction.
#![expect(unsafe_code, reason = "vector intrinsics")]

use std::arch::x86_64::*;

use super::digits::{PAD, Padded};

/// Vectors of columns that are summed at a time. Twice as many sums, of lower and of upper halves, are in flight: as many as the
/// two multipliers need, which take four cycles.
const VECTORS: usize = 4;

/// Columns that are summed at a time.
pub(super) const BLOCK: usize = 8 * VECTORS;

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// Sums the products x_i · x_j with i + j = k for every k from `from`, which must be even, to `low` the lower 52 bits of each,
/// and to `high` the upper.
///
/// Both have the same whole number of blocks of columns.
pub(super) fn sum_columns(x: &Padded, from: usize, low: &mut [u64], high: &mut [u64]) {
    assert!(is_available());
    assert!(low.len() == high.len() && low.len().is_multiple_of(BLOCK));
    assert!(from.is_multiple_of(2) && from + low.len() <= 2 * x.len() + BLOCK);
    let (low, _) = low.as_chunks_mut::<BLOCK>();
    let (high, _) = high.as_chunks_mut::<BLOCK>();
    for (block, (low, high)) in low.iter_mut().zip(high).enumerate() {
        // SAFETY: the processor has AVX-512 F and IFMA, and the block begins at an even column, at most 2 · x.len().
        unsafe { sum_block(x, from + BLOCK * block, low, high) }
    }
}

/// # Safety
/// `column` is even and at most 2 · x.len().
#[target_feature(enable = "avx512f,avx512ifma")]
unsafe fn sum_block(x: &Padded, column: usize, low: &mut [u64; BLOCK], high: &mut [u64; BLOCK]) {
    const { assert!(PAD >= BLOCK + 8) };
    let n = x.len();
    // SAFETY: there are PAD zeros before the digits.
    let digits = unsafe { x.padded().as_ptr().add(PAD) };
    let middle = column / 2;
    let first = (column + 1).saturating_sub(n);
    let mut lows = [_mm512_setzero_si512(); VECTORS];
    let mut highs = lows;
    // Pairs of which, in all columns of the block, the second is above the first.
    for i in first..middle {
        // SAFETY: i < middle ≤ n, and the digits from column - i ≤ n - 1 have PAD ≥ BLOCK more behind them.
        let (one, others) = unsafe { (*digits.add(i), digits.add(column - i)) };
        let one = _mm512_set1_epi64(one as i64);
        for v in 0..VECTORS {
            // SAFETY: as above.
            let other = unsafe { _mm512_loadu_epi64(others.add(8 * v).cast()) };
            lows[v] = _mm512_madd52lo_epu64(lows[v], one, other);
            highs[v] = _mm512_madd52hi_epu64(highs[v], one, other);
        }
    }
    // Pairs of which only the later columns of the block have the second above the first.
    for step in 0..BLOCK / 2 {
        let i = middle + step;
        let later = (!1u64) << (2 * step);
        // SAFETY: i < n + BLOCK / 2, and what is loaded is from middle - BLOCK / 2 to n + BLOCK: PAD is on both sides of the digits.
        let (one, others) = unsafe {
            (
                *digits.add(i),
                digits.offset(middle as isize - step as isize),
            )
        };
        let one = _mm512_set1_epi64(one as i64);
        for v in 0..VECTORS {
            let mask = (later >> (8 * v)) as u8;
            // SAFETY: as above.
            let other = unsafe { _mm512_maskz_loadu_epi64(mask, others.add(8 * v).cast()) };
            lows[v] = _mm512_madd52lo_epu64(lows[v], one, other);
            highs[v] = _mm512_madd52hi_epu64(highs[v], one, other);
        }
    }
    for v in 0..VECTORS {
        // Each pair twice, and the squares in the even columns.
        // SAFETY: the four digits from middle + 4 v ≤ n + BLOCK / 2 are still in the pad.
        let root = unsafe {
            _mm512_maskz_expandloadu_epi64(0b0101_0101, digits.add(middle + 4 * v).cast())
        };
        let lows = _mm512_madd52lo_epu64(_mm512_slli_epi64(lows[v], 1), root, root);
        let highs = _mm512_madd52hi_epu64(_mm512_slli_epi64(highs[v], 1), root, root);
        // SAFETY: both arrays have VECTORS vectors.
        unsafe {
            _mm512_storeu_epi64(low.as_mut_ptr().add(8 * v).cast(), lows);
            _mm512_storeu_epi64(high.as_mut_ptr().add(8 * v).cast(), highs);
        }
    }
}
