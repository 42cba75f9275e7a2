//! Which number has no largest value and no greatest length? The slow one that all others are held against.

use dashu_int::IBig;
use dashu_int::ops::{Abs, BitTest};

use super::{Layout, Real, Top, words};
use crate::extended::Extended;
use crate::orbit::Fork;

#[derive(Clone, Debug)]
pub(in crate::orbit) struct Big {
    value: IBig,
    places: usize,
}

/// Words from which dashu squares a number for longer than two threads take to meet.
const WORTH_FORKING: usize = 160;

impl Real for Big {
    fn new(value: &IBig, bits: usize, layout: Layout) -> Self {
        let places = layout.places;
        Big {
            value: value << (places - bits),
            places,
        }
    }

    fn assign(&mut self, other: &Self) {
        self.value.clone_from(&other.value);
    }

    fn set_sum(&mut self, one: &Self, other: &Self) {
        self.value = &one.value + &other.value;
    }

    fn set_difference(&mut self, one: &Self, other: &Self) {
        self.value = &one.value - &other.value;
    }

    fn add(&mut self, other: &Self) {
        self.value += &other.value;
    }

    fn subtract(&mut self, other: &Self) {
        self.value -= &other.value;
    }

    fn quarter(&mut self) {
        self.value >>= 2;
    }

    fn make_absolute(&mut self) {
        self.value = std::mem::take(&mut self.value).abs();
    }

    fn set_square(&mut self, other: &Self, _: &dyn Fork) {
        self.value = (other.value.sqr() >> self.places).into();
    }

    fn is_worth_forking(&self) -> bool {
        self.places >= 64 * WORTH_FORKING
    }

    fn top(&self) -> Top {
        Big::top(&self.value, self.places)
    }

    fn value(&self) -> IBig {
        self.value.clone()
    }
}

impl Big {
    /// `value` · 2^-`places`.
    pub(in crate::orbit) fn extended(value: &IBig, places: usize) -> Extended {
        Big::top(value, places).to_extended()
    }

    fn top(value: &IBig, places: usize) -> Top {
        let is_negative = *value < IBig::ZERO;
        let opposite = if is_negative { &!value } else { value };
        let len = opposite.bit_len();
        if len == 0 {
            return Top::of_sign(is_negative, -(places as i64));
        }
        // The highest 192 bits
        let shift = len as isize - 192;
        let bits = if shift > 0 {
            value >> shift as usize
        } else {
            value << shift.unsigned_abs()
        };
        let mut words = [0; 4];
        words::read(&bits, &mut words);
        let [low, middle, high, sign] = words;
        Top::of_words(
            [high ^ sign, middle ^ sign, low ^ sign],
            sign,
            128 + shift as i64 - places as i64,
        )
    }
}
