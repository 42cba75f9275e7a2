//! How is a number of a few words squared fastest? Without a loop: in registers, and only the half of the product that is kept.

use dashu_int::IBig;

use super::{Layout, Real, words};
use crate::extended::Extended;
use crate::orbit::Fork;

/// N words, the lowest first, in two's complement; `WHOLE` bits of the highest are the whole part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::orbit) struct Fixed<const N: usize, const WHOLE: u32>([u64; N]);

impl<const N: usize, const WHOLE: u32> Real for Fixed<N, WHOLE> {
    fn new(value: &IBig, bits: usize, layout: Layout) -> Self {
        debug_assert_eq!(layout, Layout::of_words(N, WHOLE));
        let mut words = [0; N];
        words::read(&(value << (layout.places - bits)), &mut words);
        Fixed(words)
    }

    #[inline(always)]
    fn assign(&mut self, other: &Self) {
        *self = *other;
    }

    #[inline(always)]
    fn add(&mut self, other: &Self) {
        words::add(&mut self.0, &other.0);
    }

    #[inline(always)]
    fn subtract(&mut self, other: &Self) {
        words::subtract(&mut self.0, &other.0);
    }

    #[inline(always)]
    fn quarter(&mut self) {
        words::quarter(&mut self.0);
    }

    #[inline(always)]
    fn make_absolute(&mut self) {
        words::write_absolute(&{ self.0 }, &mut self.0);
    }

    #[inline(always)]
    fn set_square(&mut self, other: &Self, _: &impl Fork) {
        let mut absolute = *other;
        absolute.make_absolute();
        *self = Fixed(square::<N, WHOLE>(&absolute.0));
    }

    #[inline(always)]
    fn is_worth_forking(&self) -> bool {
        false
    }

    #[cold]
    fn to_extended(&self) -> Extended {
        words::to_extended(&self.0, 64 * N - WHOLE as usize)
    }

    /// Almost always the highest word has a bit that is not the sign's, and with the next one all that f64 holds.
    #[inline(always)]
    fn to_f64(&self) -> f64 {
        let (high, low) = (self.0[N - 1], self.0[N.max(2) - 2]);
        let sign = (high as i64 >> 63) as u64;
        let shift = (high ^ sign).leading_zeros();
        if N == 1 || shift == 64 {
            return self.to_extended().to_f64();
        }
        let top = (high ^ sign) << shift | ((low ^ sign) >> 1) >> (63 - shift);
        let exponent = 1023 + u64::from(WHOLE) - 63 - u64::from(shift);
        let size = (top >> 1) as i64 as f64 * f64::from_bits(exponent << 52);
        f64::from_bits(size.to_bits() | sign << 63)
    }
}

/// Of x < 2^(64 N) the floor of x² / 2^(64 N - `WHOLE`), of which x must be small enough that it fits N words.
///
/// By columns (P. Comba, 1990), from the highest that is wholly below what is kept, N - 2. What the lower ones would add is less
/// than N units of word N - 1: only where that much could change the result are they computed too.
#[inline(always)]
fn square<const N: usize, const WHOLE: u32>(x: &[u64; N]) -> [u64; N] {
    let (low, high) = if N > 2 {
        columns(x, N - 2)
    } else {
        columns(x, 0)
    };
    let below = low << WHOLE >> WHOLE;
    if N > 2 && below + N as u64 >= 1 << (64 - WHOLE) {
        return exact_square::<N, WHOLE>(x);
    }
    shifted::<N, WHOLE>(low, high)
}

#[cold]
#[inline(never)]
fn exact_square<const N: usize, const WHOLE: u32>(x: &[u64; N]) -> [u64; N] {
    let (low, high) = columns(x, 0);
    shifted::<N, WHOLE>(low, high)
}

#[inline(always)]
fn shifted<const N: usize, const WHOLE: u32>(low: u64, high: [u64; N]) -> [u64; N] {
    let mut below = low;
    high.map(|word| {
        let shifted = word << WHOLE | below >> (64 - WHOLE);
        below = word;
        shifted
    })
}

/// Word N - 1 of x² and the N words above it, from the products x_i · x_j with i + j ≥ `from`.
#[inline(always)]
fn columns<const N: usize>(x: &[u64; N], from: usize) -> (u64, [u64; N]) {
    let (mut low, mut high) = (0, [0; N]);
    let (mut sum, mut carry) = (0u128, 0u64);
    for k in from..2 * N - 1 {
        let (mut pairs, mut overflow) = (0u128, 0u64);
        for i in k.saturating_sub(N - 1)..k.div_ceil(2) {
            let (next, over) = pairs.overflowing_add(u128::from(x[i]) * u128::from(x[k - i]));
            pairs = next;
            overflow += u64::from(over);
        }
        overflow = overflow << 1 | (pairs >> 127) as u64;
        pairs <<= 1;
        if k % 2 == 0 {
            let (next, over) = pairs.overflowing_add(u128::from(x[k / 2]).pow(2));
            pairs = next;
            overflow += u64::from(over);
        }
        let (next, over) = sum.overflowing_add(pairs);
        carry += overflow + u64::from(over);
        let word = next as u64;
        if k >= N {
            high[k - N] = word;
        } else if k == N - 1 {
            low = word;
        }
        sum = next >> 64 | u128::from(carry) << 64;
        carry = 0;
    }
    high[N - 1] = sum as u64;
    (low, high)
}
