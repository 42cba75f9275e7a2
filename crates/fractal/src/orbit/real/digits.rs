//! How is a long number squared by processors that multiply 52 bits? In digits of 52 bits, whose words have room for carries.

use dashu_int::IBig;

use super::ifma::{self, BLOCK};
use super::{DIGIT, Layout, Real, Top, words};
use crate::orbit::{Fork, join};

const MASK: u64 = (1 << DIGIT) - 1;

/// Zeros on both sides of digits, so that blocks of columns need no edges.
pub(super) const PAD: usize = BLOCK + 8;

/// Digits from which three squares take longer in one thread than in two, with their meetings.
const WORTH_FORKING: usize = 600;

/// Digits from which that holds even of the two halves of one square.
const WORTH_HALVING: usize = 900;

/// As for words: so far up a triangle are the columns that are half of the work.
const HALF_OF_TRIANGLE: f64 = 0.293;

/// The sum of digit_k · 2^(52 k), the highest digit being the whole part.
///
/// Sums and differences leave digits of any size and sign; once the number is settled all but the highest are from 0 to 2^52 - 1.
#[derive(Clone, Debug)]
pub(in crate::orbit) struct Digits {
    digits: Vec<i64>,
    /// Of the number that is squared.
    absolute: Padded,
    low: Vec<u64>,
    high: Vec<u64>,
}

/// Digits with zeros before and behind them.
#[derive(Clone, Debug)]
pub(super) struct Padded {
    padded: Vec<u64>,
}

impl Padded {
    fn zeros(len: usize) -> Self {
        Padded {
            padded: vec![0; len + 2 * PAD],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.padded.len() - 2 * PAD
    }

    pub(super) fn padded(&self) -> &[u64] {
        &self.padded
    }

    fn digits_mut(&mut self) -> &mut [u64] {
        let end = self.padded.len() - PAD;
        &mut self.padded[PAD..end]
    }
}

impl Real for Digits {
    fn new(value: &IBig, bits: usize, layout: Layout) -> Self {
        let len = layout.places / DIGIT + 1;
        let mut rest = value << (layout.places - bits);
        let highest: i64 = (&rest >> layout.places).try_into().unwrap_or_default(); // |value| < 2^whole
        rest -= IBig::from(highest) << layout.places;
        let mut packed = vec![0; len];
        words::read(&rest, &mut packed);
        let mut digits: Vec<i64> = (0..len - 1).map(|k| digit_of(&packed, k) as i64).collect();
        digits.push(highest);
        let columns = (len + 6)
            .next_multiple_of(BLOCK)
            .max((2 * len).next_multiple_of(BLOCK));
        Digits {
            digits,
            absolute: Padded::zeros(len),
            low: vec![0; columns],
            high: vec![0; columns],
        }
    }

    fn assign(&mut self, other: &Self) {
        self.digits.copy_from_slice(&other.digits);
    }

    fn set_sum(&mut self, one: &Self, other: &Self) {
        for (sum, (one, other)) in self
            .digits
            .iter_mut()
            .zip(one.digits.iter().zip(&other.digits))
        {
            *sum = one + other;
        }
    }

    fn set_difference(&mut self, one: &Self, other: &Self) {
        for (difference, (one, other)) in self
            .digits
            .iter_mut()
            .zip(one.digits.iter().zip(&other.digits))
        {
            *difference = one - other;
        }
    }

    fn add(&mut self, other: &Self) {
        for (digit, other) in self.digits.iter_mut().zip(&other.digits) {
            *digit += other;
        }
    }

    fn subtract(&mut self, other: &Self) {
        for (digit, other) in self.digits.iter_mut().zip(&other.digits) {
            *digit -= other;
        }
    }

    fn quarter(&mut self) {
        self.settle();
        let highest = self.digits.len() - 1;
        for k in 0..highest {
            self.digits[k] = self.digits[k] >> 2 | (self.digits[k + 1] & 3) << (DIGIT - 2);
        }
        self.digits[highest] >>= 2;
    }

    fn make_absolute(&mut self) {
        self.settle();
        if self.is_negative() {
            for digit in &mut self.digits {
                *digit = -*digit;
            }
            self.settle();
        }
    }

    fn set_square(&mut self, other: &Self, fork: &dyn Fork) {
        other.write_absolute(self.absolute.digits_mut());
        let places = self.digits.len() - 1;
        let from = places.saturating_sub(2) & !1;
        let below = self.set_from_columns(from, fork);
        if from > 0 && below + self.digits.len() as u64 + 1 > MASK {
            self.set_from_columns(0, fork);
        }
    }

    fn is_worth_forking(&self) -> bool {
        self.digits.len() >= WORTH_FORKING
    }

    fn settle(&mut self) {
        let highest = self.digits.len() - 1;
        let mut carry = 0;
        for digit in &mut self.digits[..highest] {
            let sum = *digit + carry;
            *digit = sum & MASK as i64;
            carry = sum >> DIGIT;
        }
        self.digits[highest] += carry;
    }

    /// Of settled numbers.
    fn top(&self) -> Top {
        let places = (DIGIT * (self.digits.len() - 1)) as i64;
        let sign = if self.is_negative() { -1 } else { 0 };
        let Some(k) = self
            .digits
            .iter()
            .rposition(|&digit| digit != sign & MASK as i64 && digit != sign)
        else {
            return Top::of_sign(sign != 0, -places);
        };
        let digit = |below: usize| {
            let digit = k.checked_sub(below).map_or(0, |k| self.digits[k]) ^ sign;
            digit as u64 & MASK
        };
        let words = [
            digit(0),
            digit(1) << 12 | digit(2) >> 40,
            digit(2) << 24 | digit(3) >> 28,
        ];
        Top::of_words(words, sign as u64, (DIGIT * k) as i64 - places)
    }

    fn value(&self) -> IBig {
        let highest = self.digits.len() - 1;
        let mut words = Vec::with_capacity(highest + 2);
        let (mut word, mut filled) = (0, 0);
        for &digit in &self.digits[..highest] {
            let digit = digit as u64;
            word |= digit << filled;
            filled += DIGIT;
            if filled >= 64 {
                words.push(word);
                filled -= 64;
                word = digit >> (DIGIT - filled);
            }
        }
        let top = i128::from(self.digits[highest]) << filled;
        words.extend([word | top as u64, (top >> 64) as u64]);
        words::value(&words)
    }
}

/// Bits 52 k to 52 k + 51.
fn digit_of(words: &[u64], k: usize) -> u64 {
    let (word, shift) = (DIGIT * k / 64, DIGIT * k % 64);
    let above = words.get(word + 1).copied().unwrap_or_default();
    (words[word] >> shift | (above << 1) << (63 - shift)) & MASK
}

impl Digits {
    /// Columns' sums are below 2^52 times one more than the digits, and are to fit a word of 64 bits.
    pub(in crate::orbit) const LONGEST_WORDS: usize = 4000 * DIGIT / 64;

    pub(in crate::orbit) fn is_available() -> bool {
        ifma::is_available()
    }

    /// Of settled numbers.
    fn is_negative(&self) -> bool {
        self.digits[self.digits.len() - 1] < 0
    }

    fn write_absolute(&self, absolute: &mut [u64]) {
        let mut write = |sign: i64| {
            let mut carry = 0;
            for (absolute, digit) in absolute.iter_mut().zip(&self.digits) {
                let sum = sign * digit + carry;
                *absolute = sum as u64 & MASK;
                carry = sum >> DIGIT;
            }
            carry
        };
        if write(1) < 0 {
            write(-1);
        }
    }

    /// The columns of `absolute`² from `from`, without the digits that are not kept. Answers the highest of those.
    fn set_from_columns(&mut self, from: usize, fork: &dyn Fork) -> u64 {
        let len = self.digits.len();
        let columns = (2 * len - from).next_multiple_of(BLOCK);
        let (low, high) = (&mut self.low[..columns], &mut self.high[..columns]);
        if len < WORTH_HALVING {
            ifma::sum_columns(&self.absolute, from, low, high);
        } else {
            let half = ((len as f64 * HALF_OF_TRIANGLE) as usize).next_multiple_of(BLOCK);
            let (low, low_of_others) = low.split_at_mut(half);
            let (high, high_of_others) = high.split_at_mut(half);
            let x = &self.absolute;
            join(
                fork,
                || ifma::sum_columns(x, from, low, high),
                || ifma::sum_columns(x, from + half, low_of_others, high_of_others),
            );
        }
        let (low, high) = (&self.low[..columns], &self.high[..columns]);
        let first = len - 1 - from;
        let column = |k: usize| {
            let above = |sums: &[u64], by| k.checked_sub(by).map_or(0, |k| sums[k]);
            (low[k] & MASK)
                + (above(low, 1) >> DIGIT)
                + (above(high, 1) & MASK)
                + (above(high, 2) >> DIGIT)
        };
        let (mut below, mut carry) = (0, 0);
        for k in 0..first {
            let sum = column(k) + carry;
            below = sum & MASK;
            carry = sum >> DIGIT;
        }
        for (k, digit) in self.digits.iter_mut().enumerate().take(2) {
            *digit = column(first + k) as i64;
        }
        let low = low[first + 1..].array_windows::<2>();
        let high = high[first..].array_windows::<2>();
        for (digit, ([low_below, low], [high_below, high])) in
            self.digits[2..].iter_mut().zip(low.zip(high))
        {
            let sum = (low & MASK) + (low_below >> DIGIT) + (high & MASK) + (high_below >> DIGIT);
            *digit = sum as i64;
        }
        self.digits[0] += carry as i64;
        below
    }
}
