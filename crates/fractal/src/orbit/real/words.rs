//! What do all numbers made of words have in common? The lowest word is first, and the highest says how large they are.

use dashu_int::IBig;

use crate::extended::Extended;

/// `value` · 2^`shift` in two's complement, modulo what `words` hold.
pub(super) fn read(value: &IBig, shift: usize, words: &mut [u64]) {
    let bytes = (value << shift).to_le_bytes();
    let sign = if *value < IBig::ZERO { 0xff } else { 0 };
    let mut bytes = bytes.iter().copied().chain(std::iter::repeat(sign));
    for word in words {
        *word = u64::from_le_bytes(std::array::from_fn(|_| bytes.next().unwrap_or(sign)));
    }
}

/// A number without sign whose highest word has `whole` bits above the point, rounded to half an ulp and 2^-10 of one.
pub(super) fn to_extended(words: &[u64], whole: u32) -> Extended {
    let Some(k) = words.iter().rposition(|&word| word != 0) else {
        return Extended::default();
    };
    let shift = words[k].leading_zeros();
    let next = if k > 0 { words[k - 1] } else { 0 };
    let top = words[k] << shift | (next >> 1) >> (63 - shift);
    let below = 64 * (words.len() - k) as i64;
    Extended::new(top as f64, i64::from(whole) - below - i64::from(shift))
}
