//! What do all numbers made of words have in common? The lowest word is first, and the highest says how large they are.

use dashu_int::{IBig, UBig};

use crate::extended::Extended;

/// `value` in two's complement, modulo what `words` hold.
#[inline]
pub(super) fn read(value: &IBig, words: &mut [u64]) {
    let bytes = value.to_le_bytes();
    let sign = if *value < IBig::ZERO { 0xff } else { 0 };
    let mut bytes = bytes.iter().copied().chain(std::iter::repeat(sign));
    for word in words {
        *word = u64::from_le_bytes(std::array::from_fn(|_| bytes.next().unwrap_or(sign)));
    }
}

/// What every kind of number makes of v · 2^-places for people who want an f64: u is v, or -1 - v where v is negative, so that all
/// its bits are v's or their opposites; of u the highest 63 bits are kept, and rounded. That is half an ulp and 2^-9 of one.
///
/// `top` · 2^`exponent` are those bits, which the sign follows.
#[inline]
pub(super) fn from_top(top: u64, exponent: i64, is_negative: bool) -> Extended {
    debug_assert!(top >> 63 == 0);
    match (top, is_negative) {
        (0, false) => Extended::default(),
        (0, true) => Extended::new(-1.0, exponent), // u = 0 is v = -1
        (_, false) => Extended::new(top as f64, exponent),
        (_, true) => Extended::new(-(top as f64), exponent),
    }
}

/// A number of `places`.
#[inline]
pub(super) fn to_extended(words: &[u64], places: usize) -> Extended {
    let highest = words.len() - 1;
    let sign = (words[highest] as i64 >> 63) as u64;
    let unit = -(places as i64);
    let Some(k) = words.iter().rposition(|&word| word != sign) else {
        return from_top(0, unit, sign != 0);
    };
    let (high, low) = (words[k] ^ sign, if k > 0 { words[k - 1] ^ sign } else { 0 });
    let shift = high.leading_zeros();
    let top = high << shift | (low >> 1) >> (63 - shift);
    let exponent = unit + 64 * k as i64 + 1 - i64::from(shift);
    from_top(top >> 1, exponent, sign != 0)
}

#[inline]
pub(super) fn add(words: &mut [u64], others: &[u64]) {
    let mut carry = false;
    for (word, other) in words.iter_mut().zip(others) {
        (*word, carry) = word.carrying_add(*other, carry);
    }
}

#[inline]
pub(super) fn subtract(words: &mut [u64], others: &[u64]) {
    let mut borrow = false;
    for (word, other) in words.iter_mut().zip(others) {
        (*word, borrow) = word.borrowing_sub(*other, borrow);
    }
}

#[inline]
pub(super) fn write_sum(sum: &mut [u64], one: &[u64], other: &[u64]) {
    let mut carry = false;
    for (sum, (one, other)) in sum.iter_mut().zip(one.iter().zip(other)) {
        (*sum, carry) = one.carrying_add(*other, carry);
    }
}

#[inline]
pub(super) fn write_difference(difference: &mut [u64], one: &[u64], other: &[u64]) {
    let mut borrow = false;
    for (difference, (one, other)) in difference.iter_mut().zip(one.iter().zip(other)) {
        (*difference, borrow) = one.borrowing_sub(*other, borrow);
    }
}

/// A quarter, rounded down.
#[inline]
pub(super) fn quarter(words: &mut [u64]) {
    let highest = words.len() - 1;
    for k in 0..highest {
        words[k] = words[k] >> 2 | words[k + 1] << 62;
    }
    words[highest] = (words[highest] as i64 >> 2) as u64;
}

/// |`words`| into `absolute`.
#[inline]
pub(super) fn write_absolute(words: &[u64], absolute: &mut [u64]) {
    let sign = (words[words.len() - 1] as i64 >> 63) as u64;
    let mut carry = sign != 0;
    for (absolute, word) in absolute.iter_mut().zip(words) {
        (*absolute, carry) = (word ^ sign).carrying_add(0, carry);
    }
}

/// Adds `wide` at the lowest words.
#[inline]
pub(super) fn add_wide(words: &mut [u64], wide: u128) {
    let mut rest = wide;
    for word in words {
        rest += u128::from(*word);
        *word = rest as u64;
        rest >>= 64;
        if rest == 0 {
            break;
        }
    }
}

/// What two's complement stands for.
pub(super) fn value(words: &[u64]) -> IBig {
    let is_negative = words.last().is_some_and(|word| word >> 63 == 1);
    if is_negative {
        let opposite: Vec<u64> = words.iter().map(|word| !word).collect();
        !IBig::from(UBig::from_words(&opposite))
    } else {
        UBig::from_words(words).into()
    }
}
