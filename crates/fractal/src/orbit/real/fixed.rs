//! How is a number of a few words squared fastest? Without a loop: in registers, and only the half of the product that is kept.

use dashu_int::IBig;

use super::sum::Sum;
use super::{Layout, Real, Top, words};
use crate::orbit::Fork;

/// N words, the lowest first, in two's complement; `WHOLE` bits of the highest are the whole part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::orbit) struct Fixed<const N: usize, const WHOLE: u32>([u64; N]);

/// What is read of a number is in so many words.
const SHORTEST_FIXED: usize = 3;

/// The columns of a square of so many words are spelt out below.
const LONGEST_FIXED: usize = 9;

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

    // Word by word, here and in the square: a vector's load of words that were stored one by one waits until they are in the cache.
    #[inline(always)]
    fn set_sum(&mut self, one: &Self, other: &Self) {
        words::write_sum(&mut self.0, &one.0, &other.0);
    }

    #[inline(always)]
    fn set_difference(&mut self, one: &Self, other: &Self) {
        words::write_difference(&mut self.0, &one.0, &other.0);
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
    fn set_square(&mut self, other: &Self, _: &dyn Fork) {
        let mut absolute = [0; N];
        words::write_absolute(&other.0, &mut absolute);
        *self = Fixed(square::<N, WHOLE>(&absolute));
    }

    #[inline(always)]
    fn is_worth_forking(&self) -> bool {
        false
    }

    #[cold]
    fn top(&self) -> Top {
        words::top(&self.0, 64 * N - WHOLE as usize)
    }

    fn value(&self) -> IBig {
        words::value(&self.0)
    }

    /// Almost always the highest word has a bit that is not the sign's, and with the next one all that f64 holds.
    #[inline(always)]
    fn to_f64(&self) -> f64 {
        match self.quick_top() {
            Some(top) => top.to_f64(),
            None => self.to_extended().to_f64(),
        }
    }

    #[inline(always)]
    fn low_f64(&self) -> f64 {
        match self.quick_top() {
            Some(top) => top.low_f64(),
            None => self.low_extended().to_f64(),
        }
    }
}

impl<const N: usize, const WHOLE: u32> Fixed<N, WHOLE> {
    #[inline(always)]
    fn quick_top(&self) -> Option<Top> {
        let sign = (self.0[N - 1] as i64 >> 63) as u64;
        let words = [1, 2, 3].map(|below| self.0[N - below] ^ sign);
        (words[0] != 0).then(|| Top::of_words(words, sign, i64::from(WHOLE) - 64))
    }
}

/// Of x < 2^(64 N) the floor of x² / 2^(64 N - `WHOLE`), of which x must be small enough that it fits N words.
///
/// By columns (P. Comba, 1990), from the highest that is wholly below what is kept, N - 2. What the lower ones would add is less
/// than N units of word N - 1: only where that much could change the result are they computed too.
#[inline(always)]
fn square<const N: usize, const WHOLE: u32>(x: &[u64; N]) -> [u64; N] {
    let (low, high) = columns(x, N - 2);
    let below = low << WHOLE >> WHOLE;
    if below + N as u64 >= 1 << (64 - WHOLE) {
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

/// Does `$body` for every k that is named, so that k is a constant in it, as the trip count of a loop is to be unrolled by.
macro_rules! unroll {
    ($k:ident in [$($value:literal)*] $body:block) => {
        $({
            let $k: usize = $value;
            $body
        })*
    };
}

/// Word N - 1 of x² and the N words above it, from the products x_i · x_j with i + j ≥ `from`.
#[inline(always)]
fn columns<const N: usize>(x: &[u64; N], from: usize) -> (u64, [u64; N]) {
    const { assert!(N >= SHORTEST_FIXED && N <= LONGEST_FIXED) };
    let (mut low, mut high) = (0, [0; N]);
    let mut sum = Sum::default();
    unroll!(k in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16] {
        if k >= from && k < 2 * N - 1 {
            let pairs = column(x, k);
            sum.add(pairs.twice());
            if k.is_multiple_of(2) {
                sum.add_product(x[k / 2], x[k / 2]);
            }
            let word = sum.shift_out();
            if k >= N {
                high[k - N] = word;
            } else if k == N - 1 {
                low = word;
            }
        }
    });
    high[N - 1] = sum.shift_out();
    (low, high)
}

/// The sum of x_i · x_j with i + j = k and i < j.
#[inline(always)]
fn column<const N: usize>(x: &[u64; N], k: usize) -> Sum {
    let mut pairs = Sum::default();
    unroll!(i in [0 1 2 3 4 5 6 7] {
        if 2 * i < k && k - i < N {
            pairs.add_product(x[i], x[k - i]);
        }
    });
    pairs
}
